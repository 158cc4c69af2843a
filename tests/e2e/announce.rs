//! A waiting caller is welcomed, hears music, and is told the place in the queue, in clips that are joined.

use harness::{Baresip, Hears, Router, Site, eventually, eventually_is, need_all, tone};
use std::{fs, path::Path, process::Command, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);
/// What stands for the welcome, for "you are caller number", and for "one".
const WELCOME: u32 = 500;
const POSITION: u32 = 300;
const ONE: u32 = 700;
/// And for the key that keeps the place, and for that it is kept.
const OFFER: u32 = 600;
const KEPT: u32 = 800;

/// Every clip of English that `sambung check --clips` asks for, as a tone.
fn record(folder: &Path) {
    fs::create_dir_all(folder.join("clips/en")).unwrap();
    let listed = Command::new(harness::sambung()).args(["check", "--clips"]).output().unwrap().stdout;
    for line in String::from_utf8(listed).unwrap().lines().filter(|line| line.starts_with("en/")) {
        let (file, words) = line.split_once('\t').unwrap();
        let hz = match words {
            "You are caller number" => POSITION,
            "one" => ONE,
            "To be called back without losing your place, press" => OFFER,
            "Your place is kept, and we will call you back. Thank you" => KEPT,
            _ => 900,
        };
        fs::write(folder.join("clips").join(file), tone(hz, 1.5)).unwrap();
    }
    fs::write(folder.join("welcome.wav"), tone(WELCOME, 1.5)).unwrap();
}

#[test]
fn a_waiting_caller_is_welcomed_and_told_the_place() {
    need_all(&["baresip"]);
    let recorded = tempfile::tempdir().unwrap();
    record(recorded.path());
    let at = |name: &str| recorded.path().join(name).display().to_string();
    let site = Site::new().queue("welcome", &at("welcome.wav")).queue("announce_every", "10s");
    let toml = site.queue("language", "en").to_toml();
    let toml = toml.replacen("[media]", &format!("[media]\nclips = \"{}\"", at("clips")), 1);
    let toml = toml.replacen("language", "announce = [\"position\", \"wait\"]\nlanguage", 1);
    let router = Router::start_on(&toml);

    let account = "<sip:+622155501@127.0.0.1:@PORT@>;regint=0";
    let caller = Baresip::start("caller", account, 440, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    // Nobody was answered yet: of the wait nothing can be said.
    for wanted in [Hears::Tone(WELCOME), Hears::Else, Hears::Tone(POSITION), Hears::Tone(ONE), Hears::Else] {
        eventually_is("what the caller hears", PATIENCE, &wanted, || caller.hears());
    }
}

/// The caller's phone is a person's: keys go with the sound (RFC 4733).
#[test]
fn a_waiting_caller_hears_of_the_key_that_keeps_the_place_and_that_it_is_kept() {
    need_all(&["baresip", "sqlite3"]);
    let recorded = tempfile::tempdir().unwrap();
    record(recorded.path());
    let clips = recorded.path().join("clips").display().to_string();
    let site = Site::new().queue("announce_every", "10s").queue("language", "en").queue("callback_key", "1");
    let site =
        site.more("[[outside]]\nname = \"mobiles\"\nnumbers = [\"+628*\"]\nvia = \"sip:127.0.0.1:9\"\n");
    let toml = site.to_toml().replacen("[media]", &format!("[media]\nclips = \"{clips}\""), 1);
    let keys = "name = \"main\"\nannounce = [\"callback\"]\ncallback = [\"mobiles\"]";
    let router = Router::start_on(&toml.replacen("name = \"main\"", keys, 1));

    let account = "<sip:+628115550001@127.0.0.1:@PORT@>;regint=0";
    let caller = Baresip::start("caller", account, 440, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    for wanted in [Hears::Tone(OFFER), Hears::Tone(ONE), Hears::Else] {
        eventually_is("what the caller hears", PATIENCE, &wanted, || caller.hears());
    }
    caller.command("sndcode", "2");
    caller.command("sndcode", "1");
    eventually_is("what the caller hears", PATIENCE, &Hears::Tone(KEPT), || caller.hears());
    let callbacks = router.operator("/v1/callbacks").json()["callbacks"].clone();
    assert_eq!(callbacks[0]["number"], "+628115550001", "{callbacks}");
    eventually("we hang up", PATIENCE, || caller.log().contains("session closed").then_some(()));
    assert_eq!(router.records().calls(), ["flow_out|callback||1|0"]);
}
