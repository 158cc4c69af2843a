//! Waits that callers were told, until it is known whether they were true.
//!
//! What is remembered ends with the process: who was told something by the one before is not counted.

use crate::metrics::Came;
use acd::{CallId, QueueNo, Timestamp};
use std::collections::BTreeMap;

/// Waits remembered of one caller: those told before them are not counted.
const OF_A_CALL: usize = 32;

/// A caller was told to be answered by then.
#[derive(Clone, Copy, Debug)]
struct Promise {
    queue: QueueNo,
    by: Timestamp,
}

/// Everything that callers who still wait were told.
#[derive(Debug, Default)]
pub(super) struct Promises {
    open: BTreeMap<CallId, Vec<Promise>>,
    known: Vec<(QueueNo, Came)>,
}

impl Promises {
    /// A caller was told to be answered by then.
    pub(super) fn told(&mut self, call: CallId, queue: QueueNo, by: Timestamp) {
        let open = self.open.entry(call).or_default();
        if open.len() < OF_A_CALL {
            open.push(Promise { queue, by });
        }
    }
    /// An agent has answered the caller.
    pub(super) fn answered(&mut self, call: CallId, now: Timestamp) {
        self.end(call, |promise| if now <= promise.by { Came::True } else { Came::Late });
    }
    /// The caller is gone, or was put through otherwise.
    pub(super) fn gone(&mut self, call: CallId, now: Timestamp) {
        self.end(call, |promise| if now <= promise.by { Came::Unknown } else { Came::Late });
    }
    /// What has become known since it was asked last.
    pub(super) fn take_known(&mut self) -> Vec<(QueueNo, Came)> {
        std::mem::take(&mut self.known)
    }
    fn end(&mut self, call: CallId, came: impl Fn(&Promise) -> Came) {
        let promises = self.open.remove(&call).unwrap_or_default();
        self.known.extend(promises.iter().map(|promise| (promise.queue, came(promise))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_true_late_or_unknown() {
        let (mut promises, queue) = (Promises::default(), QueueNo(3));
        let (call, at) = (CallId::from_u128, |seconds: u64| Timestamp(seconds * 1_000_000));
        for number in 0..3 {
            promises.told(call(number), queue, at(60));
            promises.told(call(number), queue, at(90));
        }
        promises.answered(call(0), at(75));
        assert_eq!(promises.take_known(), [(queue, Came::Late), (queue, Came::True)]);
        promises.gone(call(0), at(80));
        assert!(promises.take_known().is_empty(), "an answer is the end of it");
        promises.gone(call(1), at(75));
        assert_eq!(promises.take_known(), [(queue, Came::Late), (queue, Came::Unknown)]);
        (0..100).for_each(|_| promises.told(call(2), queue, at(60)));
        promises.answered(call(2), at(60));
        assert_eq!(promises.take_known().len(), OF_A_CALL);
    }
}
