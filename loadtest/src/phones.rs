//! Agents' phones: the sockets on which they ring.

use crate::{
    Stop,
    alarms::Alarms,
    caller::Hands,
    callers::StartError,
    engine::{self, Party, Turn, Wire},
    figures::Failure,
    loopback::loopback,
    media::Sink,
    message,
    phone::PhoneCall,
    plan::{MAX_LIVE, PhonesPlan},
    random::Dice,
    stray,
    tally::Tally,
    weather::Line,
};
use bytes::Bytes;
use sip::wire::{Message, Method};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// How long stopped phones may take to hang up.
const GRACE: Duration = Duration::from_secs(10);
/// First of the streams of chance that phones use, one or two a socket.
const STREAMS: u64 = 1_000;

/// Phones at work, until the [`Stop`] they were given.
#[derive(Debug)]
pub struct Phones {
    addresses: Vec<SocketAddr>,
    media: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Phones {
    /// Opens the phones' sockets and answers what comes.
    ///
    /// # Errors
    ///
    /// [`StartError`] when an address is not on this machine or a socket cannot be opened.
    pub fn start(plan: PhonesPlan, seed: u64, tally: &Tally, stop: &Stop) -> Result<Self, StartError> {
        let first = loopback("phones.listen", plan.listen)?;
        plan.proxy.map(|proxy| loopback("phones.proxy", proxy)).transpose()?;
        let plan = Arc::new(plan);
        let failed = |address| move |error| StartError::Socket { what: "phones", address, error };
        let sink = Arc::new(Sink::open(first.ip()).map_err(failed(first))?);
        let mut phones = Self { addresses: Vec::new(), media: sink.address, tasks: Vec::new() };
        for index in 0..plan.sockets {
            let listen = nth_address(first, index);
            let socket = engine::bind(listen).map_err(failed(listen))?;
            let address = socket.local_addr().map_err(failed(listen))?;
            let stream = STREAMS + 2 * index as u64;
            let line = Line::new(plan.weather, Dice::new(seed, stream));
            let wire = Wire { socket, line, proxy: plan.proxy };
            let mut rack = Rack {
                plan: Arc::clone(&plan),
                address: plan.public.unwrap_or(address),
                sink: Arc::clone(&sink),
                tally: tally.clone(),
                dice: Dice::new(seed, stream + 1),
                names: Dice::unique(),
                calls: HashMap::new(),
                by_call_id: HashMap::new(),
                next: 0,
                alarms: Alarms::new(),
                stopped: false,
                lingered: None,
            };
            let stop = stop.clone();
            phones.addresses.push(address);
            phones.tasks.push(tokio::spawn(async move {
                engine::run(wire, &mut rack, stop, GRACE).await;
            }));
        }
        Ok(phones)
    }
    /// Where they listen: one address for all, or one each.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
    /// The address for the agent with this index.
    #[must_use]
    pub fn address(&self, index: usize) -> SocketAddr {
        self.addresses[index % self.addresses.len()]
    }
    /// Where they want their audio.
    #[must_use]
    pub fn media(&self) -> SocketAddr {
        self.media
    }
    /// Waits until they have stopped.
    pub async fn finished(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a phone's task broke");
            }
        }
    }
}

fn nth_address(first: SocketAddr, index: usize) -> SocketAddr {
    let port = match first.port() {
        0 => 0,
        port => port.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)),
    };
    SocketAddr::new(first.ip(), port)
}

/// How long phones stay after the stop, so that a BYE that crossed theirs, and its repetition, is answered.
const LINGER: Duration = Duration::from_millis(700);

/// The phones on one socket.
struct Rack {
    plan: Arc<PhonesPlan>,
    address: SocketAddr,
    sink: Arc<Sink>,
    tally: Tally,
    dice: Dice,
    names: Dice,
    calls: HashMap<u64, PhoneCall>,
    by_call_id: HashMap<String, u64>,
    next: u64,
    alarms: Alarms<u64>,
    stopped: bool,
    /// Whether callers who hung up at the same moment have had time to be answered.
    lingered: Option<Instant>,
}

impl Rack {
    fn hands<'a>(tally: &'a Tally, dice: &'a mut Dice, names: &'a mut Dice, turn: &'a mut Turn) -> Hands<'a> {
        Hands { turn, tally, dice, names, agents_media: &[] }
    }
    fn ring(&mut self, from: SocketAddr, invite: &Message, turn: &mut Turn) {
        if self.stopped || self.calls.len() >= MAX_LIVE {
            return;
        }
        let uri = String::from_utf8_lossy(invite.request_uri());
        let manners = self.plan.of.get(message::user_of(&uri)).unwrap_or(&self.plan.manners);
        let mut hands = Self::hands(&self.tally, &mut self.dice, &mut self.names, turn);
        let call = PhoneCall::ring(invite, from, self.address, self.sink.address, manners, &mut hands);
        let number = self.next;
        self.next += 1;
        self.by_call_id.insert(call.call_id().to_owned(), number);
        self.alarms.set(number, call.deadline());
        self.calls.insert(number, call);
    }
    fn with(&mut self, number: u64, turn: &mut Turn, act: impl FnOnce(&mut PhoneCall, &mut Hands<'_>)) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        act(call, &mut Self::hands(&self.tally, &mut self.dice, &mut self.names, turn));
        if call.is_gone(turn.now) {
            call.forget(&self.tally);
            self.by_call_id.remove(call.call_id());
            self.calls.remove(&number);
            self.alarms.set(number, None);
        } else {
            self.alarms.set(number, call.deadline());
        }
    }
}

impl Party for Rack {
    fn receive(&mut self, from: SocketAddr, bytes: Bytes, turn: &mut Turn) {
        let Ok(message) = Message::parse(bytes) else {
            return self.tally.failed(Failure::Malformed);
        };
        let known =
            std::str::from_utf8(message.call_id()).ok().and_then(|id| self.by_call_id.get(id)).copied();
        match known {
            Some(number) => self.with(number, turn, |call, hands| call.receive(from, &message, hands)),
            None if message.is_request()
                && message.method() == Method::Invite
                && message.to_tag().is_none() =>
            {
                self.ring(from, &message, turn);
            }
            None => stray::answer(from, &message, turn),
        }
    }
    fn next_deadline(&self) -> Option<Instant> {
        [self.alarms.next(), self.lingered].into_iter().flatten().min()
    }
    fn expire(&mut self, turn: &mut Turn) {
        while let Some(number) = self.alarms.pop(turn.now) {
            self.with(number, turn, PhoneCall::expire);
        }
        self.lingered = self.lingered.filter(|until| *until > turn.now);
    }
    fn stop(&mut self, turn: &mut Turn) {
        self.stopped = true;
        self.lingered = Some(turn.now + LINGER);
        let numbers: Vec<u64> = self.calls.keys().copied().collect();
        for number in numbers {
            self.with(number, turn, PhoneCall::stop);
        }
    }
    fn is_done(&self) -> bool {
        self.stopped && self.lingered.is_none() && self.calls.values().all(PhoneCall::is_over)
    }
}
