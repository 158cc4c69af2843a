//! A gateway: it asks who we are before it takes a request, and now and then again.

use super::{Repeat, SECOND, Ua, key};
use crate::{
    network::Chance,
    rig::{answer, text},
};
use sip::{
    Micros,
    wire::{Message, Method, Name},
};

/// What a gateway wants to see.
#[derive(Debug, Default)]
pub struct Gate {
    nonce: u32,
    /// Requests that showed it.
    pub believed: usize,
}

impl Ua {
    /// It is a gateway, and asks who sends its first INVITE.
    pub fn becomes_a_gate(&mut self, now: Micros) {
        self.gate = Some(Gate::default());
        self.awaits_another = true;
        if let Some(invite) = self.invite.clone() {
            self.challenge(&invite, now);
        }
    }
    /// Whether a gateway wants to know who sends a request before it looks at it.
    pub(super) fn asks(&mut self, request: &Message, now: Micros, chance: &mut Chance) -> bool {
        let nonce = self.nonce();
        let Some(gate) = &mut self.gate else { return false };
        let shown = |value: &[u8]| text(value).contains(&nonce);
        if !request.headers_named(Name::Authorization).any(shown) {
            self.challenge(request, now);
            return true;
        }
        gate.believed += 1;
        // One offer at a time: nothing else that is under way shows a nonce that has just grown old.
        gate.nonce += u32::from(request.method() == Method::Invite && chance.percent(40));
        false
    }
    fn nonce(&self) -> String {
        format!("nonce=\"{}-{}\"", self.port, self.gate.as_ref().map_or(0, |gate| gate.nonce))
    }
    fn challenge(&mut self, request: &Message, now: Micros) {
        let nonce = self.nonce();
        let more = format!("WWW-Authenticate: Digest realm=\"{}\", {nonce}, stale=true\r\n", self.port);
        let response = answer(request, 401, self.tag, &more, "");
        self.given.insert(key(request), response.clone());
        self.send(response.clone());
        if request.method() == Method::Invite {
            let acknowledged = (request.cseq().0, self.tag.to_owned());
            self.unacked.insert(acknowledged, Repeat::new(response, 4 * SECOND, now));
        }
    }
}
