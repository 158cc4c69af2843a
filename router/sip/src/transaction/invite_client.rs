//! An INVITE we sent (RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §8.4).
//!
//! ```text
//!            1xx             300–699 / ACK           D
//! Calling ────────► Proceeding ────────► Completed ────► gone
//!    │  B: timed out     │ C: timed out
//!    └─────── 2xx ───────┴────────────► Accepted ── M ──► gone
//! ```
//! Proceeding becomes Cancelled when a CANCEL leaves: the same, but with 64×T1 of patience.
//!
//! The ACK of a 2xx is the leg's to write; it is kept here to answer retransmissions of the 2xx.

use super::timing::{LIFE, Retry, TIMER_C, TIMER_D, Tick, about};
use crate::{Flow, Micros, auth::Shown};
use bytes::Bytes;
use std::sync::Arc;

/// Most answers of other branches of a fork we remember to have ended.
const MAX_FORKS: usize = 8;

/// An INVITE and where it stands.
#[derive(Debug)]
pub(crate) struct InviteClient {
    pub(crate) sent: Sent,
    state: State,
}

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// The INVITE; empty once it is accepted, when it is not needed any more.
    pub(crate) request: Bytes,
    /// Where to.
    pub(crate) to: Flow,
    /// Its From.
    pub(crate) from: Bytes,
    /// The number in its CSeq.
    pub(crate) seq: u32,
    /// Whether a 2xx makes a dialog, or just belongs to one.
    pub(crate) initial: bool,
    /// The trunk whose login signs what belongs to it.
    pub(crate) trunk: Option<Arc<str>>,
    /// By what it was signed.
    pub(crate) shown: Shown,
}

#[derive(Debug)]
enum State {
    Calling(Retry),
    Proceeding { until: Micros },
    Cancelled { until: Micros },
    Completed { ack: Bytes, until: Micros },
    Accepted { tag: Bytes, ack: Option<(Bytes, Flow)>, forks: Vec<Bytes>, until: Micros },
}

/// What a response means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A provisional response for the owner.
    Provisional,
    /// The first refusal: write the ACK, [`InviteClient::refused`], tell the owner.
    Refused,
    /// The first 2xx, for the owner; it was taken note of.
    Accepted,
    /// A 2xx of another branch of a fork: end it. `new` is false when that was done before and only the ACK is due.
    Fork { new: bool },
    /// A retransmission: send this once more.
    Repeat(Bytes, Flow),
    /// Nothing to do.
    Nothing,
}

/// What a timer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send the request once more.
    Resend,
    /// Nobody answered (B), or the end of a cancelled INVITE did not come; forget it.
    TimedOut,
    /// It rang without news for too long (C); cancel it.
    RangOut,
    /// Forget it.
    Gone,
    /// Not yet.
    Wait,
}

impl InviteClient {
    /// It leaves `now`.
    pub(crate) fn start(sent: Sent, now: Micros) -> Self {
        let retry = Retry::over(sent.to, now, LIFE);
        Self { sent, state: State::Calling(retry) }
    }
    /// One that left before a restart and may ring: what comes of it is heard for so long.
    pub(crate) fn ringing(sent: Sent, now: Micros) -> Self {
        Self { sent, state: State::Proceeding { until: now.after(LIFE) } }
    }
    /// One that left before a restart, and whose 2xx with this tag has come.
    pub(crate) fn answered(sent: Sent, tag: Bytes, now: Micros) -> Self {
        let state = State::Accepted { tag, ack: None, forks: Vec::new(), until: about(now, LIFE) };
        Self { sent: Sent { request: Bytes::new(), ..sent }, state }
    }
    /// It is not sent again, but what comes of it is still heard.
    pub(crate) fn hush(&mut self) {
        if let State::Calling(retry) = &mut self.state {
            retry.hush();
        }
    }
    /// Whether a provisional response has come, so that it may be cancelled (RFC 3261 §9.1).
    pub(crate) fn may_cancel(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }
    /// Whether it waits for its first final response.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling(_) | State::Proceeding { .. } | State::Cancelled { .. })
    }
    /// A CANCEL was sent, or nobody waits any more: a final response is due within 64×T1 (RFC 3261 §9.1).
    pub(crate) fn cancelled(&mut self, now: Micros) {
        self.state = State::Cancelled { until: now.after(LIFE) };
    }
    /// Takes a response; `tag` is its To tag.
    pub(crate) fn hear(&mut self, status: u16, tag: &Bytes, now: Micros) -> Heard {
        match (&mut self.state, status) {
            (State::Calling(_), 100..200) => {
                self.state = State::Proceeding { until: now.after(TIMER_C) };
                Heard::Provisional
            }
            (State::Proceeding { until }, 101..200) => {
                *until = now.after(TIMER_C); // RFC 3261 §16.7
                Heard::Provisional
            }
            (State::Calling(_) | State::Proceeding { .. } | State::Cancelled { .. }, 200..300) => {
                let until = about(now, LIFE);
                self.state = State::Accepted { tag: tag.clone(), ack: None, forks: Vec::new(), until };
                self.sent.request = Bytes::new();
                Heard::Accepted
            }
            (State::Calling(_) | State::Proceeding { .. } | State::Cancelled { .. }, 300..700) => {
                Heard::Refused
            }
            (State::Completed { ack, .. }, 300..700) => Heard::Repeat(ack.clone(), self.sent.to),
            (State::Accepted { tag: ours, ack, forks, .. }, 200..300) => {
                if ours != tag {
                    return fork(forks, tag);
                }
                ack.as_ref().map_or(Heard::Nothing, |(bytes, to)| Heard::Repeat(bytes.clone(), *to))
            }
            (
                State::Calling(_)
                | State::Proceeding { .. }
                | State::Cancelled { .. }
                | State::Completed { .. }
                | State::Accepted { .. },
                _,
            ) => Heard::Nothing,
        }
    }
    /// The refusal was acknowledged with `ack`.
    pub(crate) fn refused(&mut self, ack: Bytes, now: Micros) {
        self.state = State::Completed { ack, until: about(now, TIMER_D) };
    }
    /// The 2xx was acknowledged with `ack`.
    pub(crate) fn acknowledged(&mut self, bytes: Bytes, to: Flow) {
        if let State::Accepted { ack, .. } = &mut self.state {
            *ack = Some((Bytes::copy_from_slice(&bytes), to)); // without the room it was written in
        }
    }
    /// When to ask [`InviteClient::expire`].
    pub(crate) fn due(&self) -> Micros {
        match &self.state {
            State::Calling(retry) => retry.due(),
            State::Proceeding { until }
            | State::Cancelled { until }
            | State::Completed { until, .. }
            | State::Accepted { until, .. } => *until,
        }
    }
    /// What is to be done `now`.
    pub(crate) fn expire(&mut self, now: Micros) -> Due {
        match &mut self.state {
            State::Calling(retry) => match retry.tick(now) {
                Tick::Again => Due::Resend,
                Tick::GiveUp => Due::TimedOut,
                Tick::Wait => Due::Wait,
            },
            State::Proceeding { until } if now >= *until => {
                *until = now.after(LIFE); // should nobody cancel it, we ask again
                Due::RangOut
            }
            State::Cancelled { until } if now >= *until => Due::TimedOut,
            State::Completed { until, .. } | State::Accepted { until, .. } if now >= *until => Due::Gone,
            State::Proceeding { .. }
            | State::Cancelled { .. }
            | State::Completed { .. }
            | State::Accepted { .. } => Due::Wait,
        }
    }
}

fn fork(forks: &mut Vec<Bytes>, tag: &Bytes) -> Heard {
    if forks.contains(tag) {
        return Heard::Fork { new: false };
    }
    if forks.len() == MAX_FORKS {
        return Heard::Nothing; // it will give up for want of an ACK
    }
    forks.push(tag.clone());
    Heard::Fork { new: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn invite() -> InviteClient {
        let to = Flow::udp("192.0.2.1:5060".parse().unwrap());
        let (request, from, trunk) = (tag("INVITE"), tag("ours"), None);
        let sent = Sent { request, to, from, seq: 1, initial: true, trunk, shown: Shown::new() };
        InviteClient::start(sent, Micros(0))
    }
    fn tag(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }
    fn at(s: u64) -> Micros {
        Micros(s * 1_000_000)
    }

    #[test]
    fn an_unanswered_invite_is_repeated_then_times_out() {
        let mut tx = invite();
        assert_eq!(tx.due(), Micros(500_000));
        assert_eq!(tx.expire(Micros(500_000)), Due::Resend);
        assert!(!tx.may_cancel());
        assert_eq!(tx.expire(at(32)), Due::TimedOut);
    }

    #[test]
    fn a_provisional_response_stops_repeating_and_starts_timer_c() {
        let mut tx = invite();
        assert_eq!(tx.hear(100, &tag(""), at(1)), Heard::Provisional);
        assert!(tx.may_cancel());
        assert_eq!(tx.due(), at(1).after(TIMER_C));
        tx.hear(180, &tag("a"), at(60));
        assert_eq!(tx.due(), at(60).after(TIMER_C));
        assert_eq!(tx.expire(at(240)), Due::RangOut);
    }

    #[test]
    fn a_cancelled_invite_waits_32_s_for_its_end_whatever_rings() {
        let mut tx = invite();
        tx.hear(180, &tag("a"), at(1));
        tx.cancelled(at(2));
        tx.hear(180, &tag("a"), at(3));
        assert_eq!(tx.due(), at(34));
        assert_eq!(tx.expire(at(34)), Due::TimedOut);
    }

    #[test]
    fn a_repeated_refusal_is_acknowledged_again_until_timer_d() {
        let mut tx = invite();
        assert_eq!(tx.hear(486, &tag("a"), at(1)), Heard::Refused);
        tx.refused(tag("ACK"), at(1));
        assert_eq!(tx.hear(486, &tag("a"), at(2)), Heard::Repeat(tag("ACK"), tx.sent.to));
        assert_eq!(tx.expire(at(33)), Due::Gone);
    }

    #[test]
    fn a_repeated_2xx_gets_its_ack_again_once_there_is_one() {
        let mut tx = invite();
        assert_eq!(tx.hear(200, &tag("a"), at(1)), Heard::Accepted);
        assert_eq!(tx.hear(200, &tag("a"), at(2)), Heard::Nothing);
        tx.acknowledged(tag("ACK"), tx.sent.to);
        assert_eq!(tx.hear(200, &tag("a"), at(3)), Heard::Repeat(tag("ACK"), tx.sent.to));
        assert_eq!(tx.hear(180, &tag("a"), at(3)), Heard::Nothing);
        assert_eq!(tx.expire(Micros(0).after(Duration::from_secs(33))), Due::Gone);
    }

    #[test]
    fn a_second_branch_of_a_fork_is_ended_once_and_the_number_of_branches_is_bounded() {
        let mut tx = invite();
        tx.hear(200, &tag("a"), at(1));
        assert_eq!(tx.hear(200, &tag("b"), at(1)), Heard::Fork { new: true });
        assert_eq!(tx.hear(200, &tag("b"), at(2)), Heard::Fork { new: false });
        for n in 0..100_u8 {
            tx.hear(200, &Bytes::from(vec![n]), at(2));
        }
        assert_eq!(tx.hear(200, &tag("z"), at(2)), Heard::Nothing);
    }
}
