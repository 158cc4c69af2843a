//! `sambung why` on a store: where the log is read from, what is said, and what cannot be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use acd::{
    CallId, Event, Timestamp, Wish,
    plan::{QueuePlan, Then},
    sim::{Floor, a_queue, an_agent},
};
use jiff::tz::TimeZone;
use router::{
    log::{FileLog, Reader, StoreLock, segments},
    states::{self, State},
    why::{self, Question, Tale, WhyError, json, length, words},
};
use std::{path::Path, time::Duration};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A store that holds what happened on a floor.
fn store(floor: &Floor) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lock = StoreLock::take(folder.path()).unwrap();
    let mut log = FileLog::open(lock, Reader::after(folder.path(), 0).unwrap(), |_| {}).unwrap();
    floor.log.iter().for_each(|entry| log.append(entry).unwrap());
    log.commit();
    folder
}

fn text(folder: &Path, question: Question) -> String {
    let answer = why::ask(folder, question, || true).unwrap();
    words::text(&words::lines(&answer, &TimeZone::UTC), &TimeZone::UTC)
}

/// Ann is able and at lunch; Ben is ready and lacks the skill; Cyn takes the call after she has not answered once.
fn a_story() -> (Floor, CallId, CallId) {
    let queue =
        QueuePlan { needs: "billing >= 3".parse().unwrap(), then: Then::Refuse, ..a_queue("billing") };
    let able = |id: &str| an_agent(id, &[("billing", 5)]);
    let mut floor = Floor::with(vec![queue], vec![able("ann"), an_agent("ben", &[]), able("cyn")]);
    let (ann, _ben, cyn) = (floor.ready("ann"), floor.ready("ben"), floor.ready("cyn"));
    floor.must(Event::StateAsked { agent: ann, wish: Wish::NotReady { reason: "lunch".to_owned() } });
    let call = floor.call("billing");
    floor.pass(seconds(15)); // she does not answer
    let second = floor.call("billing");
    floor.pass(seconds(5));
    floor.must(Event::StateAsked { agent: cyn, wish: Wish::Ready });
    floor.answer(second);
    floor.hang_up(second);
    floor.pass(seconds(10)); // her wrap-up
    floor.answer(call);
    floor.hang_up(call);
    (floor, call, second)
}

#[test]
fn a_call_that_waited_beside_a_ready_agent_is_told_with_what_kept_it_from_her() {
    let (floor, call, second) = a_story();
    let folder = store(&floor);
    let told = text(folder.path(), Question::Call(call));
    for line in [
        "arrived, dialled billing; rules of entry 1".to_owned(),
        "queued for billing (visit 1), priority 5 by entry billing; it needs billing >= 3 of an agent"
            .to_owned(),
        "offered to cyn (attempt 1, queue billing) by longest-idle".to_owned(),
        "not ben: lacks the skill: billing >= 3".to_owned(),
        "able, but not ready: 1 not ready (lunch)".to_owned(),
        "the offer to cyn ended: no answer".to_owned(),
        "ready, but without the skill (billing >= 3): ben".to_owned(),
        "answered by cyn (queue billing)".to_owned(),
        "ended: answered, last with cyn; offers made: 2".to_owned(),
    ] {
        assert!(told.contains(&line), "{line} is not told:\n{told}");
    }
    let told = text(folder.path(), Question::Call(second));
    assert!(told.contains("offered to cyn"), "{told}");
}

#[test]
fn why_not_me_names_the_bar_and_who_came_first() {
    let (floor, call, _) = a_story();
    let folder = store(&floor);
    let ask = |id: &str| Question::Agent { id: id.to_owned(), from: Timestamp(1), to: floor.now() };
    let ann = text(folder.path(), ask("ann"));
    assert!(ann.contains(&format!("{call} (queue billing) was offered to cyn")), "{ann}");
    assert!(ann.contains("not to her: was not ready (lunch)"), "{ann}");
    assert!(ann.contains("more calls were offered to others for the same reasons"), "{ann}");
    let ben = text(folder.path(), ask("ben"));
    assert!(
        ben.contains("was ready while up to 2 calls waited") && ben.contains("lacks the skill: billing >= 3"),
        "{ben}"
    );
    let cyn = text(folder.path(), ask("cyn"));
    assert!(cyn.contains("not ready (rona)") && cyn.contains("wrap up"), "{cyn}");
}

#[test]
fn an_answer_is_the_same_from_a_snapshot_on_and_from_the_first_entry() {
    let (floor, call, second) = a_story();
    let folder = store(&floor);
    let whole = text(folder.path(), Question::Call(second));
    let place = floor
        .log
        .iter()
        .position(|entry| matches!(entry.event, Event::CallArrived { call, .. } if call == second));
    let mut acd = acd::Acd::new();
    let before: Vec<_> =
        floor.log[..place.unwrap()].iter().filter(|entry| entry.at < second.arrived()).collect();
    before.iter().for_each(|entry| _ = acd.apply(entry));
    let last = before.last().unwrap();
    let (number, at, brain) = (last.number, last.at, acd.snapshot().unwrap());
    states::write(folder.path(), &State { number, at, brain, floor: Vec::new() }).unwrap();
    assert_eq!(text(folder.path(), Question::Call(second)), whole);
    let answer = why::ask(folder.path(), Question::Call(call), || true).unwrap();
    assert!(matches!(answer.tale, Tale::Call { over: true, .. }), "a snapshot behind its arrival is no use");
}

#[test]
fn as_json_times_are_text_and_reasons_have_their_words() {
    let (floor, call, _) = a_story();
    let folder = store(&floor);
    let answer = why::ask(folder.path(), Question::Call(call), || true).unwrap();
    let value = json::object(&answer, &TimeZone::UTC).unwrap();
    assert_eq!(value["call"], call.to_string());
    assert_eq!(value["over"], true);
    let offered =
        value["moments"].as_array().unwrap().iter().find(|moment| moment["what"] == "offered").unwrap();
    assert_eq!(offered["at"], "2027-01-15T08:00:00.000+00:00");
    assert_eq!((&offered["agent"], &offered["strategy"]), (&"cyn".into(), &"longest-idle".into()));
    assert_eq!(offered["barred"][0]["against"][0]["reason"], "lacks_skill");
    assert!(!value.to_string().contains("18000000000"), "a time is left as a number: {value}");
}

#[test]
fn what_cannot_be_told_is_said_with_the_way_out() {
    let (floor, call, _) = a_story();
    let folder = store(&floor);
    let ask = |question: Question| why::ask(folder.path(), question, || true).unwrap_err();
    let unknown = CallId::new(floor.now(), 7);
    assert!(matches!(ask(Question::Call(unknown)), WhyError::NoSuchCall { call } if call == unknown));
    let nobody = Question::Agent { id: "dan".to_owned(), from: Timestamp(1), to: floor.now() };
    assert!(matches!(ask(nobody), WhyError::NoSuchAgent { .. }));
    let late = why::ask(folder.path(), Question::Call(call), || false).unwrap_err();
    assert!(matches!(late, WhyError::TooLong));
    let empty = tempfile::tempdir().unwrap();
    let error = why::ask(empty.path(), Question::Call(call), || true).unwrap_err();
    assert!(error.to_string().contains("holds no log segments"), "{error}");
}

#[test]
fn a_log_that_is_damaged_or_not_kept_so_far_back_is_named() {
    let (floor, call, _) = a_story();
    let folder = store(&floor);
    let path = segments(folder.path()).unwrap().remove(0).1;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, &bytes).unwrap();
    let error = why::ask(folder.path(), Question::Call(call), || true).unwrap_err();
    assert!(matches!(error, WhyError::Log(_)) && error.to_string().contains("damaged"), "{error}");
    // What the keeper leaves: a later segment, and the snapshot before it.
    let mut acd = acd::Acd::new();
    floor.log.iter().for_each(|entry| _ = acd.apply(entry));
    let (number, at) = (acd.entries(), floor.log.last().unwrap().at);
    let brain = acd.snapshot().unwrap();
    std::fs::remove_file(&path).unwrap();
    states::write(folder.path(), &State { number, at, brain, floor: Vec::new() }).unwrap();
    let header = b"SAMBUNG LOG 1\n";
    std::fs::write(folder.path().join(format!("log-{:020}.seg", number + 1)), header).unwrap();
    let error = why::ask(folder.path(), Question::Call(call), || true).unwrap_err();
    assert!(matches!(error, WhyError::Aged { first, .. } if first == number + 1), "{error}");
}

#[test]
fn lengths_of_time_are_read_and_nonsense_is_not() {
    assert_eq!(length("90s"), Some(seconds(90)));
    assert_eq!(
        (length("10m"), length("2h"), length("1d")),
        (Some(seconds(600)), Some(seconds(7_200)), Some(seconds(86_400)))
    );
    for text in ["", "m", "10", "-1m", "0s", "1.5h", "10 m", "999999999999999999d", "5µ", "1w"] {
        assert_eq!(length(text), None, "{text}");
    }
}
