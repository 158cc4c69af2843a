//! In which order waiting calls are served, whatever queue they are in.
//!
//! By priority, then by who has waited longest; or by whose `answer_within` ends first. With ageing one level of
//! priority is worth so much waiting time, and no more: a call is served before one of the highest priority that came
//! 9 × ageing later. Nothing in a [`Rank`] moves with time, so that an ordered set of them stays in order, and nobody
//! starves.

use crate::{
    Call, CallId, Timestamp,
    routing::{Routing, Sequence},
    time::micros,
};
use std::time::Duration;

/// The order in which waiting calls are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// 0 for all where priorities age.
    after_priority: u8,
    /// Microseconds since the epoch.
    due: i64,
    /// The call.
    pub call: CallId,
}

impl Rank {
    /// What it is compared by among calls of the same priority, or of all where priorities age.
    #[must_use]
    pub fn compared_at(&self) -> Timestamp {
        Timestamp(u64::try_from(self.due).unwrap_or(0))
    }
}

/// Its place among all waiting calls, in a queue that promises to answer within so long.
#[must_use]
pub fn rank(call: &Call, answer_within: Duration, routing: &Routing) -> Rank {
    let promise = match routing.order {
        Sequence::ServiceObjective if bug!(ObjectiveForgotten) => Duration::ZERO,
        Sequence::LongestWaiting => Duration::ZERO,
        Sequence::ServiceObjective => answer_within,
    };
    let due = signed(call.ranked_from().micros()).saturating_add(signed(micros(promise)));
    match routing.ageing {
        None => Rank { after_priority: u8::MAX - call.priority(), due, call: call.id() },
        Some(ageing) => {
            let levels = i64::from(call.priority()) - 1;
            let levels = if bug!(AgeingSignWrong) { -levels } else { levels };
            let ahead = signed(micros(ageing)).saturating_mul(levels);
            Rank { after_priority: 0, due: due.saturating_sub(ahead), call: call.id() }
        }
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
