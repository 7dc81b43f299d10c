//! Reading tables: cells by name, and for each that is wrong its row and column.

use std::{collections::BTreeSet, str::FromStr};

use iso_currency::Currency;

use super::{City, Need, Price, Vendor};
use crate::{
    artifact::{Amount, Basis},
    brief::{EventType, Level},
};

/// A cell that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}{}: {fault}", if .column.is_empty() { String::new() } else { format!(", column {}", .column) })]
pub struct RowError {
    /// The line of the file; the header is line 1.
    pub row: u64,
    /// The column's name; empty for the whole row.
    pub column: String,
    /// What is wrong and what to do.
    pub fault: String,
}

/// A row being read; what is wrong collects in it.
pub(super) struct Cells<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
    pub(super) row: u64,
    errors: &'a mut Vec<RowError>,
}

impl Cells<'_> {
    pub(super) fn text(&mut self, column: &str) -> String {
        let text = self.optional(column);
        if text.is_empty() {
            self.wrong(column, "is empty: give a value".to_owned());
        }
        text
    }

    pub(super) fn optional(&self, column: &str) -> String {
        let at = self.header.iter().position(|name| name.trim() == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim().to_owned()
    }

    pub(super) fn list(&self, column: &str) -> Vec<String> {
        let text = self.optional(column);
        text.split('|').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn whole(&mut self, column: &str, least: u32, most: u32) -> u32 {
        let text = self.text(column);
        let number = u32::from_str(&text).ok().filter(|number| (least..=most).contains(number));
        number.unwrap_or_else(|| {
            self.wrong(column, format!("`{text}` must be a whole number from {least} to {most}"));
            least
        })
    }

    /// A decimal number in units of 1/`scale`.
    pub(super) fn scaled(&mut self, column: &str, scale: u32) -> u32 {
        let text = self.text(column);
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=100_000.0).contains(number));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: from 0 to 100,000"
        )]
        let scaled = number.map(|number| (number * f64::from(scale)).round() as u32);
        scaled.unwrap_or_else(|| {
            self.wrong(column, format!("`{text}` must be a number from 0 to 100000"));
            0
        })
    }

    pub(super) fn amount(&mut self, column: &str) -> Amount {
        let text = self.text(column);
        let amount = Amount::parse(&text).and_then(|amount| {
            if amount < Amount::ZERO { Err(format!("`{text}` is negative")) } else { Ok(amount) }
        });
        amount.unwrap_or_else(|fault| {
            self.wrong(column, fault);
            Amount::ZERO
        })
    }

    pub(super) fn currency(&mut self, column: &str) -> Currency {
        let text = self.text(column);
        Currency::from_code(&text).unwrap_or_else(|| {
            self.wrong(column, format!("`{text}` is no ISO 4217 currency, like USD or EUR"));
            Currency::USD
        })
    }

    /// A word that serde knows as `T`.
    fn word<T: serde::de::DeserializeOwned>(&mut self, column: &str, text: &str) -> Option<T> {
        let word = serde_json::from_value(text.into());
        word.map_err(|e| self.wrong(column, e.to_string())).ok()
    }

    fn words<T: serde::de::DeserializeOwned>(&mut self, column: &str) -> Vec<T> {
        self.list(column).iter().filter_map(|text| self.word(column, text)).collect()
    }

    pub(super) fn wrong(&mut self, column: &str, fault: String) {
        self.errors.push(RowError { row: self.row, column: column.to_owned(), fault });
    }
}

/// Most rows of a file: more is no catalogue but a mistake.
const ROWS_MAX: usize = 100_000;

/// Reads a table whose columns are exactly these, in any order; answers every fault.
pub(super) fn rows<T>(
    text: &str,
    columns: &[&str],
    mut each: impl FnMut(&mut Cells<'_>) -> T,
) -> Result<Vec<T>, Vec<RowError>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let broken = |row, fault| RowError { row, column: String::new(), fault };
    let header = reader.headers().map_err(|e| vec![broken(1, e.to_string())])?.clone();
    let mut errors = header_faults(&header, columns);
    let mut out = Vec::new();
    for (at, record) in reader.records().enumerate() {
        if at >= ROWS_MAX {
            errors
                .push(broken(at as u64 + 2, format!("more than {ROWS_MAX} rows: split the file")));
            break;
        }
        match record {
            Ok(record) => {
                let row = record.position().map_or(at as u64 + 2, csv::Position::line);
                let mut cells =
                    Cells { header: &header, record: &record, row, errors: &mut errors };
                out.push(each(&mut cells));
            }
            Err(e) => {
                let row = e.position().map_or(at as u64 + 2, csv::Position::line);
                errors.push(broken(row, record_fault(&e)));
            }
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

fn record_fault(error: &csv::Error) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return format!("has {len} cells where the header has {expected_len}");
    }
    error.to_string()
}

fn header_faults(header: &csv::StringRecord, columns: &[&str]) -> Vec<RowError> {
    let given: BTreeSet<&str> = header.iter().map(str::trim).collect();
    let missing = columns.iter().filter(|column| !given.contains(**column));
    let unknown = given.iter().filter(|column| !columns.contains(*column));
    let fault = |column: &str, fault: String| RowError { row: 1, column: column.to_owned(), fault };
    missing
        .map(|column| fault(column, "is missing: the header must name it".to_owned()))
        .chain(unknown.map(|column| {
            fault(column, format!("is not known: columns are {}", columns.join(", ")))
        }))
        .collect()
}

pub(super) fn cities(text: &str) -> Result<Vec<City>, Vec<RowError>> {
    rows(text, &["city", "time_zone", "currency", "price_of_one_usd", "country"], |cells| City {
        name: cells.text("city"),
        time_zone: cells.text("time_zone"),
        currency: cells.currency("currency"),
        price_of_one_usd: cells.scaled("price_of_one_usd", 100),
        country: Some(cells.text("country")),
    })
}

const PRICE_COLUMNS: &[&str] = &[
    "category",
    "item",
    "basis",
    "low",
    "typical",
    "high",
    "levels",
    "types",
    "low_means",
    "service",
    "must",
];

pub(super) fn prices(text: &str) -> Result<Vec<Price>, Vec<RowError>> {
    rows(text, PRICE_COLUMNS, |cells| {
        let (low, typical, high) =
            (cells.amount("low"), cells.amount("typical"), cells.amount("high"));
        if low > typical || typical > high {
            cells.wrong("typical", "must lie between low and high".to_owned());
        }
        let basis = cells.text("basis");
        Price {
            category: cells.text("category"),
            item: cells.text("item"),
            basis: cells.word("basis", &basis).unwrap_or(Basis::Fixed),
            low,
            typical,
            high,
            levels: cells.words::<Level>("levels"),
            types: cells.words::<EventType>("types"),
            low_means: cells.text("low_means"),
            service: Some(cells.optional("service")).filter(|service| !service.is_empty()),
            need: need(cells),
        }
    })
}

fn need(cells: &mut Cells<'_>) -> Need {
    match cells.optional("must").as_str() {
        "yes" => Need::Must,
        "no" => Need::Nice,
        "hybrid" => Need::Hybrid,
        other => {
            cells.wrong("must", format!("`{other}` must be yes, no or hybrid"));
            Need::Must
        }
    }
}

const VENDOR_COLUMNS: &[&str] = &[
    "service",
    "name",
    "notice_days",
    "cancellation_fee_percent",
    "payment_terms",
    "sla_metric",
    "sla_target",
    "sla_penalty",
];

pub(super) fn vendors(text: &str) -> Result<Vec<Vendor>, Vec<RowError>> {
    rows(text, VENDOR_COLUMNS, |cells| Vendor {
        service: cells.text("service"),
        name: cells.text("name"),
        notice_days: cells.whole("notice_days", 0, 365),
        cancellation_fee_percent: cells.whole("cancellation_fee_percent", 0, 100),
        payment_terms: cells.text("payment_terms"),
        sla_metric: cells.text("sla_metric"),
        sla_target: cells.text("sla_target"),
        sla_penalty: cells.text("sla_penalty"),
    })
}
