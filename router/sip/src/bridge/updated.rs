//! UPDATE (RFC 3311): a peer's sign of life or new address, or an offer that goes the way of a re-INVITE's; and what
//! comes of our own.

use super::{Call, reinvited::readable};
use crate::{
    Flow, Micros,
    context::Ctx,
    leg::{Asked, Purpose, Turn, refreshed},
    transaction::Side,
    wire::{Message, Method},
};
use bytes::Bytes;
use std::time::Duration;

/// The sender of an UPDATE gives up after 32 s and takes the dialog for dead: it gets its answer before.
const PATIENCE: Duration = Duration::from_secs(25);

impl Call {
    /// Takes an UPDATE of `side`, which came from `from` and is found by `key` when it comes again.
    pub(crate) fn updated(
        &mut self,
        side: Side,
        request: &Message,
        from: Flow,
        key: Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        let server = ctx.begin(request, key, from, self.owner(side));
        let asked = Asked { server, request: request.clone(), from, until: Some(ctx.now.after(PATIENCE)) };
        let early = side == Side::Caller && self.line_mut(side).is_none();
        let taken = if request.body().is_empty() {
            self.mere_update(side, &asked, ctx)
        } else if early {
            self.early_update(&asked, ctx)
        } else {
            self.take_up(side, &asked, ctx)
        };
        match taken {
            Ok(()) => self.settle(ctx), // it may have ended a pause of ours
            Err(status) => ctx.refuse(request, server, status, from),
        }
    }
    /// Answers an UPDATE without an offer: a new address, or a sign of life.
    ///
    /// # Errors
    /// The status it deserves.
    fn mere_update(&mut self, side: Side, asked: &Asked, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        readable(&asked.request, &ctx.net.local)?;
        if self.line_mut(side).is_some_and(|line| waits(&line.turn)) {
            return Err(500); // RFC 3311 §5.2: one at a time
        }
        let mut writer = match self.line_mut(side) {
            Some(line) => line.refreshed(&asked.request, asked.from, ctx),
            None => {
                let dialog = self.dialog_mut(side).ok_or(481_u16)?;
                refreshed(&asked.request, asked.from, dialog.tag, ctx)
            }
        };
        if let Some(dialog) = self.dialog_mut(side) {
            dialog.refresh(&asked.request);
        }
        ctx.finish(asked.server, 200, writer.finish());
        self.keep(side, ctx);
        Ok(())
    }
    /// Answers an offer of a caller who has no 2xx.
    fn early_update(&mut self, asked: &Asked, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        readable(&asked.request, &ctx.net.local)?;
        let response = self.updated_early(&asked.request, asked.from, ctx)?;
        ctx.finish(asked.server, 200, response);
        Ok(())
    }
    /// Asks `other` what its partner has asked by UPDATE, the same way where it can be.
    pub(super) fn relay_update(&mut self, other: Side, offer: &Bytes, ctx: &mut Ctx<'_>) {
        let owner = self.owner(other);
        match self.talk(other) {
            Some((line, session)) if line.dialog.takes_update => {
                line.ask_by_update(session, offer, Purpose::Relay, owner, ctx);
            }
            Some(_) | None => self.ask(other, offer, Purpose::Relay, ctx),
        }
    }
    /// Answers UPDATEs that have waited long enough.
    pub(super) fn mind_updates(&mut self, ctx: &mut Ctx<'_>) {
        for side in self.sides() {
            if let Some(line) = self.line_mut(side).filter(|line| is_late(&line.turn, ctx.now)) {
                line.refuse(504, ctx);
                self.taken_back(side, ctx);
            }
        }
    }
    /// Takes the final response to a request of ours other than INVITE; none when nobody answered.
    pub(crate) fn request_heard(
        &mut self,
        side: Side,
        branch: u128,
        response: Option<&Message>,
        ctx: &mut Ctx<'_>,
    ) {
        if self.report_heard(side, branch, ctx) || self.probe_heard(side, branch, response, ctx) {
            // It went on from there.
        } else if self.is_updating(side, branch) {
            self.refresh_heard(side, response, ctx);
        } else if self.is_asking(side, branch) {
            self.update_heard(side, response, ctx);
        } else {
            self.info_heard(side, branch, response, ctx);
        }
    }
    /// What has come of an offer of ours by UPDATE.
    fn update_heard(&mut self, side: Side, response: Option<&Message>, ctx: &mut Ctx<'_>) {
        let Some(response) = response else { return self.reinvite_refused(side, 408, ctx) };
        match response.status().unwrap_or_default() {
            200..300 => self.reinvite_accepted(side, response, ctx),
            405 | 501 => self.ask_otherwise(side, ctx),
            _ if self.asks_for_longer(side, response, ctx) => {}
            status => self.reinvite_refused(side, status, ctx),
        }
    }
    /// The peer takes no UPDATE after all: a re-INVITE does it.
    fn ask_otherwise(&mut self, side: Side, ctx: &mut Ctx<'_>) {
        let owner = self.owner(side);
        if let Some((line, session)) = self.talk(side) {
            line.dialog.takes_update = false;
            line.ask_again(session, owner, ctx);
        }
    }
}

/// Whether an UPDATE waits for its answer.
fn waits(turn: &Turn) -> bool {
    matches!(turn, Turn::Asked(asked) if asked.request.method() == Method::Update)
}

fn is_late(turn: &Turn, now: Micros) -> bool {
    matches!(turn, Turn::Asked(asked) if asked.until.is_some_and(|until| until <= now))
}
