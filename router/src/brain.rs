//! The loop that owns the brain: take a batch, handle each event, commit once, send.
//!
//! SIP over UDP, the brain and the log share this one thread: nothing on the path of a call crosses to another.

mod asker;
mod callbacks;
mod commit;
mod hours;
mod keys;
mod office;
mod pulse;
mod revival;
mod rules;
mod running;
mod speaking;
mod transfers;

use crate::{
    announcer::Announcer,
    clock::Clock,
    desks::Desks,
    drain::Drain,
    follower::Outlook,
    ground::{Datagrams as _, Ground, Log as _, Machine},
    inbox::{Inbox, Incoming},
    live::Left,
    load::{Load, Turn},
    log::LogError,
    metrics::Metrics,
    sip_edge::{SipEdge, offer_id},
    streams::StreamNews,
    timetable::Timetable,
};
use acd::{Acd, AgentNo, Event, OfferId, Order, Plan, Timestamp};
use agent_gateway::DeskOrder;
use asker::Asker;
pub use callbacks::{AskCallbacks, CallbackShown, Wanted};
use config::Waiting;
use mio::Token;
pub use office::Force;
pub use pulse::Pulse;
use revival::Probes;
pub use rules::NewRules;
use sip::Notice;
use std::{collections::HashMap, io, sync::Arc, time::Duration};

/// Other threads in the poll.
pub const DOOR: Token = Token(1);
/// Datagrams of one batch: more would keep the first one waiting.
const BATCH: usize = 64;
/// What other threads have handed in, of one batch.
const INCOMING: usize = 256;
/// The loop turns at least this often, to look at the wall clock and at a refusing disk.
const IDLE: Duration = Duration::from_secs(1);
/// Cards whose time is kept until the phone rings; beyond it a metric is lost.
const CARDS: usize = 10_000;

/// The brain with its edges.
pub struct Brain<G: Ground = Machine> {
    acd: Acd,
    log: G::Log,
    live: G::Live,
    clock: Clock<G::Dials>,
    sip: SipEdge,
    socket: G::Datagrams,
    streams: G::Lines,
    desks: Desks<G::DeskWay>,
    inbox: Inbox,
    metrics: Arc<Metrics>,
    drain: Drain,
    /// Whether the SIP side was told to refuse new calls.
    draining: bool,
    load: Load,
    announcer: Announcer,
    timetable: Timetable,
    /// How long callers are going to wait.
    outlook: Arc<Outlook>,
    /// When the card of an offer was written, until its phone is rung.
    cards: HashMap<OfferId, std::time::Instant>,
    probes: Probes,
    pulse: Pulse,
    /// Time of the last event.
    last: Timestamp,
    /// Who waits to hear that this turn is in the log.
    waiting: office::Waiting,
    stop: bool,
}

/// What a brain is made of.
pub struct BrainParts<G: Ground = Machine> {
    /// As the log left it.
    pub acd: Acd,
    /// Time of the log's last entry.
    pub last: Timestamp,
    /// The open log.
    pub log: G::Log,
    /// The live file, started anew.
    pub live: G::Live,
    /// A clock after the log's last entry.
    pub clock: Clock<G::Dials>,
    /// The SIP side.
    pub sip: SipEdge,
    /// Its socket.
    pub socket: G::Datagrams,
    /// Its connections.
    pub streams: G::Lines,
    /// The desks.
    pub desks: Desks<G::DeskWay>,
    /// The way in.
    pub inbox: Inbox,
    /// What waiting callers are told.
    pub announcer: Announcer,
    /// When entries take calls.
    pub timetable: Timetable,
    /// How long they are going to wait.
    pub outlook: Arc<Outlook>,
    /// Where to count.
    pub metrics: Arc<Metrics>,
    /// Whether new calls are refused.
    pub drain: Drain,
}

/// Why the brain stopped.
#[derive(Debug, thiserror::Error)]
pub enum BrainError {
    /// The system does not let us wait for sockets.
    #[error("waiting for sockets: {0}")]
    Poll(#[from] io::Error),
    /// An entry could not be encoded.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl<G: Ground> Brain<G> {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: BrainParts<G>) -> Self {
        let BrainParts {
            acd,
            last,
            log,
            live,
            clock,
            sip,
            socket,
            streams,
            desks,
            inbox,
            announcer,
            timetable,
            outlook,
            metrics,
            drain,
        } = parts;
        Self {
            acd,
            log,
            live,
            clock,
            sip,
            socket,
            streams,
            desks,
            inbox,
            announcer,
            timetable,
            outlook,
            metrics,
            drain,
            draining: false,
            load: Load::default(),
            cards: HashMap::new(),
            probes: Probes::default(),
            pulse: Pulse::default(),
            last,
            waiting: office::Waiting::default(),
            stop: false,
        }
    }

    /// Brings the brain up to date: what the process before has left, and the rules now in force, where they differ from
    /// the log's.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn begin(&mut self, plan: Plan, left: Left) -> Result<(), BrainError> {
        let now = self.clock.now();
        if self.acd.entries() > 0 {
            self.revive(left, now)?;
        }
        if *self.acd.plan() != plan {
            self.tell(Event::PlanChanged { plan: Box::new(plan) }, Asker::Nobody, now)?;
        }
        self.mind_hours(now)?;
        for event in self.sip.follow_phones(&self.acd, now) {
            self.tell(event, Asker::Nobody, now)?;
        }
        self.sip.begin(self.acd.entries() + 1);
        self.sip.expire(now);
        self.follow(now)?;
        self.commit();
        let here = self.acd.agents().map(|(agent, is)| (agent, is.state().clone(), is.since()));
        let here: Vec<_> = here.collect();
        for (agent, state, since) in here {
            self.desks.push(DeskOrder::AgentIs { agent, state, since }, now);
        }
        self.desks.hurry();
        self.desks.flush(now);
        Ok(())
    }

    /// The brain's state, for whoever sets the edges up.
    #[must_use]
    pub const fn acd(&self) -> &Acd {
        &self.acd
    }

    /// Whether it turns.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// The SIP side, for whoever sets it up.
    pub const fn sip(&mut self) -> &mut SipEdge {
        &mut self.sip
    }

    /// The socket, for what has to be sent before the first turn.
    pub const fn socket(&mut self) -> &mut G::Datagrams {
        &mut self.socket
    }

    /// How long nothing has to be done, if nothing comes.
    pub fn wait(&self) -> Duration {
        let at = self.next_deadline();
        let now = self.clock.now();
        // A poll that ends just before a deadline would only turn once more.
        at.map_or(IDLE, |at| round_up(at.since(now)).min(IDLE))
    }

    /// When something has to be done, if nothing comes.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let next = [
            self.acd.next_deadline(),
            self.sip.next_deadline(),
            self.desks.deadline(),
            self.announcer.next_deadline(),
            self.probes.deadline(),
        ];
        next.into_iter().flatten().min()
    }

    /// Takes one batch, commits it, and lets out what came of it; whether more datagrams wait.
    ///
    /// # Errors
    /// Only for what no call can be routed without.
    pub fn turn(&mut self) -> Result<bool, BrainError> {
        let now = self.clock.now();
        self.pulse.beat();
        if let Some(by_us) = self.clock.step() {
            tracing::warn!(by_us, "the wall clock was set; timers are not affected");
            self.tell(Event::ClockStepped { by_us }, Asker::Nobody, now)?;
        }
        self.mind_drain(now)?;
        self.mind_hours(now)?;
        self.inbox.listen();
        let mut handed = 0;
        while handed < INCOMING
            && let Some(incoming) = self.inbox.take()
        {
            handed += 1;
            self.take(incoming, now)?;
        }
        let mut turn = Turn::default();
        while turn.taken < BATCH
            && let Some((from, bytes)) = self.socket.receive()
        {
            let from = sip::Flow::udp(from);
            turn.taken += 1;
            turn.strange += usize::from(self.load.is_behind() && !self.sip.knows(from));
            self.sip.begin(self.acd.entries() + 1);
            self.sip.receive(from, bytes, now);
            self.follow(now)?;
        }
        self.sip.begin(self.acd.entries() + 1);
        self.sip.hear_relay(now);
        self.sip.expire(now);
        self.probe(now);
        self.follow(now)?;
        if self.acd.next_deadline().is_some_and(|at| at <= now) {
            self.tell(Event::DeadlinePassed, Asker::Nobody, now)?;
        }
        turn.more = turn.taken == BATCH || handed == INCOMING;
        self.load.turned(turn, now);
        self.commit();
        self.tell_who_waited();
        self.sip.send(&mut self.socket, &self.streams, now);
        let blocked = self.socket.flush();
        self.speak(now);
        self.desks.flush(now);
        Ok(turn.more || blocked)
    }

    /// Begins to refuse new calls, or takes them again, as the operator wishes; sends away who waits, if nobody is to.
    fn mind_drain(&mut self, now: Timestamp) -> Result<(), BrainError> {
        let on = self.drain.is_on();
        if on != self.draining {
            self.draining = on;
            self.sip.set_draining(on);
            let state = if on { "new calls are refused" } else { "new calls are taken again" };
            tracing::warn!("draining: {state}");
        }
        // Also who comes to wait later, because a phone was not answered.
        if self.drain.waiting() == Some(Waiting::End) && self.acd.somebody_waits() {
            self.tell(Event::WaitingEnded, Asker::Nobody, now)?;
        }
        Ok(())
    }

    fn take(&mut self, incoming: Incoming, now: Timestamp) -> Result<(), BrainError> {
        match incoming {
            Incoming::Event(event, reply) => self.tell(event, reply.into(), now),
            Incoming::Transfer(asked, reply) => self.transfer(asked, reply.into(), now),
            Incoming::Stream(news) => self.connection(news, now),
            Incoming::CardWritten(offer, at) => {
                if self.cards.len() < CARDS {
                    self.cards.insert(offer, at);
                }
                Ok(())
            }
            Incoming::Admitted(admitted) => {
                self.sip.admit(&admitted, now);
                Ok(())
            }
            Incoming::Found(found) => {
                self.sip.begin(self.acd.entries() + 1);
                self.sip.found(found, now);
                Ok(())
            }
            Incoming::Key(call, key) => self.pressed(call, key, now),
            Incoming::Force(force) => self.force(*force, now),
            Incoming::Callbacks(ask) => self.callbacks(*ask, now),
            Incoming::Rules(rules) => self.change_rules(*rules, now),
            Incoming::Stop => {
                self.stop = true;
                Ok(())
            }
        }
    }

    /// Takes a message of a connection, or the end of one.
    fn connection(&mut self, news: StreamNews, now: Timestamp) -> Result<(), BrainError> {
        self.sip.begin(self.acd.entries() + 1);
        match news {
            StreamNews::Message { flow, bytes, arrival } => {
                self.sip.receive(flow, bytes, now);
                drop(arrival); // its connection may be read on
            }
            StreamNews::Unreachable { flow } => self.sip.unreachable(flow, now),
            // A call outlives the connection it was made on: its peer connects again, or is connected to.
            StreamNews::Closed { connection } => self.sip.closed(connection, now),
        }
        self.follow(now)
    }

    /// Tells the brain what the stack has noticed, until it has noticed no more.
    fn follow(&mut self, now: Timestamp) -> Result<(), BrainError> {
        loop {
            let notices = self.sip.take_notices();
            if notices.is_empty() {
                return Ok(());
            }
            for notice in notices {
                if let Notice::PhoneRefers { leg, target, replaces } = notice {
                    self.referred(offer_id(leg), &target, replaces, now)?;
                } else if let Notice::KeyPressed { call, key } = notice {
                    self.pressed(acd::CallId::from_u128(call.0), key, now)?;
                } else if let Some(event) = self.sip.event_of(notice) {
                    self.tell(event, Asker::Nobody, now)?;
                }
            }
        }
    }

    /// Hands an event to the brain and carries out what it decides. Nothing leaves before the commit.
    fn tell(&mut self, event: Event, asker: Asker, now: Timestamp) -> Result<(), BrainError> {
        // Callers of one batch keep the order in which they came: no two events have the same time.
        let now = now.max(Timestamp(self.last.micros() + 1));
        self.last = now;
        let started = std::time::Instant::now();
        self.count_desks(&event);
        if let Event::CallArrived { call, .. } = &event
            && self.desks.somebody_looks()
            && let Some(known) = self.sip.introduce(*call)
        {
            self.desks.push(DeskOrder::CallerKnown(known), now);
        }
        let handled = match self.acd.handle(event, now) {
            Ok(handled) => handled,
            Err(error) => {
                self.reply(asker, Err(error), now);
                return Ok(());
            }
        };
        self.log.append(&handled.entry)?;
        self.metrics.decision_seconds.observe(started.elapsed().as_secs_f64());
        self.sip.begin(handled.entry.number + 1);
        for order in handled.effects.orders {
            self.carry_out(order, now);
        }
        self.reply(asker, Ok(handled.taken), now);
        self.follow(now)
    }

    fn carry_out(&mut self, order: Order, now: Timestamp) {
        match &order {
            Order::OfferCall { offer, .. } => {
                if let Some(known) = self.sip.introduce(offer.call) {
                    self.desks.push(DeskOrder::CallerKnown(known), now);
                }
            }
            Order::RingPhone { offer, .. } => {
                if let Some(written) = self.cards.remove(offer) {
                    self.metrics.pop_lead_seconds.observe(now.since(self.clock.at(written)).as_secs_f64());
                }
            }
            Order::WithdrawOffer { offer, .. } => drop(self.cards.remove(offer)),
            Order::Treat { .. }
            | Order::DropPhone { .. }
            | Order::Connect { .. }
            | Order::HoldPhone { .. }
            | Order::Hold { .. }
            | Order::Retrieve { .. }
            | Order::EndCaller { .. }
            | Order::AcceptRefer { .. }
            | Order::ConnectConsult { .. }
            | Order::PutThrough { .. }
            | Order::CallOut { .. }
            | Order::CallBack { .. }
            | Order::JoinCustomer { .. }
            | Order::CallMoved { .. }
            | Order::AskedInVain { .. }
            | Order::AgentMoved { .. }
            | Order::StateForced { .. }
            | Order::WrapUpExtended { .. }
            | Order::CallOver { .. } => {}
        }
        self.sip.carry_out(&order, now);
        if let Order::RingPhone { offer, .. } = order
            && self.desks.somebody_looks()
            && let Some(sip_call_id) = self.sip.call_id_of_new_leg(offer)
        {
            self.desks.push(DeskOrder::AgentLeg { offer, sip_call_id }, now);
        }
        self.announcer.note(&order, now);
        self.desks.order(order, now);
    }

    fn reply(&mut self, to: Asker, verdict: acd::Verdict, now: Timestamp) {
        match (to, verdict) {
            (Asker::Desk(to), verdict) => self.desks.push(DeskOrder::Reply { to, verdict }, now),
            (Asker::Office(told), verdict) => self.waiting.for_state(told, verdict),
            (Asker::Phone(offer), Err(error)) => self.sip.refuse_refer(offer, &error, now),
            // That it was taken, the phone hears by the order.
            (Asker::Phone(_), Ok(_)) | (Asker::Nobody, _) => {}
        }
    }

    fn count_desks(&mut self, event: &Event) {
        let has_desk = |agent: AgentNo| self.acd.agent(agent).is_some_and(acd::Agent::has_desk);
        if let Event::DeskSignedIn { agent } = *event
            && !has_desk(agent)
        {
            self.desks.opened();
        }
        if let Event::DeskLost { agent } = *event
            && has_desk(agent)
        {
            self.desks.closed();
        }
    }
}

/// Poll counts in milliseconds; a wait cut short would spin.
fn round_up(wait: Duration) -> Duration {
    Duration::from_millis(u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX))
}
