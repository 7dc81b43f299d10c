//! Stories about schools.

mod archive;
mod create;
mod list;
mod paging;
mod refusals;
mod update;
