//! The phones that ring for one leg: one INVITE each, all at once, and beneath the leg one phone (RFC 3261 §16.7).
//!
//! The first 2xx wins; the other INVITEs are cancelled, and a second 2xx is acknowledged and ended. A 6xx ends them all.
//! When all have refused, the refusal that says most is the leg's.

use super::{
    outgoing::Outgoing,
    phone::{PhoneLeg, Stage},
};
use crate::{Cause, Flow, MAX_AT_ONCE, Micros, Notice, RingRecord, context::Ctx, sdp::Sdp, wire::Message};
use bytes::Bytes;

/// The phone's 2xx has no description we could tell the caller.
const NO_MEDIA: Cause = Cause { status: 488, text: "No usable session description" };
/// Timer C.
const RANG_OUT: Cause = Cause { status: 408, text: "No answer" };
/// Another phone was faster; one that reads this does not show a missed call (RFC 3326 §3).
const ELSEWHERE: Cause = Cause { status: 200, text: "Call completed elsewhere" };
/// Another phone has refused for all of them.
const DECLINED: Cause = Cause { status: 603, text: "Declined at another phone" };
/// It was silent for too long, and another place is tried.
const SILENT: Cause = Cause { status: 408, text: "Tried elsewhere" };
/// Most INVITEs of one leg whose end is waited for: every phone at every place would be more than anybody needs.
const MAX_LEFTOVERS: usize = 2 * MAX_AT_ONCE;

/// The INVITEs that are out: one at least.
#[derive(Debug)]
pub(crate) struct Calling {
    out: Vec<Outgoing>,
    /// Provisional responses heard: a bit for each status above 100.
    heard: u128,
    /// Of those who have refused, what says most.
    refusal: Option<u16>,
}

/// An INVITE that is not wanted any more, and whose end is waited for.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(super) outgoing: Outgoing,
    pub(super) cause: Cause,
    /// Whether its CANCEL is out; that may leave only when a provisional response has come (RFC 3261 §9.1).
    pub(super) cancelled: bool,
}

impl Leftover {
    /// What is to be stored of it.
    pub(super) fn record(&self) -> RingRecord {
        self.outgoing.record()
    }
}

/// What the final response of a phone comes to for its leg.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The leg is answered.
    Answered,
    /// No phone is left: this is the leg's refusal.
    Refused(u16),
    /// Nothing yet, or nothing any more.
    GoesOn,
}

impl Calling {
    pub(super) const fn out(&self) -> &[Outgoing] {
        self.out.as_slice()
    }
    fn place(&self, branch: u128) -> Option<usize> {
        self.out.iter().position(|outgoing| outgoing.branch == branch)
    }
}

impl PhoneLeg {
    /// Sends the INVITEs of a waiting leg, with the caller's description `offer`.
    pub(crate) fn call(&mut self, caller: &Message, offer: &Bytes, ctx: &mut Ctx<'_>) {
        let (key, owner) = (self.key, self.owner());
        let Stage::Waiting(order) = &self.stage else { return };
        let told = self.session.tell(offer);
        let mut tag = Some(self.tag);
        let send = |phone| {
            let tag = tag.take().unwrap_or_else(|| ctx.mint.bits());
            Outgoing::send((caller, order, phone), (key, tag), told.clone(), owner, ctx)
        };
        let out = order.phones.iter().take(MAX_AT_ONCE).map(send).collect();
        self.stage = Stage::Calling(Box::new(Calling { out, heard: 0, refusal: None }));
        self.keep(ctx);
    }
    /// Whether the INVITE under `branch` is this leg's, wanted or not, and has no 2xx.
    pub(crate) fn is_calling(&self, branch: u128) -> bool {
        let left = self.leftovers.iter().any(|leftover| leftover.outgoing.branch == branch);
        left || matches!(&self.stage, Stage::Calling(calling) if calling.place(branch).is_some())
    }
    /// The number of the next request of the dialog with this Call-ID.
    pub(crate) fn next_seq(&mut self, call_id: &[u8]) -> Option<u32> {
        if let Stage::Calling(calling) = &mut self.stage {
            let outgoing = calling.out.iter_mut().find(|outgoing| outgoing.is_of(call_id))?;
            return Some(outgoing.next_seq());
        }
        let dialog = self.dialog_mut().filter(|dialog| dialog.call_id == call_id)?;
        Some(dialog.next_seq())
    }
    /// Takes a provisional response; true when it is the first of its status.
    pub(crate) fn rings(&mut self, branch: u128, response: &Message, from: Flow, ctx: &mut Ctx<'_>) -> bool {
        self.cancel_late(branch, ctx);
        let owner = self.owner();
        let Stage::Calling(calling) = &mut self.stage else { return false };
        let Some(place) = calling.place(branch) else { return false };
        let outgoing = &mut calling.out[place];
        outgoing.is_heard();
        let seq = outgoing.last_seq + 1;
        let mut pracked = std::mem::take(&mut outgoing.pracked);
        if pracked.acknowledge(response, from, (outgoing.sender(owner), seq), ctx) {
            outgoing.last_seq = seq;
        }
        outgoing.pracked = pracked;
        let status = response.status().unwrap_or_default();
        let bit = 1 << (status % 100);
        let new = status > 100 && calling.heard & bit == 0;
        calling.heard |= bit;
        new
    }
    /// Takes a 2xx.
    pub(crate) fn answers(
        &mut self,
        branch: u128,
        response: &Message,
        from: Flow,
        ctx: &mut Ctx<'_>,
    ) -> Outcome {
        if let Some(Leftover { outgoing, cause, .. }) = self.take_leftover(branch) {
            self.end_answer(&outgoing, (response, from), cause, ctx);
            return Outcome::GoesOn;
        }
        let Stage::Calling(calling) = &mut self.stage else { return Outcome::GoesOn };
        let Some(place) = calling.place(branch) else { return Outcome::GoesOn };
        let outgoing = calling.out.remove(place);
        let description = description(&outgoing, response);
        if !Sdp::parse(description.clone()).is_ok_and(|sdp| sdp.audio().is_some()) {
            self.end_answer(&outgoing, (response, from), NO_MEDIA, ctx);
            return self.is_refused(NO_MEDIA.status, ctx);
        }
        self.stop_calling(ELSEWHERE, ctx);
        self.session.theirs = description;
        self.answered(outgoing, (response, from), ctx);
        Outcome::Answered
    }
    /// Takes the end of an INVITE with `status`, by a response or for want of one.
    pub(crate) fn refuses(
        &mut self,
        branch: u128,
        (status, response): (u16, Option<&Message>),
        ctx: &mut Ctx<'_>,
    ) -> Outcome {
        if let Some(leftover) = self.take_leftover(branch) {
            leftover.outgoing.settle(ctx);
            // A CANCEL too many does no harm, a record for each of many would cost more.
            if self.leftovers.is_empty() && matches!(self.stage, Stage::Answered { .. } | Stage::Up { .. }) {
                self.keep(ctx);
            }
            return Outcome::GoesOn;
        }
        let (key, owner) = (self.key, self.owner());
        let Stage::Calling(calling) = &mut self.stage else { return Outcome::GoesOn };
        let Some(place) = calling.place(branch) else { return Outcome::GoesOn };
        let outgoing = &mut calling.out[place];
        let goes_on = match (status, response) {
            (422, Some(refusal)) => outgoing.asks_for_longer(refusal, owner, ctx),
            (401 | 407, Some(refusal)) => outgoing.signs(refusal, owner, ctx),
            // RFC 3263 §4.3: no answer, no way there, or nobody there who could take it.
            (503, _) | (_, None) => match outgoing.moves_on(owner, ctx) {
                Some(place) => {
                    ctx.out.notices.push(Notice::NobodyAt { leg: key, place });
                    true
                }
                None => false,
            },
            (_, Some(_)) => false,
        };
        if goes_on {
            self.keep(ctx);
            return Outcome::GoesOn;
        }
        calling.out.remove(place).settle(ctx);
        self.is_refused(status, ctx)
    }
    /// A phone has rung without news for Timer C.
    pub(crate) fn rang_out(&mut self, branch: u128, ctx: &mut Ctx<'_>) -> Outcome {
        let Stage::Calling(calling) = &mut self.stage else { return Outcome::GoesOn };
        let Some(place) = calling.place(branch) else { return Outcome::GoesOn };
        let outgoing = calling.out.remove(place);
        self.leave_over(outgoing, RANG_OUT, ctx);
        self.is_refused(RANG_OUT.status, ctx)
    }
    /// One phone less; who is left may still answer, unless the one has decided for all.
    fn is_refused(&mut self, status: u16, ctx: &mut Ctx<'_>) -> Outcome {
        let Stage::Calling(calling) = &mut self.stage else { return Outcome::GoesOn };
        let says_most = calling.refusal.filter(|before| rank(*before) <= rank(status)).unwrap_or(status);
        calling.refusal = Some(says_most);
        if status < 600 && !calling.out.is_empty() {
            self.keep(ctx);
            return Outcome::GoesOn;
        }
        self.stop_calling(DECLINED, ctx);
        Outcome::Refused(says_most)
    }
    /// Tries other places where phones have been silent for too long.
    pub(crate) fn mind_silence(&mut self, ctx: &mut Ctx<'_>) {
        let (key, owner) = (self.key, self.owner());
        let Stage::Calling(calling) = &mut self.stage else { return };
        let mut silent = Vec::new();
        for outgoing in &mut calling.out {
            if outgoing.due().is_some_and(|due| due <= ctx.now)
                && let Some(old) = outgoing.left_behind(owner, ctx)
            {
                silent.push(old);
            }
        }
        if silent.is_empty() {
            return;
        }
        for old in silent {
            ctx.net.clients.hush(old.branch, &mut ctx.net.timers);
            ctx.out.notices.push(Notice::NobodyAt { leg: key, place: old.to });
            self.leave_over(old, SILENT, ctx);
        }
        self.keep(ctx);
    }
    /// When somebody has been silent for too long.
    pub(super) fn silent_until(&self) -> Option<Micros> {
        let Stage::Calling(calling) = &self.stage else { return None };
        calling.out.iter().filter_map(Outgoing::due).min()
    }
    /// None of the INVITEs that are out is wanted any more.
    pub(super) fn stop_calling(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        if !matches!(self.stage, Stage::Calling(_)) {
            return;
        }
        if let Stage::Calling(calling) = std::mem::replace(&mut self.stage, Stage::Over) {
            for outgoing in calling.out {
                self.leave_over(outgoing, cause, ctx);
            }
        }
    }
    fn leave_over(&mut self, outgoing: Outgoing, cause: Cause, ctx: &mut Ctx<'_>) {
        outgoing.settle(ctx);
        let cancelled = ctx.cancel(outgoing.branch, Some(cause));
        if self.leftovers.len() < MAX_LEFTOVERS {
            self.leftovers.push(Leftover { outgoing, cause, cancelled });
        }
    }
    fn take_leftover(&mut self, branch: u128) -> Option<Leftover> {
        let place = self.leftovers.iter().position(|leftover| leftover.outgoing.branch == branch)?;
        Some(self.leftovers.remove(place))
    }
    /// A provisional response came to an INVITE that is not wanted any more: cancels it, once.
    fn cancel_late(&mut self, branch: u128, ctx: &mut Ctx<'_>) {
        let late = self.leftovers.iter_mut().find(|leftover| leftover.outgoing.branch == branch);
        if let Some(Leftover { outgoing, cause, cancelled: cancelled @ false }) = late {
            *cancelled = ctx.cancel(outgoing.branch, Some(*cause));
        }
    }
}

/// The description in a 2xx, or in a provisional response of the same branch that was acknowledged.
fn description(outgoing: &Outgoing, response: &Message) -> Bytes {
    let body = response.body();
    if body.is_empty() { outgoing.pracked.described(response.to_tag()) } else { body }
}

/// The lower, the more a refusal says: a decision for all phones, then that of a person, then the lowest hundred, and at
/// last that nobody was there.
const fn rank(status: u16) -> u16 {
    match status {
        600.. => 0,
        486 => 1,
        408 | 503 => 9,
        _ => status / 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_says_more_than_a_phone_and_a_phone_more_than_silence() {
        let order = [603, 486, 302, 404, 500, 503];
        assert!(order.is_sorted_by(|a, b| rank(*a) < rank(*b)));
        assert_eq!(rank(408), rank(503));
    }
}
