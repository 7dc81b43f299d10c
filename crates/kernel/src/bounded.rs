//! A map with a bound: when it is full, what was not used since the last time it was full goes.

use std::{collections::HashMap, hash::Hash};

/// Two generations of entries. Each use moves an entry to the young one; a full young one becomes the old one, and the
/// old one is dropped. Every operation costs one or two look-ups: no list of uses to keep.
pub(crate) struct Bounded<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    /// A map that never holds more than `capacity` entries (at least 2).
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (capacity / 2).max(1) }
    }

    /// The entry of `key`, which counts as a use of it.
    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.insert(key, value);
        }
        self.young.get(key)
    }

    /// Keeps `value` under `key`, in place of what was there.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn what_is_used_stays_and_the_bound_holds() {
        let mut map = Bounded::new(10);
        map.insert(0, "kept");
        for n in 1..1000 {
            map.insert(n, "passing");
            assert_eq!(map.get(&0), Some(&"kept"));
            assert!(map.young.len() + map.old.len() <= 10);
        }
        assert_eq!(map.get(&1), None);
        map.clear();
        assert_eq!(map.get(&0), None);
    }
}
