//! Seeds from what they are for: the same question gives the same random numbers, another question others.

use sha2::{Digest as _, Sha256};

/// The seed of a computation: of the event, the artifact and the revisions that go in, say.
///
/// The first eight bytes of the SHA-256 of the parts, each after its length, so that no two lists of parts look alike.
pub fn of(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}
