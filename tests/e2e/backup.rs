//! A copy of the store, made while calls come in, and a router started from it somewhere else.

use harness::{Agent, Router, Site, eventually, eventually_is, need};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const PER_SECOND: f64 = 20.0;
const AGENTS: usize = 30;
/// Callers connected when each copy is made.
const COPY_AFTER: [u64; 2] = [40, 120];

fn calls_over(calls: &[String], until_us: u64) -> Vec<&String> {
    let ended = |row: &&String| row.split('|').nth(1).and_then(|at| at.parse().ok()).unwrap_or(u64::MAX);
    calls.iter().filter(|row| ended(row) <= until_us).collect()
}

/// Every column of every call, the end second.
fn calls(router: &Router) -> Vec<String> {
    router.records().rows("SELECT call, ended_at, * FROM calls ORDER BY call")
}

/// The time of a log's last entry, in microseconds.
fn last_entry(router: &Router, folder: &Path) -> (u64, u64) {
    let (code, text) = router.command(&["log", folder.to_str().unwrap(), "--json"]);
    assert_eq!(code, Some(0), "{text}");
    let entry: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    (entry["n"].as_u64().unwrap(), entry["t"].as_u64().unwrap())
}

fn copied(to: &Path, from: &Path) {
    let done = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_load_is_a_store_that_a_router_starts_from() {
    need("sqlite3");
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners { talk: Some(Spread::Fixed(Duration::from_secs(1))), ..Manners::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones =
        Phones::start(PhonesPlan { listen, manners, ..PhonesPlan::default() }, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let site = Site::new().agents(AGENTS, |id| Agent::phone(id, port));
    let mut router = Router::start(&site);
    let plan = CallersPlan {
        target: router.ready().sip_udp,
        rate: PER_SECOND,
        calls: Some(COPY_AFTER[1] + 60),
        patience: Spread::Fixed(Duration::from_secs(20)),
        talk: None,
        ..CallersPlan::default()
    };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop.clone()).unwrap();
    let mut copies: Vec<(PathBuf, u64)> = Vec::new();
    for (copy, after) in COPY_AFTER.into_iter().enumerate() {
        let connected = || Some(()).filter(|()| tally.figures().connected >= after);
        eventually("calls are under way", Duration::from_secs(30), connected);
        let target = format!("copy-{copy}");
        let (code, said) = router.command(&["backup", "store", &target]);
        assert_eq!(code, Some(0), "{said}");
        let folder = router.folder().join(&target);
        let (entry, at) = last_entry(&router, &folder);
        assert!(said.contains(&format!("entries 1 to {entry}, records up to ")), "{said}");
        assert_eq!(router.command(&["backup", "store", &target]).0, Some(64), "it holds a copy already");
        assert_eq!(router.command(&["replay", &target]).0, Some(0), "it decides as it did");
        copies.push((folder, at));
    }
    callers.finished().await;
    switch.stop();
    phones.finished().await;
    assert_eq!(tally.figures().connected, COPY_AFTER[1] + 60, "nobody noticed: {:?}", tally.figures());
    router.expect_all_ready(AGENTS);
    router.records().expect_count(COPY_AFTER[1] + 60);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    let truth = calls(&router);
    for (copy, at) in copies {
        assert!(copy.join("records.db").is_file() && copy.join("secret").is_file());
        assert!(!copy.join("live").exists() && !copy.join("lock").exists());
        expect_restored(&site, &copy, at, &truth);
    }
}

/// A router elsewhere starts from the copy, has every call that was over then, and no other.
fn expect_restored(site: &Site, copy: &Path, at: u64, truth: &[String]) {
    let mut restored = Router::start_after(site, |folder| copied(&folder.join("store"), copy));
    let wanted: Vec<&String> = calls_over(truth, at);
    assert!(wanted.len() > 10, "{} calls were over", wanted.len());
    let have = || calls_over(&calls(&restored), at).into_iter().cloned().collect::<Vec<_>>();
    let wanted: Vec<String> = wanted.into_iter().cloned().collect();
    eventually_is("records as they were", Duration::from_secs(10), &wanted, have);
    restored.expect_all_ready(AGENTS);
    assert_eq!(restored.stop(), Some(0), "{}", restored.log());
    let (code, said) = restored.command(&["replay", "store"]);
    assert_eq!(code, Some(0), "{said}");
    let lost = restored.records().number("SELECT count(*) - count(DISTINCT call) FROM calls");
    assert_eq!(lost, 0, "one record a call");
}

#[test]
fn a_copy_is_refused_where_it_could_do_harm() {
    let mut router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    fs::create_dir(router.folder().join("full")).unwrap();
    fs::write(router.folder().join("full/holiday.jpg"), "").unwrap();
    assert_eq!(router.command(&["backup", "store", "full"]).0, Some(64));
    assert_eq!(router.command(&["backup", "full", "copy"]).0, Some(64), "no store");
    assert_eq!(router.command(&["backup", "nowhere", "copy"]).0, Some(64), "not even a folder");
    assert_eq!(router.command(&["backup", "store", "copy", "--live"]).0, Some(64), "a router runs");
    assert!(!router.folder().join("copy").exists(), "a refusal leaves nothing behind");
    assert_eq!(router.stop(), Some(0));
    assert_eq!(router.command(&["backup", "store", "copy", "--live"]).0, Some(0));
    assert!(router.folder().join("copy/live").is_file());
}
