//! Which kernel parameters may be set, to what, and what is dangerous.
//!
//! Minimum rules are the vendor's: shared memory must fit `shmmax` and `shmall`, huge pages must hold all of it or none is used,
//! three message queues for each instance, `swappiness` 5 below 64 GB of memory and 1 from there on.

use crate::memory::HUGE_PAGE_MB;

const MB: u64 = 1024 * 1024;
/// `shmall` counts pages of 4 KB.
const PAGES_PER_MB: u64 = 256;
/// More huge pages than this share leave too little for processes.
const HUGE_PERCENT_MAX: u64 = 75;
/// Added to what the instance needs: the pool is not only its own.
const HUGE_MARGIN_MB: u64 = 32;
/// The vendor's rule: for each instance.
const QUEUES_MIN: u64 = 3;

/// A parameter that may be set: bounds of each number, and whether less of it takes something away.
struct Row {
    name: &'static str,
    bounds: (u64, u64),
    capacity: bool,
}

const fn row(name: &'static str, min: u64, max: u64, capacity: bool) -> Row {
    Row { name, bounds: (min, max), capacity }
}

const ROWS: &[Row] = &[
    row("kernel.shmmax", 1, u64::MAX, true),
    row("kernel.shmall", 1, u64::MAX, true),
    row("kernel.shmmni", 1, 32_768, true),
    row("kernel.sem", 1, 2_147_483_647, true),
    row("kernel.msgmni", 1, 32_768, true),
    row("kernel.msgmax", 1, 2_147_483_647, true),
    row("kernel.msgmnb", 1, 2_147_483_647, true),
    row("kernel.pid_max", 301, 4_194_304, true),
    row("kernel.threads-max", 20, 1_073_741_823, true),
    row("vm.nr_hugepages", 0, 1 << 32, true),
    row("vm.nr_overcommit_hugepages", 0, 1 << 32, true),
    row("vm.hugetlb_shm_group", 0, 4_294_967_295, false),
    row("vm.swappiness", 0, 200, false),
    row("vm.dirty_ratio", 0, 100, false),
    row("vm.dirty_background_ratio", 0, 100, false),
    row("vm.max_map_count", 1, 2_147_483_647, true),
    row("vm.overcommit_memory", 0, 2, false),
    row("fs.file-max", 1, i64::MAX.cast_unsigned(), true),
    row("fs.aio-max-nr", 1, i64::MAX.cast_unsigned(), true),
    row("net.core.somaxconn", 1, 2_147_483_647, true),
];

/// What the machine has and the instance needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) ram_mb: u64,
    /// Huge pages that are taken or promised.
    pub(super) huge_in_use: u64,
    /// The instance's shared memory at its next start; nothing when its CPF cannot be read.
    pub(super) need_mb: Option<u64>,
}

impl Machine {
    /// Reads `/proc/meminfo`.
    pub(super) fn of(meminfo: &str) -> Self {
        let number = |name: &str| -> u64 {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        let taken = number("HugePages_Total").saturating_sub(number("HugePages_Free"));
        Self {
            ram_mb: number("MemTotal") / 1024,
            huge_in_use: taken + number("HugePages_Rsvd"),
            need_mb: None,
        }
    }
}

/// What a change means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) notices: Vec<String>,
    pub(super) dangerous: Option<String>,
}

/// Huge pages that hold so much shared memory and a margin.
pub(super) const fn pages_for(need_mb: u64) -> u64 {
    (need_mb + HUGE_MARGIN_MB).div_ceil(HUGE_PAGE_MB)
}

/// Judges a change.
///
/// # Errors
/// Why it is refused, with what is possible.
pub(super) fn judge(
    name: &str,
    old: &[u64],
    new: &[u64],
    machine: &Machine,
    allow_unknown: bool,
) -> Result<Judged, String> {
    if new.len() != old.len() {
        return Err(format!("{name} has {} numbers, {} were given", old.len(), new.len()));
    }
    let known = ROWS.iter().find(|row| row.name == name);
    let Some(Row { bounds: (min, max), capacity, .. }) = known else {
        let text = format!(
            "{name} is not among the parameters that matter to an instance: allow it with --allow-unknown"
        );
        return if allow_unknown {
            Ok(Judged { dangerous: Some(text), ..Judged::default() })
        } else {
            Err(text)
        };
    };
    if let Some(outside) = new.iter().find(|number| !(min..=max).contains(number)) {
        return Err(format!("{name}: {outside} is not between {min} and {max}"));
    }
    minimum(name, new, machine)?;
    let mut judged = Judged { notices: notices(name, new, machine), dangerous: None };
    let less = old.iter().zip(new).any(|(old, new)| new < old);
    if *capacity && less {
        judged.dangerous = Some(format!(
            "{name} is reduced from {} to {}",
            super::joined(old),
            super::joined(new)
        ));
    }
    Ok(judged)
}

/// Whether some change of it is dangerous.
pub(super) fn may_take_away(name: &str) -> bool {
    ROWS.iter().find(|row| row.name == name).is_none_or(|row| row.capacity)
}

fn minimum(name: &str, new: &[u64], machine: &Machine) -> Result<(), String> {
    let (first, need) =
        (new.first().copied().unwrap_or_default(), machine.need_mb.unwrap_or_default());
    let least = match name {
        "kernel.shmmax" => need.saturating_mul(MB),
        "kernel.shmall" => need.saturating_mul(PAGES_PER_MB),
        "kernel.msgmni" => QUEUES_MIN,
        "vm.nr_hugepages" => return huge_pages(first, need, machine),
        _ => return Ok(()),
    };
    if first >= least {
        return Ok(());
    }
    Err(format!(
        "{name}: {first} is less than the instance needs ({need} MB of shared memory): at least {least}"
    ))
}

fn huge_pages(pages: u64, need: u64, machine: &Machine) -> Result<(), String> {
    let (pool, most) = (pages * HUGE_PAGE_MB, machine.ram_mb * HUGE_PERCENT_MAX / 100);
    if pool > most {
        let at_most = most / HUGE_PAGE_MB;
        return Err(format!(
            "vm.nr_hugepages: {pages} pages are {pool} MB of {} MB and leave less than {} % for processes: at most {at_most}",
            machine.ram_mb,
            100 - HUGE_PERCENT_MAX
        ));
    }
    if pages > 0 && pool < need {
        let least = pages_for(need);
        return Err(format!(
            "vm.nr_hugepages: {pages} pages are {pool} MB, the instance needs {need} MB and would use none of them: at least {least}, or 0"
        ));
    }
    if pages < machine.huge_in_use {
        let used = machine.huge_in_use;
        return Err(format!(
            "vm.nr_hugepages: {used} pages are in use: stop who uses them first, or keep at least {used}"
        ));
    }
    Ok(())
}

fn notices(name: &str, new: &[u64], machine: &Machine) -> Vec<String> {
    let first = new.first().copied().unwrap_or_default();
    let advised = if machine.ram_mb < 64 * 1024 { 5 } else { 1 };
    match name {
        "vm.swappiness" if first != advised => {
            vec![format!("the vendor advises {advised} for a machine of {} MB", machine.ram_mb)]
        }
        "vm.nr_hugepages" if first > 0 => {
            vec!["an instance takes huge pages at its next start, and one that does not run as root needs CAP_IPC_LOCK".to_owned()]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Machine, judge, pages_for};

    const MACHINE: Machine = Machine { ram_mb: 16_384, huge_in_use: 100, need_mb: Some(3580) };

    fn refused(name: &str, old: u64, new: u64) -> String {
        judge(name, &[old], &[new], &MACHINE, false).unwrap_err()
    }

    #[test]
    fn huge_pages_hold_all_of_the_memory_or_none() {
        assert!(refused("vm.nr_hugepages", 0, 1700).contains("at least 1806"));
        assert!(refused("vm.nr_hugepages", 0, 7000).contains("at most 6144"));
        assert!(refused("vm.nr_hugepages", 2000, 0).contains("100 pages are in use"));
        assert!(
            judge("vm.nr_hugepages", &[0], &[1806], &MACHINE, false).unwrap().dangerous.is_none()
        );
        assert_eq!(pages_for(3580), 1806);
    }

    #[test]
    fn shared_memory_limits_stay_above_the_need_up_to_the_largest_number() {
        assert!(
            refused("kernel.shmmax", u64::MAX, 3580 * 1024 * 1024 - 1)
                .contains("at least 3753902080")
        );
        let less =
            judge("kernel.shmmax", &[18_446_744_073_692_774_399], &[1 << 63], &MACHINE, false)
                .unwrap();
        assert!(less.dangerous.unwrap().contains("9223372036854775808"));
        assert!(
            judge("kernel.shmmax", &[1], &[u64::MAX], &MACHINE, false).unwrap().dangerous.is_none()
        );
    }

    #[test]
    fn a_vector_keeps_its_length_and_each_number_counts() {
        let sem = [32_000, 1_024_000_000, 500, 32_000];
        assert!(
            judge("kernel.sem", &sem, &[250], &MACHINE, false).unwrap_err().contains("4 numbers")
        );
        assert!(
            judge("kernel.sem", &sem, &[32_000, 1_024_000_000, 499, 32_000], &MACHINE, false)
                .unwrap()
                .dangerous
                .is_some()
        );
    }

    #[test]
    fn what_no_instance_needs_is_refused_or_dangerous() {
        assert!(judge("kernel.panic", &[0], &[1], &MACHINE, false).is_err());
        assert!(judge("kernel.panic", &[0], &[1], &MACHINE, true).unwrap().dangerous.is_some());
    }
}
