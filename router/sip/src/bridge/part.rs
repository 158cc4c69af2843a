//! Caller and phone part: who hangs up, who is lost, who is sent away.

use super::{Call, Have, Want};
use crate::{
    Cause, Left, Notice,
    context::Ctx,
    leg::{
        Turn,
        caller::{self, TERMINATED},
    },
    timers::ServerId,
    transaction::Side,
};

impl Call {
    /// The caller takes its first INVITE back.
    pub(super) fn caller_cancels(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.caller.stage, caller::Stage::Early(_)) {
            self.caller.refuse(TERMINATED, ctx);
            self.caller_left(Left::Cancelled, ctx);
        }
    }
    /// `side` says BYE, which has been answered.
    pub(crate) fn hung_up(&mut self, side: Side, ctx: &mut Ctx<'_>) {
        match side {
            Side::Caller => {
                if self.caller.hung_up(ctx) {
                    self.caller_left(Left::HungUp, ctx);
                }
            }
            Side::Phone(attempt) => {
                let leg = self.leg_key(attempt);
                if self.phone_mut(attempt).is_some_and(|phone| phone.hung_up(ctx)) {
                    self.release(attempt, ctx);
                    ctx.out.notices.push(Notice::PhoneHungUp { leg });
                }
            }
        }
    }
    /// Tells that the caller has gone; what a phone asked of it is refused.
    pub(super) fn caller_left(&mut self, how: Left, ctx: &mut Ctx<'_>) {
        self.silence(ctx);
        (self.hold, self.pair) = (None, None);
        for line in self.phones.iter_mut().filter_map(|leg| leg.talk().map(|(line, _)| line)) {
            line.refuse(480, ctx);
        }
        ctx.out.notices.push(Notice::CallerLeft { call: self.key, how });
    }
    /// A 2xx of ours was never acknowledged: its dialog ends (RFC 3261 §13.3.1.4).
    pub(crate) fn never_acknowledged(&mut self, side: Side, server: ServerId, ctx: &mut Ctx<'_>) {
        let ending =
            matches!(&self.caller.stage, caller::Stage::Ending { server: awaited, .. } if *awaited == server);
        if side == Side::Caller && ending {
            return self.caller.lost(None, ctx);
        }
        let awaited =
            |turn: &Turn| matches!(turn, Turn::Answered { server: awaited, .. } if *awaited == server);
        if self.line_mut(side).is_some_and(|line| awaited(&line.turn)) {
            if self.may_have_acknowledged(side, server) {
                self.settle(ctx);
                return self.probe(ctx);
            }
            self.lost(side, true, ctx);
        }
    }
    /// Sends the caller away and lets all phones go.
    pub(crate) fn end(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        self.silence(ctx);
        (self.want, self.hold, self.pair) = (Want::AsIs, None, None);
        match self.caller.stage {
            caller::Stage::Early(_) => self.caller.refuse(cause, ctx),
            caller::Stage::Up(_) => self.caller.hang_up(cause, ctx),
            caller::Stage::Ending { .. } | caller::Stage::Gone => {}
        }
        for leg in &mut self.phones {
            leg.end(cause, ctx);
        }
    }
    /// The phone of `attempt` has gone from the caller's side: what the caller asked of it is refused.
    pub(super) fn release(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        if self.want == Want::Phone(attempt) {
            self.want = Want::AsIs;
        }
        self.forget_hold(attempt);
        self.forget_pair(attempt, ctx);
        if self.have == Have::Phone(attempt)
            && let Some(line) = self.line_mut(Side::Caller)
        {
            line.refuse(480, ctx);
        }
    }
}
