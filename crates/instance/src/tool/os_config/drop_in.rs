//! The file that sets parameters at boot. Other lines of it are kept as they are.

use std::{io, path::Path};

use crate::beneath::{Place, Root};

/// Where it is.
pub(super) const PATH: &str = "/etc/sysctl.d/90-iris.conf";
const BYTES_MAX: u64 = 1024 * 1024;
const MODE: u32 = 0o644;

fn place(kernel: &Root) -> io::Result<Place> {
    kernel.place(Path::new(PATH.trim_start_matches('/')))
}

/// The file; nothing when there is none.
pub(super) fn read(kernel: &Root) -> io::Result<Option<String>> {
    match place(kernel).and_then(|place| place.read(BYTES_MAX)) {
        Ok((bytes, _)) => String::from_utf8(bytes).map(Some).map_err(io::Error::other),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The value that a file sets; the last line counts, as for the kernel.
pub(super) fn value(text: &str, name: &str) -> Option<String> {
    text.lines().rev().find_map(|line| of(line, name)).map(str::to_owned)
}

fn of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once('=')?;
    let key = key.trim().trim_start_matches('-').replace('/', ".");
    (key == name).then(|| value.trim())
}

/// The file with this value, in the line that had it or in a new one.
pub(super) fn with(text: Option<&str>, name: &str, new: &str) -> String {
    let text = text.unwrap_or("# Set by `instance`: os_config.\n");
    let wanted = format!("{name} = {new}");
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| of(line, name).is_some());
    match last.and_then(|at| lines.get_mut(at)) {
        Some(line) if of(line, name) == Some(new) => return text.to_owned(),
        Some(line) => *line = &wanted,
        None => lines.push(&wanted),
    }
    lines.join("\n") + "\n"
}

/// Whether it may be written.
pub(super) fn may_write(kernel: &Root) -> io::Result<()> {
    let place = place(kernel)?;
    if place.directory_is_writable() {
        return Ok(());
    }
    let text = format!("may not write {}", place.shown().display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Replaces it in one step.
pub(super) fn write(kernel: &Root, text: &str) -> io::Result<()> {
    place(kernel)?.replace(text.as_bytes(), MODE)
}

/// Puts a former file back; nothing means that there was none.
pub(super) fn restore(kernel: &Root, former: Option<&str>) -> io::Result<()> {
    match former {
        Some(text) if read(kernel)?.as_deref() == Some(text) => Ok(()),
        Some(text) => write(kernel, text),
        None => match place(kernel)?.remove() {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => place(kernel)?.sync_directory(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{value, with};

    #[test]
    fn a_line_is_replaced_in_its_place_or_added_and_others_stay() {
        let text = "# mine\nvm/swappiness=60\nkernel.sem = 1 2 3 4\n";
        let changed = with(Some(text), "vm.swappiness", "5");
        assert_eq!(changed, "# mine\nvm.swappiness = 5\nkernel.sem = 1 2 3 4\n");
        assert_eq!(with(Some(&changed), "vm.swappiness", "5"), changed);
        assert_eq!(with(None, "a.b", "1").lines().last(), Some("a.b = 1"));
        assert_eq!(value(text, "kernel.sem").as_deref(), Some("1 2 3 4"));
    }
}
