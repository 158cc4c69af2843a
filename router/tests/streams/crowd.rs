//! Thousands who say nothing, hundreds who say it slowly, and one who wants an answer.

use crate::support::{Client, Echo, Plan, request};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sip::Transport;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const IDLE: u64 = 5_000;
const SLOW: u64 = 500;
/// Octets the slow ones say of a message that is longer.
const WITHIN: usize = 200;
/// Round trips of the one who wants an answer.
const ASKED: u32 = 2_000;

/// How many of the crowd the system has files for: each has one at either end.
fn crowd() -> (u64, u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let files = maximum.unwrap_or(u64::MAX).saturating_sub(500) / 2;
    let share = |of: u64| of.min(files * of / (IDLE + SLOW));
    println!("{} files: {} of {IDLE} idle and {} of {SLOW} slow", files * 2, share(IDLE), share(SLOW));
    (share(IDLE), share(SLOW))
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Median, 99th percentile and longest of many round trips.
async fn round_trips(client: &mut Client<TcpStream>) -> [Duration; 3] {
    let mut times = Vec::new();
    for number in 0..ASKED {
        let asked = Instant::now();
        client.ask(number).await;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]]
}

async fn connect(house: &Echo, count: u64) -> Vec<Client<TcpStream>> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Client::tcp(house.at(Transport::Tcp)).await);
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_idle_and_slow_connections_hurts_nobody() {
    let (idle, slow) = crowd();
    let mut plan = Plan::new();
    plan.config.connections = 12_000;
    let house = plan.open().echo();
    let mut client = house.client().await;
    let alone = round_trips(&mut client).await;
    let before = resident_kib();
    let mut silent = connect(&house, idle).await;
    let mut dribbling = connect(&house, slow).await;
    house.expect_count("sip_connections", "tcp", idle + slow + 1).await;
    let each = (resident_kib() - before) as f64 / (idle + slow) as f64;
    // All the while each of the slow ones is within a message, and says one octet after another of it.
    let dribble = tokio::spawn(async move {
        for octet in &request(1, 200)[..WITHIN] {
            for one in &mut dribbling {
                one.send(std::slice::from_ref(octet)).await;
            }
        }
        dribbling
    });
    let among = round_trips(&mut client).await;
    println!("alone {alone:?}, in the crowd {among:?} (median, 99 %, longest); {each:.1} KiB a connection");
    let mut dribbling = dribble.await.unwrap();
    // Everybody is still there and is heard.
    for (number, one) in silent.iter_mut().enumerate().step_by(500) {
        one.ask(number as u32).await;
    }
    dribbling[0].send(&request(1, 200)[WITHIN..]).await;
    dribbling[0].expect_answer(1).await;
    assert!(among[1] < Duration::from_millis(250), "{among:?}");
    assert!(each < 16.0, "{each} KiB a connection");
}
