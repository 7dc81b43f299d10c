//! The stories are told in the product's order, and each role by one process from start to exit.

use std::collections::{BTreeSet, HashMap};

use clap::ValueEnum;
use instance::{generate::Scenario, log::Header};

use super::parse::instance;

/// A severity, and how the entry's text begins.
type Told = (u8, &'static str);

const MEMORY: &[Told] = &[
    (0, "InterSystems IRIS license file (iris.key)"),
    (0, "Allocated 35060MB shared memory using Huge"),
    (0, "32000MB global buffers, 512MB routine"),
];
const BOOT: &[Told] = &[
    (0, "Intel Sandy Bridge or AMD x8 AES-NI"),
    (0, "SIMD optimization level: AVX2"),
    (0, "Using WIJ file: /usr/irissys/mgr/IRIS.WIJ"),
    (0, "Jrn info from prior WIJ (imflags: 0):"),
    (0, ""),
    (0, "Write daemon started."),
    (0, "Mounted database /usr/irissys/mgr/ (SFN 0)"),
    (0, "Mounted database /usr/irissys/mgr/irislib/"),
    (0, "Instance '"),
    (0, "Using parameters from file '"),
    (0, "Loading DLLs"),
    (0, "Switching to temporary %SYS Namespace"),
    (0, "FIPS 140-2 compliant cryptography is not"),
    (0, "Mounted database"),
    (0, "Loading Locale enuw (English, United"),
    (0, "Mounted database"),
    (0, "Using OpenSSL 3.5.1 1 Jul 2025"),
    (0, "Mounted database /usr/irissys/mgr/iristemp/"),
    (0, "/usr/irissys/mgr/iristemp/ initialized as"),
    (0, "Switching to default %SYS Namespace"),
    (0, "Added ethernet device eth0 to default list"),
    (0, "Log Monitor Started"),
];
const JOURNAL: &[Told] = &[
    (0, "No archives configured"),
    (0, "Performing Journal Recovery"),
    (0, "WIJ indicates no open transactions"),
    (0, "START: /usr/irissys/mgr/journal/"),
    (0, "INTERSYSTEMS IRIS JOURNALING SYSTEM MESSAGE"),
    (0, "Journaling to /usr/irissys/mgr/journal/"),
];
const JOURNAL_RESTORED: &[Told] = &[
    (0, "No archives configured"),
    (0, "Performing Journal Recovery"),
    (1, "[JOURNAL RESTORE] Not restoring"),
    (0, "Restoring from journal"),
    (0, "Performing Transaction Rollback if necessary"),
    (0, "  Scanning /usr/irissys/mgr/journal/"),
    (0, "No open transactions to roll back"),
    (0, "START: /usr/irissys/mgr/journal/"),
    (0, "INTERSYSTEMS IRIS JOURNALING SYSTEM MESSAGE"),
    (0, "Journaling to /usr/irissys/mgr/journal/"),
];
const UP: &[Told] = &[
    (0, "Processing WorkQueues section"),
    (0, "Processing Startup section"),
    (0, "Purging old application errors"),
    (0, "Processing config section"),
    (0, "LMF Info:  Activating Core Capacity license"),
    (0, "Initializing Security system"),
    (0, "Activating Network"),
    (0, "Processing Network section"),
    (0, "Processing Databases section"),
    (0, "Mounted database"),
    (0, "Mounted database /usr/irissys/mgr/user/"),
    (0, "Processing Namespaces section"),
    (0, "Activating namespaces"),
    (0, "Activating new namespace map"),
    (0, "Namespace changes have been activated"),
    (0, "Starting superserver on port 1972"),
    (0, "Network Lock Upload Phase Starting"),
    (0, "Lock Upload Phase Complete"),
    (0, "Processing Miscellaneous section"),
    (0, "Starting Servers"),
    (0, "Processing Shadows section (this system as"),
    (0, "Processing Devices section"),
    (0, "Processing DeviceSubTypes section"),
    (0, "Processing Monitor section"),
    (0, "Processing MagTape section"),
    (0, "Processing IO section"),
    (0, "Processing SQL section"),
    (0, "Processing Macro Pre-Processor (MPP) section"),
    (0, "Processing OS Package Requirements section"),
    (0, "[SYSTEM MONITOR] System Monitor started in"),
    (0, "Shard license: 0"),
    (0, "WorkQueue: Starting work queue daemon"),
    (0, "Auditing to /usr/irissys/mgr/irisaudit/"),
    (0, "LMF Info: Waiting for Core Capacity license"),
    (0, "LMF Info:  Licensed for 8 cores."),
    (0, "LMF Info:  Connected to license server"),
    (0, "Enabling logons"),
    (0, "Interoperability System including"),
    (0, "Initializing Interoperability during system"),
    (0, "Starting TASKMGR"),
    (0, "Interoperability System Startup Complete"),
];
const EXITS: &[Told] = &[
    (0, "Removing database locks"),
    (0, "Waiting for database updates to complete"),
    (0, "Database updates complete"),
    (0, "Stopping System Jobs"),
    (0, "EXPDMN exited due to system shutdown"),
    (0, "JRNDMN exited due to system shutdown"),
    (0, "GARCOL exited due to system shutdown"),
    (0, "AUXWD #1 exited due to system shutdown"),
    (0, "AUXWD #2 exited due to system shutdown"),
    (0, "AUXWD #3 exited due to system shutdown"),
    (0, "AUXWD #4 exited due to system shutdown"),
    (0, "AUXWD #5 exited due to system shutdown"),
    (0, "AUXWD #6 exited due to system shutdown"),
    (0, "AUXWD #7 exited due to system shutdown"),
    (0, "No blocks pending in WIJ file"),
    (0, "WRTDMN exited due to system shutdown"),
    (0, "CONTROL exited due to system shutdown"),
    (0, "Shutdown complete"),
];
const STOP: &[Told] = &[
    (0, "User 'irisowner' shutting down InterSystems"),
    (0, "All productions stopped"),
    (0, "[SYSTEM MONITOR] System Monitor stopped in"),
    (0, "Notifying Clients"),
    (0, "No user shutdown routines to execute"),
    (0, "Stopping User Jobs"),
    (0, "Stopping Network Servers"),
    (0, "Withdrawing from License Domain"),
    (0, "Auditing stopped"),
    (0, "Stopping Client Networking"),
    (0, "Updating Journal File"),
    (0, "Journal restore not required at next startup"),
    (0, "Transaction rollback not required at next"),
];
const ABORT: &[Told] = &[
    (0, "User 'irisowner' shutting down InterSystems"),
    (0, "Notifying Clients"),
    (0, "No user shutdown routines to execute"),
    (0, "Stopping User Jobs"),
    (0, "Stopping Network Servers"),
    (0, "Withdrawing from License Domain"),
    (0, "LMF Info:  Sending shutdown message to"),
    (0, "Stopping Client Networking"),
    (0, "Updating Journal File"),
    (0, "Skip jrnwait as WIJ update is disabled"),
];
const STORIES: [(&str, &[&[Told]]); 8] = [
    (
        "cpf-mistake",
        &[
            MEMORY,
            BOOT,
            &[
                (0, "Clean Daemon Started"),
                (1, "Configuration file "),
                (3, "The following parameters are missing from"),
                (3, "Invalid parameter name 'DBMSSecurity',"),
                (3, "Required database IRISSECURITY is not"),
                (3, "Error: Parsing CPF file "),
            ],
            ABORT,
            EXITS,
        ],
    ),
    (
        "huge-pages-missing",
        &[
            &[
                (0, "InterSystems IRIS license file (iris.key)"),
                (1, "Insufficient privileges to allocate Huge"),
                (2, "Failed to allocate 35060MB shared memory"),
                (0, "Allocated 35058MB shared memory"),
                (0, "32000MB global buffers, 512MB routine"),
            ],
            BOOT,
            &[(0, "Clean Daemon Started")],
            JOURNAL,
            UP,
        ],
    ),
    (
        "memory-short",
        &[
            &[
                (0, "InterSystems IRIS license file (iris.key)"),
                (2, "Failed to allocate 35060MB shared memory"),
                (2, "Failed to allocate 35058MB shared memory:"),
                (1, "Allocated 30688MB shared memory"),
                (0, "28000MB global buffers, 448MB routine"),
            ],
            BOOT,
            &[(0, "Clean Daemon Started")],
            JOURNAL,
            UP,
        ],
    ),
    (
        "journal-not-writable",
        &[
            MEMORY,
            BOOT,
            &[
                (0, "Clean Daemon Started"),
                (2, "Alternate journal directory"),
                (0, "No archives configured"),
                (0, "Performing Journal Recovery"),
                (0, "WIJ indicates no open transactions"),
                (0, "START: /journal/primary/"),
                (2, "INTERSYSTEMS IRIS JOURNALING SYSTEM MESSAGE"),
                (2, "JRNCREATE in jrnstart() - Error"),
                (0, "START: /journal/alternate/"),
                (2, "INTERSYSTEMS IRIS JOURNALING SYSTEM MESSAGE"),
                (2, "Journaling NOT  started."),
                (2, "ERROR: Cannot use /journal/alternate/ for"),
                (3, "Error: Startup stopped because system is"),
            ],
            ABORT,
            EXITS,
        ],
    ),
    (
        "write-daemon-stuck",
        &[
            &[
                (0, "Suspending system due to <DATABASE MAP"),
                (3, "*** SERIOUS INTERSYSTEMS IRIS ERROR THAT"),
                (2, "CP: Pausing users because the Write Daemon"),
                (1, "Superserver detected that updates are"),
                (3, "*** SERIOUS INTERSYSTEMS IRIS ERROR THAT"),
                (3, "*** SERIOUS INTERSYSTEMS IRIS ERROR THAT"),
                (0, "User 'irisowner' shutting down InterSystems"),
                (1, "Shutdown detected WDSTOP set"),
                (3, "WDSTOP set, system being forced"),
                (0, "irisforce killed 0 system and "),
            ],
            MEMORY,
            BOOT,
            &[(2, "Previous system shutdown was abnormal,"), (0, "Clean Daemon Started")],
            JOURNAL_RESTORED,
            UP,
        ],
    ),
    (
        "certificate-expiry",
        &[&[
            (3, "1 SSL/TLS, X.509 Certificate(s) have"),
            (3, "Certificate 810248739688236103 Issuer"),
            (0, "Certificate 810248739688236103 Issuer"),
            (3, "1 SSL/TLS, X.509 Certificate(s) have"),
            (3, "Certificate 810248739688236103 Issuer"),
            (0, "Certificate 810248739688236103 Issuer"),
        ]],
    ),
    (
        "license-exhaustion",
        &[
            MEMORY,
            BOOT,
            &[(0, "Clean Daemon Started")],
            JOURNAL,
            UP,
            &[
                (2, "License limit exceeded 1 times since"),
                (2, "License limit exceeded 14 times since"),
                (2, "License limit exceeded 73 times since"),
            ],
            STOP,
            EXITS,
        ],
    ),
    (
        "abnormal-shutdown",
        &[
            &[
                (2, "Process terminated abnormally (pid "),
                (3, "Daemon AUXWD #3 (pid "),
                (1, "Superserver detected that updates are"),
                (2, "System Process 'AUXWD' terminated"),
                (0, "User 'irisowner' shutting down InterSystems"),
                (1, "Shutdown detected WDSTOP set"),
                (3, "WDSTOP set, system being forced"),
                (0, "irisforce killed 0 system and "),
            ],
            MEMORY,
            BOOT,
            &[(2, "Previous system shutdown was abnormal,"), (0, "Clean Daemon Started")],
            JOURNAL_RESTORED,
            UP,
        ],
    ),
];

fn log(story: &str, more: &[&str]) -> Vec<u8> {
    let out = instance(&[&["generate", "--scenario", story, "--seed", "3"], more].concat());
    assert!(out.status.success(), "{out:?}");
    out.stdout
}

fn entries(log: &[u8]) -> Vec<(u32, u8, String)> {
    let lines = log.split(|byte| *byte == b'\n').filter_map(|line| Header::parse(line).ok());
    let text = |header: &Header<'_>| String::from_utf8_lossy(header.text).into_owned();
    lines.map(|header| (header.pid, header.severity as u8, text(&header))).collect()
}

#[test]
fn each_is_told_in_its_order() {
    assert_eq!(Scenario::value_variants().len(), STORIES.len());
    for (name, parts) in STORIES {
        let (told, wanted) = (entries(&log(name, &[])), parts.concat());
        for ((_, severity, text), (wanted, begin)) in told.iter().zip(&wanted) {
            let begins = text.starts_with(begin) && text.is_empty() == begin.is_empty();
            assert!(severity == wanted && begins, "{name}: {text:?} is not {begin:?}");
        }
        assert_eq!(told.len(), wanted.len(), "{name}: {told:?}");
    }
}

#[test]
fn the_same_seed_tells_the_same_bytes() {
    for (name, _) in STORIES {
        let again = log(name, &["--count", "2"]);
        assert_eq!(log(name, &["--count", "2"]), again, "{name}");
        assert!(again.starts_with(&log(name, &[])), "{name}");
    }
}

/// The beginning of what a role first says, and of what it says last.
const LIVES: [(&str, &str); 5] = [
    ("InterSystems IRIS license file", "CONTROL exited"),
    ("Write daemon started.", "WRTDMN exited"),
    ("[SYSTEM MONITOR] System Monitor started", "[SYSTEM MONITOR] System Monitor stopped"),
    ("User 'irisowner' shutting down", "Shutdown complete"),
    ("Instance 'IRIS' starting", "Enabling logons"),
];

#[test]
fn a_process_keeps_its_id_from_start_to_exit() {
    let told = entries(&log("license-exhaustion", &[]));
    let pid = |begin: &str| told.iter().find(|(.., text)| text.starts_with(begin)).expect(begin).0;
    for (start, exit) in LIVES {
        assert_eq!(pid(start), pid(exit), "{start}: {exit}");
    }
    let exits: Vec<u32> = told
        .iter()
        .filter(|(.., text)| text.contains(" exited due to"))
        .map(|told| told.0)
        .collect();
    assert_eq!(exits.iter().collect::<BTreeSet<_>>().len(), 12, "each daemon is one process");
}

#[test]
fn after_a_restart_every_process_is_another() {
    let told = entries(&log("abnormal-shutdown", &[]));
    let start = told.iter().position(|(.., text)| text.starts_with("InterSystems IRIS license"));
    let (before, after) = told.split_at(start.expect("it starts again"));
    let pids = |told: &[(u32, u8, String)]| told.iter().map(|told| told.0).collect::<BTreeSet<_>>();
    assert!(pids(before).is_disjoint(&pids(after)));
    let dead = before[0].0.to_string(); // the clean-up daemon; what it tells of is another process
    assert!(before[1].2.contains("(pid ") && !before[1].2.contains(&dead), "{before:?}");
}

#[test]
fn a_story_contradicts_itself_nowhere() {
    let told = entries(&log("write-daemon-stuck", &[]));
    let users: HashMap<&str, u32> =
        told.iter().map(|(pid, _, text)| (text.as_str(), *pid)).collect();
    let text = String::from_utf8(log("write-daemon-stuck", &[])).expect("text");
    let pid = users["Suspending system due to <DATABASE MAP LABEL> error"];
    assert_eq!(text.matches(&format!("PID: {pid} ")).count(), 3, "the error names who met it");
    assert_eq!(text.matches("*** Recovery started at Thu Jan  1").count(), 1);
}
