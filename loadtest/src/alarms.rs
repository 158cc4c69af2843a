//! When each call wants to be looked at next.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    time::Instant,
};

/// One alarm a key; setting another moves it.
#[derive(Debug)]
pub(crate) struct Alarms<K> {
    due: BTreeSet<(Instant, K)>,
    of: HashMap<K, Instant>,
}

impl<K: Copy + Ord + Hash> Alarms<K> {
    pub(crate) fn new() -> Self {
        Self { due: BTreeSet::new(), of: HashMap::new() }
    }
    /// Sets, moves or (with `None`) removes the alarm of `key`.
    pub(crate) fn set(&mut self, key: K, at: Option<Instant>) {
        if self.of.get(&key).copied() == at {
            return;
        }
        if let Some(old) = self.of.remove(&key) {
            self.due.remove(&(old, key));
        }
        if let Some(at) = at {
            self.of.insert(key, at);
            self.due.insert((at, key));
        }
    }
    /// When the next one rings.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _key)| *at)
    }
    /// Takes one that has rung.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        let &(at, key) = self.due.first()?;
        (at <= now).then(|| {
            self.set(key, None);
            key
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn alarms_ring_in_order_and_move() {
        let now = Instant::now();
        let later = |ms| now + Duration::from_millis(ms);
        let mut alarms = Alarms::new();
        alarms.set(1, Some(later(30)));
        alarms.set(2, Some(later(10)));
        alarms.set(1, Some(later(5)));
        alarms.set(3, Some(later(1)));
        alarms.set(3, None);
        assert_eq!(alarms.next(), Some(later(5)));
        assert_eq!(alarms.pop(now), None);
        assert_eq!(
            (alarms.pop(later(20)), alarms.pop(later(20)), alarms.pop(later(20))),
            (Some(1), Some(2), None)
        );
    }
}
