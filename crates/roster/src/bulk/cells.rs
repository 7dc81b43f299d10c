//! From records to rows: JSON objects as they are, CSV cells by the names of their columns.

use kernel::{
    http::body,
    problem::{FieldError, Problem},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Format, RowResult, records::Record};

/// What separates the entries of a list within a cell.
const LIST: char = ';';

/// A column that rows may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// One value. An empty cell is null.
    One(&'static str),
    /// A list, its entries separated by semicolons. An empty cell is null.
    List(&'static str),
}

impl Column {
    /// Its name: that of the field in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One(name) | Self::List(name) => name,
        }
    }

    fn value(self, cell: &str) -> Value {
        let cell = cell.trim();
        match self {
            _ if cell.is_empty() => Value::Null,
            Self::One(_) => cell.into(),
            Self::List(_) => cell.split(LIST).map(str::trim).filter(|e| !e.is_empty()).collect(),
        }
    }
}

/// Where the columns of a CSV file are.
#[derive(Clone, Debug)]
pub(super) struct Header(Vec<Column>);

impl Header {
    /// Reads the first record of a file.
    ///
    /// # Errors
    /// A column that is not known or is there twice.
    pub(super) fn of(record: &Record, known: &[Column]) -> Result<Self, FieldError> {
        let mut columns: Vec<Column> = Vec::new();
        for cell in cells(std::slice::from_ref(record)).into_iter().flatten().flatten() {
            // A spreadsheet's byte order mark would hide the first column.
            let name = cell.trim_start_matches('\u{feff}').trim();
            let Some(column) = known.iter().find(|column| column.name() == name) else {
                let names: Vec<_> = known.iter().map(|column| column.name()).collect();
                let message = format!(
                    "Line {}: column {} is not known. The columns are: {}. Names are case-sensitive.",
                    record.line,
                    columns.len() + 1,
                    names.join(", ")
                );
                return Err(FieldError::new("", "unknown_column", message));
            };
            if columns.iter().any(|other| other.name() == name) {
                let message = format!("Line {}: the column {name} is there twice.", record.line);
                return Err(FieldError::new("", "repeated_column", message));
            }
            columns.push(*column);
        }
        Ok(Self(columns))
    }

    /// Whether the file has the column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|column| column.name() == name)
    }
}

/// A row with its number, or what is wrong with it.
pub(super) type Read<T> = (i32, Result<T, RowResult>);

/// Reads records as rows; `first` is the number of the first of them.
pub(super) fn read<T: DeserializeOwned>(
    format: Format,
    header: Option<&Header>,
    records: &[Record],
    first: i32,
) -> Vec<Read<T>> {
    let numbered = (first..).zip(records);
    match (format, header) {
        (Format::Csv, Some(header)) => {
            let rows = numbered.zip(cells(records));
            rows.map(|((n, record), cells)| (n, of_cells(n, record, header, cells))).collect()
        }
        _ => numbered.map(|(n, record)| (n, of_json(n, record))).collect(),
    }
}

#[expect(clippy::result_large_err, reason = "a failed row is a result like any other")]
fn of_json<T: DeserializeOwned>(n: i32, record: &Record) -> Result<T, RowResult> {
    let bytes = record.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&record.bytes);
    body::json(bytes).map_err(|problem| refused(n, &problem))
}

#[expect(clippy::result_large_err, reason = "a failed row is a result like any other")]
fn of_cells<T: DeserializeOwned>(
    n: i32,
    record: &Record,
    header: &Header,
    cells: Option<Vec<String>>,
) -> Result<T, RowResult> {
    let Some(cells) = cells else {
        return Err(RowResult::failed(n, "not_csv", format!("Line {}: no CSV.", record.line)));
    };
    if cells.len() != header.0.len() {
        let (found, wanted) = (cells.len(), header.0.len());
        let message = format!("Line {}: {found} cells, but {wanted} columns.", record.line);
        return Err(RowResult::failed(n, "wrong_cells", message));
    }
    let fields = header.0.iter().zip(&cells);
    let fields: Map<_, _> =
        fields.map(|(column, cell)| (column.name().to_owned(), column.value(cell))).collect();
    body::value(Value::Object(fields)).map_err(|problem| refused(n, &problem))
}

fn refused(n: i32, problem: &Problem) -> RowResult {
    match problem.errors.as_slice() {
        [] => RowResult::failed(n, "malformed", problem.detail.clone()),
        errors => invalid(n, errors),
    }
}

/// What is wrong with a row: the first fault's code, every fault with its column.
pub(super) fn invalid(n: i32, errors: &[FieldError]) -> RowResult {
    let said: Vec<_> = errors
        .iter()
        .map(|error| match column(&error.pointer) {
            "" => error.message.clone(),
            // Its name is the file's, not ours, and results are kept: what is no column may be anybody.
            _ if error.message.starts_with("unknown field") => error.message.clone(),
            column => format!("{column}: {}", error.message),
        })
        .collect();
    let code = errors.first().map_or("invalid", |error| error.code.as_str());
    RowResult::failed(n, code, said.join(" "))
}

/// The column that a pointer is about. A row has one external id, whatever the rules call its place.
fn column(pointer: &str) -> &str {
    let name = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    if name == "externalRefs" { "externalId" } else { name }
}

/// The cells of records, which are one record each for the reader as well; `None` where they are not.
fn cells(records: &[Record]) -> Vec<Option<Vec<String>>> {
    let text: Vec<&[u8]> = records.iter().map(|record| record.bytes.as_slice()).collect();
    let text = text.join(&b'\n');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text.as_slice());
    let read = reader.records().map(|record| {
        let record = record.ok()?;
        Some(record.iter().map(str::to_owned).collect())
    });
    let mut read: Vec<_> = read.collect();
    if read.len() != records.len() {
        read = vec![None; records.len()];
    }
    read
}
