//! The wall clock is set under way, and jumps as zones and leap days make it: no timer, place, record or interval is wrong.
//!
//! libfaketime stands between the router and the wall clock; the machine's own count, which nobody sets, is left alone.

use harness::{Agent, Router, Sipp, Site, eventually, eventually_is, free_port, need_all};
use std::{fs, path::Path, path::PathBuf, time::Duration};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const SOON: Duration = Duration::from_secs(20);

/// The library, where Debian puts it.
fn faketime() -> PathBuf {
    let places = fs::read_dir("/usr/lib").unwrap().flatten();
    places
        .map(|place| place.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .expect("no libfaketime: run tests/run, or install the Debian package faketime")
}

/// A router whose wall clock says what stands in a file, such as `+3600` or `@2026-10-25 00:59:50`.
fn start_at(site: &Site, says: &Path) -> Router {
    start_on_at(&site.to_toml(), says)
}

/// As [`start_at`], with this configuration.
pub(crate) fn start_on_at(configuration: &str, says: &Path) -> Router {
    let (library, says) = (faketime(), says.display().to_string());
    let environment = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", &says),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("TZ", "UTC"),
    ];
    Router::start_with(configuration, &environment)
}

pub(crate) fn say(file: &Path, what: &str) {
    let draft = file.with_extension("draft");
    fs::write(&draft, what).unwrap();
    fs::rename(draft, file).unwrap();
}

/// The wall clock is ahead of the machine's by so many seconds.
fn ahead(file: &Path, by: i64) {
    say(file, &format!("{by:+}"));
}

fn of_floor(router: &Router, key: &str) -> f64 {
    let floor: serde_json::Value = router.operator("/v1/floor").json();
    floor["queues"][0][key].as_f64().unwrap_or(0.0)
}

#[test]
fn a_wall_clock_that_is_set_makes_no_wait_talk_or_place_wrong() {
    need_all(&["sipp", "sqlite3"]);
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let file = folder.path().join("ahead");
    ahead(&file, 0);
    let site = Site::new().fixed_ports().queue("wrap_up", "200ms").agent(Agent::phone("ann", port));
    let mut router = start_at(&site, &file);
    let (to, logs) = (router.ready().sip_udp, router.folder().to_owned());
    let phone = Sipp::new("phone_survives").patient().port(port).with("RING", 50).with("TALK", 600);
    let _phone = phone.start(to, &logs);
    let steps = [HOUR, 0, -HOUR, 0, DAY, 0, -DAY, 1, 0];
    let mut callers = Vec::new();
    for (nth, by) in steps.into_iter().enumerate() {
        let name = char::from(b'a' + u8::try_from(nth).unwrap()).to_string();
        let three = Sipp::caller("caller_survives").patient().named(&name).with("PATIENCE", 20_000);
        let three = three.dial("1500").calls(3, 100).start(to, &logs);
        let waits = || (of_floor(&router, "waiting") >= 1.0).then_some(());
        eventually("one talks and another waits", SOON, waits);
        ahead(&file, by);
        let offset = || router.metric("sambung_clock_offset_seconds").unwrap_or(f64::MAX).round();
        eventually_is("the wall clock is set", SOON, &(by as f64), offset);
        let longest = of_floor(&router, "longest_wait_s");
        assert!((0.0..20.0).contains(&longest), "{longest} s with the wall clock {by} s ahead");
        if by == -DAY {
            router.kill();
            router.start_again();
        }
        callers.push(three.finished(SOON));
    }
    let calls = 3 * steps.len() as u64;
    let records = router.records();
    records.expect_count(calls);
    let wrong = records.rows(
        "SELECT call, outcome, wait_ms, talk_ms FROM calls WHERE outcome <> 'answered' OR wait_ms > 20000 OR talk_ms NOT BETWEEN 500 AND 5000",
    );
    assert_eq!(wrong, [""; 0]);
    let span = "SELECT (max(ended_at) - min(arrived_at)) / 1000000 < 120 FROM calls";
    assert_eq!(records.number(span), 1, "one clock has told all times");
    let early = "SELECT count(*) FROM agent_states WHERE \"to\" < \"from\" OR state = 'wrap_up' AND \"to\" - \"from\" NOT BETWEEN 190000 AND 2000000";
    assert_eq!(records.number(early), 0, "no wrap-up was cut short or drawn out");
    let served = "SELECT count(*) FROM (SELECT arrived_at, lag(arrived_at) OVER (ORDER BY answered_at) AS before FROM calls) WHERE before > arrived_at";
    assert_eq!(records.number(served), 0, "first come, first served");
    assert_eq!(callers.len(), steps.len());
}

/// Start of each interval with calls, and how many.
fn offered(router: &Router, query: &str) -> Vec<(String, u64)> {
    let report = router.operator(&format!("/v1/reports/intervals?format=csv&{query}")).body;
    let rows = report.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>());
    let rows = rows.map(|row| (row[0].to_owned(), row[3].parse().unwrap()));
    rows.filter(|(_, offered)| *offered > 0).collect()
}

/// Calls that come from ten seconds before a moment to as many behind it lie on both sides of it.
fn around(moment: &str, zone: &str, [from, to]: [&str; 2], sides: [&str; 2]) {
    need_all(&["sipp", "sqlite3"]);
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let file = folder.path().join("moment");
    say(&file, &format!("@{moment}"));
    let router = start_at(&Site::new().agents(4, |id| Agent::phone(id, port)), &file);
    let target = router.ready().sip_udp;
    let _phones = Sipp::phones(port, 50, 1_500, "answers").start(target, router.folder());
    Sipp::caller("caller").dial("1500").calls(20, 1).run(target, router.folder(), 3 * SOON);
    let records = router.records();
    records.expect_count(20);
    let query = format!("interval=60m&zone={zone}&from={from}&to={to}");
    let sum = || offered(&router, &query).iter().map(|(_, calls)| calls).sum::<u64>();
    eventually_is("the report has all calls", SOON, &20, sum);
    let starts: Vec<String> = offered(&router, &query).into_iter().map(|(start, _)| start).collect();
    assert_eq!(starts, sides);
    let wrong = "SELECT count(*) FROM calls WHERE outcome <> 'answered' OR talk_ms NOT BETWEEN 1400 AND 6000 OR wait_ms > 20000";
    assert_eq!(records.number(wrong), 0, "{:?}", records.calls());
}

#[test]
fn the_hour_that_comes_twice_has_two_rows() {
    let sides = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"];
    around("2026-10-25 00:59:50", "Europe/Berlin", ["2026-10-25", "2026-10-26"], sides);
}

#[test]
fn the_hour_that_is_left_out_has_no_row() {
    let sides = ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"];
    around("2026-03-29 00:59:50", "Europe/Berlin", ["2026-03-29", "2026-03-30"], sides);
}

#[test]
fn a_leap_day_is_a_day_of_its_own() {
    let sides = ["2028-02-29T23:00:00+07:00", "2028-03-01T00:00:00+07:00"];
    around("2028-02-29 16:59:50", "Asia/Jakarta", ["2028-02-28", "2028-03-02"], sides);
}
