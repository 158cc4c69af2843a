//! Sessions are kept alive, found dead, and refreshed by peers (RFC 4028). None of it costs the call's other leg anything.

use super::{Call, Have, join::tells_apart};
use crate::{
    Cause, Micros,
    context::Ctx,
    leg::{Asked, session_timer::Due},
    sdp::same_origin,
    transaction::Side,
    wire::Message,
};
use bytes::Bytes;

/// For the Reason of a BYE to a peer that has missed its refresh.
const EXPIRED: Cause = Cause { status: 408, text: "Session timer expired" };

impl Call {
    /// Refreshes the sessions that are due, and ends those that nobody has refreshed.
    pub(super) fn mind_sessions(&mut self, ctx: &mut Ctx<'_>) {
        for side in self.sides() {
            let Some(line) = self.line_mut(side) else { continue };
            let free = line.turn.free_from();
            let due = line.timer.as_mut().and_then(|timer| timer.due(free, ctx.now));
            match due {
                Some(Due::Refresh) => self.refresh(side, ctx),
                Some(Due::End) => self.lost_with(side, Some(EXPIRED), ctx),
                None => {}
            }
        }
    }
    fn refresh(&mut self, side: Side, ctx: &mut Ctx<'_>) {
        let owner = self.owner(side);
        if let Some((line, session)) = self.talk(side) {
            line.show_life(session, owner, ctx);
        }
    }
    /// Whether the session of `side` is being refreshed by the UPDATE under `branch`.
    pub(super) fn is_updating(&mut self, side: Side, branch: u128) -> bool {
        let timer = self.line_mut(side).and_then(|line| line.timer.as_ref());
        timer.is_some_and(|timer| timer.update() == Some(branch))
    }
    /// What has come of the UPDATE by which we refreshed a session; nothing when nobody answered.
    pub(super) fn refresh_heard(&mut self, side: Side, response: Option<&Message>, ctx: &mut Ctx<'_>) {
        let status = response.and_then(Message::status).unwrap_or(408);
        let Some(line) = self.line_mut(side) else { return };
        let (Some(timer), Some(response), false) = (&mut line.timer, response, matches!(status, 408 | 481))
        else {
            return self.lost(side, status == 408, ctx);
        };
        match status {
            200..300 => {
                timer.accepted(response, ctx.now);
                line.dialog.refresh(response);
                self.keep(side, ctx);
            }
            405 | 501 => {
                timer.again(ctx.now); // by a re-INVITE
                line.dialog.takes_update = false;
            }
            _ if timer.raise(response) => timer.again(ctx.now),
            _ => timer.refused(ctx.now),
        }
    }
    /// A refresh of ours by re-INVITE was refused, or has met a re-INVITE of the peer.
    pub(super) fn refresh_refused(&mut self, side: Side, now: Micros) {
        if let Some(timer) = self.line_mut(side).and_then(|line| line.timer.as_mut()) {
            timer.refused(now);
        }
    }
    /// A refresh of ours by re-INVITE was answered: the peer's media may be somewhere else than before.
    pub(super) fn refresh_agreed(&mut self, side: Side, ctx: &mut Ctx<'_>) {
        self.begin_to_correct();
        match (side, self.have) {
            (Side::Caller, Have::Music { port, music }) => {
                let (heard, playing) = (self.heard_music(), self.playing);
                if heard == music {
                    return;
                }
                self.silence(ctx);
                self.have = Have::Music { port, music: heard };
                if playing {
                    self.play(ctx);
                }
            }
            (Side::Caller, Have::Nothing | Have::Silence) => {}
            (Side::Caller, Have::Phone(_)) => self.compare_with_phone(),
            (Side::Phone(_), _) if self.paired(side).is_some() => self.compare_pair(side),
            (Side::Phone(attempt), _) => self.compare_with_caller(attempt),
        }
    }
    /// A re-INVITE of ours asked for too short a session (422): true when it was sent again, for a longer one.
    pub(super) fn asks_for_longer(&mut self, side: Side, refusal: &Message, ctx: &mut Ctx<'_>) -> bool {
        let owner = self.owner(side);
        let Some((line, session)) = self.talk(side) else { return false };
        line.timer.as_mut().is_some_and(|timer| timer.raise(refusal)) && line.ask_again(session, owner, ctx)
    }
    /// The session of `side` was refreshed by the 2xx to a re-INVITE of ours, whatever it was for.
    pub(super) fn session_refreshed(&mut self, side: Side, response: &Message, ctx: &Ctx<'_>) {
        if let Some(timer) = self.line_mut(side).and_then(|line| line.timer.as_mut()) {
            timer.accepted(response, ctx.now);
        }
    }
    /// Whether a description of `side` says nothing new: the same version of the same `o=`, and the same media.
    ///
    /// Source: RFC 3264 §8, RFC 4028 §7.4. The media is looked at as well, for there are phones that change it under
    /// the same version.
    pub(super) fn is_old_news(&mut self, side: Side, offer: &Bytes) -> bool {
        let Some(session) = self.session_mut(side) else { return false };
        if session.ours.is_empty() || session.theirs.is_empty() {
            return false;
        }
        if *offer == session.theirs {
            return true;
        }
        same_origin(offer, &session.theirs) && !tells_apart(offer, &session.theirs)
    }
    /// Answers a refresh with what we said last.
    pub(super) fn answer_refresh(&mut self, side: Side, asked: &Asked, ctx: &mut Ctx<'_>) {
        let Some((line, session)) = self.talk(side) else { return };
        let ours = session.ours.clone();
        line.accept(asked, ours, false, ctx);
        self.keep(side, ctx);
    }
}
