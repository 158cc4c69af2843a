//! The task that owns the floor and the sessions: orders in, messages out; commands in, events out.
//!
//! It waits for nobody: sockets have bounded outboxes, the brain is asked by `try_event`, look-ups report by
//! themselves.

mod cards;
mod commands;
mod memory;
mod sessions;

pub(crate) use sessions::session_number;

use crate::{
    brain::{Brain, DeskOrder},
    clock::DeskClock,
    config::{AgentAccess, Shelf},
    floor::{Floor, Say},
    outbox::Outbox,
    words,
};
use acd::{AgentNo, CallId, Order, Timestamp};
use cards::LookUp;
use memory::Memory;
use protocol::{
    Agent, ClientFrame, ClientKind, CloseCode, Reply, ServerError, ServerMessage, Skill, Welcome,
};
use screenpop::ScreenPop;
use sessions::Sessions;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

/// Changes of cards that wait to be told. Watchers wait for room, nobody else does.
const MAX_CHANGES: usize = 1_024;
/// How soon a busy brain is told again that a desktop came or went.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// How often wallboards are told at most.
const WALLBOARD_EVERY: Duration = Duration::from_secs(1);

/// What happened at one time in the brain.
pub(crate) struct Batch {
    pub(crate) at: Timestamp,
    pub(crate) orders: Vec<DeskOrder>,
}

/// What sockets and HTTP want of the desk.
pub(crate) enum Ask {
    /// A client has identified.
    SignIn { session: u64, kind: ClientKind, outbox: Outbox },
    /// It sent something.
    Frame { session: u64, frame: ClientFrame },
    /// It has gone.
    Gone { session: u64 },
    /// Somebody wants to know over HTTP how an agent stands.
    Snapshot { agent: AgentNo, to: oneshot::Sender<Box<Welcome>> },
    /// Somebody sent a command over HTTP.
    Command { session: u64, frame: ClientFrame, to: oneshot::Sender<Reply> },
}

/// The floor, the sessions, and what lies between.
pub(crate) struct Desk {
    roster: Arc<Shelf>,
    brain: Arc<dyn Brain>,
    screenpop: Arc<ScreenPop>,
    clock: DeskClock,
    floor: Floor,
    sessions: Sessions,
    /// What agents who are connected were told about themselves.
    about: BTreeMap<AgentNo, Agent>,
    look_ups: BTreeMap<CallId, LookUp>,
    /// Cards that have to be shown by then, complete or not.
    shows: BTreeSet<(Instant, AgentNo, CallId)>,
    memory: BTreeMap<AgentNo, Memory>,
    /// Who waits over HTTP for the reply to a command.
    waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
    changes: mpsc::Sender<CallId>,
    changed: mpsc::Receiver<CallId>,
    retry_at: Option<Instant>,
    wallboards_at: Option<Instant>,
    says: Vec<Say>,
}

impl Desk {
    pub(crate) fn new(roster: Arc<Shelf>, brain: Arc<dyn Brain>, screenpop: Arc<ScreenPop>) -> Self {
        let clock = DeskClock::start();
        let (changes, changed) = mpsc::channel(MAX_CHANGES);
        Self {
            floor: Floor::new(Arc::clone(&roster), clock.now()),
            roster,
            brain,
            screenpop,
            clock,
            sessions: Sessions::default(),
            about: BTreeMap::new(),
            look_ups: BTreeMap::new(),
            shows: BTreeSet::new(),
            memory: BTreeMap::new(),
            waiting: BTreeMap::new(),
            changes,
            changed,
            retry_at: None,
            wallboards_at: None,
            says: Vec::new(),
        }
    }

    /// Carries until the gateway is stopped or everybody who could ask has gone.
    pub(crate) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Batch>,
        mut asks: mpsc::Receiver<Ask>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let deadline = self.deadline();
            tokio::select! {
                batch = orders.recv() => match batch {
                    Some(batch) => self.carry(batch),
                    None => break,
                },
                Some(ask) = asks.recv() => self.hear_ask(ask),
                Some(call) = self.changed.recv() => self.card_changed(call),
                () = until(deadline) => {}
                _ = stop.wait_for(|&stop| stop) => break,
            }
            self.catch_up(Instant::now());
        }
        self.sessions.end_all();
    }

    fn carry(&mut self, batch: Batch) {
        self.clock.learn(batch.at);
        for order in batch.orders {
            match order {
                DeskOrder::Order(order) => self.order(&order, batch.at),
                DeskOrder::AgentIs { agent, state, since } => {
                    self.floor.agent_is(agent, &state, since, &mut self.says);
                    self.speak();
                }
                DeskOrder::CallerKnown(caller) => self.caller_known(*caller),
                DeskOrder::AgentLeg { offer, sip_call_id } => {
                    self.floor.agent_leg(offer, &sip_call_id, batch.at, &mut self.says);
                    self.speak();
                }
                DeskOrder::Reply { to, verdict } => self.verdict(to, verdict),
                DeskOrder::StaffChanged => self.staff_changed(batch.at),
            }
        }
    }

    fn order(&mut self, order: &Order, at: Timestamp) {
        self.floor.order(order, at, &mut self.says);
        self.speak();
        match order {
            Order::OfferCall { offer, agent, .. } => self.offered(*agent, offer.call),
            Order::CallOver { call } => self.drop_look_up(*call),
            Order::AgentMoved { agent, .. } => self.dismiss_if_gone(*agent),
            Order::WithdrawOffer { .. }
            | Order::StateForced { .. }
            | Order::WrapUpExtended { .. }
            | Order::CallMoved { .. }
            | Order::AskedInVain { .. }
            | Order::Treat { .. }
            | Order::RingPhone { .. }
            | Order::DropPhone { .. }
            | Order::Connect { .. }
            | Order::HoldPhone { .. }
            | Order::Hold { .. }
            | Order::Retrieve { .. }
            | Order::AcceptRefer { .. }
            | Order::ConnectConsult { .. }
            | Order::PutThrough { .. }
            | Order::CallOut { .. }
            | Order::CallBack { .. }
            | Order::JoinCustomer { .. }
            | Order::EndCaller { .. } => {}
        }
    }

    fn staff_changed(&mut self, at: Timestamp) {
        self.floor.learn(at);
        let connected = self.sessions.agents();
        self.about.retain(|agent, _| connected.contains(agent));
        for agent in connected {
            self.tell_about(agent);
            self.dismiss_if_gone(agent);
        }
    }

    /// Tells an agent who is connected what has changed about her, such as her skills.
    fn tell_about(&mut self, no: AgentNo) {
        let roster = self.roster.get();
        let Some(now) = roster.agent(no).filter(|_| !roster.is_retired(no)).map(about) else { return };
        if self.about.get(&no).is_some_and(|told| *told != now) {
            self.about.insert(no, now.clone());
            let message = ServerMessage::AgentChanged(Box::new(now));
            self.says.push(Say { agent: no, contact: None, rev: None, message, shows: None });
            self.speak();
        }
    }

    /// Somebody who is none of the site's agents any more is told so when her last call is over.
    fn dismiss_if_gone(&mut self, agent: AgentNo) {
        if self.floor.has_left_the_site(agent) {
            let message =
                "you are not among the agents of this site any more; ask your supervisor".to_owned();
            let error = ServerError { code: "retired".to_owned(), message, fatal: true };
            self.sessions.dismiss(agent, self.clock.now(), ServerMessage::Error(error), CloseCode::Retired);
        }
    }

    fn speak(&mut self) {
        let now = self.clock.now();
        for say in self.says.drain(..) {
            self.sessions.tell(now, &say);
        }
    }

    fn hear_ask(&mut self, ask: Ask) {
        match ask {
            Ask::SignIn { session, kind, outbox } => self.sign_in(session, kind, outbox),
            Ask::Frame { session, frame } => self.hear(session, frame),
            Ask::Gone { session } => self.sessions.leave(session),
            Ask::Snapshot { agent, to } => {
                // Whoever asked may have given up: then there is nobody to tell.
                drop(self.welcome(session_number(agent, 0)).map(|welcome| to.send(Box::new(welcome))));
            }
            Ask::Command { session, frame, to } => self.hear_http(session, frame, to),
        }
    }

    fn sign_in(&mut self, session: u64, kind: ClientKind, outbox: Outbox) {
        let Some(welcome) = self.welcome(session) else { return };
        self.sessions.join(session, kind, outbox);
        self.about.insert(sessions::agent_of(session), welcome.agent.clone());
        self.sessions.tell_one(session, self.clock.now(), ServerMessage::Welcome(Box::new(welcome)));
        if kind == ClientKind::Wallboard {
            self.wallboards_at = Some(Instant::now());
        }
    }

    fn welcome(&self, session: u64) -> Option<Welcome> {
        let roster = self.roster.get();
        let agent = roster.agent(sessions::agent_of(session))?;
        Some(Welcome {
            session_id: format!("{session:016x}"),
            agent: about(agent),
            site: roster.site.clone(),
            snapshot: self.floor.snapshot(agent.no, self.clock.now()),
        })
    }

    /// Does what is due: cards that waited long enough, news for a busy brain, figures for wallboards.
    fn catch_up(&mut self, now: Instant) {
        self.show_due(now);
        if self.retry_at.is_none_or(|at| at <= now) {
            self.sessions.settle(&*self.brain);
            self.retry_at = self.sessions.owes(None).then(|| now + RETRY_AFTER);
        }
        if self.wallboards_at.is_some_and(|at| at <= now) {
            self.sessions.tell_wallboards(self.clock.now(), &self.floor.presence());
            self.wallboards_at = self.sessions.has_wallboards().then(|| now + WALLBOARD_EVERY);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let show = self.shows.first().map(|&(at, _, _)| at);
        [show, self.retry_at, self.wallboards_at].into_iter().flatten().min()
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn about(agent: &AgentAccess) -> Agent {
    Agent {
        id: agent.id.clone(),
        name: agent.shown_name(),
        roles: agent.roles.clone(),
        skills: agent.skills.iter().map(|(name, &level)| Skill { name: name.clone(), level }).collect(),
        answer: words::answer(agent.answer),
    }
}
