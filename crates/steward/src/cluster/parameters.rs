//! PostgreSQL's parameters, given on its command line: they hold whatever the cluster's own files say.

use super::folder::Folder;

/// What was chosen, and why. Everything else is PostgreSQL's default.
const FIXED: [(&str, &str); 22] = [
    // What is acknowledged survives a power cut. These are defaults, written down because the promise rests on them.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    // Nobody connects from elsewhere.
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    // A small machine that also runs the server. Pages are only taken as they are used.
    ("shared_buffers", "128MB"),
    // Fewer checkpoints than the bursts of an import would cause, and still a recovery of seconds after a power cut.
    ("max_wal_size", "512MB"),
    ("min_wal_size", "64MB"),
    // Statements are short: compiling them, or starting helpers for them, takes longer than running them.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    // Disks without a moving arm: an index is worth its random reads.
    ("random_page_cost", "1.1"),
    // Outbox, jobs and keys come and go quickly: dead rows are collected before they slow the relay down.
    ("autovacuum_naptime", "5s"),
    ("autovacuum_max_workers", "2"),
    // Nothing replicates from here.
    ("max_wal_senders", "0"),
    ("max_logical_replication_workers", "0"),
    // The log may be read by people who may not read the data: errors go to the server that caused them, which knows
    // what to leave out; here only what concerns the cluster itself is written, without details and statements.
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_checkpoints", "off"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    // Shown by `ps`.
    ("cluster_name", "steward"),
];

/// The parameters as arguments of `postgres`.
pub(super) fn arguments(folder: &Folder, connections: u32) -> Vec<String> {
    let fixed = FIXED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let named = [
        ("unix_socket_directories", quoted(&folder.socket)),
        ("port", super::PORT.to_string()),
        ("hba_file", folder.hba.display().to_string()),
        ("ident_file", folder.ident.display().to_string()),
        ("max_connections", connections.to_string()),
    ];
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), value));
    fixed
        .chain(named)
        .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
        .collect()
}

/// A list of one folder: a comma would otherwise make two of it.
fn quoted(path: &std::path::Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}
