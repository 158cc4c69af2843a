//! Which of two waiting calls goes first, and by what.

use super::Reason;
use crate::{Acd, Call, CallId, Timestamp, rank::Rank, routing::Sequence};
use serde::Serialize;
use std::time::Duration;

/// Where a call stands among those that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stands {
    /// Which call.
    pub call: CallId,
    /// In which queue.
    pub queue: String,
    /// 1 (low) to 10 (high).
    pub priority: u8,
    /// Since when it stands in line: its arrival, or the earlier one of a caller who came again.
    pub since: Timestamp,
    /// When it reached us.
    pub arrived_at: Timestamp,
    /// What it is compared by where priorities do not decide alone: `since`, later by the queue's `answer_within` where the
    /// order goes by that, and earlier by its priority where that ages.
    pub ranked_at: Timestamp,
}

/// A call went before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Precedence {
    /// By what.
    pub reason: Reason,
    /// The one that went first.
    pub first: Stands,
    /// The other.
    pub other: Stands,
}

impl Acd {
    /// Why one waiting call goes before another; the first has to rank first.
    pub(crate) fn precedence(&self, first: &Call, other: &Call) -> Precedence {
        let reason = self.why_first(first, other);
        Precedence { reason, first: self.stands(first), other: self.stands(other) }
    }

    fn stands(&self, call: &Call) -> Stands {
        Stands {
            call: call.id(),
            queue: self.queue_of(call.id()),
            priority: call.priority(),
            since: call.ranked_from(),
            arrived_at: call.arrived(),
            ranked_at: self.rules.rank(call).compared_at(),
        }
    }

    fn why_first(&self, first: &Call, other: &Call) -> Reason {
        let routing = self.rules.routing();
        let worth_more = first.priority() != other.priority();
        if worth_more && routing.ageing.is_none() {
            return Reason::Priority;
        }
        if self.rules.rank(first).compared_at() == self.rules.rank(other).compared_at() {
            return Reason::SameInstant;
        }
        if worth_more {
            return Reason::Ageing;
        }
        let promises = self.promise(first) != self.promise(other);
        if routing.order == Sequence::ServiceObjective && promises {
            return Reason::Objective;
        }
        let came_later = first.arrived() > other.ranked_from();
        if came_later { Reason::KeptPlace } else { Reason::WaitedLonger }
    }

    fn promise(&self, call: &Call) -> Option<Duration> {
        call.visit.and_then(|visit| self.rules.queue(visit.queue)).map(|rule| rule.plan.answer_within)
    }

    /// Waiting calls that an agent might be offered, who ranks first, without `but`.
    pub(crate) fn open_to(&self, agent: crate::AgentNo, but: CallId) -> Vec<(Rank, &Call)> {
        let open = self.calls().filter(|call| matches!(call.state(), crate::call::CallState::Queued));
        let open = open.filter(|call| call.id() != but && self.bars(call.id(), agent).is_empty());
        let mut open: Vec<(Rank, &Call)> = open.map(|call| (self.rules.rank(call), call)).collect();
        open.sort_unstable_by_key(|&(rank, _)| rank);
        open
    }
}
