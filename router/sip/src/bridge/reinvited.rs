//! Offers of a peer by re-INVITE or UPDATE: hold, codec and address changes. They go on to the other side of the bridge;
//! without one, our music answers.

use super::{Call, Have, Want};
use crate::{
    Flow,
    compose::SDP,
    context::Ctx,
    extensions::missing,
    leg::{Asked, Purpose, Turn, phone, session_timer::is_too_short},
    local::Local,
    sdp::Sdp,
    timers::ServerId,
    transaction::Side,
    wire::{Message, Method},
};
use bytes::Bytes;

impl Call {
    /// Takes a re-INVITE of `side`, which came from `from` and is found by `key` when it comes again.
    pub(crate) fn reinvited(
        &mut self,
        side: Side,
        request: &Message,
        from: Flow,
        key: Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        let server = ctx.begin(request, key, from, self.owner(side));
        let asked = Asked { server, request: request.clone(), from, until: None };
        if let Err(status) = self.take_up(side, &asked, ctx) {
            ctx.refuse(&asked.request, asked.server, status, from);
        }
    }
    /// # Errors
    /// The status it deserves.
    pub(super) fn take_up(&mut self, side: Side, asked: &Asked, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        let Some(line) = self.line_mut(side) else { return Err(self.too_early(side)) };
        may_offer(&line.turn, asked.request.method())?;
        readable(&asked.request, &ctx.net.local)?;
        line.dialog.refresh(&asked.request);
        let offer = asked.request.body();
        if offer.is_empty() {
            return self.repeat_ours(side, asked, ctx);
        }
        let description = Sdp::parse(offer.clone()).map_err(|_| 488_u16)?;
        if self.is_old_news(side, &offer) {
            self.answer_refresh(side, asked, ctx);
            return Ok(());
        }
        if self.paired(side).is_none()
            && let Some(taken) = self.take_up_hold(side, asked, &description, ctx)
        {
            return taken;
        }
        match self.partner(side).filter(|&other| self.line_mut(other).is_some()) {
            Some(other) => self.relay(side, other, asked, &offer, ctx),
            None => self.answer_by_music(side, asked, offer, ctx),
        }
    }
    /// There is no confirmed dialog yet, or none any more.
    fn too_early(&self, side: Side) -> u16 {
        match side {
            Side::Caller => 500, // RFC 3261 §14.2: the first INVITE has no final response
            Side::Phone(attempt) => match self.phone(attempt).map(|leg| &leg.stage) {
                Some(phone::Stage::Answered { .. }) => 491,
                Some(_) | None => 481,
            },
        }
    }
    /// Answers a re-INVITE without a description with what we said last; the ACK brings the peer's answer.
    fn repeat_ours(&mut self, side: Side, asked: &Asked, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        let held = self.offer_of_held(side);
        let Some((line, session)) = self.talk(side) else { return Err(481) };
        let ours = match held {
            Some(offer) => session.tell(&offer),
            None => session.ours.clone(),
        };
        if ours.is_empty() {
            return Err(488);
        }
        line.accept(asked, ours, true, ctx);
        self.keep(side, ctx);
        Ok(())
    }
    /// Asks the other side, and lets this one wait.
    fn relay(
        &mut self,
        side: Side,
        other: Side,
        asked: &Asked,
        offer: &Bytes,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), u16> {
        let now = ctx.now;
        if !self.line_mut(other).is_some_and(|line| line.turn.is_ours(now)) {
            return Err(491);
        }
        ctx.trying(&asked.request, asked.server, asked.from);
        self.begin_to_correct();
        if asked.request.method() == Method::Update {
            self.relay_update(other, offer, ctx);
        } else {
            self.ask(other, offer, Purpose::Relay, ctx);
        }
        if let Some(line) = self.line_mut(side) {
            line.turn = Turn::Asked(Box::new(asked.clone()));
        }
        Ok(())
    }
    fn answer_by_music(
        &mut self,
        side: Side,
        asked: &Asked,
        offer: Bytes,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), u16> {
        let (Side::Caller, Have::Music { port, .. }) = (side, self.have) else {
            // A phone that is just being joined has to wait for the caller's answer; otherwise there is nobody to ask.
            let waits = matches!(side, Side::Phone(attempt) if self.is_consulted(attempt));
            return Err(if waits || matches!(self.want, Want::Phone(_)) { 491 } else { 488 });
        };
        let answer = self.music_for(&offer, port, ctx).ok_or(488_u16)?;
        let told = self.caller.session.tell(&answer.body);
        self.caller.session.theirs = offer;
        if let Some(line) = self.line_mut(side) {
            line.accept(asked, told, false, ctx);
        }
        self.keep(side, ctx);
        self.silence(ctx);
        self.have = Have::Music { port, music: Some(answer.music) };
        if self.may_play() {
            self.play(ctx);
        }
        Ok(())
    }
    /// Whether nobody is about to talk to the caller.
    pub(super) fn may_play(&self) -> bool {
        let comes = |leg: &&phone::PhoneLeg| !self.is_consulted(leg.key.attempt);
        let mut phones = self.phones.iter().filter(comes);
        let answered = phones.any(|leg| matches!(leg.stage, phone::Stage::Answered { .. }));
        !answered && !matches!(self.want, Want::Phone(_))
    }
    /// The other side agreed to what this one asked for.
    pub(super) fn relayed(&mut self, answered: Side, ctx: &mut Ctx<'_>) {
        let Some(asker) = self.partner(answered) else { return };
        let answer = self.session_mut(answered).map(|session| session.theirs.clone()).unwrap_or_default();
        let Some((line, session)) = self.talk(asker) else { return };
        if let Some(asked) = line.turn.take_asked() {
            session.theirs = asked.request.body();
            line.accept(&asked, session.tell(&answer), false, ctx);
            return self.keep(asker, ctx);
        }
        // The asker has taken its question back meanwhile: the one who agreed has to hear where it stands.
        match asker {
            Side::Caller => self.compare_with_phone(),
            Side::Phone(attempt) => self.compare_with_caller(attempt),
        }
        self.compare_pair(answered);
    }
    /// The other side refused what this one asked for.
    pub(super) fn not_relayed(&mut self, refused: Side, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(line) = self.partner(refused).and_then(|asker| self.line_mut(asker)) {
            line.refuse(status, ctx);
        }
    }
    /// The peer takes its INVITE back (CANCEL). The caller's first one ends the call.
    pub(crate) fn cancelled(&mut self, side: Side, server: ServerId, ctx: &mut Ctx<'_>) {
        if side == Side::Caller && self.caller.server == server {
            return self.caller_cancels(ctx);
        }
        let waits = |turn: &Turn| matches!(turn, Turn::Asked(asked) if asked.server == server);
        if let Some(line) = self.line_mut(side).filter(|line| waits(&line.turn)) {
            line.refuse(487, ctx);
            self.taken_back(side, ctx);
        }
    }
    /// The ACK of a 2xx of ours came; it brings the answer to an offer the 2xx made.
    pub(crate) fn acknowledged(&mut self, side: Side, ack: &Message, ctx: &mut Ctx<'_>) {
        if side == Side::Caller && self.caller.end_acknowledged(ack.cseq().0, ctx) {
            return;
        }
        let Some(line) = self.line_mut(side) else { return };
        let Turn::Answered { server, seq, offered } = line.turn else { return };
        if seq != ack.cseq().0 {
            return;
        }
        line.turn = Turn::Free;
        ctx.acknowledged(server);
        if offered {
            self.answered_in_ack(side, ack.body(), ctx);
        }
        self.settle(ctx);
    }
    fn answered_in_ack(&mut self, side: Side, answer: Bytes, ctx: &mut Ctx<'_>) {
        self.begin_to_correct();
        let Some(session) = self.session_mut(side) else { return };
        let was = session.theirs.clone();
        if Sdp::parse(answer.clone()).is_ok() {
            session.theirs = answer;
        } else if session.theirs.is_empty() {
            return self.lost(side, true, ctx); // it never said where its media is
        }
        match (side, self.have) {
            (Side::Caller, Have::Music { port, .. }) => {
                self.silence(ctx);
                self.have = Have::Music { port, music: self.heard_music() };
                if self.may_play() {
                    self.play(ctx);
                }
            }
            (Side::Caller, Have::Nothing | Have::Silence) => {}
            (Side::Caller, Have::Phone(_)) => self.compare_with_phone(),
            (Side::Phone(_), _) if self.paired(side).is_some() => self.compare_pair(side),
            (Side::Phone(attempt), _) => {
                if !self.held_in_ack(attempt, &was, ctx) {
                    self.compare_with_caller(attempt);
                }
            }
        }
        self.keep(side, ctx);
        self.call_waiting_phones(ctx);
    }
}

/// Whether a peer may make an offer in this `turn`.
///
/// Source: RFC 3261 §14.2, RFC 3311 §5.2. An UPDATE that overtakes the ACK to our answer meets no offer of ours, but
/// has to come again.
fn may_offer(turn: &Turn, by: Method) -> Result<(), u16> {
    match turn {
        Turn::Free | Turn::Backoff { .. } => Ok(()),
        Turn::Asked(_) => Err(500),
        Turn::Answered { offered: false, .. } if by == Method::Update => Err(500),
        Turn::Asking(_) | Turn::Answered { .. } => Err(491),
    }
}

/// A re-INVITE or UPDATE has to be in a shape we can act on.
pub(super) fn readable(request: &Message, local: &Local) -> Result<(), u16> {
    if missing(request, local).next().is_some() {
        return Err(420);
    }
    if is_too_short(request, local) {
        return Err(422);
    }
    let sdp = request.body().is_empty() || request.content_is(SDP);
    if sdp { Ok(()) } else { Err(415) }
}
