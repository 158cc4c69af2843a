//! A foreign phone of an agent and a foreign caller, who hear each other, and music.

use harness::{Baresip, Hears, Router, Site, eventually_is, need_all};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
const AGENTS_VOICE: u32 = 440;
const CALLERS_VOICE: u32 = 600;

/// Waits until a phone hears this.
fn until(who: &str, phone: &Baresip, wanted: Hears) {
    eventually_is(&format!("what {who} hears"), PATIENCE, &wanted, || phone.hears());
}

#[test]
fn a_phone_registers_answers_holds_and_retrieves_and_both_hear_what_they_should() {
    need_all(&["baresip", "sqlite3"]);
    let ann = format!(
        "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let digest = "digest = [\"md5\"]\n"; // baresip 1.0 knows no other
    let site = Site::new().more(&ann).to_toml().replacen("[media]", &format!("{digest}[media]"), 1);
    let router = Router::start_on(&site);
    let (at, folder) = (router.ready().sip_udp, router.folder());

    let caller =
        Baresip::start("caller", "<sip:+622155501@127.0.0.1:@PORT@>;regint=0", CALLERS_VOICE, folder);
    caller.command("dial", &format!("sip:1500@{at}"));
    until("the waiting caller", &caller, Hears::Else);

    let account = format!("<sip:ann@{at}>;auth_user=ann;auth_pass={PASSWORD};answermode=auto;regint=60");
    let phone = Baresip::start("ann", &account, AGENTS_VOICE, folder);
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
