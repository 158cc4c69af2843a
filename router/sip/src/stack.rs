//! The SIP stack: takes datagrams, orders and the time, and passes each to the part it belongs to.

use crate::{
    CallKey, Command, Config, Display, Flow, Micros, Mint, Output, Overload, Registry, Rejected,
    auth::Accounts,
    bridge::Call,
    context::{Ctx, Moment, Net},
    farewell::Farewells,
    leg::phone::Order,
    limiter::Limiter,
    local::Local,
    noise::Noise,
    peering::{Peer, Phones},
    quota::Quotas,
    registrar::Registrar,
    streamless::Streamless,
    timers::{Timer, Timers},
    transaction::{Clients, End, Heard, Owner, Reply, Servers, Unheard},
    wire::{Message, Start},
};
use bytes::Bytes;
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// Most transactions of peers for each call that is allowed: its INVITE and its BYEs, and those of calls that ended
/// within the last 33 s and still wait for repetitions.
const SERVERS_PER_CALL: usize = 16;
/// Most transactions of peers where very few calls are allowed.
const MIN_SERVERS: usize = 1_024;

/// All calls, legs and transactions of one node.
pub struct Stack {
    pub(crate) config: Config,
    pub(crate) overload: Overload,
    pub(crate) draining: bool,
    pub(crate) calls: HashMap<CallKey, Box<Call>>,
    pub(crate) net: Net,
    pub(crate) limiter: Limiter,
    pub(crate) noise: Noise,
    pub(crate) quotas: Quotas,
    /// Our tag in responses that make no dialog.
    pub(crate) stray_tag: Option<u128>,
    /// Where names of phones and trunks lead.
    pub(crate) acquainted: BTreeSet<IpAddr>,
    /// Who may sign in.
    pub(crate) registry: Registry,
    /// Trunks at which we have something to do.
    pub(crate) peers: Vec<Peer>,
    /// Agents' phones of which we want to know whether they are there.
    pub(crate) phones: Phones,
}

/// How much is alive; all zero when nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that are not over.
    pub calls: usize,
    /// Phones' legs.
    pub legs: usize,
    /// Transactions, those included that only wait for late retransmissions (up to 33 s).
    pub transactions: usize,
    /// Dialogs, those included whose BYE is not settled.
    pub dialogs: usize,
    /// Alarms that are set.
    pub timers: usize,
}

impl Stack {
    /// A stack without calls.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let net = Net {
            local: Local::new(&config),
            timers: Timers::default(),
            clients: Clients::default(),
            accounts: Accounts::default(),
            streamless: Streamless::default(),
            servers: Servers::default(),
            dialogs: HashMap::new(),
            farewells: Farewells::default(),
            legs: 0,
        };
        let mut stack = Self {
            config,
            overload: Overload::None,
            draining: false,
            calls: HashMap::new(),
            net,
            limiter: Limiter::new(),
            noise: Noise::new(),
            quotas: Quotas::default(),
            stray_tag: None,
            acquainted: BTreeSet::new(),
            registry: Registry::default(),
            peers: Vec::new(),
            phones: Phones::default(),
        };
        stack.bound();
        stack
    }
    /// The rules for calls that come from now on (a reload). Our own addresses and the node's name stay what they were.
    pub fn configure(&mut self, config: Config) {
        let Config { address, streams, media, node, .. } = self.config.clone();
        self.config = Config { address, streams, media, node, ..config };
        self.net.local = Local::new(&self.config);
        self.bound();
    }
    fn bound(&mut self) {
        self.net.servers.limit(self.config.max_calls.saturating_mul(SERVERS_PER_CALL).max(MIN_SERVERS));
    }
    /// Takes a message, a datagram or one cut from a stream: exactly its octets, as they stay in memory as long as the call they belong to.
    pub fn receive(&mut self, from: Flow, bytes: Bytes, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        let moment = &mut Moment { now, mint, out };
        match Message::parse(bytes) {
            Err(fault) => self.malformed(&fault, from, moment),
            Ok(message) => match message.start() {
                Start::Response { code, .. } => self.response(&message, code, from, moment),
                Start::Request { .. } => self.request(&message, from, moment),
            },
        }
    }
    /// Takes an order.
    pub fn command(&mut self, command: Command, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        let key = match &command {
            Command::Treat { call, .. } | Command::End { call, .. } | Command::Probe { call } => *call,
            Command::Ring { leg, .. }
            | Command::RingFirst { leg, .. }
            | Command::CallBack { leg, .. }
            | Command::JoinCustomer { leg, .. }
            | Command::Connect { leg }
            | Command::HoldPhone { leg }
            | Command::Hold { leg, .. }
            | Command::Retrieve { leg }
            | Command::Consult { leg, .. }
            | Command::JoinConsult { leg }
            | Command::PutThrough { leg }
            | Command::AcceptRefer { leg }
            | Command::RefuseRefer { leg, .. }
            | Command::Drop { leg, .. } => leg.call,
        };
        if let Command::RingFirst { shown, .. } = &command {
            self.make_room_for_customer(key, shown.as_deref());
        }
        self.with_call(key, &mut Moment { now, mint, out }, |call, ctx| match command {
            Command::Treat { treatment, .. } => call.treat(treatment, ctx),
            Command::Ring { leg, phones, queue, display, auto_answer } => {
                call.ring(leg, Order { phones, queue, display, auto_answer }, ctx);
            }
            Command::RingFirst { leg, phones, queue, auto_answer, port, .. } => {
                let display = Display::AsCaller;
                call.ring_first(leg, Order { phones, queue, display, auto_answer }, port, ctx);
            }
            Command::CallBack { leg, by, phones, shown } => {
                let (queue, display) = (String::new(), Display::AsCaller);
                let order = Order { phones, queue, display, auto_answer: false };
                call.call_back(leg, by.attempt, (order, shown.as_deref()), ctx);
            }
            Command::JoinCustomer { leg, by } => call.join_customer(leg.attempt, by.attempt, ctx),
            Command::Connect { leg } => call.connect(leg.attempt, ctx),
            Command::HoldPhone { leg } => call.hold_phone(leg.attempt, ctx),
            Command::Hold { leg, port } => call.hold(leg.attempt, port, ctx),
            Command::Retrieve { leg } => call.retrieve(leg.attempt, ctx),
            Command::Consult { leg, by, phones, queue, display } => {
                call.consult(leg, by.attempt, Order { phones, queue, display, auto_answer: false }, ctx);
            }
            Command::JoinConsult { leg } => call.join_consult(leg.attempt, ctx),
            Command::PutThrough { leg } => call.put_through(leg.attempt, ctx),
            Command::AcceptRefer { leg } => call.accept_refer(leg.attempt, ctx),
            Command::RefuseRefer { leg, status } => call.refuse_refer(leg.attempt, status, ctx),
            Command::Drop { leg, reason } => call.drop_phone(leg.attempt, reason, ctx),
            Command::Probe { .. } => call.probe(ctx),
            Command::End { cause, .. } => call.end(cause, ctx),
        });
    }
    /// Runs every timer that is due.
    pub fn expire(&mut self, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        self.expire_registrations(now, out);
        let moment = &mut Moment { now, mint, out };
        while let Some(timer) = self.net.timers.pop(now) {
            match timer {
                Timer::Call(key) => {
                    self.with_call(key, moment, |call, ctx| call.expire(ctx));
                }
                Timer::Peer(place) => self.expire_peer(place, moment),
                Timer::Phones => self.expire_phones(moment),
                Timer::Server(id) => {
                    let Net { servers, timers, .. } = &mut self.net;
                    match servers.expire(id, now, (timers, moment.out)) {
                        Some(Unheard::Acceptance(Owner { call, side })) => {
                            self.with_call(call, moment, |call, ctx| call.never_acknowledged(side, id, ctx));
                        }
                        Some(Unheard::Farewell(owner)) => self.net.farewells.settled(owner, moment.out),
                        None => {}
                    }
                }
                Timer::Client(id) => {
                    let Net { clients, timers, .. } = &mut self.net;
                    if let Some(end) = clients.expire(id, now, (timers, moment.out)) {
                        self.ended(end, moment);
                    }
                }
            }
        }
    }
    /// A peer could not be connected to: whoever waits for its answer need not wait for a timer.
    pub fn unreachable(&mut self, to: Flow, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        let moment = &mut Moment { now, mint, out };
        for end in self.net.clients.unreachable(to, &mut self.net.timers) {
            if let End::Unanswered { owner: Owner { call, side }, branch } = end
                && self.with_call(call, moment, |call, _| call.probe_failed(side, branch)) == Some(true)
            {
                continue;
            }
            self.ended(end, moment);
        }
    }
    /// When to call [`Stack::expire`], if nothing else happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Micros> {
        let registrations = self.registry.registrar.as_ref().and_then(Registrar::next_deadline);
        [self.net.timers.next(), registrations].into_iter().flatten().min()
    }
    /// Whether there is too much to do. What is alive goes on, however much it is.
    pub const fn set_overload(&mut self, overload: Overload) {
        self.overload = overload;
    }
    /// Where names of phones and trunks lead: whoever is there gets answers, but is no trunk because of that.
    pub fn acquaint(&mut self, addresses: BTreeSet<IpAddr>) {
        self.acquainted = addresses;
    }
    /// New calls get 503 while this is on; everything else is served.
    pub const fn set_draining(&mut self, on: bool) {
        self.draining = on;
    }
    /// Whether the caller of a call has been answered: it hears what it is sent, and no ringing tone of its own.
    #[must_use]
    pub fn has_answered(&self, call: CallKey) -> bool {
        self.calls.get(&call).is_some_and(|call| call.has_answered())
    }
    /// What is alive.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.calls.len(),
            legs: self.net.legs,
            transactions: self.net.clients.len() + self.net.servers.len(),
            dialogs: self.net.dialogs.len(),
            timers: self.net.timers.len(),
        }
    }

    /// Lets `step` work on a call and closes the step; none when there is no such call.
    pub(crate) fn with_call<T>(
        &mut self,
        key: CallKey,
        moment: &mut Moment<'_>,
        step: impl FnOnce(&mut Call, &mut Ctx<'_>) -> T,
    ) -> Option<T> {
        let call = self.calls.get_mut(&key)?;
        let mut ctx = moment.with(&mut self.net);
        let result = step(call, &mut ctx);
        call.close(&mut ctx);
        if call.is_over() {
            self.calls.remove(&key);
            self.quotas.ended(key);
        }
        Some(result)
    }
    /// A client transaction has ended by time.
    fn ended(&mut self, end: End, moment: &mut Moment<'_>) {
        match end {
            End::Dialog(tag) => {
                self.net.settled(tag, moment.out);
                self.net.dialogs.remove(&tag);
            }
            End::TimedOut { owner: Owner { call, side }, branch, status } => {
                self.with_call(call, moment, |call, ctx| call.invite_timed_out(side, branch, status, ctx));
            }
            End::PeerSilent { place, branch } => self.peer_heard(place, branch, None, moment),
            End::PhoneSilent { place, branch } => self.phone_heard(place, branch, None, moment),
            End::Unanswered { owner: Owner { call, side }, branch } => {
                self.with_call(call, moment, |call, ctx| call.request_heard(side, branch, None, ctx));
            }
            End::RangOut { owner: Owner { call, side }, branch } => {
                self.with_call(call, moment, |call, ctx| call.invite_rang_out(side, branch, ctx));
                // Unless its leg has done so: nobody waits for its end any more.
                moment.with(&mut self.net).cancel(branch, None);
            }
        }
    }
    /// Passes a response to the transaction of its branch, and on to the leg that waits for it.
    fn response(&mut self, message: &Message, status: u16, from: Flow, moment: &mut Moment<'_>) {
        let branch = message.top_via().branch().and_then(|branch| self.net.local.names.read_branch(branch));
        let Some(branch) = branch else { return moment.out.count(Rejected::StrayResponse) };
        let Net { clients, timers, .. } = &mut self.net;
        match clients.hear(branch, message, status, moment.now, (timers, moment.out)) {
            Reply::Done => {}
            Reply::Settled(tag) => self.net.settled(tag, moment.out),
            Reply::Other { owner: Owner { call, side }, known } => {
                self.with_call(call, moment, |call, ctx| call.request_heard(side, known, Some(message), ctx));
            }
            Reply::Challenged(challenged) => self.challenged(*challenged, message, from, moment),
            Reply::Peer(place) => self.peer_heard(place, branch, Some(message), moment),
            Reply::Phone(place) => self.phone_heard(place, branch, Some(message), moment),
            Reply::Stray => self.stray(message, status, moment),
            Reply::Nobody { new } => moment.with(&mut self.net).end_stranger(branch, message, from, new),
            Reply::Invite { owner: Owner { call, side }, known, heard } => {
                let taken = self.with_call(call, moment, |call, ctx| {
                    call.invite_heard(side, known, &heard, (message, from), ctx)
                });
                if heard == Heard::Accepted && taken != Some(true) {
                    moment.with(&mut self.net).end_stranger(branch, message, from, true);
                }
            }
        }
    }
}
