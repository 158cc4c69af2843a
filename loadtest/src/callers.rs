//! Callers behind a PBX: who dials when, and the socket they share.

use crate::{
    Stop,
    alarms::Alarms,
    caller::{Call, Hands, Order},
    engine::{self, Party, Turn, Wire},
    figures::Failure,
    loopback::{NotLoopback, loopback},
    media::{Ear, Sink},
    plan::{Arrivals, CallersPlan, Person},
    random::Dice,
    tally::Tally,
    weather::Line,
};
use bytes::Bytes;
use sip::wire::Message;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// How long a stopped run may take to hang up its calls.
const GRACE: Duration = Duration::from_secs(10);
/// Calls placed in one turn at most, so that a generator that fell behind still listens.
const BURST: usize = 64;
/// Streams of chance: each part of a run has its own, so that adding phones does not move the arrivals.
const ARRIVALS: u64 = 1;
const MANNERS: u64 = 2;
const LOSSES: u64 = 3;

/// Why callers or phones could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address elsewhere.
    #[error(transparent)]
    Elsewhere(#[from] NotLoopback),
    /// A socket could not be opened.
    #[error("{what} cannot use {address}: {error}; choose another port, or 0 for a free one")]
    Socket {
        /// Whose socket.
        what: &'static str,
        /// Where it should be.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// Callers at work; dropping it does not end them, the [`Stop`] they were given does.
#[derive(Debug)]
pub struct Callers {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Callers {
    /// Starts dialling.
    ///
    /// `agents_media` are the addresses where agents' phones want their audio: a caller pointed there is *connected*.
    /// When it is empty, every answer counts as an agent's.
    ///
    /// # Errors
    ///
    /// [`StartError`] when an address is not on this machine or a socket cannot be opened.
    pub fn start(
        plan: CallersPlan,
        seed: u64,
        tally: Tally,
        agents_media: Vec<SocketAddr>,
        stop: Stop,
    ) -> Result<Self, StartError> {
        loopback("callers.target", plan.target)?;
        plan.proxy.map(|proxy| loopback("callers.proxy", proxy)).transpose()?;
        let listen = loopback("callers.listen", plan.listen)?;
        let failed = |error| StartError::Socket { what: "callers", address: listen, error };
        let socket = engine::bind(listen).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let line = Line::new(plan.weather, Dice::new(seed, LOSSES));
        let wire = Wire { socket, line, proxy: plan.proxy };
        let mut exchange = Exchange {
            sink: Sink::open(listen.ip()).map_err(failed)?,
            free: (0..plan.people.len()).collect(),
            arrivals: Dice::new(seed, ARRIVALS),
            dice: Dice::new(seed, MANNERS),
            names: Dice::unique(),
            next_arrival: Some(Instant::now()),
            start: Instant::now(),
            calls: HashMap::new(),
            alarms: Alarms::new(),
            live: 0,
            dialled: 0,
            address: plan.public.unwrap_or(address),
            plan,
            agents_media,
            tally,
        };
        let task = tokio::spawn(async move {
            engine::run(wire, &mut exchange, stop, GRACE).await;
            exchange.give_up();
        });
        Ok(Self { address, task })
    }
    /// Where the PBX sends from.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Waits until the last call is over.
    pub async fn finished(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the callers' task broke");
        }
    }
}

struct Exchange {
    plan: CallersPlan,
    address: SocketAddr,
    sink: Sink,
    agents_media: Vec<SocketAddr>,
    tally: Tally,
    arrivals: Dice,
    dice: Dice,
    names: Dice,
    start: Instant,
    /// None when everybody has called.
    next_arrival: Option<Instant>,
    dialled: u64,
    /// Calls by number; those that are over linger a while.
    calls: HashMap<u64, Lines>,
    live: usize,
    alarms: Alarms<u64>,
    /// Indexes of people who are not on a call.
    free: Vec<usize>,
}

struct Lines {
    call: Call,
    person: Option<usize>,
    counted_over: bool,
}

impl Exchange {
    fn place(&mut self, turn: &mut Turn) {
        let number = self.dialled;
        self.dialled += 1;
        self.schedule(turn.now);
        if self.live >= self.plan.max_live {
            self.tally.held_back();
            return;
        }
        let (person, who) = self.choose_person(number);
        let order = self.order(number, who);
        let mut hands = Hands {
            turn,
            tally: &self.tally,
            dice: &mut self.dice,
            names: &mut self.names,
            agents_media: &self.agents_media,
        };
        let call = Call::place(order, &mut hands);
        self.alarms.set(number, call.deadline());
        self.calls.insert(number, Lines { call, person, counted_over: false });
        self.live += 1;
    }
    fn order(&mut self, number: u64, who: Person) -> Order {
        let dial = self.plan.dial[self.dice.below(self.plan.dial.len())].clone();
        let ear = if self.plan.media { self.open_ear() } else { None };
        Order {
            target: self.plan.target,
            local: self.address,
            dial,
            user: who.number,
            display: who.name,
            call_id: format!("{number}-{:016x}@{}", self.names.bits(), self.address.ip()),
            patience: self.dice.draw(self.plan.patience),
            talk: self.plan.talk.map(|talk| self.dice.draw(talk)),
            late_offer: self.dice.chance(self.plan.late_offer),
            media: self.sink.address,
            ear,
        }
    }
    fn open_ear(&self) -> Option<Ear> {
        Ear::open(self.address.ip())
            .inspect_err(|error| tracing::warn!(%error, "a caller has no port for its audio"))
            .ok()
    }
    fn choose_person(&mut self, number: u64) -> (Option<usize>, Person) {
        if self.free.is_empty() || self.dice.chance(self.plan.strangers) {
            let user = format!("{}{number}", self.plan.prefix);
            return (None, Person { number: user, name: String::new() });
        }
        let person = self.free.swap_remove(self.dice.below(self.free.len()));
        (Some(person), self.plan.people[person].clone())
    }
    /// Decides when the next one calls.
    fn schedule(&mut self, now: Instant) {
        let last = self.next_arrival.unwrap_or(now);
        let next = match self.plan.arrivals {
            Arrivals::Even => self.start + Duration::from_secs_f64(self.dialled as f64 / self.plan.rate),
            Arrivals::Poisson => {
                last + self.arrivals.exponential(Duration::from_secs_f64(1.0 / self.plan.rate))
            }
        };
        let all_called = self.plan.calls.is_some_and(|calls| self.dialled >= calls);
        let time_over = self.plan.during.is_some_and(|during| next >= self.start + during);
        self.next_arrival = (!all_called && !time_over).then_some(next);
    }
    /// Lets `act` work on a call and looks after what came of it.
    fn with(&mut self, number: u64, turn: &mut Turn, act: impl FnOnce(&mut Call, &mut Hands<'_>)) {
        let Some(lines) = self.calls.get_mut(&number) else { return };
        let mut hands = Hands {
            turn,
            tally: &self.tally,
            dice: &mut self.dice,
            names: &mut self.names,
            agents_media: &self.agents_media,
        };
        act(&mut lines.call, &mut hands);
        if lines.call.is_over() && !lines.counted_over {
            lines.counted_over = true;
            self.live -= 1;
        }
        if lines.call.is_gone(turn.now) {
            self.free.extend(lines.person);
            self.calls.remove(&number);
            self.alarms.set(number, None);
        } else {
            self.alarms.set(number, lines.call.deadline());
        }
    }
    /// What still lives when nobody waits any longer has failed.
    fn give_up(&self) {
        for lines in self.calls.values().filter(|lines| !lines.call.is_over()) {
            self.tally.never_ended(lines.call.user());
        }
    }
}

impl Party for Exchange {
    fn receive(&mut self, from: SocketAddr, bytes: Bytes, turn: &mut Turn) {
        let Ok(message) = Message::parse(bytes) else {
            return self.tally.failed(Failure::Malformed);
        };
        let call_id = std::str::from_utf8(message.call_id()).unwrap_or_default();
        let number = call_id.split_once('-').and_then(|(number, _rest)| number.parse().ok());
        match number.filter(|n| self.calls.get(n).is_some_and(|lines| lines.call.call_id() == call_id)) {
            Some(number) => self.with(number, turn, |call, hands| call.receive(from, &message, hands)),
            None => crate::stray::answer(from, &message, turn),
        }
    }
    fn next_deadline(&self) -> Option<Instant> {
        self.alarms.next().into_iter().chain(self.next_arrival).min()
    }
    fn expire(&mut self, turn: &mut Turn) {
        for _ in 0..BURST {
            if self.next_arrival.is_none_or(|next| next > turn.now) {
                break;
            }
            self.place(turn);
        }
        while let Some(number) = self.alarms.pop(turn.now) {
            self.with(number, turn, Call::expire);
        }
    }
    fn stop(&mut self, turn: &mut Turn) {
        self.next_arrival = None;
        let numbers: Vec<u64> = self.calls.keys().copied().collect();
        for number in numbers {
            self.with(number, turn, |call, hands| call.stop(hands.turn.now));
        }
    }
    fn is_done(&self) -> bool {
        self.next_arrival.is_none() && self.live == 0
    }
}
