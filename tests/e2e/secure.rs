//! Desk and operator over HTTPS, and who is answered there.

use harness::{Agent, Authority, Desk, Router, Site, TlsFiles, curl, eventually, need_all};
use protocol::{ClientMessage, Ping};
use std::{
    fs,
    io::Read as _,
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const HEALTHCHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../router/packaging/healthcheck");
/// The router looks at its certificates every half minute.
const RENEWED_WITHIN: Duration = Duration::from_secs(45);

/// A router over HTTPS with one agent at a desktop, and two users of the operator's port.
fn open() -> (Router, TlsFiles, TempDir) {
    need_all(&["curl"]);
    let folder = tempfile::tempdir().unwrap();
    let files = Authority::new().make("router", folder.path());
    let site = Site::new().agent(Agent::desk("a001", 5910)).https(&files);
    let site = site.user("prometheus", "reader").user("night-shift", "operator");
    (Router::start(&site), files, folder)
}

fn https(at: SocketAddr, path: &str) -> String {
    format!("https://{at}{path}")
}

/// What an authority's clients get for a path, asked with these arguments.
fn status(ca: &Path, url: &str, arguments: &[&str]) -> u16 {
    curl(ca, &[&[url], arguments].concat()).0.status
}

#[test]
fn desk_and_operator_speak_https_and_tell_so_whoever_does_not() {
    let (router, files, _folder) = open();
    let ready = router.ready();
    let port = ready.operator.port().to_string();
    let healthy = || Command::new(HEALTHCHECK).arg(&port).status().unwrap().success().then_some(());
    eventually("the image's check says that calls are taken", Duration::from_secs(10), healthy);
    let (series, _) =
        curl(&files.ca, &[&https(ready.operator, "/metrics"), "-u", "prometheus:token-of-prometheus"]);
    let refused = "sambung_operator_refused_total{reason=\"tls\"} 0";
    assert!(series.body.contains(refused), "a check of ours is nobody refused: {}", series.body);
    for (at, path) in [(ready.desk, "/"), (ready.operator, "/healthz")] {
        let (answer, said) = curl(&files.ca, &[&https(at, path)]);
        assert_eq!((answer.status, said.as_str()), (200, ""), "{path}");
        assert!(answer.head.contains("strict-transport-security: max-age="), "{}", answer.head);
        assert!(answer.head.starts_with("http/1.1"), "{}", answer.head);
        let (_, said) = curl(&files.ca, &[&https(at, path), "--verbose"]);
        assert!(said.contains("server accepted http/1.1"), "{said}");
        let (clear, _) = curl(&files.ca, &[&format!("http://{at}{path}")]);
        assert_eq!(clear.status, 400, "{path}");
        assert!(clear.body.contains("https://"), "{}", clear.body);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Authority::new().make("other", elsewhere.path()).ca;
    let (stranger, said) = curl(&other, &[&https(ready.desk, "/"), "--verbose"]);
    assert_eq!(stranger.status, 0, "{said}");
    assert!(said.contains("TLS handshake, Certificate"), "it was shown one, and did not believe it: {said}");
}

#[test]
fn the_operator_s_users_sign_in_and_a_reader_may_not_drain() {
    let (router, files, _folder) = open();
    let at = |path| https(router.ready().operator, path);
    let ask = |path, arguments: &[&str]| status(&files.ca, &at(path), arguments);
    assert_eq!(ask("/readyz", &[]), 200);
    assert_eq!(ask("/metrics", &[]), 401);
    assert_eq!(ask("/metrics", &["-u", "prometheus:wrong"]), 401);
    assert_eq!(ask("/metrics", &["-u", "prometheus:token-of-prometheus"]), 200);
    assert_eq!(ask("/metrics", &["-H", "Authorization: Bearer token-of-prometheus"]), 200);
    let (reader, operator) =
        (["-u", "prometheus:token-of-prometheus"], ["-u", "night-shift:token-of-night-shift"]);
    let drain = |method, user: &[&str]| ask("/v1/drain", &[&["-X", method], user].concat());
    assert_eq!((drain("PUT", &[]), drain("PUT", &reader)), (401, 403));
    assert_eq!(ask("/readyz", &[]), 200);
    assert_eq!(drain("PUT", &operator), 200);
    assert_eq!(ask("/readyz", &[]), 503);
    let evil = ["-H", "Origin: https://evil.example", "-H", "Sec-Fetch-Site: cross-site"];
    assert_eq!(drain("DELETE", &[&operator[..], &evil].concat()), 403);
    assert_eq!((drain("DELETE", &operator), ask("/readyz", &[])), (200, 200));
    let guess = |n| ask("/metrics", &["-u", &format!("prometheus:guess-{n}")]);
    let guessed: Vec<u16> = (0..20).map(guess).collect();
    assert_eq!((guessed[0], guessed[19]), (401, 429), "{guessed:?}");
    let snapshot = https(router.ready().desk, "/v1/desk/snapshot");
    assert_eq!(status(&files.ca, &snapshot, &["-H", "Authorization: Bearer guess-0"]), 401);
    let series = curl(&files.ca, &[&[at("/metrics").as_str()][..], &operator].concat()).0.body;
    assert!(series.contains("sambung_desk_refused_total{reason=\"wrong_token\"} 1"), "{series}");
    let log = router.log();
    let lines =
        log.lines().filter(|line| line.contains("a token at the operator's port is not known")).count();
    assert_eq!(lines, 1, "{log}");
    assert!(!log.contains("token-of-") && !log.contains("guess-"), "{log}");
}

/// An address of this machine that is not loopback, if it has one.
fn address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?; // sends nothing
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn off_loopback_a_certificate_and_users_are_enough_and_who_guesses_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let files = Authority::new().make("router", folder.path());
    let site = Site::new().agent(Agent::desk("a001", 5910)).https(&files).user("prometheus", "reader");
    let everywhere = |toml: String, section: &str| {
        let listen = format!("[{section}]\nlisten = \"127.0.0.1:");
        assert!(toml.contains(&listen));
        toml.replace(&listen, &format!("[{section}]\nlisten = \"0.0.0.0:"))
    };
    let toml = everywhere(everywhere(site.to_toml(), "desk"), "operator");
    let toml = toml.replace("\"t-a001\"", "\"k8Wq2xLm9Rt4Zp7v\"");
    let router = Router::start_on(&toml);
    let (desk, operator) = (router.ready().desk, router.ready().operator);
    assert!(desk.ip().is_unspecified() && operator.ip().is_unspecified());
    assert!(!router.log().contains("without tls"), "{}", router.log());
    let here = IpAddr::from([127, 0, 0, 1]);
    assert_eq!(status(&files.ca, &https(SocketAddr::new(here, desk.port()), "/"), &[]), 200);
    let Some(outside) = address() else {
        println!("SKIPPED: this machine has no address but loopback");
        return;
    };
    // The certificate is for 127.0.0.1 alone.
    let ask = |ip, token: &str| {
        let url = https(SocketAddr::new(ip, operator.port()), "/metrics");
        status(&files.ca, &url, &["--insecure", "-u", &format!("prometheus:{token}")])
    };
    let guessed: Vec<u16> = (0..12).map(|n| ask(outside, &format!("guess-{n}"))).collect();
    assert_eq!((guessed[9], guessed[10]), (401, 429), "{guessed:?}");
    assert_eq!(ask(outside, "token-of-prometheus"), 200, "a colleague behind the same address");
    assert_eq!(ask(outside, "guess-12"), 429);
    assert_eq!(ask(here, "token-of-prometheus"), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_works_on_while_the_certificate_is_renewed() {
    let (router, files, folder) = open();
    let desk = router.ready().desk;
    let mut ann = Desk::sign_in_over_tls(desk, "a001", &files.ca).await;
    let ends = |ca: &Path| {
        let url = https(router.ready().operator, "/metrics");
        let series = curl(ca, &[&url, "-u", "prometheus:token-of-prometheus"]).0.body;
        let of = |line: &str| line.strip_prefix("sambung_certificate_expires_seconds ")?.parse::<f64>().ok();
        series.lines().find_map(of)
    };
    let end = ends(&files.ca);
    assert!(end.is_some_and(|end| end > 1.7e9));
    let old = folder.path().join("old-ca.pem");
    fs::rename(&files.ca, &old).unwrap();
    let renewed: PathBuf = Authority::new().ending(2031).make("router", folder.path()).ca;
    let (page, believed) = (https(desk, "/"), renewed.clone());
    let mut shown = tokio::task::spawn_blocking(move || {
        eventually("the new certificate is shown", RENEWED_WITHIN, || {
            (status(&believed, &page, &[]) == 200).then_some(())
        });
    });
    // A desktop that says nothing for 25 s is taken for lost.
    let mut beat = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            ended = &mut shown => break ended.unwrap(),
            _ = beat.tick() => ann.say(ClientMessage::Ping(Ping { t: 0 })).await,
        }
    }
    assert_eq!(status(&old, &https(desk, "/"), &[]), 0, "the old one is not shown any more");
    let renewed_end = ends(&renewed);
    assert!(renewed_end.is_some() && renewed_end != end, "{renewed_end:?}");
    // She has been connected all the time, over the certificate that there was.
    ann.be_ready().await;
    let again = Desk::sign_in_over_tls(desk, "a001", &renewed).await;
    drop((ann, again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_keeps_nobody_out_and_is_closed() {
    let (router, files, _folder) = open();
    let desk = router.ready().desk;
    let mut silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(desk).unwrap()).collect();
    let mut ann = Desk::sign_in_over_tls(desk, "a001", &files.ca).await;
    ann.be_ready().await;
    let last = silent.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(last.read(&mut [0; 16]).unwrap(), 0, "closed after 5 s");
}
