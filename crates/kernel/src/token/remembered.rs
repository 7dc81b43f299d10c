//! Tokens that were verified already.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use jiff::Timestamp;

use super::{LEEWAY, Verified};
use crate::bounded::Bounded;

/// How many verified tokens are remembered: about 5 MB, and more callers than one node serves at a time.
const CAPACITY: usize = 10_000;

/// Verified tokens by their SHA-256, good for one generation of keys.
pub(super) struct Remembered(Mutex<Memory>);

struct Memory {
    generation: u64,
    tokens: Bounded<[u8; 32], Known>,
}

struct Known {
    verified: Verified,
    key_until: Option<Instant>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(Memory { generation: 0, tokens: Bounded::new(CAPACITY) }))
    }
}

impl Remembered {
    /// What the token of that print proved, if it still does under the keys of `generation`.
    pub(super) fn get(
        &self,
        generation: u64,
        print: &[u8; 32],
        now: Timestamp,
    ) -> Option<Verified> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.generation != generation {
            return None;
        }
        let known = memory.tokens.get(print)?;
        let good = now < known.verified.expires + LEEWAY
            && known.key_until.is_none_or(|until| Instant::now() < until);
        good.then(|| known.verified.clone())
    }

    /// Remembers what was verified with a key of `generation`; the first token of a newer one clears the rest.
    pub(super) fn keep(
        &self,
        generation: u64,
        print: [u8; 32],
        verified: &Verified,
        key_until: Option<Instant>,
    ) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generation < memory.generation {
            return;
        }
        if generation > memory.generation {
            memory.generation = generation;
            memory.tokens.clear();
        }
        memory.tokens.insert(print, Known { verified: verified.clone(), key_until });
    }
}
