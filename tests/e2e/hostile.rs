//! Callers who mean harm.

use harness::{Agent, Router, Sipp, Site, free_port, get_as, need_all};
use std::{fs, path::Path, time::Duration};

/// A display name that would run in a page, break a CSV row, end a JSON string and start a header.
const NAME: &str = r#""<script>alert(1)</script>\"',=cmd|'/C calc'!A0%0d%0aVia: SIP/2.0/UDP evil" "#;

#[test]
fn a_hostile_display_name_reaches_records_reports_and_log_harmlessly() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let router = Router::start(&Site::new().agent(Agent::phone("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 300, "answers").start(target, folder);
    let caller = Sipp::new("caller").with("DISPLAY", NAME).dial("1500").calls(1, 1);
    caller.run(target, folder, Duration::from_secs(30));
    router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);

    let calls = router.operator("/v1/calls").json();
    assert!(calls.to_string().contains("answered"), "{calls}");
    let csv = get_as(router.ready().operator, "/v1/calls", "text/csv").body;
    let columns = |line: &str| line.split(',').count();
    let mut lines = csv.lines();
    let header = lines.next().map(columns);
    assert!(lines.all(|line| Some(columns(line)) == header), "{csv}");
    for (what, text) in [("csv", csv), ("log", router.log()), ("metrics", router.operator("/metrics").body)] {
        assert!(!text.contains("<script>") && !text.contains("evil"), "{what}: {text}");
    }
    expect_no_name(&router.store());
}

/// Nothing but the `live` file, which holds what lives, may keep a name.
fn expect_no_name(folder: &Path) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let lives = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("live"));
        if path.is_dir() {
            expect_no_name(&path);
        } else if path.is_file() && !lives {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(b"<script>".len()).any(|window| window == b"<script>");
            assert!(!found, "{} keeps the caller's name", path.display());
        }
    }
}

#[test]
fn rubbish_from_the_network_disturbs_no_call() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let router = Router::start(&Site::new().agent(Agent::phone("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 300, "answers").start(target, folder);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let long = vec![b'A'; 60_000];
    for rubbish in
        [&b""[..], b"\r\n\r\n", b"\0\xff\xfe", b"INVITE sip:x SIP/2.0\r\n", b"SIP/2.0 200\r\n\r\n", &long]
    {
        socket.send_to(rubbish, target).unwrap();
    }
    Sipp::caller("caller").dial("1500").calls(1, 1).run(target, folder, Duration::from_secs(30));
    router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);
}
