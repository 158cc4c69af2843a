//! A phone rings: its INVITE and what it says to it.

use super::{Call, Want};
use crate::{
    Cause, Flow, LegKey, Notice,
    context::Ctx,
    leg::{
        caller,
        calling::Outcome,
        phone::{Order, PhoneLeg},
    },
    transaction::Heard,
    wire::Message,
};

/// Most phones' legs of one call at a time: those that ring, and those whose end is still waited for.
const MAX_PHONES: usize = 64;

impl Call {
    /// Rings a phone, as soon as the caller's description is known.
    pub(crate) fn ring(&mut self, leg: LegKey, mut order: Order, ctx: &mut Ctx<'_>) {
        let here = matches!(self.caller.stage, caller::Stage::Early(_) | caller::Stage::Up(_));
        if !here || self.phone(leg.attempt).is_some() {
            return;
        }
        if !self.has_room_for(&mut order) {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        }
        self.phones.push(PhoneLeg::new(leg, order, ctx));
        ctx.net.legs += 1;
        if self.caller.session.theirs.is_empty() && matches!(self.caller.stage, caller::Stage::Early(_)) {
            self.answer_with_offer(self.port, ctx);
        }
        self.call_waiting_phones(ctx);
    }
    /// Whether one phone more can be called.
    pub(super) fn has_room_for(&self, order: &mut Order) -> bool {
        self.phones.len() < MAX_PHONES && order.can_be_sent()
    }
    /// Sends the INVITEs that waited for the caller's description.
    pub(super) fn call_waiting_phones(&mut self, ctx: &mut Ctx<'_>) {
        if self.caller.session.theirs.is_empty() {
            return;
        }
        for leg in &mut self.phones {
            leg.call(&self.caller.invite, &self.caller.session.theirs, ctx);
        }
    }
    /// Takes a response to a phone's INVITE.
    pub(super) fn phone_heard(
        &mut self,
        (attempt, branch): (u32, u128),
        heard: &Heard,
        (message, from): (&Message, Flow),
        ctx: &mut Ctx<'_>,
    ) {
        let status = message.status().unwrap_or_default();
        match heard {
            Heard::Provisional => self.phone_rings((attempt, branch), (message, from), ctx),
            Heard::Accepted => {
                let answers = |leg: &mut PhoneLeg, ctx: &mut Ctx<'_>| leg.answers(branch, message, from, ctx);
                self.with_calling(attempt, answers, ctx);
            }
            Heard::Refused => self.phone_refuses((attempt, branch), (status, Some(message)), ctx),
            Heard::Fork { .. } | Heard::Repeat(..) | Heard::Nothing => {}
        }
    }
    fn phone_rings(
        &mut self,
        (attempt, branch): (u32, u128),
        (message, from): (&Message, Flow),
        ctx: &mut Ctx<'_>,
    ) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        if !leg.rings(branch, message, from, ctx) {
            return;
        }
        let status = message.status().unwrap_or_default();
        ctx.out.notices.push(Notice::PhoneProgress { leg: key, status });
        // A caller who hears early music would not hear the ringing tone, or lose the music over it.
        if self.is_consulted(attempt) {
            return;
        }
        let previewed =
            matches!(&self.caller.stage, caller::Stage::Early(early) if early.previewed.is_some());
        if !previewed {
            self.caller.say(180, None, ctx);
        }
    }
    /// A phone will not be had, by its response or for want of one.
    pub(super) fn phone_refuses(
        &mut self,
        (attempt, branch): (u32, u128),
        (status, response): (u16, Option<&Message>),
        ctx: &mut Ctx<'_>,
    ) {
        let refuses = |leg: &mut PhoneLeg, ctx: &mut Ctx<'_>| leg.refuses(branch, (status, response), ctx);
        self.with_calling(attempt, refuses, ctx);
    }
    /// The phone has rung without news for Timer C.
    pub(super) fn phone_rang_out(&mut self, (attempt, branch): (u32, u128), ctx: &mut Ctx<'_>) {
        self.with_calling(attempt, |leg, ctx| leg.rang_out(branch, ctx), ctx);
    }
    /// Lets `step` work on a leg that rings, and tells what it has come to.
    fn with_calling(
        &mut self,
        attempt: u32,
        step: impl FnOnce(&mut PhoneLeg, &mut Ctx<'_>) -> Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        match step(leg, ctx) {
            Outcome::Answered => {
                if !self.is_consulted(attempt) {
                    self.silence(ctx);
                }
                ctx.out.notices.push(Notice::PhoneAnswered { leg: key });
            }
            Outcome::Refused(status) => ctx.out.notices.push(Notice::PhoneRefused { leg: key, status }),
            Outcome::GoesOn => {}
        }
    }
    /// Phones that are silent for too long are tried at other places.
    pub(super) fn mind_silence(&mut self, ctx: &mut Ctx<'_>) {
        self.phones.iter_mut().for_each(|leg| leg.mind_silence(ctx));
    }
    /// Ends a phone's leg by order.
    pub(crate) fn drop_phone(&mut self, attempt: u32, cause: Cause, ctx: &mut Ctx<'_>) {
        if self.want == Want::Phone(attempt) {
            self.want = Want::AsIs;
        }
        if let Some(leg) = self.phone_mut(attempt) {
            leg.end(cause, ctx);
            self.release(attempt, ctx);
        }
    }
}
