//! What a machine gives of the shared memory that a configuration asks for: huge pages, else normal ones, else less.

use crate::memory::{Demand, HUGE_PAGE_MB};

/// `memlock`: no huge pages.
const LARGE_PAGES_DISABLED: u64 = 32;
/// `memlock`: huge pages or no start.
const LARGE_PAGES_REQUIRED: u64 = 64;
/// `memlock`: no second try with less.
const BACKOFF_DISABLED: u64 = 128;
/// How often an eighth is cut before the start is given up.
const BACKOFF_MAX: u32 = 12;
/// What a machine keeps for everything else, in percent.
const OTHER_PERCENT: u64 = 10;

/// What came of it: the log's entries, and the memory when there is some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Severity and text.
    pub entries: Vec<(u8, String)>,
    /// MB; nothing when the start has to be given up.
    pub allocated: Option<u64>,
    /// Whether huge pages were taken.
    pub huge: bool,
}

impl Allocation {
    /// Tries huge pages, then normal ones, then less.
    pub fn of(demand: Demand, ram_mb: u64, huge_pages: u64) -> Self {
        let mut entries = Vec::new();
        if demand.automatic {
            let text =
                "Global buffer setting requires attention.  Auto-selected 25% of total memory.";
            entries.push((0, text.to_owned()));
        }
        let flag = |bit| demand.memlock & bit != 0;
        let pool = huge_pages * HUGE_PAGE_MB;
        if !flag(LARGE_PAGES_DISABLED) {
            if pool >= demand.total() {
                entries.push((
                    0,
                    format!("Allocated {}MB shared memory using Huge Pages", demand.total()),
                ));
                entries.push((0, demand.sizes()));
                return Self { entries, allocated: Some(demand.total()), huge: true };
            }
            entries.extend(without_huge_pages(demand.total(), huge_pages));
            if flag(LARGE_PAGES_REQUIRED) {
                return Self { entries, allocated: None, huge: false };
            }
        }
        // Pages of a pool that is too small are lost for everything else.
        let normal = (ram_mb * (100 - OTHER_PERCENT) / 100).saturating_sub(pool);
        normal_pages(demand, normal, flag(BACKOFF_DISABLED), entries)
    }
}

fn without_huge_pages(total: u64, huge_pages: u64) -> Vec<(u8, String)> {
    let mut entries = Vec::new();
    if huge_pages == 0 {
        let text = "Insufficient privileges to allocate Huge Pages; non-root instance requires CAP_IPC_LOCK capability for \
                    Huge Pages.";
        entries.push((1, text.to_owned()));
    }
    entries.push((
        2,
        format!(
            "Failed to allocate {total}MB shared memory using Huge Pages.  Startup will retry with standard pages.  If huge \
             pages are needed for performance, check the OS settings and consider marking them as required with the \
             InterSystems IRIS 'memlock' configuration parameter."
        ),
    ));
    entries
}

fn normal_pages(
    demand: Demand,
    free: u64,
    once: bool,
    mut entries: Vec<(u8, String)>,
) -> Allocation {
    let mut tried = demand;
    for attempt in 0..=BACKOFF_MAX {
        if tried.total() <= free {
            // Less than was asked for is a warning.
            entries.push((
                u8::from(attempt > 0),
                format!("Allocated {}MB shared memory", tried.total()),
            ));
            entries.push((0, tried.sizes()));
            return Allocation { entries, allocated: Some(tried.total()), huge: false };
        }
        let Demand { globals, routines, .. } = tried;
        let total = tried.total();
        entries.push((
            2,
            format!("Failed to allocate {total}MB shared memory: {globals}MB global buffers, {routines}MB routine buffers."),
        ));
        if once {
            break;
        }
        tried = tried.cut();
    }
    Allocation { entries, allocated: None, huge: false }
}
