//! A request other than INVITE that we got (RFC 3261 §17.2.2).
//!
//! ```text
//!          200–699             J
//! Trying ──────────► Completed ───► gone
//! ```
//! Most are answered in the turn in which they come; an UPDATE or INFO that goes on to the other side waits in Trying.

use super::timing::{LIFE, about};
use crate::Micros;
use bytes::Bytes;

/// A request and its answer.
#[derive(Debug)]
pub(crate) struct Server {
    state: State,
}

#[derive(Debug)]
enum State {
    Trying,
    Completed { response: Bytes, until: Micros },
}

impl Server {
    /// Nothing was answered yet.
    pub(crate) const fn start() -> Self {
        Self { state: State::Trying }
    }
    /// `response` was sent `now`; the first one counts.
    pub(crate) fn answered(&mut self, response: &Bytes, now: Micros) {
        if self.is_open() {
            // Kept for long, so without the room it was written in.
            let response = Bytes::copy_from_slice(response);
            self.state = State::Completed { response, until: about(now, LIFE) };
        }
    }
    /// Whether the answer is still owed.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, State::Trying)
    }
    /// The request came again: what to answer, if anything.
    pub(crate) const fn again(&self) -> Option<&Bytes> {
        match &self.state {
            State::Trying => None,
            State::Completed { response, .. } => Some(response),
        }
    }
    /// When it may be forgotten.
    pub(crate) const fn due(&self) -> Option<Micros> {
        match self.state {
            State::Trying => None,
            State::Completed { until, .. } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_for_32_s() {
        let mut tx = Server::start();
        assert_eq!((tx.again(), tx.due(), tx.is_open()), (None, None, true));
        tx.answered(&Bytes::from_static(b"200"), Micros(0));
        tx.answered(&Bytes::from_static(b"500"), Micros(1));
        assert_eq!((tx.again().unwrap().as_ref(), tx.due()), (b"200".as_slice(), Some(Micros(32_000_000))));
    }
}
