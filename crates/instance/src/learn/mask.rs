//! Takes out of a text what is its source's own: numbers, paths, addresses, and every word that is not on a fixed list.
//!
//! What stays is what is known to be harmless; a list of what to hide would forget something.

use std::{collections::HashSet, sync::LazyLock};

use crate::{generate, redact};

/// The longest line seen in a real log had 646 characters.
const MAX_CHARS: usize = 700;
/// So many names without a known word between them are a text of somebody's own.
const NAMES_OF_A_TEXT: usize = 3;
/// Stands for a number until all of its occurrences are seen; no text holds it, for control characters are dropped.
const NUMBER: char = '\u{1}';
/// A number up to this, or a year, that is the same in so many entries belongs to the wording.
const CONSTANT_MAX: u16 = 999;
const YEARS: std::ops::RangeInclusive<u16> = 1990..=2099;
const CONSTANT_FROM: u64 = 8;
/// A longer number has so many digits when it is made anew.
const MAX_DIGITS: usize = 18;

/// The product's words, in its own templates and in a list.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let own = generate::texts().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let words = own.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    words.chain(include_str!("words.txt").split_ascii_whitespace()).collect()
});

/// A text in which slots stand for what is the source's own.
#[derive(Debug, Default)]
pub(super) struct Masked {
    pub(super) text: String,
    pub(super) numbers: Vec<Number>,
}

/// How long a number is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    from: u8,
    to: u8,
    /// As long as it is short and always the same.
    value: Option<u16>,
}

impl Number {
    fn of(digits: &str) -> Self {
        let count = u8::try_from(digits.len().min(MAX_DIGITS)).unwrap_or(1);
        let value = Some(digits).filter(|digits| *digits == "0" || !digits.starts_with('0'));
        let value = value.and_then(|digits| digits.parse().ok());
        let value = value.filter(|value| *value <= CONSTANT_MAX || YEARS.contains(value));
        Self { from: count, to: count, value }
    }

    /// Takes what `other` may be for possible too.
    pub(super) fn widen(&mut self, other: Self) {
        (self.from, self.to) = (self.from.min(other.from), self.to.max(other.to));
        self.value = self.value.filter(|value| other.value == Some(*value));
    }

    fn slot(self, count: u64) -> String {
        match self.value {
            Some(value) if count >= CONSTANT_FROM => value.to_string(),
            _ if self.from == self.to => format!("{{n:{}}}", self.from),
            _ => format!("{{n:{}-{}}}", self.from, self.to),
        }
    }
}

/// The lines of a masked text of `count` entries, with their numbers as slots.
pub(super) fn numbered(text: &str, numbers: &[Number], count: u64) -> Vec<String> {
    let mut numbers = numbers.iter();
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(NUMBER) {
        match piece.strip_suffix(NUMBER).zip(numbers.next()) {
            Some((plain, number)) => out = out + plain + &number.slot(count),
            None => out.push_str(piece),
        }
    }
    out.split('\n').map(str::to_owned).collect()
}

/// Masks a line and adds it.
pub(super) fn mask(line: &[u8], into: &mut Masked) {
    let line: String = String::from_utf8_lossy(line).chars().take(MAX_CHARS).collect();
    let line = redact::text(&line);
    let mut pieces = Pieces::default();
    let mut rest = line.as_str();
    while !rest.is_empty() {
        let blanks = rest.len() - rest.trim_start().len();
        let (blank, after) = rest.split_at(blanks);
        pieces.between(blank);
        let (token, after) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
        pieces.token(token);
        rest = after;
    }
    pieces.write(into);
}

#[derive(Debug)]
enum Piece {
    /// On the list.
    Word(String),
    /// Blanks and punctuation.
    Between(String),
    /// A word that is not on the list.
    Name,
    Number(Number),
    Slot(&'static str),
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn between(&mut self, text: &str) {
        let plain: String = text.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        if !plain.is_empty() {
            self.0.push(Piece::Between(plain));
        }
    }

    /// What stands between blanks.
    fn token(&mut self, token: &str) {
        let inner = token.trim_start_matches(is_mark);
        let core = inner.trim_end_matches(|c| is_mark(c) || c == '.');
        let (lead, tail) = (token.len() - inner.len(), inner.len() - core.len());
        self.between(token.get(..lead).unwrap_or_default());
        self.core(core);
        self.between(inner.get(inner.len() - tail..).unwrap_or_default());
    }

    fn core(&mut self, core: &str) {
        if let Some((name, value)) = core.split_once('=') {
            self.token(name);
            self.between("=");
            self.token(value);
        } else if is_like(core, "00/00/0000") {
            self.0.push(Piece::Slot("date"));
        } else if let Some(time) = core.get(..8).filter(|time| is_like(time, "00:00:00")) {
            self.0.push(Piece::Slot("hms"));
            self.units(core.get(time.len()..).unwrap_or_default());
        } else if core.contains(['/', '\\']) && !is_choice(core) {
            let slot = if core.ends_with(['/', '\\']) { "dir" } else { "path" };
            self.0.push(Piece::Slot(slot));
        } else {
            self.units(core);
        }
    }

    /// Words, numbers and dotted names, with the punctuation between them.
    fn units(&mut self, mut rest: &str) {
        while let Some(first) = rest.chars().next() {
            let is_unit = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let end =
                if first == '.' { 1 } else { rest.find(|c| !is_unit(c)).unwrap_or(rest.len()) };
            let (unit, after) = rest.split_at(end.max(first.len_utf8()));
            if is_unit(first) && first != '.' {
                self.unit(unit);
            } else {
                self.between(unit);
            }
            rest = after;
        }
    }

    fn unit(&mut self, unit: &str) {
        let parts: Vec<&str> = unit.split('.').collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if parts.len() == 4 && parts.iter().all(is_number) {
            return self.0.push(Piece::Slot("ip"));
        }
        let plain = |part: &&str| part.is_empty() || is_number(part) || is_known(part);
        if parts.len() > 1 && !parts.iter().all(plain) {
            return self.0.push(Piece::Name);
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.between(".");
            }
            self.word(part);
        }
    }

    fn word(&mut self, word: &str) {
        let (word, hexadecimal) = word.strip_prefix("0x").map_or((word, false), |hex| (hex, true));
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = word.split_at(digits);
        if hexadecimal {
            self.0.push(Piece::Word("0x".to_owned()));
            self.0.push(Piece::Number(Number { value: None, ..Number::of(word) }));
        } else if is_known(word) {
            self.0.push(Piece::Word(word.to_owned()));
        } else if !rest.is_empty() && !is_known(rest) {
            self.0.push(Piece::Name);
        } else if !number.is_empty() {
            self.0.push(Piece::Number(Number::of(number)));
            self.0.extend((!rest.is_empty()).then(|| Piece::Word(rest.to_owned())));
        }
    }

    fn write(&self, into: &mut Masked) {
        let mut rest = self.0.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if matches!(first, Piece::Name)
                && let Some(text) = text_of(rest)
            {
                into.text.push_str("{text}");
                rest = rest.get(text..).unwrap_or_default();
                continue;
            }
            match first {
                Piece::Word(text) | Piece::Between(text) => {
                    into.text.push_str(&text.replace('{', "{{").replace('}', "}}"));
                }
                Piece::Name => into.text.push_str("{name}"),
                Piece::Slot(name) => into.text.extend(["{", name, "}"]),
                Piece::Number(number) => {
                    into.text.push(NUMBER);
                    into.numbers.push(*number);
                }
            }
            rest = after;
        }
    }
}

/// How many pieces at the beginning are a text of somebody's own.
fn text_of(pieces: &[Piece]) -> Option<usize> {
    let own = pieces.iter().take_while(|piece| {
        matches!(piece, Piece::Name | Piece::Between(_) | Piece::Number(_) | Piece::Slot(_))
    });
    let own = own.count();
    let names = |piece: &&Piece| matches!(piece, Piece::Name);
    let pieces = pieces.get(..own)?;
    let last = pieces.iter().rposition(|piece| names(&piece))?;
    (pieces.iter().filter(names).count() >= NAMES_OF_A_TEXT).then_some(last + 1)
}

/// Punctuation around a word.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\'' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ',' | ';' | ':' | '!' | '?'
    )
}

/// `SSL/TLS` is no path.
fn is_choice(core: &str) -> bool {
    core.split(['/', '-']).all(is_known)
}

fn is_like(text: &str, shape: &str) -> bool {
    let fits = |(c, like): (u8, u8)| if like == b'0' { c.is_ascii_digit() } else { c == like };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// As it stands on the list, or with a capital at its beginning; all in capitals it may be a namespace.
fn is_known(word: &str) -> bool {
    let lower = || {
        let (first, rest) = word.split_at_checked(1)?;
        let plain = rest.bytes().all(|byte| byte.is_ascii_lowercase());
        (plain && !rest.is_empty()).then(|| first.to_ascii_lowercase() + rest)
    };
    WORDS.contains(word) || lower().is_some_and(|lower| WORDS.contains(lower.as_str()))
}
