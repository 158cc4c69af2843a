//! What a desk is answered.

use crate::CallId;

/// What became of a command from a desk: the reply to it.
pub type Verdict = Result<Taken, CommandError>;

/// A command was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is done.
    Now,
    /// It will be done when the call that occupies the agent is over, or when her phone agrees.
    Pending,
}

/// A command from a desk that cannot be done: her mistake, or she came too late.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No agent of this number is in the plan.
    #[error("no such agent")]
    NoSuchAgent,
    /// There is no such offer to her (any more).
    #[error("there is no offer of {call} to you; it was withdrawn or taken")]
    OfferGone {
        /// The call.
        call: CallId,
    },
    /// She accepts at her phone.
    #[error("you accept calls at your phone, not at the desk")]
    AnswerAtPhone,
    /// She is not in that call (any more).
    #[error("you are not in {call}; it has ended")]
    NotInCall {
        /// The call.
        call: CallId,
    },
    /// Her caller is on hold already.
    #[error("{call} is on hold already")]
    AlreadyHeld {
        /// The call.
        call: CallId,
    },
    /// Her caller is not on hold.
    #[error("{call} is not on hold")]
    NotHeld {
        /// The call.
        call: CallId,
    },
    /// Nobody and nothing is called so.
    #[error("there is no queue, no agent and no number of that name")]
    NoSuchTarget,
    /// No rule allows that number.
    #[error("calls to that number are not allowed here; ask your administrator")]
    NumberRefused,
    /// The agent cannot take the call now.
    #[error("{agent} cannot take a call now ({state}); try a queue")]
    AgentNotReady {
        /// Who.
        agent: String,
        /// What she is doing.
        state: &'static str,
    },
    /// Nobody in that queue is free.
    #[error("nobody in {queue} is free now; give the caller to the queue, or try later")]
    NobodyFree {
        /// Which queue.
        queue: String,
    },
    /// She asks somebody about that call.
    #[error("you are consulting about {call}; put the caller through, or go back first")]
    Consulting {
        /// The call.
        call: CallId,
    },
    /// She asks nobody about that call.
    #[error("you are not consulting about {call}; it is over")]
    NotConsulting {
        /// The call.
        call: CallId,
    },
    /// She named herself.
    #[error("you have that call already")]
    ToYourself,
    /// She is not wrapping that call up.
    #[error("you are not wrapping up {call}")]
    NotWrappingUp {
        /// The call.
        call: CallId,
    },
    /// Her queue gives no more time to wrap up.
    #[error("the wrap-up of {call} is as long as it is; its queue has no wrap_up_extend")]
    WrapUpFixed {
        /// The call.
        call: CallId,
    },
    /// She has had all the time to wrap up that there is.
    #[error("the wrap-up of {call} cannot be made longer")]
    WrapUpExhausted {
        /// The call.
        call: CallId,
    },
    /// A supervisor wants somebody ready, or at work, who is not there.
    #[error("she has no desktop open; she has to sign in first")]
    NotAtHerDesk,
    /// A supervisor wants somebody logged out who is always present.
    #[error("she is always present and cannot be logged out; set her not_ready instead")]
    AlwaysPresent,
    /// She has not signed in.
    #[error("sign in first")]
    LoggedOut,
    /// The reason code is empty, too long or has odd characters.
    #[error("a reason code has 1 to 32 letters, digits, `_` or `-`")]
    BadReason,
    /// A priority is not from 1 to 10.
    #[error("a priority is a number from 1 to 10")]
    BadPriority,
    /// Nobody is called back in that queue.
    #[error("nobody is called back in {queue}; its rules have no callback")]
    NobodyCalledBack {
        /// Which queue.
        queue: String,
    },
    /// Nobody knows whom to call.
    #[error("the caller of {call} has withheld the number, or has none that can be called")]
    NumberUnknown {
        /// The call.
        call: CallId,
    },
    /// One request for a caller and a queue is enough.
    #[error("{call} stands for that caller in that queue already")]
    RequestStands {
        /// That request.
        call: CallId,
    },
    /// There is no such request (any more).
    #[error("{call} is no request for a callback, or it is over")]
    NoSuchRequest {
        /// What was meant.
        call: CallId,
    },
    /// So many are enough.
    #[error("too many requests for callbacks stand already; withdraw some, or try later")]
    TooManyRequests,
    /// The call is over, or with somebody already.
    #[error("{call} does not wait (any more)")]
    NotWaiting {
        /// The call.
        call: CallId,
    },
}

impl CommandError {
    /// The code in the reply.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchAgent => "no_such_agent",
            Self::OfferGone { .. } => "offer_gone",
            Self::AnswerAtPhone => "answer_at_phone",
            Self::NotInCall { .. } => "not_in_call",
            Self::AlreadyHeld { .. } => "already_held",
            Self::NotHeld { .. } => "not_held",
            Self::NoSuchTarget => "no_such_target",
            Self::NumberRefused => "number_refused",
            Self::AgentNotReady { .. } => "agent_not_ready",
            Self::NobodyFree { .. } => "nobody_free",
            Self::Consulting { .. } => "consulting",
            Self::NotConsulting { .. } => "not_consulting",
            Self::ToYourself => "to_yourself",
            Self::NotWrappingUp { .. } => "not_wrapping_up",
            Self::WrapUpFixed { .. } => "wrap_up_fixed",
            Self::WrapUpExhausted { .. } => "wrap_up_exhausted",
            Self::NotAtHerDesk => "not_at_her_desk",
            Self::AlwaysPresent => "always_present",
            Self::LoggedOut => "logged_out",
            Self::BadReason => "bad_reason",
            Self::BadPriority => "bad_priority",
            Self::NotWaiting { .. } => "not_waiting",
            Self::NobodyCalledBack { .. } => "nobody_called_back",
            Self::NumberUnknown { .. } => "number_unknown",
            Self::RequestStands { .. } => "request_stands",
            Self::NoSuchRequest { .. } => "no_such_request",
            Self::TooManyRequests => "too_many_requests",
        }
    }
}
