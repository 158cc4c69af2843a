//! What can be wrong with a message, and the answer it deserves.
//!
//! A malformed request is answered whenever enough of it can be read; a malformed response is dropped. None of these
//! texts repeats what the peer wrote: they go into logs and reason phrases.

use crate::wire::{Head, Method, Name, Writer};
use bytes::Bytes;
use std::net::SocketAddr;

/// Why a URI cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No `scheme:` at its start.
    #[error("the URI has no scheme")]
    Scheme,
    /// An empty user part, or `tel:` without a number.
    #[error("the URI has an empty user part")]
    User,
    /// No host, an impossible one, or a port that is none.
    #[error("the URI has no valid host and port")]
    Host,
    /// A space, control, bracket or quote.
    #[error("the URI holds an octet that must be escaped")]
    Octet,
    /// `?headers` where none may stand (a Request-URI).
    #[error("the URI holds headers where none may stand")]
    Headers,
}

/// Why a From, To, Contact or the like cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddrError {
    /// A quoted string is never closed, or stands in a wrong place.
    #[error("the display name's quotes do not match")]
    Quote,
    /// `<` or `>` is missing.
    #[error("the URI's angle brackets are missing or do not match")]
    Bracket,
    /// Text between `>` and the parameters.
    #[error("there is text behind the closing bracket")]
    Trailing,
    /// There is no URI.
    #[error("there is no URI")]
    NoUri,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Nothing but line ends: a keep-alive.
    #[error("Empty Message")]
    Empty,
    /// The first line is neither a request line nor a status line.
    #[error("Not SIP")]
    NotSip,
    /// A request line or status line with a slip in it.
    #[error("Bad Start Line")]
    StartLine,
    /// Another version than SIP/2.0.
    #[error("Version Not Supported")]
    Version,
    /// The Request-URI cannot be read.
    #[error("Bad Request-URI")]
    RequestUri(UriError),
    /// The Request-URI is longer than [`limits::URI`](crate::wire::limits::URI).
    #[error("Request-URI Too Long")]
    UriTooLong,
    /// A header line without a proper name and colon.
    #[error("Bad Header Line")]
    HeaderLine,
    /// A CR or LF that is not part of a CRLF.
    #[error("Stray Line End")]
    StrayLineEnd,
    /// The blank line behind the headers is missing.
    #[error("Unterminated Header")]
    Unterminated,
    /// A line is longer than [`limits::LINE`](crate::wire::limits::LINE).
    #[error("Header Line Too Long")]
    LineTooLong,
    /// More than [`limits::HEADERS`](crate::wire::limits::HEADERS) lines.
    #[error("Too Many Headers")]
    TooManyHeaders,
    /// More than [`limits::VIAS`](crate::wire::limits::VIAS) hops.
    #[error("Too Many Vias")]
    TooManyVias,
    /// More than [`limits::MESSAGE`](crate::wire::limits::MESSAGE) octets.
    #[error("Message Too Large")]
    MessageTooLarge,
    /// A body over [`limits::BODY`](crate::wire::limits::BODY).
    #[error("Request Entity Too Large")]
    BodyTooLarge,
    /// Content-Length promises more than the datagram holds.
    #[error("Body Shorter Than Content-Length")]
    BodyCutShort,
    /// A header every message needs is not there.
    #[error("Missing {0}")]
    Missing(Name),
    /// A header that may stand once stands twice (for Content-Length: with different values).
    #[error("Repeated {0}")]
    Repeated(Name),
    /// A header we must act on cannot be read.
    #[error("Bad {0}")]
    Malformed(Name),
    /// CSeq names another method than the request line.
    #[error("CSeq Method Mismatch")]
    MethodMismatch,
}

impl FaultKind {
    /// The status a request with this fault is answered with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::UriTooLong => 414,
            Self::BodyTooLarge => 413,
            Self::MessageTooLarge | Self::LineTooLong | Self::TooManyHeaders => 513,
            Self::Empty
            | Self::NotSip
            | Self::StartLine
            | Self::RequestUri(_)
            | Self::HeaderLine
            | Self::StrayLineEnd
            | Self::Unterminated
            | Self::TooManyVias
            | Self::BodyCutShort
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::Malformed(_)
            | Self::MethodMismatch => 400,
        }
    }
}

/// A message that cannot be acted on, with what could still be read of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Fault {
    kind: FaultKind,
    head: Box<Head>,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, head: Head) -> Self {
        Self { kind, head: Box::new(head) }
    }
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }
    /// The status a request with this fault is answered with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }
    /// The method, when this was a request with a readable start.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.head.request_method()
    }
    /// The answer with [`Fault::status`]: Via, From, To, Call-ID and CSeq as far as they are there, `to_tag` added
    /// where To can take it. Send it to the address the datagram came from.
    ///
    /// `None` when nothing may be answered: a response, an ACK, no Via, or no SIP at all.
    #[must_use]
    pub fn reply(&self, source: SocketAddr, to_tag: &str) -> Option<Bytes> {
        self.reply_with(self.status(), &self.kind.to_string(), source, to_tag)
    }
    /// As [`Fault::reply`] with another status, such as 503 under overload.
    #[must_use]
    pub fn reply_with(&self, status: u16, reason: &str, source: SocketAddr, to_tag: &str) -> Option<Bytes> {
        let answerable = !matches!(self.method()?, Method::Ack) && self.head.value(Name::Via).is_some();
        answerable.then(|| Writer::reply_to_head(&self.head, status, reason, to_tag, source).finish())
    }
}
