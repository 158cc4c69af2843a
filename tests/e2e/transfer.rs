//! Callers given away, by phones (REFER) and at the desk: to a queue, an agent, a number outside.

use harness::{Desk, Router, Sipp, SippRun, Site, eventually, eventually_is, free_port, need_all};
use protocol::{AgentState, ClientMessage, ContactCause, ServerMessage, Transfer, TransferKind};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A queue `main` that only a001 serves, and a queue `sales` behind 1600 that only a002 does.
struct Shop {
    router: Router,
    /// Where the gateway to the outside is.
    gateway: u16,
    /// Where a002's phone is.
    second: u16,
}

impl Shop {
    fn open(first: u16, first_agent: &str) -> Self {
        let (gateway, second) = (free_port(), free_port());
        let agent = |id: &str, port: u16, skill: &str, more: &str| {
            format!(
                "[[agent]]\nid = \"{id}\"\nphone = \"sip:{id}@127.0.0.1:{port}\"\nskills = {{ {skill} = 5 }}\n{more}\n"
            )
        };
        let site = Site::new().queue("needs", "main").queue("wrap_up", "5s").more(&format!(
            "[[entry]]\nnumber = \"1600\"\nqueue = \"sales\"\n\
             [[queue]]\nname = \"sales\"\nneeds = \"sales\"\nwrap_up = \"0s\"\npop_budget = \"0ms\"\n\
             [[outside]]\nname = \"mobiles\"\nnumbers = [\"08*\"]\nvia = \"sip:127.0.0.1:{gateway}\"\nring = \"3s\"\n{}{}",
            agent("a001", first, "main", first_agent),
            agent("a002", second, "sales", "presence = \"always\""),
        ));
        Self { router: Router::start(&site), gateway, second }
    }
    fn sipp(&self, sipp: &Sipp) -> SippRun {
        sipp.start(self.router.ready().sip_udp, self.router.folder())
    }
    /// a001's phone refers its caller.
    fn refers(&self, port: u16, to: &str) -> SippRun {
        let phone = Sipp::new("phone_refers").port(port).with("RING", 50).with("TALK", 300);
        self.sipp(&phone.with("TARGET", to).calls(1, 1))
    }
    fn caller(&self) -> SippRun {
        self.sipp(&Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1))
    }
    fn transfers(&self) -> Vec<String> {
        let query = "SELECT queue, agent, kind, transferred_to, outcome, ifnull(status, '') FROM transfers ORDER BY visit";
        self.router.records().rows(query)
    }
    fn expect_transfers(&self, wanted: &[&str]) {
        let wanted: Vec<String> = wanted.iter().map(|row| (*row).to_owned()).collect();
        eventually_is("transfers recorded", Duration::from_secs(5), &wanted, || self.transfers());
    }
    fn visits(&self) -> Vec<String> {
        self.router
            .records()
            .rows("SELECT queue, outcome, reason, ifnull(agent, '') FROM queue_entries ORDER BY visit")
    }
}

const ALWAYS: &str = "presence = \"always\"";
const AT_DESK: &str = "token = \"t-a001\"";
/// What a phone hears that has given its caller away.
const TOLD: [&str; 3] = ["A a001 TOLD 100 active", "A a001 TOLD 200 terminated", "A a001 RELEASED"];

fn has_heard(phone: &str) {
    let heard: Vec<&str> =
        phone.lines().filter_map(|line| line.find("A a001").map(|at| &line[at..])).collect();
    assert_eq!(heard, TOLD, "{phone}");
}

#[test]
fn a_phone_gives_its_caller_to_a_queue_or_an_agent() {
    need_all(&["sipp", "sqlite3"]);
    for (target, recorded, second_visit) in [
        ("1600", "main|a001|queue|sales|completed|", "sales|answered||a002"),
        ("a002", "main|a001|agent|a002|completed|", "main|answered||a002"),
    ] {
        let port = free_port();
        let shop = Shop::open(port, ALWAYS);
        let (first, caller) = (shop.refers(port, target), shop.caller());
        let second = shop.sipp(&Sipp::phones(shop.second, 200, 500, "answers"));
        let log = caller.finished(PATIENCE);
        has_heard(&first.finished(PATIENCE));
        assert!(second.end().contains("A a002 "), "the other phone rang");
        let pointed: Vec<&str> =
            log.lines().filter_map(|line| line.split_once(" POINTED ")).map(|(_, to)| to).collect();
        assert_eq!(pointed.len(), 2, "to the music, and to the other phone: {log}");
        assert!(pointed[0].trim() != "42000" && pointed[1].trim() == "42000", "{log}");
        shop.expect_transfers(&[recorded]);
        let kind = recorded.split('|').nth(2).unwrap();
        let first_visit = format!("main|transferred|{kind}|a001");
        let visits = vec![first_visit, second_visit.to_owned()];
        eventually_is("visits", Duration::from_secs(5), &visits, || shop.visits());
        let calls = shop.router.records().calls();
        assert_eq!(calls, ["answered||a002|2|2"]);
    }
}

/// Her phone has talked to a002's over the PBX, and names that call.
#[test]
fn an_attended_transfer_takes_the_place_of_the_call_between_the_phones() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, ALWAYS);
    let second = shop.sipp(&Sipp::phones(shop.second, 50, 500, "answers"));
    let first =
        Sipp::new("phone_refers").port(port).with("RING", 50).with("TALK", 300).with("TARGET", "a002");
    let first = first.with("HEADERS", "?Replaces=77%40pbx%3Bfrom-tag%3Db%3Bto-tag%3Da");
    let (first, caller) = (shop.sipp(&first.calls(1, 1)), shop.caller());
    caller.finished(PATIENCE);
    has_heard(&first.finished(PATIENCE));
    let rung = second.end();
    assert!(rung.contains("R a002 REPLACES 77@pbx;to-tag=a;from-tag=b"), "{rung}");
    shop.expect_transfers(&["main|a001|agent|a002|completed|"]);
    assert_eq!(shop.router.records().number("SELECT consulted FROM transfers"), 1);
}

#[test]
fn a_phone_gives_its_caller_to_a_number_outside() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, ALWAYS);
    let gateway = shop.sipp(&Sipp::phones(shop.gateway, 200, 700, "answers"));
    let (first, caller) = (shop.refers(port, "08111234"), shop.caller());
    let outside = || shop.router.operator("/v1/floor").body.contains("\"outside\"");
    eventually("the floor shows it", PATIENCE, || outside().then_some(()));
    caller.finished(PATIENCE);
    has_heard(&first.finished(PATIENCE));
    let dialled = gateway.end();
    assert!(dialled.contains("A 08111234 ") && dialled.contains(" HANGUP "), "{dialled}");
    shop.expect_transfers(&["main|a001|outside|mobiles|completed|"]);
    assert_eq!(shop.router.records().calls(), ["transferred|outside|a001|1|1"]);
    let everything = shop.router.records().rows("SELECT * FROM transfers");
    assert!(!everything[0].contains("08111234"), "{everything:?}");
    let series = "sambung_transfers_total{outcome=\"completed\",queue=\"main\",to=\"outside\"}";
    assert_eq!(shop.router.metric(series), Some(1.0));
    expect_no_number_on_disk(&shop, "08111234");
}

/// Numbers stay out of the log.
fn expect_no_number_on_disk(shop: &Shop, number: &str) {
    for file in shop.router.stored_files() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("log-") {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(number.len()).any(|part| part == number.as_bytes()), "{name}");
        }
    }
}

#[test]
fn a_number_that_is_busy_brings_the_caller_back_to_the_queue() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, ALWAYS);
    let _gateway = shop.sipp(&Sipp::phones(shop.gateway, 50, 500, "busy"));
    let (first, caller) = (shop.refers(port, "08111234"), shop.caller());
    has_heard(&first.finished(PATIENCE));
    shop.expect_transfers(&["main|a001|outside|mobiles|rejected|486"]);
    // Her phone answers once more after her wrap-up; this time it hangs up.
    let _again = shop.sipp(&Sipp::phones(port, 50, 300, "answers"));
    caller.finished(PATIENCE);
    eventually_is("visits", Duration::from_secs(5), &2, || shop.visits().len());
    assert_eq!(shop.visits(), ["main|transferred|outside|a001", "main|answered||a001"]);
    assert_eq!(shop.router.records().calls(), ["answered||a001|2|2"]);
}

#[test]
fn what_may_not_be_is_refused_and_the_conversation_goes_on() {
    need_all(&["sipp", "sqlite3"]);
    for (target, status) in [("nobody", 404), ("1700", 403), ("0900123", 403), ("a001", 403), ("a002", 480)] {
        let port = free_port();
        let shop = Shop::open(port, ALWAYS);
        // The colleague talks to somebody else.
        let _busy = (target == "a002").then(|| {
            let phone = shop.sipp(&Sipp::phones(shop.second, 50, 20_000, "answers"));
            let other = Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1600").calls(1, 1);
            let other = shop.sipp(&other);
            let connected = || shop.router.operator("/v1/floor").body.contains("\"connected\"");
            eventually("they talk", PATIENCE, || connected().then_some(()));
            (phone, other)
        });
        let phone = Sipp::new("phone_refers_in_vain").port(port).with("RING", 50).with("TALK", 200);
        let phone = shop.sipp(&phone.with("TARGET", target).with("STATUS", status).calls(1, 1));
        let caller = shop.caller();
        phone.finished(PATIENCE);
        caller.finished(PATIENCE);
        let answered =
            "SELECT count(*) FROM calls WHERE outcome = 'answered' AND visits = 1 AND agent = 'a001'";
        eventually_is("calls", Duration::from_secs(5), &1, || shop.router.records().number(answered));
        assert_eq!(shop.transfers(), [""; 0], "{target}");
    }
}

#[test]
fn whoever_is_in_no_call_gives_nobody_away() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, ALWAYS);
    let phone = shop.sipp(&Sipp::phones(port, 50, 1_500, "answers"));
    let caller = shop.caller();
    let connected = || shop.router.operator("/v1/floor").body.contains("\"connected\"");
    eventually("they talk", PATIENCE, || connected().then_some(()));
    shop.sipp(&Sipp::new("refer_forged").calls(1, 1)).finished(PATIENCE);
    let log = caller.finished(PATIENCE);
    assert!(!log.contains("POINTED"), "nobody moved the caller: {log}");
    assert!(phone.end().contains(" HANGUP "), "the phone ended it");
    shop.router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);
    assert_eq!(shop.transfers(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_gives_her_caller_away_at_her_desk() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, AT_DESK);
    let _phone = shop.sipp(&Sipp::phones(port, 50, 30_000, "answers"));
    let mut desk = Desk::sign_in(shop.router.ready().desk, "a001").await;
    desk.be_ready().await;
    let caller = shop.caller();
    let contact_id = desk.offer().await;
    desk.until_state(AgentState::Talking).await;
    let ask = |target: &str| {
        let (contact_id, target) = (contact_id.clone(), target.to_owned());
        ClientMessage::Transfer(Transfer { contact_id, target, kind: TransferKind::Blind })
    };
    for (target, code) in
        [("queue:nowhere", "no_such_target"), ("0900 123", "number_refused"), ("a001", "to_yourself")]
    {
        desk.say(ask(target)).await;
        let fault = desk.until("a refusal", |frame| {
            let ServerMessage::Reply(reply) = frame.message else { return None };
            reply.error
        });
        assert_eq!(fault.await.code, code);
    }
    desk.say(ask("queue:sales")).await;
    let cause = desk.until("the end", |frame| {
        let ServerMessage::ContactStateChanged(changed) = frame.message else { return None };
        changed.cause
    });
    assert_eq!(cause.await, ContactCause::Transferred);
    desk.until_state(AgentState::WrapUp).await;
    let second = shop.sipp(&Sipp::phones(shop.second, 50, 300, "answers"));
    caller.finished(PATIENCE);
    assert!(second.end().contains("A a002 "));
    shop.expect_transfers(&["main|a001|queue|sales|completed|"]);
}

#[test]
fn after_a_restart_the_caller_of_a_transfer_under_way_waits_again_and_the_log_decides_the_same() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let mut shop = Shop::open(port, ALWAYS);
    let gateway = shop.sipp(&Sipp::phones(shop.gateway, 20_000, 500, "answers"));
    let (first, _caller) = (shop.refers(port, "08111234"), shop.caller());
    has_heard(&first.finished(PATIENCE));
    eventually("the number rings", PATIENCE, || gateway.log().contains("A 08111234 ").then_some(()));
    shop.router.kill();
    shop.router.start_again();
    let wanted = "main|a001|outside|mobiles|failed|".to_owned();
    eventually_is("the transfer", Duration::from_secs(5), &vec![wanted], || shop.transfers());
    let waiting = || shop.router.metric("sambung_calls_waiting{queue=\"main\"}");
    eventually_is("its caller waits again", PATIENCE, &Some(1.0), waiting);
    eventually("the ringing ends", PATIENCE, || gateway.log().contains(" CANCEL ").then_some(()));
    assert_eq!(shop.router.stop(), Some(0), "{}", shop.router.log());
    let (code, said) = shop.router.command(&["replay", "store"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn another_party_of_the_pbx_takes_the_callers_place_if_it_names_the_dialog_exactly() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(port, ALWAYS);
    let phone = shop.sipp(&Sipp::phones(port, 50, 60_000, "answers"));
    let old = shop.sipp(&Sipp::caller("caller_replaced").dial("1500").calls(1, 1));
    let named = || old.log().lines().find_map(|line| Some(line.split_once("C NAMED ")?.1.trim().to_owned()));
    let dialog = eventually("it is answered", PATIENCE, named);
    let who = |scenario: &str, replaces: &str| {
        Sipp::caller(scenario).with("REPLACES", replaces).dial("1500").calls(1, 1)
    };
    for (forged, status) in [
        (dialog.replace("from-tag=", "from-tag=x"), 481),
        (dialog.replace("to-tag=n1.", "to-tag=n1.0"), 481),
        (format!("x{dialog}"), 481),
        (format!("{dialog};early-only"), 486),
        (dialog.replace(";from-tag", ";x"), 400),
    ] {
        shop.sipp(&who("caller_replaces_in_vain", &forged).with("STATUS", status)).finished(PATIENCE);
    }
    let new = shop.sipp(&who("caller_replaces", &dialog).with("MEDIA", 40_010));
    old.finished(PATIENCE);
    let log = new.finished(PATIENCE);
    let pointed: Vec<&str> =
        log.lines().filter_map(|line| line.split_once(" POINTED ")).map(|(_, to)| to.trim()).collect();
    assert_eq!(pointed, ["42000"], "to the phone: {log}");
    let phone = phone.end();
    assert_eq!(phone.matches(" REINV ").count(), 1, "which learns where the new party is: {phone}");
    assert!(phone.contains(" BYE "), "and that it has gone: {phone}");
    shop.router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);
}
