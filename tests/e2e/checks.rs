//! The command line, as an administrator meets it.

use harness::{Agent, Router, Sipp, Site, free_port, need, sambung};
use std::{fs, io::Write, net::UdpSocket, process::Command, time::Duration};

/// Ten mistakes.
const MISTAKES: &str = r#"
[site]
zone = "Asia/Jakata"
[sip]
udp = "127.0.0.1:PORT"
udp_port = 5060
[desk]
listen = "127.0.0.1"
[[entry]]
number = "1500"
queue = "biling"
[[queue]]
name = "billing"
needs = "billing >="
answer_within = "20"
max_wait = "5m"
then = "queue:nowhere"
strategy = "random"
[[agent]]
id = "ann"
token = "change-me"
phone = "ann@somewhere"
presence = "sometimes"
"#;
/// The keys under which they are to be told.
const KEYS: [&str; 10] = [
    "site.zone",
    "sip.udp_port",
    "desk.listen",
    "entry[1500].queue",
    "queue[billing].needs",
    "queue[billing].answer_within",
    "queue[billing].then",
    "queue[billing].strategy",
    "agent[ann].phone",
    "agent[ann].presence",
];

#[test]
fn check_lists_every_mistake_under_its_key_and_binds_nothing() {
    // The SIP port is taken: a check that bound it would say so.
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    fs::File::create(&file).unwrap().write_all(MISTAKES.replace("PORT", &port).as_bytes()).unwrap();
    let output = Command::new(sambung()).arg("check").arg(&file).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(64), "{text}");
    for key in KEYS {
        assert_eq!(text.matches(&format!(" {key}: ")).count(), 1, "{key} in:\n{text}");
    }
    assert_eq!(text.lines().filter(|line| line.contains("wrong.toml:")).count(), KEYS.len(), "{text}");
    assert!(!text.to_lowercase().contains("in use"), "{text}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "check left something behind: {left:?}");
}

#[test]
fn replay_of_a_folder_without_a_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for (place, says) in [(".", "holds no log segments"), ("nowhere", "No such file")] {
        let output =
            Command::new(sambung()).args(["replay", place]).current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(says), "{text}");
    }
}

#[test]
fn check_passes_a_sound_file() {
    let router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    let (code, text) = router.command(&["check", "sambung.toml"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_file_with_next_to_nothing_in_it_runs() {
    let any_port = "[sip]\nudp = \"127.0.0.1:0\"\n[desk]\nlisten = \"127.0.0.1:0\"\n[operator]\nlisten = \"127.0.0.1:0\"\n";
    let router = Router::start_on(any_port);
    assert_eq!(router.operator("/readyz").status, 200);
}

#[test]
fn metrics_please_prometheus() {
    let router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    let mut promtool = Command::new(need("promtool"))
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(router.operator("/metrics").body.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn a_router_asked_to_end_ends_well() {
    let mut router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    assert_eq!(router.operator("/healthz").status, 200);
    assert_eq!(router.operator("/readyz").status, 200);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
}

#[test]
fn check_live_says_of_everything_whether_it_is_there_and_starts_nothing() {
    let (here, nobody) = (free_port(), free_port());
    let folder = tempfile::tempdir().unwrap();
    let phone = Sipp::new("probed").port(here).with("STATUS", 404).calls(1, 1);
    let phone = phone.start(([127, 0, 0, 1], here).into(), folder.path());
    let site = |ann: &str| {
        format!(
            "[[trunk]]\nname = \"pbx\"\nnetworks = [\"127.0.0.1\"]\n[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"{ann}\"\n"
        )
    };
    let live = |text: String| {
        fs::write(folder.path().join("site.toml"), text).unwrap();
        let mut check = Command::new(sambung());
        let output =
            check.args(["check", "--live", "site.toml"]).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = live(site(&format!("sip:ann@127.0.0.1:{here}")));
    assert!(code == Some(0) && said.contains("\nphone of ann: ok (answers 404)\n"), "{code:?} {said}");
    phone.finished(Duration::from_secs(10));
    let source = "[[source]]\nname = \"accounting\"\nkind = \"sqlite\"\nurl = \"none.db\"\n\
                  find = \"SELECT id, name FROM customers WHERE phone = :e164\"\n";
    let (code, said) = live(site(&format!("sip:ann@127.0.0.1:{nobody};transport=tcp")) + source);
    assert_eq!(code, Some(1), "{said}");
    for line in ["\nphone of ann: no connection\n", "\nsource accounting: find: "] {
        assert!(said.contains(line), "{line} in {said}");
    }
    let (code, said) = live(site(&format!("sip:ann@127.0.0.1:{nobody}")));
    assert!(code == Some(1) && said.contains("\nphone of ann: no answer within 2 s\n"), "{said}");
    assert!(!folder.path().join("sambung-data").exists(), "nothing was started");
}
