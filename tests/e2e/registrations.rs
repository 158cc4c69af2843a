//! A foreign phone that registers with digest: refused with the wrong password, rung where it registered, also after a
//! restart, and not any more when it has taken its registration back.

use harness::{Router, Sipp, Site, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
const NEW_PASSWORD: &str = "Zt4-Mn81-Vr6c-Hy";

/// Registers `ann` from `port` for so long, as a phone does; `last` is the status it ends with.
fn registers(router: &Router, port: u16, password: &str, expires_s: u32, last: u16) {
    let phone = Sipp::new("phone_registers").port(port).dial("ann").calls(1, 1);
    let phone = phone.with("PHONE", port).with("PASSWORD", password).with("EXPIRES", expires_s);
    phone.with("FINAL", last).run(router.ready().sip_udp, router.folder(), SOON);
}

/// A call is placed and reaches the phone at `port`.
fn is_rung(router: &Router, port: u16) {
    let phones = Sipp::phones(port, 20, 100, "answers").start(router.ready().sip_udp, router.folder());
    Sipp::caller("caller").dial("1500").calls(1, 1).run(router.ready().sip_udp, router.folder(), SOON);
    assert!(phones.end().contains(" ANS "), "{}", router.log());
}

fn registered(router: &Router, agents: f64) {
    eventually_is("phones registered", SOON, &Some(agents), || router.metric("sambung_phones_registered"));
}

#[test]
fn a_phone_that_registers_is_rung_until_it_takes_that_back() {
    need_all(&["sipp", "sqlite3"]);
    let ann = format!(
        "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let digest = "digest = [\"md5\"]\n"; // SIPp knows no other, and stumbles over a choice
    let site =
        Site::new().fixed_ports().more(&ann).to_toml().replacen("[media]", &format!("{digest}[media]"), 1);
    let mut router = Router::start_on(&site);
    let port = free_port();

    registers(&router, port, "not-the-password", 600, 401);
    registered(&router, 0.0);
    registers(&router, port, PASSWORD, 600, 200);
    registered(&router, 1.0);
    is_rung(&router, port);

    router.kill();
    router.start_again();
    registered(&router, 1.0);
    is_rung(&router, port);

    // Another password while it runs: she stays registered, and the next time her phone has to know it.
    std::fs::write(router.folder().join("sambung.toml"), site.replace(PASSWORD, NEW_PASSWORD)).unwrap();
    let reloaded = router.command(&["reload", "--config", "sambung.toml"]);
    assert_eq!(reloaded, (Some(0), "changed: agent ann\n".to_owned()));
    registered(&router, 1.0);
    is_rung(&router, port);
    registers(&router, port, PASSWORD, 600, 401);

    registers(&router, port, NEW_PASSWORD, 0, 200);
    registered(&router, 0.0);
    let answered = "SELECT count(*) FROM calls WHERE outcome = 'answered' AND agent = 'ann'";
    eventually_is("calls answered", SOON, &3, || router.records().number(answered));
}
