//! Trunks and phones that are known by name, found through a foreign DNS server.

use harness::{Dns, Router, Sipp, Site, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn site(dns: &Dns) -> String {
    let toml = Site::new().to_toml();
    toml.replacen("[media]", &format!("dns = [\"{}\"]\n[media]", dns.address()), 1)
}

fn agent(phone: &str) -> String {
    format!("[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"{phone}\"\n")
}

#[test]
fn a_phone_is_rung_where_dns_says_and_also_when_dns_is_gone() {
    need_all(&["sipp", "sqlite3", "dnsmasq"]);
    let port = free_port();
    let dns = Dns::start(&[
        "--host-record=ann.phones.test,127.0.0.1".to_owned(),
        format!("--srv-host=_sip._udp.phones.test,ann.phones.test,{port},10,0"),
    ]);
    let router = Router::start_on(&(site(&dns) + &agent("sip:ann@phones.test")));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 20, 100, "answers").start(target, folder);
    let call = || Sipp::caller("caller").dial("1500").calls(1, 1).run(target, folder, SOON);
    call();
    drop(dns);
    call();
    let rows = ["answered||ann|1|1", "answered||ann|1|1"];
    router.records().expect(&rows, &["ann|accepted", "ann|accepted"]);
}

#[test]
fn a_trunk_is_found_by_naptr_and_its_next_address_is_tried() {
    need_all(&["sipp", "sqlite3", "dnsmasq"]);
    let (nobody, port) = (free_port(), free_port());
    let dns = Dns::start(&[
        "--naptr-record=carrier.test,10,10,s,SIP+D2T,,_sip._tcp.x.carrier.test".to_owned(),
        "--naptr-record=carrier.test,20,10,s,SIP+D2U,,_sip._udp.x.carrier.test".to_owned(),
        format!("--srv-host=_sip._tcp.x.carrier.test,a.carrier.test,{nobody},1,1"),
        format!("--srv-host=_sip._udp.x.carrier.test,a.carrier.test,{port},1,1"),
        "--host-record=a.carrier.test,127.0.0.1".to_owned(),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let trunk = Sipp::new("probed").port(port).with("STATUS", 200).calls(1, 1);
    let trunk = trunk.start(([127, 0, 0, 1], port).into(), folder.path());
    let keys = "[[trunk]]\naddress = \"sip:carrier.test\"\nprobe = \"5s\"";
    let router = Router::start_on(&site(&dns).replacen("[[trunk]]", keys, 1));
    let up = || router.metric("sambung_trunk_state{state=\"up\",trunk=\"pbx\"}");
    eventually_is("up", SOON, &Some(1.0), up);
    trunk.finished(SOON);
    let failed = router.operator("/metrics").body;
    let failed = failed.lines().filter_map(|line| line.strip_prefix("sambung_sip_connects_failed_total"));
    let failed: f64 = failed.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    assert!(failed >= 1.0, "TCP comes first, and nobody is there: {failed}");
}

#[test]
fn a_house_whose_names_cannot_be_asked_for_starts_and_says_so() {
    need_all(&["sipp", "sqlite3", "dnsmasq"]);
    let dns = Dns::start(&[]);
    let toml = site(&dns) + &agent("sip:ann@nowhere.test");
    drop(dns);
    let router = Router::start_on(&toml);
    eventually_is("it is told", SOON, &true, || router.log().contains("nowhere.test"));
    assert_eq!(router.operator("/readyz").status, 200);
    assert_eq!(router.operator("/healthz").status, 200);
}
