//! Two phones of a call hear each other while its caller is on hold: the agent asks somebody before she gives it away.
//!
//! ```text
//!  order ─▶ Rings ─ 2xx, order ─▶ Joined ── either is gone ──▶ (none)
//! ```
//! The one who is asked is called with the description of her phone. Once answered, her phone is told where the other's
//! media is, as soon as it holds; from then on what one of them asks goes to the other.

use super::{Call, Want, join::is_news_to};
use crate::{
    Cause, LegKey, Notice,
    context::Ctx,
    leg::{
        Purpose, caller,
        phone::{Order, PhoneLeg},
    },
    sdp::offer_open,
    transaction::Side,
};

/// How often one phone's answer may send us to the other.
const MAX_CORRECTIONS: u8 = 3;
/// For the Reason of a BYE to a phone that could not be joined to the one that asks.
const NOT_JOINED: Cause = Cause { status: 488, text: "Phones could not be joined" };

/// Two phones, one of which was called for the other.
#[derive(Debug)]
pub(super) struct Pair {
    /// Whose caller is on hold.
    by: u32,
    /// Who is asked.
    with: u32,
    joined: bool,
    corrections: u8,
}

impl Pair {
    const fn other(&self, attempt: u32) -> Option<u32> {
        match attempt {
            _ if attempt == self.by => Some(self.with),
            _ if attempt == self.with => Some(self.by),
            _ => None,
        }
    }
}

impl Call {
    /// Calls somebody, at all phones at once, whom the phone of attempt `by` wants to ask.
    pub(crate) fn consult(&mut self, leg: LegKey, by: u32, mut order: Order, ctx: &mut Ctx<'_>) {
        if self.phone(leg.attempt).is_some() {
            return;
        }
        let up = matches!(self.caller.stage, caller::Stage::Up(_));
        let asks = self.phone(by).filter(|asks| up && asks.line().is_some());
        let Some(offer) = asks.map(|asks| offer_open(&asks.session.theirs)) else {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        };
        if !self.has_room_for(&mut order) {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        }
        let mut asked = PhoneLeg::new(leg, order, ctx);
        ctx.net.legs += 1;
        asked.call(&self.caller.invite, &offer, ctx);
        self.phones.push(asked);
        self.pair = Some(Pair { by, with: leg.attempt, joined: false, corrections: 0 });
    }
    /// The one who is asked has answered, which is stored: the two are joined.
    pub(crate) fn join_consult(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let Some(pair) = self.pair.as_mut().filter(|pair| pair.with == attempt) else { return };
        pair.joined = true;
        let by = pair.by;
        if !self.phone_mut(attempt).is_some_and(|leg| leg.acknowledge(ctx)) {
            return;
        }
        self.is_stale(by);
        self.settle(ctx);
    }
    /// The caller is joined to the one who was asked; the phone that asked has gone.
    pub(crate) fn put_through(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        if self.phone(attempt).is_none_or(|leg| leg.line().is_none()) {
            return;
        }
        self.forget_pair(attempt, ctx);
        // Her phone may have held it, and its answer to that is nothing to the caller.
        if let Some(leg) = self.phone_mut(attempt) {
            leg.session.theirs = offer_open(&leg.session.theirs);
            leg.keep(ctx);
        }
        self.silence(ctx);
        (self.corrections, self.stale) = (0, false);
        if matches!(self.caller.stage, caller::Stage::Up(_)) {
            self.want = Want::Phone(attempt);
            self.settle(ctx);
        }
    }
    /// Somebody has asked of its own accord: what that sets off may be corrected anew.
    pub(super) const fn begin_to_correct(&mut self) {
        self.corrections = 0;
        if let Some(pair) = &mut self.pair {
            pair.corrections = 0;
        }
    }
    /// Forgets a pair whose phone has not come.
    pub(super) fn mind_pair(&mut self) {
        if self.pair.as_ref().is_some_and(|pair| self.phone(pair.with).is_none()) {
            self.pair = None;
        }
    }
    /// The phone that hears this one instead of the caller.
    pub(super) fn paired(&self, side: Side) -> Option<Side> {
        let Side::Phone(attempt) = side else { return None };
        // Until her phone holds, what it is asked may still be the caller's question.
        let pair = self.pair.as_ref().filter(|pair| pair.joined && self.hold_stands(pair.by))?;
        pair.other(attempt).map(Side::Phone)
    }
    /// Whether this phone is called for another one, and is nothing to the caller.
    pub(super) fn is_consulted(&self, attempt: u32) -> bool {
        self.pair.as_ref().is_some_and(|pair| pair.with == attempt)
    }
    /// Tells the phones of a pair where the other's media is, if that has changed, it is our turn, and the one that asks
    /// holds.
    pub(super) fn settle_pair(&mut self, ctx: &mut Ctx<'_>) {
        let Some((by, with)) = self.pair.as_ref().filter(|pair| pair.joined).map(|pair| (pair.by, pair.with))
        else {
            return;
        };
        if !self.hold_stands(by) {
            return;
        }
        for (attempt, other) in [(by, with), (with, by)] {
            let theirs = self.phone(other).map(|leg| leg.session.theirs.clone()).unwrap_or_default();
            let Some(leg) = self.phone_mut(attempt).filter(|leg| leg.stale) else { continue };
            if leg.line().is_some_and(|line| line.turn.is_ours(ctx.now)) {
                leg.stale = false;
                self.ask(Side::Phone(attempt), &theirs, Purpose::Pair, ctx);
            }
        }
    }
    /// A phone has said where its media is: the other one of the pair has to know.
    pub(super) fn compare_pair(&mut self, side: Side) {
        let (Side::Phone(attempt), Some(Side::Phone(other))) = (side, self.paired(side)) else { return };
        let Some(theirs) = self.phone(attempt).map(|leg| leg.session.theirs.clone()) else { return };
        let news = self.phone(other).is_some_and(|leg| is_news_to(&leg.session, &theirs));
        let Some(pair) = self.pair.as_mut().filter(|pair| news && pair.corrections < MAX_CORRECTIONS) else {
            return;
        };
        pair.corrections += 1;
        self.is_stale(other);
    }
    /// One of the phones cannot be joined to the other: the one that was asked is let go.
    pub(super) fn pair_failed(&mut self, side: Side, status: u16, ctx: &mut Ctx<'_>) {
        if self.paired(side).is_none() {
            return; // it is over already
        }
        let Some(with) = self.pair.as_ref().map(|pair| pair.with) else { return };
        if let Some(leg) = self.phone_mut(with) {
            leg.end(NOT_JOINED, ctx);
        }
        self.forget_pair(with, ctx);
        ctx.out.notices.push(Notice::ConsultFailed { leg: self.leg_key(with), status });
    }
    /// One of the phones is gone, or joined to the caller: what the other asked of it is refused.
    pub(super) fn forget_pair(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let Some(other) = self.pair.as_ref().and_then(|pair| pair.other(attempt)) else { return };
        let joined = self.pair.take().is_some_and(|pair| pair.joined);
        for attempt in [attempt, other] {
            let Some(leg) = self.phone_mut(attempt).filter(|_| joined) else { continue };
            leg.stale = false;
            if let Some((line, _)) = leg.talk() {
                line.refuse(480, ctx);
            }
        }
    }
}
