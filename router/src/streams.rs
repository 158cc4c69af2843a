//! SIP over TCP, TLS and WebSocket: owns the connections (RFC 3261 §18, RFC 7118).
//!
//! Carries whole messages between peers and the brain's thread, and decides nothing about them. It runs on the tokio
//! runtime. Nobody waits for a peer: what is sent goes into the bounded queue of its connection, a peer that does not
//! read is closed, and each handshake has a task and a time limit of its own.
//!
//! * `listen` and `connect` make connections, `tls` and `web` encrypt and upgrade them;
//! * `line` is what every connection is made of, `octets` and `web` carry it;
//! * `switchboard` knows them all and finds the one a message takes.

mod bounds;
mod connect;
mod line;
mod listen;
mod meter;
mod octets;
mod places;
mod reasons;
mod switchboard;
mod tls;
mod web;

pub use bounds::{
    ADDRESS_SHARE, ALL_OCTETS, BRAIN_KIB, BRAIN_MESSAGES, LINE_MESSAGES, LINE_OCTETS, NAMES, ORDERS,
    OUR_SHARE, PARTIAL_OCTETS, Times,
};
pub use listen::Listeners;
pub use reasons::{Ended, Failed, Lost, Refused};

use crate::metrics::Metrics;
use bytes::Bytes;
use line::Letter;
use places::Places;
use sip::{Connection, Flow, Transport};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use switchboard::{LineNews, Order, Switchboard};
use tls::TlsKeeper;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
};
use tokio_rustls::rustls::{self, crypto::ring, pki_types::ServerName};
use web::Origins;

/// What the connections tell the brain.
#[derive(Clone, PartialEq, Eq)]
pub enum StreamNews {
    /// A whole message has come; its answer goes back on the same flow.
    Message {
        /// From whom, with the connection.
        flow: Flow,
        /// Exactly its octets, of which the framing alone was read.
        bytes: Bytes,
        /// To be kept until the message has been taken up, and no longer: a connection is read as fast as these go.
        arrival: Arrival,
    },
    /// At least one message to this flow did not leave, and will not: there is no connection, and none could be had.
    Unreachable {
        /// As it was given to [`Streams::send`].
        flow: Flow,
    },
    /// A connection has ended; nothing more comes from it.
    Closed {
        /// Which.
        connection: Connection,
    },
}

/// Messages are personal data and must not slip into a log.
impl fmt::Debug for StreamNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { flow, bytes, .. } => {
                write!(
                    f,
                    "Message {{ {}, {:?}, {} octets }}",
                    flow.transport.as_str(),
                    flow.connection,
                    bytes.len()
                )
            }
            Self::Unreachable { flow } => write!(f, "Unreachable {{ {} }}", flow.transport.as_str()),
            Self::Closed { connection } => write!(f, "Closed {{ {connection:?} }}"),
        }
    }
}

/// Counts a message among those that wait for the brain, until it is dropped.
#[derive(Clone, Debug)]
pub struct Arrival(#[allow(dead_code, reason = "held, not read")] Arc<[OwnedSemaphorePermit; 2]>);

/// It says nothing about the message.
impl PartialEq for Arrival {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Arrival {}

/// The brain's inbox takes nothing more at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox is full")]
pub struct Full;

/// Why connections cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// An address is taken or not ours.
    #[error("sip.{key} = \"{address}\": {error}; name a free address of this machine, or port 0 for any")]
    Bind {
        /// The key below `[sip]`.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A file of `[tls]`.
    #[error(transparent)]
    Credentials(#[from] config::CredentialsError),
    /// An encrypted listener without a certificate.
    #[error("sip.{key} has no certificate to show; add certificate and key below [tls]")]
    NoCertificate {
        /// The key below `[sip]`.
        key: &'static str,
    },
    /// Certificates that TLS does not take.
    #[error("[tls]: {0}")]
    Tls(#[from] rustls::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// A listener cannot be used.
    #[error("the system gives no more: {0}")]
    System(#[from] io::Error),
}

/// What the connections are made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The files of certificates.
    pub tls: config::Tls,
    /// Web pages that may connect, such as `https://crm.example`.
    pub origins: Vec<String>,
    /// Where the desk's own pages come from.
    pub desk: SocketAddr,
    /// The address of this machine that others know, if they know only one.
    pub source: Option<IpAddr>,
    /// Connections at the same time.
    pub connections: usize,
    /// How long things may take.
    pub times: Times,
}

/// What all tasks share.
struct Shared {
    inbound: Box<dyn Fn(StreamNews) -> Result<(), Full> + Send + Sync>,
    metrics: Arc<Metrics>,
    places: Arc<Places>,
    tls: Arc<TlsKeeper>,
    origins: Origins,
    source: Option<IpAddr>,
    times: Times,
    /// Our tag in answers to what cannot be framed.
    tag: String,
    next_connection: AtomicU64,
    /// Octets that wait for all peers together.
    waiting: Arc<AtomicUsize>,
    /// KiB of messages that may still come to the brain.
    arriving: Arc<Semaphore>,
    /// Octets of messages that are not whole yet.
    partial: Arc<AtomicUsize>,
    lines: mpsc::Sender<LineNews>,
}

impl Shared {
    /// A number that no connection has had, neither in this process nor in one before it.
    fn number(&self) -> Connection {
        Connection(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }
}

/// The way to the connections. A clone leads to the same ones; with the last one they end.
#[derive(Clone, Debug)]
pub struct Streams {
    orders: mpsc::Sender<Order>,
    metrics: Lossy,
    addresses: Arc<[(Transport, SocketAddr)]>,
    reload: Arc<watch::Sender<()>>,
    tls: Arc<TlsKeeper>,
}

/// Counts what is lost on the way in.
#[derive(Clone)]
struct Lossy(Arc<Metrics>);

impl fmt::Debug for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Streams {
    /// Takes connections from now on, and makes them when something is to be sent.
    ///
    /// `inbound` hands news to the brain and must not wait; a connection whose message finds it full is not read
    /// meanwhile, and closed after some seconds.
    ///
    /// # Errors
    /// [`StreamError`]: nothing runs then.
    pub fn start(
        listeners: Listeners,
        config: Config,
        metrics: Arc<Metrics>,
        runtime: &Handle,
        inbound: impl Fn(StreamNews) -> Result<(), Full> + Send + Sync + 'static,
    ) -> Result<Self, StreamError> {
        let tls = Arc::new(TlsKeeper::load(config.tls)?);
        metrics.upkeep.certificate_ends(tls.end());
        if let Some(key) = listeners.encrypted().filter(|_| !tls.has_identity()) {
            return Err(StreamError::NoCertificate { key });
        }
        let (orders, ordered) = mpsc::channel(bounds::ORDERS);
        let (lines, line_news) = mpsc::channel(bounds::LINE_NEWS);
        let shared = Arc::new(Shared {
            inbound: Box::new(inbound),
            metrics: Arc::clone(&metrics),
            places: Places::new(places::with_files(config.connections)),
            tls: Arc::clone(&tls),
            origins: Origins::new(config.origins, config.desk),
            source: config.source.filter(|address| !address.is_unspecified()),
            times: config.times,
            tag: random_tag()?,
            next_connection: AtomicU64::new(first_number()),
            waiting: Arc::new(AtomicUsize::new(0)),
            arriving: Arc::new(Semaphore::new(bounds::BRAIN_KIB)),
            partial: Arc::new(AtomicUsize::new(0)),
            lines,
        });
        let addresses = listeners.addresses().collect();
        let (reload, reloads) = watch::channel(());
        let entered = runtime.enter();
        let accepting = listeners.accept(&shared)?;
        drop(entered);
        runtime.spawn(tls::watch(Arc::clone(&shared), reloads));
        runtime.spawn(Switchboard::new(shared, ordered, line_news, accepting).run());
        Ok(Self { orders, metrics: Lossy(metrics), addresses, reload: Arc::new(reload), tls })
    }

    /// Where connections are taken.
    #[must_use]
    pub fn addresses(&self) -> &[(Transport, SocketAddr)] {
        &self.addresses
    }

    /// Where connections are taken over one transport, if they are.
    #[must_use]
    pub fn address(&self, transport: Transport) -> Option<SocketAddr> {
        self.addresses.iter().find(|(over, _)| *over == transport).map(|(_, address)| *address)
    }

    /// Sends a message: on its connection, or on one that there is to the same peer, or on a new one. Never waits.
    ///
    /// What cannot be sent is told as [`StreamNews::Unreachable`], or counted when too much is under way.
    pub fn send(&self, to: Flow, bytes: Bytes) {
        if self.orders.try_send(Order::Send(Letter { to, bytes })).is_err() {
            self.metrics.0.connections.lost(Lost::Busy, 1);
        }
    }

    /// Keeps a connection open although nothing is said on it, as long as a phone is registered over it; or no longer.
    pub fn hold(&self, connection: Connection, held: bool) {
        self.order(Order::Hold(connection, held));
    }

    /// The certificate of `peer` must be for `host`, which is also asked for in SNI; without this for the address. At
    /// most [`NAMES`] are known. What is no name of a host is not learnt.
    pub fn name(&self, peer: SocketAddr, host: &str) {
        if let Ok(name) = ServerName::try_from(host.to_owned()) {
            self.order(Order::Name(peer, name));
        }
    }

    /// The certificate as HTTPS shows it: always the one that was read last.
    #[must_use]
    pub fn certificate(&self) -> porter::Certificate {
        let tls = Arc::clone(&self.tls);
        Arc::new(move || tls.for_http())
    }

    /// Reads the certificates again now.
    pub fn reload(&self) {
        self.reload.send_replace(());
    }

    /// Sends what waits, ends all connections, and takes no more. Peers that do not listen are not waited for.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).await.is_ok() {
            // Without an answer it has stopped, too.
            drop(stopped.await);
        }
    }

    /// An order that is no message. The switchboard has nothing to wait for: it is full for moments only.
    fn order(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            tracing::warn!(%error, "an order to the connections was lost");
        }
    }
}

fn random_tag() -> Result<String, StreamError> {
    use std::fmt::Write as _;
    let mut bits = [0_u8; 8];
    ring::default_provider().secure_random.fill(&mut bits).map_err(|_| StreamError::Random)?;
    let mut tag = String::with_capacity(2 * bits.len());
    for byte in bits {
        // Writing to a String does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    Ok(tag)
}

/// Microseconds since 1970: a process before this one has not opened a connection in each of them.
fn first_number() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(1)
}
