//! Sessions are refreshed, offers made by UPDATE, and longer sessions asked for.

use super::{Offer, Repeat, SECOND, State, Ua, key, session::Session};
use crate::{network::Chance, rig::answer};
use sip::{
    Micros,
    wire::{Message, Method},
};

impl Ua {
    pub(super) fn mind_session(&mut self, now: Micros) {
        let Some(session) = self.session.filter(|_| self.state == State::Up) else { return };
        if now >= session.expires() {
            self.expired = true;
            return self.hang_up(now);
        }
        if session.refresh_due().is_some_and(|due| due <= now) {
            self.session = Some(Session { next: Micros(now.0 + 2 * SECOND), ..session });
            self.refresh(session, now);
        }
    }
    pub(super) fn refresh(&mut self, session: Session, now: Micros) {
        let busy = self.out.keys().any(|(_, method)| matches!(method, Method::Invite | Method::Update));
        if busy || self.asking.is_some() || !self.unacked.is_empty() {
            return;
        }
        if self.plan.skills.updates {
            let update = self.peer.next(Method::Update, &session.ask(), "");
            return self.ask(update, Method::Update, now);
        }
        let body = self.way.again(&self.body());
        let invite = self.peer.next(Method::Invite, &session.ask(), &body);
        self.asking = Some(Offer { method: Method::Invite, offerless: false, port: self.port });
        self.ask(invite, Method::Invite, now);
    }
    pub(super) fn may_offer(&self) -> bool {
        let busy = self.out.keys().any(|(_, method)| matches!(method, Method::Invite | Method::Update));
        self.state == State::Up && !busy && self.asking.is_none() && self.unacked.is_empty()
    }
    /// Makes an offer, if nothing is under way.
    pub(super) fn offer(&mut self, method: Method, offerless: bool, moves: bool, now: Micros) {
        if !self.may_offer() {
            return;
        }
        self.asking = Some(Offer { method, offerless, port: self.port });
        self.version += u32::from(!offerless);
        self.port += if moves { 2 } else { 0 };
        let body = self.body();
        let body = if offerless { String::new() } else { self.way.offer(&body) };
        let said = self.session.map(Session::ask).unwrap_or_default();
        let request = self.peer.next(method, &said, &body);
        self.ask(request, method, now);
    }
    pub(super) fn update_finished(&mut self, message: &Message, status: u16, now: Micros) {
        if self.state != State::Up {
            return;
        }
        let offer = self.asking.take_if(|offer| offer.method == Method::Update);
        if offer.is_some() {
            self.hold_finished(status, now);
        }
        if status < 300 {
            self.session = self.plan.skills.timer.and_then(|_| Session::heard(message, now));
            self.heard(message, now);
        } else if matches!(status, 481 | 408) {
            self.hang_up(now);
        } else if let Some(offer) = offer {
            self.port = offer.port;
        }
    }
    /// A request of the other side that we accept may refresh the session: what our 2xx says of that.
    pub(super) fn refreshed(&mut self, request: &Message, now: Micros) -> String {
        if !matches!(request.method(), Method::Invite | Method::Update) || self.plan.skills.timer.is_none() {
            return String::new();
        }
        let Some((session, said)) = Session::asked(request, now) else { return String::new() };
        self.session = Some(session);
        said
    }
    pub(super) fn on_update(&mut self, message: &Message, now: Micros, chance: &mut Chance) {
        if !self.plan.skills.updates {
            assert!(self.plan.skills.lies, "it never said that it takes UPDATE");
            return self.give(message, 405, "", now);
        }
        if message.body().is_empty() && self.state == State::Up {
            return self.give(message, 200, "", now);
        }
        self.on_reinvite(message, now, chance);
    }
    pub(super) fn ask_for_longer(&mut self, now: Micros) {
        let (Some(invite), Some(least_s)) = (self.invite.clone(), self.plan.skills.min_se_s) else { return };
        let response = answer(&invite, 422, self.tag, &format!("Min-SE: {least_s}\r\n"), "");
        self.given.insert(key(&invite), response.clone());
        self.send(response.clone());
        self.awaits_another = true;
        self.unacked.insert((invite.cseq().0, self.tag.to_owned()), Repeat::new(response, 4 * SECOND, now));
    }
}
