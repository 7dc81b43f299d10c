//! An IRIS instance that looks, from outside, like the product: directory, log, processes, port and `iris` command.
//!
//! No product code is in it and none is needed. `bin/iris` and `bin/irisdb` in the instance's directory are links to this
//! program, which plays the part it is called by ([`program`]): `iris` is the command people type, `irisdb` each process of a
//! running instance. What the tools do to it they would do to the product.
//!
//! Not emulated: the database itself, the protocol of the superserver (a session is a line of text each way), the portal.

mod control;
mod entries;
mod home;
mod memory;
mod messages;
mod process;
pub mod program;
mod script;
mod session;
mod superserver;

pub use home::{Fault, Home, Settings};
pub use memory::Allocation;

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::Path,
};

use crate::cpf;

/// The product version that is played.
pub const VERSION: &str = "2025.2.0.227.0";

const KEY: &str = include_str!("emulator/iris.key");
const DATABASES: [&str; 6] =
    ["irissecurity", "irislib", "iristemp", "irislocaldata", "irisaudit", "user"];

/// Makes the directory of a new instance; it is not started.
///
/// # Errors
/// When the directory holds an instance already, or may not be written.
pub fn create(dir: &Path, port: u16, settings: &Settings, program: &Path) -> io::Result<Home> {
    fs::create_dir_all(dir)?;
    let home = Home::at(dir)?;
    if home.cpf().exists() {
        let text = format!("{} holds an instance already", dir.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    for sub in ["bin", "mgr/journal", "mgr/emulated/process"] {
        fs::create_dir_all(home.dir().join(sub))?;
    }
    for database in DATABASES.iter().map(|name| home.mgr().join(name)).chain([home.mgr()]) {
        fs::create_dir_all(&database)?;
        write_new(&database.join("IRIS.DAT"), "", 0o660)?;
    }
    for name in ["iris", "irisdb"] {
        symlink(program, home.dir().join("bin").join(name))?;
    }
    write_new(&home.mgr().join("iris.key"), KEY, 0o640)?;
    write_new(&home.mgr().join("messages.log"), "", 0o664)?;
    kernel(&home, settings)?;
    home.save(settings)?;
    let shown = home.dir().display().to_string();
    let cpf = cpf::shipped(&shown, port);
    write_new(&home.cpf(), &cpf, 0o660)?;
    home.remember_cpf()?;
    Ok(home)
}

/// The machine that the instance believes to run on: what `os_config` may change without harm.
fn kernel(home: &Home, settings: &Settings) -> io::Result<()> {
    let root = home.kernel_root();
    for sub in ["proc/sys/kernel", "proc/sys/vm", "proc/sys/fs", "etc/sysctl.d"] {
        fs::create_dir_all(root.join(sub))?;
    }
    let total = settings.ram_mb * 1024;
    let available = total / 8 * 7;
    let meminfo = format!(
        "MemTotal:       {total} kB\nMemAvailable:   {available} kB\nHugePages_Total:       0\nHugePages_Free:        0\n\
         HugePages_Rsvd:        0\nHugepagesize:       2048 kB\n"
    );
    let values = [
        ("proc/meminfo", meminfo.as_str()),
        ("proc/sys/kernel/shmmax", "18446744073692774399\n"),
        ("proc/sys/kernel/shmall", "18446744073692774399\n"),
        ("proc/sys/kernel/shmmni", "4096\n"),
        ("proc/sys/kernel/msgmni", "32000\n"),
        ("proc/sys/kernel/sem", "32000\t1024000000\t500\t32000\n"),
        ("proc/sys/vm/nr_hugepages", "0\n"),
        ("proc/sys/vm/swappiness", "60\n"),
        ("proc/sys/vm/dirty_ratio", "20\n"),
        ("proc/sys/vm/dirty_background_ratio", "10\n"),
        ("proc/sys/fs/file-max", "9223372036854775807\n"),
    ];
    values.iter().try_for_each(|(name, text)| write_new(&root.join(name), text, 0o644))
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}
