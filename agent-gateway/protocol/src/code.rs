//! What may go wrong: close codes of the WebSocket, and error codes of replies and `error`.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why the server closed a socket (RFC 6455 §7.4.2, private range).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseCode {
    /// The token is not known, or none came in time.
    AuthFailed,
    /// The page comes from an origin that is not allowed.
    Origin,
    /// There is no such session (any more): identify afresh.
    SessionInvalid,
    /// The client reads more slowly than its agent's calls move.
    SlowConsumer,
    /// The agent works at another desktop now; never reconnect by itself.
    Replaced,
    /// The client does not speak this protocol.
    Protocol,
    /// The agent is none of the site's any more; never reconnect by itself.
    Retired,
    /// Too many tokens from this address were wrong: try again later.
    TooManyTries,
}

impl CloseCode {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::AuthFailed,
        Self::Origin,
        Self::SessionInvalid,
        Self::SlowConsumer,
        Self::Replaced,
        Self::Protocol,
        Self::Retired,
        Self::TooManyTries,
    ];
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::AuthFailed => 4001,
            Self::Origin => 4003,
            Self::SessionInvalid => 4004,
            Self::SlowConsumer => 4008,
            Self::Replaced => 4009,
            Self::Protocol => 4010,
            Self::Retired => 4011,
            Self::TooManyTries => 4029,
        }
    }
    /// The reason on the wire.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AuthFailed => "auth_failed",
            Self::Origin => "origin",
            Self::SessionInvalid => "session_invalid",
            Self::SlowConsumer => "slow_consumer",
            Self::Replaced => "replaced",
            Self::Protocol => "protocol",
            Self::Retired => "retired",
            Self::TooManyTries => "too_many_tries",
        }
    }
    /// The code with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

/// What the gateway itself finds wrong. The brain adds codes of its own, such as `offer_gone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The token is not known.
    AuthFailed,
    /// The first message was not `identify`, or none came in time.
    IdentifyFirst,
    /// The agent may not see this.
    Forbidden,
    /// There is no such session to resume.
    SessionInvalid,
    /// Not JSON, no type, or too large.
    BadMessage,
    /// The command's fields cannot be read.
    BadData,
    /// A command without an id.
    IdMissing,
    /// A command that this server does not know.
    UnknownType,
    /// The contact is not one of the agent's.
    NoSuchContact,
    /// No agent of the site has this id.
    NoSuchAgent,
    /// The customer is not among the candidates, or several sources have this id.
    NoSuchCustomer,
    /// The contact holds as many notes as it can.
    NotesFull,
    /// The disposition code is not one of the site's.
    UnknownCode,
    /// The reason code is not one of the site's.
    UnknownReason,
    /// More commands than an agent may send in a second, or more wrong tokens than an address may.
    TooMany,
    /// The router has too much to do; try again.
    Busy,
    /// The command came from a view; commands are for desktops and CRMs.
    ViewOnly,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::AuthFailed,
        Self::IdentifyFirst,
        Self::Forbidden,
        Self::SessionInvalid,
        Self::BadMessage,
        Self::BadData,
        Self::IdMissing,
        Self::UnknownType,
        Self::NoSuchContact,
        Self::NoSuchAgent,
        Self::NoSuchCustomer,
        Self::NotesFull,
        Self::UnknownCode,
        Self::UnknownReason,
        Self::TooMany,
        Self::Busy,
        Self::ViewOnly,
    ];
    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthFailed => "auth_failed",
            Self::IdentifyFirst => "identify_first",
            Self::Forbidden => "forbidden",
            Self::SessionInvalid => "session_invalid",
            Self::BadMessage => "bad_message",
            Self::BadData => "bad_data",
            Self::IdMissing => "id_missing",
            Self::UnknownType => "unknown_type",
            Self::NoSuchContact => "no_such_contact",
            Self::NoSuchAgent => "no_such_agent",
            Self::NoSuchCustomer => "no_such_customer",
            Self::NotesFull => "notes_full",
            Self::UnknownCode => "unknown_code",
            Self::UnknownReason => "unknown_reason",
            Self::TooMany => "too_many",
            Self::Busy => "busy",
            Self::ViewOnly => "view_only",
        }
    }
    /// Whether the same command may succeed a little later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::TooMany | Self::Busy => true,
            Self::AuthFailed
            | Self::IdentifyFirst
            | Self::Forbidden
            | Self::SessionInvalid
            | Self::BadMessage
            | Self::BadData
            | Self::IdMissing
            | Self::UnknownType
            | Self::NoSuchContact
            | Self::NoSuchAgent
            | Self::NoSuchCustomer
            | Self::NotesFull
            | Self::UnknownCode
            | Self::UnknownReason
            | Self::ViewOnly => false,
        }
    }
}

/// Why a command was not done: the `error` of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A code for programs.
    pub code: Cow<'static, str>,
    /// A sentence for people.
    pub message: String,
    /// Whether the same command, with the same id, may succeed a little later.
    pub retryable: bool,
}

impl Fault {
    /// A fault the gateway found.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code.as_str()), message: message.into(), retryable: code.is_retryable() }
    }
}
