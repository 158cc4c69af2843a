//! What a registrar tells: the answer, what changed, and where to ring.

use crate::Flow;
use bytes::Bytes;
use std::sync::Arc;

/// What a REGISTER came to.
#[derive(Debug)]
pub struct Outcome {
    /// What to send back; nothing to a source that has to wait.
    pub reply: Option<Reply>,
    /// What changed, in order.
    pub events: Vec<Event>,
    /// For metrics.
    pub handled: Handled,
}

/// A response, to be sent where [`Flow::answer`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// All of it.
    pub bytes: Bytes,
    /// The sender has proven who he is, and with that his count is used up: a retransmission gets the same answer again
    /// and does not come here a second time. What strangers are told is not worth remembering: theirs may come again.
    pub proven: bool,
}

/// What was done with a REGISTER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handled {
    /// Answered with the bindings there are.
    Accepted,
    /// Asked who it is: the usual first answer, or a nonce that is too old.
    Challenged,
    /// Who it says it is was not proven: a wrong password, an unknown user, or an answer that cannot be used.
    Failed,
    /// Refused for another reason.
    Refused,
    /// Not answered: the source failed too often, or asks too much.
    Silenced,
}

/// What became of a user's registration. After each of them, what is stored of the user is
/// [`Registrar::records`](super::Registrar::records), nothing after `Gone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There was no phone, and now there is one.
    Registered {
        /// Whose.
        user: Arc<str>,
    },
    /// A binding was added, refreshed or removed, and there still is one.
    Changed {
        /// Whose.
        user: Arc<str>,
    },
    /// There is no phone any more.
    Gone {
        /// Whose.
        user: Arc<str>,
        /// What became of the last one.
        why: Why,
    },
}

/// What became of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It did not refresh its registration.
    Expired,
    /// It took its registration back.
    Unregistered,
    /// Its connection is gone.
    Lost,
    /// Its user is not configured any more.
    Removed,
}

/// A phone of a user's, and where it is rung now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The Request-URI.
    pub uri: String,
    /// Where the INVITE is sent, whatever the URI and the first Route say.
    pub flow: Flow,
    /// Values of Route, in order.
    pub routes: Vec<String>,
    /// Other flows to the same phone, for when that one leads nowhere (RFC 5626 §3.1).
    pub others: Vec<Flow>,
}
