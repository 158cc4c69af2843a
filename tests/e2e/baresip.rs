//! A foreign phone of an agent and a foreign caller, who hear each other, and music.

use harness::{Baresip, Hears, Router, Site, eventually_is, need_all};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
const AGENTS_VOICE: u32 = 440;
const CALLERS_VOICE: u32 = 600;
const COLLEAGUES_VOICE: u32 = 880;

/// Waits until a phone hears this.
fn until(who: &str, phone: &Baresip, wanted: Hears) {
    eventually_is(&format!("what {who} hears"), PATIENCE, &wanted, || phone.hears());
}

/// A queue `main` that ann serves, whose phone registers, and what `more` says.
fn site(more: &str) -> String {
    let site = Site::new().queue("needs", "main").more(&agent("ann", "main")).more(more).to_toml();
    // baresip 1.0 knows no other digest.
    site.replacen("[media]", "digest = [\"md5\"]\n[media]", 1)
}

/// An agent with this skill whose phone registers.
fn agent(id: &str, skill: &str) -> String {
    format!(
        "[[agent]]\nid = \"{id}\"\npresence = \"always\"\nphone = \"registered\"\n\
         phone_password = \"{PASSWORD}\"\nskills = {{ {skill} = 5 }}\n"
    )
}

/// That phone; it answers by itself.
fn registered(id: &str, voice_hz: u32, router: &Router) -> Baresip {
    let at = router.ready().sip_udp;
    let account = format!("<sip:{id}@{at}>;auth_user={id};auth_pass={PASSWORD};answermode=auto;regint=60");
    Baresip::start(id, &account, voice_hz, router.folder())
}

#[test]
fn a_phone_registers_answers_holds_and_retrieves_and_both_hear_what_they_should() {
    need_all(&["baresip", "sqlite3"]);
    let router = Router::start_on(&site(""));
    let (at, folder) = (router.ready().sip_udp, router.folder());

    let caller =
        Baresip::start("caller", "<sip:+622155501@127.0.0.1:@PORT@>;regint=0", CALLERS_VOICE, folder);
    caller.command("dial", &format!("sip:1500@{at}"));
    until("the waiting caller", &caller, Hears::Else);

    let phone = registered("ann", AGENTS_VOICE, &router);
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));

    phone.command("hold", "");
    until("the held caller", &caller, Hears::Else);
    phone.command("resume", "");
    until("the caller taken back", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));

    phone.command("hangup", "");
    router.records().expect_count(1);
    router.expect_all_ready(1);
    let held = router.records().number("SELECT hold_ms FROM queue_entries WHERE outcome = 'answered'");
    assert!(held > 0, "no hold is on record");
}

#[test]
fn a_phone_transfers_its_caller_to_another_queue() {
    need_all(&["baresip", "sqlite3"]);
    let sales = format!(
        "[[entry]]\nnumber = \"1600\"\nqueue = \"sales\"\n[[queue]]\nname = \"sales\"\nneeds = \"sales\"\n\
         wrap_up = \"0s\"\npop_budget = \"0ms\"\nrona_pause = \"300ms\"\n{}",
        agent("ben", "sales")
    );
    let router = Router::start_on(&site(&sales));
    let at = router.ready().sip_udp;
    let [ann, ben] =
        [("ann", AGENTS_VOICE), ("ben", COLLEAGUES_VOICE)].map(|(id, hz)| registered(id, hz, &router));
    let account = "<sip:+622155501@127.0.0.1:@PORT@>;regint=0";
    let caller = Baresip::start("caller", account, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{at}"));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));

    ann.command("transfer", &format!("sip:1600@{at}"));
    until("the caller given away", &caller, Hears::Tone(COLLEAGUES_VOICE));
    until("the colleague", &ben, Hears::Tone(CALLERS_VOICE));
    let byes = "sambung_sip_messages_total{code_class=\"2xx\",direction=\"in\",method=\"BYE\"}";
    eventually_is("BYEs that phones have answered", PATIENCE, &Some(1.0), || router.metric(byes));
    caller.command("hangup", "");
    router.records().expect_count(1);
    let transfers = router.records().rows("SELECT agent, kind, transferred_to, outcome FROM transfers");
    assert_eq!(transfers, ["ann|queue|sales|completed"]);
    router.expect_all_ready(2);
}
