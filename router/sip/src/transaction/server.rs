//! A request other than INVITE that we answered (RFC 3261 §17.2.2).
//!
//! We answer every such request in the turn in which it comes, so only Completed is left of the diagram: the answer
//! is kept until timer J for the request's retransmissions.

use super::timing::{LIFE, about};
use crate::Micros;
use bytes::Bytes;

/// A request and its answer.
#[derive(Debug)]
pub(crate) struct Server {
    response: Bytes,
    until: Micros,
}

impl Server {
    /// `response` was sent `now`.
    pub(crate) fn answered(response: &Bytes, now: Micros) -> Self {
        // Kept for long, so without the room it was written in.
        Self { response: Bytes::copy_from_slice(response), until: about(now, LIFE) }
    }
    /// The request came again: what to answer.
    pub(crate) const fn again(&self) -> &Bytes {
        &self.response
    }
    /// When it may be forgotten.
    pub(crate) const fn due(&self) -> Micros {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_for_32_s() {
        let tx = Server::answered(&Bytes::from_static(b"200"), Micros(0));
        assert_eq!((tx.again().as_ref(), tx.due()), (b"200".as_slice(), Micros(32_000_000)));
    }
}
