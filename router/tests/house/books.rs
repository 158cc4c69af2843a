//! The books of an observer on the wire and in the desks' room: who was rung for whom, who talks to whom, who has hung up.
//! What must hold after every step is checked by these alone.

use crate::{
    plan::{SECOND, Weather},
    rig::text,
    ua::{State, Ua},
};
use acd::{AgentNo, CallId, Order};
use agent_gateway::DeskOrder;
use sip::{
    Micros,
    wire::{Message, Method, Name, Uri},
};
use std::collections::{BTreeMap, BTreeSet};

/// A phone that was rung.
#[derive(Clone, Debug)]
pub struct Leg {
    pub agent: String,
    /// `X-Sambung-Call`.
    pub call: String,
    branch: String,
    /// Its 2xx was acknowledged.
    pub joined: bool,
    /// It was hung up on.
    pub ended: bool,
    /// Its REFER was taken: it only stays to hear what comes of it.
    given: bool,
    /// It need not ring any more, or has said itself that it does not, or hangs up.
    over: bool,
}

/// A caller, by what was said to it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// When it heard of us first.
    pub since: Option<Micros>,
    /// The names that its calls have for us.
    pub names: BTreeSet<String>,
    /// The names that it was told.
    pub calls: BTreeSet<String>,
    /// It was told that it is over, and why.
    pub told_off: Option<String>,
    pub dialled: String,
    /// Its INVITE describes no media: it is answered before the phone of whoever gets it is rung.
    pub offerless: bool,
    /// It has acknowledged something.
    acknowledges: bool,
    /// When it was last seen with a phone.
    last_leg: Option<Micros>,
    /// When something was last done to it or to its phones.
    pub touched: Micros,
}

impl Caller {
    /// Whether it may be on offer to somebody whose phone is not rung before it has described its media.
    const fn is_described_late(&self) -> bool {
        self.offerless && !self.acknowledges
    }
}

#[derive(Default)]
pub struct Books {
    /// By Call-ID.
    pub legs: BTreeMap<String, Leg>,
    pub callers: BTreeMap<String, Caller>,
    /// Peers that have hung up by themselves, by Call-ID.
    pub hung_up: BTreeSet<String>,
    /// Calls that were shown to agents, and to whom.
    met: BTreeSet<(String, String)>,
    /// Calls that are on offer at a desk, and by which attempts.
    offered: BTreeMap<String, BTreeSet<u32>>,
    /// How often the order of places was looked at.
    pub turns: usize,
}

fn reason(message: &Message) -> String {
    text(message.header(Name::Reason).unwrap_or_default()).to_owned()
}

/// A call, and the agent to whom it is offered.
pub type Turn = (String, String);

impl Books {
    /// The process sends this to a phone. Gives who is offered which call by it, as far as nobody knew.
    pub fn phone_hears(&mut self, message: &Message, now: Micros) -> Option<Turn> {
        let id = text(message.call_id()).to_owned();
        if let Some(leg) = self.legs.get(&id) {
            let of_call = self.callers.values_mut().filter(|caller| caller.names.contains(&leg.call));
            of_call.for_each(|caller| caller.touched = now);
        }
        let branch = text(message.top_via().branch().unwrap_or_default()).to_owned();
        if let Some(status) = message.status() {
            let given = message.method() == Method::Refer && status == 202;
            if let Some(leg) = self.legs.get_mut(&id).filter(|_| given) {
                leg.given = true;
            }
            return None;
        }
        match message.method() {
            Method::Invite if message.to_tag().is_none() => {
                let uri = Uri::parse(message.request_uri()).unwrap();
                let agent = text(uri.user.unwrap()).to_owned();
                let call = text(message.header_by_text("X-Sambung-Call").unwrap()).to_owned();
                let turn = (call.clone(), agent.clone());
                let leg = Leg { agent, call, branch, joined: false, ended: false, given: false, over: false };
                self.legs.entry(id.clone()).or_insert(leg);
                return self.met.insert(turn.clone()).then_some(turn);
            }
            Method::Ack if message.to_tag() == Some(b"p") => {
                if let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.branch != branch) {
                    leg.joined = true;
                }
            }
            // After a restart a phone has no ACK before it repeats its 200, but is asked whether it is there.
            Method::Options | Method::Notify if message.to_tag() == Some(b"p") => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.joined = true;
                }
            }
            Method::Cancel => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.over = true;
                }
            }
            Method::Bye if message.to_tag() == Some(b"p") => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.ended = true;
                }
            }
            _ => {}
        }
        None
    }
    /// The process hears this, from a phone or from a caller.
    pub fn process_hears(&mut self, message: &Message) {
        let refuses =
            message.status().is_some_and(|status| status >= 300) && message.method() == Method::Invite;
        let hangs_up = message.status().is_none() && message.method() == Method::Bye;
        let id = text(message.call_id());
        // The BYE of a phone whose answer it has not heard is of no conversation that it knows.
        if let Some(leg) = self.legs.get_mut(id).filter(|leg| refuses || (hangs_up && leg.joined)) {
            leg.over = true;
        }
        let acknowledges = message.status().is_none() && message.method() == Method::Ack;
        if let Some(caller) = self.callers.get_mut(id).filter(|_| acknowledges) {
            caller.acknowledges = true;
        }
    }
    /// The process sends this to a caller.
    pub fn caller_hears(&mut self, message: &Message, now: Micros) {
        let caller = self.callers.entry(text(message.call_id()).to_owned()).or_default();
        caller.touched = now;
        if let Some(call) = message.header_by_text("X-Sambung-Call") {
            caller.calls.insert(text(call).to_owned());
        }
        match message.status() {
            Some(_) if message.method() == Method::Invite && message.cseq().0 == 1 => {
                caller.since.get_or_insert(now);
                if let Some(status) = message.status().filter(|status| *status >= 300) {
                    caller.told_off.get_or_insert(format!("{status}"));
                }
            }
            None if message.method() == Method::Bye => {
                caller.told_off.get_or_insert(reason(message));
            }
            _ => {}
        }
    }
    /// The desks are told this.
    pub fn desks_hear(&mut self, order: &DeskOrder, name: impl Fn(AgentNo) -> String) -> Option<Turn> {
        match order {
            DeskOrder::Order(Order::OfferCall { offer, agent, .. }) => {
                let turn = (offer.call.to_string(), name(*agent));
                self.offered.entry(offer.call.to_string()).or_default().insert(offer.attempt);
                return self.met.insert(turn.clone()).then_some(turn);
            }
            DeskOrder::Order(Order::WithdrawOffer { offer, .. }) => {
                if let Some(attempts) = self.offered.get_mut(&offer.call.to_string()) {
                    attempts.remove(&offer.attempt);
                }
            }
            DeskOrder::Order(Order::CallMoved { call, .. } | Order::CallOver { call }) => {
                self.offered.remove(&call.to_string());
            }
            _ => {}
        }
        None
    }
    /// The process is gone, and with it everything that was on offer.
    pub fn restarted(&mut self) {
        self.offered.clear();
    }

    /// A call is of this caller.
    pub fn name(&mut self, call: String, caller: &str) {
        self.callers.entry(caller.to_owned()).or_default().names.insert(call);
    }

    /// Legs that are up for all that the process and they know.
    fn up<'a>(&'a self, uas: &'a BTreeMap<String, Ua>) -> impl Iterator<Item = &'a Leg> {
        self.legs.iter().filter_map(|(id, leg)| {
            // Who says that there is no such conversation is taken at its word.
            let there = uas.get(id).is_some_and(|ua| ua.state == State::Up && behaves(Some(ua)));
            (leg.joined && !leg.ended && !leg.given && there && !self.hung_up.contains(id)).then_some(leg)
        })
    }
    /// No agent has two calls, no caller two phones.
    pub fn check_bridges(&self, uas: &BTreeMap<String, Ua>) {
        let (mut agents, mut calls) = (BTreeSet::new(), BTreeSet::new());
        for leg in self.up(uas) {
            assert!(agents.insert(&leg.agent), "{} has two calls: {:?}", leg.agent, self.legs);
            assert!(calls.insert(&leg.call), "{} talks to two phones: {:?}", leg.call, self.legs);
        }
    }
    /// The Call-ID of the caller's side of a call.
    pub fn caller_of(&self, call: &str) -> Option<&str> {
        self.callers.iter().find(|(_, caller)| caller.names.contains(call)).map(|(id, _)| id.as_str())
    }
    /// The phone that a call is with.
    pub fn phone_of<'a>(&'a self, call: &str, uas: &'a BTreeMap<String, Ua>) -> Option<&'a Ua> {
        let leg =
            self.legs.iter().find(|(_, leg)| leg.call == call && leg.joined && !leg.ended && !leg.given)?;
        uas.get(leg.0)
    }
    pub fn note_legs(&mut self, uas: &BTreeMap<String, Ua>, now: Micros) {
        for (id, caller) in &mut self.callers {
            let with_phone = |it: &Leg| caller.names.contains(&it.call) && !it.ended && !it.over;
            let busy = self.legs.values().any(with_phone)
                || caller.names.iter().any(|call| self.offered.get(call).is_some_and(|on| !on.is_empty()))
                || !uas.contains_key(id);
            if busy {
                caller.last_leg = Some(now);
            }
        }
    }
    /// An agent is offered a call: nobody who came earlier, and whom its agent never met, waits for it.
    pub fn check_turn(&mut self, (call, agent): &Turn, uas: &BTreeMap<String, Ua>, now: Micros) {
        let Some(next) = self.caller_of(call).and_then(|id| self.callers.get(id)) else { return };
        // Who describes no media has its turn some time before a phone is rung.
        let Some(since) = next.since.filter(|_| !self.was_given_away(next) && !next.offerless) else {
            return;
        };
        for (id, other) in &self.callers {
            let Some(ua) = uas.get(id) else { continue };
            let left = ua.state == State::Over
                || other.last_leg == Some(now)
                || self.hung_up.contains(id)
                || other.told_off.is_some()
                || other.is_described_late()
                // Taken up again by a second process: since when is not for the caller to know.
                || other.names.len() > 1
                || !behaves(Some(ua));
            let earlier = other.since.is_some_and(|other| other < since);
            let waits = other.last_leg.is_none_or(|last| now.0 - last.0 > 2 * SECOND)
                && other.since.is_some_and(|other| now.0 - other.0 > 2 * SECOND);
            let met = other.names.iter().any(|call| self.met.contains(&(call.clone(), agent.clone())));
            if other.dialled != next.dialled
                || left
                || !earlier
                || !waits
                || met
                || self.was_given_away(other)
            {
                continue;
            }
            panic!("{agent} is rung for {call}, but {id} came earlier and waits: {other:?}, {next:?}");
        }
        self.turns += 1;
    }
    /// Whether a caller has talked to anybody.
    fn was_given_away(&self, caller: &Caller) -> bool {
        self.legs.values().any(|leg| leg.joined && caller.names.contains(&leg.call))
    }
    /// Nobody is sent away without a reason that a person has given.
    pub fn check_farewells(&self, uas: &BTreeMap<String, Ua>, excused: &BTreeSet<CallId>, weather: Weather) {
        for (id, caller) in &self.callers {
            let Some(why) = &caller.told_off else { continue };
            let left =
                self.hung_up.contains(id) || uas.get(id).is_none_or(|ua| ua.vanished || ua.finals.is_empty());
            let by_phone = self.legs.iter().any(|(leg, it)| {
                caller.names.contains(&it.call) && (self.hung_up.contains(leg) || !behaves(uas.get(leg)))
            });
            let by_desk = excused.iter().any(|call| caller.names.contains(&call.to_string()));
            let lost = weather != Weather::Fair && (why.contains("408") || why.contains("481"));
            let busy = why == "503" || why == "487";
            let fine = left
                || by_phone
                || by_desk
                || lost
                || busy
                || weather == Weather::Storm
                || !behaves(uas.get(id));
            assert!(fine, "{id} was sent away ({why}) though nobody hung up: {caller:?} {:?}", self.legs);
        }
    }
}

/// Whether a peer does what it is asked.
fn behaves(ua: Option<&Ua>) -> bool {
    let agrees = |ua: &Ua| {
        let plan = &ua.plan;
        plan.on_reinvite == crate::ua::OnReinvite::Agree
            && !(ua.vanished || plan.no_ack || plan.forks || plan.no_sdp || ua.expired || ua.unheard)
    };
    ua.is_none_or(agrees)
}
