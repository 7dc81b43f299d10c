//! Files beneath a directory, reached without following a single link.
//!
//! Whoever can write into an instance's directory must not be able to lead a repair elsewhere by a symbolic link. Each part
//! of a path is opened from the one before it; a link anywhere is an error that names it.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{MetadataExt, fchown},
    },
    path::{Component, Path, PathBuf},
};

use nix::{
    fcntl::{AtFlags, OFlag, open, openat, renameat},
    sys::stat::Mode,
    unistd::{UnlinkatFlags, linkat, unlinkat},
};

const DIRECTORY: OFlag =
    OFlag::O_DIRECTORY.union(OFlag::O_RDONLY).union(OFlag::O_CLOEXEC).union(OFlag::O_NOFOLLOW);

/// A directory below which everything is reached without links.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens the directory; its own path is the operator's word and may contain links.
    ///
    /// # Errors
    /// When there is no such directory, or it may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize().map_err(|e| told(e, "cannot open", path))?;
        let dir =
            open(&path, DIRECTORY, Mode::empty()).map_err(|e| told(e, "cannot open", &path))?;
        Ok(Self { dir, path })
    }

    /// The directory, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place `relative` names below the root, whether something is there or not.
    ///
    /// # Errors
    /// When a directory on the way is missing, is a link, or the path leads out of the root.
    pub fn place(&self, relative: &Path) -> io::Result<Place> {
        let shown = self.path.join(relative);
        let mut dir = self.dir.try_clone()?;
        let mut parts = relative.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else {
                let outside = io::Error::from(io::ErrorKind::InvalidInput);
                return Err(told(outside, "not a path below the root:", &shown));
            };
            if parts.peek().is_none() {
                return Ok(Place { dir, name: name.to_owned(), shown });
            }
            dir = openat(&dir, name, DIRECTORY, Mode::empty())
                .map_err(|e| told(e, "cannot open without following links", &shown))?;
        }
        Err(told(io::ErrorKind::InvalidInput, "names no file:", &shown))
    }

    /// Reads a whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Root::place`] and [`Place::read`].
    pub fn read(&self, relative: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.place(relative)?.read(limit).map(|(bytes, _)| bytes)
    }
}

/// A name in an open directory: it stays the same place when directories above it are renamed.
#[derive(Debug)]
pub struct Place {
    dir: OwnedFd,
    name: OsString,
    shown: PathBuf,
}

/// Which file it is, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// Of an open file.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|data| Self(data.dev(), data.ino()))
    }
}

impl Place {
    /// The whole path, for people.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// Another name in the same directory.
    pub fn sibling(&self, name: &str) -> io::Result<Self> {
        let dir = self.dir.try_clone()?;
        Ok(Self { dir, name: name.into(), shown: self.shown.with_file_name(name) })
    }

    /// The last part of the path.
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Opens the regular file that is there.
    ///
    /// # Errors
    /// When it is missing, a link, or no regular file.
    pub fn open(&self) -> io::Result<File> {
        self.open_as(OFlag::O_RDONLY)
    }

    /// Opens the regular file that is there, to write it anew in its place (kernel parameters).
    ///
    /// # Errors
    /// As [`Place::open`], and when it may not be written.
    pub fn open_to_write(&self) -> io::Result<File> {
        self.open_as(OFlag::O_WRONLY | OFlag::O_TRUNC)
    }

    fn open_as(&self, access: OFlag) -> io::Result<File> {
        // Not to hang on a pipe that lies there instead of a file.
        let flags = access | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let opened = openat(&self.dir, self.name.as_os_str(), flags, Mode::empty());
        let what = |e| {
            if e == nix::errno::Errno::ELOOP {
                "is a symbolic link, which is not followed:"
            } else {
                "cannot open"
            }
        };
        let file = File::from(opened.map_err(|e| told(e, what(e), &self.shown))?);
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        Err(told(io::ErrorKind::InvalidInput, "not a regular file:", &self.shown))
    }

    /// Reads the file, which must not be larger than `limit` bytes, and says which one it was.
    ///
    /// # Errors
    /// As [`Place::open`], and when it is too large.
    pub fn read(&self, limit: u64) -> io::Result<(Vec<u8>, Identity)> {
        let file = self.open()?;
        let identity = Identity::of(&file)?;
        Ok((read_limited(&file, limit, &self.shown)?, identity))
    }

    /// Creates a new file; whatever is there already is an error.
    ///
    /// # Errors
    /// When something is there, or the directory may not be written.
    pub fn create(&self, mode: u32) -> io::Result<File> {
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let mode = Mode::from_bits_truncate(mode & 0o7777);
        let made = openat(&self.dir, self.name.as_os_str(), flags, mode);
        made.map(File::from).map_err(|e| told(e, "cannot create", &self.shown))
    }

    /// Opens to append, creating it when it is missing.
    ///
    /// # Errors
    /// When it is a link, or may not be written.
    pub fn append(&self, mode: u32) -> io::Result<File> {
        let flags = OFlag::O_WRONLY
            | OFlag::O_APPEND
            | OFlag::O_CREAT
            | OFlag::O_CLOEXEC
            | OFlag::O_NOFOLLOW;
        let opened =
            openat(&self.dir, self.name.as_os_str(), flags, Mode::from_bits_truncate(mode));
        opened.map(File::from).map_err(|e| told(e, "cannot append to", &self.shown))
    }

    /// Gives the file that is here a second name in its directory.
    ///
    /// # Errors
    /// When nothing is here, or the other name is taken.
    pub fn link(&self, other: &Self) -> io::Result<()> {
        let (from, to) = (self.name.as_os_str(), other.name.as_os_str());
        linkat(&self.dir, from, &other.dir, to, AtFlags::empty())
            .map_err(|e| told(e, "cannot keep a copy of", &self.shown))
    }

    /// Puts the file that is here in the other place, replacing what is there, in one step.
    ///
    /// # Errors
    /// When the directory may not be written.
    pub fn rename(&self, other: &Self) -> io::Result<()> {
        renameat(&self.dir, self.name.as_os_str(), &other.dir, other.name.as_os_str())
            .map_err(|e| told(e, "cannot replace", &other.shown))
    }

    /// Removes the file.
    ///
    /// # Errors
    /// When it is not there, or the directory may not be written.
    pub fn remove(&self) -> io::Result<()> {
        unlinkat(&self.dir, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir)
            .map_err(|e| told(e, "cannot remove", &self.shown))
    }

    /// Makes names in this directory durable.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync_directory(&self) -> io::Result<()> {
        File::from(self.dir.try_clone()?).sync_all()
    }

    /// Whether the process may write the file that is here.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_write(&self) -> io::Result<()> {
        use nix::unistd::{AccessFlags, faccessat};
        let asked = faccessat(
            self.dir.as_fd(),
            self.name.as_os_str(),
            AccessFlags::W_OK,
            AtFlags::AT_EACCESS,
        );
        asked.map_err(|e| told(e, "may not write", &self.shown))
    }

    /// Replaces the file's content in one step, durably; the former owner and mode are kept.
    ///
    /// # Errors
    /// When the directory may not be written, or the disk fails.
    pub fn replace(&self, bytes: &[u8], mode: u32) -> io::Result<()> {
        use std::io::Write;
        let fresh = self.sibling(&format!("{}.new", self.name()))?;
        fresh.remove().unwrap_or_default(); // of a run that was killed
        let mut file = fresh.create(mode)?;
        if let Ok(model) = self.open() {
            same_owner_and_mode(&file, &model)?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fresh.rename(self)?;
        self.sync_directory()
    }

    /// Whether the process may make and replace files in this directory.
    pub fn directory_is_writable(&self) -> bool {
        use nix::unistd::{AccessFlags, faccessat};
        faccessat(self.dir.as_fd(), ".", AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS)
            .is_ok()
    }
}

/// Gives `file` the mode and owner of `model`; a process that may not give files away keeps its own group and user.
///
/// # Errors
/// When the owner differs and may not be kept.
pub fn same_owner_and_mode(file: &File, model: &File) -> io::Result<()> {
    let (own, wanted) = (file.metadata()?, model.metadata()?);
    if (own.uid(), own.gid()) != (wanted.uid(), wanted.gid()) {
        fchown(file, Some(wanted.uid()), Some(wanted.gid()))?;
    }
    file.set_permissions(wanted.permissions())
}

/// Reads at most `limit` bytes; a file that is larger, or grows beyond it, is an error.
///
/// # Errors
/// When it is too large or cannot be read.
pub fn read_limited(file: &File, limit: u64, shown: &Path) -> io::Result<Vec<u8>> {
    let expected = file.metadata()?.len();
    let too_large = || {
        let size = io::Error::other(format!("more than {limit} bytes"));
        told(size, "too large:", shown)
    };
    if expected > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read <= limit) {
        Ok(bytes)
    } else {
        Err(too_large())
    }
}

fn told(error: impl Into<io::Error>, what: &str, path: &Path) -> io::Error {
    let error = error.into();
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}
