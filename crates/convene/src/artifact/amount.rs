//! Money as artifacts write it: a plain number of whole currency units, exact to a thousandth.

use std::{borrow::Cow, fmt};

use iso_currency::Currency;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::math::money::{self, Minor};

/// Thousandths in one unit: every currency in use has at most three decimals.
const PER_UNIT: i64 = 1_000;
/// The decimals that an amount keeps.
const DECIMALS: u32 = 3;
/// The largest amount: what [`money::MINOR_MAX`] is in thousandths. Far below 2^53, so a JSON number holds it exactly.
const MAX: i64 = money::MINOR_MAX;

/// An amount of money in the currency named beside it, exact to a thousandth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many minor units (cents) of `currency`.
    pub fn of(minor: Minor, currency: Currency) -> Self {
        Self(minor.saturating_mul(scale(currency)))
    }

    /// In minor units of `currency`, rounded half up where the amount is finer than the currency.
    pub fn minor(self, currency: Currency) -> Minor {
        let scale = scale(currency);
        (self.0 + scale / 2).div_euclid(scale)
    }

    /// Whether the currency can pay it: no fraction of a minor unit.
    pub fn is_payable(self, currency: Currency) -> bool {
        self.0 % scale(currency) == 0
    }

    /// So many times this.
    #[must_use]
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(quantity)))
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many percent of this, rounded half up to what the currency can pay.
    #[must_use]
    pub fn percent(self, percent: u32, currency: Currency) -> Self {
        self.scaled(i64::from(percent), currency)
    }

    /// This amount of dollars at a price of one dollar's worth, in hundredths of a unit of `currency`.
    #[must_use]
    pub fn at_price(self, hundredths: u32, currency: Currency) -> Self {
        self.scaled(i64::from(hundredths), currency)
    }

    fn scaled(self, hundredths: i64, currency: Currency) -> Self {
        let scale = scale(currency);
        let exact = i128::from(self.0) * i128::from(hundredths);
        let minor = (exact + i128::from(scale) * 50).div_euclid(i128::from(scale) * 100);
        Self(i64::try_from(minor).unwrap_or(MAX).saturating_mul(scale))
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// This as a share of `whole`; 0 when that is nothing.
    pub fn share_of(self, whole: Self) -> f64 {
        if whole.0 == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53")]
        let (part, whole) = (self.0 as f64, whole.0 as f64);
        part / whole
    }

    /// As people read it: `USD 1,250` or `USD 12.50`.
    pub fn shown(self, currency: Currency) -> String {
        format!("{} {}", currency.code(), self.grouped())
    }

    fn grouped(self) -> String {
        let text = self.to_string();
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut out = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                out.push(',');
            }
            out.push(digit);
        }
        let dot = if fraction.is_empty() { "" } else { "." };
        format!(
            "{sign}{out}{dot}{fraction:0<width$}",
            width = if fraction.is_empty() { 0 } else { 2 }
        )
    }

    /// Reads digits with at most three decimals.
    ///
    /// # Errors
    /// What is wrong with the text, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let refused = || {
            format!(
                "`{text}` is no amount: write digits with at most {DECIMALS} decimals, like 1250.50"
            )
        };
        let number = number.ok_or_else(refused)?;
        #[expect(clippy::cast_precision_loss, reason = "a limit, not an amount")]
        if number.abs() > (MAX / PER_UNIT) as f64 {
            return Err(format!("{text} is too large: at most {} is supported", MAX / PER_UNIT));
        }
        let text = format!("{number}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if fraction.len() > DECIMALS as usize {
            return Err(refused());
        }
        format!("{whole}{fraction:0<3}").parse().map(Self).map_err(|_| refused())
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

/// Thousandths in one minor unit of the currency.
fn scale(currency: Currency) -> i64 {
    10_i64.pow(DECIMALS.saturating_sub(money::decimals(currency)))
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, all) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, rest) = (all / PER_UNIT.unsigned_abs(), all % PER_UNIT.unsigned_abs());
        if rest == 0 {
            return write!(out, "{sign}{whole}");
        }
        write!(out, "{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0 % PER_UNIT == 0 {
            return to.serialize_i64(self.0 / PER_UNIT);
        }
        #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53")]
        to.serialize_f64(self.0 as f64 / PER_UNIT as f64)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(from)?;
        Self::parse(&number.to_string()).map_err(de::Error::custom)
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::Amount;

    #[test]
    fn an_amount_is_a_number_and_exact() {
        for text in ["0", "500", "0.01", "12.5", "1234.567", "-3.1", "9999999999"] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn what_no_currency_can_pay_is_refused() {
        assert!(serde_json::from_str::<Amount>("0.0001").is_err());
        assert!(serde_json::from_str::<Amount>("1e300").is_err());
        assert!(serde_json::from_str::<Amount>("\"12\"").is_err());
        assert!(!Amount::parse("0.5").unwrap().is_payable(Currency::JPY));
    }

    #[test]
    fn minor_units_go_both_ways() {
        assert_eq!(Amount::of(1_250, Currency::USD).to_string(), "12.5");
        assert_eq!(Amount::of(1_250, Currency::JPY).to_string(), "1250");
        assert_eq!(Amount::of(1_250, Currency::KWD).minor(Currency::KWD), 1_250);
        assert_eq!(Amount::of(123_456_789, Currency::USD).shown(Currency::USD), "USD 1,234,567.89");
        assert_eq!(Amount::of(1_250, Currency::USD).shown(Currency::USD), "USD 12.50");
    }
}
