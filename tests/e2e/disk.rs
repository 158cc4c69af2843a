//! A disk that fills up under way: calls go on, and records are exact as soon as there is room again.
//!
//! The store lies on a file system of its own of 5 MiB, which a test may make who is root; elsewhere it says that it was
//! skipped. `SAMBUNG_FULL_S=120` keeps it full for two minutes.

use harness::{Agent, Router, Site, eventually, need_all};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const PER_SECOND: f64 = 10.0;
const AGENTS: usize = 20;
/// Seconds of calls before the disk is full, and after it is free again.
const AROUND: u64 = 5;

/// A small file system, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=5m", "tmpfs"]).arg(at).output().unwrap();
        mounted.status.success().then(|| Self(at.to_owned()))
    }
    fn filler(&self) -> PathBuf {
        self.0.join("somebody-elses-file")
    }
    /// Somebody else takes what is left.
    fn fill(&self) {
        let mut dd = Command::new("dd");
        let output = format!("of={}", self.filler().display());
        let full = dd.args(["if=/dev/zero", "bs=4096", &output]).output().unwrap();
        assert!(!full.status.success(), "the disk is full");
    }
    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the router may still have files there.
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_no_call_and_no_record() {
    need_all(&["sqlite3", "mount"]);
    let full_s: u64 = env::var("SAMBUNG_FULL_S").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners { talk: Some(Spread::Fixed(Duration::from_millis(800))), ..Manners::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones =
        Phones::start(PhonesPlan { listen, manners, ..PhonesPlan::default() }, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let mut disk = None;
    let site = Site::new().fixed_ports().agents(AGENTS, |id| Agent::phone(id, port));
    let mut router = Router::start_after(&site, |folder| disk = SmallDisk::mount(&folder.join("store")));
    let Some(disk) = disk else {
        println!("SKIPPED: nobody but root may mount a small file system");
        return;
    };
    let calls = (full_s + 2 * AROUND) * PER_SECOND as u64;
    let plan = CallersPlan {
        target: router.ready().sip_udp,
        rate: PER_SECOND,
        calls: Some(calls),
        patience: Spread::Fixed(Duration::from_secs(30)),
        ..CallersPlan::default()
    };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop).unwrap();
    let connected = |count: u64| move |tally: &Tally| (tally.figures().connected >= count).then_some(());
    let reached = |what: &str, count: u64| {
        let enough = connected(count);
        eventually(what, Duration::from_secs(full_s + 30), || enough(&tally));
    };
    reached("calls are under way", AROUND * 8);
    disk.fill();
    let degraded = || router.metric("sambung_log_degraded");
    eventually("the log says that it is degraded", Duration::from_secs(10), || {
        degraded().filter(|on| *on > 0.0)
    });
    reached("calls go on while the disk is full", (full_s + AROUND - 2) * 9);
    assert_eq!(degraded(), Some(1.0));
    disk.free();
    eventually("the log accepts entries again", Duration::from_secs(10), || {
        degraded().filter(|on| *on == 0.0)
    });
    callers.finished().await;
    switch.stop();
    phones.finished().await;

    let figures = tally.figures();
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    assert_eq!((figures.connected, figures.completed), (calls, calls), "{figures:?}");
    router.expect_all_ready(AGENTS);
    let records = router.records();
    records.expect_count(calls);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), calls);
    assert_eq!(records.number("SELECT count(*) FROM queue_entries"), calls);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    let replay = router.command(&["replay", "store"]);
    assert_eq!(replay.0, Some(0), "{}", replay.1);
}
