//! A shift: the clock, the network, the stack, the edge and all peers.

use crate::{
    crash::Crashes,
    edge::{CARRIER, Edge, NOWHERE},
    network::{Chance, Datagram, Faults, Network},
    rig::{Counter, MUSIC_PORT, PBX, PHONE, Peer, US, address, config, text},
    ua::{Deed, Gift, OnReinvite, Plan, Reliability, Skills, State, Ua},
    watch::Watch,
    way::Style,
};
use bytes::Bytes;
use sip::{
    Config, Counts, Flow, Micros, Output, Stack,
    auth::Password,
    peering::Peering,
    wire::{Message, Method},
};
use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

const SECOND: u64 = 1_000_000;
const START: u64 = 1_700_000_000 * SECOND;
/// The network is perfect from here on.
const CALM: Micros = Micros(START + 400 * SECOND);
const END: Micros = Micros(START + 900 * SECOND);
const CALLS: u64 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing is lost and every peer behaves.
    Fair,
    /// Some is lost, most peers behave.
    Rough,
    /// Much is lost, and nobody behaves.
    Storm,
}

impl Weather {
    const fn faults(self) -> Faults {
        match self {
            Self::Fair => Faults { lost: 0, doubled: 0, late: 0 },
            Self::Rough => Faults { lost: 5, doubled: 5, late: 5 },
            Self::Storm => Faults { lost: 20, doubled: 15, late: 20 },
        }
    }
    const fn odd(self) -> u64 {
        match self {
            Self::Fair => 0,
            Self::Rough => 15,
            Self::Storm => 60,
        }
    }
}

/// The trunk that gateways belong to.
fn carrier() -> Peering {
    Peering {
        trunk: CARRIER.to_owned(),
        uri: "sip:192.0.2.30".to_owned(),
        login: Some(("62215550100".to_owned(), Password::plain("a trunk's password"))),
        probe_every: None,
        register_for: None,
    }
}

pub struct World {
    /// Print what happens.
    pub loud: bool,
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    pub(crate) now: Micros,
    pub(crate) chance: Chance,
    network: Network,
    pub(crate) stack: Stack,
    pub(crate) mint: Counter,
    pub(crate) edge: Edge,
    pub(crate) watch: Watch,
    pub(crate) uas: BTreeMap<String, Ua>,
    arrivals: VecDeque<Micros>,
    /// When somebody takes the place of a caller, and of which.
    successions: Vec<(Micros, String)>,
    /// When all peers vanish at once, if they do.
    blackout: Option<Micros>,
    pub(crate) config: Config,
    pub(crate) crashes: Crashes,
    /// Whether the stack notices, by session timers, that both ends of a talk have vanished.
    finds_out: bool,
    seen: DefaultHasher,
    /// Everything that reached the stack, with its sender.
    pub got: Vec<(std::net::SocketAddr, Vec<u8>)>,
    /// Conversations whose media was right at their end.
    pub talks: usize,
    /// Holds that were right at the end of their conversation.
    pub held: usize,
    /// Pairs of phones whose media was right when one of them acted.
    pub pairs: usize,
    /// Callers given away by phones that heard how that went.
    pub given: usize,
    /// Callers in whose place somebody else was put.
    pub replaced: usize,
    /// Phones that were told that another one was faster.
    pub outrun: usize,
    /// Requests that proved to a gateway who we are.
    pub believed: usize,
}

impl World {
    pub fn new(seed: u64, weather: Weather) -> Self {
        let mut chance = Chance(seed ^ ((weather as u64) << 40));
        let mut arrivals: Vec<Micros> =
            (0..CALLS).map(|_| Micros(START + chance.between_ms(0, 60_000) * 1_000)).collect();
        arrivals.sort_unstable();
        let session_expires_s = chance.pick(&[(6, Some(90)), (3, Some(120)), (1, None)]);
        let blackout = chance.percent(weather.odd() / 4);
        let blackout = (blackout && session_expires_s.is_some())
            .then(|| Micros(START + chance.between_ms(30_000, 200_000) * 1_000));
        let config = Config { session_expires_s, ..config() };
        let (stack, mint) = (Stack::new(config.clone()), Counter(u128::from(seed) << 32));
        let mut world = Self {
            loud: false,
            seed,
            weather,
            now: Micros(START),
            chance,
            network: Network::default(),
            stack,
            mint,
            edge: Edge::default(),
            watch: Watch::default(),
            uas: BTreeMap::new(),
            arrivals: arrivals.into(),
            successions: Vec::new(),
            blackout,
            config,
            crashes: Crashes::default(),
            finds_out: session_expires_s.is_some(),
            seen: DefaultHasher::new(),
            got: Vec::new(),
            talks: 0,
            held: 0,
            pairs: 0,
            given: 0,
            replaced: 0,
            outrun: 0,
            believed: 0,
        };
        world.meet();
        world
    }
    pub(crate) fn meet(&mut self) {
        self.stack.meet(vec![carrier()], self.now, &mut self.mint, &mut Output::default());
    }
    /// A shift in which the process dies now and then.
    pub fn that_dies(seed: u64, weather: Weather) -> Self {
        let mut world = Self::new(seed, weather);
        world.crashes = Crashes::planned(&mut Chance(!seed), Micros(START));
        world
    }
    /// How often the process has died and begun again, and at how many steps music was found to be heard again.
    pub fn restarts(&self) -> (usize, usize) {
        (self.crashes.restarts, self.crashes.heard_again)
    }
    /// Runs the shift and checks its end; gives a digest of all that was sent.
    pub fn run(&mut self) -> (u64, usize) {
        while let Some(at) = self.next().filter(|at| *at <= END) {
            assert!(at >= self.now, "seed {}: time runs backwards", self.seed);
            self.now = at;
            self.step();
        }
        self.check_the_end();
        let successor = |ua: &&Ua| ua.finals.first() == Some(&200) && ua.succeeds;
        self.replaced = self.uas.values().filter(successor).count();
        self.believed = self.uas.values().filter_map(|ua| ua.gate.as_ref()).map(|gate| gate.believed).sum();
        self.outrun = self.uas.values().filter(|ua| ua.outrun).count();
        self.given = self.uas.values().filter(|ua| ua.gift.as_ref().is_some_and(Gift::is_accepted)).count();
        (self.seen.finish(), self.talks)
    }
    /// How often somebody was asked, and got the caller.
    pub fn asked(&self) -> (usize, usize) {
        (self.edge.asked, self.edge.put_through)
    }
    /// Holds that began.
    pub fn holds(&self) -> usize {
        self.edge.holds
    }
    fn next(&self) -> Option<Micros> {
        let uas = self.uas.values().filter_map(Ua::due).min();
        let (edge, stack) = match self.crashes.down_until {
            Some(_) => (None, None),
            None => (self.edge.due(), self.stack.next_deadline()),
        };
        let crash = self.crashes.due();
        let arrival = self.arrivals.front().copied();
        let succession = self.successions.iter().map(|(at, _)| *at).min();
        [self.network.next(), stack, uas, edge, arrival, succession, self.blackout, crash]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(self.now))
    }
    fn step(&mut self) {
        while self.arrivals.front().is_some_and(|at| *at <= self.now) {
            self.arrivals.pop_front();
            self.arrive();
        }
        while let Some(due) = self.successions.iter().position(|(at, _)| *at <= self.now) {
            let (_, old) = self.successions.swap_remove(due);
            self.succeed(&old);
        }
        if self.blackout.is_some_and(|at| at <= self.now) {
            self.blackout = None;
            self.uas.values_mut().for_each(|ua| ua.vanished = true);
        }
        while let Some(datagram) = self.network.take(self.now) {
            self.deliver(datagram);
        }
        self.may_come_back();
        if self.crashes.down_until.is_none() {
            self.expire();
        }
        let names: Vec<String> = self.uas.keys().cloned().collect();
        for name in names {
            self.check_media(&name);
            if let Some(ua) = self.uas.get_mut(&name).filter(|ua| ua.due().is_some_and(|due| due <= self.now))
            {
                ua.on_time(self.now);
            }
            self.flush(&name);
        }
    }
    fn expire(&mut self) {
        self.begin_batch();
        let mut out = Output::default();
        self.stack.expire(self.now, &mut self.mint, &mut out);
        assert!(
            self.stack.next_deadline().is_none_or(|next| next > self.now),
            "seed {}: a timer is stuck",
            self.seed
        );
        self.carry(out);
        let commands = self.edge.on_time(self.now, &mut self.chance);
        self.command(commands);
        self.end_batch();
    }
    fn deliver(&mut self, datagram: Datagram) {
        if datagram.to == address(US) && self.crashes.down_until.is_some() {
            return self.tell("   lost ", &datagram.bytes);
        }
        if datagram.to == address(US) {
            self.tell("   got ", &datagram.bytes);
            if let Ok(message) = Message::parse(Bytes::from(datagram.bytes.clone())) {
                self.watch.got(&message);
            }
            self.got.push((datagram.from, datagram.bytes.clone()));
            self.begin_batch();
            let mut out = Output::default();
            self.stack.receive(
                Flow::udp(datagram.from),
                Bytes::from(datagram.bytes),
                self.now,
                &mut self.mint,
                &mut out,
            );
            self.carry(out);
            self.end_batch();
            return;
        }
        if datagram.to == address(NOWHERE) {
            return;
        }
        let message = Message::parse(Bytes::from(datagram.bytes)).unwrap();
        let name = text(message.call_id()).to_owned();
        if !self.uas.contains_key(&name) {
            if message.method() != Method::Invite || message.status().is_some() || message.to_tag().is_some()
            {
                return; // a phone that has forgotten the call
            }
            let ua = self.phone(&message);
            self.uas.insert(name.clone(), ua);
        }
        if let Some(ua) = self.uas.get_mut(&name) {
            if ua.is_phone()
                && message.status().is_none()
                && message.to_tag().is_none()
                && message.method() == Method::Invite
            {
                // The first INVITE, perhaps again: it repeats what was said, if anything.
                ua.first_again(&message);
            } else {
                ua.on_message(&message, self.now, &mut self.chance);
            }
        }
        self.flush(&name);
    }
    fn flush(&mut self, name: &str) {
        let Some(ua) = self.uas.get_mut(name) else { return };
        let from = address(if ua.is_phone() { PHONE } else { PBX });
        for text in ua.sent() {
            let datagram = Datagram { from, to: address(US), bytes: text.into_bytes() };
            let faults = if self.now >= CALM { Weather::Fair.faults() } else { self.weather.faults() };
            self.network.send(datagram, self.now, faults, &mut self.chance);
        }
    }
    pub(crate) fn second(&self) -> f64 {
        (self.now.0 - START) as f64 / 1e6
    }
    fn tell(&self, what: &str, bytes: &[u8]) {
        if self.loud {
            let message = Message::parse(Bytes::copy_from_slice(bytes)).unwrap();
            let line = crate::rig::lines(std::slice::from_ref(&message)).remove(0);
            let (seq, call) = (message.cseq().0, text(message.call_id()));
            println!("{:>9.3} {what} {line} {seq} {call} {}", self.second(), message.body().len());
        }
    }
    pub(crate) fn command(&mut self, commands: Vec<sip::Command>) {
        for command in commands {
            if self.loud {
                println!("{:>9.3} order {command:?}", self.second());
            }
            let mut out = Output::default();
            self.stack.command(command, self.now, &mut self.mint, &mut out);
            self.carry(out);
        }
    }
    pub(crate) fn carry(&mut self, out: Output) {
        for send in self.crashes.keep(out.keep, out.sends) {
            self.send(&send);
        }
        self.edge.next_batch();
        let mut orders = Vec::new();
        for notice in out.notices {
            format!("{notice:?}").hash(&mut self.seen);
            self.check_lost(&notice);
            if self.loud && !matches!(notice, sip::Notice::CallOffered { .. }) {
                println!("{:>9.3} notice {notice:?}", self.second());
            }
            orders.extend(self.edge.on_notice(notice, self.now, &mut self.chance, self.seed));
        }
        self.command(orders);
    }

    /// Nobody is given up who is there, unless datagrams are lost.
    fn check_lost(&self, notice: &sip::Notice) {
        let sip::Notice::CallerLeft { call, how: sip::Left::Lost } = notice else { return };
        let name = format!("{:026}", call.0);
        // Who cannot hear our music may refresh its session in vain while it waits.
        let is_there = |ua: &Ua| !ua.is_phone() && ua.call == name && ua.takes_music();
        let lost = self.weather == Weather::Fair && self.uas.values().any(is_there);
        assert!(!lost, "seed {}: {call:?} was given up", self.seed);
    }
    pub(crate) fn send(&mut self, send: &sip::Send) {
        send.bytes.hash(&mut self.seen);
        let message = Message::parse(send.bytes.clone()).expect("we write sound messages");
        self.tell("  sent ", &send.bytes);
        self.watch.sent(&message, self.seed);
        let datagram = Datagram { from: address(US), to: send.to.peer, bytes: send.bytes.to_vec() };
        let faults = if self.now >= CALM { Weather::Fair.faults() } else { self.weather.faults() };
        self.network.send(datagram, self.now, faults, &mut self.chance);
    }

    fn later_ms(&mut self, from: u64, to: u64) -> Micros {
        Micros(self.now.0 + self.chance.between_ms(from, to) * 1_000)
    }
    fn plan(&mut self, deeds: Vec<(Micros, Deed)>) -> Plan {
        let odd = self.weather.odd();
        let skills = self.skills();
        let chance = &mut self.chance;
        let on_reinvite = if chance.percent(odd) {
            chance.pick(&[
                (3, OnReinvite::Move),
                (3, OnReinvite::Glare(2)),
                (1, OnReinvite::Glare(9)),
                (2, OnReinvite::Refuse(488)),
                (1, OnReinvite::Refuse(481)),
                (1, OnReinvite::Ignore),
            ])
        } else {
            OnReinvite::Agree
        };
        let mut plan = Plan {
            deeds,
            on_reinvite,
            no_ack: false,
            deaf_to_cancel: false,
            forks: false,
            no_sdp: false,
            skills,
        };
        let mut rarely = || chance.percent(odd / 4);
        (plan.no_ack, plan.deaf_to_cancel, plan.forks, plan.no_sdp) =
            (rarely(), rarely(), rarely(), rarely());
        plan
    }
    fn skills(&mut self) -> Skills {
        let odd = self.weather.odd();
        let chance = &mut self.chance;
        let timer = chance.percent(60).then(|| (chance.between_ms(90, 200) as u32, chance.percent(50)));
        let updates = chance.percent(40);
        let lies = !updates && chance.percent(odd / 4);
        let min_se_s = chance.percent(10).then(|| chance.between_ms(90, 300) as u32);
        let mut reliability = chance.pick(&[
            (6, Reliability::None),
            (2, Reliability::Can),
            (2, Reliability::Demands),
            (1, Reliability::Answers),
        ]);
        if chance.percent(odd / 10) {
            reliability = Reliability::Deaf;
        }
        Skills { timer, updates, lies, min_se_s, reliability }
    }
    /// An offer in the middle of a call, by re-INVITE or UPDATE.
    fn some_offer(&mut self, skills: Skills) -> Deed {
        let moves = self.chance.percent(50);
        if skills.updates && self.chance.percent(50) {
            return Deed::Update { moves };
        }
        Deed::Reinvite { offerless: self.chance.percent(30), moves: false }
    }
    fn arrive(&mut self) {
        self.somebody_calls("");
    }
    /// Somebody takes the place of a caller, if that one has got so far.
    fn succeed(&mut self, old: &str) {
        if let Some(replaces) = self.uas.get(old).and_then(Ua::replaces) {
            self.somebody_calls(&replaces);
        }
    }
    fn somebody_calls(&mut self, more: &str) {
        let name = format!("c{}", self.uas.len());
        let mut deeds = vec![(self.later_ms(50, 150_000), Deed::HangUp)];
        deeds.push((self.later_ms(50, 120_000), Deed::Digit));
        let mut offers = false;
        if self.chance.percent(self.weather.odd()) {
            offers = true;
        }
        if self.chance.percent(10) {
            let from = self.later_ms(1_000, 60_000);
            deeds.push((from, Deed::Hold(Some(Style::SendOnly))));
            deeds.push((Micros(from.0 + self.chance.between_ms(5, 30_000) * 1_000), Deed::Hold(None)));
        }
        if self.finds_out && self.chance.percent(self.weather.odd() / 6) {
            deeds.push((self.later_ms(50, 60_000), Deed::Vanish));
        }
        let mut plan = self.plan(deeds);
        if offers {
            let at = self.later_ms(1_000, 60_000);
            let deed = self.some_offer(plan.skills);
            plan.deeds.push((at, deed));
        }
        let payloads = if self.chance.percent(10) { "18" } else { "8 0" };
        let offerless = self.chance.percent(10);
        let port = 20_000 + 10 * self.chance.below(500) as u16;
        let ua = Ua::caller((Peer::caller(&name), plan), port, payloads, offerless, more, self.now);
        let key = ua.peer.call_id.clone();
        if more.is_empty() && self.chance.percent(15) {
            let at = self.later_ms(1_000, 90_000);
            self.successions.push((at, key.clone()));
        }
        self.uas.insert(key.clone(), ua);
        self.flush(&key);
    }
    fn phone(&mut self, invite: &Message) -> Ua {
        let ring = self.later_ms(10, 500);
        let answer = self.later_ms(500, 18_000);
        let odd = self.weather.odd();
        let mut deeds = vec![(ring, Deed::Progress(180))];
        let mut offer_at = None;
        let refuses = self.chance.percent(20);
        let silent = self.chance.percent(odd / 3);
        if refuses {
            let status = self.chance.pick(&[(4, 486), (2, 603), (1, 302), (1, 480), (1, 404), (1, 401)]);
            deeds.push((answer, Deed::Refuse(status)));
        } else if silent {
            deeds.clear();
        } else {
            deeds.push((answer, Deed::Answer));
            deeds.push((Micros(answer.0 + self.chance.between_ms(100, 60_000) * 1_000), Deed::Digit));
            deeds.push((Micros(answer.0 + self.chance.between_ms(100, 90_000) * 1_000), Deed::HangUp));
            self.hold_at_will(answer, &mut deeds);
            if self.chance.percent(25) {
                let at = Micros(answer.0 + self.chance.between_ms(5, 40_000) * 1_000);
                deeds.push((at, Deed::Refer { silent: self.chance.percent(20) }));
            }
            if self.chance.percent(odd) {
                offer_at = Some(Micros(answer.0 + self.chance.between_ms(100, 10_000) * 1_000));
            }
        }
        if self.finds_out && self.chance.percent(odd / 6) {
            deeds.push((self.later_ms(50, 60_000), Deed::Vanish));
        }
        let port = 30_000 + 10 * self.chance.below(500) as u16;
        let mut plan = self.plan(deeds);
        if let Some(at) = offer_at {
            let deed = self.some_offer(plan.skills);
            plan.deeds.push((at, deed));
        }
        let gate = text(invite.request_uri()).contains("gate@");
        if plan.skills.min_se_s.is_some() && invite.session_expires().is_some() && !gate {
            plan.deeds.push((self.later_ms(1, 9), Deed::TooBrief));
        }
        let mut ua = Ua::phone(invite.clone(), plan, port);
        if gate {
            ua.becomes_a_gate(self.now);
        }
        ua
    }

    /// Its user holds the caller and takes it back, or does not.
    fn hold_at_will(&mut self, answered: Micros, deeds: &mut Vec<(Micros, Deed)>) {
        let mut at = answered;
        while self.chance.percent(40) {
            let style =
                self.chance.pick(&[(3, Style::SendOnly), (3, Style::Inactive), (1, Style::NoAddress)]);
            for held in [Some(style), None] {
                at = Micros(at.0 + self.chance.between_ms(5, 30_000) * 1_000);
                deeds.push((at, Deed::Hold(held)));
            }
        }
    }
    /// After some quiet time a phone hears the caller and the caller it, or both know of the hold.
    fn check_media(&mut self, name: &str) {
        let phone = &self.uas[name];
        if !phone.is_phone() || !phone.is_settled() || self.weather == Weather::Storm {
            return;
        }
        let counts = usize::from(phone.is_about_to_act(self.now));
        let caller = self.uas.values().find(|ua| !ua.is_phone() && ua.call == phone.call);
        let Some(caller) = caller.filter(|caller| caller.is_settled()) else { return };
        let quiet = |since: Micros| self.now.0 - since.0 > 20 * SECOND;
        match self.edge.asks(&phone.call) {
            Some((_, since)) if !quiet(since) => return,
            Some((true, _)) => {
                let stays = matches!(caller.plan.on_reinvite, OnReinvite::Refuse(_));
                let set_aside = caller.way.told_silence || caller.hears == Some(MUSIC_PORT);
                return self.check_pair(name, set_aside || stays);
            }
            Some((false, _)) | None => {}
        }
        let Some((held, since)) = self.edge.hold(&phone.call) else { return };
        if !quiet(caller.joined_since) || !quiet(phone.joined_since) || !quiet(since) {
            return;
        }
        // Two who move with every answer never come to rest, and are told no more after a while.
        if [caller, phone].iter().all(|ua| ua.plan.on_reinvite == OnReinvite::Move) {
            return;
        }
        let seed = (self.seed, self.weather, name);
        if held {
            let agrees = |ua: &Ua| matches!(ua.plan.on_reinvite, OnReinvite::Agree | OnReinvite::Move);
            let set_aside = caller.hears == Some(MUSIC_PORT) || caller.way.told_silence;
            assert!(set_aside || !agrees(caller), "{seed:?}: the held caller hears {:?}", caller.hears);
            assert!(phone.way.told_silence || !agrees(phone), "{seed:?}: the caller is sent to her phone");
            self.held += counts;
            return;
        }
        if self.edge.was_asked(&phone.call)
            && (phone.way.holding.is_some() || phone.plan.on_reinvite == OnReinvite::Refuse(481))
        {
            return; // it said that it is in no call; or she held the one who asked her, whose caller she has since got
        }
        assert_eq!((caller.hears, phone.hears), (Some(phone.port), Some(caller.port)), "{seed:?}");
        let silent = caller.way.told_silence || phone.way.told_silence || phone.way.holding.is_some();
        assert!(!silent || caller.way.holding.is_some(), "{seed:?}: {:?} {:?}", caller.way, phone.way);
        self.talks += counts;
    }
    /// Two phones, of which one asks the other, hear each other after some quiet time, and the caller neither.
    fn check_pair(&mut self, name: &str, set_aside: bool) {
        let phone = &self.uas[name];
        let of_call = |ua: &&Ua| ua.is_phone() && ua.call == phone.call && ua.state == State::Up;
        let phones: Vec<&Ua> = self.uas.values().filter(of_call).collect();
        let [one, other] = phones[..] else { return };
        let quiet = |ua: &Ua| ua.is_settled() && self.now.0 - ua.joined_since.0 > 20 * SECOND;
        let agrees = |ua: &Ua| ua.plan.on_reinvite == OnReinvite::Agree && ua.way.holding.is_none();
        let held = self.edge.hold(&phone.call);
        let held = held.is_some_and(|(held, since)| held && self.now.0 - since.0 > 20 * SECOND);
        if !held || ![one, other].into_iter().all(|ua| quiet(ua) && agrees(ua)) {
            return;
        }
        let seed = (self.seed, self.weather, name);
        let heard = (one.hears, other.hears);
        assert_eq!(heard, (Some(other.port), Some(one.port)), "{seed:?}: they do not hear each other");
        assert!(!one.way.told_silence && !other.way.told_silence, "{seed:?}: one of them hears nothing");
        assert!(set_aside, "{seed:?}: the caller hears them");
        self.pairs += usize::from(phone.is_about_to_act(self.now));
    }
    fn check_the_end(&self) {
        let seed = (self.seed, self.weather);
        assert_eq!(self.stack.counts(), Counts::default(), "{seed:?}");
        assert_eq!(self.stack.next_deadline(), None, "{seed:?}");
        let store = &self.crashes.store;
        assert!(store.callers.is_empty() && store.legs.is_empty(), "{seed:?}: still stored: {store:?}");
        assert!(self.edge.is_idle() && self.edge.offered == self.edge.over, "{seed:?}");
        for (name, ua) in &self.uas {
            assert!(ua.is_quiet(), "{seed:?}: {name} is left: {}", ua.describe());
            let right = ua.gift.as_ref().is_none_or(|gift| {
                gift.is_right(self.weather == Weather::Fair && self.crashes.restarts == 0)
            });
            assert!(right || ua.vanished, "{seed:?}: {name} was told {:?}", ua.gift);
            let one = ua.finals.len() == 1 || ua.is_phone() || ua.vanished;
            // While nobody listens and datagrams are lost, a caller may give up before it has heard anything.
            let given_up = self.weather == Weather::Rough && self.crashes.restarts > 0;
            let none = self.weather == Weather::Storm || given_up;
            assert!(one || none, "{seed:?}: {name} heard {:?}", ua.finals);
            assert!(!ua.unheard || self.weather != Weather::Fair, "{seed:?}: {name} was not acknowledged");
            assert!(!ua.expired || self.weather != Weather::Fair, "{seed:?}: nobody refreshed {name}");
            assert!(ua.finals.len() <= 1, "{seed:?}: {name} heard {:?}", ua.finals);
        }
    }
}
