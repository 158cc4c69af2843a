//! The follower against a real SQLite file, with logs of simulated shifts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod records_support;

use acd::{
    Event, Fact, Target,
    plan::{QueuePlan, Then},
    sim::{Floor as Shift, a_queue, an_agent, shift::play},
};
use records_support::{
    Book, Following, block_on, connect, count, dump, eventually, follow, follow_news, rows,
};
use router::records::{CallFilter, Reader};
use sqlx::{Connection as _, SqliteConnection};
use std::{path::PathBuf, time::Duration};

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("records.db")
}

/// Billing overflows into sales after a minute; one agent.
fn shop() -> Shift {
    let sales = a_queue("sales");
    let billing = QueuePlan {
        max_wait: Duration::from_secs(60),
        then: Then::Queue("sales".to_owned()),
        ..a_queue("billing")
    };
    let mut shift = Shift::with(vec![billing, sales], vec![an_agent("ann", &[])]);
    shift.ready("ann");
    shift
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_call_that_was_answered_is_on_record_with_its_visit_offer_and_wrap_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut shift = shop();
    let call = shift.call("billing");
    shift.pass(seconds(3));
    shift.answer(call);
    shift.pass(seconds(61));
    shift.hang_up(call);
    shift.pass(seconds(10));
    follow(&Book::of(&shift.log), &file(&folder));
    assert_eq!(
        rows(
            &file(&folder),
            "SELECT dialled, outcome, queue, agent, visits, offers, wait_ms, talk_ms FROM calls"
        ),
        [
            "dialled=billing outcome=answered queue=billing agent=ann visits=1 offers=1 wait_ms=3000 talk_ms=61000"
        ]
    );
    let visit = "SELECT visit, outcome, reason, wait_ms, ring_ms, talk_ms, hold_ms, wrap_up_ms,
        handled_at - left_at AS until_handled FROM queue_entries";
    assert_eq!(
        rows(&file(&folder), visit),
        [
            "visit=1 outcome=answered reason= wait_ms=3000 ring_ms=3000 talk_ms=61000 hold_ms=0 wrap_up_ms=10000 \
          until_handled=10000000"
        ]
    );
    assert_eq!(
        rows(
            &file(&folder),
            "SELECT attempt, visit, agent, ended_at - offered_at AS us, outcome FROM offers"
        ),
        ["attempt=1 visit=1 agent=ann us=3000000 outcome=accepted"]
    );
    assert_eq!(
        rows(
            &file(&folder),
            r#"SELECT state, ("to" - "from") / 1000 AS ms, queue FROM agent_states ORDER BY "from""#
        ),
        [
            "state=reserved ms=3000 queue=billing",
            "state=talking ms=61000 queue=billing",
            "state=wrap_up ms=10000 queue=billing"
        ]
    );
    let readable = rows(&file(&folder), "SELECT arrived_at FROM v_calls");
    assert_eq!(readable, ["arrived_at=2027-01-15T08:00:00.000Z"]);
}

#[test]
fn a_call_that_overflowed_has_a_row_for_each_visit_and_each_offer() {
    let folder = tempfile::tempdir().unwrap();
    let mut shift = shop();
    let first = shift.call("billing"); // rings out at ann, who is then set aside
    shift.pass(seconds(75)); // overflows after a minute
    shift.ready("ann");
    shift.answer(first);
    let second = shift.call("billing");
    shift.pass(seconds(5));
    shift.hang_up(second);
    follow(&Book::of(&shift.log), &file(&folder));
    assert_eq!(
        rows(
            &file(&folder),
            "SELECT visit, queue, outcome, reason, wait_ms FROM queue_entries ORDER BY entered_at, call"
        ),
        [
            "visit=1 queue=billing outcome=flow_out reason=overflow wait_ms=60000",
            "visit=1 queue=billing outcome=abandoned reason= wait_ms=5000",
        ]
    );
    assert_eq!(
        rows(&file(&folder), "SELECT attempt, visit, queue, outcome FROM offers ORDER BY attempt"),
        [
            "attempt=1 visit=1 queue=billing outcome=no_answer",
            "attempt=2 visit=2 queue=sales outcome=accepted"
        ]
    );
}

#[test]
fn a_call_that_was_given_away_has_a_row_for_each_visit_and_each_transfer() {
    let folder = tempfile::tempdir().unwrap();
    let (billing, sales) = (a_queue("billing"), a_queue("sales"));
    let entry = acd::plan::EntryPlan {
        number: "1500".to_owned(),
        queue: "billing".to_owned(),
        priority: 5,
        hours: None,
    };
    let outside = acd::plan::OutsidePlan {
        name: "mobiles".to_owned(),
        numbers: vec!["08*".parse().unwrap()],
        ring: seconds(30),
    };
    let mut shift = Shift::new(acd::Plan {
        queues: vec![billing, sales],
        entries: vec![entry],
        agents: vec![an_agent("ann", &[]), an_agent("ben", &[])],
        outside: vec![outside],
        ..acd::Plan::default()
    });
    let ann = shift.ready("ann");
    let call = shift.call("1500");
    shift.answer(call);
    shift.pass(seconds(20));
    let ben = shift.ready("ben");
    shift.must(Event::TransferAsked { agent: ann, call, to: Target::Agent { agent: ben } });
    shift.pass(seconds(4));
    shift.answer(call);
    shift.pass(seconds(30));
    shift.must(Event::TransferAsked { agent: ben, call, to: Target::Outside { rule: "mobiles".to_owned() } });
    let book = Book::of(&shift.log);
    let following = Following::start(&book, &file(&folder), 0);
    following.catch_up();
    let on_floor = |state: &str| following.floor.view().calls.iter().any(|call| call.state == state);
    assert!(on_floor("outside"), "{:?}", following.floor.view());
    let before = shift.log.len();
    let offer = shift.offer(call).unwrap();
    shift.must(Event::PhoneRefused { offer, refusal: acd::Refusal::Rejected, status: 486 });
    shift.pass(seconds(2));
    shift.hang_up(call);
    shift.pass(seconds(10));
    book.write(&shift.log[before..]);
    following.catch_up();
    assert!(following.floor.view().calls.is_empty());
    let text = following.metrics.render(&following.floor.scene(shift.now())).unwrap();
    assert!(
        text.contains(r#"sambung_transfers_total{outcome="completed",queue="billing",to="agent"} 1"#),
        "{text}"
    );
    assert!(text.contains(r#"sambung_transfers_total{outcome="rejected",queue="billing",to="outside"} 1"#));
    following.handle.stop();
    assert_eq!(
        rows(
            &file(&folder),
            "SELECT visit, queue, outcome, reason, agent, talk_ms, wrap_up_ms FROM queue_entries"
        ),
        [
            "visit=1 queue=billing outcome=transferred reason=agent agent=ann talk_ms=20000 wrap_up_ms=10000",
            "visit=2 queue=billing outcome=transferred reason=outside agent=ben talk_ms=30000 wrap_up_ms=10000",
            "visit=3 queue=billing outcome=abandoned reason= agent=- talk_ms=0 wrap_up_ms=-",
        ]
    );
    assert_eq!(
        rows(
            &file(&folder),
            "SELECT visit, queue, agent, kind, transferred_to, (ended_at - transferred_at) / 1000 AS ms, outcome,
             status, answered_at IS NULL AS unanswered FROM transfers"
        ),
        [
            "visit=1 queue=billing agent=ann kind=agent transferred_to=ben ms=4000 outcome=completed status=- unanswered=0",
            "visit=2 queue=billing agent=ben kind=outside transferred_to=mobiles ms=0 outcome=rejected status=486 unanswered=1",
        ]
    );
    assert_eq!(
        rows(&file(&folder), "SELECT outcome, agent, visits, offers, wait_ms, talk_ms FROM calls"),
        ["outcome=abandoned agent=ben visits=3 offers=3 wait_ms=0 talk_ms=50000"]
    );
    let reader = Reader::new(&file(&folder));
    for (agent, found) in [("ann", 1), ("ben", 1), ("cho", 0)] {
        let filter = CallFilter { agent: Some(agent.to_owned()), limit: 10, ..CallFilter::default() };
        assert_eq!(block_on(reader.calls(&filter)).unwrap().calls.len(), found, "{agent}");
    }
    let detail = block_on(reader.call(call)).unwrap().unwrap();
    let told: Vec<_> = detail.transfers.iter().map(|row| (&*row.to, &*row.outcome, row.status)).collect();
    assert_eq!(told, [("ben", "completed", None), ("mobiles", "rejected", Some(486))]);
}

#[test]
fn a_store_of_before_there_were_transfers_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    follow(&Book::default(), &file(&folder));
    block_on(async {
        let mut db = connect(&file(&folder)).await;
        let back = "DROP VIEW v_transfers; DROP TABLE transfers; PRAGMA user_version = 1";
        sqlx::raw_sql(back).execute(&mut db).await.unwrap();
    });
    follow(&Book::default(), &file(&folder));
    assert_eq!(count(&file(&folder), "SELECT count(*) FROM v_transfers"), 0);
}

#[test]
fn a_restart_ends_every_live_call_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut shift = shop();
    let (talking, _waiting) = (shift.call("billing"), shift.call("billing"));
    shift.pass(seconds(2));
    shift.answer(talking);
    shift.pass(seconds(7));
    shift.must(Event::Restarted);
    follow(&Book::of(&shift.log), &file(&folder));
    assert_eq!(
        rows(&file(&folder), "SELECT outcome, agent, talk_ms, wrap_up_ms FROM queue_entries ORDER BY call"),
        [
            "outcome=lost_restart agent=ann talk_ms=7000 wrap_up_ms=-",
            "outcome=lost_restart agent=- talk_ms=0 wrap_up_ms=-",
        ]
    );
    assert_eq!(count(&file(&folder), "SELECT count(*) FROM calls WHERE outcome = 'lost_restart'"), 2);
}

#[test]
fn calls_that_outlive_a_restart_have_one_row_each() {
    let folder = tempfile::tempdir().unwrap();
    let agents = vec![an_agent("ann", &[]), an_agent("ben", &[])];
    let mut shift = Shift::with(vec![a_queue("billing")], agents);
    shift.ready("ann");
    shift.ready("ben");
    let (talking, ringing) = (shift.call("billing"), shift.call("billing"));
    shift.pass(seconds(2));
    shift.answer(talking);
    shift.pass(seconds(7));
    shift.must(Event::Returned { gone: Vec::new(), silent: Vec::new() });
    shift.pass(seconds(3));
    shift.hang_up(talking);
    shift.hang_up(ringing);
    shift.pass(seconds(10));
    follow(&Book::of(&shift.log), &file(&folder));
    assert_eq!(
        rows(&file(&folder), "SELECT outcome, agent, talk_ms, wrap_up_ms FROM queue_entries ORDER BY call"),
        [
            "outcome=answered agent=ann talk_ms=10000 wrap_up_ms=10000",
            "outcome=abandoned agent=- talk_ms=0 wrap_up_ms=-",
        ]
    );
    assert_eq!(
        rows(&file(&folder), "SELECT attempt, agent, outcome FROM offers ORDER BY call"),
        ["attempt=1 agent=ann outcome=accepted", "attempt=1 agent=ben outcome=restart"]
    );
    assert_eq!(count(&file(&folder), "SELECT count(*) FROM calls"), 2);
}

#[test]
fn every_call_and_every_visit_of_a_wild_shift_has_exactly_one_row() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let shift = play(seed, 400);
        follow(&Book::of(&shift.log), &file(&folder));
        let facts = |of: fn(&Fact) -> bool| shift.facts.iter().filter(|fact| of(fact)).count() as i64;
        // A request for a callback is a call of its own.
        let begins = |event: &Event| {
            matches!(
                event,
                Event::CallArrived { .. } | Event::CallbackAsked { .. } | Event::CallbackRequested(_)
            )
        };
        let arrived = shift.log.iter().filter(|entry| begins(&entry.event)).count();
        assert_eq!(count(&file(&folder), "SELECT count(*) FROM calls"), arrived as i64, "seed {seed}");
        let visits = facts(|fact| matches!(fact, Fact::QueueEntered { .. }));
        assert_eq!(count(&file(&folder), "SELECT count(*) FROM queue_entries"), visits, "seed {seed}");
        let mismatched = "SELECT count(*) FROM calls WHERE offers <>
            (SELECT count(*) FROM offers WHERE offers.call = calls.call)";
        assert_eq!(count(&file(&folder), mismatched), 0, "seed {seed}");
        let unfinished =
            "SELECT count(*) FROM queue_entries WHERE outcome = 'answered' AND handled_at IS NULL";
        assert_eq!(count(&file(&folder), unfinished), 0, "seed {seed}");
    }
}

#[test]
fn a_store_filled_in_pieces_filled_again_or_lost_and_rebuilt_is_the_same() {
    for seed in [3, 17] {
        let shift = play(seed, 500);
        let whole = tempfile::tempdir().unwrap();
        let book = Book::of(&shift.log);
        follow(&book, &file(&whole));
        let expected = dump(&file(&whole));
        assert!(expected.len() > 50);

        follow(&book, &file(&whole));
        assert_eq!(dump(&file(&whole)), expected, "followed again");

        let pieces = tempfile::tempdir().unwrap();
        for end in (0..=shift.log.len()).step_by(61).chain([shift.log.len()]) {
            follow(&Book::of(&shift.log[..end]), &file(&pieces));
        }
        assert_eq!(dump(&file(&pieces)), expected, "followed in pieces");

        let snapped = tempfile::tempdir().unwrap();
        let growing = Book::default();
        for piece in shift.log.chunks(61) {
            follow_news(&growing, piece, &file(&snapped));
        }
        assert_eq!(dump(&file(&snapped)), expected, "followed in pieces, each from a snapshot");
        let begun = growing.2.lock().unwrap().clone();
        assert!(begun.len() > 5 && begun.windows(2).all(|two| two[0] < two[1]), "{begun:?}");

        std::fs::remove_file(file(&whole)).unwrap();
        follow(&book, &file(&whole));
        assert_eq!(dump(&file(&whole)), expected, "rebuilt");
    }
}

#[test]
fn a_process_that_dies_before_its_first_snapshot_is_due_leaves_the_next_one_to_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let book = Book::of(&play(3, 100).log);
    let following = Following::start(&book, &file(&folder), book.last());
    let taken = || book.1.lock().unwrap().last().map_or(0, |state| state.number);
    eventually("a snapshot of what was read again", || taken() == book.last());
    following.handle.stop();
}

#[test]
fn another_log_and_a_log_that_lost_its_tail_are_followed_from_their_first_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (play(5, 300), play(6, 600));
    follow(&Book::of(&first.log), &file(&folder));
    let calls = count(&file(&folder), "SELECT count(*) FROM calls");
    follow(&Book::of(&second.log), &file(&folder));
    let alone = tempfile::tempdir().unwrap();
    follow(&Book::of(&second.log), &file(&alone));
    let (both, new) = (dump(&file(&folder)), dump(&file(&alone)));
    let missing: Vec<_> = new.iter().filter(|row| !both.contains(row)).collect();
    assert!(missing.is_empty(), "every row of the new log is there: {missing:#?}");
    assert!(
        count(&file(&folder), "SELECT count(*) FROM calls") >= calls,
        "and no row of the old one is gone"
    );

    follow(&Book::of(&second.log[..100]), &file(&folder));
    assert_eq!(count(&file(&folder), "SELECT number FROM followed"), 100);
}

#[test]
fn a_locked_store_makes_the_follower_lag_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shift = play(11, 400);
    let (begin, rest) = shift.log.split_at(50);
    let book = Book::of(begin);
    let following = Following::start(&book, &file(&folder), 0);
    eventually("the first rows are written", || {
        file(&folder).exists()
            && count(&file(&folder), "SELECT count(*) FROM sqlite_master WHERE name = 'followed'") == 1
            && count(&file(&folder), "SELECT number FROM followed") == 50
    });
    let lock = block_on(async {
        let mut db = connect(&file(&folder)).await;
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut db).await.unwrap();
        db
    });
    book.write(rest);
    following.catch_up();
    let followed = count(&file(&folder), "SELECT number FROM followed");
    assert_eq!(followed, 50, "the floor goes on while the store stands still");
    block_on(async { SqliteConnection::close(lock).await.unwrap() });
    following.handle.stop();
    let whole = tempfile::tempdir().unwrap();
    follow(&book, &file(&whole));
    assert_eq!(dump(&file(&folder)), dump(&file(&whole)));
}

#[test]
fn a_store_that_is_removed_while_it_is_followed_is_filled_again() {
    let folder = tempfile::tempdir().unwrap();
    let shift = play(12, 300);
    let (begin, rest) = shift.log.split_at(shift.log.len() / 2);
    let book = Book::of(begin);
    let following = Following::start(&book, &file(&folder), 0);
    let written = |path: &PathBuf, number: u64| {
        path.exists()
            && count(path, "SELECT count(*) FROM sqlite_master WHERE name = 'followed'") == 1
            && count(path, "SELECT number FROM followed") == i64::try_from(number).unwrap()
    };
    eventually("the first half is written", || written(&file(&folder), begin.len() as u64));
    for name in ["records.db", "records.db-wal", "records.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    book.write(rest);
    eventually("everything is written anew", || written(&file(&folder), book.last()));
    following.handle.stop();
    let whole = tempfile::tempdir().unwrap();
    follow(&book, &file(&whole));
    assert_eq!(dump(&file(&folder)), dump(&file(&whole)));
}

#[test]
fn a_store_of_a_newer_version_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(file(&folder)).create_if_missing(true);
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 99; CREATE TABLE theirs (x)").execute(&mut db).await.unwrap();
        let error = router::records::Writer::open(&file(&folder)).await.err().unwrap().to_string();
        assert!(error.contains("version 99") && error.contains("records.db"), "{error}");
    });
    assert_eq!(count(&file(&folder), "SELECT count(*) FROM sqlite_master"), 1);
}
