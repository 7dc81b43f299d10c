//! The grammar of `messages.log`, as IRIS writes it and as tools find it.
//!
//! ```text
//! file   = *continuation *entry                 ; a log may begin in the middle of an entry
//! entry  = header LF *(continuation LF)
//! header = stamp SP "(" pid ")" SP severity SP "[" category "]" [SP text]
//! stamp  = MM "/" DD "/" YY "-" hh ":" mm ":" ss ":" mmm
//! ```
//!
//! A continuation is any line that is not a header, an empty one too. Texts may be empty, and blanks at their ends count.

mod fault;
mod filter;
pub mod follow;
mod header;
pub mod json;
pub mod kind;
pub mod read;
mod scan;
mod stamp;
mod stats;
mod summary;

pub use fault::{Fault, Rule};
pub use filter::{Filter, Filtered};
pub use header::{Header, Severity};
pub use scan::{Line, Scanner, Sink};
pub use stamp::Stamp;
pub use stats::Stats;
pub use summary::{BySeverity, Summary};

/// No header is longer: IRIS cuts a text at 500 characters. Longer lines are read, but never as headers.
pub const MAX_LINE_BYTES: usize = 64 * 1024;
