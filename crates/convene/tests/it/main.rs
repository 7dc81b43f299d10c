//! The planner's mathematics by their promises, on values small enough to check by hand and on random ones.

mod money;
