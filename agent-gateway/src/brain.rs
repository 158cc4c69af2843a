//! What the gateway asks of the brain, and what the brain tells the gateway.

use acd::{AgentNo, AgentState, CallId, Event, OfferId, Order, Timestamp, Verdict};
use screenpop::caller::Caller;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Where events go. Called from the gateway's tasks: must never wait.
pub trait Brain: Send + Sync + 'static {
    /// Hands an event to the brain. With `reply`, the brain's verdict comes back as [`DeskOrder::Reply`].
    ///
    /// # Errors
    /// [`Busy`] when the brain's queue is full: the command is refused as such, other events are tried again.
    fn try_event(&self, event: Event, reply: Option<ReplyTo>) -> Result<(), Busy>;

    /// Hands a transfer to the brain's side, which knows whom the target means. Otherwise as [`Brain::try_event`].
    ///
    /// # Errors
    /// [`Busy`] when the brain's queue is full.
    fn try_transfer(&self, asked: Transfer, reply: Option<ReplyTo>) -> Result<(), Busy>;

    /// The phone in an agent's browser may register with this password from now on, and with no earlier one.
    ///
    /// # Errors
    /// [`Busy`] when the brain's queue is full, or there are no phones in browsers.
    fn try_admit(&self, admitted: Admitted) -> Result<(), Busy> {
        drop(admitted);
        Err(Busy)
    }

    /// The card of an offer has been written to her socket at `at`.
    fn card_written(&self, offer: OfferId, at: Instant) {
        let _ = (offer, at);
    }

    /// Her desktop says that the first useful fact was on the glass so long after the offer reached it.
    fn card_painted(&self, offer: OfferId, after: Duration) {
        let _ = (offer, after);
    }
}

/// An agent gives her caller away, or asks somebody before she does.
#[derive(Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Who.
    pub agent: AgentNo,
    /// Which call.
    pub call: CallId,
    /// To whom, in her words: see [`acd::Acd::target`]. Perhaps somebody's number.
    pub target: String,
    /// She asks first, while the caller is on hold.
    pub consult: bool,
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, call, target: _, consult } = self;
        let mut shown = f.debug_struct("Transfer");
        shown.field("agent", agent).field("call", call).field("consult", consult).finish_non_exhaustive()
    }
}

/// The phone in an agent's browser, and what it proves itself with for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Whose.
    pub agent: AgentNo,
    /// The password.
    pub password: String,
    /// How long it is good.
    pub good_for: Duration,
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// The brain's queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the brain's queue is full")]
pub struct Busy;

/// Names a command of a desktop, so that the verdict on it finds its way back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyTo {
    /// The session it came from.
    pub session: u64,
    /// The command's id.
    pub command: String,
}

/// What the brain's side tells the gateway.
#[derive(Clone, Debug)]
pub enum DeskOrder {
    /// An order of the brain's. Those for the SIP side are ignored.
    Order(Order),
    /// How an agent stands at the start.
    AgentIs {
        /// Who.
        agent: AgentNo,
        /// What she is doing.
        state: AgentState,
        /// Since when.
        since: Timestamp,
    },
    /// A call arrived: who is calling. The look-up starts now.
    CallerKnown(Box<CallerKnown>),
    /// An agent's phone is being called for an offer.
    AgentLeg {
        /// Which offer.
        offer: OfferId,
        /// Call-ID of her leg.
        sip_call_id: String,
    },
    /// Other agents, or other rules of the site, are in force: [`crate::NewStaff::install`] was called.
    StaffChanged,
    /// What became of a command.
    Reply {
        /// Which.
        to: ReplyTo,
        /// The brain's word.
        verdict: Verdict,
    },
}

/// Who is calling, as the SIP side has seen it.
#[derive(Clone, Debug)]
pub struct CallerKnown {
    /// The call.
    pub call: CallId,
    /// Who; says itself whether the number is withheld.
    pub caller: Caller,
    /// What was dialled.
    pub called: String,
    /// Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// User-to-user information (RFC 7433).
    pub uui: Option<String>,
}

/// The gateway's queue of orders is full: it is stuck, and has to be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the desk gateway's queue of orders is full or closed; restart the gateway")]
pub struct Full;
