//! Money in minor units: exact sums, and shares that add up.
//!
//! Sources: ISO 4217 (currencies and their exponents); largest remainder, also Hamilton's method (Balinski and Young,
//! *Fair Representation*, 1982).

use iso_currency::Currency;

/// An amount in the minor unit of its currency: cents, yen, thousandths of a dinar.
pub type Minor = i64;

/// The largest amount that is accepted: ten billion units of a currency with three decimals. Sums of 900,000 such
/// amounts still fit.
pub const MINOR_MAX: Minor = 10_000_000_000_000;

/// A rate in hundredths of a percent: 1,800 is 18 %.
pub type BasisPoints = u32;

/// One, in basis points.
pub const WHOLE: BasisPoints = 10_000;

/// What cannot be computed with the amounts given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a number with at most the decimals of the currency.
    #[error(
        "{text:?} is no amount in {currency}: write digits with at most {decimals} decimals, like {example}"
    )]
    NoAmount {
        /// What was given.
        text: String,
        /// The currency's code.
        currency: &'static str,
        /// Decimals that it has.
        decimals: u32,
        /// An amount that is well formed.
        example: String,
    },
    /// Beyond [`MINOR_MAX`].
    #[error("an amount is too large: at most {MINOR_MAX} minor units are supported")]
    TooLarge,
    /// Nothing to divide by.
    #[error("{0} cannot be shared out: all shares are zero")]
    NoShares(Minor),
}

/// The decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD. What has no minor unit (gold, say) is counted whole.
pub fn decimals(currency: Currency) -> u32 {
    currency.exponent().map_or(0, u32::from)
}

/// Reads `1234.5` as minor units. More decimals than the currency has are refused, not rounded.
pub fn parse(text: &str, currency: Currency) -> Result<Minor, Error> {
    let decimals = decimals(currency);
    let refusal = || Error::NoAmount {
        text: text.to_owned(),
        currency: currency.code(),
        decimals,
        example: format(123_450, currency),
    };
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let missing = (decimals as usize).checked_sub(fraction.len()).ok_or_else(refusal)?;
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return Err(refusal());
    }
    let minor = format!("{whole}{fraction}{}", "0".repeat(missing));
    let minor: Minor = minor.parse().map_err(|_| Error::TooLarge)?;
    within(i128::from(sign * minor))
}

/// Writes minor units with the currency's decimals and no symbol: `1234.50`.
pub fn format(minor: Minor, currency: Currency) -> String {
    let decimals = decimals(currency) as usize;
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let sign = if minor < 0 { "-" } else { "" };
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{dot}{fraction}")
}

/// The exact sum.
pub fn sum(amounts: impl IntoIterator<Item = Minor>) -> Result<Minor, Error> {
    within(amounts.into_iter().map(i128::from).sum())
}

/// Quantity times unit price.
pub fn times(unit: Minor, quantity: u64) -> Result<Minor, Error> {
    within(i128::from(unit) * i128::from(quantity))
}

/// A rate of an amount, rounded half away from zero, as invoices do.
pub fn rate(amount: Minor, rate: BasisPoints) -> Result<Minor, Error> {
    let whole = i128::from(WHOLE);
    let product = i128::from(amount) * i128::from(rate);
    within((product.abs() + whole / 2) / whole * product.signum())
}

/// Shares `total` out by `shares` so that the parts sum to it exactly.
///
/// Each part is rounded down; the units left over go to the largest remainders, ties to whoever is first. Callers
/// order shares by name, so that the result does not depend on where a share came from.
pub fn allocate(total: Minor, shares: &[u64]) -> Result<Vec<Minor>, Error> {
    let whole: i128 = shares.iter().copied().map(i128::from).sum();
    if whole == 0 {
        return if total == 0 { Ok(vec![0; shares.len()]) } else { Err(Error::NoShares(total)) };
    }
    let exact = |share: &u64| i128::from(total.unsigned_abs()) * i128::from(*share);
    let mut parts: Vec<i128> = shares.iter().map(|share| exact(share) / whole).collect();
    let left = i128::from(total.unsigned_abs()) - parts.iter().sum::<i128>();
    let mut order: Vec<(usize, i128)> =
        shares.iter().map(|share| exact(share) % whole).enumerate().collect();
    order.sort_by_key(|(at, remainder)| (-remainder, *at));
    for (at, _) in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        if let Some(part) = parts.get_mut(at) {
            *part += 1;
        }
    }
    parts.into_iter().map(|part| within(part * i128::from(total.signum()))).collect()
}

fn within(minor: i128) -> Result<Minor, Error> {
    let minor = Minor::try_from(minor).map_err(|_| Error::TooLarge)?;
    if minor.abs() > MINOR_MAX { Err(Error::TooLarge) } else { Ok(minor) }
}
