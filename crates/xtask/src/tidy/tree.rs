//! The text files of the workspace, in memory: a rule is tested on a few lines of planted text.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

/// Path (relative, with `/`) and content of every text file that git tracks or would track.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Binary files are left out: no rule reads them, and none may link to a file that is not here.
    pub(crate) fn read(workspace: &Path) -> Result<Self> {
        let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
        let files = crate::git(workspace, &list)?
            .lines()
            .filter_map(|path| {
                let bytes = std::fs::read(workspace.join(path)).ok()?; // deleted, not yet staged
                Some((path.to_owned(), String::from_utf8(bytes).unwrap_or_default()))
            })
            .collect();
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(owned).collect() }
    }

    /// Every file, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose name ends so, for example `.rs`.
    pub(crate) fn ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(suffix))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether a file or a folder of that path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.files.keys().any(|file| file == path || file.starts_with(&folder))
    }
}

/// The crate that a file belongs to: the folder under `crates/`.
pub(crate) fn crate_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split_once('/').map(|(name, _)| name)
}
