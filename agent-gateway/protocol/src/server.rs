//! What a server says.

use crate::{
    AgentState, AnswerAt, Channel, CommandId, ContactCause, ContactId, ContactState, Direction, EndedBy,
    Fault, Ping, Pop, PopUpdate, Privacy, StateCause, Time, WishedState, WithdrawCause, frame::messages,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

messages! {
    /// A message from the server.
    ServerMessage {
        /// The first message on every connection.
        Hello(Hello) = "hello",
        /// Signed in, and how things stand.
        Welcome(Box<Welcome>) = "welcome",
        /// Still here.
        Pong(Pong) = "pong",
        /// The answer to a command.
        Reply(Reply) = "reply",
        /// Something is wrong that no command asked for, or what a command asked for came to nothing later.
        Error(ServerError) = "error",
        /// An agent is in another state.
        AgentStateChanged(StateChanged) = "agent.state_changed",
        /// She is known otherwise than when she signed in: other skills, another name, other roles.
        AgentChanged(Box<Agent>) = "agent.changed",
        /// A call for her.
        ContactOffered(Box<ContactOffered>) = "contact.offered",
        /// The offer is gone.
        OfferWithdrawn(OfferWithdrawn) = "contact.offer_withdrawn",
        /// A contact of hers moved.
        ContactStateChanged(ContactStateChanged) = "contact.state_changed",
        /// Who is calling.
        PopShow(Box<Pop>) = "pop.show",
        /// More about who is calling.
        PopUpdate(Box<PopUpdate>) = "pop.update",
        /// How many agents do what; only for supervisors, at most once a second.
        AgentPresence(AgentPresence) = "agent.presence",
    }
}

impl ServerMessage {
    /// Whether it bears state: such messages are numbered, never dropped and never conflated.
    #[must_use]
    pub const fn bears_state(&self) -> bool {
        match self {
            Self::Welcome(_)
            | Self::AgentStateChanged(_)
            | Self::AgentChanged(_)
            | Self::ContactOffered(_)
            | Self::OfferWithdrawn(_)
            | Self::ContactStateChanged(_)
            | Self::PopShow(_)
            | Self::PopUpdate(_) => true,
            Self::Hello(_)
            | Self::Pong(_)
            | Self::Reply(_)
            | Self::Error(_)
            | Self::AgentPresence(_)
            | Self::Unknown(_) => false,
        }
    }
}

/// Data of `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`crate::PROTOCOL`].
    pub protocol: String,
    /// The server's version.
    pub server_version: String,
    /// How often to ping, in milliseconds.
    pub heartbeat_interval_ms: u64,
    /// How long a lost session may be resumed, in seconds.
    pub resume_window_s: u64,
    /// Longest message, in bytes.
    pub max_message_bytes: u64,
}

/// Data of `welcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Names the session.
    pub session_id: String,
    /// Who signed in.
    pub agent: Agent,
    /// What the site has agreed on.
    #[serde(default)]
    pub site: Site,
    /// How things stand.
    pub snapshot: Snapshot,
}

/// An agent, to herself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Her id.
    pub id: String,
    /// What to call her.
    pub name: String,
    /// What she may do and see.
    pub roles: Vec<String>,
    /// What she can do.
    pub skills: Vec<Skill>,
    /// Where she accepts calls.
    pub answer: AnswerAt,
}

/// What an agent can do, and how well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// From 1 (low) to 10 (high).
    pub level: u8,
}

/// What the site has agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// What may come of a contact.
    #[serde(default)]
    pub disposition_codes: Vec<String>,
    /// Why an agent may be not ready.
    #[serde(default)]
    pub not_ready_reasons: Vec<String>,
    /// Agents to whom she may transfer: those who take calls, as far as they fit ([`MAX_COLLEAGUES`]).
    #[serde(default)]
    pub colleagues: Vec<Colleague>,
    /// Whether she may transfer to numbers outside.
    #[serde(default)]
    pub outside: bool,
}

/// Most colleagues told in a `welcome`: it has to stay within the bounds of a message.
pub const MAX_COLLEAGUES: usize = 200;

/// Another agent, to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colleague {
    /// The other's id.
    pub id: String,
    /// What to call the other.
    pub name: String,
}

/// How things stand for an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What she is doing.
    pub agent_state: AgentStateNow,
    /// Her contacts.
    pub contacts: Vec<Contact>,
    /// Their cards.
    pub pops: Vec<Pop>,
    /// Her queues.
    pub queues: Vec<QueueRef>,
}

/// What an agent is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStateNow {
    /// Counts her changes of state.
    pub rev: u64,
    /// Which.
    pub state: AgentState,
    /// Why, where the state has a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Since when.
    pub since: Time,
    /// When it ends by itself (wrap-up, a pause).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// The contact that occupies her.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// What she asked for meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// Whether she may ask for more time (wrap-up).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extendable: bool,
    /// The supervisor who set it, or what follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
}

/// What follows the contact that occupies an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// Which state.
    pub state: WishedState,
    /// Why, with `not_ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
}

/// A contact in a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Which.
    pub contact_id: ContactId,
    /// Counts its changes.
    pub rev: u64,
    /// Where it is.
    pub state: ContactState,
    /// Since when.
    pub since: Time,
    /// When the conversation began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Time>,
    /// With whom, when it is `consulting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consult: Option<Consult>,
    /// Call-ID of the agent's leg, once her phone is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_sip_call_id: Option<String>,
    /// As it was offered.
    pub offered: ContactOffered,
    /// Her notes on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A queue by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRef {
    /// Its name.
    pub name: String,
}

/// Data of `contact.offered`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactOffered {
    /// Who began it.
    pub direction: Direction,
    /// By which medium.
    pub channel: Channel,
    /// From which queue.
    pub queue: String,
    /// Skills the queue asks for.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Who is calling.
    pub calling: Calling,
    /// What was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// How long the caller has waited, in milliseconds.
    pub waited_ms: u64,
    /// When the offer will be taken away.
    pub offer_expires_at: Time,
    /// How much it matters.
    pub priority: Priority,
    /// Where she accepts it.
    pub answer: AnswerAt,
    /// Call-ID of the caller's leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// User-to-user information (RFC 7433). An outsider's text: show it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uui: Option<String>,
    /// She is asked about the caller, and not to take the call yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consult: bool,
    /// A customer who is called back: nobody is there until she has answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub callback: bool,
    /// Who gave the caller away before, or asks: what she is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred_by: Option<String>,
    /// What others before her wrote down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the way here has found out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Who is calling. Texts of an outsider: show them as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calling {
    /// The number as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The number as +62….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e164: Option<String>,
    /// The name the caller gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Whether the number is withheld.
    pub privacy: Privacy,
}

/// How much a contact matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Priority {
    /// From 1 (low) to 10 (high).
    pub class: u8,
    /// The same as a number to sort by.
    pub score: f64,
    /// What speaks for it.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// Data of `agent.state_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChanged {
    /// From.
    pub from: AgentState,
    /// To.
    pub to: AgentState,
    /// Why, where the state has a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Since when.
    pub since: Time,
    /// When it ends by itself (wrap-up, a pause).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// What brought it about.
    pub cause: StateCause,
    /// What she asked for meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// Whether she may ask for more time (wrap-up).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extendable: bool,
    /// The supervisor who set it, or what follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
}

/// Data of `contact.offer_withdrawn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferWithdrawn {
    /// Why.
    pub cause: WithdrawCause,
}

/// Data of `contact.state_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactStateChanged {
    /// From.
    pub from: ContactState,
    /// To.
    pub to: ContactState,
    /// Since when.
    pub since: Time,
    /// Call-ID of the agent's leg, once her phone is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_sip_call_id: Option<String>,
    /// What brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ContactCause>,
    /// Who ended it, with `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// With whom, when it is `consulting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consult: Option<Consult>,
    /// What the SIP side said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip: Option<SipStatus>,
    /// The name of this event in CSTA (ECMA-269).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csta_event: Option<String>,
}

/// A consultation, as one of the two sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consult {
    /// The other agent: what she is called. None for a number outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Whether they hear each other; until then a phone rings.
    pub answered: bool,
}

/// What the SIP side said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipStatus {
    /// Status code.
    pub status: u16,
    /// Its phrase.
    pub reason: String,
}

/// Data of `agent.presence`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPresence {
    /// Agents by state.
    pub agents: BTreeMap<AgentState, u64>,
    /// Contacts by state, as far as agents are concerned.
    pub contacts: BTreeMap<ContactState, u64>,
}

/// Data of `pong`: what `ping` carried.
pub type Pong = Ping;

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Which command.
    pub id: CommandId,
    /// Whether it was taken.
    pub ok: bool,
    /// What came of it; `{"pending": true}` when it will be done after the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// Data of `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerError {
    /// A code for programs: [`crate::ErrorCode`], or one of the router's.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether the connection ends with it.
    pub fatal: bool,
}
