//! The shared memory that a configuration asks for.
//!
//! The product's rules, checked against the size lines of 75 real starts: 25 % of the machine when `globals` is all 0,
//! routines 10 % of that between 80 and 1020 MB, `gmheap` 3 % of it from 300 MB on, buffer descriptors 7.5 % of it.

use crate::cpf::{Cpf, value};

/// MB of a huge page on x86-64 and arm64 with 4 KB pages.
pub const HUGE_PAGE_MB: u64 = 2;

/// What a configuration asks for, in MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// All pools of global buffers.
    pub globals: u64,
    /// Routine buffers.
    pub routines: u64,
    /// Journal buffers.
    pub journal: u64,
    /// The shared memory heap.
    pub heap: u64,
    /// ECP.
    pub ecp: u64,
    /// Whether the size of the global buffers was chosen by the product.
    pub automatic: bool,
    /// Flags: 32 no huge pages, 64 huge pages or no start, 128 no second try with less.
    pub memlock: u64,
}

impl Demand {
    /// Reads a configuration; what is missing or wrong counts as 0, which means automatic.
    pub fn of(cpf: &Cpf, ram_mb: u64) -> Self {
        let text = |key: &str| {
            let value = cpf.get("config", key).ok().flatten().unwrap_or_default();
            std::str::from_utf8(value).unwrap_or_default().to_owned()
        };
        let number = |key: &str| text(key).parse::<u64>().unwrap_or_default();
        let sum = |key: &str| match value::pools(&text(key)) {
            Some(pools) => pools.iter().sum(),
            None => number(key),
        };
        let wanted: u64 = sum("globals");
        let globals = if wanted == 0 { ram_mb / 4 } else { wanted };
        let routines = match sum("routines") {
            0 => (globals / 10).clamp(80, 1020),
            mb => mb.max(80),
        };
        let heap = match number("gmheap") {
            0 => (globals * 3 / 100).clamp(300, 2047),
            kb => kb / 1024,
        };
        let ecp = (number("MaxServers") + number("MaxServerConn")) * 2;
        let journal = number("jrnbufs");
        Self {
            globals,
            routines,
            journal,
            heap,
            ecp,
            automatic: wanted == 0,
            memlock: number("memlock"),
        }
    }

    /// Buffer descriptors: 2408 MB for 32,000 MB of buffers.
    pub const fn descriptors(&self) -> u64 {
        (self.globals * 2408).div_ceil(32_000)
    }

    const MISCELLANEOUS: u64 = 32;

    /// Everything together.
    pub const fn total(&self) -> u64 {
        self.globals
            + self.routines
            + self.journal
            + self.descriptors()
            + self.heap
            + self.ecp
            + Self::MISCELLANEOUS
    }

    /// What is tried next when this does not fit: both pools less an eighth.
    #[must_use]
    pub const fn cut(&self) -> Self {
        Self {
            globals: self.globals - self.globals / 8,
            routines: self.routines - self.routines / 8,
            ..*self
        }
    }

    /// The log's line of sizes.
    pub fn sizes(&self) -> String {
        format!(
            "{}MB global buffers, {}MB routine buffers, {}MB journal buffers, {}MB buffer descriptors, {}MB heap, {}MB ECP, \
             {}MB miscellaneous",
            self.globals,
            self.routines,
            self.journal,
            self.descriptors(),
            self.heap,
            self.ecp,
            Self::MISCELLANEOUS
        )
    }
}
