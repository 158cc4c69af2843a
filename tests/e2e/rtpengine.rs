//! Media through an rtpengine: both sides hear each other, a hold has its music, and nothing is left behind.

use harness::{
    Agent, Baresip, Hears, Router, Rtpengine, Sipp, Site, eventually, eventually_is, free_port,
    judge::Testimony, need_all,
};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
const AGENTS_VOICE: u32 = 440;
const CALLERS_VOICE: u32 = 600;
const COLLEAGUES_VOICE: u32 = 880;
const CALLER: &str = "<sip:+622155501@127.0.0.1:@PORT@>;regint=0";

/// Waits until a phone hears this.
fn until(who: &str, phone: &Baresip, wanted: Hears) {
    eventually_is(&format!("what {who} hears"), PATIENCE, &wanted, || phone.hears());
}

/// A queue `main` that ann serves, whose phone registers; every conversation goes through `relay`.
fn start(relay: &Rtpengine) -> (Router, Baresip) {
    start_with(relay, "")
}

/// As [`start`], with `more` in the configuration.
fn start_with(relay: &Rtpengine, more: &str) -> (Router, Baresip) {
    let agent = format!(
        "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let site = Site::new().fixed_ports().more(&agent).more(more).to_toml();
    // baresip 1.0 knows no other digest.
    let relayed = format!("digest = [\"md5\"]\n[media]\nrtpengine = \"{}\"", relay.ng());
    let router = Router::start_on(&site.replacen("[media]", &relayed, 1));
    eventually_is("rtpengine is there", PATIENCE, &Some(1.0), || router.metric("sambung_rtpengine_up"));
    let phone = registered("ann", AGENTS_VOICE, &router, 1.0);
    (router, phone)
}

/// An agent's phone, which answers by itself; it is the `nth` to register.
fn registered(id: &str, voice_hz: u32, router: &Router, nth: f64) -> Baresip {
    let at = router.ready().sip_udp;
    let account = format!("<sip:{id}@{at}>;auth_user={id};auth_pass={PASSWORD};answermode=auto;regint=60");
    let phone = Baresip::start(id, &account, voice_hz, router.folder());
    eventually_is("phones registered", PATIENCE, &Some(nth), || router.metric("sambung_phones_registered"));
    phone
}

#[test]
fn a_conversation_goes_through_rtpengine_is_held_and_is_over_there_when_it_is_over() {
    need_all(&["baresip", "sqlite3", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let (router, phone) = start(&relay);

    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));
    let calls = relay.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    // Two seconds of both.
    eventually_is("RTP through rtpengine", PATIENCE, &true, || relay.packets(&calls[0]) > 200);

    phone.command("hold", "");
    until("the held caller", &caller, Hears::Else);
    phone.command("resume", "");
    until("the caller taken back", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));
    assert_eq!(relay.calls(), calls, "still the same call");

    caller.command("hangup", "");
    router.records().expect_count(1);
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    assert_eq!(router.metric("sambung_rtpengine_legs"), Some(0.0));
    let bypassed = |how: &str| router.metric(&format!("sambung_rtpengine_bypassed_total{{how=\"{how}\"}}"));
    assert_eq!((bypassed("direct"), bypassed("refused")), (Some(0.0), Some(0.0)));
    let log = router.log();
    assert!(!log.contains("c=IN") && !log.contains("+6221"), "{log}");
}

#[test]
fn without_its_rtpengine_a_conversation_goes_directly() {
    need_all(&["baresip", "sqlite3", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let ng = relay.ng();
    let (router, phone) = start(&relay);
    drop(relay);

    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));
    assert_eq!(router.metric("sambung_rtpengine_up"), Some(0.0));
    assert!(router.metric("sambung_rtpengine_bypassed_total{how=\"direct\"}").unwrap() >= 2.0);
    caller.command("hangup", "");
    router.records().expect_count(1);
    router.expect_all_ready(1);

    let relay = Rtpengine::start_at(ng, folder.path());
    eventually_is("rtpengine is back", PATIENCE, &Some(1.0), || router.metric("sambung_rtpengine_up"));
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    eventually_is("rtpengine's calls", PATIENCE, &1, || relay.calls().len());
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    assert_eq!(router.log().matches("rtpengine does not answer").count(), 1, "told once");
}

#[test]
fn a_restart_ends_what_rang_and_leaves_who_talks_until_the_phone_hangs_up() {
    need_all(&["baresip", "sqlite3", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let (mut router, phone) = start(&relay);
    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    router.kill();
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));
    router.start_again();
    eventually_is("rtpengine is there", PATIENCE, &Some(1.0), || router.metric("sambung_rtpengine_up"));
    until("the agent after the restart", &phone, Hears::Tone(CALLERS_VOICE));
    assert_eq!(relay.calls().len(), 1, "the conversation goes on");
    phone.command("hangup", "");
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
}

#[test]
fn a_caller_given_to_a_colleague_goes_through_rtpengine_to_her_as_well() {
    need_all(&["baresip", "sqlite3", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let ben = format!(
        "[[entry]]\nnumber = \"1600\"\nqueue = \"sales\"\n[[queue]]\nname = \"sales\"\nneeds = \"sales\"\n\
         wrap_up = \"0s\"\npop_budget = \"0ms\"\n[[agent]]\nid = \"ben\"\npresence = \"always\"\n\
         phone = \"registered\"\nphone_password = \"{PASSWORD}\"\nskills = {{ sales = 5 }}\n"
    );
    // Ben's phone is not there yet, so that Ann is the one who is rung.
    let (router, ann) = start_with(&relay, &ben);
    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    let at = router.ready().sip_udp;
    caller.command("dial", &format!("sip:1500@{at}"));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    let ben = registered("ben", COLLEAGUES_VOICE, &router, 2.0);
    let first = relay.calls();
    ann.command("transfer", &format!("sip:1600@{at}"));
    until("the caller given away", &caller, Hears::Tone(COLLEAGUES_VOICE));
    until("the colleague", &ben, Hears::Tone(CALLERS_VOICE));
    eventually_is("rtpengine's calls", PATIENCE, &1, || relay.calls().len());
    assert_ne!(relay.calls(), first, "the leg to the colleague is another one");
    caller.command("hangup", "");
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
}

#[test]
fn calls_complete_while_rtpengine_comes_and_goes() {
    const AGENTS: usize = 40;
    const CALLS: u64 = 200;
    need_all(&["sipp", "sqlite3", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let (ng, port) = (relay.ng(), free_port());
    let site = Site::new().agents(AGENTS, |id| Agent::phone(id, port)).to_toml();
    let relayed = format!("[media]\nrtpengine = \"{ng}\"");
    let router = Router::start_on(&site.replacen("[media]", &relayed, 1));
    eventually_is("rtpengine is there", PATIENCE, &Some(1.0), || router.metric("sambung_rtpengine_up"));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let phones = Sipp::phones(port, 20, 1_000, "answers").start(target, folder);
    let callers = Sipp::caller("caller").dial("1500").calls(CALLS as u32, 20).start(target, folder);

    let answered =
        || router.metric("sambung_calls_answered_total{queue=\"main\"}").unwrap_or_default() as u64;
    eventually("a quarter is answered", PATIENCE, || (answered() >= CALLS / 4).then_some(()));
    drop(relay);
    eventually("half is answered", PATIENCE, || (answered() >= CALLS / 2).then_some(()));
    let relay = Rtpengine::start_at(ng, folder);
    let callers = callers.finished(PATIENCE);

    router.records().expect_count(CALLS);
    router.expect_all_ready(AGENTS);
    let testimony = Testimony::read(&[&callers, &phones.end()]);
    assert_eq!(testimony.callers(), CALLS as usize);
    assert_eq!(testimony.not_connected_once(), [""; 0]);
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    assert_eq!(router.metric("sambung_rtpengine_legs"), Some(0.0));
    let offers = |outcome: &str| {
        let series = "sambung_rtpengine_questions_total{command=\"offer\",outcome=";
        router.metric(&format!("{series}\"{outcome}\"}}")).unwrap()
    };
    assert!(offers("done") >= CALLS as f64 / 4.0 && offers("no_answer") > 0.0 && offers("refused") == 0.0);
    println!("{} offers went through rtpengine, {} directly", offers("done"), offers("no_answer"));
}
