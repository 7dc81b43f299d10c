//! The sections and parameters of a CPF: type, range, unit, and whether a change needs a restart.
//!
//! From the product's configuration reference. Where it says nothing about a restart, a change is taken to need one.

mod rows;

use super::value::{self, Kind};

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// At the next start.
    Yes,
    /// At once, or for new processes.
    No,
    /// The reference does not say: taken for yes.
    Unsaid,
}

impl Restart {
    /// Whether a change must be taken to wait for a restart.
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Yes | Self::Unsaid)
    }
}

/// A parameter that the reference knows.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// As in the file: names are case-sensitive.
    pub section: &'static str,
    /// As in the file.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// The unit of a number; nothing when it has none.
    pub unit: &'static str,
    /// When a change takes effect.
    pub restart: Restart,
    /// Whether every version writes it: the product refuses to start without.
    pub required: bool,
}

impl Parameter {
    /// Whether its value may be shown.
    pub fn is_secret(&self) -> bool {
        is_secret(self.section, self.name)
    }
}

/// Whether a value of this name may be shown in logs and answers.
pub fn is_secret(section: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    section == "Gateways" // connection strings may carry passwords
        || ["password", "passphrase", "licenseid", "authorizationkey"].iter().any(|word| name.contains(word))
}

/// Sections whose keys are names that somebody chose: databases, namespaces, maps, devices.
const OPEN: &[&str] = &[
    "ECPServers",
    "Databases",
    "Namespaces",
    "MapMirrors",
    "Mirrors",
    "Archives",
    "WorkQueues",
    "Gateways",
    "DeviceSubTypes",
    "Devices",
    "MagTapes",
    "ComPorts",
    "LicenseServers",
    "SqlSysDatatypes",
    "SqlUserDatatypes",
];

/// What is known about a name.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// The reference has it.
    Parameter(&'static Parameter),
    /// A section in which names are free.
    FreeName,
    /// The section is known, the parameter is not.
    UnknownParameter,
    /// Not even the section.
    UnknownSection,
}

/// Looks a parameter up.
pub fn known(section: &str, name: &str) -> Known {
    if is_open(section) {
        return Known::FreeName;
    }
    match rows::ROWS.iter().find(|row| row.section == section && row.name == name) {
        Some(row) => Known::Parameter(row),
        None if is_section(section) => Known::UnknownParameter,
        None => Known::UnknownSection,
    }
}

/// Whether names in a section are free.
pub fn is_open(section: &str) -> bool {
    let kind = section.split('.').next().unwrap_or(section);
    OPEN.contains(&section)
        || (matches!(kind, "Map" | "MapMirrors" | "MirrorSetMembers") && section != kind)
}

/// Whether the reference has a section of this name.
pub fn is_section(section: &str) -> bool {
    is_open(section) || rows::ROWS.iter().any(|row| row.section == section)
}

/// The parameters of a section that every version writes, in the order of the file.
pub fn required(section: &str) -> impl Iterator<Item = &'static Parameter> {
    rows::ROWS.iter().filter(move |row| row.section == section && row.required)
}

/// The section as the file has it: `startup`, as an older contract wrote it, is `Startup`.
pub fn section_named(asked: &str) -> &str {
    if asked == "startup" { "Startup" } else { asked }
}

/// A value that may be written, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// As it is written.
    pub value: String,
    /// When it takes effect.
    pub restart: Restart,
    /// Whether it may be shown.
    pub secret: bool,
}

/// Checks a new value against the reference.
///
/// # Errors
/// What is wrong, with what is expected. An unknown parameter of a known section passes only when `allow_unknown`.
pub fn check(section: &str, name: &str, new: &str, allow_unknown: bool) -> Result<Checked, String> {
    let secret = is_secret(section, name);
    let free = |restart| Ok(Checked { value: new.to_owned(), restart, secret });
    match known(section, name) {
        Known::Parameter(row) => match value::normal(row.kind, new) {
            Ok(value) => Ok(Checked { value, restart: row.restart, secret }),
            Err(expected) => Err(refusal(row, &expected)),
        },
        Known::FreeName
            if matches!(section, "Databases" | "Namespaces" | "LicenseServers")
                && new.is_empty() =>
        {
            Err(format!("[{section}] {name} may not be empty"))
        }
        Known::FreeName if matches!(section, "Databases" | "LicenseServers") => free(Restart::Yes),
        Known::FreeName if section == "WorkQueues" => free(Restart::Unsaid),
        Known::FreeName => free(Restart::No),
        Known::UnknownParameter if allow_unknown => free(Restart::Unsaid),
        Known::UnknownParameter => Err(format!(
            "[{section}] has no parameter {name} in the reference, and the product refuses to start with an unknown \
             one: check the name, or allow it with --allow-unknown"
        )),
        Known::UnknownSection => Err(super::Error::NoSection(section.to_owned()).to_string()),
    }
}

fn refusal(row: &Parameter, expected: &str) -> String {
    let unit = if row.unit.is_empty() { String::new() } else { format!(" ({})", row.unit) };
    format!("[{}] {}{unit}: expected {expected}", row.section, row.name)
}
