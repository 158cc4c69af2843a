//! What comes out of the stack: datagrams, notices, and what to store.

use crate::{Flow, Keep, Notice, Rejected, wire::Method};
use bytes::Bytes;

/// Everything one or several calls of the stack brought about, each list in order.
///
/// The shell stores `keep` and the events of `notices`, then sends `sends`: nothing leaves before its cause is safe.
#[derive(Debug, Default)]
pub struct Output {
    /// Datagrams.
    pub sends: Vec<Send>,
    /// Facts.
    pub notices: Vec<Notice>,
    /// What recovery needs.
    pub keep: Vec<Keep>,
}

impl Output {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.sends.clear();
        self.notices.clear();
        self.keep.clear();
    }
    pub(crate) fn count(&mut self, what: Rejected) {
        self.notices.push(Notice::Counted(what));
    }
    pub(crate) fn send(&mut self, to: Flow, bytes: Bytes, what: Sent) {
        self.sends.push(Send { to, bytes, what });
    }
}

/// A datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Where to.
    pub to: Flow,
    /// The whole message.
    pub bytes: Bytes,
    /// What it is, for metrics.
    pub what: Sent,
}

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A request.
    Request(Method),
    /// A response to a request of that method.
    Response(Method, u16),
}
