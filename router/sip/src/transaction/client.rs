//! A request other than INVITE that we sent (RFC 3261 §17.1.2): BYE, CANCEL, UPDATE.
//!
//! ```text
//!           1xx              200–699            K
//! Trying ────────► Proceeding ────────► Completed ───► gone
//!   └─ F: timed out   └─ F: timed out
//! ```

use super::timing::{Retry, T2, T4, Tick, about};
use crate::{Flow, Micros};
use bytes::Bytes;

/// A request and where it stands.
#[derive(Debug)]
pub(crate) struct Client {
    /// As sent; empty when it is not needed any more.
    pub(crate) request: Bytes,
    /// Where to.
    pub(crate) to: Flow,
    state: State,
}

#[derive(Debug)]
enum State {
    Trying(Retry),
    Completed { until: Micros },
}

/// What a timer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send the request once more.
    Resend,
    /// Nobody answered (F); forget it.
    TimedOut,
    /// Forget it.
    Gone,
    /// Not yet.
    Wait,
}

impl Client {
    /// `request` leaves `now`.
    pub(crate) fn start(request: Bytes, to: Flow, now: Micros) -> Self {
        Self { request, to, state: State::Trying(Retry::over(to, now, T2)) }
    }
    /// Takes a response. True when it is the first final one.
    pub(crate) fn hear(&mut self, status: u16, now: Micros) -> bool {
        let State::Trying(retry) = &mut self.state else { return false };
        if status < 200 {
            retry.slow_down();
            return false;
        }
        self.abandon(now);
        true
    }
    /// Nobody waits for its answer any more: it is not repeated, and a late response absorbed.
    pub(crate) fn abandon(&mut self, now: Micros) {
        self.request = Bytes::new();
        self.state = State::Completed { until: about(now, T4) };
    }
    /// Whether it waits for its final response.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, State::Trying(_))
    }
    /// When to ask [`Client::expire`].
    pub(crate) fn due(&self) -> Micros {
        match &self.state {
            State::Trying(retry) => retry.due(),
            State::Completed { until } => *until,
        }
    }
    /// What is to be done `now`.
    pub(crate) fn expire(&mut self, now: Micros) -> Due {
        match &mut self.state {
            State::Trying(retry) => match retry.tick(now) {
                Tick::Again => Due::Resend,
                Tick::GiveUp => Due::TimedOut,
                Tick::Wait => Due::Wait,
            },
            State::Completed { until } if now >= *until => Due::Gone,
            State::Completed { .. } => Due::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bye() -> Client {
        Client::start(Bytes::from_static(b"BYE"), Flow::udp("192.0.2.1:5060".parse().unwrap()), Micros(0))
    }
    fn at(s: u64) -> Micros {
        Micros(s * 1_000_000)
    }

    #[test]
    fn an_unanswered_request_is_repeated_then_times_out() {
        let mut tx = bye();
        assert_eq!(tx.due(), Micros(500_000));
        assert_eq!(tx.expire(Micros(500_000)), Due::Resend);
        assert_eq!(tx.due(), Micros(1_500_000));
        assert_eq!(tx.expire(at(32)), Due::TimedOut);
    }

    #[test]
    fn a_provisional_response_slows_the_repeating_to_t2() {
        let mut tx = bye();
        tx.hear(100, Micros(100_000));
        assert_eq!(tx.expire(Micros(500_000)), Due::Resend);
        assert_eq!(tx.due(), Micros(4_500_000));
    }

    #[test]
    fn a_final_response_ends_the_repeating_and_late_ones_are_absorbed() {
        let mut tx = bye();
        assert!(!tx.hear(100, at(1)) && tx.hear(200, at(1)) && !tx.is_open());
        assert_eq!(tx.due(), at(6));
        assert!(!tx.hear(481, at(2)));
        assert_eq!(tx.expire(at(6)), Due::Gone);
    }
}
