//! A map of bounded size: one entry more puts out the one that was written longest ago.

use crate::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// Entries by key, each with the time at which it was written.
pub(crate) struct Aged<K, V> {
    entries: BTreeMap<K, (Micros, V)>,
    by_age: BTreeSet<(Micros, K)>,
    most: usize,
}

impl<K: Ord + Clone, V: Copy> Aged<K, V> {
    pub(crate) const fn with_room_for(most: usize) -> Self {
        Self { entries: BTreeMap::new(), by_age: BTreeSet::new(), most }
    }
    /// When an entry was written, and what.
    pub(crate) fn get(&self, key: &K) -> Option<(Micros, V)> {
        self.entries.get(key).copied()
    }
    /// Writes an entry.
    pub(crate) fn put(&mut self, key: K, value: V, now: Micros) {
        self.remove(&key);
        self.by_age.insert((now, key.clone()));
        self.entries.insert(key, (now, value));
        if self.entries.len() > self.most
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }
    /// Removes an entry.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some((written, _)) = self.entries.remove(key) {
            self.by_age.remove(&(written, key.clone()));
        }
    }
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.by_age.len());
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_longest_ago_is_put_out() {
        let mut aged = Aged::with_room_for(2);
        aged.put('a', 1, Micros(1));
        aged.put('b', 2, Micros(2));
        aged.put('a', 3, Micros(3));
        aged.put('c', 4, Micros(4));
        assert_eq!((aged.get(&'a'), aged.get(&'b'), aged.len()), (Some((Micros(3), 3)), None, 2));
        aged.remove(&'a');
        aged.remove(&'z');
        assert_eq!((aged.get(&'a'), aged.len()), (None, 1));
    }
}
