//! A gateway with two agents, and a brain that only listens: the test says what it decides.

use crate::visitor::Visitor;
use acd::{
    AgentNo, AgentState, CallId, Event, NotReadyReason, OfferId, Order, QueueNo, Timestamp,
    effect::{AgentCause, OfferOutcome},
    plan::{Answer, Presence},
};
use agent_gateway::{
    Admitted, AgentAccess, Brain, BrowserPhones, Busy, CallerKnown, DeskOrder, Gateway, GatewayConfig,
    GatewayHandle, ReplyTo, Transfer,
};
use protocol::ClientKind;
use screenpop::{
    ScreenPop, SourceSpec,
    caller::{CallerHeaders, Region, identify},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};

/// Time anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// When it is in these tests.
pub const NOON: Timestamp = Timestamp(1_772_352_000_000_000);
pub const ANN: AgentNo = AgentNo(0);
pub const BEN: AgentNo = AgentNo(1);
pub const BILLING: QueueNo = QueueNo(0);

/// What the brain heard.
#[derive(Debug)]
pub enum Heard {
    Event(Event, Option<ReplyTo>),
    Transfer(Transfer, Option<ReplyTo>),
    Admitted(Admitted),
    Written(OfferId, Instant),
    Painted(OfferId, Duration),
}

/// Listens, and may be too busy to.
pub struct Listener {
    heard: mpsc::UnboundedSender<Heard>,
    pub busy: AtomicBool,
}

impl Brain for Listener {
    fn try_event(&self, event: Event, reply: Option<ReplyTo>) -> Result<(), Busy> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(Busy);
        }
        self.heard.send(Heard::Event(event, reply)).map_err(|_| Busy)
    }
    fn try_transfer(&self, asked: Transfer, reply: Option<ReplyTo>) -> Result<(), Busy> {
        self.heard.send(Heard::Transfer(asked, reply)).map_err(|_| Busy)
    }
    fn try_admit(&self, admitted: Admitted) -> Result<(), Busy> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(Busy);
        }
        self.heard.send(Heard::Admitted(admitted)).map_err(|_| Busy)
    }
    fn card_written(&self, offer: OfferId, at: Instant) {
        drop(self.heard.send(Heard::Written(offer, at)));
    }
    fn card_painted(&self, offer: OfferId, after: Duration) {
        drop(self.heard.send(Heard::Painted(offer, after)));
    }
}

pub struct House {
    pub gateway: GatewayHandle,
    pub brain: Arc<Listener>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl House {
    /// A gateway without sources.
    pub fn open() -> Self {
        Self::with_sources(Vec::new())
    }

    pub fn with_sources(sources: Vec<SourceSpec>) -> Self {
        Self::of(config(agents(), sources))
    }

    /// A gateway whose cards are filled by this.
    pub fn with_screenpop(screenpop: Arc<ScreenPop>) -> Self {
        Self::of(GatewayConfig { screenpop, ..config(agents(), Vec::new()) })
    }

    /// A gateway where Ann's phone is in her browser.
    pub fn with_browser_phones(phones: BrowserPhones) -> Self {
        let phones = BrowserPhones { agents: BTreeSet::from([ANN]), ..phones };
        Self::of(GatewayConfig { browser_phones: Some(phones), ..config(agents(), Vec::new()) })
    }

    fn of(config: GatewayConfig) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let brain = Arc::new(Listener { heard: sender, busy: AtomicBool::new(false) });
        let gateway = Gateway::start(config, brain.clone(), &Handle::current()).unwrap();
        Self { gateway, brain, heard }
    }

    pub async fn visit(&self) -> Visitor {
        Visitor::connect(self.gateway.address(), None).await
    }

    /// A client that has identified; `hello` and `welcome` are read.
    pub async fn sign_in(&self, token: &str, kind: ClientKind) -> Visitor {
        let mut visitor = self.visit().await;
        visitor.identify(token, kind).await;
        visitor.expect("hello").await;
        visitor.expect("welcome").await;
        visitor
    }

    /// Ann at her desktop; the brain has heard it.
    pub async fn ann(&mut self) -> Visitor {
        let ann = self.sign_in("ann-token", ClientKind::Desktop).await;
        assert_eq!(self.event().await, Event::DeskSignedIn { agent: ANN });
        ann
    }

    /// What the brain hears next.
    pub async fn heard(&mut self) -> Heard {
        timeout(PATIENCE, self.heard.recv()).await.expect("the brain heard nothing").unwrap()
    }

    /// What the brain has heard by now.
    pub fn heard_already(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }

    /// The next event, whatever is told besides.
    pub async fn event(&mut self) -> Event {
        self.command().await.0
    }

    /// The next event, and where its reply goes.
    pub async fn command(&mut self) -> (Event, Option<ReplyTo>) {
        loop {
            if let Heard::Event(event, reply) = self.heard().await {
                return (event, reply);
            }
        }
    }

    /// The next transfer, and where its reply goes.
    pub async fn transfer(&mut self) -> (Transfer, Option<ReplyTo>) {
        loop {
            if let Heard::Transfer(asked, reply) = self.heard().await {
                return (asked, reply);
            }
        }
    }

    /// The brain decided something.
    pub fn say(&self, orders: Vec<DeskOrder>) {
        self.gateway.send(NOON, orders).unwrap();
    }

    /// The brain decided something so many seconds after noon.
    pub fn say_later(&self, seconds: u64, orders: Vec<DeskOrder>) {
        self.gateway.send(NOON + Duration::from_secs(seconds), orders).unwrap();
    }

    /// The brain's verdict on a command.
    pub fn reply(&self, to: Option<ReplyTo>, verdict: acd::Verdict) {
        self.say(vec![DeskOrder::Reply { to: to.expect("an event without a command"), verdict }]);
    }

    /// A call arrives, and is offered to Ann.
    pub fn offer(&self, n: u128, from: &str) -> OfferId {
        let call = call(n);
        self.say(vec![arrival(call, from)]);
        let offer = OfferId { call, attempt: 1 };
        self.say(offered(offer, ANN));
        offer
    }
}

pub fn config(agents: Vec<AgentAccess>, sources: Vec<SourceSpec>) -> GatewayConfig {
    GatewayConfig {
        listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        entrance: porter::Entrance::open(),
        on_refusal: std::sync::Arc::new(|_| {}),
        agents,
        queues: vec!["billing".into(), "sales".into()],
        codes: vec!["solved".into(), "callback".into()],
        not_ready_reasons: vec!["break".into(), "meeting".into()],
        outside: true,
        origins: vec!["https://crm.example".into()],
        browser_phones: None,
        screenpop: ScreenPop::open(sources, Region::new("ID").unwrap()).unwrap(),
        server_version: "test".into(),
    }
}

pub fn agents() -> Vec<AgentAccess> {
    vec![
        agent(ANN, "ann", &["agent", "credit"]),
        agent(BEN, "ben", &["agent"]),
        agent(AgentNo(2), "sue", &["supervisor"]),
    ]
}

pub fn agent(no: AgentNo, id: &str, roles: &[&str]) -> AgentAccess {
    AgentAccess {
        no,
        id: id.into(),
        name: String::new(),
        token: format!("{id}-token"),
        token_hash: None,
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        skills: BTreeMap::from([("billing".to_owned(), 7)]),
        answer: Answer::Phone,
        presence: Presence::Desk,
    }
}

pub fn call(n: u128) -> CallId {
    CallId::new(NOON, n)
}

/// A call arrives with this `From`.
pub fn arrival(call: CallId, from: &str) -> DeskOrder {
    arrival_with(call, from, None)
}

pub fn arrival_with(call: CallId, from: &str, uui: Option<String>) -> DeskOrder {
    let headers = CallerHeaders { from, ..CallerHeaders::default() };
    let caller = identify(&headers, false, &Region::new("ID").unwrap());
    let (called, sip_call_id) = ("1500".to_owned(), format!("leg-{call}@pbx"));
    DeskOrder::CallerKnown(Box::new(CallerKnown { call, caller, called, sip_call_id, uui }))
}

/// The brain offers a call.
pub fn offered(offer: OfferId, agent: AgentNo) -> Vec<DeskOrder> {
    let reserved =
        AgentState::Reserved { offer, queue: BILLING, ready_since: NOON, then: acd::agent::Next::Ready };
    vec![
        moved(agent, AgentState::Ready { since: NOON }, reserved),
        DeskOrder::Order(Order::OfferCall {
            offer,
            agent,
            queue: BILLING,
            waited: Duration::from_millis(1_234),
            expires: NOON + Duration::from_secs(15),
            priority: 5,
            answer: Answer::Phone,
            given_by: None,
            consult: false,
            callback: false,
        }),
    ]
}

pub fn withdrawn(offer: OfferId, agent: AgentNo, cause: OfferOutcome) -> DeskOrder {
    DeskOrder::Order(Order::WithdrawOffer { offer, agent, cause })
}

pub fn moved(agent: AgentNo, from: AgentState, to: AgentState) -> DeskOrder {
    DeskOrder::Order(Order::AgentMoved { agent, from, to, cause: AgentCause::System })
}

pub fn not_ready() -> AgentState {
    AgentState::NotReady { reason: NotReadyReason::SignedIn, until: None }
}
