//! What the caller hears from us: music on and off, and the descriptions that go with it.

use super::{Call, Have};
use crate::{
    Notice, Play,
    context::Ctx,
    leg::caller,
    sdp::{Music, MusicAnswer, Sdp, answer_music},
};
use bytes::Bytes;
use std::net::SocketAddr;

impl Call {
    /// Starts the music the caller's media points to, if it is not playing.
    pub(super) fn play(&mut self, ctx: &mut Ctx<'_>) {
        let Have::Music { port, music: Some(music) } = self.have else { return };
        let Some(to) = music.to.filter(|_| !self.playing) else { return };
        let Music { codec, payload, events, .. } = music;
        let play = Play { to, codec, payload, events, from_port: port };
        ctx.out.notices.push(Notice::Media { call: self.key, play: Some(play) });
        self.playing = true;
    }
    /// Stops the music.
    pub(super) fn silence(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::take(&mut self.playing) {
            ctx.out.notices.push(Notice::Media { call: self.key, play: None });
        }
    }
    /// Answers `offer` with music from `port`.
    pub(super) fn music_for(&self, offer: &Bytes, port: u16, ctx: &Ctx<'_>) -> Option<MusicAnswer> {
        let offer = Sdp::parse(offer.clone()).ok()?;
        answer_music(&offer, SocketAddr::new(ctx.net.local.media, port), self.caller.session.origin())
    }
    /// A description of our music to re-INVITE an answered caller with.
    ///
    /// It is made like an answer, so that its media lines keep number and order (RFC 3264 §8): to what the caller
    /// offered first, which names all its codings, or to what it said last.
    pub(super) fn music_offer(&self, port: u16, ctx: &Ctx<'_>) -> Option<Bytes> {
        let lines = |body: &Bytes| Sdp::parse(body.clone()).map_or(0, |sdp| sdp.media().len());
        let (first, last) = (self.caller.invite.body(), &self.caller.session.theirs);
        let first = (lines(&first) == lines(last)).then_some(first);
        let music = first.and_then(|first| self.music_for(&first, port, ctx));
        Some(music.or_else(|| self.music_for(last, port, ctx))?.body)
    }
    /// The music the caller can hear, by what it said last.
    pub(super) fn heard_music(&self) -> Option<Music> {
        Sdp::parse(self.caller.session.theirs.clone()).ok()?.music()
    }
    /// Whether the caller is answered and its media points to our music at `port`.
    pub(super) fn is_at_music(&self, port: u16) -> bool {
        let answered = matches!(self.caller.stage, caller::Stage::Up(_));
        answered && matches!(self.have, Have::Music { port: at, .. } if at == port)
    }
}
