//! A seed: the clock, the network, the machine with its process, callers, phones and desktops.

use crate::{
    books::{Books, Turn},
    desk::{Desk, Said},
    last_words::LastWords,
    machine::Machine,
    network::{Chance, Datagram, Network},
    plan::{self, CALM, END, House, SECOND, START, Troubles, Weather},
    process::Process,
    rig::{PBX, PHONE, Peer, US, address, text},
    sabotage::Sabotage,
    shelf::Shelf,
    ua::{State, Ua},
    watch::Watch,
};
use acd::{
    AgentNo,
    plan::{AgentPlan, Presence, Strategy},
    sim::check_state,
};
use agent_gateway::Brain as _;
use bytes::Bytes;
use sip::{
    Micros,
    wire::{Message, Method},
};
use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash},
    time::Duration,
};
use tempfile::TempDir;

/// What came of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Of everything that was sent and logged.
    pub digest: u64,
    pub calls: usize,
    /// Callers who talked to somebody.
    pub served: usize,
    pub restarts: usize,
    /// Offers that nobody answered.
    pub rung_out: usize,
    /// Rings at which the order of places was looked at.
    pub turns: usize,
    /// Steps at which somebody was found to hear what is right.
    pub heard: usize,
    /// Whether a process has died while the disk refused.
    pub lossy: bool,
}

pub struct World {
    pub loud: bool,
    pub weather: Weather,
    pub now: Micros,
    pub chance: Chance,
    pub machine: Machine,
    pub folder: TempDir,
    pub house: House,
    pub process: Option<Process>,
    /// The store of the records.
    pub shelf: Shelf,
    pub uas: BTreeMap<String, Ua>,
    pub books: Books,
    pub seen: DefaultHasher,
    pub restarts: usize,
    pub heard: usize,
    pub lossy: bool,
    /// Nothing is left to chance.
    is_story: bool,
    seed: u64,
    network: Network,
    watch: Watch,
    last_words: LastWords,
    pub desks: Vec<Desk>,
    arrivals: VecDeque<Micros>,
    troubles: Troubles,
    /// When the process turns next, if nothing comes.
    wakes: Micros,
    paused_until: Micros,
    /// When it is begun again.
    down_until: Option<Micros>,
    /// Since when it runs undisturbed.
    pub up_since: Micros,
    /// Something happened in this step.
    pub changed: bool,
    /// When the books were looked at.
    pub looked: Micros,
}

fn folder() -> TempDir {
    let shared = std::path::Path::new("/dev/shm");
    let made = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    made.unwrap()
}

impl World {
    pub fn new(seed: u64, weather: Weather, sabotage: Option<Sabotage>) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x68_6f75_7365);
        let mut house = House::random(&mut chance);
        if (seed / 3).is_multiple_of(5) {
            house.ring_several(&mut Chance(seed));
        }
        let troubles = Troubles::random(&mut chance);
        let arrivals = plan::arrivals(&mut chance).into();
        let now = Micros(START);
        let machine = Machine::new(now, Chance(chance.next()), sabotage);
        let at_desks =
            house.plan.agents.iter().enumerate().filter(|(_, agent)| agent.presence == Presence::Desk);
        let desks = at_desks.map(|(no, _)| Desk::new(AgentNo(no as u32), now, &mut chance)).collect();
        Self {
            loud: false,
            weather,
            now,
            chance,
            machine,
            folder: folder(),
            house,
            process: None,
            shelf: Shelf::default(),
            uas: BTreeMap::new(),
            books: Books::default(),
            seen: DefaultHasher::new(),
            restarts: 0,
            heard: 0,
            lossy: false,
            is_story: false,
            seed,
            network: Network::default(),
            watch: Watch::default(),
            last_words: LastWords::default(),
            desks,
            arrivals,
            troubles,
            wakes: now,
            paused_until: now,
            down_until: Some(now),
            up_since: now,
            changed: false,
            looked: now,
        }
    }
    /// One caller, and agents who are always there or sign in later; the process dies so many effects after the caller was
    /// heard.
    pub fn story(seed: u64, agents: u32, presence: Presence, dies_after: u32) -> Self {
        let mut world = Self::new(seed, Weather::Fair, None);
        world.is_story = true;
        let first = world.house.plan.agents[0].clone();
        let agent = |no| AgentPlan { id: format!("a{no}"), presence, ..first.clone() };
        world.house.plan.agents = (0..agents).map(agent).collect();
        for queue in &mut world.house.plan.queues {
            (queue.pop_budget, queue.strategy) = (Duration::ZERO, Strategy::LongestIdle);
        }
        let numbers = (0..agents).filter(|_| presence == Presence::Desk);
        world.desks =
            numbers.map(|no| Desk::new(AgentNo(no), Micros(START + 2 * SECOND), &mut world.chance)).collect();
        let at = Micros(START + SECOND);
        world.arrivals = [at].into();
        world.troubles = Troubles { crashes: vec![(at, dies_after)], ..Troubles::default() };
        world
    }
    /// Plays the seed to its end and checks that.
    pub fn run(&mut self) -> End {
        while self.now < END {
            let next = self.next();
            assert!(next >= self.now, "time runs backwards");
            self.now = next.min(END);
            self.machine.state().now = self.now;
            self.step();
        }
        self.close()
    }
    fn next(&self) -> Micros {
        let uas = self.uas.values().filter_map(Ua::due).min();
        let desks = self.desks.iter().filter_map(Desk::due).min();
        let process = self.process.is_some().then_some(self.wakes.max(self.paused_until));
        let troubles = self.troubles.next(self.now);
        [self.network.next(), uas, desks, process, self.down_until, self.arrivals.front().copied(), troubles]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(END)
            .max(self.now)
    }
    fn step(&mut self) {
        self.trouble();
        while self.arrivals.front().is_some_and(|at| *at <= self.now) {
            self.arrivals.pop_front();
            self.somebody_calls();
        }
        if self.down_until.is_some_and(|at| at <= self.now) {
            self.begin();
        }
        while let Some(datagram) = self.network.take(self.now) {
            self.changed = true;
            self.deliver(datagram);
        }
        self.work_at_desks();
        let awake = self.paused_until <= self.now;
        let comes = !self.machine.state().incoming.is_empty();
        if self.process.is_some() && awake && (comes || self.wakes <= self.now) {
            self.turn();
        }
        let now = self.now;
        let due = self.uas.iter().filter(|(_, ua)| ua.due().is_some_and(|due| due <= now));
        let due: Vec<String> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            self.changed = true;
            if let Some(ua) = self.uas.get_mut(&name) {
                ua.on_time(now);
            }
            self.flush(&name);
        }
        self.check();
    }

    fn trouble(&mut self) {
        let now = self.now;
        for effects in due(&mut self.troubles.crashes, now) {
            let mut state = self.machine.state();
            if self.process.is_some() && now < CALM {
                state.dies_after.get_or_insert(effects);
            }
        }
        for long in due(&mut self.troubles.pauses, now) {
            self.paused_until = Micros(now.0 + long);
            self.up_since = self.paused_until;
        }
        for by in due(&mut self.troubles.steps, now) {
            self.machine.state().wall_off += by;
        }
        let mut state = self.machine.state();
        state.refuses = self.troubles.refusals.iter().any(|(from, to)| *from <= now && now < *to);
        if now >= CALM {
            (state.refuses, state.dies_after) = (false, None);
        }
        drop(state);
        let snapshots = self.troubles.snapshots.extract_if(.., |at| *at <= now).count();
        if let Some(process) = self.process.as_ref().filter(|_| snapshots > 0) {
            process.follower.snapshot(self.folder.path());
        }
    }
    fn begin(&mut self) {
        self.down_until = None;
        if self.loud {
            println!("{:>9.3} BEGINS", self.second());
        }
        let again = self.machine.state().processes > 0;
        if again {
            self.restarts += 1;
            let stored = crate::process::stored(self.folder.path());
            if self.lossy {
                self.watch = Watch::default(); // what was lost may be said again
            }
            self.watch.restarted(&stored);
        }
        let process = Process::begin(&self.machine, self.folder.path(), &self.house, &self.shelf);
        self.process = Some(process);
        (self.wakes, self.up_since) = (self.now, self.now);
        self.after_effects();
    }
    /// One turn of the process, or as many as it wants at once.
    fn turn(&mut self) {
        loop {
            let Some(process) = &mut self.process else { return };
            let more = process.brain.turn().unwrap();
            let wait = process.brain.wait();
            let alive = !self.machine.state().dead;
            if alive {
                check_state(process.brain.acd()).unwrap();
                process.follower.turn(&self.machine, &mut self.shelf);
            }
            self.wakes = Micros(self.now.0 + wait.as_micros() as u64);
            self.after_effects();
            if !more {
                return;
            }
        }
    }
    /// Takes what has left the process, and buries it if it is dead.
    fn after_effects(&mut self) {
        let (sent, told, dead, degraded) = {
            let mut state = self.machine.state();
            for (call, caller) in std::mem::take(&mut state.callers) {
                self.books.name(acd::CallId::from_u128(call.0).to_string(), &caller);
            }
            (std::mem::take(&mut state.sent), std::mem::take(&mut state.told), state.dead, state.degraded)
        };
        self.changed |= !sent.is_empty() || !told.is_empty();
        let mut rung = Vec::new();
        for (to, bytes) in sent {
            rung.extend(self.sent(to, &bytes));
        }
        for order in told {
            let plan = &self.house.plan;
            let turn = self.books.desks_hear(&order, |agent| plan.agents[agent.index()].id.clone());
            rung.extend(turn);
            if self.loud {
                println!("{:>9.3} desks {order:?}", self.second());
            }
            for desk in &mut self.desks {
                desk.hear(&order, self.now, &mut self.chance);
            }
        }
        self.books.note_legs(&self.uas, self.now);
        // Who wakes from a pause decides what is due on the first message that it reads, and has not read the others yet;
        // a phone may be rung for that a moment later.
        let awake = self.now.0 > self.paused_until.0 + 2 * SECOND;
        if !dead && !self.lossy && awake {
            rung.iter().for_each(|turn| self.books.check_turn(turn, &self.uas, self.now));
        }
        if dead {
            if degraded {
                self.lose();
            }
            self.die();
        }
    }
    /// A process has died whose entries were in its memory alone: whoever was in them is told nothing, and hangs up.
    fn lose(&mut self) {
        self.lossy = true;
        for ua in self.uas.values_mut() {
            let at = plan::later(self.now, &mut self.chance, 10_000, 40_000);
            ua.plan.deeds.push((at, crate::ua::Deed::HangUp));
        }
    }
    /// Whoever has been told in vain, for 32 s, that it is over, or stands at a second branch of a fork, whose end nobody
    /// stores, puts the phone down.
    fn put_down(&mut self, name: &str) {
        let Some(ua) = self.uas.get_mut(name).filter(|ua| ua.state == State::Up) else { return };
        let at = plan::later(self.now, &mut self.chance, 10_000, 40_000);
        ua.plan.deeds.push((at, crate::ua::Deed::HangUp));
    }
    fn die(&mut self) {
        if self.loud {
            println!("{:>9.3} DIES", self.second());
        }
        self.process = None;
        for name in self.last_words.died() {
            if self.uas.get(&name).is_some_and(|ua| ua.plan.forks && self.weather == Weather::Storm) {
                self.put_down(&name);
            }
        }
        self.books.restarted();
        self.machine.state().playing.clear();
        let down = self.chance.pick(&[(1, 0), (3, 300), (3, 1_500), (1, 6_000)]);
        self.down_until = Some(Micros(self.now.0 + down * 1_000));
        for desk in &mut self.desks {
            desk.cut_off(self.now, &mut self.chance);
        }
    }

    /// The process has sent this; who is offered what by it.
    fn sent(&mut self, to: std::net::SocketAddr, bytes: &Bytes) -> Option<Turn> {
        (to, bytes).hash(&mut self.seen);
        let message = Message::parse(bytes.clone()).expect("we write sound messages");
        self.tell("  sent ", &message);
        self.watch.sent(&message, self.seed);
        if let Some(name) = self.last_words.sent(&message).filter(|_| self.weather == Weather::Storm) {
            self.put_down(&name);
        }
        let rung = if to == address(PHONE) {
            self.books.phone_hears(&message, self.now)
        } else {
            self.books.caller_hears(&message, self.now);
            None
        };
        let datagram = Datagram { from: address(US), to, bytes: bytes.to_vec() };
        self.launch(datagram);
        rung
    }
    fn launch(&mut self, datagram: Datagram) {
        let faults = if self.now >= CALM { Weather::Fair } else { self.weather }.faults();
        self.network.send(datagram, self.now, faults, &mut self.chance);
    }
    fn deliver(&mut self, datagram: Datagram) {
        let bytes = Bytes::from(datagram.bytes);
        let message = Message::parse(bytes.clone()).unwrap();
        if datagram.to == address(US) {
            if self.process.is_some() {
                self.tell("   got ", &message);
                self.watch.got(&message);
                self.books.process_hears(&message);
                self.machine.state().incoming.push_back((datagram.from, bytes));
            }
            return;
        }
        let name = text(message.call_id()).to_owned();
        if !self.uas.contains_key(&name) {
            let first = message.method() == Method::Invite
                && message.status().is_none()
                && message.to_tag().is_none();
            if !first {
                return; // a phone that has forgotten the call
            }
            let leg = &self.books.legs[&name];
            let by_itself = self.house.accepts_at_desk(&leg.agent);
            let plan = match self.is_story {
                true => plan::told_phone(&leg.agent, self.now),
                false => plan::phone(self.weather, by_itself, self.now, &mut self.chance),
            };
            let port = 30_000 + 10 * self.chance.below(500) as u16;
            self.uas.insert(name.clone(), Ua::phone(message.clone(), plan, port));
        }
        if let Some(ua) = self.uas.get_mut(&name) {
            let first = message.status().is_none()
                && message.to_tag().is_none()
                && message.method() == Method::Invite;
            if ua.is_phone() && first {
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
            if text.starts_with("BYE ") || text.starts_with("CANCEL ") {
                self.books.hung_up.insert(name.to_owned());
            }
            self.launch(Datagram { from, to: address(US), bytes: text.into_bytes() });
        }
    }
    fn somebody_calls(&mut self) {
        let name = format!("c{}", self.uas.len());
        let plan = match self.is_story {
            true => plan::told(Vec::new()),
            false => plan::caller(self.weather, self.now, &mut self.chance),
        };
        let mut peer = Peer::caller(&name);
        let dialled = self.chance.pick(&[(3, "1500"), (1, "1600")]);
        for line in [&mut peer.uri, &mut peer.target, &mut peer.remote] {
            *line = line.replace("1500", dialled);
        }
        let port = 20_000 + 10 * self.chance.below(500) as u16;
        let offerless = self.chance.percent(10);
        let ua = Ua::caller((peer, plan), port, "8 0", offerless, "", self.now);
        let key = ua.peer.call_id.clone();
        let caller = self.books.callers.entry(key.clone()).or_default();
        (caller.dialled, caller.offerless) = (dialled.to_owned(), offerless);
        self.uas.insert(key.clone(), ua);
        self.flush(&key);
    }
    fn work_at_desks(&mut self) {
        for desk in &mut self.desks {
            if desk.due().is_none_or(|due| due > self.now) {
                continue;
            }
            if self.process.is_none() {
                desk.cut_off(self.now, &mut self.chance);
                continue;
            }
            for said in desk.on_time(self.now, &mut self.chance) {
                let Some(process) = &self.process else { continue };
                self.wakes = self.now;
                match said {
                    Said::Event(event) => process.door.try_event(event, None).unwrap(),
                    Said::Transfer(asked) => process.door.try_transfer(asked, None).unwrap(),
                }
            }
        }
    }

    pub fn second(&self) -> f64 {
        (self.now.0 - START) as f64 / 1e6
    }
    fn tell(&self, what: &str, message: &Message) {
        if self.loud {
            let line = crate::rig::lines(std::slice::from_ref(message)).remove(0);
            let (seq, call) = (message.cseq().0, text(message.call_id()));
            println!("{:>9.3} {what} {line} {seq} {call} {}", self.second(), message.body().len());
        }
    }
}

/// Takes what is due.
fn due<T: Copy>(all: &mut Vec<(Micros, T)>, now: Micros) -> Vec<T> {
    all.extract_if(.., |(at, _)| *at <= now).map(|(_, what)| what).collect()
}

impl Troubles {
    fn next(&self, now: Micros) -> Option<Micros> {
        let refusals = self.refusals.iter().flat_map(|(from, to)| [*from, *to]).filter(|at| *at > now);
        let crashes = self.crashes.iter().map(|(at, _)| *at);
        let rest = self.pauses.iter().map(|(at, _)| *at).chain(self.steps.iter().map(|(at, _)| *at));
        crashes.chain(rest).chain(refusals).chain(self.snapshots.iter().copied()).min()
    }
}
