//! How fast an offer reaches a desktop when a thousand are connected. A measurement: run it alone, in a release build.

use crate::{
    house::{agent, arrival, call, config, offered},
    small_brain::SmallBrain,
    visitor::Visitor,
};
use acd::{AgentNo, OfferId, Timestamp};
use agent_gateway::Gateway;
use protocol::{ClientKind, ServerMessage};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::mpsc, time::interval};

const AGENTS: u32 = 1_000;
const CALLS: u128 = 500;
const CALLS_PER_SECOND: u32 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test --release -p agent-gateway --test desk push -- --ignored --nocapture"]
async fn an_offer_reaches_one_of_a_thousand_desktops_in_time() {
    let agents = (0..AGENTS).map(|n| agent(AgentNo(n), &format!("agent-{n}"), &["agent"])).collect();
    let (brain, _phones) = SmallBrain::new(|| Timestamp(0));
    let gateway = Gateway::start(config(agents, Vec::new()), brain, &Handle::current()).unwrap();
    let sent = Arc::new(Mutex::new(BTreeMap::new()));
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    for n in 0..AGENTS {
        let mut desk = Visitor::connect(gateway.address(), None).await;
        desk.identify(&format!("agent-{n}-token"), ClientKind::Desktop).await;
        desk.until("welcome").await;
        tokio::spawn(listen(desk, Arc::clone(&sent), arrived.clone()));
    }
    let mut pace = interval(Duration::from_secs(1) / CALLS_PER_SECOND);
    for n in 0..CALLS {
        pace.tick().await;
        let (call, agent) = (call(n), AgentNo(n as u32 * 7 % AGENTS));
        let mut orders = vec![arrival(call, "<sip:+6281234567890@pbx>")];
        orders.extend(offered(OfferId { call, attempt: 1 }, agent));
        sent.lock().unwrap().insert(call.to_string(), Instant::now());
        gateway.send(Timestamp(0), orders).unwrap();
    }
    let mut took = Vec::new();
    for _ in 0..CALLS {
        took.push(arrivals.recv().await.unwrap());
    }
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!("offer → card at the client: p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
    assert!(at(99) < Duration::from_millis(10));
}

/// Reports how long each card took, from the brain's word to the client's ear.
async fn listen(
    mut desk: Visitor,
    sent: Arc<Mutex<BTreeMap<String, Instant>>>,
    arrived: mpsc::UnboundedSender<Duration>,
) {
    loop {
        let text = desk.next_patiently().await;
        let now = Instant::now();
        let frame = protocol::ServerFrame::decode(&text).unwrap();
        if let ServerMessage::PopShow(pop) = frame.message {
            let began = sent.lock().unwrap()[&pop.contact_id.0];
            arrived.send(now - began).unwrap();
        }
    }
}
