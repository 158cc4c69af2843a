//! What a waiting caller hears.

use super::{Call, Have, Want};
use crate::{Treatment, context::Ctx, leg::caller::Stage, sdp::offer_music};
use std::net::SocketAddr;

/// The discard port: where media of a caller goes for whom we have no music port.
const NO_PORT: u16 = 9;

impl Call {
    /// Gives the caller its treatment.
    pub(crate) fn treat(&mut self, treatment: Treatment, ctx: &mut Ctx<'_>) {
        if let Treatment::Music { port } | Treatment::EarlyMedia { port } = treatment {
            self.port = Some(port);
        }
        match (&self.caller.stage, treatment) {
            (Stage::Early(_), Treatment::Music { port }) => self.answer_with_music(port, ctx),
            (Stage::Early(_), Treatment::EarlyMedia { port }) => self.preview_music(port, ctx),
            (Stage::Early(_), Treatment::Ringing) => self.caller.say(182, None, ctx),
            (Stage::Up(_), Treatment::Music { port } | Treatment::EarlyMedia { port }) => {
                self.want = Want::Music { port };
                if self.playing && self.is_at_music(port) {
                    self.playing = false; // it may be the music of another queue
                    self.play(ctx);
                }
                self.settle(ctx);
            }
            (Stage::Up(_), Treatment::Ringing) if self.is_with_nobody() => {
                self.want = Want::Silence;
                self.settle(ctx);
            }
            (Stage::Up(_), Treatment::Ringing) | (Stage::Ending { .. } | Stage::Gone, _) => {}
        }
    }
    /// Whether the caller has been answered, and has not been hung up on.
    pub(crate) const fn has_answered(&self) -> bool {
        matches!(self.caller.stage, Stage::Up(_))
    }
    /// Whether the caller's media goes to a phone that has gone.
    fn is_with_nobody(&self) -> bool {
        let Have::Phone(attempt) = self.have else { return false };
        self.phone(attempt).is_none_or(|leg| leg.line().is_none())
    }
    fn answer_with_music(&mut self, port: u16, ctx: &mut Ctx<'_>) {
        if self.caller.session.theirs.is_empty() {
            return self.answer_with_offer(Some(port), ctx);
        }
        self.resume_preview(port);
        if self.accept_preview(ctx) {
            return self.play(ctx);
        }
        match self.music_for(&self.caller.invite.body(), port, ctx) {
            None => self.caller.say(182, None, ctx),
            Some(answer) => {
                let told = self.caller.session.tell(&answer.body);
                self.have = Have::Music { port, music: Some(answer.music) };
                self.caller.accept(told, false, ctx);
                self.play(ctx);
            }
        }
    }
    /// Answers a caller who offered nothing with an offer of our own; of silence, while we have no port for it.
    pub(super) fn answer_with_offer(&mut self, port: Option<u16>, ctx: &mut Ctx<'_>) {
        let ours = SocketAddr::new(ctx.net.local.media, port.unwrap_or(NO_PORT));
        let offer = offer_music(ours, self.caller.session.origin());
        let told = self.caller.session.tell(&offer);
        self.have = port.map_or(Have::Nothing, |port| Have::Music { port, music: None });
        self.caller.accept(told, true, ctx);
    }
    /// A caller who has heard early music before a restart is told no other port; the music comes from `port`.
    fn resume_preview(&mut self, port: u16) -> bool {
        let previewed = matches!(&self.caller.stage, Stage::Early(early) if early.previewed.is_some());
        let resumes = previewed && self.have == Have::Nothing;
        if resumes {
            self.have = Have::Music { port, music: self.heard_music() };
        }
        resumes
    }
    fn preview_music(&mut self, port: u16, ctx: &mut Ctx<'_>) {
        if self.resume_preview(port) {
            return self.play(ctx);
        }
        let Some(answer) = self.music_for(&self.caller.session.theirs, port, ctx) else {
            return self.caller.say(182, None, ctx);
        };
        let told = self.caller.session.tell(&answer.body);
        self.have = Have::Music { port, music: Some(answer.music) };
        self.caller.say(183, Some(told), ctx);
        self.play(ctx);
    }
    /// Answers a caller who hears early music with the description it has got already: a caller takes the first one it
    /// sees and no other (RFC 3261 §13.2.1). False when there is none.
    pub(super) fn accept_preview(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Stage::Early(early) = &mut self.caller.stage else { return false };
        if early.previewed.is_some()
            && let Some(reliable) =
                self.caller.reliable.as_mut().filter(|reliable| reliable.description_is_out())
        {
            reliable.accepts = true; // when the PRACK has come
            return true;
        }
        let Some(body) = early.previewed.take() else { return false };
        self.caller.accept(body, false, ctx);
        true
    }
}
