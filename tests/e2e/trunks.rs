//! Trunks at which the router does something of its own accord, against foreign ones.

use harness::{Router, Sipp, Site, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "Wq8-kk2-Vd5-p0";

/// A site whose trunk has these further keys.
fn site(keys: &str) -> String {
    Site::new().to_toml().replacen("[[trunk]]", &format!("[[trunk]]\n{keys}"), 1)
}

fn metric(router: &Router, series: &str) -> Option<f64> {
    router.metric(&format!("sambung_{series}"))
}

#[test]
fn a_carrier_registers_us_renews_that_and_hears_that_we_go() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let registrar =
        Sipp::new("registrar").port(port).with("PASSWORD", PASSWORD).with("EXPIRES", 10).calls(1, 1);
    let registrar = registrar.start(([127, 0, 0, 1], port).into(), folder.path());
    let mut router = Router::start_on(&site(&format!(
        "address = \"sip:127.0.0.1:{port}\"\nuser = \"62215550100\"\npassword = \"{PASSWORD}\"\nregister = \"1h\"\n"
    )));
    let series = "trunk_registrations_total{outcome=\"registered\",trunk=\"pbx\"}";
    eventually_is("registered, and renewed", SOON, &Some(2.0), || metric(&router, series));
    assert_eq!(metric(&router, "trunk_registered{trunk=\"pbx\"}"), Some(1.0));
    let shown = router.operator("/v1/trunks").json();
    assert_eq!(shown["trunks"][0]["registration"], "registered", "{shown}");

    assert_eq!(router.stop(), Some(0));
    let log = registrar.finished(SOON);
    for told in [" PROVEN true ", " ASKED 7200 ", " RENEWED true ", " LEFT 0 "] {
        assert!(log.contains(told), "{told} in {log}");
    }
    assert!(!router.log().contains(PASSWORD) && !router.log().contains("62215550100"), "{}", router.log());
}

#[test]
fn a_trunk_is_up_while_it_answers_and_down_when_it_does_not() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let trunk = Sipp::new("probed").port(port).with("STATUS", 404).calls(1, 1);
    let trunk = trunk.start(([127, 0, 0, 1], port).into(), folder.path());
    let router = Router::start_on(&site(&format!("address = \"sip:127.0.0.1:{port}\"\nprobe = \"5s\"\n")));
    let state = |state: &str| metric(&router, &format!("trunk_state{{state=\"{state}\",trunk=\"pbx\"}}"));
    eventually_is("up", SOON, &Some(1.0), || state("up"));
    trunk.finished(SOON);
    eventually_is("down", SOON, &Some(1.0), || state("down"));
    assert_eq!((state("up"), state("unknown")), (Some(0.0), Some(0.0)));
    assert_eq!(router.operator("/v1/trunks").json()["trunks"][0]["state"], "down");
    assert!(router.log().contains("the trunk does not answer"), "{}", router.log());
}
