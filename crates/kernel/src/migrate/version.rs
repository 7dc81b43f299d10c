//! PostgreSQL versions, and which of them are known to leak rows past a policy.

use std::fmt;

/// First minor version of each major that closes CVE-2025-8713 (planner statistics showed rows that a policy hides).
const FIRST_SAFE: [Version; 3] = [
    Version { major: 15, minor: 14 },
    Version { major: 16, minor: 10 },
    Version { major: 17, minor: 6 },
];

/// A PostgreSQL version, such as 15.18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Decides about the format of a data folder.
    pub major: u32,
    /// The bug-fix release.
    pub minor: u32,
}

/// A version on which tenants could see each other's data, or that Steward was never run on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "PostgreSQL {found} has known holes in row-level security (CVE-2025-8713): install {install} or later"
)]
pub struct Unsupported {
    /// The version found.
    pub found: Version,
    /// The oldest one to install instead.
    pub install: Version,
}

impl Version {
    /// From `server_version_num`, such as 150018.
    pub fn from_number(number: u32) -> Self {
        Self { major: number / 10_000, minor: number % 10_000 }
    }

    /// From what `postgres --version` prints, such as `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    /// A beta counts as minor version 0.
    pub fn parse(line: &str) -> Option<Self> {
        let version =
            line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let mut numbers = version.split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let minor = match version.split_once('.') {
            Some(_) => numbers.next()?.parse().ok()?,
            None => 0,
        };
        Some(Self { major, minor })
    }

    /// # Errors
    /// [`Unsupported`], which names the version to install.
    pub fn supported(self) -> Result<(), Unsupported> {
        let [oldest, ..] = FIRST_SAFE;
        let safe = FIRST_SAFE.into_iter().find(|safe| safe.major == self.major);
        let install = safe.unwrap_or(oldest);
        if self.major > oldest.major && safe.is_none() || self >= install {
            return Ok(());
        }
        Err(Unsupported { found: self, install })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_with_holes_are_refused_with_the_one_to_install() {
        let install = |line: &str| {
            Version::parse(line).unwrap().supported().err().map(|e| e.install.to_string())
        };
        for (line, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", None),
            ("postgres (PostgreSQL) 15.14", None),
            ("postgres (PostgreSQL) 15.13", Some("15.14")),
            ("postgres (PostgreSQL) 16.9 (Ubuntu 16.9-1)", Some("16.10")),
            ("postgres (PostgreSQL) 17.6", None),
            ("postgres (PostgreSQL) 18beta3", None),
            ("postgres (PostgreSQL) 18.0", None),
            ("postgres (PostgreSQL) 13.22", Some("15.14")),
        ] {
            assert_eq!(install(line).as_deref(), expected, "{line}");
        }
        assert_eq!(Version::from_number(150_018).to_string(), "15.18");
        assert_eq!(Version::parse("postgres"), None);
    }
}
