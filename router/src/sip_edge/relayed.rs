//! Messages on their way past whoever relays media.

use super::{PhonePlace, SipEdge, micros};
use crate::relay::Relay;
use acd::Timestamp;
use agent_gateway::Admitted;
use bytes::Bytes;
use sip::{Flow, Send};
use std::io;

impl SipEdge {
    /// Lets the poll look after the relay's socket as well.
    ///
    /// # Errors
    /// When it cannot.
    pub fn register(&mut self, registry: &mio::Registry, token: mio::Token) -> io::Result<()> {
        match &mut self.relay {
            Some(relay) => registry.register(relay.source(), token, mio::Interest::READABLE),
            None => Ok(()),
        }
    }
    /// Lets the phone in an agent's browser register.
    pub fn admit(&mut self, admitted: &Admitted, now: Timestamp) {
        let side = self.phones.get(admitted.agent.index()).and_then(Option::as_ref);
        let Some(PhonePlace::Registered(user)) = side.map(|side| &side.at) else { return };
        let password = sip::auth::Password::plain(admitted.password.as_str());
        self.stack.admit(user, &password, micros(now + admitted.good_for), micros(now));
    }
    /// Hears what the relay has to say.
    pub fn hear_relay(&mut self, now: Timestamp) {
        if let Some(relay) = &mut self.relay {
            relay.hear(now);
            self.take_relayed(now);
        }
    }
    /// The message, when it is none that the relay keeps or gives back itself.
    pub(super) fn past_relay(&mut self, from: Flow, bytes: Bytes, now: Timestamp) -> Option<Bytes> {
        match &mut self.relay {
            Some(relay) => relay.receive(from, bytes, now),
            None => Some(bytes),
        }
    }
    /// Gives the stack what has waited for its description.
    pub(super) fn take_relayed(&mut self, now: Timestamp) {
        while let Some((from, bytes)) = self.relay.as_mut().and_then(Relay::take_incoming) {
            self.stack.receive(from, bytes, micros(now), &mut self.mint, &mut self.out);
        }
    }
    pub(super) fn expire_relay(&mut self, now: Timestamp) {
        if let Some(relay) = &mut self.relay {
            relay.expire(now);
            self.take_relayed(now);
        }
    }
}

/// What leaves now: what need not wait, and what has waited.
pub(super) fn sends(relay: &mut Option<Relay>, sends: &mut Vec<Send>, now: Timestamp) -> Vec<Send> {
    let Some(relay) = relay else { return std::mem::take(sends) };
    let mut leave = Vec::with_capacity(sends.len());
    for send in sends.drain(..) {
        leave.extend(relay.send(send, now));
        leave.extend(std::iter::from_fn(|| relay.take_outgoing()));
    }
    leave.extend(std::iter::from_fn(|| relay.take_outgoing()));
    relay.all_sent();
    leave
}
