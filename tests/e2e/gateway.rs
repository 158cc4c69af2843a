//! Numbers outside over a foreign gateway that asks who we are: for the INVITE, and for what follows in the call.

use harness::{
    Authority, Kamailio, KamailioRun, Router, Sipp, SippRun, Site, TlsFiles, eventually_is, free_port,
    need_all,
};
use std::{net::SocketAddr, path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);
const USER: &str = "62215550100";
const PASSWORD: &str = "Wq8-kk2-Vd5-p0";

/// One agent, whose phone gives its caller to a number outside; the gateway is the trunk at `address`.
struct Shop {
    router: Router,
    phone: u16,
}

impl Shop {
    fn open(site: Site, address: &str, password: &str) -> Self {
        let phone = free_port();
        let site = site.queue("wrap_up", "5s").more(&format!(
            "[[outside]]\nname = \"mobiles\"\nnumbers = [\"08*\"]\nvia = \"trunk:carrier\"\nring = \"8s\"\n\
             [[trunk]]\nname = \"carrier\"\nnetworks = [\"192.0.2.1\"]\naddress = \"{address}\"\nuser = \"{USER}\"\n\
             password = \"{password}\"\n\
             [[agent]]\nid = \"a001\"\nphone = \"sip:a001@127.0.0.1:{phone}\"\npresence = \"always\"\n"
        ));
        Self { router: Router::start(&site), phone }
    }
    fn sipp(&self, sipp: &Sipp) -> SippRun {
        sipp.start(self.router.ready().sip_udp, self.router.folder())
    }
    fn refers(&self) -> SippRun {
        let phone = Sipp::new("phone_refers").port(self.phone).with("RING", 50).with("TALK", 300);
        self.sipp(&phone.with("TARGET", "08111234").calls(1, 1))
    }
    /// Hangs up when it has heard the agent, the music and the number.
    fn leaves(&self) -> SippRun {
        let caller = Sipp::caller("caller_leaves").with("TIMES", 2).with("STAY", 700).with("MEDIA", 40_000);
        self.sipp(&caller.dial("1500").calls(1, 1))
    }
    fn expect_transfer(&self, wanted: &str) {
        let query = "SELECT outcome || '|' || ifnull(status, '') FROM transfers";
        let rows = || self.router.records().rows(query);
        eventually_is("the transfer", Duration::from_secs(10), &vec![wanted.to_owned()], rows);
    }
    /// Neither the log of the program nor what it keeps on disk holds the password.
    fn expect_no_password(&self) {
        assert!(!self.router.log().contains(PASSWORD), "{}", self.router.log());
        for file in self.router.stored_files() {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!found, "{}", file.display());
        }
    }
}

#[test]
fn a_gateway_that_asks_who_we_are_is_told_in_every_request() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let shop = Shop::open(Site::new(), &format!("sip:127.0.0.1:{port}"), PASSWORD);
    let gateway =
        Sipp::new("gateway_asks").port(port).with("PASSWORD", PASSWORD).with("SPEAKS", "RTP/AVP 8 0");
    let gateway = shop.sipp(&gateway.calls(1, 1));
    let (phone, caller) = (shop.refers(), shop.leaves());
    caller.finished(PATIENCE);
    phone.finished(PATIENCE);
    let log = gateway.finished(PATIENCE);
    let ack = format!(" ACK {USER} ");
    for told in [" INVITE 08111234 2 PROVEN true ", &ack, " REINVITE PROVEN true ", " BYE PROVEN true "] {
        assert!(log.contains(told), "{told} in {log}");
    }
    shop.expect_transfer("completed|");
    shop.expect_no_password();
}

#[test]
fn a_password_that_the_gateway_refuses_is_told_in_the_log() {
    need_all(&["sipp", "sqlite3", "kamailio"]);
    let (kamailio, folder) = (gateway(None), tempfile::tempdir().unwrap());
    let shop = Shop::open(Site::new(), &format!("sip:127.0.0.1:{}", kamailio.port), "not-the-password");
    let proxy = start(&kamailio, &shop, folder.path());
    let phone = shop.refers();
    let _caller = shop.sipp(&Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1));
    phone.finished(PATIENCE);
    shop.expect_transfer("failed|407");
    assert!(!proxy.log().contains("PROVEN"), "{}", proxy.log());
    assert!(shop.router.log().contains("the user or the password is refused"), "{}", shop.router.log());
}

fn gateway(tls: Option<TlsFiles>) -> Kamailio {
    Kamailio { port: free_port(), phones: free_port(), tls: tls.map(|files| (free_port(), files)) }
}

fn start(kamailio: &Kamailio, shop: &Shop, folder: &Path) -> KamailioRun {
    kamailio.start_as("gateway.cfg", &[("@PASSWORD@", PASSWORD)], shop.router.ready().sip_udp, "udp", folder)
}

/// A whole transfer over Kamailio, which takes no nonce twice.
fn calls_over(proto: &str, site: Site, address: impl Fn(&Kamailio) -> String, tls: Option<TlsFiles>) {
    need_all(&["sipp", "sqlite3", "kamailio"]);
    let (kamailio, folder) = (gateway(tls), tempfile::tempdir().unwrap());
    let shop = Shop::open(site, &address(&kamailio), PASSWORD);
    let proxy = start(&kamailio, &shop, folder.path());
    let at_gateway = SocketAddr::from(([127, 0, 0, 1], kamailio.port));
    let number =
        Sipp::phones(kamailio.phones, 200, 20_000, "answers").calls(1, 1).start(at_gateway, folder.path());
    let (phone, caller) = (shop.refers(), shop.leaves());
    caller.finished(PATIENCE);
    phone.finished(PATIENCE);
    shop.expect_transfer("completed|");
    let ended = || proxy.log().contains(&format!("PROVEN BYE {proto} {USER}"));
    eventually_is("the BYE is signed", PATIENCE, &true, ended);
    let dialled = number.finished(PATIENCE);
    assert!(dialled.contains("A 08111234 ") && dialled.contains(" BYE "), "{dialled}\n{}", proxy.log());
    assert!(proxy.log().contains(&format!("PROVEN INVITE {proto} {USER}")), "{}", proxy.log());
    assert!(proxy.log().contains(&format!("ASKED BYE {proto}")), "its nonce was used up: {}", proxy.log());
    shop.expect_no_password();
}

#[test]
fn a_number_that_rings_when_the_router_dies_is_cancelled_by_the_next() {
    need_all(&["sipp", "sqlite3", "kamailio"]);
    let (kamailio, folder) = (gateway(None), tempfile::tempdir().unwrap());
    let address = format!("sip:127.0.0.1:{}", kamailio.port);
    let mut shop = Shop::open(Site::new().fixed_ports(), &address, PASSWORD);
    let proxy = start(&kamailio, &shop, folder.path());
    let at_gateway = SocketAddr::from(([127, 0, 0, 1], kamailio.port));
    let number = Sipp::phones(kamailio.phones, 60_000, 100, "answers").calls(1, 1);
    let number = number.start(at_gateway, folder.path());
    let phone = shop.refers();
    let _caller = shop.sipp(&Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1));
    phone.finished(PATIENCE);
    eventually_is("the number rings", PATIENCE, &true, || number.log().contains(" INV "));
    shop.router.kill();
    shop.router.start_again();
    // It is the INVITE that was signed which is cancelled, by the branch of that one.
    assert!(number.finished(PATIENCE).contains(" CANCEL "), "{}", proxy.log());
    shop.expect_transfer("failed|"); // its caller waits again
    shop.expect_no_password();
}

#[test]
fn kamailio_as_the_gateway_over_udp() {
    calls_over("udp", Site::new(), |kamailio| format!("sip:127.0.0.1:{}", kamailio.port), None);
}

#[test]
fn kamailio_as_the_gateway_over_tcp() {
    let site = Site::new().sip("tcp", "127.0.0.1:0");
    calls_over("tcp", site, |kamailio| format!("sip:127.0.0.1:{};transport=tcp", kamailio.port), None);
}

#[test]
fn kamailio_as_the_gateway_by_sips() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (authority.make("router", folder.path()), authority.make("kamailio", folder.path()));
    let tls = format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\nca = \"{}\"\n",
        ours.certificate.display(),
        ours.key.display(),
        ours.ca.display()
    );
    let site = Site::new().sip("tls", "127.0.0.1:0").more(&tls);
    let address = |kamailio: &Kamailio| format!("sips:127.0.0.1:{}", kamailio.tls.as_ref().unwrap().0);
    calls_over("tls", site, address, Some(theirs));
}
