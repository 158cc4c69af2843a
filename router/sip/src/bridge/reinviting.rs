//! What comes of our own offers by re-INVITE and UPDATE.

use super::{Call, Have, Want};
use crate::{
    Cause, Left, Notice,
    context::Ctx,
    leg::{Asking, By, Purpose, Turn},
    sdp::{Music, Sdp},
    transaction::{Heard, Side},
    wire::Message,
};
use std::time::Duration;

/// How often in a row we ask again after a 491.
const MAX_GLARES: u8 = 6;
/// The same for music. An INVITE of the caller that nobody hears, as we have just started, keeps ours out for 32 s; none of
/// our pauses is shorter than a second on average.
const MAX_GLARES_FOR_MUSIC: u8 = 48;
/// The media of the caller could not be moved to the phone.
const BRIDGE_FAILED: Cause = Cause { status: 488, text: "Caller could not be joined" };
/// The peer did not answer our re-INVITE.
const LOST: Cause = Cause { status: 408, text: "No answer" };

impl Call {
    /// Takes a response to a re-INVITE of ours; false when that is not what `side` waits for.
    pub(super) fn reinvite_heard(
        &mut self,
        side: Side,
        branch: u128,
        heard: &Heard,
        message: &Message,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        if !self.is_asking(side, branch) {
            return false;
        }
        match heard {
            Heard::Accepted => self.reinvite_accepted(side, message, ctx),
            Heard::Refused if self.asks_for_longer(side, message, ctx) => {}
            Heard::Refused => self.reinvite_refused(side, message.status().unwrap_or_default(), ctx),
            Heard::Provisional | Heard::Fork { .. } | Heard::Repeat(..) | Heard::Nothing => {}
        }
        true
    }
    /// Nobody answered our re-INVITE.
    pub(super) fn reinvite_timed_out(&mut self, side: Side, branch: u128, ctx: &mut Ctx<'_>) {
        if self.is_asking(side, branch) {
            self.reinvite_refused(side, 408, ctx);
        }
    }
    pub(super) fn is_asking(&mut self, side: Side, branch: u128) -> bool {
        matches!(self.line_mut(side), Some(line) if matches!(&line.turn, Turn::Asking(asking) if asking.branch == branch))
    }
    fn take_asking(&mut self, side: Side) -> Option<Asking> {
        let line = self.line_mut(side)?;
        match std::mem::replace(&mut line.turn, Turn::Free) {
            Turn::Asking(asking) => Some(asking),
            turn @ (Turn::Free | Turn::Asked(_) | Turn::Answered { .. } | Turn::Backoff { .. }) => {
                line.turn = turn;
                None
            }
        }
    }

    pub(super) fn reinvite_accepted(&mut self, side: Side, message: &Message, ctx: &mut Ctx<'_>) {
        let Some(asking) = self.take_asking(side) else { return };
        if let Some(line) = self.line_mut(side) {
            line.dialog.refresh(message);
            if let By::Invite { seq } = asking.by {
                ctx.ack(&line.dialog, asking.branch, seq);
            }
        }
        self.session_refreshed(side, message, ctx);
        if Sdp::parse(message.body()).is_err() {
            self.in_vain(side, asking, 488, ctx);
            return self.settle(ctx);
        }
        if let Some(session) = self.session_mut(side) {
            session.theirs = message.body();
        }
        self.agreed(side, asking.purpose, ctx);
        self.keep(side, ctx);
        self.settle(ctx);
    }
    fn agreed(&mut self, side: Side, purpose: Purpose, ctx: &mut Ctx<'_>) {
        match purpose {
            Purpose::Music { port } => self.at_music(port, ctx),
            Purpose::Join { attempt } => {
                self.have = Have::Phone(attempt);
                self.stale = false;
                if self.want == Want::Phone(attempt) {
                    self.want = Want::AsIs;
                }
                self.came_back(attempt, ctx);
                self.compare_with_phone();
                self.compare_with_caller(attempt); // it may have moved while the caller was asked
            }
            Purpose::Repoint => {
                if let Side::Phone(attempt) = side {
                    self.compare_with_caller(attempt);
                }
            }
            Purpose::Pair => self.compare_pair(side),
            Purpose::Relay => self.relayed(side, ctx),
            Purpose::Refresh => self.refresh_agreed(side, ctx),
            Purpose::Silence => self.is_silent(ctx),
            Purpose::Return { attempt } => self.returned(attempt, ctx),
            Purpose::Hold | Purpose::Retrieve => {
                if let Side::Phone(attempt) = side {
                    self.phone_agreed(attempt, ctx);
                }
            }
        }
    }
    /// The caller's media points to our music now.
    fn at_music(&mut self, port: u16, ctx: &mut Ctx<'_>) {
        self.have = Have::Music { port, music: self.heard_music() };
        if self.want == (Want::Music { port }) {
            self.want = Want::AsIs;
            match self.have {
                Have::Music { music: Some(Music { to: Some(_), .. }), .. } => {
                    self.playing = false; // from another port, perhaps: it starts afresh
                    self.play(ctx);
                }
                Have::Music { .. } | Have::Nothing | Have::Silence | Have::Phone(_) => self.silence(ctx),
            }
        }
    }

    pub(super) fn reinvite_refused(&mut self, side: Side, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(asking) = self.take_asking(side) {
            self.in_vain(side, asking, status, ctx);
        }
        self.settle(ctx);
    }
    /// Our re-INVITE came to nothing: the session is as it was before (RFC 3261 §14.1).
    fn in_vain(&mut self, side: Side, asking: Asking, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(session) = self.session_mut(side) {
            session.ours = asking.before.clone();
        }
        match (status, asking.purpose) {
            (481 | 408, purpose) => {
                self.not_granted(side, purpose, 480, ctx);
                self.lost(side, status == 408, ctx);
            }
            (_, purpose @ (Purpose::Relay | Purpose::Return { .. })) => {
                self.not_granted(side, purpose, status, ctx);
            }
            (491, Purpose::Music { .. }) if asking.glares < MAX_GLARES_FOR_MUSIC => {
                self.back_off(side, &asking, ctx)
            }
            (491, _) if asking.glares < MAX_GLARES => self.back_off(side, &asking, ctx),
            // One from before a restart may not be answered yet (RFC 3261 §14.2).
            (500, _) if self.caller.revived && asking.glares < MAX_GLARES => {
                self.back_off(side, &asking, ctx)
            }
            (_, Purpose::Refresh) => self.refresh_refused(side, ctx.now),
            (_, Purpose::Music { port }) if self.want == (Want::Music { port }) => self.no_music(),
            (_, Purpose::Silence) if self.want == Want::Silence => self.want = Want::AsIs,
            (_, Purpose::Music { .. } | Purpose::Silence) => {}
            (_, Purpose::Join { attempt }) => {
                if !self.stays_away(attempt, status, ctx) {
                    self.bridge_failed(attempt, ctx);
                }
            }
            (_, Purpose::Hold | Purpose::Retrieve) => {
                if let Side::Phone(attempt) = side {
                    self.phone_disagreed(attempt, status, ctx);
                }
            }
            (_, Purpose::Pair) => self.pair_failed(side, status, ctx),
            (_, Purpose::Repoint) => {
                if let Side::Phone(attempt) = side {
                    self.bridge_failed(attempt, ctx);
                }
            }
        }
    }
    /// What one side asked for is not to be had of the other, `side`.
    fn not_granted(&mut self, side: Side, purpose: Purpose, status: u16, ctx: &mut Ctx<'_>) {
        match purpose {
            Purpose::Relay => self.not_relayed(side, status, ctx),
            Purpose::Return { attempt } => self.not_returned(attempt, status, ctx),
            Purpose::Music { .. }
            | Purpose::Silence
            | Purpose::Join { .. }
            | Purpose::Repoint
            | Purpose::Pair
            | Purpose::Refresh
            | Purpose::Hold
            | Purpose::Retrieve => {}
        }
    }
    /// Asks again later: 2.1 to 4 s when the Call-ID is ours, 0 to 2 s when it is the peer's, in steps of 10 ms
    /// (RFC 3261 §14.1).
    fn back_off(&mut self, side: Side, asking: &Asking, ctx: &mut Ctx<'_>) {
        let pause_ms = pause_ms(side, ctx.mint.bits());
        let until = ctx.now.after(Duration::from_millis(pause_ms));
        if let (Purpose::Repoint | Purpose::Pair, Side::Phone(attempt)) = (asking.purpose, side) {
            self.is_stale(attempt);
        }
        if let Some(line) = self.line_mut(side) {
            line.turn = Turn::Backoff { until, glares: asking.glares + 1 };
        }
    }
    /// A phone has to be told where the media is that it hears.
    pub(super) fn is_stale(&mut self, attempt: u32) {
        if let Some(leg) = self.phone_mut(attempt) {
            leg.stale = true;
        }
    }
    /// The phone cannot be joined to the caller, who is still there: the phone is let go, the caller hears music again.
    fn bridge_failed(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let back = self.port.map_or(Want::AsIs, |port| Want::Music { port });
        let leg = self.leg_key(attempt);
        // One that has been dropped meanwhile: the caller may be wanted at another phone by now.
        let Some(phone) = self.phone_mut(attempt).filter(|leg| leg.line().is_some()) else { return };
        phone.end(BRIDGE_FAILED, ctx);
        self.want = back;
        self.release(attempt, ctx);
        ctx.out.notices.push(Notice::BridgeFailed { leg });
    }
    /// A peer is not there any more.
    pub(super) fn lost(&mut self, side: Side, say_bye: bool, ctx: &mut Ctx<'_>) {
        self.lost_with(side, say_bye.then_some(LOST), ctx);
    }
    /// As [`Call::lost`]; `bye` is said nevertheless when the peer may merely have been out of reach.
    pub(super) fn lost_with(&mut self, side: Side, bye: Option<Cause>, ctx: &mut Ctx<'_>) {
        match side {
            Side::Caller => {
                self.caller.lost(bye, ctx);
                self.caller_left(Left::Lost, ctx);
            }
            Side::Phone(attempt) => {
                let leg = self.leg_key(attempt);
                let Some(phone) = self.phone_mut(attempt) else { return };
                phone.lost(bye, ctx);
                self.release(attempt, ctx);
                ctx.out.notices.push(Notice::PhoneHungUp { leg });
            }
        }
    }
    pub(super) fn keep(&self, side: Side, ctx: &mut Ctx<'_>) {
        match side {
            Side::Caller => self.caller.keep(ctx),
            Side::Phone(attempt) => {
                if let Some(leg) = self.phone(attempt) {
                    leg.keep(ctx);
                }
            }
        }
    }
}

/// A pause in the range of `side`, in whole steps of 10 ms.
const fn pause_ms(side: Side, random: u128) -> u64 {
    match side {
        Side::Caller => (random % 201) as u64 * 10,
        Side::Phone(_) => 2_100 + (random % 191) as u64 * 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_that_owns_the_call_id_waits_longer() {
        for random in 0..1_000 {
            assert!((0..=2_000).contains(&pause_ms(Side::Caller, random)));
            assert!((2_100..=4_000).contains(&pause_ms(Side::Phone(1), random)));
        }
        assert_eq!((pause_ms(Side::Caller, 200), pause_ms(Side::Phone(1), 190)), (2_000, 4_000));
    }
}
