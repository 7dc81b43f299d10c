//! The superserver: it listens on the instance's port and makes a process of its own for each connection.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::{Command, Stdio},
    thread,
};

use super::{Home, control::READY};

/// Listens until the control process is gone.
pub(super) fn run(home: &Home) -> io::Result<()> {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), home.port()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{READY}")?;
    out.flush()?;
    let serving = home.clone();
    thread::spawn(move || serve(&serving, &listener));
    // The control process holds the other end: it closes when that process ends, however it ends.
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve(home: &Home, listener: &TcpListener) {
    for connection in listener.incoming().flatten() {
        // One that cannot be served is closed: the client sees it.
        session(home, connection).unwrap_or_default();
    }
}

fn session(home: &Home, connection: TcpStream) -> io::Result<()> {
    let client = connection.peer_addr()?.to_string();
    let (input, output): (OwnedFd, OwnedFd) = (connection.try_clone()?.into(), connection.into());
    let mut child = Command::new(home.irisdb())
        .arg(format!("-s{}", home.mgr().display()))
        .args(["-cj", "%SYS.SERVICE", &client])
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()?;
    thread::spawn(move || child.wait());
    Ok(())
}
