//! What makes the product refuse a CPF at start, in the words of its log.

use std::collections::HashMap;

use super::{Cpf, Kind, table, value};

/// A reason to refuse the file: the log's entry of severity 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// As the product writes it.
    pub text: String,
}

/// Databases without which no instance starts.
const REQUIRED_DATABASES: &[&str] =
    &["IRISSYS", "IRISLIB", "IRISTEMP", "IRISLOCALDATA", "IRISAUDIT"];
/// From this format on the security settings have a database of their own.
const SECURITY_DATABASE_SINCE: (u32, u32) = (2025, 2);

/// Every fault of the file, in the order of its lines.
pub fn faults(cpf: &Cpf) -> Vec<Fault> {
    let mut faults = Vec::new();
    sections(cpf, &mut faults);
    for section in unique_sections(cpf) {
        parameters(cpf, section, &mut faults);
    }
    databases(cpf, &mut faults);
    faults.sort_by_key(|fault| fault.line);
    faults
}

fn unique_sections(cpf: &Cpf) -> Vec<&str> {
    let mut seen = Vec::new();
    for section in cpf.sections() {
        if !seen.contains(&section) {
            seen.push(section);
        }
    }
    seen
}

fn sections(cpf: &Cpf, faults: &mut Vec<Fault>) {
    let mut seen: Vec<String> = Vec::new();
    for (index, line) in cpf.lines().iter().enumerate() {
        let (number, shown) = (index + 1, cpf.text(index + 1));
        match &line.kind {
            Kind::Section(at) => {
                let name = String::from_utf8_lossy(cpf.part(at)).into_owned();
                // [Actions] belongs into merge files only.
                if seen.contains(&name) {
                    faults.push(Fault::at(
                        number,
                        &format!("Section {name} already exists, LINE:'{shown}'"),
                    ));
                } else if !table::is_section(&name) {
                    faults.push(Fault::at(
                        number,
                        &format!("Invalid section name '{name}', LINE:'{shown}'"),
                    ));
                }
                seen.push(name);
            }
            Kind::Other => faults.push(Fault::at(number, &format!("Invalid line, LINE:'{shown}'"))),
            Kind::Empty | Kind::Pair(..) => {}
        }
    }
    if cpf.pairs("ConfigFile").all(|pair| pair.key != b"Version") {
        faults.push(Fault::at(1, "No version information, the file may be corrupt"));
    }
}

fn parameters(cpf: &Cpf, section: &str, faults: &mut Vec<Fault>) {
    let (mut seen, mut last) = (HashMap::new(), 0);
    for pair in cpf.pairs(section) {
        last = pair.line;
        let shown = cpf.text(pair.line);
        let key = String::from_utf8_lossy(pair.key).into_owned();
        if seen.insert(key.clone(), pair.line).is_some() {
            faults.push(Fault::at(pair.line, &format!("Duplicate line detected, LINE:'{shown}'")));
            continue;
        }
        let given = String::from_utf8_lossy(pair.value);
        if let Some(text) = refused(section, &key, &given) {
            faults.push(Fault::at(
                pair.line,
                &format!("{text}, LINE:'{}'", redacted(section, &key, &shown)),
            ));
        }
    }
    let missing: Vec<&str> = table::required(section)
        .map(|row| row.name)
        .filter(|name| !seen.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        let (text, names) =
            ("The following parameters are missing from section", missing.join(","));
        faults.push(Fault::at(last.max(1), &format!("{text} [{section}]: '{names}'")));
    }
}

fn refused(section: &str, key: &str, given: &str) -> Option<String> {
    match table::known(section, key) {
        table::Known::UnknownParameter => Some(format!("Invalid parameter name '{key}'")),
        table::Known::Parameter(row) if row.kind != value::Kind::ReadOnly => {
            let empty = given.is_empty() || given == "\"\"";
            let fine = value::normal(row.kind, given).is_ok() || (empty && may_be_empty(row.kind));
            (!fine).then(|| format!("Invalid value for property '{key}'"))
        }
        table::Known::Parameter(_) | table::Known::FreeName | table::Known::UnknownSection => None,
    }
}

fn may_be_empty(kind: value::Kind) -> bool {
    matches!(
        kind,
        value::Kind::Text(_) | value::Kind::Address | value::Kind::Choice(_) | value::Kind::Free
    )
}

fn redacted<'a>(section: &str, key: &str, shown: &'a str) -> std::borrow::Cow<'a, str> {
    if table::is_secret(section, key) { format!("{key}=***").into() } else { shown.into() }
}

fn databases(cpf: &Cpf, faults: &mut Vec<Fault>) {
    let defined: Vec<&[u8]> = cpf.pairs("Databases").map(|pair| pair.key).collect();
    let line = cpf.pairs("Databases").last().map_or(1, |pair| pair.line);
    let security = (version(cpf) >= Some(SECURITY_DATABASE_SINCE)).then_some(&"IRISSECURITY");
    for name in REQUIRED_DATABASES.iter().chain(security) {
        if !defined.contains(&name.as_bytes()) {
            faults.push(Fault::at(line, &format!("Required database {name} is not defined")));
        }
    }
}

/// The format's version, such as 2025.2.
fn version(cpf: &Cpf) -> Option<(u32, u32)> {
    let version = cpf.pairs("ConfigFile").find(|pair| pair.key == b"Version")?;
    let (year, part) = std::str::from_utf8(version.value).ok()?.split_once('.')?;
    Some((year.parse().ok()?, part.parse().ok()?))
}

impl Fault {
    fn at(line: usize, text: &str) -> Self {
        Self { line, text: format!("{text} at line {line}") }
    }
}
