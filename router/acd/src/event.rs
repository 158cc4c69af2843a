//! What happened: the events of the log, the decisions taken on them, and the entry that holds both.
//!
//! The shape on disk: fields and variants are only ever added, never renamed or given another meaning.

use crate::{AgentNo, CallId, CallerRef, OfferId, Plan, QueueNo, Timestamp, routing::Attributes};
use serde::{Deserialize, Serialize};

/// Most reasons for a priority.
pub const MAX_REASONS: usize = 8;

/// One line of the log: an event, when it was taken up, and what was decided on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    #[serde(rename = "n")]
    pub number: u64,
    /// The `now` the brain was given.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What happened.
    #[serde(rename = "e")]
    pub event: Event,
    /// What was decided on it, in order.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// Longest name of whoever changed the rules, in bytes.
pub const MAX_SIGNATURE: usize = 80;

/// A fact from outside, in the past tense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// These rules are in force from now on.
    PlanChanged {
        /// The whole new plan.
        plan: Box<Plan>,
    },
    /// Somebody changed the rules while the process ran; the change is the entry behind this one. Changes nothing itself.
    PlanSigned {
        /// Who, or by which way: at most [`MAX_SIGNATURE`] bytes.
        by: String,
    },
    /// The process started again: no live call of before can be served, no desktop is connected. Only in logs of
    /// before [`Event::Returned`].
    Restarted,
    /// The process started again and goes on with the calls of before; no desktop is connected.
    Returned {
        /// Calls whose caller cannot be reached any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<CallId>,
        /// Accepted offers, and legs outside that had answered, whose phone is not there any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        silent: Vec<OfferId>,
    },
    /// The wall clock was set while we ran. Timers ignore it.
    ClockStepped {
        /// By how much, in microseconds; negative is back.
        by_us: i64,
    },
    /// A caller reached a configured entry.
    CallArrived {
        /// Its new id.
        call: CallId,
        /// User part of the Request-URI.
        dialled: String,
        /// Who it is, if the number was given and not withheld.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<CallerRef>,
        /// What is known of it: attributes of the plan and their values, no free text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attributes: Attributes,
    },
    /// A call is worth more or less than was thought.
    PriorityChanged {
        /// Which call.
        call: CallId,
        /// 1 (low) to 10 (high).
        priority: u8,
        /// Why: codes of at most [`crate::agent::MAX_REASON`] bytes, at most [`MAX_REASONS`] of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<String>,
    },
    /// The caller has gone: CANCEL, BYE, or lost.
    CallerLeft {
        /// Which call.
        call: CallId,
        /// How.
        how: CallerExit,
    },
    /// The card of an offer is on her desktop; the phone need not wait for it any longer.
    CardShown {
        /// Which offer.
        offer: OfferId,
    },
    /// The agent's phone sent a 2xx.
    PhoneAnswered {
        /// Which offer.
        offer: OfferId,
    },
    /// The agent's phone refused or could not be reached.
    PhoneRefused {
        /// Which offer.
        offer: OfferId,
        /// Whether a person refused or something failed.
        refusal: Refusal,
        /// SIP status, 408 for a timeout, 503 for a transport error.
        status: u16,
    },
    /// The agent's phone ended the conversation.
    PhoneHungUp {
        /// The accepted offer.
        offer: OfferId,
    },
    /// The phone answered, but the caller's media could not be moved to it; the caller is still there.
    BridgeFailed {
        /// The accepted offer.
        offer: OfferId,
    },
    /// The agent's phone has put its caller on hold.
    CallHeld {
        /// The accepted offer.
        offer: OfferId,
    },
    /// Caller and agent hear each other again.
    CallRetrieved {
        /// The accepted offer.
        offer: OfferId,
    },
    /// Her phone did not hold as the desk had asked.
    HoldFailed {
        /// The accepted offer.
        offer: OfferId,
        /// SIP status.
        status: u16,
    },
    /// Her phone or the caller did not come back as the desk had asked; the hold stands.
    RetrieveFailed {
        /// The accepted offer.
        offer: OfferId,
        /// SIP status.
        status: u16,
    },
    /// An agent has a desktop (her first one).
    DeskSignedIn {
        /// Who.
        agent: AgentNo,
    },
    /// An agent has lost her last desktop.
    DeskLost {
        /// Who.
        agent: AgentNo,
    },
    /// Somebody asked for another state.
    StateAsked {
        /// Whose.
        agent: AgentNo,
        /// Which.
        wish: Wish,
    },
    /// She accepted at her desktop (`answer = "desk"`).
    OfferAccepted {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// She declined at her desktop.
    OfferDeclined {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// She hung up at her desktop.
    HangUpAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// She put her caller on hold at her desktop.
    HoldAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// She took her caller back at her desktop.
    RetrieveAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// She gave her caller away at her desktop.
    TransferAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
        /// To whom.
        to: Target,
    },
    /// She asks somebody about her caller before she gives the caller away.
    ConsultAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
        /// Whom.
        to: Target,
    },
    /// She puts her caller through to the one she asks.
    CompleteAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// Nothing answers where an agent's phone is, or it is registered nowhere.
    PhoneUnreachable {
        /// Whose.
        agent: AgentNo,
    },
    /// Her phone is there again.
    PhoneReachable {
        /// Whose.
        agent: AgentNo,
    },
    /// Her phone and the one she asks could not be joined; that one is gone.
    ConsultFailed {
        /// The leg to the one she asks.
        offer: OfferId,
        /// SIP status.
        status: u16,
    },
    /// Her phone gave the caller away (REFER); its request waits for the verdict.
    ReferAsked {
        /// The accepted offer.
        offer: OfferId,
        /// To whom.
        to: Target,
        /// Her phone talks to them already, in a call of its own that the caller takes over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        attended: bool,
    },
    /// She finished her wrap-up with a disposition.
    WrapUpFinished {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
        /// The site's code for what came of the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        disposition: Option<String>,
        /// The state she wants instead of the one she asked for before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Wish>,
    },
    /// A waiting caller keeps the place, hangs up, and is called back.
    CallbackAsked {
        /// Which call.
        call: CallId,
        /// The id of the request that stands in its place.
        request: CallId,
    },
    /// Somebody is to be called who does not wait.
    CallbackRequested(Box<crate::callback::Requested>),
    /// A request is taken back.
    CallbackWithdrawn {
        /// Which.
        call: CallId,
    },
    /// She needs more time for her wrap-up.
    MoreTimeAsked {
        /// Who.
        agent: AgentNo,
        /// Which call.
        call: CallId,
    },
    /// A supervisor set an agent's state.
    StateForced {
        /// Whose.
        agent: AgentNo,
        /// Which; after the call, if she has one.
        wish: Wish,
        /// Who set it: a user or an agent as configured, at most [`MAX_SIGNATURE`] bytes.
        by: String,
    },
    /// Nobody may wait any longer: the process is about to end, and callers are not to be left to the next one.
    WaitingEnded,
    /// Hours began or ended by the clock on the wall of their zone, or are told anew.
    HoursTurned {
        /// Their name in the plan.
        hours: String,
        /// Whether it is open.
        open: bool,
    },
    /// Some deadline of the brain's own has passed.
    DeadlinePassed,
}

/// How a caller left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerExit {
    /// CANCEL before an answer.
    Cancelled,
    /// BYE.
    HungUp,
    /// No ACK, or the dialog is gone (408, 481).
    Lost,
}

/// Why a phone's leg came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// 486, 603: somebody refused.
    Rejected,
    /// Any other 4xx–6xx, a timeout, the transport.
    Failed,
}

/// The state an agent may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Calls, please.
    Ready,
    /// No calls, for this reason of the site's own.
    NotReady {
        /// The site's reason code, at most [`crate::agent::MAX_REASON`] bytes.
        reason: String,
    },
    /// Going home.
    LoggedOut,
}

/// To whom a call is transferred. An outside number itself stays out of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To whoever serves this queue.
    Queue {
        /// Which.
        queue: QueueNo,
    },
    /// To precisely this agent.
    Agent {
        /// Whom.
        agent: AgentNo,
    },
    /// To a number outside.
    Outside {
        /// Name of the rule that allows it.
        rule: String,
    },
}

impl Target {
    /// The kind of target in records and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Agent { .. } => "agent",
            Self::Outside { .. } => "outside",
        }
    }
}

/// What the brain decided. Recovery applies these; `replay` decides again and compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The call joins a queue.
    Enqueue {
        /// Which call.
        call: CallId,
        /// Which queue.
        queue: QueueNo,
        /// 1 (low) to 10 (high).
        priority: u8,
    },
    /// The call is offered to an agent.
    Offer {
        /// The new offer.
        offer: OfferId,
        /// To whom.
        agent: AgentNo,
    },
    /// A transferred call is offered to precisely the agent it is meant for, in a new visit.
    OfferTo {
        /// The new offer.
        offer: OfferId,
        /// To whom.
        agent: AgentNo,
        /// In which queue it waits if she does not take it.
        queue: QueueNo,
    },
    /// A transferred call is put through to an outside number.
    CallOut {
        /// The new leg.
        offer: OfferId,
        /// Name of the rule that allows it.
        rule: String,
    },
    /// An agent is asked about a call by the agent who has it.
    Consult {
        /// The new leg.
        offer: OfferId,
        /// Who is asked.
        agent: AgentNo,
    },
    /// A number outside is asked about a call.
    ConsultOutside {
        /// The new leg.
        offer: OfferId,
        /// Name of the rule that allows it.
        rule: String,
    },
    /// Nobody could be asked about a call after all.
    ConsultNobody {
        /// Which call.
        call: CallId,
    },
    /// The ring has waited long enough for the card.
    Ring {
        /// Which offer.
        offer: OfferId,
    },
    /// Nobody answered in time (RONA), nobody did outside, or her phone did not answer after she accepted at the desk.
    RingOut {
        /// Which offer.
        offer: OfferId,
    },
    /// The visit waited too long: the call moves on.
    Overflow {
        /// Which call.
        call: CallId,
        /// To which queue.
        to: QueueNo,
    },
    /// The call may not wait where it is, and moves on at once.
    Divert {
        /// Which call.
        call: CallId,
        /// To which queue.
        to: QueueNo,
        /// Why.
        why: RefuseReason,
    },
    /// The call is sent away.
    Refuse {
        /// Which call.
        call: CallId,
        /// Why.
        reason: RefuseReason,
    },
    /// Wrap-up is over by time.
    EndWrapUp {
        /// Whose.
        agent: AgentNo,
    },
    /// The pause after an offer that failed is over.
    EndPause {
        /// Whose.
        agent: AgentNo,
    },
    /// Her desktop has been gone for too long: she is not at work any more.
    SignOut {
        /// Whose.
        agent: AgentNo,
    },
    /// The call has waited long enough for the next of its queue's steps.
    Relax {
        /// Which call.
        call: CallId,
        /// The step that holds from now on, from 1.
        step: u8,
    },
    /// The call has waited long enough for one agent, and may go to anybody.
    EndPreference {
        /// Which call.
        call: CallId,
    },
    /// A ready agent has rested enough, and is offered calls again.
    EndRest {
        /// Whose.
        agent: AgentNo,
    },
    /// A request for a callback stays out of line for a while.
    Postpone {
        /// Which request.
        call: CallId,
        /// Until when.
        until: Timestamp,
    },
    /// The caller of a request has called: the new call joins the queue where the request stood, and the request ends.
    TakePlace {
        /// The new call.
        call: CallId,
        /// Whose place it takes.
        request: CallId,
        /// Which queue.
        queue: QueueNo,
        /// 1 (low) to 10 (high), of its entry.
        priority: u8,
    },
    /// The call may be offered again to an agent who did not take it.
    EndExclusion {
        /// Which call.
        call: CallId,
        /// To whom.
        agent: AgentNo,
    },
    /// Another number of phones may ring for the call at once: one more, or none beside those that do.
    Spread {
        /// Which call.
        call: CallId,
        /// How many; 0 when nobody joins any more.
        phones: u8,
    },
}

/// Why a call was sent away, or on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseReason {
    /// No entry leads anywhere for this number.
    NoEntry,
    /// `max_wait` passed.
    MaxWait,
    /// Nobody may wait any longer.
    Drained,
    /// The customer was called as often as the queue wants, in vain.
    NotReached,
    /// A request for a callback has stood for too long.
    Expired,
    /// As many wait as may.
    Full,
    /// Nobody is signed in who may take it.
    Unstaffed,
    /// Its entry is outside its hours.
    Closed,
}
