//! An event's folder: every artifact as JSON, older revisions, the questions asked of people, what it was all made from,
//! and the renderings.
//!
//! ```text
//! DIR/artifacts/event-brief.json …   the newest revision of each kind
//! DIR/history/timeline-r1.json …     older revisions
//! DIR/approvals.json                 what people are asked, and what they answered
//! DIR/inputs/brief.json …            what the plan was made from, as it was given
//! DIR/plan.md, *.svg, calendar.ics   the plan for people: made from the artifacts, never read back
//! ```
//!
//! The one module here that touches files. A folder appears whole or not at all, also when the machine stops meanwhile.

mod place;
mod read;
mod source;
mod write;

pub use read::{Fault, Folder, ReadError, read};
pub use source::{SourceError, read_brief, read_instructions, read_venues};
pub use write::{WriteError, refuse_occupied, replace, write};

/// Where the newest revisions are.
const ARTIFACTS: &str = "artifacts";
/// Where older revisions are.
const HISTORY: &str = "history";
/// What people are asked.
const APPROVALS: &str = "approvals.json";
/// What the plan was made from.
const INPUTS: &str = "inputs";
/// The brief, within the inputs.
const BRIEF: &str = "brief.json";
/// First day, seed and level, within the inputs.
const SETTINGS: &str = "settings.json";
/// What happened since, within the inputs.
const FACTS: &str = "facts.json";
/// The table of venues under its own name, within the inputs: decisions name it.
const VENUES: &str = "venues";
/// The instruction sets, within the inputs.
const INSTRUCTIONS: &str = "instructions";
