//! What a sentence of constraints says that no field says: money, city, district, access, remote participants.

use std::sync::LazyLock;

use iso_currency::Currency;
use regex::Regex;

use super::EventType;
use crate::{artifact::Amount, catalogue::Catalogue};

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:(\$|€|£|¥)|\b([A-Z]{3})\s?)(\d[\d,]*(?:\.\d+)?)\s?(k|m)?\b")
        .expect("a fixed pattern")
});

/// The first amount of money: `$500`, `EUR 20k`, `£1,250.50`.
pub(super) fn money(text: &str) -> Option<(Amount, Option<Currency>)> {
    MONEY.captures_iter(text).find_map(|found| {
        let sign = found.get(1).map(|sign| sign.as_str());
        let code = found.get(2).map(|code| code.as_str().to_uppercase());
        let currency = match (sign, code) {
            (Some("€"), _) => Some(Currency::EUR),
            (Some("£"), _) => Some(Currency::GBP),
            (Some("¥"), _) => Some(Currency::JPY),
            (Some(_), _) => None,
            (_, Some(code)) => Some(Currency::from_code(&code)?),
            (None, None) => return None,
        };
        let amount = Amount::parse(&found.get(3)?.as_str().replace(',', "")).ok()?;
        let times = match found.get(4).map(|unit| unit.as_str().to_lowercase()).as_deref() {
            Some("k") => 1_000,
            Some(_) => 1_000_000,
            None => 1,
        };
        Some((amount.times(times), currency))
    })
}

/// A city of the catalogue that is named.
pub(super) fn city(text: &str, catalogue: &Catalogue) -> Option<String> {
    let text = text.to_lowercase();
    let named = catalogue.cities.iter().find(|city| text.contains(&city.name.to_lowercase()));
    named.map(|city| city.name.clone())
}

/// Words for a place, and the district that they mean.
const DISTRICTS: &[(&str, &str)] = &[
    ("downtown", "downtown"),
    ("city centre", "downtown"),
    ("city center", "downtown"),
    ("old town", "old town"),
    ("waterfront", "waterfront"),
    ("university", "university"),
    ("campus", "university"),
    ("fairground", "fairground"),
];

/// Districts that are named.
pub(super) fn districts(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut found: Vec<String> = Vec::new();
    for (word, district) in DISTRICTS {
        if text.contains(word) && !found.iter().any(|known| known == district) {
            found.push((*district).to_owned());
        }
    }
    found
}

/// Whether people take part from elsewhere.
pub(super) fn is_hybrid(text: &str) -> bool {
    let text = text.to_lowercase();
    ["hybrid", "live stream", "livestream", "remote participants"]
        .iter()
        .any(|word| text.contains(word))
}

/// Words in a title, and the type of event that they mean.
const TYPES: &[(&str, EventType)] = &[
    ("conference", EventType::Conference),
    ("congress", EventType::Conference),
    ("summit", EventType::Conference),
    ("meetup", EventType::Meetup),
    ("user group", EventType::Meetup),
    ("workshop", EventType::Workshop),
    ("training", EventType::Workshop),
    ("gala", EventType::Gala),
    ("dinner", EventType::Gala),
    ("festival", EventType::Festival),
    ("fair", EventType::Festival),
];

/// The type that a title names.
pub(super) fn event_type(title: &str) -> Option<EventType> {
    let title = title.to_lowercase();
    TYPES.iter().find(|(word, _)| title.contains(word)).map(|(_, event_type)| *event_type)
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::{districts, money};

    #[test]
    fn money_is_read_as_people_write_it() {
        let read = |text| money(text).map(|(amount, currency)| (amount.to_string(), currency));
        assert_eq!(read("Budget $500, downtown, accessible"), Some(("500".into(), None)));
        assert_eq!(read("at most EUR 20k"), Some(("20000".into(), Some(Currency::EUR))));
        assert_eq!(read("£1,250.50 all in"), Some(("1250.5".into(), Some(Currency::GBP))));
        assert_eq!(read("300 people in the old town"), None);
    }

    #[test]
    fn a_city_centre_is_downtown() {
        assert_eq!(districts("City centre, near the campus"), ["downtown", "university"]);
    }
}
