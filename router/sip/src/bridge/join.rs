//! Caller and phone come together, and stay so while their media moves.

use super::{Call, Have, Want};
use crate::{
    context::Ctx,
    leg::{Purpose, Session, caller},
    sdp::{Sdp, differs, is_news},
    transaction::Side,
};
use bytes::Bytes;

/// How often one side's answer may send us back to the other. Once is usual (the caller's answer names fewer codings
/// than its offer did); two sides that move with every answer would never come to rest.
const MAX_CORRECTIONS: u8 = 3;

impl Call {
    /// Joins the caller and a phone that has answered.
    pub(crate) fn connect(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let Some(leg) = self.phone_mut(attempt) else { return };
        let made_sure = !leg.acknowledge(ctx);
        if made_sure && !self.is_made_sure(attempt) {
            return;
        }
        let Some(leg) = self.phone(attempt) else { return };
        let theirs = leg.session.theirs.clone();
        (self.corrections, self.stale) = (0, false);
        match &self.caller.stage {
            caller::Stage::Early(early) if early.previewed.is_none() => {
                let told = self.caller.session.tell(&theirs);
                self.have = Have::Phone(attempt);
                self.caller.accept(told, false, ctx);
            }
            caller::Stage::Early(_) => {
                self.accept_preview(ctx);
                self.want = Want::Phone(attempt);
            }
            caller::Stage::Up(_) => {
                self.want = Want::Phone(attempt);
                if made_sure {
                    self.compare_with_phone(); // it may not have heard where the caller's media went last
                }
                self.settle(ctx);
            }
            caller::Stage::Ending { .. } | caller::Stage::Gone => {}
        }
    }
    /// Brings the media where it is wanted, as far as it is our turn to speak.
    pub(super) fn settle(&mut self, ctx: &mut Ctx<'_>) {
        let ours = self.line_mut(Side::Caller).is_some_and(|line| line.turn.is_ours(ctx.now));
        if ours {
            match self.want {
                Want::AsIs => {}
                Want::Music { port } if self.is_at_music(port) => {
                    self.want = Want::AsIs;
                    self.play(ctx);
                }
                Want::Music { port } => match self.music_offer(port, ctx) {
                    Some(offer) => self.ask(Side::Caller, &offer, Purpose::Music { port }, ctx),
                    None => {
                        self.no_music();
                        self.settle_silence(ctx);
                    }
                },
                Want::Silence => self.settle_silence(ctx),
                Want::Phone(attempt) if self.have == Have::Phone(attempt) && !self.stale => {
                    self.want = Want::AsIs;
                }
                Want::Phone(attempt) => {
                    let phone = self.phone(attempt).filter(|leg| leg.line().is_some());
                    match phone.map(|leg| leg.session.theirs.clone()) {
                        Some(offer) => self.ask(Side::Caller, &offer, Purpose::Join { attempt }, ctx),
                        None => self.want = Want::AsIs,
                    }
                }
            }
        }
        self.settle_phone(ctx);
    }
    /// Tells the joined phone where the caller's media has gone, if that has changed and it is our turn. While the
    /// caller is on hold, the phone need not know.
    fn settle_phone(&mut self, ctx: &mut Ctx<'_>) {
        if self.hold.is_some() {
            self.settle_hold(ctx);
            return self.settle_pair(ctx);
        }
        let Have::Phone(attempt) = self.have else { return };
        let Some(leg) = self.phone_mut(attempt).filter(|leg| leg.stale) else { return };
        if leg.line().is_some_and(|line| line.turn.is_ours(ctx.now)) {
            leg.stale = false;
            let theirs = self.caller.session.theirs.clone();
            self.ask(Side::Phone(attempt), &theirs, Purpose::Repoint, ctx);
        }
    }
    /// The caller has agreed to where it is now; whoever is joined to it has to know.
    pub(super) fn compare_with_phone(&mut self) {
        let Have::Phone(attempt) = self.have else { return };
        let theirs = self.caller.session.theirs.clone();
        let Some(leg) = self.phones.iter_mut().find(|leg| leg.key.attempt == attempt) else { return };
        if self.corrections < MAX_CORRECTIONS && is_news_to(&leg.session, &theirs) {
            self.corrections += 1;
            leg.stale = true;
        }
    }
    /// The phone has agreed to where it is now; the caller has to know.
    pub(super) fn compare_with_caller(&mut self, attempt: u32) {
        let joined = self.have == Have::Phone(attempt) && !self.is_set_aside();
        let Some(leg) = self.phone(attempt).filter(|_| joined) else { return };
        if self.corrections < MAX_CORRECTIONS && is_news_to(&self.caller.session, &leg.session.theirs) {
            self.corrections += 1;
            self.stale = true;
            self.want = Want::Phone(attempt);
        }
    }
}

/// Whether a description of the other side tells this one anything new; what cannot be read does.
pub(super) fn is_news_to(session: &Session, new: &Bytes) -> bool {
    let parse = |body: &Bytes| Sdp::parse(body.clone());
    match (parse(new), parse(&session.ours), parse(&session.theirs)) {
        (Ok(new), Ok(told), Ok(answered)) => is_news(&new, &told, &answered),
        (Err(_), ..) | (_, Err(_), _) | (.., Err(_)) => true,
    }
}

/// Whether two descriptions mean something else for the media; what cannot be read does.
pub(super) fn tells_apart(a: &Bytes, b: &Bytes) -> bool {
    match (Sdp::parse(a.clone()), Sdp::parse(b.clone())) {
        (Ok(a), Ok(b)) => differs(&a, &b),
        (Err(_), _) | (_, Err(_)) => true,
    }
}
