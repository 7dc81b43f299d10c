//! Who is on an instance: connections, terminals, background jobs, open transactions.
//!
//! Three sources, because each alone misses somebody. `iris session` with `%SYS.ProcessQuery` knows users and transactions. The
//! kernel's list of sockets knows every connection to the superserver's port, whichever process holds it: connections belong to
//! children of the superserver, not to itself. The list of processes knows every `irisdb` of the instance, also one that has
//! not yet signed on. What one source has and no other explains is on as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
};

use serde::Serialize;

use super::{Failed, Instance, iris::Listed};
use crate::exec::{self, Deadline};

/// Processes of the product itself, by what they run.
const SYSTEM: [&str; 16] = [
    "CONTROL",
    "WRTDMN",
    "AUXWD",
    "GARCOL",
    "JRNDMN",
    "EXPDMN",
    "CLNDMN",
    "MONITOR",
    "LMFMON",
    "RECEIVE",
    "AUDIT",
    "WORKQUEUE",
    "TASKMGR",
    "%SYS.SERVER",
    "%SYS.TaskSuper",
    "%SYS.Monitor",
];
/// One line of `ObjectScript`: each process as `@pid^user^namespace^routine^client^transaction`.
const QUERY: &str = "set r=##class(%SQL.Statement).%ExecDirect(,\"SELECT Pid,UserName,NameSpace,Routine,ClientIPAddress,\
                     InTransaction FROM %SYS.ProcessQuery\") while r.%Next() { write \
                     \"@\",r.%Get(\"Pid\"),\"^\",r.%Get(\"UserName\"),\"^\",r.%Get(\"NameSpace\"),\"^\",r.%Get(\"Routine\"),\"^\",\
                     r.%Get(\"ClientIPAddress\"),\"^\",r.%Get(\"InTransaction\"),! }";
/// `/proc/net/tcp`: a connection that stands.
const ESTABLISHED: &str = "01";

/// Somebody who is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct On {
    /// Its process; 0 when only the connection is known.
    pub pid: u32,
    /// Who signed on; empty when nobody did yet.
    pub user: String,
    /// What it runs.
    pub routine: String,
    /// Where it comes from; empty for a terminal or a job.
    pub client: String,
    /// Whether it has a transaction open.
    pub in_transaction: bool,
}

impl std::fmt::Display for On {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, user, routine, client, in_transaction } = self;
        let user = if user.is_empty() { "somebody" } else { user };
        let from = if client.is_empty() { "" } else { " from " };
        let transaction = if *in_transaction { ", in a transaction" } else { "" };
        write!(f, "{user}{from}{client} (process {pid}, {routine}{transaction})")
    }
}

/// Everybody who is on a running instance, by process.
///
/// # Errors
/// When the instance does not answer: then nobody knows whether it may be stopped.
pub fn who_is_on(
    instance: &Instance,
    listed: &Listed,
    deadline: Deadline,
) -> Result<Vec<On>, Failed> {
    let sockets = sockets(listed.port);
    let running = irisdb_of(instance.root().path());
    let rows = query(instance, deadline)?;
    let known: BTreeSet<u32> = rows.keys().copied().collect();
    let mut on: Vec<On> = rows.into_values().filter(|row| !is_system(&row.routine)).collect();
    for pid in
        running.difference(&known).filter(|pid| irisdb_of(instance.root().path()).contains(pid))
    {
        on.push(unknown(*pid, "irisdb, not signed on", ""));
    }
    let held = held_sockets(on.iter().map(|on| on.pid));
    for (inode, client) in sockets.iter().filter(|(inode, _)| !held.contains(*inode)) {
        if self::sockets(listed.port).contains_key(inode) {
            on.push(unknown(0, "a connection without a process", client));
        }
    }
    Ok(on)
}

fn unknown(pid: u32, routine: &str, client: &str) -> On {
    On {
        pid,
        user: String::new(),
        routine: routine.to_owned(),
        client: client.to_owned(),
        in_transaction: false,
    }
}

fn is_system(routine: &str) -> bool {
    routine == "SUPERSERVER"
        || SYSTEM.iter().any(|name| routine.trim_start_matches('^').starts_with(name))
}

/// The instance's own answer, without the session that asks.
fn query(instance: &Instance, deadline: Deadline) -> Result<BTreeMap<u32, On>, Failed> {
    let input = format!("write \"=\",$job,!\n{QUERY}\nhalt\n");
    let ended =
        exec::run(instance.iris(), &["session", instance.name(), "-U", "%SYS"], &input, deadline)
            .map_err(Failed::because)?;
    let own =
        ended.output.lines().find_map(|line| line.trim().trim_start_matches('=').parse().ok());
    let rows: Vec<On> = ended.output.lines().filter_map(row).collect();
    if rows.is_empty() {
        let said = ended.output.trim();
        return Err(Failed::because(format!(
            "cannot tell who is on: iris session answers '{said}'"
        )));
    }
    Ok(rows.into_iter().filter(|row| Some(row.pid) != own).map(|row| (row.pid, row)).collect())
}

fn row(line: &str) -> Option<On> {
    // A prompt may stand before it.
    let (_, fields) = line.rsplit_once('@')?;
    let fields: Vec<&str> = fields.trim_end().split('^').collect();
    let [pid, user, _namespace, routine @ .., client, transaction] = fields.as_slice() else {
        return None;
    };
    Some(On {
        pid: pid.parse().ok()?,
        user: (*user).to_owned(),
        routine: routine.join("^"),
        client: (*client).to_owned(),
        in_transaction: !matches!(*transaction, "" | "0"),
    })
}

/// The kernel's inodes of the connections to a local port, with the other side.
fn sockets(port: u16) -> BTreeMap<String, String> {
    // Connections are the real machine's, also when the kernel's parameters are emulated.
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| connection(line, port))
        .collect()
}

/// The inode and the other side of a line, when it is a connection to the port.
fn connection(line: &str, port: u16) -> Option<(String, String)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, remote, state, _, _, _, _, _, inode, ..] = fields.as_slice() else {
        return None;
    };
    let (_, local_port) = local.rsplit_once(':')?;
    let (_, remote_port) = remote.rsplit_once(':')?;
    let is_it = *state == ESTABLISHED && u16::from_str_radix(local_port, 16) == Ok(port);
    let from = u16::from_str_radix(remote_port, 16).ok()?;
    is_it.then(|| ((*inode).to_owned(), format!("port {from}")))
}

/// The inodes of the sockets that these processes hold; one that may not be looked at holds what nobody else does.
fn held_sockets(pids: impl Iterator<Item = u32>) -> BTreeSet<String> {
    let links =
        pids.filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok()).flatten().flatten();
    links
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect()
}

/// The processes `irisdb` that name the instance's manager directory, without those that only wait to be noticed as ended.
fn irisdb_of(dir: &Path) -> BTreeSet<u32> {
    let mgr = dir.join("mgr");
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeSet::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| is_irisdb(*pid, &mgr))
        .collect()
}

fn is_irisdb(pid: u32, mgr: &Path) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut arguments = line.split(|byte| *byte == 0);
    let program = arguments.next().unwrap_or_default();
    program.ends_with(b"irisdb")
        && arguments.any(|argument| {
            let path = argument.strip_prefix(b"-s").unwrap_or(argument);
            path.strip_suffix(b"/").unwrap_or(path) == mgr.as_os_str().as_bytes()
        })
}
