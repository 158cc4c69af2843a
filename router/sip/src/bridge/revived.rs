//! A call after a restart: its caller and the phones, and how they come together again.

use super::{Call, Have, Want};
use crate::{
    CallKey, LegKey, LegRecord, Notice,
    context::Ctx,
    leg::{
        Turn,
        caller::{self, Caller},
        phone::PhoneLeg,
    },
    sdp::{Sdp, offer_open},
    timers::ServerId,
    transaction::Side,
    wire::Message,
};
use bytes::Bytes;

impl Call {
    /// A call with this caller. The phone of `talks_to` stays, all others are ended.
    pub(crate) fn revived(
        caller: Caller,
        legs: &[(LegKey, LegRecord)],
        talks_to: Option<u32>,
        ctx: &mut Ctx<'_>,
    ) -> Self {
        let mut call = Self::new(caller.call, caller);
        for (key, record) in legs {
            call.take_old_leg((*key, record), talks_to == Some(key.attempt), ctx);
        }
        call.unsure = talks_to.filter(|attempt| call.phone(*attempt).is_some_and(|leg| leg.line().is_some()));
        if let (Some(attempt), None) = (talks_to, call.unsure) {
            ctx.out.notices.push(Notice::PhoneHungUp { leg: call.leg_key(attempt) }); // its record is damaged
        }
        call.have = call.joined_before().map_or(Have::Nothing, Have::Phone);
        call
    }
    /// A call of which there is nothing but what is to be ended.
    pub(crate) fn buried(key: CallKey, caller: Caller) -> Self {
        Self { buried: true, ..Self::new(key, caller) }
    }
    /// Puts a caller who is to hear our last word into such a call; nothing is done to any other.
    pub(crate) fn bury_caller(&mut self, caller: Caller) {
        if self.buried {
            self.caller = caller;
        }
    }
    /// Whether nobody else knows of it.
    pub(crate) const fn is_buried(&self) -> bool {
        self.buried
    }
    /// Takes a phone's leg as it was stored: it stays, or is ended.
    pub(crate) fn take_old_leg(
        &mut self,
        (key, record): (LegKey, &LegRecord),
        stays: bool,
        ctx: &mut Ctx<'_>,
    ) {
        if self.phone(key.attempt).is_none() {
            self.phones.push(PhoneLeg::revived(key, record, stays, ctx));
            ctx.net.legs += 1;
        }
    }
    /// The phone that the caller was told last, and talks to.
    fn joined_before(&self) -> Option<u32> {
        let leg = self.phone(self.unsure?)?;
        let is_up = matches!(self.caller.stage, caller::Stage::Up(_));
        (is_up && self.caller.session.has_told(&leg.session.theirs)).then_some(leg.key.attempt)
    }
    /// The ACK of a caller's 2xx may have come before the restart, and what is repeated now meet no interest: whether it is
    /// there is found out otherwise.
    pub(super) fn may_have_acknowledged(&mut self, side: Side, server: ServerId) -> bool {
        let is_first = side == Side::Caller && self.caller.revived && self.caller.server == server;
        let described = !self.caller.session.theirs.is_empty();
        let Some(line) = self.line_mut(side).filter(|_| is_first && described) else { return false };
        line.turn = Turn::Free;
        true
    }
    /// A 2xx came to a re-INVITE of ours from before the restart: acknowledges it, lest its sender give up the conversation.
    /// What that one told is not known, so it is told anew. False when it is not of this dialog.
    pub(crate) fn accepted_before(&mut self, side: Side, response: &Message, ctx: &mut Ctx<'_>) -> bool {
        let tag = response.to_tag().unwrap_or_default();
        let Some((line, session)) = self.talk(side) else { return false };
        let known =
            line.dialog.is_named(response.call_id(), tag) && response.cseq().0 <= line.dialog.local_seq;
        if !known {
            return false;
        }
        ctx.ack_stray(&line.dialog, response.cseq().0);
        let news = line.strays < response.cseq().0;
        if news && !matches!(line.turn, Turn::Asked(_)) {
            line.strays = response.cseq().0;
            if Sdp::parse(response.body()).is_ok() {
                // What it answered to a hold that was forgotten says nothing about now.
                session.theirs = offer_open(&response.body());
            }
            // It has begun its session anew with that answer, and will not refresh it earlier than that asks for.
            self.session_refreshed(side, response, ctx);
            self.keep(side, ctx);
            self.tell_anew(side);
            self.settle(ctx);
        }
        true
    }
    fn tell_anew(&mut self, side: Side) {
        match (side, self.have) {
            (Side::Caller, Have::Phone(attempt)) => (self.stale, self.want) = (true, Want::Phone(attempt)),
            (Side::Caller, Have::Music { port, .. }) => {
                (self.have, self.want) = (Have::Nothing, Want::Music { port });
            }
            (Side::Caller, Have::Nothing | Have::Silence) => {}
            (Side::Phone(attempt), _) if self.hold_stands(attempt) => self.restore_hold(),
            (Side::Phone(attempt), _) => self.is_stale(attempt),
        }
    }
    /// Whether this is the phone of which the shell says by this very order how it stands.
    pub(super) fn is_made_sure(&mut self, attempt: u32) -> bool {
        self.unsure.take_if(|unsure| *unsure == attempt).is_some()
    }
    /// The hold that stood before the restart stands again.
    pub(super) fn holds_again(&mut self, attempt: u32) -> bool {
        let here = self.line_mut(Side::Phone(attempt)).is_some();
        let again = here && self.hold.is_none() && self.is_made_sure(attempt);
        if again {
            self.hold_again(attempt, self.caller_unheld());
        }
        again
    }
    /// The caller as a phone that held it before is to know it again. What it answered to our music names few codings, so
    /// what it offered first is better, if its media is still there.
    fn caller_unheld(&self) -> Bytes {
        let (first, last) = (self.caller.invite.body(), &self.caller.session.theirs);
        let body = if is_at_same_place(&first, last) { &first } else { last };
        offer_open(body)
    }
}

/// Whether two descriptions receive at the same addresses and ports.
fn is_at_same_place(a: &Bytes, b: &Bytes) -> bool {
    let places = |body: &Bytes| {
        let sdp = Sdp::parse(body.clone()).ok()?;
        Some(sdp.media().iter().map(|media| (media.address.clone(), media.port)).collect::<Vec<_>>())
    };
    places(a).is_some() && places(a) == places(b)
}
