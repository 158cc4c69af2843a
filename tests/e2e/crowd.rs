//! Thousands who connect and say nothing, hundreds who say it slowly, and calls among them.

use harness::{Agent, Router, Sipp, Site, eventually_is, files, free_port, judge::Testimony, need_all};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

const IDLE: usize = 5_000;
const SLOW: usize = 500;
/// Connections from one address; it may have half of all.
const EACH: usize = 1_000;
/// Files besides, for programs, logs and the like.
const SPARE: u64 = 500;
const CALLS: u32 = 150;
const AGENTS: usize = 30;
const SOON: Duration = Duration::from_secs(60);
/// What all connections together may cost the router.
const MEMORY_KIB: u64 = 110 * 1_024;

/// An INVITE that never ends.
const SLOWLY: &[u8] =
    b"INVITE sip:1500@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKslow\r\n";

async fn connect(target: SocketAddr, nth: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::new(127, 0, 9, 1 + (nth / EACH) as u8);
    socket.bind((from, 0).into()).unwrap();
    socket.connect(target).await.unwrap()
}

async fn crowd(target: SocketAddr, range: std::ops::Range<usize>) -> Vec<TcpStream> {
    let mut connected = Vec::new();
    for nth in range {
        connected.push(connect(target, nth).await);
    }
    connected
}

/// Says one octet every two seconds on each of these, until it has been told to stop.
async fn dribble(mut slow: Vec<TcpStream>, mut stop: tokio::sync::oneshot::Receiver<()>) -> Vec<TcpStream> {
    for octet in SLOWLY {
        for one in &mut slow {
            one.write_all(&[*octet]).await.unwrap();
        }
        tokio::select! {
            _ = &mut stop => return slow,
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
    slow
}

/// Who has been silent so long is heard.
async fn is_heard(one: &mut TcpStream) {
    let from = one.local_addr().unwrap();
    let asks = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK{0}\r\nFrom: <sip:x@{from}>;tag=1\r\n\
         To: <sip:127.0.0.1>\r\nCall-ID: {0}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        from.port()
    );
    one.write_all(asks.as_bytes()).await.unwrap();
    let mut said = [0; 64];
    let length = tokio::time::timeout(Duration::from_secs(10), one.read(&mut said)).await.unwrap().unwrap();
    assert!(said[..length].starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&said[..length]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_among_thousands_of_idle_and_slow_connections() {
    need_all(&["sipp", "sqlite3"]);
    let wanted = (IDLE + SLOW) as u64 + SPARE;
    let files = files();
    if files < wanted {
        return println!("SKIPPED: it takes {wanted} open files, and the system allows {files}");
    }
    let port = free_port();
    let site = Site::new().sip("tcp", "127.0.0.1:0").agents(AGENTS, |id| Agent::phone(id, port));
    let router = Router::start(&site);
    let (ready, folder) = (router.ready(), router.folder().to_owned());
    let target = ready.sip_tcp.unwrap();
    let phones = Sipp::phones(port, 20, 300, "answers").start(ready.sip_udp, &folder);
    let before = router.resident_kib();
    let began = Instant::now();
    let mut idle = crowd(target, 0..IDLE).await;
    let slow = crowd(target, IDLE..IDLE + SLOW).await;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let dribbling = tokio::spawn(dribble(slow, stopped));
    let open = || router.metric("sambung_sip_connections{transport=\"tcp\"}");
    eventually_is("all are connected", SOON, &Some((IDLE + SLOW) as f64), open);

    let caller = |transport: &str| Sipp::caller("caller").over(transport).dial("1500").calls(CALLS, 25);
    let by_udp = caller("u1").start(ready.sip_udp, &folder);
    let by_tcp = caller("t1").start(target, &folder);
    let callers = [by_udp, by_tcp].map(|run| run.finished(SOON));
    let grown = router.resident_kib().saturating_sub(before);
    println!("{} calls among {} connections, {grown} KiB, {:?}", 2 * CALLS, IDLE + SLOW, began.elapsed());

    assert!(grown < MEMORY_KIB, "{grown} KiB");
    router.records().expect_count(u64::from(2 * CALLS));
    router.expect_all_ready(AGENTS);
    for log in &callers {
        assert_eq!(Testimony::read(&[log]).noted_by_callers("OK").len(), CALLS as usize);
        assert_eq!(Testimony::read(&[log]).noted_by_callers("BYE").len(), CALLS as usize);
    }
    assert_eq!(phones.end().matches(" HANGUP ").count(), 2 * CALLS as usize);
    stop.send(()).unwrap();
    dribbling.await.unwrap();
    for one in idle.iter_mut().step_by(IDLE / 10) {
        is_heard(one).await;
    }
}
