//! Sums are exact and shares add up, in every currency.

use convene::math::money::{self, Error, MINOR_MAX};
use iso_currency::Currency;
use proptest::prelude::*;

#[test]
fn currencies_have_the_decimals_of_iso_4217() {
    for (currency, text, minor) in [
        (Currency::USD, "1234.50", 123_450),
        (Currency::JPY, "1234", 1234),
        (Currency::KWD, "-0.005", -5),
        (Currency::EUR, "0.00", 0),
    ] {
        assert_eq!(money::parse(text, currency), Ok(minor));
        assert_eq!(money::format(minor, currency), text);
    }
}

#[test]
fn what_is_no_amount_is_refused_with_an_example() {
    for text in ["", "1,5", "1.005", "-", ".5", "1e3", "１"] {
        let refusal = money::parse(text, Currency::USD).unwrap_err().to_string();
        assert!(refusal.contains("like 1234.50"), "{text}: {refusal}");
    }
    assert_eq!(money::parse("99999999999999999999", Currency::USD), Err(Error::TooLarge));
}

#[test]
fn a_third_of_a_dollar_is_shared_out_to_the_last_cent() {
    assert_eq!(money::allocate(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
    assert_eq!(money::allocate(-100, &[1, 1, 1]), Ok(vec![-34, -33, -33]));
    assert_eq!(money::allocate(7, &[0, 0]), Err(Error::NoShares(7)));
}

#[test]
fn service_and_tax_are_rounded_as_on_an_invoice() {
    assert_eq!(money::rate(4_500, 1_800), Ok(810));
    assert_eq!(money::rate(1_25, 1_000), Ok(13));
    assert_eq!(money::rate(-1_25, 1_000), Ok(-13));
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole_and_none_is_off_by_a_unit(
        total in -MINOR_MAX..MINOR_MAX,
        shares in proptest::collection::vec(0_u64..1_000_000, 1..40),
    ) {
        let whole: u64 = shares.iter().sum();
        prop_assume!(whole > 0);
        let parts = money::allocate(total, &shares).unwrap();
        prop_assert_eq!(parts.iter().sum::<i64>(), total);
        for (part, share) in parts.iter().zip(&shares) {
            let off = i128::from(*part) * i128::from(whole) - i128::from(total) * i128::from(*share);
            prop_assert!(off.abs() < i128::from(whole));
        }
    }

    #[test]
    fn what_is_written_is_read_back(minor in -MINOR_MAX..=MINOR_MAX) {
        for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
            prop_assert_eq!(money::parse(&money::format(minor, currency), currency), Ok(minor));
        }
    }
}
