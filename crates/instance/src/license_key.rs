//! The licence file `iris.key`. Its authorization key is a secret: it is checked for its form and never shown.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// What a key file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseKey {
    /// What is licensed, in the vendor's words.
    pub capacity: String,
    /// The last day on which it works; nothing when it never ends.
    pub expires: Option<Date>,
    /// Licence units; nothing when they are not counted.
    pub units: Option<u32>,
    /// Cores; nothing when they are not counted.
    pub cores: Option<u32>,
}

impl LicenseKey {
    /// Reads a key file.
    ///
    /// # Errors
    /// Everything that keeps it from being one.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if !field(text, "FileType").is_some_and(|kind| kind.starts_with("InterSystems License")) {
            faults.push("FileType is not that of a licence: not a valid key file".to_owned());
        }
        let mut needed = |name: &str| {
            let found = field(text, name).filter(|value| !value.is_empty());
            if found.is_none() {
                faults.push(format!("{name} is missing"));
            }
            found
        };
        let (capacity, expires) = (needed("LicenseCapacity"), needed("ExpirationDate"));
        let key = needed("AuthorizationKey");
        needed("OrderNumber");
        if key.is_some_and(|key| {
            key.len() < 32 || !key.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) {
            faults.push("AuthorizationKey is not 32 or more letters and digits".to_owned());
        }
        let expires = expires.and_then(|day| {
            let read = if day.eq_ignore_ascii_case("never") {
                Ok(None)
            } else {
                Date::strptime("%m/%d/%Y", day).map(Some)
            };
            read.unwrap_or_else(|_| {
                faults.push(format!("ExpirationDate '{day}' is not a day such as 12/31/2026"));
                None
            })
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let number = |name| field(text, name).and_then(|value| value.parse().ok());
        let capacity = capacity.unwrap_or_default().to_owned();
        Ok(Self { capacity, expires, units: number("UserUnits"), cores: number("CoreCount") })
    }

    /// Days until the key stops working: 0 on its last day, negative afterwards; nothing when it never ends.
    pub fn days_left(&self, now: Timestamp, zone: TimeZone) -> Option<i32> {
        let today = now.to_zoned(zone).date();
        Some((self.expires? - today).get_days())
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == name))
        .map(|(_, value)| value.trim())
}
