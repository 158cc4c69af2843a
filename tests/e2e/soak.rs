//! A long day: calls without end, desktops that come and go, restarts under way. Memory does not grow, and in the evening
//! everything is back where it was in the morning.
//!
//! A short day runs always; `SAMBUNG_SOAK=100000` is the full one: so many calls, a desktop that connects again for every
//! 50 of them, a kill for every 5,000. A full day is longer by ten busy minutes, after which everything that is remembered for
//! a time (commands of desktops: ten minutes) has begun to be forgotten as well.

use harness::{Agent, Desk, Router, Site, eventually, eventually_is, need_all};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Stop, Tally};
use std::{
    collections::BTreeMap,
    env, fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

const AGENTS: usize = 200;
/// Agents who only come and go, and take no calls.
const VISITORS: u64 = 20;
/// Calls a second of a short day and of a full one: what the agents manage, with room for the time after a restart.
const RATE: [f64; 2] = [50.0, 120.0];
/// Of these, in the part of the day in which memory is watched: tables keep the size of the busiest hour, and which hour
/// that was is not to be left to the machine.
const QUIETER: f64 = 0.75;
/// How long the busiest hour of a full day lasts at least: as long as anything is remembered.
const REMEMBERED: Duration = Duration::from_secs(protocol::IDEMPOTENCY_S);
/// Most that memory may grow, in KiB for each 100,000 calls.
const SLOPE: f64 = 1_024.0;
/// Fewer calls than this say nothing about a slope.
const ENOUGH: u64 = 20_000;
/// The bound of closed segments in MiB, the least that may be configured, and of the one that is open.
const KEEP: [u64; 2] = [64, 64];

fn site(phones: u16) -> Site {
    let mut more = "[[queue]]\nname = \"visitors\"\nneeds = \"visitors\"\n".to_owned();
    for visitor in 0..VISITORS {
        more += &format!(
            "[[agent]]\nid = \"v{visitor}\"\nphone = \"sip:v{visitor}@127.0.0.1:{phones}\"\ntoken = \"t-v{visitor}\"\nskills = {{ visitors = 5 }}\n"
        );
    }
    let agents = Site::new().fixed_ports().queue("wrap_up", "100ms").queue("max_wait", "10m");
    agents.agents(AGENTS, |id| Agent::phone(id, phones)).more(&more)
}

/// What is alive on the SIP side.
fn alive(router: &Router) -> BTreeMap<String, u64> {
    let count = |what: &str| {
        let series = format!("sambung_sip_alive{{what=\"{what}\"}}");
        (what.to_owned(), router.metric(&series).map_or(u64::MAX, |value| value as u64))
    };
    ["calls", "legs", "dialogs", "transactions", "timers"].map(count).into()
}

/// Descriptors and threads, by the kernel: whoever asked the process would keep a thread busy with that.
fn held(router: &Router) -> BTreeMap<String, u64> {
    let of = |what: &str| fs::read_dir(format!("/proc/{}/{what}", router.pid())).unwrap().flatten();
    let mut held = BTreeMap::from([("descriptors".to_owned(), of("fd").count() as u64)]);
    // A thread that has ended meanwhile is none.
    for name in of("task").filter_map(|task| fs::read_to_string(task.path().join("comm")).ok()) {
        *held.entry(format!("thread {}", name.trim())).or_default() += 1;
    }
    held
}

/// What there is more of than in the morning.
fn more(now: BTreeMap<String, u64>, morning: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    now.into_iter().filter(|(what, count)| *count > morning.get(what).copied().unwrap_or(0)).collect()
}

fn log_mib(router: &Router) -> u64 {
    let files = fs::read_dir(router.store()).unwrap().flatten();
    let segments = files.filter(|file| file.file_name().to_string_lossy().starts_with("log-"));
    segments.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>() >> 20
}

/// Calls to place, and who places them.
struct Day {
    tally: Tally,
    stop: Stop,
    media: SocketAddr,
}

impl Day {
    fn callers(&self, router: &Router, calls: u64, rate: f64, seed: u64) -> Callers {
        let plan = CallersPlan {
            target: router.ready().sip_udp,
            rate,
            calls: Some(calls),
            patience: Spread::Fixed(Duration::from_secs(60)),
            ..CallersPlan::default()
        };
        Callers::start(plan, seed, self.tally.clone(), vec![self.media], self.stop.clone()).unwrap()
    }
    fn placed(&self) -> u64 {
        self.tally.figures().placed
    }
    async fn until_placed(&self, calls: u64) {
        while self.placed() < calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Agents who come and go.
#[derive(Default)]
struct Visitors {
    here: BTreeMap<u64, Desk>,
    came: u64,
}

impl Visitors {
    /// The next one comes; whoever sat there before is cut off.
    async fn come(&mut self, router: &Router) {
        let visitor = self.came % VISITORS;
        self.here.remove(&visitor);
        let mut desk = Desk::sign_in(router.ready().desk, &format!("v{visitor}")).await;
        desk.be_ready().await;
        self.here.insert(visitor, desk);
        self.came += 1;
    }
}

/// Growth in KiB for 100,000 calls, by least squares over calls and KiB.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (calls, kib) = (mean(&|sample| sample.0), mean(&|sample| sample.1));
    let both: f64 = samples.iter().map(|sample| (sample.0 - calls) * (sample.1 - kib)).sum();
    let square: f64 = samples.iter().map(|sample| (sample.0 - calls).powi(2)).sum();
    both / square * 100_000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_evening_everything_is_back_where_it_was() {
    need_all(&["sqlite3"]);
    let calls: u64 = env::var("SAMBUNG_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1_500);
    let (restarts, reconnects) = ((calls / 5_000).max(2), calls / 50);
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners { talk: Some(Spread::Fixed(Duration::from_millis(700))), ..Manners::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones = PhonesPlan { listen, manners, ..PhonesPlan::default() };
    let phones = Phones::start(phones, 1, &tally, &stop).unwrap();
    let toml = site(phones.address(0).port()).to_toml();
    let keeps = format!("[store]\nkeep_log_mib = {}", KEEP[0]);
    // Why a desktop was not let in, should that happen.
    let told = [("RUST_LOG", "info,agent_gateway=debug,porter=debug")];
    let mut router = Router::start_with(&toml.replacen("[store]", &keeps, 1), &told);
    router.expect_all_ready(AGENTS);
    let morning = (alive(&router), held(&router));
    let day = Day { tally, stop: stop.clone(), media: phones.media() };

    let rate = RATE[usize::from(calls >= ENOUGH)];
    let killed_in = calls * 4 / 10;
    let callers = day.callers(&router, killed_in, rate, 1);
    for restart in 1..=restarts {
        day.until_placed(killed_in * restart / (restarts + 1)).await;
        router.kill();
        router.start_again();
    }
    callers.finished().await;

    let rest = calls * 4 / 10;
    let warm = if calls >= ENOUGH { (REMEMBERED.as_secs_f64() * rate) as u64 } else { 0 };
    let busiest = (calls - killed_in - rest).max(warm);
    let calls = killed_in + busiest + rest;
    // As many a minute as later, when they must not be what grows.
    let early = (reconnects * busiest / (busiest + rest)).max(1);
    let mut visitors = Visitors::default();
    let callers = day.callers(&router, busiest, rate, 2);
    for visit in 0..early {
        day.until_placed(killed_in + busiest * visit / early).await;
        visitors.come(&router).await;
    }
    callers.finished().await;

    let (before, began) = (day.placed(), Instant::now());
    let callers = day.callers(&router, rest, rate * QUIETER, 3);
    let (visits, mut samples) = (reconnects - visitors.came, Vec::new());
    for visit in 0..visits {
        day.until_placed(before + rest * visit / visits).await;
        visitors.come(&router).await;
        let (placed, kib) = (day.placed() - before, router.resident_kib());
        samples.push((placed as f64, kib as f64));
        if visit % (visits / 10).max(1) == 0 {
            let (time, mib) = (began.elapsed(), log_mib(&router));
            println!("{placed} of {rest} calls after {time:?}: {kib} KiB, log {mib} MiB");
        }
    }
    callers.finished().await;
    drop(visitors);

    let growth = slope(&samples);
    println!("{growth:.0} KiB for 100,000 calls, from {} looks", samples.len());
    assert!(calls < ENOUGH || growth <= SLOPE, "{samples:?}");
    let figures = day.tally.figures();
    assert_eq!((figures.placed, figures.connected), (calls, calls), "{figures:?}");
    let records = router.records();
    records.expect_count(calls);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), calls);
    router.expect_all_ready(AGENTS);
    // Transactions wait 33 s for what may come late. In the morning, too, somebody may have looked.
    let minute = Duration::from_secs(60);
    eventually_is("nobody is left", minute, &Vec::new(), || more(alive(&router), &morning.0));
    eventually_is("nothing is kept", minute, &Vec::new(), || more(held(&router), &morning.1));
    let tidied = || (log_mib(&router) <= KEEP[0] + KEEP[1]).then_some(());
    eventually("the log is tidied up", minute, tidied);
    switch.stop();
    phones.finished().await;
}
