//! Several phones of one agent, phones at several places, and INVITEs that are long for a datagram.

use harness::{Dns, Router, Sipp, Site, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";

fn calls(router: &Router) -> String {
    Sipp::caller("caller").dial("1500").calls(1, 1).run(router.ready().sip_udp, router.folder(), SOON)
}

fn in_sip(site: &Site, keys: &str) -> String {
    site.to_toml().replacen("[media]", &format!("{keys}\n[media]"), 1)
}

fn agent(phone: &str) -> String {
    format!("[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"{phone}\"\n")
}

#[test]
fn all_phones_of_an_agent_ring_and_the_first_that_answers_has_the_call() {
    need_all(&["sipp", "sqlite3"]);
    let ann = format!("{}phone_password = \"{PASSWORD}\"\n", agent("registered"));
    // SIPp knows no other, and stumbles over a choice.
    let router = Router::start_on(&in_sip(&Site::new().more(&ann), "digest = [\"md5\"]"));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let ports = [free_port(), free_port(), free_port()];
    for port in ports {
        let phone = Sipp::new("phone_registers").port(port).dial("ann").calls(1, 1).with("PHONE", port);
        let phone = phone.with("PASSWORD", PASSWORD).with("EXPIRES", 600).with("FINAL", 200);
        phone.run(target, folder, SOON);
    }
    let slow = Sipp::phones(ports[0], 20_000, 100, "answers").start(target, folder);
    let busy = Sipp::phones(ports[1], 20_000, 100, "busy").start(target, folder);
    let quick = Sipp::phones(ports[2], 300, 300, "answers").start(target, folder);
    calls(&router);
    let said = quick.end();
    assert!(said.contains(" ANS ") && said.contains(" HANGUP "), "{said}");
    let said = slow.end();
    assert!(said.contains(" INV ") && said.contains(" CANCEL ") && !said.contains(" ANS "), "{said}");
    assert!(busy.end().contains(" INV "));
    router.records().expect(&["answered||ann|1|1"], &["ann|accepted"]);
}

#[test]
fn a_phone_is_rung_at_its_next_address_within_the_same_offer() {
    need_all(&["sipp", "sqlite3", "dnsmasq"]);
    let (nobody, port) = (free_port(), free_port());
    let dns = Dns::start(&[
        "--host-record=a.phones.test,127.0.0.1".to_owned(),
        format!("--srv-host=_sip._udp.phones.test,a.phones.test,{nobody},1,1"),
        format!("--srv-host=_sip._udp.phones.test,a.phones.test,{port},2,1"),
    ]);
    let keys = format!("dns = [\"{}\"]", dns.address());
    let router = Router::start_on(&(in_sip(&Site::new(), &keys) + &agent("sip:ann@phones.test")));
    let phone = Sipp::phones(port, 20, 100, "answers").start(router.ready().sip_udp, router.folder());
    calls(&router);
    calls(&router);
    assert_eq!(phone.end().matches(" ANS ").count(), 2);
    let rows = ["answered||ann|1|1", "answered||ann|1|1"];
    router.records().expect(&rows, &["ann|accepted", "ann|accepted"]);
}

#[test]
fn a_long_invite_goes_over_tcp_and_as_a_datagram_where_nobody_takes_the_connection() {
    need_all(&["sipp", "sqlite3"]);
    for over in ["t1", "u1"] {
        let port = free_port();
        let site = Site::new().sip("tcp", "127.0.0.1:0").more(&agent(&format!("sip:ann@127.0.0.1:{port}")));
        let router = Router::start_on(&in_sip(&site, "max_datagram = 500"));
        let phone = Sipp::phones(port, 20, 100, "answers").over(over);
        let phone = phone.start(router.ready().sip_udp, router.folder());
        calls(&router);
        assert!(phone.end().contains(" ANS "), "{over}: {}", router.log());
        let answered = || router.records().calls();
        eventually_is("the record", SOON, &vec!["answered||ann|1|1".to_owned()], answered);
    }
}
