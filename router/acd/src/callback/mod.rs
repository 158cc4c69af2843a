//! A callback that keeps the place: a caller hangs up, and a request stands in line instead, exactly where the call stood.
//!
//! A request is a call without a caller. It is ranked, offered and accepted by the same rules as any other; when an agent's
//! phone has answered, the customer's is called, and once that answers it is a call like any other.
//!
//! ```text
//! a waiting caller's key ─▶ Arrived ─▶ Queued ◀──▶ Offered ─ her phone's 2xx ─▶ Dialling ─ customer's 2xx ─▶ Connected
//! by API ─────────────────▶    │ ▲                                                │
//!          not before a time,  ▼ │ due                                            │ not reached; she wraps up
//!          or a pause         Later ◀────────────────────────────────────────────┘
//! ```
//! It ends when the customer has been called as often as the queue wants, when it has stood for too long, when it is
//! withdrawn, and when the customer calls the queue again: the new call takes the place. One request stands for a caller
//! and a queue at most. Each attempt that did not reach the customer is a visit of its own, left as `not_reached`.
//!
//! Who is called stays outside: the log knows the request by its id and the customer by the reference.

mod course;
mod request;

use crate::{Acd, Call, CallId, CallerRef, QueueNo, Timestamp, routing::Attributes, time::as_micros};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Most requests that stand at the same time, in all queues.
pub const MAX_STANDING: usize = 10_000;
/// How long a customer's phone rings where the rules do not say so any more.
const RING: Duration = Duration::from_secs(30);
/// How an agent's time is called in records while the customer's phone rings.
const DIALLING: &str = "dialling";

/// How a queue calls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackPlan {
    /// How often a customer is called at most.
    pub attempts: u32,
    /// Between an attempt that did not reach the customer and the next time in line.
    #[serde(with = "as_micros")]
    pub pause: Duration,
    /// How long the customer's phone may ring.
    #[serde(with = "as_micros")]
    pub ring: Duration,
    /// How long a request stands at most.
    #[serde(with = "as_micros")]
    pub stands: Duration,
}

/// What is remembered of a request, beside what is remembered of any call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// In which queue it stands.
    pub queue: QueueNo,
    /// The call whose caller asked for it; none when it was asked for by API.
    pub of: Option<CallId>,
    /// The customer is not called before.
    pub not_before: Option<Timestamp>,
    /// When it is given up, as promised when it was asked for.
    pub expires: Timestamp,
    /// Since when its waiting counts for the queue's steps; none until it has been in line.
    pub counts_from: Option<Timestamp>,
    /// How often the customer has been called.
    pub attempts: u32,
    /// When the last attempt ended that did not reach the customer.
    pub missed: Option<Timestamp>,
    /// Whether the customer has been reached: from then on there is a caller.
    pub reached: bool,
}

/// A request that does not come from a waiting caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// Its new id.
    pub call: CallId,
    /// In which queue.
    pub queue: QueueNo,
    /// Who is to be called.
    pub caller: CallerRef,
    /// 1 (low) to 10 (high).
    pub priority: u8,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What is known of it: attributes of the plan and their values, no free text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Attributes,
}

/// Requests by whose and where they are: one for a caller and a queue. Derived from the calls.
pub type Standing = BTreeMap<(CallerRef, QueueNo), CallId>;

impl Call {
    /// The request it is or was.
    #[must_use]
    pub fn callback(&self) -> Option<&Callback> {
        self.callback.as_deref()
    }
    /// The request that it is, while nobody is there but us.
    #[must_use]
    pub fn request(&self) -> Option<&Callback> {
        self.callback().filter(|callback| !callback.reached)
    }
    /// Whether nobody is there but us: the customer is still to be called.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.request().is_some()
    }
    /// Whose request it is, and where.
    pub(crate) fn standing(&self) -> Option<(CallerRef, QueueNo)> {
        self.caller.zip(self.request().map(|request| request.queue))
    }
}

impl Acd {
    /// Every request that stands, oldest first.
    pub fn requests(&self) -> impl Iterator<Item = &Call> {
        self.calls().filter(|call| call.is_request())
    }
    /// The request of a caller in a queue.
    #[must_use]
    pub fn request_of(&self, caller: CallerRef, queue: QueueNo) -> Option<CallId> {
        self.standing.get(&(caller, queue)).copied()
    }
    pub(crate) fn callback_plan(&self, queue: QueueNo) -> Option<CallbackPlan> {
        self.rules.queue(queue)?.plan.callback
    }
    /// Since when the waiting of a visit that begins now counts for steps, if not from now on.
    pub(crate) fn counts_from(&mut self, id: CallId, now: Timestamp) -> Option<Timestamp> {
        let request = self.calls.get_mut(&id)?.callback.as_deref_mut().filter(|request| !request.reached)?;
        let from = *request.counts_from.get_or_insert(now);
        (from != now).then_some(from)
    }
    pub(crate) fn rebuild_standing(&mut self) {
        let of = |call: &Call| Some((call.standing()?, call.id));
        self.standing = self.calls.values().filter_map(of).collect();
    }
}
