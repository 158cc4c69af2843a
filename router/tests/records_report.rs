//! Reports from a real store, rows on their way to it, and the floor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod records_support;

use acd::{
    Timestamp,
    sim::{Floor as Shift, a_queue, an_agent, shift::play},
};
use jiff::tz::TimeZone;
use records_support::{Book, Following, block_on, follow};
use router::{
    follower::Floor,
    records::{
        Reader,
        report::{self, Ask, MAX_REPORT_ROWS, Report, ReportError},
    },
};
use std::time::Duration;
use wfm::interval::Length;

fn ask(from: Timestamp, to: Timestamp) -> Ask {
    Ask { from, to, length: Length::Quarter, zone: TimeZone::UTC, only: None, now: to }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_report_during_the_shift_counts_what_is_stored_what_is_not_yet_and_what_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let mut shift = Shift::with(vec![a_queue("billing")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let begin = shift.now();
    shift.ready("ann");
    let book = Book::of(&shift.log);
    let following = Following::start(&book, &path, 0);
    let mut written = shift.log.len();
    let mut note = |shift: &Shift| {
        book.write(&shift.log[written..]);
        written = shift.log.len();
        following.catch_up();
    };
    let (first, second) = (shift.call("billing"), shift.call("billing"));
    shift.pass(seconds(10));
    shift.answer(first);
    note(&shift);
    let reader = Reader::new(&path);
    let look = |shift: &Shift| {
        let report = block_on(report::queues(&reader, &following.floor, &ask(begin, shift.now()))).unwrap();
        assert_eq!(report.violations, Vec::<String>::new());
        report.rows[0].row
    };
    records_support::eventually("the store is there", || path.exists());
    let row = look(&shift);
    assert_eq!((row.offered, row.counts.answered, row.counts.answered_in_t, row.handled), (2, 1, 1, 0));
    shift.pass(seconds(20));
    shift.hang_up(first);
    note(&shift);
    let row = look(&shift);
    assert_eq!((row.handled, row.talk, row.wrap_up), (0, 20_000_000, 0));
    shift.pass(seconds(10)); // the wrap-up ends, and the second call is offered
    shift.pass(seconds(5));
    shift.hang_up(second);
    note(&shift);
    let row = look(&shift);
    assert_eq!((row.handled, row.aht(), row.asa()), (1, Some(30_000_000), Some(10_000_000)));
    assert_eq!((row.counts.abandoned, row.counts.abandoned_in_t, row.counts.short_abandoned), (1, 0, 0));
    following.handle.stop();
}

#[test]
fn the_identities_hold_at_every_moment_of_wild_shifts() {
    for seed in 20..26 {
        let shift = play(seed, 300);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let book = Book::default();
        let (begin, reader) = (shift.log[0].at, Reader::new(&path));
        book.write(&shift.log[..1]);
        let following = Following::start(&book, &path, 0);
        for piece in shift.log[1..].chunks(23) {
            book.write(piece);
            following.catch_up();
            let now = Timestamp(piece.last().unwrap().at.micros() + 1);
            let found = both(&reader, &following.floor, &ask(begin, now));
            assert_eq!(found, Vec::<String>::new(), "seed {seed}, entry {}", book.last());
        }
        following.handle.stop();
    }
}

/// The violations of both reports.
fn both(reader: &Reader, floor: &Floor, ask: &Ask) -> Vec<String> {
    block_on(async {
        let mut all = violations(report::queues(reader, floor, ask).await);
        all.extend(violations(report::agents(reader, floor, ask).await));
        all
    })
}

fn violations<R>(report: Result<Report<R>, ReportError>) -> Vec<String> {
    match report {
        Ok(report) => report.violations,
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn a_report_on_a_closed_day_is_the_same_from_the_store_as_from_the_facts() {
    let shift = play(31, 600);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let following = Following::start(&Book::of(&shift.log), &path, 0);
    following.catch_up();
    let floor = std::sync::Arc::clone(&following.floor);
    following.handle.stop();
    let ask = ask(shift.log[0].at, shift.now());
    let report = block_on(report::queues(&Reader::new(&path), &floor, &ask)).unwrap();
    assert_eq!(report.violations, Vec::<String>::new());
    let sum =
        |of: fn(&wfm::tally::QueueRow) -> u64| report.rows.iter().map(|line| of(&line.row)).sum::<u64>();
    let facts = |of: fn(&acd::Fact) -> bool| shift.facts.iter().filter(|fact| of(fact)).count() as u64;
    let left = |outcome: &str| {
        let visits = shift
            .facts
            .iter()
            .filter_map(|fact| if let acd::Fact::QueueLeft(visit) = fact { Some(visit) } else { None });
        visits.filter(|visit| visit.outcome.as_str() == outcome && visit.answered.is_none()).count() as u64
    };
    assert_eq!(sum(|row| row.offered), facts(|fact| matches!(fact, acd::Fact::QueueEntered { .. })));
    assert_eq!(sum(|row| row.counts.abandoned), left("abandoned"));
    assert_eq!(sum(|row| row.flow_out), left("flow_out"));
    assert_eq!(sum(|row| row.lost), left("lost_restart"));
    assert_eq!(sum(|row| row.handled), facts(|fact| matches!(fact, acd::Fact::WrappedUp { .. })));
}

#[test]
fn a_long_report_is_refused_before_it_is_made_and_a_short_one_of_it_is_not() {
    let shift =
        Shift::with((0..50).map(|no| a_queue(&format!("q{no}"))).collect(), vec![an_agent("ann", &[])]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let book = Book::of(&shift.log);
    follow(&book, &path);
    let following = Following::start(&book, &path, 0);
    following.catch_up();
    let begin = shift.now();
    let mut ask = ask(begin, begin + seconds(86_400 * 30));
    let reader = Reader::new(&path);
    let error = block_on(report::queues(&reader, &following.floor, &ask)).err().unwrap().to_string();
    assert!(error.contains(&MAX_REPORT_ROWS.to_string()) && error.contains("one queue"), "{error}");
    ask.only = Some("q7".to_owned());
    let report = block_on(report::queues(&reader, &following.floor, &ask)).unwrap();
    assert_eq!(report.rows.len(), 96 * 30 + usize::from(!begin.micros().is_multiple_of(900_000_000)));
    assert!(report.rows.iter().all(|line| line.queue == "q7" && line.row.offered == 0));
    ask.only = Some("q77".to_owned());
    let error = block_on(report::queues(&reader, &following.floor, &ask)).err().unwrap().to_string();
    assert!(error.contains("q77") && error.contains("q11"), "{error}");
    following.handle.stop();
}

#[test]
fn nothing_is_reported_before_the_first_rules_and_after_the_present() {
    let shift = Shift::with(vec![a_queue("billing")], vec![an_agent("ann", &[])]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let following = Following::start(&Book::of(&shift.log), &path, 0);
    following.catch_up();
    records_support::eventually("the store is there", || path.exists());
    let now = shift.now();
    let day = seconds(86_400);
    let wide = Ask { now, ..ask(now - day, now + day) };
    let report = block_on(report::queues(&Reader::new(&path), &following.floor, &wide)).unwrap();
    assert_eq!(report.rows.len(), 1, "only the quarter-hour in which everything began");
    following.handle.stop();
}
