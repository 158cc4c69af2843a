//! What a client says.

use crate::{ClientKind, ContactId, ServerMessage, TransferKind, WishedState, frame::messages};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest token, in bytes.
pub const MAX_TOKEN: usize = 4_096;
/// Longest note, in bytes.
pub const MAX_NOTE: usize = 4_000;
/// Longest name, code or id, in bytes.
pub const MAX_WORD: usize = 64;
/// Most tags and subscriptions.
pub const MAX_WORDS: usize = 16;

messages! {
    /// A message from a client.
    ClientMessage {
        /// Who is there; the first message.
        Identify(Identify) = "identify",
        /// Go on where a lost connection stopped.
        Resume(Resume) = "resume",
        /// Still there?
        Ping(Ping) = "ping",
        /// Another state, please.
        SetState(AgentSetState) = "agent.set_state",
        /// She needs more time for the work after the call.
        ExtendWrapUp(ContactRef) = "agent.extend_wrap_up",
        /// A supervisor sets somebody's state.
        SupervisorSetState(SupervisorSetState) = "supervisor.set_state",
        /// She takes the offer (only where she answers at the desk).
        Accept(ContactRef) = "contact.accept",
        /// She does not take the offer.
        Decline(ContactRef) = "contact.decline",
        /// She puts the caller on hold.
        Hold(ContactRef) = "contact.hold",
        /// She takes the caller back.
        Retrieve(ContactRef) = "contact.retrieve",
        /// She gives the caller away.
        Transfer(Transfer) = "contact.transfer",
        /// She puts the caller through to the one she consults.
        Complete(ContactRef) = "contact.complete",
        /// She ends the call.
        HangUp(ContactRef) = "contact.hangup",
        /// Something to remember about the contact.
        Note(Note) = "contact.note",
        /// The work after the call is done.
        WrapUp(WrapUp) = "contact.wrapup",
        /// The card is on the glass.
        PopRendered(PopRendered) = "pop.rendered",
        /// She knows which of the candidates is calling.
        PopSelect(PopSelect) = "pop.select",
    }
}

/// Keeps a message within its bounds.
pub(crate) trait Bounded {
    /// The field that is too long, if one is.
    fn too_long(&self) -> Option<&'static str>;
}

impl Bounded for ClientMessage {
    fn too_long(&self) -> Option<&'static str> {
        match self {
            Self::Identify(identify) => identify.too_long(),
            Self::Resume(resume) => first(&[
                ("token", resume.token.0.len(), MAX_TOKEN),
                ("session_id", resume.session_id.len(), MAX_WORD),
            ]),
            Self::SetState(set) => first(&[("reason_code", len(set.reason_code.as_ref()), MAX_WORD)]),
            Self::SupervisorSetState(set) => first(&[
                ("agent", set.agent.len(), MAX_WORD),
                ("reason_code", len(set.reason_code.as_ref()), MAX_WORD),
            ]),
            Self::Accept(of)
            | Self::ExtendWrapUp(of)
            | Self::Decline(of)
            | Self::Hold(of)
            | Self::Retrieve(of)
            | Self::Complete(of)
            | Self::HangUp(of) => first(&[("contact_id", of.contact_id.0.len(), MAX_WORD)]),
            Self::Transfer(transfer) => first(&[
                ("contact_id", transfer.contact_id.0.len(), MAX_WORD),
                ("target", transfer.target.len(), 2 * MAX_WORD),
            ]),
            Self::Note(note) => first(&[
                ("contact_id", note.contact_id.0.len(), MAX_WORD),
                ("text", note.text.len(), MAX_NOTE),
            ]),
            Self::WrapUp(wrap_up) => wrap_up.too_long(),
            Self::PopRendered(rendered) => first(&[("pop_id", rendered.pop_id.len(), 2 * MAX_WORD)]),
            Self::PopSelect(select) => select.too_long(),
            Self::Ping(_) | Self::Unknown(_) => None,
        }
    }
}

impl Bounded for ServerMessage {
    /// The server is trusted to keep its bounds: a message is at most [`crate::MAX_MESSAGE_BYTES`] long.
    fn too_long(&self) -> Option<&'static str> {
        None
    }
}

fn first(fields: &[(&'static str, usize, usize)]) -> Option<&'static str> {
    fields.iter().find(|(_, len, max)| len > max).map(|&(name, _, _)| name)
}

fn len(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

fn long_words(words: &[String]) -> usize {
    if words.len() > MAX_WORDS { usize::MAX } else { words.iter().map(String::len).max().unwrap_or(0) }
}

/// A secret that says who a client is. Not shown in debug output.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Data of `identify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identify {
    /// The agent's token.
    pub token: Token,
    /// Which program.
    pub client: ClientInfo,
    /// Language tag (BCP 47) of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What beyond her own contacts she wants to hear of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
}

/// Which program a client is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// What sort.
    pub kind: ClientKind,
}

impl Bounded for Identify {
    fn too_long(&self) -> Option<&'static str> {
        first(&[
            ("token", self.token.0.len(), MAX_TOKEN),
            ("client.name", self.client.name.len(), MAX_WORD),
            ("client.version", self.client.version.len(), MAX_WORD),
            ("locale", len(self.locale.as_ref()), MAX_WORD),
            ("subscriptions", long_words(&self.subscriptions), MAX_WORD),
        ])
    }
}

/// Data of `resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The agent's token.
    pub token: Token,
    /// The session of the lost connection.
    pub session_id: String,
    /// The last message that was applied.
    pub last_seq: u64,
}

/// Data of `ping`, echoed in `pong`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Whatever the sender likes; its own clock gives it the round trip.
    #[serde(default)]
    pub t: u64,
}

/// Data of `agent.set_state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSetState {
    /// Which.
    pub state: WishedState,
    /// Why, with `not_ready`: one of the site's codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
}

/// Data of `supervisor.set_state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisorSetState {
    /// Whose state: her id.
    pub agent: String,
    /// Which.
    pub state: WishedState,
    /// Why, with `not_ready`: one of the site's codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
}

/// Data of commands about a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRef {
    /// Which.
    pub contact_id: ContactId,
}

/// Data of `contact.transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which contact.
    pub contact_id: ContactId,
    /// To whom: `queue:NAME`, `agent:ID` or `number:DIGITS`; without one of these words a queue, a number that leads to
    /// one, an agent or her phone, and a number outside are looked for, in this order.
    pub target: String,
    /// How.
    pub kind: TransferKind,
}

/// Data of `contact.note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which contact.
    pub contact_id: ContactId,
    /// What to remember, at most 4,000 bytes.
    pub text: String,
}

/// Data of `contact.wrapup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUp {
    /// Which contact.
    pub contact_id: ContactId,
    /// What came of it: one of the site's codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition_code: Option<String>,
    /// What to remember, at most 4,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What follows, where it is not the state she asked for during the call: `ready` or a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<AgentSetState>,
}

impl Bounded for WrapUp {
    fn too_long(&self) -> Option<&'static str> {
        first(&[
            ("contact_id", self.contact_id.0.len(), MAX_WORD),
            ("disposition_code", len(self.disposition_code.as_ref()), MAX_WORD),
            ("text", len(self.text.as_ref()), MAX_NOTE),
            ("tags", long_words(&self.tags), MAX_WORD),
            (
                "then.reason_code",
                len(self.then.as_ref().and_then(|then| then.reason_code.as_ref())),
                MAX_WORD,
            ),
        ])
    }
}

/// Data of `pop.rendered`: the card is where the agent can see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopRendered {
    /// Which card.
    pub pop_id: String,
    /// Which state of it.
    pub rev: u64,
    /// From the offer's arrival at the client to the first useful fact on the glass, in milliseconds.
    pub paint_ms: u32,
}

/// Data of `pop.select`: load the card of this candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopSelect {
    /// Which card.
    pub pop_id: String,
    /// Which candidate: its source's id.
    pub customer_id: String,
    /// The source whose id this is; needed where two sources use the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Bounded for PopSelect {
    fn too_long(&self) -> Option<&'static str> {
        first(&[
            ("pop_id", self.pop_id.len(), 2 * MAX_WORD),
            ("customer_id", self.customer_id.len(), 4 * MAX_WORD),
            ("source", len(self.source.as_ref()), 4 * MAX_WORD),
        ])
    }
}
