//! A phone rings: its INVITE and what it says to it.

use super::{Call, Want};
use crate::{
    Cause, Flow, LegKey, Notice,
    context::Ctx,
    leg::{
        caller,
        phone::{Order, PhoneLeg, Stage},
    },
    sdp::Sdp,
    transaction::Heard,
    wire::Message,
};

/// Most phones' legs of one call at a time: one that rings, and those whose end is still waited for.
const MAX_PHONES: usize = 16;
/// The phone's 2xx has no description we could tell the caller.
const NO_MEDIA: Cause = Cause { status: 488, text: "No usable session description" };
/// Timer C.
const RANG_OUT: Cause = Cause { status: 408, text: "No answer" };

impl Call {
    /// Rings a phone, as soon as the caller's description is known.
    pub(crate) fn ring(&mut self, leg: LegKey, order: Order, ctx: &mut Ctx<'_>) {
        let here = matches!(self.caller.stage, caller::Stage::Early(_) | caller::Stage::Up(_));
        if !here || self.phone(leg.attempt).is_some() {
            return;
        }
        if !self.has_room_for(&order) {
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
    pub(super) fn has_room_for(&self, order: &Order) -> bool {
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
        attempt: u32,
        heard: &Heard,
        (message, from): (&Message, Flow),
        ctx: &mut Ctx<'_>,
    ) {
        let status = message.status().unwrap_or_default();
        match heard {
            Heard::Provisional => {
                if let Some(leg) = self.phone_mut(attempt) {
                    leg.prack(message, from, ctx);
                }
                self.phone_rings(attempt, status, ctx);
            }
            Heard::Accepted => self.phone_answers(attempt, message, from, ctx),
            Heard::Refused if status == 422 && self.calls_again(attempt, message, ctx) => {}
            Heard::Refused => self.phone_refuses(attempt, status, ctx),
            Heard::Fork { .. } | Heard::Repeat(..) | Heard::Nothing => {}
        }
    }
    fn phone_rings(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        leg.cancel_late(ctx);
        if !leg.progress(status) {
            return;
        }
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
    fn calls_again(&mut self, attempt: u32, refusal: &Message, ctx: &mut Ctx<'_>) -> bool {
        self.phone_mut(attempt).is_some_and(|leg| leg.call_again(refusal, ctx))
    }
    fn phone_answers(&mut self, attempt: u32, message: &Message, from: Flow, ctx: &mut Ctx<'_>) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        if let Stage::Ending { cause, .. } = leg.stage {
            return leg.end_answer(message, from, cause, ctx);
        }
        if Sdp::parse(leg.description(message)).is_ok_and(|sdp| sdp.audio().is_some()) {
            leg.answered(message, from, ctx);
            if !self.is_consulted(attempt) {
                self.silence(ctx);
            }
            ctx.out.notices.push(Notice::PhoneAnswered { leg: key });
        } else {
            leg.end_answer(message, from, NO_MEDIA, ctx);
            ctx.out.notices.push(Notice::PhoneRefused { leg: key, status: NO_MEDIA.status });
        }
    }
    /// The phone will not be had: its leg is over; somebody is told who did not drop it.
    pub(super) fn phone_refuses(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        leg.settle(ctx);
        match std::mem::replace(&mut leg.stage, Stage::Over) {
            Stage::Calling(_) => ctx.out.notices.push(Notice::PhoneRefused { leg: key, status }),
            Stage::Ending { .. } | Stage::Over => {}
            stage @ (Stage::Waiting(_) | Stage::Answered { .. } | Stage::Up { .. } | Stage::Leaving(_)) => {
                leg.stage = stage;
            }
        }
    }
    /// The phone has rung without news for Timer C.
    pub(super) fn phone_rang_out(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let key = self.leg_key(attempt);
        let Some(leg) = self.phone_mut(attempt) else { return };
        if matches!(leg.stage, Stage::Calling(_)) {
            leg.end(RANG_OUT, ctx);
            ctx.out.notices.push(Notice::PhoneRefused { leg: key, status: RANG_OUT.status });
        }
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
