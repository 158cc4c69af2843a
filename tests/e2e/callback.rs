//! Callers who keep their place and are called back: the caller, the agent's phone and the gateway behind which customers are
//! called are SIPp's.

use harness::{
    Agent, Desk, Router, Sipp, SippRun, Site, eventually, eventually_is, free_port, need_all, send,
};
use protocol::{AgentState, ContactState, ServerMessage};
use std::{fs, process::Command, time::Duration};

const PATIENCE: Duration = Duration::from_secs(40);
/// What a caller shows, to which SIPp adds the number of its call, and how that is called.
const SHOWN: &str = "0811555000";
const CALLED: &str = "+628115550001";

/// One agent at a phone, and a gateway over which customers are called.
struct House {
    router: Router,
    phone: u16,
    gateway: u16,
}

impl House {
    fn open(agent: fn(&str, u16) -> Agent) -> Self {
        need_all(&["sipp", "sqlite3"]);
        let (phone, gateway) = (free_port(), free_port());
        let site = Site::new().fixed_ports().agent(agent("a001", phone));
        let site = site.queue("callback_pause", "10s").queue("callback_ring", "5s");
        let site = site.queue("callback_key", "1").more(&format!(
            "[[outside]]\nname = \"mobiles\"\nnumbers = [\"+628*\"]\nvia = \"sip:127.0.0.1:{gateway}\"\n"
        ));
        let keys = "name = \"main\"\ncallback = [\"mobiles\"]\ncallback_attempts = 2\ncallback_hourly = 4";
        let router = Router::start_on(&site.to_toml().replacen("name = \"main\"", keys, 1));
        Self { router, phone, gateway }
    }
    fn sipp(&self, sipp: &Sipp) -> SippRun {
        sipp.start(self.router.ready().sip_udp, self.router.folder())
    }
    /// The agent's phone; a conversation lasts so long unless the customer ends it.
    fn phone(&self, talk_ms: u32) -> SippRun {
        self.sipp(&Sipp::phones(self.phone, 50, talk_ms, "answers"))
    }
    /// Customers, of whom the first one does as `first` says.
    fn customers(&self, first: &str) -> SippRun {
        self.sipp(&Sipp::phones(self.gateway, 300, 700, first))
    }
    fn caller(&self, scenario: &str, shown: &str) -> SippRun {
        let caller = Sipp::caller(scenario).named(shown).with("DIGIT", "1").dial("1500");
        self.sipp(&caller.calls(1, 1))
    }
    /// Calls, presses the key, and is told by the reason of our BYE.
    fn keeps_place(&self) {
        let log = self.caller("caller_keeps_place", SHOWN).finished(PATIENCE);
        assert!(log.contains("You will be called back"), "{log}");
    }
    /// The agent takes calls, or does not.
    fn agent(&self, state: &str) {
        let wanted = format!("{{\"state\": \"{state}\"}}");
        assert_eq!(self.asks("POST", "/v1/agents/a001/state", &wanted).0, 200);
    }
    fn waiting(&self, count: f64) {
        let waiting = || self.router.metric("sambung_calls_waiting{queue=\"main\"}");
        eventually_is("who waits", PATIENCE, &Some(count), waiting);
    }
    /// Calls, visits and offers, in the order in which they came.
    fn expect(&self, calls: &[&str], visits: &[&str], offers: &[&str]) {
        let records = self.router.records();
        let wanted = [calls, visits, offers].map(|rows| rows.iter().map(|row| (*row).to_owned()).collect());
        eventually_is("records", PATIENCE, &wanted, || [records.calls(), records.visits(), records.offers()]);
        let identities =
            "SELECT count(*) FROM queue_entries WHERE outcome NOT IN ('answered', 'abandoned', 'flow_out')";
        assert_eq!(records.number(identities), 0);
        let twice = "SELECT count(*) - count(DISTINCT call) FROM calls";
        assert_eq!(records.number(twice), 0, "one record each");
        let left = "SELECT count(*) FROM calls WHERE visits <> (SELECT count(*) FROM queue_entries v WHERE v.call = calls.call)";
        assert_eq!(records.number(left), 0, "every visit is on record");
    }
    fn decides_the_same_again(&mut self) {
        assert_eq!(self.router.stop(), Some(0), "{}", self.router.log());
        let (code, said) = self.router.command(&["replay", "store"]);
        assert_eq!(code, Some(0), "{said}");
    }
    /// Status and body of an answer by the operator's port.
    fn asks(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let answer = send(self.router.ready().operator, method, path, &[], body);
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }
    /// Nobody's number stands in the log, among the series, or in what the router said.
    fn is_discreet(&self) {
        let number = &SHOWN[1..];
        let logs = self.router.stored_files().into_iter();
        let logs = logs.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("log-"));
        for file in logs {
            let bytes = fs::read(&file).unwrap();
            assert!(!bytes.windows(number.len()).any(|part| part == number.as_bytes()), "{file:?}");
        }
        assert!(!self.router.operator("/metrics").body.contains(number));
        assert!(!self.router.log().contains(number), "{}", self.router.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_caller_keeps_the_place_and_is_called_when_the_turn_has_come() {
    let mut house = House::open(Agent::desk);
    house.keeps_place();
    let behind = house.caller("caller", "0811555999");
    house.waiting(2.0);
    house.is_discreet();
    let (phone, customers) = (house.phone(3_000), house.customers("answers"));
    let mut desk = Desk::sign_in(house.router.ready().desk, "a001").await;
    desk.be_ready().await;
    let offered = desk.until("the offer", |frame| {
        let ServerMessage::ContactOffered(offered) = frame.message else { return None };
        Some(offered)
    });
    let offered = offered.await;
    assert!(offered.callback, "{offered:?}");
    desk.until_contact(ContactState::Dialling).await;
    desk.until_contact(ContactState::Connected).await;
    desk.until_contact(ContactState::Ended).await;
    // The one who came later is next.
    desk.until_state(AgentState::Talking).await;
    behind.finished(PATIENCE);
    let customers = customers.end();
    assert!(
        customers.contains(&format!("A {CALLED} 1500 ")),
        "who is called sees the number dialled: {customers}"
    );
    assert!(customers.contains(" HANGUP "), "{customers}");
    let phone = phone.end();
    assert!(phone.contains(&format!("A a001 {CALLED} ")), "her phone shows who is called: {phone}");
    house.expect(
        &["flow_out|callback||1|0", "answered||a001|1|1", "answered||a001|1|1"],
        &["flow_out|callback|", "answered||a001", "answered||a001"],
        &["a001|accepted", "a001|accepted"],
    );
    house.is_discreet();
    house.decides_the_same_again();
}

#[test]
fn a_customer_who_does_not_answer_is_called_again_after_a_pause_and_not_for_ever() {
    let mut house = House::open(Agent::phone);
    house.agent("not_ready");
    house.keeps_place();
    let (_phone, customers) = (house.phone(20_000), house.customers("busy"));
    house.agent("ready");
    house.expect(
        &["flow_out|callback||1|0", "answered||a001|2|2"],
        &["flow_out|callback|", "flow_out|not_reached|", "answered||a001"],
        &["a001|not_reached", "a001|accepted"],
    );
    let log = customers.end();
    assert!(log.contains(" REFUSED ") && log.contains(" HANGUP "), "{log}");
    let paused = "SELECT (max(entered_at) - min(left_at)) / 1000000 FROM queue_entries WHERE call = (SELECT call FROM calls WHERE offers = 2)";
    assert!((10..13).contains(&house.router.records().number(paused)));
    // Nobody is behind that port any more: twice in vain, and it is over.
    house.agent("not_ready");
    house.keeps_place();
    house.agent("ready");
    let given_up = || house.router.records().calls().last().cloned();
    eventually_is("it is over", PATIENCE, &Some("flow_out|not_reached||2|2".to_owned()), given_up);
    house.is_discreet();
    house.decides_the_same_again();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_calls_again_has_the_place_and_is_not_called_as_well() {
    let mut house = House::open(Agent::desk);
    let customers = house.customers("answers");
    house.keeps_place();
    let between = house.caller("caller", "0811555999");
    house.waiting(2.0);
    let again = house.caller("caller", SHOWN);
    eventually_is("the request is over", PATIENCE, &2, || house.router.records().calls().len());
    house.waiting(2.0);
    let _phone = house.phone(300);
    let mut desk = Desk::sign_in(house.router.ready().desk, "a001").await;
    desk.be_ready().await;
    again.finished(PATIENCE);
    between.finished(PATIENCE);
    house.expect(
        &["flow_out|callback||1|0", "flow_out|called_again||1|0", "answered||a001|1|1", "answered||a001|1|1"],
        &["flow_out|callback|", "flow_out|called_again|", "answered||a001", "answered||a001"],
        &["a001|accepted", "a001|accepted"],
    );
    let order = "SELECT caller = (SELECT caller FROM calls WHERE reason = 'callback') FROM calls WHERE outcome = 'answered' ORDER BY answered_at";
    assert_eq!(house.router.records().rows(order), ["1", "0"], "the place was held");
    assert_eq!(customers.end(), "", "nobody was called");
    house.decides_the_same_again();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_outlives_the_process_that_took_it() {
    let mut house = House::open(Agent::desk);
    house.keeps_place();
    house.router.kill();
    house.router.start_again();
    house.waiting(1.0);
    let (_phone, customers) = (house.phone(20_000), house.customers("answers"));
    let mut desk = Desk::sign_in(house.router.ready().desk, "a001").await;
    desk.be_ready().await;
    desk.until_contact(ContactState::Connected).await;
    desk.until_contact(ContactState::Ended).await;
    assert!(customers.end().contains(&format!("A {CALLED} 1500 ")), "the number was kept");
    house.expect(
        &["flow_out|callback||1|0", "answered||a001|1|1"],
        &["flow_out|callback|", "answered||a001"],
        &["a001|accepted"],
    );
    house.is_discreet();
    house.decides_the_same_again();
}

#[test]
fn a_process_that_dies_while_the_customer_rings_gives_both_up_and_calls_again() {
    let mut house = House::open(Agent::phone);
    house.agent("not_ready");
    house.keeps_place();
    let (phone, customers) = (house.phone(20_000), house.customers("silent"));
    house.agent("ready");
    eventually("the customer rings", PATIENCE, || customers.log().contains(" INV ").then_some(()));
    house.router.kill();
    house.router.start_again();
    eventually("the ringing ends", PATIENCE, || customers.log().contains(" CANCEL ").then_some(()));
    eventually("her phone is told", PATIENCE, || phone.log().contains(" BYE ").then_some(()));
    house.expect(
        &["flow_out|callback||1|0", "answered||a001|1|2"],
        &["flow_out|callback|", "answered||a001"],
        &["a001|restart", "a001|accepted"],
    );
    assert!(customers.end().contains(" HANGUP "), "the second time they talked");
    house.is_discreet();
    house.decides_the_same_again();
}

/// Like the one of [`CALLED`], or of another number, from the time on if one is given.
fn wish(number: &str, not_before: Option<&str>) -> String {
    let mut wish = serde_json::json!({ "queue": "main", "number": number, "name": "Ibu Ani" });
    if let Some(at) = not_before {
        wish["not_before"] = at.into();
    }
    wish.to_string()
}

fn tomorrow() -> String {
    let date = Command::new("date").args(["-u", "-d", "+1 day", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn somebody_is_called_for_whom_it_was_asked_by_api() {
    let mut house = House::open(Agent::desk);
    let make = |body: &str| {
        let (status, answer) = house.asks("POST", "/v1/callbacks", body);
        let of = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        (status, of(&answer["call"]) + &of(&answer["error"]["code"]))
    };
    let (status, call) = make(&wish("0811-5550-001", None));
    assert_eq!((status, call.len()), (201, 26), "{call}");
    assert_eq!(make(&wish(CALLED, None)), (409, "request_stands".to_owned()));
    assert_eq!(make(&wish("+1 202 555 0100", None)), (403, "number_refused".to_owned()));
    assert_eq!(make(&wish("no number", None)), (403, "number_refused".to_owned()));
    let nowhere = wish(CALLED, None).replace("main", "nowhere");
    assert_eq!(make(&nowhere), (404, "no_such_target".to_owned()));
    assert_eq!(make("{}"), (400, "bad_body".to_owned()));
    assert_eq!(make(&wish(CALLED, Some("2101-01-01"))), (400, "bad_body".to_owned()));
    let (status, later) = make(&wish("08115550002", Some(&tomorrow())));
    assert_eq!(status, 201, "{later}");
    let (_, listed) = house.asks("GET", "/v1/callbacks", "");
    let listed = listed["callbacks"].as_array().unwrap().clone();
    let of = |row: usize, key: &str| listed[row][key].as_str().unwrap_or("-").to_owned();
    let rows = [0, 1].map(|row| [of(row, "state"), of(row, "number"), of(row, "name"), of(row, "of")]);
    let wanted = [["queued", CALLED, "Ibu Ani", "-"], ["later", "+628115550002", "Ibu Ani", "-"]];
    assert_eq!(rows, wanted.map(|row| row.map(str::to_owned)));
    let withdraw = |id: &str| house.asks("DELETE", &format!("/v1/callbacks/{id}"), "").0;
    assert_eq!([withdraw(&later), withdraw(&later), withdraw("nobody")], [200, 404, 400]);
    assert_eq!(make(&wish("08115550003", None)).0, 201);
    assert_eq!(make(&wish("08115550004", None)), (429, "too_many_requests".to_owned()));

    house.router.kill();
    house.router.start_again();
    let (_phone, customers) = (house.phone(20_000), house.customers("answers"));
    let mut desk = Desk::sign_in(house.router.ready().desk, "a001").await;
    desk.be_ready().await;
    house.expect(
        &["answered||a001|1|1", "flow_out|withdrawn||0|0", "answered||a001|1|1"],
        &["answered||a001", "answered||a001"],
        &["a001|accepted", "a001|accepted"],
    );
    let log = customers.end();
    let order = [CALLED, "+628115550003"].map(|number| log.find(&format!("A {number} ")));
    assert!(order[0].is_some() && order[0] < order[1], "{log}");
    house.is_discreet();
    house.decides_the_same_again();
}
