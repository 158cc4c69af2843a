//! `agentdesk.v1`: the messages between a router and its agents' desktops, wallboards and CRMs.
//!
//! Decides what the messages look like on the wire, which bounds they keep and what the close codes mean. Pure: it
//! reads and writes text. Sessions, sockets and who may say what are left to the gateway; what a client does with a
//! message is left to the client.
//!
//! Server → client: `{"type","seq","ts","contact_id"?,"rev"?,"data"}`, read and written by [`ServerFrame`].
//! Client → server: `{"type","id","data"}`, read and written by [`ClientFrame`]. Fields and types that are not known
//! are ignored, so that either side may be newer than the other.

mod client;
mod code;
mod frame;
pub mod merge;
mod pop;
mod server;
mod time;
mod word;

pub use client::{
    AgentSetState, ClientInfo, ClientMessage, ContactRef, Identify, Note, Ping, PopRendered, PopSelect,
    Resume, SupervisorSetState, Token, Transfer, WrapUp,
};
pub use code::{CloseCode, ErrorCode, Fault};
pub use frame::{ClientFrame, CommandId, DecodeError, ServerFrame};
pub use pop::{Candidate, Match, MatchKind, Pop, PopUpdate, Section, SectionStatus};
pub use server::{
    Agent, AgentPresence, AgentStateNow, Calling, Colleague, Consult, Contact, ContactOffered,
    ContactStateChanged, Hello, MAX_COLLEAGUES, Next, OfferWithdrawn, Pong, Priority, QueueRef, Reply,
    ServerError, ServerMessage, SipStatus, Site, Skill, Snapshot, StateChanged, Welcome,
};
pub use time::{BadTime, Time};
pub use word::{
    AgentState, AnswerAt, Channel, ClientKind, ContactCause, ContactState, Direction, EndedBy, Privacy,
    StateCause, TransferKind, WishedState, WithdrawCause,
};

use serde::{Deserialize, Serialize};
use std::fmt;

/// Name of the protocol in `hello`.
pub const PROTOCOL: &str = "agentdesk.v1";
/// WebSocket subprotocol (RFC 6455 §1.9).
pub const SUBPROTOCOL: &str = "agentdesk.v1.json";
/// Path of the WebSocket.
pub const WEBSOCKET_PATH: &str = "/v1/agentdesk";
/// Path of the HTTP twin's snapshot.
pub const SNAPSHOT_PATH: &str = "/v1/desk/snapshot";
/// Path of the HTTP twin's commands.
pub const COMMANDS_PATH: &str = "/v1/desk/commands";

/// Longest message either way, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// How often a client pings, in milliseconds.
pub const HEARTBEAT_INTERVAL_MS: u64 = 10_000;
/// Silence that counts as a loss, in milliseconds: two pings and a half.
pub const SILENCE_MS: u64 = 25_000;
/// Time to identify after `hello`, in milliseconds.
pub const IDENTIFY_WITHIN_MS: u64 = 5_000;
/// How long a lost session may be resumed, in seconds.
pub const RESUME_WINDOW_S: u64 = 120;
/// How long a command's id is remembered, in seconds.
pub const IDEMPOTENCY_S: u64 = 600;
/// Commands an agent may send in a second.
pub const COMMANDS_PER_SECOND: u32 = 50;
/// Messages waiting for one client before it is closed with [`CloseCode::SlowConsumer`].
pub const MAX_QUEUED_MESSAGES: usize = 256;
/// Bytes waiting for one client before it is closed with [`CloseCode::SlowConsumer`].
pub const MAX_QUEUED_BYTES: usize = 1024 * 1024;

/// Names a contact, which is a call: the same text as `X-Sambung-Call`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactId(pub String);

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
