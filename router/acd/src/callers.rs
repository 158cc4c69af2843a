//! What is remembered of callers who are gone: whom they talked to, and where they stood.
//!
//! Bounded: of too many the oldest are forgotten. Callers are references, never numbers; who withholds the number is
//! not remembered.

use crate::{CallerRef, QueueNo, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most callers remembered.
pub const MAX_REMEMBERED: usize = 100_000;

type Key = (CallerRef, QueueNo);

/// Something about callers, by caller and queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(CallerRef, QueueNo, Timestamp, T)>", into = "Vec<(CallerRef, QueueNo, Timestamp, T)>")]
#[serde(bound(serialize = "T: Copy + Serialize", deserialize = "T: Copy + Deserialize<'de>"))]
pub struct Callers<T: Copy> {
    by_caller: BTreeMap<Key, (Timestamp, T)>,
    by_age: BTreeSet<(Timestamp, Key)>,
}

impl<T: Copy> Default for Callers<T> {
    fn default() -> Self {
        Self { by_caller: BTreeMap::new(), by_age: BTreeSet::new() }
    }
}

impl<T: Copy> Callers<T> {
    /// Remembers something from `at`, instead of what was known before.
    pub fn keep(&mut self, caller: CallerRef, queue: QueueNo, at: Timestamp, what: T) {
        let key = (caller, queue);
        if let Some((before, _)) = self.by_caller.insert(key, (at, what)) {
            self.by_age.remove(&(before, key));
        }
        self.by_age.insert((at, key));
        while self.by_age.len() > MAX_REMEMBERED {
            let Some((_, oldest)) = self.by_age.pop_first() else { return };
            self.by_caller.remove(&oldest);
        }
    }
    /// What is known, and since when.
    #[must_use]
    pub fn get(&self, caller: CallerRef, queue: QueueNo) -> Option<(Timestamp, T)> {
        self.by_caller.get(&(caller, queue)).copied()
    }
    /// Forgets what was known.
    pub fn forget(&mut self, caller: CallerRef, queue: QueueNo) {
        if let Some((at, _)) = self.by_caller.remove(&(caller, queue)) {
            self.by_age.remove(&(at, (caller, queue)));
        }
    }
    /// How much is remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_caller.len()
    }
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_caller.is_empty()
    }
}

impl<T: Copy> From<Vec<(CallerRef, QueueNo, Timestamp, T)>> for Callers<T> {
    fn from(all: Vec<(CallerRef, QueueNo, Timestamp, T)>) -> Self {
        let mut callers = Self::default();
        all.into_iter().for_each(|(caller, queue, at, what)| callers.keep(caller, queue, at, what));
        callers
    }
}

impl<T: Copy> From<Callers<T>> for Vec<(CallerRef, QueueNo, Timestamp, T)> {
    fn from(callers: Callers<T>) -> Self {
        callers.by_caller.into_iter().map(|((caller, queue), (at, what))| (caller, queue, at, what)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(no: u32) -> CallerRef {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&no.to_be_bytes());
        CallerRef(bytes)
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten_and_who_comes_again_is_not_old() {
        let mut callers = Callers::default();
        let most = u32::try_from(MAX_REMEMBERED).unwrap();
        for no in 0..most {
            callers.keep(caller(no), QueueNo(0), Timestamp(u64::from(no)), no);
        }
        callers.keep(caller(0), QueueNo(0), Timestamp(u64::from(most)), 7);
        callers.keep(caller(most), QueueNo(0), Timestamp(u64::from(most)), most);
        assert_eq!(callers.len(), MAX_REMEMBERED);
        assert_eq!(callers.get(caller(0), QueueNo(0)), Some((Timestamp(u64::from(most)), 7)));
        assert_eq!(callers.get(caller(1), QueueNo(0)), None);
        callers.forget(caller(0), QueueNo(0));
        assert_eq!(callers.get(caller(0), QueueNo(0)), None);
        assert_eq!(callers.by_age.len(), callers.len());
    }

    #[test]
    fn it_is_written_and_read_as_it_was() {
        let mut callers = Callers::default();
        callers.keep(caller(9), QueueNo(1), Timestamp(5), 1_u32);
        callers.keep(caller(3), QueueNo(2), Timestamp(4), 2);
        let bytes = rmp_serde::to_vec_named(&callers).unwrap();
        assert_eq!(rmp_serde::from_slice::<Callers<u32>>(&bytes).unwrap(), callers);
    }
}
