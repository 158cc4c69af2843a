//! Says a thing again until it is answered (RFC 3261 §17, on UDP).

use crate::engine::Turn;
use bytes::Bytes;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Round-trip estimate T1 of RFC 3261.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// The longest pause T2 between two of the same.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// 64·T1: when to give up (Timers B, F, H).
pub(crate) const GIVE_UP: Duration = Duration::from_secs(32);

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Resend {
    to: SocketAddr,
    bytes: Bytes,
    next: Instant,
    gap: Duration,
    longest_gap: Duration,
    until: Instant,
}

impl Resend {
    /// Sends an INVITE: pauses double without limit (Timer A).
    pub(crate) fn invite(to: SocketAddr, bytes: Bytes, turn: &mut Turn) -> Self {
        Self::start(to, bytes, GIVE_UP, turn)
    }
    /// Sends another request, or a final response to an INVITE: pauses double up to T2 (Timers E and G).
    pub(crate) fn other(to: SocketAddr, bytes: Bytes, turn: &mut Turn) -> Self {
        Self::start(to, bytes, T2, turn)
    }
    fn start(to: SocketAddr, bytes: Bytes, longest_gap: Duration, turn: &mut Turn) -> Self {
        turn.send(to, bytes.clone());
        Self { to, bytes, next: turn.now + T1, gap: T1, longest_gap, until: turn.now + GIVE_UP }
    }
    /// When [`Resend::expire`] is wanted.
    pub(crate) fn deadline(&self) -> Instant {
        self.next.min(self.until)
    }
    /// Sends it again if it is time; false when there is no hope left.
    pub(crate) fn expire(&mut self, turn: &mut Turn) -> bool {
        if turn.now >= self.until {
            return false;
        }
        if turn.now >= self.next {
            turn.send(self.to, self.bytes.clone());
            self.gap = (self.gap * 2).min(self.longest_gap);
            self.next = turn.now + self.gap;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unanswered_invite_goes_out_seven_times_in_32_seconds() {
        let start = Instant::now();
        let mut turn = Turn { now: start, sends: Vec::new() };
        let mut invite = Resend::invite("127.0.0.1:1".parse().unwrap(), Bytes::from_static(b"x"), &mut turn);
        loop {
            turn.now = invite.deadline();
            if !invite.expire(&mut turn) {
                break;
            }
        }
        assert_eq!((turn.sends.len(), turn.now - start), (7, GIVE_UP));
    }
}
