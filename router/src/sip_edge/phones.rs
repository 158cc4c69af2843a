//! Agents' phones that are followed: what the stack is told of them, and what the brain hears.

use super::{Place, SipEdge, micros};
use acd::{Acd, AgentNo, Event, NotReadyReason, Order, Timestamp};
use sip::{
    Flow,
    peering::{Followed, Home},
};
use std::{sync::Arc, time::Duration};

/// Where an agent's phone is.
#[derive(Clone, Debug)]
pub struct PhoneSide {
    /// Her id, for the log.
    pub id: String,
    /// Where it is rung.
    pub at: PhonePlace,
    /// How often it is asked whether it is there; none: never.
    pub probe: Option<Duration>,
}

/// Where a phone is rung.
#[derive(Clone, Debug)]
pub enum PhonePlace {
    /// Where a URI leads.
    At {
        /// Request-URI of its INVITE.
        uri: String,
        /// Where that is.
        at: super::Whereabouts,
    },
    /// Wherever the user of this name has registered.
    Registered(String),
}

impl SipEdge {
    /// Begins to follow the phones of which something can be known, from what the brain holds of them. Gives what the
    /// brain has to hear first: phones that nobody follows any more count as reachable.
    pub fn follow_phones(&mut self, acd: &Acd, now: Timestamp) -> Vec<Event> {
        let (mut followed, mut events) = (Vec::new(), Vec::new());
        for (agent, is) in acd.agents() {
            let side = self.phones.get(agent.index()).and_then(Option::as_ref);
            match side.and_then(|side| self.followed(agent, side, !is.is_unreachable())) {
                Some(phone) => followed.push(phone),
                None if is.is_unreachable() => events.push(Event::PhoneReachable { agent }),
                None => {}
            }
        }
        self.stack.follow(followed, micros(now), &mut self.mint, &mut self.out);
        events
    }

    /// A phone as the stack follows it; none where nothing could be known: it neither registers nor is asked.
    fn followed(&self, agent: AgentNo, side: &PhoneSide, reachable: bool) -> Option<Followed> {
        let home = match &side.at {
            PhonePlace::Registered(user) => Home::Registered(Arc::from(user.as_str())),
            PhonePlace::At { uri, at } => {
                let flows = match at.to {
                    Place::At(flow) => vec![flow],
                    Place::Named(place) => self.found.flows(place).to_vec(),
                };
                side.probe.map(|_| Home::At { uri: uri.clone(), flows })?
            }
        };
        Some(Followed { phone: agent.0, home, every: side.probe, reachable })
    }

    /// A name leads there now; the phones that have it are asked there.
    pub(super) fn phones_found(&mut self, name: usize, flows: &[Flow]) {
        for (phone, side) in (0..).zip(&self.phones) {
            let Some(PhonePlace::At { uri, at }) = side.as_ref().map(|side| &side.at) else { continue };
            if matches!(at.to, Place::Named(place) if place == name) {
                self.stack.phone_found(phone, uri, flows);
            }
        }
    }

    /// What the brain hears of a phone.
    pub(super) fn phone_event(&self, phone: u32, reachable: bool) -> Event {
        let agent = AgentNo(phone);
        let id = self.phones.get(agent.index()).and_then(Option::as_ref).map_or("?", |side| &side.id);
        if reachable {
            tracing::info!(agent = %id, "the agent's phone is there again");
            return Event::PhoneReachable { agent };
        }
        tracing::warn!(agent = %id, "the agent's phone is not there; she gets no calls until it is");
        Event::PhoneUnreachable { agent }
    }

    /// A phone at which an offer came to nothing is asked whether it is there, so that the next call does not find out.
    pub(super) fn mind_failure(&mut self, order: &Order, now: Timestamp) {
        if let Order::AgentMoved { agent, to, .. } = order
            && let Some(NotReadyReason::PhoneFailed | NotReadyReason::Rona) = to.reason()
        {
            self.stack.doubt(agent.0, micros(now));
        }
    }
}
