//! Joins `sip` and `acd`: a notice becomes an event, an order becomes a command. The only file that knows both.
//!
//! Everything the network brings is parsed and bounded by `sip`; names and numbers of callers stay on this side.

mod callback;
mod change;
mod count;
mod located;
mod mint;
mod orders;
mod parting;
mod phones;
mod relayed;
mod revived;
mod transfer;
mod trunk;
mod udp;

pub use callback::CallbackSide;
use callback::{Customer, Lately};
pub use change::EdgeRules;
pub use phones::{PhonePlace, PhoneSide};
pub use transfer::OutsideSide;
pub use udp::UdpEdge;

use crate::{
    ground::{Datagrams, Lines},
    media::{Player, PortSource, Sound},
    metrics::{Direction, Metrics, TrunkCall},
    relay::Relay,
    trunks::TrunkBoard,
};
use acd::{CallId, Event, OfferId, QueueNo, Refusal, Timestamp, event::CallerExit};
use agent_gateway::CallerKnown;
use bytes::Bytes;
use located::Located;
pub use located::{Place, Whereabouts};
use mint::NodeMint;
use parting::Partings;
pub use revived::Remains;
use screenpop::caller::{Caller, CallerHeaders, Privacy, Region, identify};
use sip::{
    CallKey, Connection, Flow, Keep, Left, LegKey, Micros, Notice, Offered, Output, Play, Registry, Stack,
    Transport, registrar::BindingRecord,
};
use std::{collections::HashMap, net::UdpSocket, sync::Arc};

/// Responses of a phone that mean a person refused (RFC 3261 §21.4.24, §21.6.2).
const REFUSED_BY_PERSON: [u16; 3] = [486, 600, 603];

/// How a leg has ended whose phone said nothing for as long as it was rung.
const RANG_IN_VAIN: u16 = 408;

/// The SIP side of the brain's thread.
pub struct SipEdge {
    stack: Stack,
    out: Output,
    mint: NodeMint,
    region: Region,
    /// By [`acd::AgentNo`]; none for agents who left the plan.
    phones: Vec<Option<PhoneSide>>,
    /// By [`QueueNo`].
    queues: Vec<QueueSide>,
    outside: Vec<OutsideSide>,
    /// What is read of a trunk's headers for the brain.
    attributes: Vec<config::AttributeHeader>,
    callers: HashMap<CallId, CallerSide>,
    /// Customers who are to be called back, by request.
    requests: HashMap<CallId, Customer>,
    lately: Lately,
    /// Callers who are told that they will be called back, and hung up on then.
    partings: Partings,
    found: Located,
    ports: Box<dyn PortSource>,
    media: Box<dyn Player>,
    metrics: Arc<Metrics>,
    trunks: Arc<TrunkBoard>,
    relay: Option<Relay>,
}

/// What this side remembers of a live call.
struct CallerSide {
    known: Box<CallerKnown>,
    told: bool,
    rtp: Option<(u16, Arc<UdpSocket>)>,
    /// Counts as a call of its trunk.
    _trunk: TrunkCall,
    /// That of the queue in which the caller was given something to hear.
    music: Option<Arc<Sound>>,
    /// Whether keys mean anything in that queue.
    has_keys: bool,
    /// What is spoken before we hang up, as the place is kept.
    parting: Option<Arc<Sound>>,
    /// What is spoken when the music begins.
    welcome: Option<Arc<Sound>>,
    /// The queue that has welcomed the caller last.
    welcomed: Option<QueueNo>,
    /// The number outside to which it is transferred.
    dials: Option<String>,
    /// The call of its own in whose place the phone of this attempt is to put it.
    replaces: Option<(u32, Arc<str>)>,
}

/// What this side has to know of a queue.
#[derive(Clone, Debug)]
pub struct QueueSide {
    /// Its name, for phones.
    pub name: String,
    /// What its waiting callers hear.
    pub music: Arc<Sound>,
    /// What is spoken to them at first.
    pub welcome: Option<Arc<Sound>>,
    /// How its callers are called back, if they are.
    pub callback: Option<CallbackSide>,
}

/// What the edge is made of.
pub struct SipParts {
    /// The stack.
    pub stack: Stack,
    /// The node's secret.
    pub secret: [u8; 32],
    /// When this process started, which no other one of this store did.
    pub started: Timestamp,
    /// How numbers without a country code are read.
    pub region: Region,
    /// RTP ports.
    pub ports: Box<dyn PortSource>,
    /// The music player.
    pub media: Box<dyn Player>,
    /// Where messages are counted.
    pub metrics: Arc<Metrics>,
    /// Where it is shown how trunks are.
    pub trunks: Arc<TrunkBoard>,
    /// Who relays media, if somebody does.
    pub relay: Option<Relay>,
}

impl SipEdge {
    /// An edge without calls.
    #[must_use]
    pub fn new(parts: SipParts) -> Self {
        Self {
            stack: parts.stack,
            out: Output::default(),
            mint: NodeMint::new(parts.secret, parts.started),
            region: parts.region,
            phones: Vec::new(),
            queues: Vec::new(),
            outside: Vec::new(),
            attributes: Vec::new(),
            callers: HashMap::new(),
            requests: HashMap::new(),
            lately: Lately::default(),
            partings: Partings::default(),
            found: Located::default(),
            ports: parts.ports,
            media: parts.media,
            metrics: parts.metrics,
            trunks: parts.trunks,
            relay: parts.relay,
        }
    }

    /// Where agents' phones are, what queues are called and what is played in them, by number; over which gateways
    /// numbers outside are called.
    pub fn learn(
        &mut self,
        phones: Vec<Option<PhoneSide>>,
        queues: Vec<QueueSide>,
        outside: Vec<OutsideSide>,
    ) {
        (self.phones, self.queues, self.outside) = (phones, queues, outside);
    }

    /// Which headers of a trunk's INVITE say something that calls are routed by.
    pub fn learn_attributes(&mut self, attributes: Vec<config::AttributeHeader>) {
        self.attributes = attributes;
    }

    /// New trunks, entries and limits for calls that come from now on.
    pub fn configure(&mut self, config: sip::Config) {
        self.stack.configure(config);
    }

    /// Names made from here on belong to log entry `entry`.
    pub fn begin(&mut self, entry: u64) {
        self.mint.begin(entry);
    }

    /// Whether somebody we know may be there.
    #[must_use]
    pub fn knows(&self, from: Flow) -> bool {
        self.stack.knows(from)
    }

    /// Takes a message.
    pub fn receive(&mut self, from: Flow, bytes: Bytes, now: Timestamp) {
        let (method, status) = count::sniff(&bytes);
        self.metrics.sip.count(Direction::In, method, status);
        if let Some(bytes) = self.past_relay(from, bytes, now) {
            self.stack.receive(from, bytes, micros(now), &mut self.mint, &mut self.out);
        }
        self.take_relayed(now);
    }

    /// A peer could not be connected to, or its connection is lost: whoever waits for its answer need not.
    pub fn unreachable(&mut self, flow: Flow, now: Timestamp) {
        self.stack.unreachable(flow, micros(now), &mut self.mint, &mut self.out);
    }

    /// A connection is gone.
    pub fn closed(&mut self, connection: Connection, now: Timestamp) {
        self.stack.closed(connection, &mut self.out);
        if let Some(relay) = &mut self.relay {
            relay.closed(connection, now);
        }
    }

    /// Takes those who may sign in, with what was stored of their registrations.
    pub fn sign_in(&mut self, registry: Registry, stored: Vec<BindingRecord>, now: Timestamp) {
        self.stack.sign_in(registry, stored, micros(now), &mut self.out);
    }

    /// Runs the stack's timers.
    pub fn expire(&mut self, now: Timestamp) {
        self.expire_relay(now);
        self.end_partings(now);
        if self.stack.next_deadline().is_some_and(|at| at <= micros(now)) {
            self.stack.expire(micros(now), &mut self.mint, &mut self.out);
        }
    }

    /// When [`SipEdge::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let relay = self.relay.as_ref().map(Relay::next_deadline);
        let stack = self.stack.next_deadline().map(|at| Timestamp(at.0));
        [stack, relay, self.partings.next()].into_iter().flatten().min()
    }

    /// New calls are refused with 503 while this is on.
    pub const fn set_overload(&mut self, overload: sip::Overload) {
        self.stack.set_overload(overload);
    }

    /// New calls are refused with 503 while this is on, on the operator's request.
    pub fn set_draining(&mut self, on: bool) {
        self.stack.set_draining(on);
        self.metrics.refusals.set_draining(on);
    }

    /// Calls, legs and transactions alive.
    #[must_use]
    pub fn counts(&self) -> sip::Counts {
        self.stack.counts()
    }

    /// What the stack has noticed since the last time, in order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.out.notices)
    }

    /// What has to be stored before anything is sent.
    pub fn take_keep(&mut self, now: Timestamp) -> Vec<Keep> {
        let keep = std::mem::take(&mut self.out.keep);
        if let Some(relay) = self.relay.as_mut().filter(|_| !keep.is_empty()) {
            relay.note(&keep, now);
        }
        keep
    }

    /// Sends everything, in order. Only after the commit.
    pub fn send(&mut self, socket: &mut impl Datagrams, streams: &impl Lines, now: Timestamp) {
        self.metrics.alive.set(self.counts());
        for send in relayed::sends(&mut self.relay, &mut self.out.sends, now) {
            let (method, status) = count::sent(send.what);
            self.metrics.sip.count(Direction::Out, method, status);
            match send.to.transport {
                Transport::Udp => socket.send(send.to.peer, send.bytes),
                Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                    streams.send(send.to, send.bytes);
                }
            }
        }
    }

    /// Makes an event of a notice. Notices that only concern this side are dealt with here.
    pub fn event_of(&mut self, notice: Notice) -> Option<Event> {
        match notice {
            Notice::CallOffered { call, offered } => Some(self.call_offered(call_id(call), *offered)),
            Notice::CallerLeft { call, how } => {
                Some(Event::CallerLeft { call: call_id(call), how: exit(how) })
            }
            Notice::PhoneAnswered { leg } => Some(Event::PhoneAnswered { offer: offer_id(leg) }),
            Notice::PhoneRefused { leg, status } => {
                self.found.ended(leg, status);
                let refusal =
                    if REFUSED_BY_PERSON.contains(&status) { Refusal::Rejected } else { Refusal::Failed };
                Some(Event::PhoneRefused { offer: offer_id(leg), refusal, status })
            }
            Notice::PhoneHungUp { leg } => Some(Event::PhoneHungUp { offer: offer_id(leg) }),
            Notice::BridgeFailed { leg } => Some(Event::BridgeFailed { offer: offer_id(leg) }),
            Notice::PhoneHolds { leg } => Some(Event::CallHeld { offer: offer_id(leg) }),
            Notice::Retrieved { leg } => Some(Event::CallRetrieved { offer: offer_id(leg) }),
            Notice::HoldFailed { leg, status } => Some(Event::HoldFailed { offer: offer_id(leg), status }),
            Notice::RetrieveFailed { leg, status } => {
                Some(Event::RetrieveFailed { offer: offer_id(leg), status })
            }
            Notice::ConsultFailed { leg, status } => {
                Some(Event::ConsultFailed { offer: offer_id(leg), status })
            }
            // The brain's loop finds out first whom it means.
            Notice::PhoneRefers { .. } | Notice::KeyPressed { .. } => None,
            Notice::NobodyAt { leg, place } => {
                self.found.missed(leg, place);
                None
            }
            Notice::Media { call, play } => {
                self.play(call_id(call), play);
                None
            }
            Notice::CallOver { call } => {
                self.found.over(call);
                self.forget(call_id(call));
                None
            }
            Notice::Registration(event) => {
                self.metrics.phones.set(self.stack.registered().1);
                tracing::debug!(?event, "a registration");
                None
            }
            Notice::Registering(handled) => {
                self.metrics.phones.count(handled);
                None
            }
            // Desks are told of the offer itself; what a phone does before its answer changes no decision.
            Notice::PhoneProgress { leg, .. } => {
                self.found.answered(leg);
                None
            }
            Notice::Counted(why) => {
                self.metrics.refusals.count(why);
                None
            }
            Notice::Trunk { trunk, news } => {
                trunk::note(&trunk, news, &self.metrics, &self.trunks);
                None
            }
            Notice::Phone { phone, reachable } => Some(self.phone_event(phone, reachable)),
            Notice::Noise { source, requests } => {
                tracing::info!(%source, requests, "turned away: no [[trunk]] has this address, and no phone is registered there");
                None
            }
        }
    }

    fn call_offered(&mut self, call: CallId, offered: Offered) -> Event {
        let dialled = offered.dialled.clone();
        // Only declared values pass, so that no free text from outside gets into the log.
        let said = |read: &config::AttributeHeader| {
            Some((read.name.clone(), read.said_in(&offered.x_headers)?.to_owned()))
        };
        let attributes = self.attributes.iter().filter_map(said).collect();
        let caller = self.remember(call, offered);
        Event::CallArrived { call, dialled, caller, attributes }
    }

    /// Remembers who is calling; gives what the log may know of it.
    fn remember(&mut self, call: CallId, offered: Offered) -> Option<acd::CallerRef> {
        let headers = CallerHeaders {
            from: &offered.from_header,
            pai: offered.pai_header.as_deref(),
            rpid: offered.rpid.as_deref(),
            privacy: offered.privacy.as_deref(),
        };
        // Only trunks get this far, and trunks are trusted.
        let caller = identify(&headers, true, &self.region);
        let reference = self.reference(&caller);
        let known = CallerKnown {
            call,
            caller,
            called: offered.dialled,
            sip_call_id: offered.sip_call_id,
            uui: offered.uui,
        };
        let trunk = self.metrics.trunks.call(&offered.trunk);
        let side = CallerSide {
            known: Box::new(known),
            told: false,
            rtp: None,
            _trunk: trunk,
            music: None,
            has_keys: false,
            parting: None,
            welcome: None,
            welcomed: None,
            dials: None,
            replaces: None,
        };
        self.callers.insert(call, side);
        reference
    }

    fn reference(&self, caller: &Caller) -> Option<acd::CallerRef> {
        let e164 = caller.e164.as_deref().filter(|_| caller.privacy == Privacy::Public)?;
        Some(acd::caller_ref(self.mint.secret(), e164))
    }

    /// Who is calling, for the desks; once a call.
    pub fn introduce(&mut self, call: CallId) -> Option<Box<CallerKnown>> {
        let side = self.callers.get_mut(&call).filter(|side| !side.told)?;
        side.told = true;
        Some(side.known.clone())
    }

    /// Call-ID of an offer's leg that was made since the last commit.
    #[must_use]
    pub fn call_id_of_new_leg(&self, offer: OfferId) -> Option<String> {
        let of_offer = |keep: &Keep| match keep {
            Keep::Leg(key, record) if *key == leg_key(offer) => Some(record.invite.clone()),
            Keep::Leg(..)
            | Keep::CallerLeg(..)
            | Keep::ForgetLeg(_)
            | Keep::ForgetCall(_)
            | Keep::Phones(..) => None,
        };
        let invite = self.out.keep.iter().rev().find_map(of_offer)?;
        let invite = sip::wire::Message::parse(invite).ok()?;
        Some(String::from_utf8_lossy(invite.call_id()).into_owned())
    }

    fn play(&mut self, call: CallId, play: Option<Play>) {
        let Some(side) = self.callers.get(&call) else { return };
        // Nobody listens for keys that mean nothing.
        let play = play.map(|play| Play { events: play.events.filter(|_| side.has_keys), ..play });
        let done = match (play, &side.rtp, &side.music) {
            (Some(play), Some((_, socket)), Some(music)) => {
                self.media.play(call, Arc::clone(socket), play, Arc::clone(music))
            }
            (None, Some(_), _) => self.media.stop(call),
            (Some(_) | None, ..) => Ok(()),
        };
        if let Err(error) = done {
            tracing::error!(%error, %call, "a caller's music does not change");
        }
        let begins = play.is_some();
        let welcome = self.callers.get_mut(&call).filter(|_| begins).and_then(|side| side.welcome.take());
        if let Some(welcome) = welcome {
            self.speak(call, vec![welcome]);
        }
    }

    /// Speaks to a caller who hears music.
    pub fn speak(&self, call: CallId, clips: Vec<Arc<Sound>>) {
        if let Err(error) = self.media.speak(call, clips) {
            tracing::error!(%error, %call, "a caller is not told what was due");
        }
    }

    fn forget(&mut self, call: CallId) {
        self.play(call, None);
        self.partings.forget(call);
        if !self.requests.contains_key(&call) {
            self.callers.remove(&call);
        } else if let Some(side) = self.callers.get_mut(&call) {
            side.rtp = None; // until the next agent is rung for it
        }
    }
}

const fn micros(at: Timestamp) -> Micros {
    Micros(at.micros())
}

const fn call_key(call: CallId) -> CallKey {
    CallKey(call.as_u128())
}

const fn call_id(key: CallKey) -> CallId {
    CallId::from_u128(key.0)
}

const fn leg_key(offer: OfferId) -> LegKey {
    LegKey { call: call_key(offer.call), attempt: offer.attempt }
}

/// The offer whose phone's leg this is.
pub const fn offer_id(leg: LegKey) -> OfferId {
    OfferId { call: call_id(leg.call), attempt: leg.attempt }
}

const fn exit(how: Left) -> CallerExit {
    match how {
        Left::Cancelled => CallerExit::Cancelled,
        Left::HungUp => CallerExit::HungUp,
        Left::Lost => CallerExit::Lost,
    }
}
