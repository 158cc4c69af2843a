//! Agents who ask before they give a caller away, from the desk, with SIPp's caller and phones.

use harness::{Desk, Router, Sipp, SippRun, Site, eventually, eventually_is, free_port, need_all};
use protocol::{
    AgentState, ClientMessage, ContactId, ContactRef, ContactState, ContactStateChanged, ServerMessage,
    Transfer, TransferKind,
};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A queue `main` that a001 serves from a desk, and `sales`, which a002 serves who is always there.
struct Shop {
    router: Router,
    first: u16,
    second: u16,
    gateway: u16,
}

impl Shop {
    fn open() -> Self {
        let [first, second, gateway] = [free_port(), free_port(), free_port()];
        let site = Site::new().queue("needs", "main").queue("wrap_up", "2s").more(&format!(
            "[[queue]]\nname = \"sales\"\nneeds = \"sales\"\nwrap_up = \"0s\"\npop_budget = \"0ms\"\n\
             [[outside]]\nname = \"mobiles\"\nnumbers = [\"08*\"]\nvia = \"sip:127.0.0.1:{gateway}\"\nring = \"3s\"\n\
             [[agent]]\nid = \"a001\"\nphone = \"sip:a001@127.0.0.1:{first}\"\nskills = {{ main = 5 }}\ntoken = \"t-a001\"\n\
             [[agent]]\nid = \"a002\"\nphone = \"sip:a002@127.0.0.1:{second}\"\nskills = {{ sales = 5 }}\n\
             presence = \"always\"\n"
        ));
        Self { router: Router::start(&site), first, second, gateway }
    }
    fn sipp(&self, sipp: &Sipp) -> SippRun {
        sipp.start(self.router.ready().sip_udp, self.router.folder())
    }
    fn phone(&self, port: u16, talk_ms: u32, how: &str) -> SippRun {
        self.sipp(&Sipp::phones(port, 50, talk_ms, how))
    }
    fn expect_transfers(&self, wanted: &[&str]) {
        let wanted: Vec<String> = wanted.iter().map(|row| (*row).to_owned()).collect();
        let query = "SELECT queue, agent, kind, transferred_to, outcome, ifnull(status, ''), consulted FROM transfers";
        let rows = || self.router.records().rows(query);
        eventually_is("transfers recorded", Duration::from_secs(5), &wanted, rows);
    }
}

/// Somebody at her desk, in a call.
struct Ann {
    desk: Desk,
    contact_id: ContactId,
}

impl Ann {
    async fn talks(shop: &Shop) -> (Self, SippRun) {
        let mut desk = Desk::sign_in(shop.router.ready().desk, "a001").await;
        desk.be_ready().await;
        let caller = Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1);
        let caller = shop.sipp(&caller);
        let contact_id = desk.offer().await;
        let mut ann = Self { desk, contact_id };
        ann.is(ContactState::Connected).await;
        (ann, caller)
    }
    async fn asks(&mut self, target: &str) {
        let (contact_id, target) = (self.contact_id.clone(), target.to_owned());
        let ask = Transfer { contact_id, target, kind: TransferKind::Consult };
        self.desk.say(ClientMessage::Transfer(ask)).await;
        let ringing = self.is(ContactState::Consulting).await;
        assert!(!ringing.consult.unwrap().answered, "nobody has answered yet");
    }
    fn of(&self) -> ContactRef {
        ContactRef { contact_id: self.contact_id.clone() }
    }
    /// Waits until her call is in this state.
    async fn is(&mut self, state: ContactState) -> ContactStateChanged {
        let changed = self.desk.until("the state of her call", |frame| {
            let ServerMessage::ContactStateChanged(changed) = frame.message else { return None };
            (changed.to == state).then_some(changed)
        });
        changed.await
    }
    async fn is_told(&mut self, code: &str) {
        let told = self.desk.until("an error", |frame| {
            let ServerMessage::Error(error) = frame.message else { return None };
            Some(error.code)
        });
        assert_eq!(told.await, code);
    }
}

/// Where the caller was pointed to, in order.
fn pointed(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| Some(line.split_once(" POINTED ")?.1.trim())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn she_talks_to_a_colleague_and_puts_the_caller_through() {
    need_all(&["sipp", "sqlite3"]);
    let shop = Shop::open();
    let (_first, second) =
        (shop.phone(shop.first, 60_000, "answers"), shop.phone(shop.second, 4_000, "answers"));
    let (mut ann, caller) = Ann::talks(&shop).await;
    ann.asks("queue:sales").await;
    let talks = ann.is(ContactState::Consulting).await.consult.unwrap();
    assert!(talks.answered && talks.with.is_some());
    let floor = || shop.router.operator("/v1/floor").body;
    eventually("the floor shows it", PATIENCE, || floor().contains("\"held\"").then_some(()));
    ann.desk.say(ClientMessage::Complete(ann.of())).await;
    ann.is(ContactState::Ended).await;
    ann.desk.until_state(AgentState::WrapUp).await;
    let log = caller.finished(PATIENCE);
    let pointed = pointed(&log);
    assert_eq!(
        (pointed.len(), pointed.last()),
        (2, Some(&"42000")),
        "to the music, then to her colleague: {log}"
    );
    assert!(second.end().contains(" HANGUP "), "the colleague ended it");
    shop.expect_transfers(&["main|a001|queue|sales|completed||1"]);
    let visits = "SELECT queue, outcome, reason, agent, hold_ms > 0 FROM queue_entries ORDER BY visit";
    let wanted = vec!["main|transferred|queue|a001|1".to_owned(), "sales|answered||a002|0".to_owned()];
    eventually_is("visits", Duration::from_secs(5), &wanted, || shop.router.records().rows(visits));
    let states = "SELECT count(*) FROM agent_states WHERE agent = 'a002' AND state = 'consulting'";
    assert_eq!(shop.router.records().number(states), 1);
    assert_eq!(shop.router.records().calls(), ["answered||a002|2|2"]);
    let offers = shop.router.records().rows("SELECT agent, outcome FROM offers ORDER BY attempt");
    assert_eq!(offers, ["a001|accepted", "a002|accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn she_goes_back_to_her_caller_whether_somebody_answered_or_not() {
    need_all(&["sipp", "sqlite3"]);
    let shop = Shop::open();
    let first = shop.phone(shop.first, 60_000, "answers");
    let (_second, _gateway) =
        (shop.phone(shop.second, 60_000, "answers"), shop.phone(shop.gateway, 50, "busy"));
    let (mut ann, caller) = Ann::talks(&shop).await;
    ann.asks("agent:a002").await;
    assert!(ann.is(ContactState::Consulting).await.consult.unwrap().answered);
    ann.desk.say(ClientMessage::Retrieve(ann.of())).await;
    ann.is(ContactState::Connected).await;
    ann.asks("08111234").await;
    ann.is_told("consult_failed").await;
    ann.is(ContactState::Connected).await;
    ann.desk.say(ClientMessage::HangUp(ann.of())).await;
    ann.is(ContactState::Ended).await;
    let log = caller.finished(PATIENCE);
    let pointed = pointed(&log);
    assert_eq!(pointed.len(), 4, "twice to the music and back: {log}");
    assert!(pointed[1] == "42000" && pointed[3] == "42000" && pointed[0] != "42000", "{log}");
    assert!(first.end().contains(" BYE "));
    shop.expect_transfers(&["main|a001|agent|a002|returned||1", "main|a001|outside|mobiles|rejected|486|1"]);
    assert_eq!(shop.router.records().calls(), ["answered||a001|1|1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_number_outside_is_asked_and_gets_the_caller_when_her_phone_hangs_up() {
    need_all(&["sipp", "sqlite3"]);
    let shop = Shop::open();
    let (_first, gateway) =
        (shop.phone(shop.first, 3_000, "answers"), shop.phone(shop.gateway, 6_000, "answers"));
    let (mut ann, caller) = Ann::talks(&shop).await;
    ann.asks("08111234").await;
    assert!(ann.is(ContactState::Consulting).await.consult.unwrap().answered);
    ann.is(ContactState::Ended).await; // her phone hangs up by itself, after three seconds
    let log = caller.finished(PATIENCE);
    assert_eq!(pointed(&log).last(), Some(&"42000"), "{log}");
    assert!(gateway.end().contains("A 08111234 "));
    shop.expect_transfers(&["main|a001|outside|mobiles|completed||1"]);
    assert_eq!(shop.router.records().calls(), ["transferred|outside|a001|1|1"]);
}
