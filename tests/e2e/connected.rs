//! Phones that register over a connection and are rung on it: baresip over TCP and TLS.

use harness::{Authority, Baresip, Hears, Router, Site, Transport, eventually_is, need_all};
use std::{path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
const AGENTS_VOICE: u32 = 440;
const CALLERS_VOICE: u32 = 600;

fn until(who: &str, phone: &Baresip, wanted: Hears) {
    eventually_is(&format!("what {who} hears"), PATIENCE, &wanted, || phone.hears());
}

/// A site with an agent whose phone registers, and what that phone has to know for TLS.
fn site(authority: &Authority, folder: &Path) -> (String, String) {
    let (ours, hers) = (authority.make("router", folder), authority.make("ann", folder));
    let tls = format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        ours.certificate.display(),
        ours.key.display()
    );
    let ann = format!(
        "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let site =
        Site::new().sip("tcp", "127.0.0.1:0").sip("tls", "127.0.0.1:0").more(&tls).more(&ann).to_toml();
    // One file for both is what baresip takes.
    let both = [&hers.certificate, &hers.key].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    std::fs::write(folder.join("both.pem"), both).unwrap();
    let knows =
        format!("sip_certificate {}\nsip_cafile {}\n", folder.join("both.pem").display(), ours.ca.display());
    // baresip 1.0 knows no other digest.
    (site.replacen("[media]", "digest = [\"md5\"]\n[media]", 1), knows)
}

fn is_rung_where_it_registered(transport: Transport) {
    need_all(&["baresip", "sqlite3"]);
    let certificates = tempfile::tempdir().unwrap();
    let (toml, knows) = site(&Authority::new(), certificates.path());
    let router = Router::start_on(&toml);
    let (ready, folder) = (router.ready(), router.folder());
    let account = format!(
        "<sip:ann@{}{}>;auth_user=ann;auth_pass={PASSWORD};answermode=auto;regint=60",
        transport.target(ready),
        transport.parameter()
    );
    let phone = Baresip::start_with("ann", &account, AGENTS_VOICE, folder, &knows);
    eventually_is("registered", PATIENCE, &Some(1.0), || router.metric("sambung_phones_registered"));

    let caller =
        Baresip::start("caller", "<sip:+622155501@127.0.0.1:@PORT@>;regint=0", CALLERS_VOICE, folder);
    caller.command("dial", &format!("sip:1500@{}", ready.sip_udp));
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until("the agent", &phone, Hears::Tone(CALLERS_VOICE));
    phone.command("hold", "");
    until("the held caller", &caller, Hears::Else);
    phone.command("resume", "");
    until("the caller taken back", &caller, Hears::Tone(AGENTS_VOICE));
    caller.command("hangup", "");
    router.records().expect_count(1);
    router.expect_all_ready(1);

    // Nobody can reach it any more than its connection lasts.
    drop(phone);
    eventually_is("gone with its connection", PATIENCE, &Some(0.0), || {
        router.metric("sambung_phones_registered")
    });
}

#[test]
fn a_phone_that_registers_over_tcp_is_rung_on_its_connection() {
    is_rung_where_it_registered(Transport::Tcp);
}

#[test]
fn a_phone_that_registers_over_tls_is_rung_on_its_connection() {
    is_rung_where_it_registered(Transport::Tls);
}
