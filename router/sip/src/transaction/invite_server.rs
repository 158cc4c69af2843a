//! An INVITE we got (RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1).
//!
//! ```text
//!               300–699             ACK             I
//! Proceeding ────────────► Completed ───► Confirmed ───► gone
//!     │                        └── H (no ACK) ──────────► gone
//!     └──────── 2xx ─────► Accepted ── L ───────────────► gone
//! ```
//! While Accepted and without an ACK the 2xx is repeated (RFC 3261 §13.3.1.4), which is the core's duty there but
//! needs the same clockwork.

use super::timing::{LIFE, Retry, T2, T4, Tick, about};
use crate::{Flow, Micros};
use bytes::Bytes;

/// An INVITE and what was answered.
#[derive(Debug)]
pub(crate) struct InviteServer {
    state: State,
}

#[derive(Debug)]
enum State {
    Proceeding { last: Option<Bytes> },
    Completed { response: Bytes, retry: Retry },
    Confirmed { until: Micros },
    Accepted { response: Bytes, retry: Retry },
    Settled { until: Micros },
}

/// What a timer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send this once more.
    Resend(Bytes),
    /// The 2xx was never acknowledged; forget the transaction and end the dialog.
    NoAck,
    /// Forget it.
    Gone,
    /// Not yet.
    Wait,
}

impl InviteServer {
    /// Nothing was sent yet.
    pub(crate) const fn start() -> Self {
        Self { state: State::Proceeding { last: None } }
    }
    /// Whether a final response is still owed.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }
    /// A provisional response was sent.
    pub(crate) fn provisional(&mut self, response: Bytes) {
        if let State::Proceeding { last } = &mut self.state {
            *last = Some(response);
        }
    }
    /// A final response was sent; the first one counts.
    pub(crate) fn finished(&mut self, status: u16, response: Bytes, to: Flow, now: Micros) {
        if !self.is_open() {
            return;
        }
        self.state = if status < 300 {
            // Its ACK comes from end to end, maybe over UDP somewhere: repeated over any transport (§13.3.1.4).
            State::Accepted { response, retry: Retry::start(now, T2) }
        } else {
            State::Completed { response, retry: Retry::over(to, now, T2) }
        };
    }
    /// The INVITE came again: what to answer, if anything. A 2xx is repeated by its timer alone (RFC 6026 §7.1).
    pub(crate) fn again(&self) -> Option<&Bytes> {
        match &self.state {
            State::Proceeding { last } => last.as_ref(),
            State::Completed { response, .. } => Some(response),
            State::Confirmed { .. } | State::Accepted { .. } | State::Settled { .. } => None,
        }
    }
    /// The ACK came, or will never matter: nothing is repeated any more. True when it was the first.
    pub(crate) fn acknowledged(&mut self, now: Micros) -> bool {
        match self.state {
            State::Completed { .. } => self.state = State::Confirmed { until: about(now, T4) },
            State::Accepted { .. } => self.state = State::Settled { until: about(now, LIFE) },
            State::Proceeding { .. } | State::Confirmed { .. } | State::Settled { .. } => return false,
        }
        true
    }
    /// When to ask [`InviteServer::expire`].
    pub(crate) fn due(&self) -> Option<Micros> {
        match &self.state {
            State::Proceeding { .. } => None,
            State::Completed { retry, .. } | State::Accepted { retry, .. } => Some(retry.due()),
            State::Confirmed { until } | State::Settled { until } => Some(*until),
        }
    }
    /// What is to be done `now`.
    pub(crate) fn expire(&mut self, now: Micros) -> Due {
        match &mut self.state {
            State::Proceeding { .. } => Due::Wait,
            State::Completed { response, retry } => tick(response, retry, now, Due::Gone),
            State::Accepted { response, retry } => tick(response, retry, now, Due::NoAck),
            State::Confirmed { until } | State::Settled { until } if now >= *until => Due::Gone,
            State::Confirmed { .. } | State::Settled { .. } => Due::Wait,
        }
    }
}

fn tick(response: &Bytes, retry: &mut Retry, now: Micros, end: Due) -> Due {
    match retry.tick(now) {
        Tick::Again => Due::Resend(response.clone()),
        Tick::GiveUp => end,
        Tick::Wait => Due::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }
    fn udp() -> Flow {
        Flow::udp("192.0.2.1:5060".parse().unwrap())
    }
    fn at(s: u64) -> Micros {
        Micros(s * 1_000_000)
    }

    #[test]
    fn a_repeated_invite_gets_the_last_response_again() {
        let mut tx = InviteServer::start();
        assert_eq!(tx.again(), None);
        tx.provisional(bytes("100"));
        assert_eq!(tx.again(), Some(&bytes("100")));
        tx.provisional(bytes("180"));
        assert_eq!(tx.again(), Some(&bytes("180")));
        tx.finished(486, bytes("486"), udp(), at(1));
        assert_eq!(tx.again(), Some(&bytes("486")));
        assert!(tx.acknowledged(at(2)) && !tx.acknowledged(at(2)));
        assert_eq!(tx.again(), None);
        assert_eq!(tx.expire(at(7)), Due::Gone);
    }

    #[test]
    fn a_refusal_is_repeated_until_its_ack_or_timer_h() {
        let mut tx = InviteServer::start();
        tx.finished(404, bytes("404"), udp(), at(0));
        assert_eq!(tx.due(), Some(Micros(500_000)));
        assert_eq!(tx.expire(Micros(500_000)), Due::Resend(bytes("404")));
        assert_eq!(tx.expire(at(32)), Due::Gone);
    }

    #[test]
    fn a_2xx_is_repeated_until_its_ack_and_a_missing_ack_is_told() {
        let mut tx = InviteServer::start();
        tx.finished(200, bytes("200"), udp(), at(0));
        assert_eq!(tx.again(), None);
        assert_eq!(tx.expire(Micros(500_000)), Due::Resend(bytes("200")));
        assert_eq!(tx.expire(at(32)), Due::NoAck);

        let mut tx = InviteServer::start();
        tx.finished(200, bytes("200"), udp(), at(0));
        assert!(tx.acknowledged(at(1)));
        assert_eq!(tx.due(), Some(at(33)));
        assert_eq!(tx.expire(at(33)), Due::Gone);
    }

    #[test]
    fn the_first_final_response_counts() {
        let mut tx = InviteServer::start();
        tx.finished(487, bytes("487"), udp(), at(0));
        tx.finished(200, bytes("200"), udp(), at(0));
        assert_eq!(tx.again(), Some(&bytes("487")));
    }
}
