//! Which kind of trouble an entry tells of, by how its text begins.
//!
//! IRIS has no such field: licence and configuration faults come as `Utility.Event` and `Generic.Event`, so the wording decides.

use super::{Header, Severity};
use crate::command::ErrorType::{self, Config, License, Resource};

/// Beginnings of texts in the order of their bytes; none begins with another.
const BEGINNINGS: &[(&str, ErrorType)] = &[
    ("*** SERIOUS INTERSYSTEMS IRIS ERROR THAT COULD CAUSE DATABASE DEGRADATION", Resource),
    ("<FILEFULL>", Resource),
    ("Allocated ", Resource),
    ("Alternate journal directory ", Config),
    ("CP: Pausing users because the Write Daemon", Resource),
    ("CPUusage", Resource),
    ("Cannot lock ", Config),
    ("Cannot remove database lock ", Config),
    ("Certificate ", Config),
    ("Configuration file ", Config),
    ("DB(", Config),
    ("DBLatency", Resource),
    ("Daemon AUXWD", Resource),
    ("Daemon WRTDMN", Resource),
    ("Duplicate line detected, LINE:'", Config),
    ("ERROR: Cannot use ", Config),
    ("Error rebuilding Extent index: ", Config),
    ("Error while trying to set locale to ", Config),
    ("Error: Could not open ", Config),
    ("Error: Parsing CPF file ", Config),
    ("Error: Startup stopped because system is set to freeze on journal error", Config),
    ("Expansion completed for database ", Resource),
    ("Failed to allocate ", Resource),
    ("Failed to lock alternate journal directory ", Config),
    ("Failed to mount database ", Resource),
    ("Global buffer setting requires attention.", Config),
    ("Insufficient global buffers", Resource),
    ("Insufficient privileges to allocate Huge Pages", Resource),
    ("InterSystems IRIS license file (", License),
    ("Invalid parameter name '", Config),
    ("JRNCREATE in jrnstart() - Error ", Config),
    ("Journaling NOT  started.", Config),
    ("Journaling cannot be started", Config),
    ("Journaling will be disabled in ", Resource),
    ("Kerberos authentication unavailable:", Config),
    ("LMF Error:", License),
    ("LMF Info:", License),
    ("License limit exceeded ", License),
    ("LicenseExpiration", License),
    ("MB global buffers, ", Resource),
    ("Not licensed for ", License),
    ("Previous system shutdown was abnormal", Resource),
    ("Private webserver may not start on port ", Config),
    ("Process terminated abnormally (", Resource),
    ("Processing ", Config),
    ("Property 'Config.", Config),
    ("Required database ", Config),
    ("SQL detected collation mismatch ", Config),
    ("SSL/TLS, X.509 Certificate", Config),
    ("Shard license:", License),
    ("Shutdown detected WDSTOP set", Resource),
    ("Starting Expansion for database ", Resource),
    ("Superserver detected that updates are suspended", Resource),
    ("System Process '", Resource),
    ("The following parameters are missing from section [", Config),
    ("There exists a MISMATCH.WIJ file.", Resource),
    ("This version of InterSystems IRIS will only accept a Community license key", License),
    ("Unable to copy file '", Config),
    ("Unable to open ", Config),
    ("Unexpected Write Error:", Resource),
    ("Using parameters from file '", Config),
    ("WDSTOP set, system being forced", Resource),
    ("WIJ expansion failure:", Resource),
    ("WRTDMN", Resource),
    ("Warning: Alternate and primary journal directories are the same", Config),
    ("Write Daemon: ", Resource),
    ("WriteDaemon Alert:", Resource),
    ("write daemon encountered serious error", Resource),
];
/// What may stand before the wording.
const SOURCES: [&[u8]; 2] = [b"[SYSTEM MONITOR] ", b"[JOURNAL RESTORE] "];
/// The journal's banner; what it is about stands in the next line, and is a directory when it is severe.
const JOURNALING: &[u8] = b"INTERSYSTEMS IRIS JOURNALING SYSTEM MESSAGE";

/// The kind of trouble; nothing for what is none of the three.
#[must_use]
pub fn error_type(header: &Header<'_>) -> Option<ErrorType> {
    let text = wording(header.text);
    if header.severity >= Severity::Severe && text == JOURNALING {
        return Some(Config);
    }
    // The only candidate is the last beginning that is not behind the text.
    let behind = BEGINNINGS.partition_point(|(beginning, _)| beginning.as_bytes() <= text);
    let (beginning, kind) = BEGINNINGS.get(behind.checked_sub(1)?)?;
    text.starts_with(beginning.as_bytes()).then_some(*kind)
}

/// The text without its source and the number that it begins with.
fn wording(text: &[u8]) -> &[u8] {
    let text = SOURCES.iter().find_map(|source| text.strip_prefix(*source)).unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.get(digits..).unwrap_or_default();
    if digits > 0 { text.strip_prefix(b" ").unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::BEGINNINGS;

    #[test]
    fn the_beginnings_are_in_order_and_none_begins_with_another() {
        for pair in BEGINNINGS.windows(2) {
            let [(first, _), (second, _)] = pair else { panic!("two") };
            assert!(first < second && !second.starts_with(first), "{first:?}, {second:?}");
        }
    }
}
