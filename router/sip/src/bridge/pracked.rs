//! PRACK of the caller (RFC 3262), and what had to wait for it.

use super::{Call, Have};
use crate::{
    Cause, Flow, Left,
    compose::SDP,
    context::Ctx,
    leg::{caller, refreshed},
    sdp::Sdp,
    transaction::Side,
    wire::Message,
};
use bytes::Bytes;

/// A provisional response was never received (RFC 3262 §3).
const NOT_RECEIVED: Cause = Cause { status: 504, text: "No PRACK" };

impl Call {
    /// Takes a PRACK of `side`, which came from `from` and is found by `key` when it comes again.
    pub(crate) fn pracked(
        &mut self,
        side: Side,
        prack: &Message,
        from: Flow,
        key: Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        if side != Side::Caller || !self.caller.received(prack) {
            return ctx.answer(prack, key, 481, from);
        }
        match self.offered_early(&prack.body(), prack, ctx) {
            Err(status) => ctx.answer(prack, key, status, from),
            Ok(None) => ctx.answer(prack, key, 200, from),
            Ok(Some(body)) => {
                let tag = self.caller.dialog().map_or(0, |dialog| dialog.tag);
                let response = ctx.respond(prack, 200, tag, from).body(SDP, body).finish();
                ctx.answer_with(prack, key, 200, from, response);
            }
        }
        self.caller.keep(ctx);
        if self.caller.say_next(ctx) {
            self.accept_preview(ctx);
        }
    }
    /// Answers an offer of a caller who has no 2xx, but has received our description: with music, for there is nobody
    /// else to ask. None without an offer.
    ///
    /// # Errors
    /// The status it deserves.
    pub(super) fn offered_early(
        &mut self,
        offer: &Bytes,
        request: &Message,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<Bytes>, u16> {
        if offer.is_empty() {
            return Ok(None);
        }
        let early = matches!(self.caller.stage, caller::Stage::Early(_));
        if !early || !self.caller.is_described() {
            return Err(500); // the offer of the INVITE is to be answered first (RFC 3311 §5.2)
        }
        if !request.content_is(SDP) {
            return Err(415);
        }
        Sdp::parse(offer.clone()).map_err(|_| 488_u16)?;
        let Have::Music { port, .. } = self.have else { return Err(488) };
        let answer = self.music_for(offer, port, ctx).ok_or(488_u16)?;
        let playing = self.playing;
        self.silence(ctx);
        self.have = Have::Music { port, music: Some(answer.music) };
        self.caller.session.theirs = offer.clone();
        if playing {
            self.play(ctx);
        }
        Ok(Some(self.caller.session.tell(&answer.body)))
    }
    /// The caller does not receive what has to arrive: it is refused, and lost.
    pub(super) fn not_received(&mut self, ctx: &mut Ctx<'_>) {
        self.caller.refuse(NOT_RECEIVED, ctx);
        self.caller_left(Left::Lost, ctx);
    }
    /// An UPDATE of a caller who has no 2xx, with an offer.
    ///
    /// # Errors
    /// The status it deserves.
    pub(super) fn updated_early(
        &mut self,
        update: &Message,
        from: Flow,
        ctx: &mut Ctx<'_>,
    ) -> Result<Bytes, u16> {
        let body = self.offered_early(&update.body(), update, ctx)?.unwrap_or_default();
        let dialog = self.caller.dialog_mut().ok_or(481_u16)?;
        dialog.refresh(update);
        self.caller.keep(ctx);
        let dialog = self.caller.dialog_mut().ok_or(481_u16)?;
        Ok(refreshed(update, from, dialog.tag, ctx).body(SDP, body).finish())
    }
}
