//! The first line of an entry.

use super::{Fault, MAX_LINE_BYTES, Rule, Stamp};

/// How bad it is, as the product's own monitoring names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 0: information.
    Info,
    /// 1: warning.
    Warning,
    /// 2: severe; from here on the product notifies.
    Severe,
    /// 3: fatal.
    Fatal,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Severe, Self::Fatal];

    /// The digit in the log.
    #[must_use]
    pub const fn digit(self) -> u8 {
        b'0' + self as u8
    }

    #[inline]
    const fn from_digit(byte: u8) -> Option<Self> {
        match byte {
            b'0' => Some(Self::Info),
            b'1' => Some(Self::Warning),
            b'2' => Some(Self::Severe),
            b'3' => Some(Self::Fatal),
            _ => None,
        }
    }
}

/// The fields of a header, borrowed from its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// When, in the instance's local time.
    pub stamp: Stamp,
    /// The process that wrote it; 0 in logs of older products.
    pub pid: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of event, such as `Utility.Event`.
    pub category: &'a str,
    /// What happened: everything behind the blank, in bytes, for the writers of a log know no encoding. May be empty.
    pub text: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads a line without its end, by the whole grammar.
    ///
    /// # Errors
    /// The first rule that the line breaks.
    pub fn parse(line: &'a [u8]) -> Result<Self, Fault> {
        if line.len() > MAX_LINE_BYTES {
            return Err(Fault { rule: Rule::Length, column: MAX_LINE_BYTES + 1 });
        }
        let header = Self::shaped(line)?;
        header.stamp.exists()?;
        Ok(header)
    }

    /// Reads a line by its shape alone: the 45th of a month passes, for what follows it is still not its continuation.
    #[inline]
    pub(super) fn shaped(line: &'a [u8]) -> Result<Self, Fault> {
        let stamp = Stamp::shaped(line)?;
        let mut rest = Cursor { line, at: Stamp::BYTES };
        rest.take(b' ', Rule::Blank)?;
        let pid = rest.pid()?;
        rest.take(b' ', Rule::Blank)?;
        let severity = rest.severity()?;
        rest.take(b' ', Rule::Blank)?;
        let category = rest.category()?;
        if rest.peek().is_some() {
            rest.take(b' ', Rule::Blank)?;
        }
        Ok(Self { stamp, pid, severity, category, text: rest.rest() })
    }

    /// Whether a line begins like a header: what then breaks a rule is a fault and not a continuation.
    #[must_use]
    pub fn begins(line: &[u8]) -> bool {
        Stamp::shaped(line).is_ok()
    }
}

/// A position in a line.
struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    const fn fault(&self, rule: Rule) -> Fault {
        Fault { rule, column: self.at + 1 }
    }

    #[inline]
    fn take(&mut self, byte: u8, rule: Rule) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault(rule));
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn pid(&mut self) -> Result<u32, Fault> {
        self.take(b'(', Rule::Pid)?;
        let from = self.at;
        let mut pid = 0_u32;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            let next = pid.checked_mul(10).and_then(|pid| pid.checked_add(u32::from(digit - b'0')));
            pid = next.ok_or_else(|| self.fault(Rule::Pid))?;
            self.at += 1;
        }
        if self.at == from {
            return Err(self.fault(Rule::Pid));
        }
        self.take(b')', Rule::Pid)?;
        Ok(pid)
    }

    #[inline]
    fn severity(&mut self) -> Result<Severity, Fault> {
        let severity = self.peek().and_then(Severity::from_digit);
        let severity = severity.ok_or_else(|| self.fault(Rule::Severity))?;
        self.at += 1;
        Ok(severity)
    }

    #[inline]
    fn category(&mut self) -> Result<&'a str, Fault> {
        self.take(b'[', Rule::Category)?;
        let from = self.at;
        loop {
            if !self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
                return Err(self.fault(Rule::Category));
            }
            while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
                self.at += 1;
            }
            if self.peek() != Some(b'.') {
                break;
            }
            self.at += 1;
        }
        let word = self.line.get(from..self.at).unwrap_or_default();
        self.take(b']', Rule::Category)?;
        str::from_utf8(word).map_err(|_| self.fault(Rule::Category))
    }
}
