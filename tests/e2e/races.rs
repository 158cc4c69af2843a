//! What goes wrong in a call, one SIPp scenario each: the right record, and no agent stuck.

use harness::{Agent, Desk, Router, Sipp, SippRun, Site, free_port, need_all};
use protocol::AgentState;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A router with one agent whose phone is a SIPp.
struct Floor {
    router: Router,
    _phone: SippRun,
}

impl Floor {
    /// Her phone treats the first call as `first` says, and talks `talk_ms`.
    fn with_phone(first: &str, talk_ms: u32) -> Self {
        Self::with(Site::new().queue("ring", "1s"), first, talk_ms, Agent::phone)
    }
    fn with(site: Site, first: &str, talk_ms: u32, agent: fn(&str, u16) -> Agent) -> Self {
        need_all(&["sipp", "sqlite3"]);
        let port = free_port();
        let router = Router::start(&site.agent(agent("a001", port)));
        let phone = Sipp::phones(port, 50, talk_ms, first).start(router.ready().sip_udp, router.folder());
        Self { router, _phone: phone }
    }
    fn call(&self, caller: &Sipp) -> String {
        caller.clone().calls(1, 1).run(self.router.ready().sip_udp, self.router.folder(), PATIENCE)
    }
    /// The records say exactly this, and the next call is served as if nothing had happened.
    fn expect(&self, call: &str, offers: &[&str]) {
        self.router.records().expect(&[call], offers);
        self.router.expect_all_ready(1);
        self.call(&caller("caller"));
        let mut after = offers.to_vec();
        after.push("a001|accepted");
        self.router.records().expect(&[call, ANSWERED], &after);
        self.router.expect_all_ready(1);
    }
}

fn caller(scenario: &str) -> Sipp {
    Sipp::caller(scenario).dial("1500")
}

const ANSWERED: &str = "answered||a001|1|1";

#[test]
fn a_caller_who_hangs_up_in_the_queue_has_abandoned() {
    let floor = Floor::with(Site::new(), "answers", 300, Agent::desk);
    floor.call(&caller("caller_gives_up").with("WAIT", 500));
    floor.router.records().expect(&["abandoned|||1|0"], &[]);
    floor.router.expect_all_ready(0);
}

#[test]
fn a_caller_who_hangs_up_while_the_phone_rings_has_abandoned() {
    let floor = Floor::with(Site::new(), "silent", 300, Agent::phone);
    floor.call(&caller("caller_cancels").with("WAIT", 300));
    floor.expect("abandoned|||1|1", &["a001|withdrawn"]);
}

#[test]
fn a_phone_that_answers_as_it_is_cancelled_is_hung_up() {
    let floor = Floor::with(Site::new(), "late", 300, Agent::phone);
    floor.call(&caller("caller_cancels").with("WAIT", 300));
    floor.expect("abandoned|||1|1", &["a001|withdrawn"]);
}

#[test]
fn a_cancel_that_crosses_the_200_changes_nothing() {
    let floor = Floor::with_phone("answers", 20_000);
    floor.call(&caller("caller_cancels_late"));
    floor.router.records().expect(&[ANSWERED], &["a001|accepted"]);
    floor.router.expect_all_ready(1);
}

#[test]
fn a_busy_phone_costs_the_caller_nothing_but_time() {
    let floor = Floor::with_phone("busy", 300);
    floor.call(&caller("caller"));
    floor.expect("answered||a001|1|2", &["a001|rejected", "a001|accepted"]);
}

#[test]
fn a_phone_that_nobody_answers_is_rona() {
    let floor = Floor::with_phone("silent", 300);
    floor.call(&caller("caller"));
    floor.expect("answered||a001|1|2", &["a001|no_answer", "a001|accepted"]);
}

#[test]
fn a_phone_that_says_nothing_at_all_is_rona_too() {
    let floor = Floor::with_phone("dead", 300);
    floor.call(&caller("caller"));
    floor.expect("answered||a001|1|2", &["a001|no_answer", "a001|accepted"]);
}

#[test]
fn a_lost_ack_is_waited_for() {
    let floor = Floor::with_phone("answers", 3_000);
    floor.call(&caller("caller_late_ack"));
    floor.expect(ANSWERED, &["a001|accepted"]);
}

#[test]
fn a_call_whose_ack_never_comes_is_ended_after_32_s() {
    let floor = Floor::with_phone("answers", 60_000);
    floor.call(&caller("caller_never_acks"));
    floor.router.records().expect(&[ANSWERED], &["a001|accepted"]);
    floor.router.expect_all_ready(1);
}

#[test]
fn a_lost_200_is_sent_again() {
    let floor = Floor::with_phone("answers", 1_000);
    floor.call(&caller("caller_misses_200"));
    floor.expect(ANSWERED, &["a001|accepted"]);
}

#[test]
fn a_duplicated_invite_is_one_call() {
    let floor = Floor::with_phone("answers", 300);
    floor.call(&caller("caller_duplicates"));
    floor.expect(ANSWERED, &["a001|accepted"]);
}

#[test]
fn an_agent_who_hangs_up_ends_the_call_for_the_caller() {
    let floor = Floor::with_phone("answers", 300);
    let log = floor.call(&caller("caller"));
    assert!(log.contains(" BYE "), "{log}");
    floor.expect(ANSWERED, &["a001|accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_desktop_that_dies_during_a_call_ends_no_call() {
    let floor = Floor::with(Site::new(), "answers", 2_000, Agent::desk);
    let mut desk = Desk::sign_in(floor.router.ready().desk, "a001").await;
    desk.be_ready().await;
    let (target, folder) = (floor.router.ready().sip_udp, floor.router.folder());
    let on_the_phone = caller("caller").calls(1, 1).start(target, folder);
    desk.offer().await;
    desk.until_state(AgentState::Talking).await;
    drop(desk);
    on_the_phone.finished(PATIENCE);
    floor.router.records().expect(&[ANSWERED], &["a001|accepted"]);
    floor.router.expect_all_ready(0);

    // She comes back and works on.
    let mut desk = Desk::sign_in(floor.router.ready().desk, "a001").await;
    desk.be_ready().await;
    let again = caller("caller").calls(1, 1).start(target, folder);
    desk.until_state(AgentState::Talking).await;
    again.finished(PATIENCE);
    floor.router.records().expect(&[ANSWERED, ANSWERED], &["a001|accepted", "a001|accepted"]);
    floor.router.expect_all_ready(1);
}

#[test]
fn an_unknown_number_is_404_and_no_record() {
    let floor = Floor::with_phone("answers", 300);
    floor.call(&Sipp::caller("caller_refused").dial("4711").with("STATUS", 404));
    floor.call(&caller("caller"));
    floor.router.records().expect(&[ANSWERED], &["a001|accepted"]);
}

#[test]
fn an_unknown_trunk_is_403_and_no_record() {
    let floor = Floor::with(Site::new().trunk("127.0.0.1/32"), "answers", 300, Agent::phone);
    floor.call(&Sipp::caller("caller_refused").dial("1500").ip("127.0.0.2").with("STATUS", 403));
    floor.call(&caller("caller"));
    floor.router.records().expect(&[ANSWERED], &["a001|accepted"]);
}
