//! A desk to try the pages with: the real brain, sample customers, and a script instead of phones.
//!
//! `cargo run -p agent-gateway --example desk_demo [ADDRESS]`, then open the address it prints and sign in as `ann`
//! (answers at her phone), `dewi` (answers at the desk) or `sue` (`/wallboard`); the token is the name. Callers come
//! by themselves and phones answer by themselves, unless it is told on standard input what happens:
//! `call`, `call new|withheld|shared|hostile|NUMBER`, `answer`, `busy`, `hang up`.

#[path = "../tests/desk/small_brain.rs"]
mod small_brain;

use acd::{
    AgentNo, CallId, Event, OfferId, Order, Plan, Timestamp,
    event::{CallerExit, Refusal},
    plan::{AgentPlan, Answer, EntryPlan, Presence, QueuePlan, Strategy, Then, Treatment},
};
use agent_gateway::{AgentAccess, CallerKnown, Gateway, GatewayConfig};
use screenpop::{
    ScreenPop, SectionSpec, SourceSpec,
    caller::{CallerHeaders, Region, identify},
    sample::{self, Sample},
};
use small_brain::SmallBrain;
use std::{
    collections::BTreeMap,
    error::Error,
    io::BufRead,
    net::TcpListener,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::mpsc, time::Instant};

const CUSTOMERS: usize = 200;
const AGENTS: [(&str, &str, Answer, &[&str]); 3] = [
    ("ann", "Ann Wijaya", Answer::Phone, &["agent", "credit"]),
    ("dewi", "Dewi Lestari", Answer::Desk, &["agent"]),
    ("sue", "Sue Tan", Answer::Phone, &["agent", "supervisor"]),
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let folder = tempfile::tempdir()?;
    let sample = sample::write(folder.path(), 7, CUSTOMERS).await?;
    let (brain, phones) = SmallBrain::new(wall_clock);
    brain.happen(Event::PlanChanged { plan: Box::new(plan()?) });
    let config = config(TcpListener::bind(&address)?, sources(folder.path()))?;
    let gateway = Gateway::start(config, brain.clone(), &tokio::runtime::Handle::current())?;
    brain.join(gateway.clone());
    println!("http://{}/", gateway.address());
    Stage { brain, sample, live: Vec::new(), called: 0, scripted: false }.run(phones).await;
    Ok(())
}

fn wall_clock() -> Timestamp {
    Timestamp(acd::time::micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}

fn plan() -> Result<Plan, Box<dyn Error>> {
    let queue = |name: &str| QueuePlan {
        name: name.into(),
        needs: acd::Requirement::anybody(),
        strategy: Strategy::LongestIdle,
        treatment: Treatment::Music,
        answer_within: Duration::from_secs(20),
        short: Duration::from_secs(5),
        max_wait: Duration::from_secs(600),
        then: Then::Refuse,
        ring: Duration::from_secs(20),
        rona_pause: Duration::from_secs(10),
        wrap_up: Duration::from_secs(45),
        pop_budget: Duration::from_millis(40),
        steps: Vec::new(),
        prefer: None,
        keep_place: None,
        callback: None,
        extend: None,
        ring_most: acd::plan::RING_MOST,
        ring_next: acd::plan::RING_NEXT,
        limits: acd::limits::Limits::default(),
    };
    let entry = |number: &str, queue: &str| EntryPlan {
        number: number.into(),
        queue: queue.into(),
        priority: 5,
        hours: None,
    };
    let agents = AGENTS.iter().map(|&(id, _, answer, _)| AgentPlan {
        id: id.into(),
        presence: Presence::Desk,
        answer,
        skills: BTreeMap::new(),
        weight: 1,
        rest: None,
        max_occupancy: None,
    });
    Ok(Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("1500", "billing"), entry("1501", "sales")],
        agents: agents.collect(),
        ..Plan::default()
    })
}

fn config(listener: TcpListener, sources: Vec<SourceSpec>) -> Result<GatewayConfig, Box<dyn Error>> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let agents = AGENTS.iter().zip(0..).map(|(&(id, name, answer, roles), no)| AgentAccess {
        no: AgentNo(no),
        id: id.into(),
        name: name.into(),
        token: id.into(),
        token_hash: None,
        roles: words(roles),
        skills: BTreeMap::from([("billing".into(), 7), ("indonesian".into(), 9)]),
        answer,
        presence: Presence::Desk,
    });
    Ok(GatewayConfig {
        listener,
        entrance: porter::Entrance::open(),
        on_refusal: std::sync::Arc::new(|_| {}),
        agents: agents.collect(),
        queues: words(&["billing", "sales"]),
        codes: words(&["solved", "callback", "complaint", "sale", "wrong_number", "other"]),
        not_ready_reasons: words(&["break", "lunch", "prayer", "meeting", "training"]),
        outside: false,
        origins: Vec::new(),
        browser_phones: None,
        screenpop: ScreenPop::open(sources, Region::new("ID")?)?,
        server_version: env!("CARGO_PKG_VERSION").into(),
    })
}

/// Four departments that answer, one that is slow, one that is not there.
fn sources(folder: &Path) -> Vec<SourceSpec> {
    let find = "SELECT id, name FROM customers WHERE phone = :e164";
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n";
    let extra = |name: &str, file: &str, section: &str, query: &str, deadline| SourceSpec {
        name: name.into(),
        path: folder.join(file),
        deadline: Duration::from_millis(deadline),
        find: find.into(),
        sections: vec![SectionSpec { name: section.into(), query: query.into(), role: None }],
    };
    let mut sources = sample::sources(folder);
    sources.push(extra("warehouse", "sales.db", "stock", endless, 1_500));
    sources.push(extra("returns", "absent.db", "returns", "SELECT 1 AS n", 150));
    sources
}

/// A call on its way.
struct Live {
    call: CallId,
    offer: Option<OfferId>,
    since: Instant,
    answered: bool,
}

struct Stage {
    brain: Arc<SmallBrain>,
    sample: Sample,
    live: Vec<Live>,
    called: u128,
    scripted: bool,
}

impl Stage {
    async fn run(mut self, mut phones: mpsc::UnboundedReceiver<Order>) {
        let mut script = script();
        loop {
            tokio::select! {
                Some(order) = phones.recv() => self.order(order),
                Some(line) = script.recv() => self.told(line.trim()),
                () = tokio::time::sleep(Duration::from_millis(100)) => self.time_passes(),
            }
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::RingPhone { offer, auto_answer, .. } => {
                self.brain.ring(offer);
                for live in self.live.iter_mut().filter(|live| live.call == offer.call) {
                    (live.offer, live.since) = (Some(offer), Instant::now());
                    if auto_answer {
                        live.answered = true;
                        self.brain.happen(Event::PhoneAnswered { offer });
                    }
                }
            }
            Order::CallOver { call } => self.live.retain(|live| live.call != call),
            Order::HoldPhone { offer } => self.brain.happen(Event::CallHeld { offer }),
            Order::Retrieve { offer } => self.brain.happen(Event::CallRetrieved { offer }),
            Order::Treat { .. }
            | Order::DropPhone { .. }
            | Order::Connect { .. }
            | Order::Hold { .. }
            | Order::AcceptRefer { .. }
            | Order::ConnectConsult { .. }
            | Order::PutThrough { .. }
            | Order::CallOut { .. }
            | Order::CallBack { .. }
            | Order::JoinCustomer { .. }
            | Order::AskedInVain { .. }
            | Order::EndCaller { .. }
            | Order::OfferCall { .. }
            | Order::WithdrawOffer { .. }
            | Order::CallMoved { .. }
            | Order::StateForced { .. }
            | Order::WrapUpExtended { .. }
            | Order::AgentMoved { .. } => {}
        }
    }

    fn time_passes(&mut self) {
        if self.brain.next_deadline().is_some_and(|at| at <= self.brain.now()) {
            self.brain.happen(Event::DeadlinePassed);
        }
        if self.scripted {
            return;
        }
        if self.live.is_empty() {
            self.call("");
        }
        let late = |live: &Live, seconds| live.since.elapsed() > Duration::from_secs(seconds);
        if self.live.iter().any(|live| !live.answered && live.offer.is_some() && late(live, 5)) {
            self.answer();
        }
        if self.live.iter().any(|live| live.answered && late(live, 40)) {
            self.hang_up();
        }
    }

    fn told(&mut self, line: &str) {
        self.scripted = true;
        match line.split_once(' ').unwrap_or((line, "")) {
            ("call", who) => self.call(who),
            ("answer", _) => self.answer(),
            ("busy", _) => self.busy(),
            ("hang", _) => self.hang_up(),
            _ => eprintln!("call [new|withheld|shared|hostile|NUMBER], answer, busy, hang up"),
        }
    }

    fn call(&mut self, who: &str) {
        self.called += 1;
        let customers = &self.sample.customers;
        let pick = |wanted: &dyn Fn(&sample::SampleCustomer) -> bool| {
            let found: Vec<_> = customers.iter().filter(|customer| wanted(customer)).collect();
            found.get(self.called as usize * 3 % found.len().max(1)).map(|customer| customer.dialled.clone())
        };
        let (name, number) = match who {
            "" => ("Budi", pick(&|one| !one.shared && !one.name.contains('<'))),
            "shared" => ("Kantor", pick(&|one| one.shared)),
            "hostile" => ("<script>alert(1)</script>", pick(&|one| one.name.contains("<script>"))),
            "new" => ("WARUNG 88", Some("081399990000".to_owned())),
            "withheld" => ("Anonymous", Some("anonymous".to_owned())),
            number => ("", Some(number.to_owned())),
        };
        let host = if who == "withheld" { "anonymous.invalid" } else { "pbx" };
        let from = format!("\"{name}\" <sip:{}@{host}>", number.unwrap_or_default());
        let headers = CallerHeaders { from: &from, ..CallerHeaders::default() };
        let Ok(region) = Region::new("ID") else { return };
        let call = CallId::new(self.brain.now(), self.called);
        let called = if self.called.is_multiple_of(2) { "1501" } else { "1500" };
        self.live.push(Live { call, offer: None, since: Instant::now(), answered: false });
        self.brain.arrive(CallerKnown {
            call,
            caller: identify(&headers, false, &region),
            called: called.into(),
            sip_call_id: format!("{call}@pbx"),
            uui: None,
        });
    }

    fn answer(&mut self) {
        for live in self.live.iter_mut().filter(|live| !live.answered) {
            if let Some(offer) = live.offer {
                (live.answered, live.since) = (true, Instant::now());
                self.brain.happen(Event::PhoneAnswered { offer });
            }
        }
    }

    fn busy(&mut self) {
        for offer in self.live.iter().filter_map(|live| live.offer) {
            self.brain.happen(Event::PhoneRefused { offer, refusal: Refusal::Rejected, status: 486 });
        }
    }

    fn hang_up(&mut self) {
        for live in std::mem::take(&mut self.live) {
            self.brain.happen(Event::CallerLeft { call: live.call, how: CallerExit::HungUp });
        }
    }
}

/// Lines of standard input; without one, nothing is told.
fn script() -> mpsc::UnboundedReceiver<String> {
    let (lines, script) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    script
}
