//! An event's folder: every artifact as JSON, older revisions, the questions asked of people, and the renderings.
//!
//! ```text
//! DIR/artifacts/event-brief.json …   the newest revision of each kind
//! DIR/history/timeline-r1.json …     older revisions
//! DIR/approvals.json                 what people are asked, and what they answered
//! DIR/plan.md, *.svg, calendar.ics   the plan for people: made from the artifacts, never read back
//! ```
//!
//! The one module here that touches files. A folder appears whole or not at all.

mod read;
mod write;

pub use read::{Fault, Folder, ReadError, read};
pub use write::{WriteError, replace, write};

/// Where the newest revisions are.
const ARTIFACTS: &str = "artifacts";
/// Where older revisions are.
const HISTORY: &str = "history";
/// What people are asked.
const APPROVALS: &str = "approvals.json";
