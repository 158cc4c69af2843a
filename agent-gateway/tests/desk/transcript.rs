//! One shift in letters: `transcript.txt` is played against the gateway and the real brain.
//!
//! `>` is what the client sends, `<` what it receives, `!` what happens besides, `#` a remark. The server's `ts` is
//! left out of the comparison: it is the only thing that differs from run to run.

use crate::{
    house::{agents, config},
    small_brain::SmallBrain,
    visitor::Visitor,
};
use acd::{
    CallId, Event, OfferId, Order, Plan, Timestamp,
    event::CallerExit,
    plan::{EntryPlan, QueuePlan, Strategy, Then, Treatment},
};
use agent_gateway::{CallerKnown, Gateway};
use screenpop::caller::{CallerHeaders, Region, identify};
use serde_json::Value;
use std::{
    fmt::Write,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc};

/// Eight in the morning in Jakarta.
const MORNING: u64 = 1_772_326_800_000_000;

struct Stage {
    brain: Arc<SmallBrain>,
    phones: mpsc::UnboundedReceiver<Order>,
    clock: Arc<AtomicU64>,
    client: Visitor,
    ringing: Option<OfferId>,
}

impl Stage {
    async fn open() -> Self {
        let clock = Arc::new(AtomicU64::new(MORNING));
        let hand = Arc::clone(&clock);
        let (brain, phones) = SmallBrain::new(move || Timestamp(hand.load(Ordering::Relaxed)));
        let gateway =
            Gateway::start(config(agents(), Vec::new()), brain.clone(), &Handle::current()).unwrap();
        brain.happen(Event::PlanChanged { plan: Box::new(plan()) });
        brain.join(gateway.clone());
        let client = Visitor::connect(gateway.address(), None).await;
        Self { brain, phones, clock, client, ringing: None }
    }

    /// What happens besides.
    async fn happen(&mut self, what: &str) {
        match what {
            "a caller arrives" => self.caller_arrives(),
            "her phone rings" => self.phone_rings().await,
            "her phone answers" => self.brain.happen(Event::PhoneAnswered { offer: self.ringing.unwrap() }),
            "her phone holds" => self.brain.happen(Event::CallHeld { offer: self.ringing.unwrap() }),
            "her phone retrieves" => self.brain.happen(Event::CallRetrieved { offer: self.ringing.unwrap() }),
            "her phone refuses to retrieve" => {
                self.brain.happen(Event::RetrieveFailed { offer: self.ringing.unwrap(), status: 488 });
            }
            "the caller hangs up" => {
                let (call, how) = (self.ringing.unwrap().call, CallerExit::HungUp);
                self.brain.happen(Event::CallerLeft { call, how });
            }
            other => {
                let seconds: u64 = other.strip_suffix(" s pass").unwrap().parse().unwrap();
                self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
                self.brain.happen(Event::DeadlinePassed);
            }
        }
    }

    fn caller_arrives(&self) {
        let from = "\"Budi Santoso\" <sip:081234567890@pbx.example>;tag=1";
        let headers = CallerHeaders { from, ..CallerHeaders::default() };
        self.brain.arrive(CallerKnown {
            call: CallId::new(self.brain.now(), 7),
            caller: identify(&headers, false, &Region::new("ID").unwrap()),
            called: "1500".into(),
            sip_call_id: "3848276298220188511@pbx.example".into(),
            uui: None,
        });
    }

    async fn phone_rings(&mut self) {
        while let Some(order) = self.phones.recv().await {
            if let Order::RingPhone { offer, .. } = order {
                self.ringing = Some(offer);
                return self.brain.ring(offer);
            }
        }
    }
}

fn plan() -> Plan {
    let queue = QueuePlan {
        name: "billing".into(),
        needs: "billing >= 3".parse().unwrap(),
        strategy: Strategy::LongestIdle,
        treatment: Treatment::Music,
        answer_within: Duration::from_secs(20),
        short: Duration::from_secs(5),
        max_wait: Duration::from_secs(600),
        then: Then::Refuse,
        ring: Duration::from_secs(15),
        rona_pause: Duration::from_secs(10),
        wrap_up: Duration::from_secs(10),
        pop_budget: Duration::from_millis(40),
        steps: Vec::new(),
        prefer: None,
        keep_place: None,
        callback: None,
        limits: acd::limits::Limits::default(),
        ring_most: acd::plan::RING_MOST,
        ring_next: acd::plan::RING_NEXT,
        extend: None,
    };
    let entry = EntryPlan { number: "1500".into(), queue: "billing".into(), priority: 5, hours: None };
    let agents = agents().into_iter().map(|agent| acd::plan::AgentPlan {
        id: agent.id,
        presence: agent.presence,
        answer: agent.answer,
        skills: agent.skills,
        weight: 1,
        rest: None,
        max_occupancy: None,
    });
    Plan { queues: vec![queue], entries: vec![entry], agents: agents.collect(), ..Plan::default() }
}

/// A message without the time at which it was written.
fn timeless(line: &str) -> Value {
    let mut message: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let ts = message["ts"].take();
    assert!(ts.as_str().is_none_or(|ts| ts.parse::<protocol::Time>().is_ok()), "{line}");
    message
}

#[tokio::test]
async fn a_shift_in_letters() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk/transcript.txt");
    let script = fs::read_to_string(&path).unwrap();
    let mut stage = Stage::open().await;
    let (mut played, mut same) = (String::new(), true);
    for line in script.lines() {
        let (mark, text) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            ">" => stage.client.text(text).await,
            "!" => stage.happen(text).await,
            "<" => {
                let came = stage.client.next_text().await;
                let alike = text != "?" && timeless(&came) == timeless(text);
                same &= alike;
                writeln!(played, "< {}", if alike { text } else { &came }).unwrap();
                continue;
            }
            _ => {}
        }
        writeln!(played, "{line}").unwrap();
    }
    if !same && std::env::var_os("UPDATE_TRANSCRIPT").is_some() {
        fs::write(&path, &played).unwrap();
    }
    assert!(same, "the transcript reads now (UPDATE_TRANSCRIPT=1 writes it):\n{played}");
}

#[test]
fn every_line_of_the_transcript_is_of_the_protocol() {
    let script = include_str!("transcript.txt");
    let mut lines = 0;
    for line in script.lines() {
        if let Some(text) = line.strip_prefix("> ") {
            let frame = protocol::ClientFrame::decode(text).unwrap();
            assert_eq!(timeless(&frame.encode().unwrap()), timeless(text), "nothing is lost");
            lines += 1;
        } else if let Some(text) = line.strip_prefix("< ") {
            let frame = protocol::ServerFrame::decode(text).unwrap();
            assert_eq!(timeless(&frame.encode().unwrap()), timeless(text), "nothing is lost");
            lines += 1;
        }
    }
    assert!(lines > 15);
}
