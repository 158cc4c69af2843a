//! The rows, as the fold makes them and the reader gives them back.

use super::AuditRow;
use acd::{CallId, CallerRef, Timestamp};
use std::sync::Arc;

/// A queue's name or an agent's id.
pub type Name = Arc<str>;

/// One row of `calls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its id.
    pub call: CallId,
    /// What was dialled: a text from outside.
    pub dialled: String,
    /// Who, as a reference.
    pub caller: Option<CallerRef>,
    /// When it reached the entry.
    pub arrived: Timestamp,
    /// The phone's 2xx.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// The conversation without hold.
    pub talk_ms: u64,
    /// `answered`, `transferred`, `abandoned`, `flow_out` or `lost_restart`.
    pub outcome: Name,
    /// Why, where the outcome does not say it all.
    pub reason: Name,
    /// The last queue.
    pub queue: Option<Name>,
    /// Who answered.
    pub agent: Option<Name>,
    /// Visits to queues.
    pub visits: u32,
    /// Offers made.
    pub offers: u32,
    /// 1 (low) to 10 (high).
    pub priority: u8,
}

impl CallRow {
    /// From arrival to the answer, or to the end of a call without one; whole milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> u64 {
        whole_ms(self.arrived, self.answered.unwrap_or(self.ended))
    }
}

/// One row of `queue_entries`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRow {
    /// Which call.
    pub call: CallId,
    /// The how-manieth visit, from 1.
    pub visit: u32,
    /// Which queue.
    pub queue: Name,
    /// When it entered.
    pub entered: Timestamp,
    /// The phone's 2xx.
    pub answered: Option<Timestamp>,
    /// When the visit was over; answered ones end with the conversation.
    pub left: Timestamp,
    /// When the work was over, wrap-up included; none until then, and for visits that were not answered.
    pub handled: Option<Timestamp>,
    /// `answered`, `transferred`, `abandoned`, `flow_out` or `lost_restart`.
    pub outcome: Name,
    /// Why, where the outcome does not say it all.
    pub reason: Name,
    /// Who answered.
    pub agent: Option<Name>,
    /// From entry to the answer, or to the end of an unanswered visit.
    pub wait_ms: u64,
    /// How long the accepted offer rang.
    pub ring_ms: u64,
    /// The conversation without hold.
    pub talk_ms: u64,
    /// On hold.
    pub hold_ms: u64,
    /// After-call work; none until it is over.
    pub wrap_up_ms: Option<u64>,
    /// The disposition she chose.
    pub disposition: Option<String>,
}

/// What a wrap-up adds to its visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapUpRow {
    /// Which call.
    pub call: CallId,
    /// Which visit.
    pub visit: u32,
    /// How long.
    pub wrap_up_ms: u64,
    /// When it ended.
    pub handled: Timestamp,
    /// The disposition she chose.
    pub disposition: Option<String>,
}

/// One row of `offers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// Which call.
    pub call: CallId,
    /// The how-manieth offer of the call, from 1.
    pub attempt: u32,
    /// During which visit.
    pub visit: u32,
    /// In which queue.
    pub queue: Name,
    /// To whom.
    pub agent: Name,
    /// When it was made.
    pub offered: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// `accepted`, `no_answer`, `rejected`, `failed`, `withdrawn` or `restart`.
    pub outcome: Name,
}

/// One row of `transfers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// Which call.
    pub call: CallId,
    /// The visit that ended with it.
    pub visit: u32,
    /// From which queue.
    pub queue: Name,
    /// By whom.
    pub agent: Name,
    /// `queue`, `agent` or `outside`.
    pub kind: Name,
    /// The queue, the agent, or the rule that allowed the number outside.
    pub to: Name,
    /// When she gave the caller away, or began to ask.
    pub at: Timestamp,
    /// When the agent or the number outside answered.
    pub answered: Option<Timestamp>,
    /// When it was known what came of it; of a conversation with a number outside, its end.
    pub ended: Timestamp,
    /// `completed`, `no_answer`, `rejected`, `failed`, `abandoned` or `lost_restart`.
    pub outcome: Name,
    /// SIP status of a refusal.
    pub status: Option<u16>,
    /// Whether the target was asked first.
    pub consulted: bool,
}

/// One row of `agent_states`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanRow {
    /// Who.
    pub agent: Name,
    /// The state's name.
    pub state: Name,
    /// Why, where the state has a reason; empty otherwise.
    pub reason: Name,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// The call she was reserved for, talking to or wrapping up.
    pub call: Option<CallId>,
    /// The queue of that call.
    pub queue: Option<Name>,
}

/// One row of `plans`: the rules that came into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// When.
    pub at: Timestamp,
    /// What.
    pub plan: Arc<acd::Plan>,
}

/// The rows of consecutive entries of the log, written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The first entry in it; 0 when it is empty.
    pub first: u64,
    /// The last entry in it.
    pub last: u64,
    /// The time of the last entry.
    pub last_at: Timestamp,
    /// Calls that ended.
    pub calls: Vec<CallRow>,
    /// Visits that ended.
    pub visits: Vec<VisitRow>,
    /// Wrap-ups that ended.
    pub wrap_ups: Vec<WrapUpRow>,
    /// Offers that ended.
    pub offers: Vec<OfferRow>,
    /// Transfers of which it is known what came of them.
    pub transfers: Vec<TransferRow>,
    /// States that agents left.
    pub spans: Vec<SpanRow>,
    /// Rules that came into force.
    pub plans: Vec<PlanRow>,
    /// What was changed, and by whom.
    pub audit: Vec<AuditRow>,
}

impl Batch {
    /// Whether no entry is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first == 0
    }
    /// How many entries are in it.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        if self.is_empty() { 0 } else { self.last + 1 - self.first }
    }
    /// How far the store follows the log once this is written.
    #[must_use]
    pub const fn followed(&self) -> super::Followed {
        super::Followed { number: self.last, at: self.last_at }
    }
    /// How many rows are in it.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.calls.len()
            + self.visits.len()
            + self.wrap_ups.len()
            + self.offers.len()
            + self.transfers.len()
            + self.spans.len()
            + self.plans.len()
            + self.audit.len()
    }
    /// Counts one more entry in, whether it has rows or not.
    pub const fn take_in(&mut self, number: u64, at: Timestamp) {
        if self.is_empty() {
            self.first = number;
        }
        self.last = number;
        self.last_at = at;
    }
}

/// The whole milliseconds from one instant to another.
pub(super) const fn whole_ms(from: Timestamp, to: Timestamp) -> u64 {
    to.micros().saturating_sub(from.micros()) / 1_000
}
