//! The operator's HTTP: a real server, a real store, plain sockets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod records_support;

use acd::{
    CallId, Event, Timestamp,
    plan::{EntryPlan, Plan, QueuePlan},
    sim::{Floor as Shift, a_queue, an_agent},
};
use config::{OperatorRole, OperatorUser};
use jiff::tz::TimeZone;
use porter::Entrance;
use records_support::{Book, Following, block_on, eventually};
use router::{
    clock::Clock,
    drain::Drain,
    http::{self, Historian, HttpState, Users},
    inbox::Door,
    log::{FileLog, Reader as LogReader, StoreLock},
    records::Reader,
    trunks::TrunkBoard,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

const QUEUE_COLUMNS: &str = "queue,waiting,offered,connected,longest_wait_s,agents_ready,agents_staffed,ewt_method,ewt_p50_s,ewt_p80_s";

fn users() -> [OperatorUser; 3] {
    let user = |name: &str, role| OperatorUser {
        name: name.to_owned(),
        role,
        token: config::Secret::new(format!("token-of-{name}")),
    };
    [
        user("prometheus", OperatorRole::Reader),
        user("sue", OperatorRole::Supervisor),
        user("ops", OperatorRole::Operator),
    ]
}

/// A shop with its operator's port.
struct Shop {
    shift: Shift,
    written: usize,
    following: Following,
    state: Arc<HttpState>,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
    /// The error's message.
    fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

impl Shop {
    /// Two queues, `billing` and `sales`; every number that is no queue's leads to billing. Ann is ready.
    fn open() -> Self {
        Self::open_from(0)
    }
    /// Entries up to `live_from` do not count in the metrics.
    fn open_from(live_from: u64) -> Self {
        Self::open_for(live_from, &[])
    }
    /// With users: `prometheus`, who reads, `sue`, who sets states, and `ops`, who may do everything.
    fn with_users() -> Self {
        Self::open_for(0, &users())
    }
    fn open_for(live_from: u64, users: &[OperatorUser]) -> Self {
        Self::open_with(live_from, users, None)
    }
    /// With somebody behind the door.
    fn open_with(live_from: u64, users: &[OperatorUser], brain: Option<Door>) -> Self {
        let entry = |number: &str, queue: &str| EntryPlan {
            number: number.to_owned(),
            queue: queue.to_owned(),
            priority: 5,
            hours: None,
        };
        let plan = Plan {
            queues: vec![
                QueuePlan { needs: "billing".parse().unwrap(), ..a_queue("billing") },
                QueuePlan { answer_within: Duration::from_secs(25), ..a_queue("sales") },
            ],
            entries: vec![entry("sales", "sales"), entry("*", "billing")],
            agents: vec![an_agent("ann", &[("billing", 7)]), an_agent("ben", &[])],
            ..Plan::default()
        };
        let mut shift = Shift::new(plan);
        shift.ready("ann");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let following = Following::start(&Book::of(&shift.log), &path, live_from);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(HttpState {
            clock: Clock::start(Timestamp::default(), None).hand(),
            records: Reader::new(&path),
            floor: Arc::clone(&following.floor),
            metrics: Arc::clone(&following.metrics),
            ready: AtomicBool::new(false),
            drain: Drain::default(),
            trunks: Arc::new(TrunkBoard::new([("pbx".to_owned(), true)])),
            hours: Arc::default(),
            zone: TimeZone::posix("<+0545>-5:45").unwrap(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            hosts: ["router.example", "203.0.113.7", "2001:db8::7"].map(str::to_owned).into(),
            entrance: Entrance::open(),
            users: Arc::new(Users::new(users)),
            brain,
            rules: None,
            historian: Historian::new(folder.path()),
        });
        let served = Arc::clone(&state);
        block_on(async { drop(tokio::spawn(http::serve(listener, served))) });
        eventually("the store is there", || path.exists());
        let written = shift.log.len();
        let shop = Self { shift, written, following, state, address, _folder: folder };
        shop.following.catch_up();
        shop
    }
    /// Puts what has happened into the log, and waits for the floor.
    fn log(&mut self) {
        self.following.book.write(&self.shift.log[self.written..]);
        self.written = self.shift.log.len();
        self.following.catch_up();
    }
    /// The same, and waits for the store.
    fn settle(&mut self) {
        self.log();
        let last = self.following.book.last();
        let sql = "SELECT number FROM followed";
        eventually("the store has it", || {
            records_support::count(&self.following.path, sql) == i64::try_from(last).unwrap()
        });
    }
    /// Puts what has happened into a log in the store's folder.
    fn keep_log(&self) {
        let folder = self._folder.path();
        let lock = StoreLock::take(folder).unwrap();
        let mut log = FileLog::open(lock, LogReader::after(folder, 0).unwrap(), |_| {}).unwrap();
        self.shift.log.iter().for_each(|entry| log.append(entry).unwrap());
        log.commit();
    }
    /// A call that is answered after `wait`, talked for a minute and wrapped up.
    fn serve(&mut self, number: &str, wait: u64) -> CallId {
        let call = self.shift.call(number);
        self.shift.pass(Duration::from_secs(wait));
        self.shift.answer(call);
        self.shift.pass(Duration::from_secs(60));
        self.shift.hang_up(call);
        self.shift.pass(Duration::from_secs(10));
        call
    }
    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &["Host: localhost"])
    }
    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let headers = headers.join("\r\n");
        write!(socket, "{method} {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

#[test]
fn the_process_is_alive_before_it_is_ready() {
    let shop = Shop::open();
    assert_eq!(shop.get("/healthz").json()["status"], "ok");
    assert_eq!(shop.get("/readyz").status, 503);
    shop.state.set_ready(true);
    let ready = shop.get("/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &Value::Bool(true)));
}

#[test]
fn draining_is_switched_by_put_and_delete_and_shows_where_readiness_is_asked() {
    let shop = Shop::open();
    shop.state.set_ready(true);
    let state = |answer: Answer| answer.json()["draining"].as_bool().unwrap();
    assert!(!state(shop.get("/v1/drain")));
    let by = |method| shop.ask(method, "/v1/drain", &["Host: localhost", "Content-Length: 0"]);
    assert!(state(by("PUT")) && shop.state.drain.is_on());
    let ready = shop.get("/readyz");
    assert_eq!((ready.status, state(ready)), (503, true));
    assert_eq!(by("POST").status, 405, "what a page may send without asking switches nothing");
    assert_eq!(by("OPTIONS").status, 405, "and it may not ask");
    assert!(shop.state.drain.is_on());
    assert!(!state(by("DELETE")));
    assert_eq!(shop.get("/readyz").status, 200);
}

#[test]
fn the_series_are_those_of_the_contract_and_please_promtool() {
    let mut shop = Shop::open();
    shop.serve("1500", 3);
    let abandoned = shop.shift.call("sales");
    shop.shift.pass(Duration::from_secs(25));
    shop.shift.hang_up(abandoned);
    let _waiting = shop.shift.call("sales");
    shop.log();
    let text = shop.get("/metrics").body;
    for line in [
        r#"sambung_calls_offered_total{queue="billing"} 1"#,
        r#"sambung_calls_offered_total{queue="sales"} 2"#,
        r#"sambung_calls_answered_total{queue="billing"} 1"#,
        r#"sambung_answered_within_total{queue="billing"} 1"#,
        r#"sambung_calls_abandoned_total{queue="sales"} 1"#,
        r#"sambung_abandoned_within_total{queue="sales"} 1"#,
        r#"sambung_calls_flow_out_total{queue="sales",reason="overflow"} 0"#,
        r#"sambung_calls_flow_out_total{queue="sales",reason="max_wait"} 0"#,
        r#"sambung_offers_total{outcome="accepted",queue="billing"} 1"#,
        r#"sambung_offers_total{outcome="no_answer",queue="billing"} 0"#,
        r#"sambung_wait_seconds_bucket{outcome="answered",queue="billing",le="5"} 1"#,
        r#"sambung_wait_seconds_bucket{outcome="abandoned",queue="sales",le="20"} 0"#,
        r#"sambung_talk_seconds_sum{queue="billing"} 60"#,
        r#"sambung_wrap_up_seconds_sum{queue="billing"} 10"#,
        r#"sambung_calls_waiting{queue="sales"} 1"#,
        r#"sambung_agents{state="ready"} 0"#,
        r#"sambung_sip_messages_total{code_class="request",direction="in",method="INVITE"} 0"#,
        "sambung_log_degraded 0",
        "sambung_decision_seconds_count 0",
        "sambung_log_append_seconds_count 0",
        "sambung_pop_lead_seconds_count 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
    }
    assert!(text.contains("sambung_longest_wait_seconds{queue=\"sales\"}"));
    let Ok(mut promtool) = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
    else {
        println!("SKIPPED: promtool (Debian package prometheus) is not installed");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let verdict = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&verdict.stderr).into_owned();
    assert!(verdict.status.success() && said.is_empty(), "{said}");
}

#[test]
fn what_happened_before_this_process_is_on_record_and_not_in_the_counters() {
    let mut shop = Shop::open_from(1_000);
    shop.serve("1500", 3);
    shop.settle();
    assert!(shop.get("/metrics").body.contains("sambung_calls_offered_total{queue=\"billing\"} 0"));
    assert_eq!(shop.get("/v1/calls").json()["calls"].as_array().unwrap().len(), 1);
}

#[test]
fn the_floor_shows_who_waits_who_is_offered_and_who_talks() {
    let mut shop = Shop::open();
    let (first, second) = (shop.shift.call("1500"), shop.shift.call("1501"));
    shop.shift.pass(Duration::from_secs(2));
    shop.log();
    let floor = shop.get("/v1/floor").json();
    assert_eq!(floor["calls"][0]["call"], first.to_string());
    assert_eq!(
        (&floor["calls"][0]["state"], &floor["calls"][0]["agent"]),
        (&"offered".into(), &"ann".into())
    );
    assert_eq!(
        (&floor["calls"][1]["state"], &floor["calls"][1]["call"]),
        (&"queued".into(), &second.to_string().into())
    );
    let billing = &floor["queues"][0];
    assert_eq!(
        (&billing["queue"], &billing["waiting"], &billing["offered"]),
        (&"billing".into(), &2.into(), &1.into())
    );
    assert_eq!((&billing["agents_staffed"], &billing["agents_ready"]), (&1.into(), &0.into()));
    shop.shift.answer(first);
    shop.log();
    let floor = shop.get("/v1/floor").json();
    assert_eq!(
        (&floor["agents"][0]["state"], &floor["agents"][0]["queue"]),
        (&"talking".into(), &"billing".into())
    );
    assert_eq!(floor["queues"][0]["connected"], 1);
    assert!(floor["agents"][0]["since"].as_str().unwrap().ends_with("+05:45"));
    let csv = shop.get("/v1/floor?format=csv").body;
    assert!(
        csv.starts_with(&format!("{QUEUE_COLUMNS}\r\n")) || csv.starts_with(&format!("{QUEUE_COLUMNS}\n")),
        "{csv}"
    );
    let agents = shop.get("/v1/agents").json();
    assert_eq!(
        (&agents["agents"][0]["skills"], &agents["agents"][1]["state"]),
        (&"billing=7".into(), &"logged_out".into())
    );
}

#[test]
fn calls_are_listed_latest_first_filtered_and_page_by_page() {
    let mut shop = Shop::open();
    let calls: Vec<String> = (0..25).map(|_| shop.serve("1500", 1).to_string()).collect();
    let gone = shop.shift.call("sales");
    shop.shift.pass(Duration::from_secs(1));
    shop.shift.hang_up(gone);
    shop.settle();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = shop.get(&format!("/v1/calls?outcome=answered&limit=10&cursor={cursor}")).json();
        let ids =
            page["calls"].as_array().unwrap().iter().map(|call| call["call"].as_str().unwrap().to_owned());
        seen.extend(ids);
        cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
    }
    assert!(cursor.is_empty());
    assert_eq!(seen, calls.iter().rev().cloned().collect::<Vec<_>>());
    let count =
        |query: &str| shop.get(&format!("/v1/calls?{query}")).json()["calls"].as_array().unwrap().len();
    assert_eq!((count("queue=sales"), count("agent=ann"), count("agent=ben"), count("")), (1, 25, 0, 26));
    let third = shop.get(&format!("/v1/calls/{}", calls[3])).json()["call"]["arrived_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let encoded = third.replace('+', "%2B");
    assert_eq!(count(&format!("from={encoded}&limit=1000")), 23);
    assert_eq!(count(&format!("to={third}&limit=1000")), 3, "a plus that was not escaped is understood");
}

#[test]
fn a_call_is_told_with_its_visits_and_offers() {
    let mut shop = Shop::open();
    let call = shop.serve("1500", 3);
    shop.settle();
    let detail = shop.get(&format!("/v1/calls/{call}")).json();
    assert_eq!((&detail["call"]["dialled"], &detail["call"]["wait_ms"]), (&"1500".into(), &3_000.into()));
    assert_eq!(
        (&detail["visits"][0]["wrap_up_ms"], &detail["visits"][0]["ring_ms"]),
        (&10_000.into(), &3_000.into())
    );
    assert_eq!(
        (&detail["offers"][0]["outcome"], &detail["offers"][0]["agent"]),
        (&"accepted".into(), &"ann".into())
    );
    let unknown = shop.get("/v1/calls/00000000000000000000000000");
    assert_eq!(unknown.status, 404);
    assert!(unknown.message().contains("/v1/floor"));
    assert_eq!(shop.get("/v1/calls/nonsense").status, 400);
    assert_eq!(shop.get(&format!("/v1/calls/{call}/whence")).status, 404);
}

const COLUMNS: &str = "interval_start,interval_s,queue,offered,answered,handled,abandoned,short_abandoned,flow_out,\
lost,rona,answered_in_t,abandoned_in_t,sl_only_handled,sl_ignore_abandoned,sl_positive_abandon,sl_negative_abandon,\
sl_exclude_short,t_s,short_s,asa_s,aht_s,talk_s,hold_s,wrap_up_s,occupancy_ratio,definitions";

#[test]
fn a_report_has_the_contracts_columns_in_its_order_and_says_that_it_is_sound() {
    let mut shop = Shop::open();
    shop.serve("1500", 3);
    shop.settle();
    // The simulated log is ahead of the wall clock; its day is named.
    let path = "/v1/reports/intervals?from=2027-01-15&to=2027-01-16&interval=15m";
    let csv = shop.ask("GET", path, &["Host: localhost", "Accept: text/csv"]);
    assert!(csv.head.contains("content-type: text/csv") && csv.head.contains("x-sambung-identities: hold"));
    let mut lines = csv.body.lines();
    assert_eq!(lines.next(), Some(COLUMNS));
    // 08:00 UTC is 13:45 in Kathmandu, where the quarter-hours begin.
    assert_eq!(
        lines.next(),
        Some("2027-01-15T13:45:00+05:45,900,billing,1,1,1,0,0,0,0,0,1,0,1,1,1,1,1,20,5,3,70,60,0,10,1,1")
    );
    assert_eq!(
        lines.next(),
        Some("2027-01-15T13:45:00+05:45,900,sales,0,0,0,0,0,0,0,0,0,0,,,,,,25,5,,,0,0,0,1,1")
    );
    let json = shop.get(path).json();
    assert_eq!((&json["identities"], &json["definitions"]), (&"hold".into(), &"1".into()));
    let keys: BTreeSet<&str> = json["rows"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, COLUMNS.split(',').collect());
    // A `Value` may have sorted its keys; the text has them in their order.
    let text = shop.get(path).body;
    let places: Vec<_> = COLUMNS.split(',').map(|column| text.find(&format!("\"{column}\":"))).collect();
    assert!(places[1..26].is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    assert_eq!(json["rows"][1]["sl_exclude_short"], Value::Null);
}

#[test]
fn the_agents_report_accounts_for_her_time() {
    let mut shop = Shop::open();
    shop.serve("1500", 3);
    shop.settle();
    let json = shop.get("/v1/reports/agents?from=2027-01-15&to=2027-01-16&agent=ann").json();
    let row = &json["rows"][0];
    assert_eq!((&row["agent"], &row["handled"], &row["aht_s"]), (&"ann".into(), &1.into(), &70.into()));
    assert_eq!((&row["talk_s"], &row["wrap_up_s"], &row["reserved_s"]), (&60.into(), &10.into(), &3.into()));
    assert_eq!(json["identities"], "hold");
}

#[test]
fn a_wrong_question_is_answered_with_what_would_be_right() {
    let shop = Shop::open();
    for (path, words) in [
        ("/v1/reports/intervals?interval=5m", ["interval", "5m", "15m, 30m and 60m"]),
        ("/v1/reports/intervals?from=gestern", ["from", "gestern", "2026-02-28"]),
        ("/v1/reports/intervals?zone=Mars/Base", ["zone", "Mars/Base", "Asia/Jakarta"]),
        ("/v1/reports/intervals?from=2027-01-01&to=2028-12-31", ["from", "to", "400 days"]),
        ("/v1/reports/intervals?from=2027-01-15&to=2027-01-15", ["from", "to", "empty"]),
        (
            "/v1/reports/intervals?from=2027-01-15&to=2027-01-16&queue=bill",
            ["queue", "bill", "billing, sales"],
        ),
        ("/v1/reports/agents?from=2027-01-15&to=2027-01-16&agent=bob", ["agent", "bob", "ann"]),
        ("/v1/calls?limit=1001", ["limit", "1001", "1 to 1000"]),
        ("/v1/calls?limit=-1", ["limit", "-1", "1 to 1000"]),
        ("/v1/calls?outcome=lost", ["outcome", "lost", "lost_restart"]),
        ("/v1/calls?cursor=x", ["cursor", "x", "26 characters"]),
        ("/v1/calls?que=billing", ["que", "billing", "queue"]),
        ("/v1/calls?format=xml", ["format", "xml", "csv"]),
    ] {
        let answer = shop.get(path);
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        let message = answer.message();
        assert!(words.iter().all(|word| message.contains(word)), "{path}: {message}");
    }
    let post = shop.ask("POST", "/v1/calls", &["Host: localhost", "Content-Length: 0"]);
    assert_eq!((post.status, &post.json()["error"]["code"]), (405, &"bad_method".into()));
    assert_eq!(shop.get("/planner").json()["error"]["code"], "not_found");
}

#[test]
fn a_dialled_text_full_of_tricks_reaches_csv_and_json_harmlessly() {
    let mut shop = Shop::open();
    let tricks = "=HYPERLINK(\"http://evil\")<script>alert(1)</script>\r\nX-Evil: 1,\"";
    let call = CallId::new(shop.shift.now(), 99);
    shop.shift.must(Event::CallArrived {
        call,
        dialled: tricks.to_owned(),
        caller: None,
        attributes: Vec::new(),
    });
    shop.shift.pass(Duration::from_secs(1));
    shop.shift.hang_up(call);
    shop.settle();
    assert_eq!(shop.get("/v1/calls").json()["calls"][0]["dialled"], tricks);
    let csv = shop.get("/v1/calls?format=csv");
    assert!(!csv.head.contains("x-evil"));
    let quoted = format!("\"'{}\"", tricks.replace('"', "\"\""));
    assert!(csv.body.contains(&quoted), "{}", csv.body);
    for header in ["x-content-type-options: nosniff", "content-security-policy: default-src 'none'"] {
        assert!(csv.head.contains(header), "{}", csv.head);
    }
    assert!(!csv.head.contains("access-control-allow"));
}

#[test]
fn a_request_that_names_a_foreign_host_is_refused() {
    let shop = Shop::open();
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("router.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.0.2.7", 421),
        ("", 421),
    ] {
        let answer = shop.ask("GET", "/healthz", &[&format!("Host: {host}")]);
        assert_eq!(answer.status, status, "{host}: {}", answer.body);
    }
    assert_eq!(shop.ask("GET", "/healthz", &["Host: localhost", "Host: evil.example"]).status, 421);
    assert_eq!(shop.ask("GET", "http://evil.example/healthz", &["Host: localhost"]).status, 421);
}

/// What curl and Prometheus send for a name and a token.
fn basic(name: &str, token: &str) -> String {
    let text = data_encoding::BASE64.encode(format!("{name}:{token}").as_bytes());
    format!("Authorization: Basic {text}")
}

#[test]
fn users_sign_in_by_name_and_token_or_by_token_alone_and_nobody_else_is_answered() {
    let shop = Shop::with_users();
    let ask = |path: &str, proof: &str| shop.ask("GET", path, &["Host: localhost", proof]);
    for proof in [
        basic("prometheus", "token-of-prometheus"),
        "Authorization: Bearer token-of-prometheus".to_owned(),
        "authorization: BEARER  token-of-ops ".to_owned(),
    ] {
        for path in ["/metrics", "/v1/floor", "/v1/openapi.json"] {
            assert_eq!(ask(path, &proof).status, 200, "{path} {proof}");
        }
    }
    let mut said = BTreeSet::new();
    for proof in [
        "Accept: */*".to_owned(),
        basic("prometheus", "wrong"),
        basic("nobody", "token-of-prometheus"),
        basic("", "token-of-ops"),
        basic("ops", "token-of-prometheus"),
        "Authorization: Bearer token-of-nobody".to_owned(),
        "Authorization: Bearer ".to_owned(),
        "Authorization: Basic !!!".to_owned(),
        "Authorization: Digest token-of-ops".to_owned(),
        "Authorization: Bearer token-of-ops\r\nAuthorization: Bearer token-of-ops".to_owned(),
    ] {
        let answer = ask("/v1/floor", &proof);
        assert_eq!(answer.status, 401, "{proof}");
        assert!(answer.head.contains("www-authenticate: basic realm=\"sambung\""), "{}", answer.head);
        assert!(answer.head.contains("www-authenticate: bearer realm=\"sambung\""), "{}", answer.head);
        said.insert(answer.body);
    }
    assert_eq!(said.len(), 1, "no token, a wrong one and a wrong name are not told apart");
    assert_eq!(ask("/no/such/path", "Accept: */*").status, 401, "nor what there is");
    assert_eq!((ask("/healthz", "Accept: */*").status, ask("/readyz", "Accept: */*").status), (200, 503));
    let series = ask("/metrics", &basic("ops", "token-of-ops")).body;
    for (reason, count) in [("no_token", 6), ("wrong_token", 5), ("role", 0), ("too_many", 0)] {
        let line = format!("sambung_operator_refused_total{{reason=\"{reason}\"}} {count}");
        assert!(series.lines().any(|known| known == line), "{line} in\n{series}");
    }
}

#[test]
fn a_reader_may_not_drain_and_is_told_which_role_may() {
    let shop = Shop::with_users();
    let drain = |method: &str, proof: &str, more: &str| {
        shop.ask(method, "/v1/drain", &["Host: localhost", "Content-Length: 0", proof, more])
    };
    let (reader, operator) = (basic("prometheus", "token-of-prometheus"), basic("ops", "token-of-ops"));
    for method in ["PUT", "DELETE", "POST"] {
        let refused = drain(method, &reader, "Accept: */*");
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &"forbidden".into()));
        assert!(refused.message().contains("role operator"), "{}", refused.message());
    }
    assert_eq!(drain("GET", &reader, "Accept: */*").status, 200);
    assert_eq!(drain("PUT", "Accept: */*", "Accept: */*").status, 401);
    assert!(!shop.state.drain.is_on());
    assert_eq!(drain("PUT", &operator, "Accept: */*").status, 200);
    assert!(shop.state.drain.is_on());
    for elsewhere in
        ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example"]
    {
        let refused = drain("DELETE", &operator, elsewhere);
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &"cross_site".into()));
    }
    assert!(
        shop.state.drain.is_on(),
        "a page from elsewhere switches nothing, though the browser signs it in"
    );
    assert_eq!(drain("DELETE", &operator, "Sec-Fetch-Site: same-origin").status, 200);
    assert!(!shop.state.drain.is_on());
}

#[test]
fn who_guesses_tokens_waits_and_this_machine_s_users_come_in_nevertheless() {
    let shop = Shop::with_users();
    let ask = |token: &str| {
        shop.ask("GET", "/metrics", &["Host: localhost", &format!("Authorization: Bearer {token}")])
    };
    let guessed = (0..100).map(|n| ask(&format!("guess-{n}"))).find(|answer| answer.status != 401).unwrap();
    assert_eq!((guessed.status, &guessed.json()["error"]["code"]), (429, &"too_many".into()));
    let seconds = guessed.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((1..=60).contains(&seconds.parse::<u64>().unwrap()), "{seconds}");
    let series = ask("token-of-ops").body;
    assert!(series.contains("sambung_operator_refused_total{reason=\"too_many\"} 1"), "{series}");
}

#[test]
fn without_users_everybody_is_answered_whatever_is_shown() {
    let shop = Shop::open();
    assert_eq!(shop.ask("GET", "/metrics", &["Host: localhost", "Authorization: Bearer x"]).status, 200);
}

#[test]
fn an_endless_head_is_cut_off() {
    let shop = Shop::open();
    let long = format!("X-Long: {}", "a".repeat(64 * 1024));
    let mut socket = TcpStream::connect(shop.address).unwrap();
    // The server may hang up before it has read everything.
    let _ = write!(socket, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n{long}\r\n\r\n");
    let mut text = Vec::new();
    let _ = socket.read_to_end(&mut text);
    assert!(!text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&text));
    assert_eq!(shop.get("/healthz").status, 200);
}

#[test]
fn the_description_names_every_key_that_is_answered() {
    let mut shop = Shop::open();
    let call = shop.serve("1500", 3);
    let _waiting = shop.shift.call("sales");
    shop.settle();
    shop.keep_log();
    let description = shop.get("/v1/openapi.json").json();
    // A shop without a file has no rules to show, and nobody to call back; tests/e2e/live.rs and callback.rs look at those.
    let elsewhere =
        ["/v1/plan", "/v1/agents/{id}", "/v1/queues/{name}", "/v1/entries/{number}", "/v1/callbacks"];
    for path in http::paths().into_iter().filter(|path| !elsewhere.contains(path)) {
        let id = if path.starts_with("/v1/agents") { "ann".to_owned() } else { call.to_string() };
        let answered = shop.get(&path.replace("{id}", &id));
        let schema =
            &description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        if schema.is_object() {
            let body = answered.json();
            same_keys(path, &description, schema, &body);
        }
    }
}

/// Every key of the answer is described, and every required key is there.
fn same_keys(at: &str, description: &Value, schema: &Value, value: &Value) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &description["components"]["schemas"][name.rsplit('/').next().unwrap()],
        None => schema,
    };
    match value {
        Value::Object(object) if schema["properties"].is_object() => {
            for key in schema["required"].as_array().unwrap() {
                assert!(object.contains_key(key.as_str().unwrap()), "{at}: {key} is missing");
            }
            for (key, value) in object {
                let inner = &schema["properties"][key];
                assert!(inner.is_object(), "{at}: {key} is not described");
                same_keys(&format!("{at} {key}"), description, inner, value);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| same_keys(at, description, &schema["items"], item))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {}
    }
}

#[test]
fn why_a_call_waited_beside_a_ready_agent_names_what_kept_it_from_her() {
    let mut shop = Shop::with_users();
    shop.shift.ready("ben");
    shop.serve("1500", 3);
    let busy = shop.shift.call("1500");
    shop.shift.answer(busy);
    let call = shop.shift.call("1500");
    shop.shift.pass(Duration::from_secs(20));
    shop.settle();
    shop.keep_log();
    let by = |path: &str, more: &str| {
        let proof = "Authorization: Bearer token-of-prometheus";
        shop.ask("GET", path, &["Host: localhost", proof, more])
    };
    let answer = by(&format!("/v1/calls/{call}/why"), "Accept: */*").json();
    let waited =
        answer["moments"].as_array().unwrap().iter().find(|moment| moment["what"] == "waited").unwrap();
    assert_eq!(
        (&waited["unskilled"][0], &waited["needs"]),
        (&"ben".into(), &"billing >= 1".into()),
        "{waited}"
    );
    assert!(waited["at"].as_str().unwrap().ends_with("+05:45"), "{waited}");
    let page = by(&format!("/v1/calls/{call}/why"), "Accept: text/html,*/*;q=0.8");
    assert!(
        page.head.contains("text/html") && page.head.contains("default-src 'none'; style-src"),
        "{}",
        page.head
    );
    assert!(page.body.contains("ready, but without the skill (billing &gt;= 1): ben"), "{}", page.body);
    assert!(!page.body.contains("<script"));
    let hers = by("/v1/agents/ben/why?from=2020-01-01&to=2020-01-01T12:00", "Accept: */*");
    assert_eq!(hers.json()["moments"].as_array().map(Vec::len), Some(0));
    let from = "from=2027-01-15T13:40&to=2027-01-15T14:40";
    let hers = by(&format!("/v1/agents/ben/why?{from}"), "Accept: */*").body;
    assert!(hers.contains(r#""what":"idle""#) && hers.contains("lacks_skill"), "{hers}");
}

#[test]
fn why_is_answered_in_the_words_of_its_neighbours_when_it_cannot_be() {
    let mut shop = Shop::with_users();
    let call = shop.serve("1500", 3);
    let path = format!("/v1/calls/{call}/why");
    let ops = "Authorization: Bearer token-of-ops";
    let code = |path: &str, proof: &str| {
        let answer = shop.ask("GET", path, &["Host: localhost", proof]);
        (answer.status, answer.json()["error"]["code"].as_str().unwrap_or("").to_owned(), answer.head)
    };
    assert_eq!(code(&path, "Accept: */*").0, 401, "as its neighbours");
    let (status, word, head) = code(&path, ops);
    assert_eq!((status, word.as_str()), (503, "log_unavailable"), "there is no log yet");
    assert!(head.contains("retry-after: 5"), "{head}");
    shop.keep_log();
    assert_eq!(code(&path, ops).0, 200);
    assert_eq!(code("/v1/calls/7ZZZZZZZZZZZZZZZZZZZZZZZZZ/why", ops).0, 404);
    assert_eq!(code("/v1/calls/nonsense/why", ops).0, 400);
    assert_eq!(code("/v1/agents/nobody/why", ops).0, 404);
    assert_eq!(code("/v1/agents/ann/why?since=soon", ops).0, 400);
    assert_eq!(code("/v1/agents/ann/why?from=2027-01-15&to=2027-01-14", ops).0, 400);
    assert_eq!(code("/v1/agents/ann/why?from=2020-01-15&to=2027-01-14", ops).0, 400, "a day at most");
    assert_eq!(code(&format!("{path}?format=csv"), ops).0, 400);
}

#[test]
fn who_has_not_signed_in_keeps_no_connection() {
    let shop = Shop::with_users();
    // Whoever closes upon a second request may reset the connection, and is heard all the same.
    let answers = |headers: &str, path: &str| {
        let mut socket = TcpStream::connect(shop.address).unwrap();
        let first = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let last = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
        socket.write_all((first + &last).as_bytes()).unwrap();
        let mut heard = Vec::new();
        let end = socket.read_to_end(&mut heard).map_err(|error| error.kind());
        assert!(end.is_ok() || end == Err(ErrorKind::ConnectionReset), "{end:?}");
        let text = String::from_utf8(heard).unwrap().to_lowercase();
        (text.matches("http/1.1 ").count(), text.matches("connection: close").count())
    };
    for path in ["/healthz", "/readyz", "/metrics", "/nothing"] {
        assert_eq!(answers("", path), (1, 1), "{path}: one answer, and no second one");
    }
    let ops = "Authorization: Bearer token-of-ops\r\n";
    assert_eq!(answers(ops, "/v1/floor"), (2, 1));
}

#[test]
fn version_and_entry_are_told_to_who_signs_in() {
    let shop = Shop::with_users();
    let told = |path: &str, key: &str, proof: &str| {
        let answer = shop.ask("GET", path, &["Host: localhost", proof]);
        assert!([200, 503].contains(&answer.status), "{path} {proof}");
        answer.json().get(key).is_some()
    };
    for (path, key) in [("/healthz", "version"), ("/readyz", "applied")] {
        assert!(!told(path, key, "Accept: */*"));
        assert!(!told(path, key, "Authorization: Bearer wrong"));
        assert!(told(path, key, "Authorization: Bearer token-of-prometheus"));
        assert!(Shop::open().get(path).json().get(key).is_some(), "where nobody signs in");
    }
}

#[test]
fn an_address_among_the_hosts_is_ours() {
    let shop = Shop::open();
    let by = |host: &str| shop.ask("GET", "/healthz", &[&format!("Host: {host}")]).status;
    assert_eq!((by("203.0.113.7:8081"), by("[2001:db8::7]:8081")), (200, 200));
    assert_eq!((by("203.0.113.8"), by("[2001:db8::8]")), (421, 421));
}

/// A brain that is asked for states by whoever is at the operator's port, and answers as the shift does.
fn with_brain() -> (Shop, std::sync::mpsc::Receiver<(String, acd::Wish, String)>) {
    let mut poll = mio::Poll::new().unwrap();
    let (door, inbox) = router::inbox::inbox(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
    let (heard, hears) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut events = mio::Events::with_capacity(4);
        while poll.poll(&mut events, None).is_ok() {
            inbox.listen();
            while let Some(incoming) = inbox.take() {
                let router::inbox::Incoming::Force(force) = incoming else { continue };
                let verdict = match force.agent.as_str() {
                    "ann" => Ok(acd::Taken::Pending),
                    "ben" => Err(acd::CommandError::NotAtHerDesk),
                    _ => Err(acd::CommandError::NoSuchAgent),
                };
                heard.send((force.agent, force.wish, force.by)).unwrap();
                force.told.send(verdict).unwrap();
            }
        }
    });
    (Shop::open_with(0, &users(), Some(door)), hears)
}

impl Shop {
    fn post(&self, path: &str, who: &str, body: &str) -> Answer {
        let token = data_encoding::BASE64.encode(format!("{who}:token-of-{who}").as_bytes());
        let length = format!("Content-Length: {}", body.len());
        let authorization = format!("Authorization: Basic {token}");
        let mut socket = TcpStream::connect(self.address).unwrap();
        write!(
            socket,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n{length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

#[test]
fn a_supervisor_sets_states_and_changes_nothing_else() {
    let (shop, hears) = with_brain();
    let set = |agent: &str, who: &str, body: &str| shop.post(&format!("/v1/agents/{agent}/state"), who, body);
    let lunch = r#"{"state":"not_ready","reason":"lunch"}"#;
    assert_eq!(set("ann", "prometheus", lunch).status, 403, "a reader");
    assert_eq!(shop.post("/v1/reload", "sue", "").status, 403, "rules are the operator's");
    assert_eq!(shop.post("/v1/agents//state", "sue", lunch).status, 403);
    let done = set("ann", "sue", lunch);
    assert_eq!((done.status, done.json()["pending"].as_bool()), (200, Some(true)), "{}", done.body);
    let reason = acd::Wish::NotReady { reason: "lunch".to_owned() };
    assert_eq!(hears.recv().unwrap(), ("ann".to_owned(), reason, "api: sue".to_owned()));
    for (agent, body, status, code) in [
        ("ben", r#"{"state":"ready"}"#, 409, "not_at_her_desk"),
        ("nobody", r#"{"state":"logged_out"}"#, 404, "no_such_agent"),
        ("ann", r#"{"state":"asleep"}"#, 400, "bad_body"),
        ("ann", r#"{"state":"ready","for":"ever"}"#, 400, "bad_body"),
        ("ann", "", 400, "bad_body"),
    ] {
        let answer = set(agent, "ops", body);
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)), "{body}");
    }
}

#[test]
fn the_audit_has_who_set_states_and_who_changed_the_rules_latest_first() {
    let mut shop = Shop::open();
    let ann = shop.shift.acd().directory().agent_no("ann").unwrap();
    let wish = acd::Wish::NotReady { reason: "lunch".to_owned() };
    shop.shift.must(Event::PlanSigned { by: "file".to_owned() });
    shop.shift.pass(Duration::from_secs(1));
    shop.shift.must(Event::StateForced { agent: ann, wish, by: "api: sue".to_owned() });
    shop.settle();
    let audit = shop.get("/v1/audit").json();
    let (state, rules) = (&audit["audit"][0], &audit["audit"][1]);
    assert_eq!(
        (&state["by"], &state["agent"], &state["state"]),
        (&"api: sue".into(), &"ann".into(), &"not_ready".into())
    );
    assert_eq!((&state["what"], &state["reason"]), (&"agent_state".into(), &"lunch".into()));
    assert_eq!(
        (&rules["by"], &rules["what"], &rules["agent"]),
        (&"file".into(), &"rules".into(), &Value::Null)
    );
    assert_eq!(shop.get("/v1/audit?agent=ben").json()["audit"].as_array().unwrap().len(), 0);
    assert!(shop.get("/v1/audit?format=csv").body.starts_with("at,by,what,agent,state,reason"));
}
