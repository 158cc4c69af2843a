//! What an agent is doing, and how she passes from one state to the next.
//!
//! ```text
//!              signs in                 ready                 offer
//! LoggedOut ─────────────▶ NotReady ◀──────────▶ Ready ◀──────────────▶ Reserved
//!     ▲                       ▲  not ready, desk lost   withdrawn │        │ the phone's 2xx
//!     │                       │  phone unreachable                │        │
//!     │ logs out              │ rona, rejected, phone_failed ◀────┘        ▼
//!     └───────────────────────┴──────────── WrapUp ◀────────────────── Talking
//!                                       done or timed out    hang-up
//! ```

use crate::{CallId, OfferId, QueueNo, Timestamp, event::Wish};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest reason code of a site's own, in bytes.
pub const MAX_REASON: usize = 32;

/// What an agent is doing. Each state carries only what is true in that state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Not at work.
    LoggedOut,
    /// At work, but not for calls.
    NotReady {
        /// Why.
        reason: NotReadyReason,
        /// When she is ready again by herself (`presence = "always"`); otherwise she has to say so.
        until: Option<Timestamp>,
    },
    /// Waiting for a call.
    Ready {
        /// Since when she is idle; kept when an offer is withdrawn and when a desktop comes back in time.
        since: Timestamp,
    },
    /// A call is on offer to her.
    Reserved {
        /// Which offer.
        offer: OfferId,
        /// From which queue.
        queue: QueueNo,
        /// Since when she was idle before.
        ready_since: Timestamp,
        /// What comes after.
        then: Next,
    },
    /// She talks to a caller.
    Talking {
        /// Which offer she accepted.
        offer: OfferId,
        /// From which queue.
        queue: QueueNo,
        /// Since when she was idle before the call.
        ready_since: Timestamp,
        /// What comes after.
        then: Next,
    },
    /// After-call work.
    WrapUp {
        /// Which call.
        call: CallId,
        /// Which visit of it.
        visit: u32,
        /// From which queue.
        queue: QueueNo,
        /// When it ends by itself.
        ends: Timestamp,
        /// Until when she may make it last; none where it is as long as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<Timestamp>,
        /// What comes after.
        then: Next,
        /// Nobody was talked to: the customer who was to be called back was not reached.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unreached: bool,
    },
}

/// Why an agent takes no calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotReadyReason {
    /// She has just signed in.
    SignedIn,
    /// She did not answer.
    Rona,
    /// She or her phone refused.
    Rejected,
    /// Her phone could not be reached.
    PhoneFailed,
    /// Her last desktop went away.
    Disconnected {
        /// Ready again, idle since `ready_since`, if a desktop is back by `until`.
        back: Option<Comeback>,
    },
    /// The router started again while she had a call.
    Restart,
    /// She would be ready, but nothing answers where her phone is. She is when it does.
    PhoneUnreachable {
        /// Her idle time goes on from here.
        ready_since: Timestamp,
    },
    /// A reason code of the site's own.
    Site {
        /// The code.
        code: String,
    },
}

/// What a desktop that returns in time restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Comeback {
    /// Her idle time goes on from here.
    pub ready_since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// What follows the call that occupies an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Ready again, by itself.
    #[default]
    Ready,
    /// What she asked for meanwhile; the last wish wins.
    Asked(Wish),
}

impl AgentState {
    /// The name everywhere outside.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::NotReady { .. } => "not_ready",
            Self::Ready { .. } => "ready",
            Self::Reserved { .. } => "reserved",
            Self::Talking { .. } => "talking",
            Self::WrapUp { .. } => "wrap_up",
        }
    }
    /// Why, where the state has a reason.
    #[must_use]
    pub const fn reason(&self) -> Option<&NotReadyReason> {
        match self {
            Self::NotReady { reason, .. } => Some(reason),
            Self::LoggedOut
            | Self::Ready { .. }
            | Self::Reserved { .. }
            | Self::Talking { .. }
            | Self::WrapUp { .. } => None,
        }
    }
    /// The call that occupies her.
    #[must_use]
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::Reserved { offer, .. } | Self::Talking { offer, .. } => Some(offer.call),
            Self::WrapUp { call, .. } => Some(*call),
            Self::LoggedOut | Self::NotReady { .. } | Self::Ready { .. } => None,
        }
    }
    /// The queue of that call.
    #[must_use]
    pub const fn queue(&self) -> Option<QueueNo> {
        match self {
            Self::Reserved { queue, .. } | Self::Talking { queue, .. } | Self::WrapUp { queue, .. } => {
                Some(*queue)
            }
            Self::LoggedOut | Self::NotReady { .. } | Self::Ready { .. } => None,
        }
    }
    /// Whether a call occupies her: reserved, talking, wrap-up.
    #[must_use]
    pub const fn is_handling(&self) -> bool {
        match self {
            Self::Reserved { .. } | Self::Talking { .. } | Self::WrapUp { .. } => true,
            Self::LoggedOut | Self::NotReady { .. } | Self::Ready { .. } => false,
        }
    }
}

impl NotReadyReason {
    /// The code everywhere outside.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Rona => "rona",
            Self::Rejected => "rejected",
            Self::PhoneFailed => "phone_failed",
            Self::Disconnected { .. } => "disconnected",
            Self::Restart => "restart",
            Self::PhoneUnreachable { .. } => "phone_unreachable",
            Self::Site { code } => code,
        }
    }
}

/// How occupied an agent has been lately: her handling time (talk, hold, wrap-up; a phone that merely rings is no work), decayed with the time constant [`Workload::TAU`].
///
/// While agents idle, all decay alike, so their order does not change: [`Workload::key`], taken when she becomes
/// ready, orders them for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Decayed handling time in seconds, as it stood at `at`.
    seconds: f64,
    #[serde(rename = "at")]
    at: Timestamp,
}

impl Workload {
    /// How fast handling time is forgotten.
    pub const TAU: Duration = Duration::from_secs(1_800);
    const SCALE: f64 = 4_294_967_296.0;

    /// Adds handling from `from` to `to`.
    pub fn add(&mut self, from: Timestamp, to: Timestamp) {
        let tau = Self::TAU.as_secs_f64();
        let share = |earlier: Timestamp| libm::exp(-to.since(earlier).as_secs_f64() / tau);
        self.seconds = self.seconds * share(self.at) + tau * (1.0 - share(from));
        self.at = to;
    }
    /// The decayed handling time at `now`, in seconds.
    #[must_use]
    pub fn seconds_at(&self, now: Timestamp) -> f64 {
        self.seconds * libm::exp(-now.since(self.at).as_secs_f64() / Self::TAU.as_secs_f64())
    }
    /// When the decayed handling time comes down to so many seconds, to the microsecond above; its last change if it is
    /// below already.
    #[must_use]
    pub fn down_to(&self, seconds: f64) -> Timestamp {
        if self.seconds <= seconds || seconds <= 0.0 {
            return self.at;
        }
        let after = Self::TAU.as_secs_f64() * libm::log(self.seconds / seconds);
        Timestamp(self.at.micros().saturating_add(libm::ceil(after * 1e6) as u64))
    }
    /// ln(B) + t/τ in fixed point (2⁻³²): smaller is less occupied, at any later time alike.
    ///
    /// `libm` and not the platform's logarithm, so that every machine orders alike.
    #[must_use]
    pub fn key(&self) -> i64 {
        if self.seconds <= 0.0 {
            return i64::MIN;
        }
        let age = self.at.micros() as f64 / 1e6 / Self::TAU.as_secs_f64();
        ((libm::log(self.seconds) + age) * Self::SCALE) as i64
    }
}

/// Time an agent has to come back with a desktop and be ready as before.
pub const COMEBACK: Duration = Duration::from_secs(30);
/// Time a phone has to answer by itself after its agent accepted at the desk.
pub const AUTO_ANSWER: Duration = Duration::from_secs(5);
