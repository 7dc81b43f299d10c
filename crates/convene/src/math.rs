//! The planner's mathematics: plain functions over plain structs, one module a question.
//!
//! Money is counted in minor units and time in whole minutes or days, both in integers. Whatever has no order of its
//! own is ordered by id, so that the order of the input changes nothing. Each module names its source.

pub mod budget;
pub mod calendar;
pub mod cpm;
pub mod grid;
pub mod level;
pub mod metric;
pub mod money;
pub mod resource;
pub mod risk;
pub mod seed;
pub mod shift;
pub mod simulate;
pub mod timetable;
pub mod trigger;
pub mod venue;

/// The quotient of two counts. Exact up to 2^53, far beyond what events count.
#[expect(clippy::cast_precision_loss, reason = "counts and minor units stay below 2^53")]
pub(crate) fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}
