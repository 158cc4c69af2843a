//! A house of connections that answers every request with 200, and peers for it.

use bytes::{Bytes, BytesMut};
use router::{
    metrics::{Metrics, Scene},
    streams::{Config, Full, Listeners, StreamNews, Streams, Times},
};
use sip::{
    Flow, Transport,
    wire::{Frame, Framer, Message, Writer},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Handle,
    sync::mpsc,
    time::timeout,
};

/// Longer than anything here takes; what is waited for comes before.
pub const SOON: Duration = Duration::from_secs(20);

pub fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Waits for something that is sure to come.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("it came to nothing within 20 s")
}

/// How a house is made.
pub struct Plan {
    pub sip: config::Sip,
    pub config: Config,
}

impl Plan {
    pub fn new() -> Self {
        let sip = config::Sip {
            dns: Vec::new(),
            udp: any(),
            tcp: Some(any()),
            tls: None,
            ws: None,
            wss: None,
            session_expires: None,
            realm: String::new(),
            max_datagram: 1_300,
            probe_phones: None,
            digest: Vec::new(),
        };
        let config = Config {
            tls: config::Tls::default(),
            origins: vec!["https://crm.example".to_owned()],
            desk: "127.0.0.1:8080".parse().unwrap(),
            source: None,
            connections: 1_000,
            times: Times::default(),
        };
        Self { sip, config }
    }
    pub fn times(mut self, change: impl FnOnce(&mut Times)) -> Self {
        change(&mut self.config.times);
        self
    }
    pub fn open(self) -> House {
        let metrics = Arc::new(Metrics::new([]).unwrap());
        let (sender, news) = mpsc::channel(100_000);
        let full = Arc::new(AtomicBool::new(false));
        let refusals = Arc::new(AtomicUsize::new(0));
        let (is_full, refused) = (Arc::clone(&full), Arc::clone(&refusals));
        let inbound = move |one| {
            if is_full.load(Ordering::Relaxed) {
                refused.fetch_add(1, Ordering::Relaxed);
                return Err(Full);
            }
            sender.try_send(one).map_err(|_| Full)
        };
        let listeners = Listeners::bind(&self.sip).unwrap();
        let (handle, counts) = (Handle::current(), Arc::clone(&metrics));
        let streams = Streams::start(listeners, self.config, counts, &handle, inbound).unwrap();
        House { streams, news, metrics, full, refusals }
    }
}

pub struct House {
    pub streams: Streams,
    pub news: mpsc::Receiver<StreamNews>,
    pub metrics: Arc<Metrics>,
    /// The brain takes nothing while this is set.
    pub full: Arc<AtomicBool>,
    /// What it has not taken.
    pub refusals: Arc<AtomicUsize>,
}

impl House {
    pub fn at(&self, transport: Transport) -> SocketAddr {
        self.streams.address(transport).unwrap()
    }
    /// Answers every request from now on; passes on all other news.
    pub fn echo(self) -> Echo {
        let (sender, others) = mpsc::channel(100_000);
        let House { streams, mut news, metrics, .. } = self;
        let answering = streams.clone();
        tokio::spawn(async move {
            while let Some(one) = news.recv().await {
                match one {
                    StreamNews::Message { flow, bytes, .. } => answering.send(flow, answer(&bytes, flow)),
                    // At the end of a test nobody listens any more.
                    other => drop(sender.try_send(other)),
                }
            }
        });
        Echo { streams, others, metrics }
    }
    pub async fn news(&mut self) -> StreamNews {
        soon(self.news.recv()).await.unwrap()
    }
    pub async fn message(&mut self) -> (Flow, Message) {
        match self.news().await {
            StreamNews::Message { flow, bytes, .. } => (flow, Message::parse(bytes).unwrap()),
            other => panic!("{other:?} instead of a message"),
        }
    }
    pub async fn expect_count(&self, series: &str, label: &str, expected: u64) {
        expect_count(&self.metrics, series, label, expected).await;
    }
}

/// A house that answers by itself.
pub struct Echo {
    pub streams: Streams,
    pub others: mpsc::Receiver<StreamNews>,
    pub metrics: Arc<Metrics>,
}

impl Echo {
    pub fn at(&self, transport: Transport) -> SocketAddr {
        self.streams.address(transport).unwrap()
    }
    pub async fn other(&mut self) -> StreamNews {
        soon(self.others.recv()).await.unwrap()
    }
    pub async fn expect_count(&self, series: &str, label: &str, expected: u64) {
        expect_count(&self.metrics, series, label, expected).await;
    }
    pub async fn client(&self) -> Client<TcpStream> {
        Client::tcp(self.at(Transport::Tcp)).await
    }
}

/// A 200 to a request.
pub fn answer(request: &Bytes, flow: Flow) -> Bytes {
    let request = Message::parse(request.clone()).unwrap();
    Writer::response_to(&request, 200, "OK", "t1", flow.peer).finish()
}

/// The value of a series with one label.
pub fn count(metrics: &Metrics, series: &str, label: &str) -> u64 {
    let text = metrics.render(&Scene::default()).unwrap();
    let start = format!("sambung_{series}{{");
    let mut lines = text.lines().filter(|line| line.starts_with(&start));
    let line = lines.find(|line| line.contains(&format!("\"{label}\"}} ")));
    let line = line.unwrap_or_else(|| panic!("there is no {series} of {label}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// What a peer sees of an end may come before it is counted.
async fn expect_count(metrics: &Metrics, series: &str, label: &str, expected: u64) {
    let reached = async {
        while count(metrics, series, label) < expected {
            tokio::task::yield_now().await;
        }
    };
    // The comparison says more than the time that has passed.
    let _in_time = timeout(SOON, reached).await;
    assert_eq!(count(metrics, series, label), expected, "{series} of {label}");
}

/// A request with this number, and a body of so many octets.
pub fn request(number: u32, body: usize) -> Bytes {
    let head = format!(
        "MESSAGE sip:1500@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK{number}\r\n\
         From: <sip:a@192.0.2.9>;tag=f\r\nTo: <sip:1500@192.0.2.1>\r\nCall-ID: c\r\nCSeq: {number} MESSAGE\r\n\
         Content-Length: {body}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + body, b'x');
    Bytes::from(bytes)
}

/// A peer with one connection.
pub struct Client<S> {
    pub io: S,
    framer: Framer,
    input: BytesMut,
}

impl Client<TcpStream> {
    pub async fn tcp(to: SocketAddr) -> Self {
        let io = soon(TcpStream::connect(to)).await.unwrap();
        io.set_nodelay(true).unwrap();
        Self::new(io)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(io: S) -> Self {
        Self { io, framer: Framer::new(), input: BytesMut::new() }
    }
    pub async fn send(&mut self, bytes: &[u8]) {
        soon(self.io.write_all(bytes)).await.unwrap();
        soon(self.io.flush()).await.unwrap();
    }
    /// The next message; none when the house has closed the connection.
    pub async fn receive(&mut self) -> Option<Message> {
        loop {
            match self.framer.next(&mut self.input).unwrap() {
                Some(Frame::Message(bytes)) => return Some(Message::parse(bytes).unwrap()),
                Some(Frame::KeepAlive) => {}
                None => {
                    let read = soon(self.io.read_buf(&mut self.input)).await;
                    if matches!(read, Ok(0) | Err(_)) {
                        return None;
                    }
                }
            }
        }
    }
    /// Sends a request and sees that it is answered.
    pub async fn ask(&mut self, number: u32) {
        self.send(&request(number, 0)).await;
        self.expect_answer(number).await;
    }
    pub async fn expect_answer(&mut self, number: u32) {
        let answer = self.receive().await.unwrap_or_else(|| panic!("closed instead of answering {number}"));
        assert_eq!((answer.status(), answer.cseq().0), (Some(200), number));
    }
    /// Waits until the house closes the connection.
    pub async fn expect_end(&mut self) {
        assert!(self.receive().await.is_none());
    }
}
