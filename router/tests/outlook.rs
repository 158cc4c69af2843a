//! How long callers are going to wait, as the follower knows it: the same after a start from a snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod records_support;

use acd::{
    CallId, QueueNo, Timestamp,
    expect::Ewt,
    sim::{Floor as Shift, a_queue, an_agent},
};
use records_support::{Book, Following, follow_news};
use std::{collections::VecDeque, time::Duration};

const BILLING: QueueNo = QueueNo(0);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One agent, behind whom three callers always wait.
struct Office {
    shift: Shift,
    waiting: VecDeque<CallId>,
}

impl Office {
    fn open() -> Self {
        let mut shift = Shift::with(vec![a_queue("billing")], vec![an_agent("ann", &[])]);
        shift.ready("ann");
        Self { shift, waiting: VecDeque::new() }
    }
    fn serve(&mut self, callers: usize) {
        for _ in 0..callers {
            while self.waiting.len() < 4 {
                self.waiting.push_back(self.shift.call("billing"));
            }
            let call = self.waiting.pop_front().unwrap();
            self.shift.pass(seconds(2));
            self.shift.answer(call);
            self.shift.pass(seconds(58));
            self.shift.hang_up(call);
            self.shift.pass(seconds(10));
        }
    }
    fn last(&self) -> Timestamp {
        self.shift.log.last().unwrap().at
    }
}

#[test]
fn a_wait_is_expected_once_enough_callers_have_waited_and_a_restart_forgets_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let (mut office, book) = (Office::open(), Book::default());
    office.serve(5);
    follow_news(&book, &office.shift.log, &path);
    let written = office.shift.log.len();
    office.serve(60);
    let following = Following::start(&book, &path, book.last());
    following.catch_up();
    let ask = |following: &Following, last| following.floor.outlook().ask(BILLING, 3, last);
    assert_eq!(ask(&following, office.last()), Some(Ewt::Place(3)), "five callers teach too little");

    book.write(&office.shift.log[written..]);
    following.catch_up();
    // Each caller takes the agent 70 s.
    let expected = ask(&following, office.last()).unwrap();
    let Ewt::Time { p50, p80 } = expected else { panic!("{expected:?}") };
    assert!(p50 <= p80 && (150..300).contains(&p50.as_secs()), "{p50:?} {p80:?}");
    assert_eq!(ask(&following, office.last() + seconds(31)), Some(Ewt::Place(3)), "it is behind");
    let queue = following.floor.view().queues[0].clone();
    assert_eq!((queue.waiting, queue.outlook.ewt.method()), (3, "pace"));
    let text = following.metrics.render(&following.floor.scene(office.last())).unwrap();
    for series in ["ewt_seconds", "ewt_coverage_ratio", "ewt_pinball_seconds"] {
        for level in ["p50", "p80"] {
            let shown = format!("sambung_{series}{{level=\"{level}\",queue=\"billing\"}} ");
            assert!(text.contains(&shown), "{shown} in\n{text}");
        }
    }
    assert!(text.contains("sambung_ewt_announced_total{method=\"pace\",queue=\"billing\"} 0"));
    following.handle.stop();

    let before = book.2.lock().unwrap().len();
    let again = Following::start(&book, &path, book.last());
    again.catch_up();
    assert!(book.2.lock().unwrap()[before] > 0, "it began at a snapshot");
    assert_eq!(ask(&again, office.last()), Some(expected));
    again.handle.stop();
}
