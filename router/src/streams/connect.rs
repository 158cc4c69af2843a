//! Connects to others: TCP, and TLS with the peer's name checked.

use super::{
    Shared,
    line::{Line, Queue},
    listen::tune,
    octets,
    reasons::Failed,
};
use sip::Transport;
use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};

/// Connects, carries what the queue holds, and goes on until the connection ends.
///
/// Over TLS the peer's certificate must be for `name`, or for its address without one.
pub(super) async fn run(line: Line, queue: Queue, name: Option<ServerName<'static>>) {
    let (transport, peer) = (line.flow.transport, line.flow.peer);
    let failed = match transport {
        Transport::Tcp => match in_time(&line, dial(&line.shared, peer)).await {
            Ok(socket) => return octets::carry(socket, line, queue).await,
            Err(failed) => failed,
        },
        Transport::Tls => match in_time(&line, dial_tls(&line.shared, peer, name)).await {
            Ok(socket) => return octets::carry(socket, line, queue).await,
            Err(failed) => failed,
        },
        Transport::Udp | Transport::Ws | Transport::Wss => Failed::Transport,
    };
    line.shared.metrics.connections.failed(failed);
    line.fail(queue).await;
}

async fn in_time<T>(line: &Line, dialled: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    timeout(line.shared.times.connect, dialled).await.unwrap_or(Err(Failed::Time))
}

async fn dial(shared: &Shared, peer: SocketAddr) -> Result<TcpStream, Failed> {
    let connect = async {
        let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Peers that know us by one address are to see that one.
        if let Some(source) = shared.source.filter(|source| source.is_ipv4() == peer.is_ipv4()) {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        let socket = socket.connect(peer).await?;
        tune(&socket);
        Ok::<_, io::Error>(socket)
    };
    connect.await.map_err(|error| {
        tracing::debug!(%error, %peer, "a peer cannot be connected to");
        Failed::Connect
    })
}

async fn dial_tls(
    shared: &Shared,
    peer: SocketAddr,
    name: Option<ServerName<'static>>,
) -> Result<TlsStream<TcpStream>, Failed> {
    let config = shared.tls.client().await.map_err(|error| {
        tracing::error!(%error, "nobody can be connected to over TLS");
        Failed::Tls
    })?;
    let name = name.unwrap_or_else(|| ServerName::IpAddress(peer.ip().into()));
    let socket = dial(shared, peer).await?;
    TlsConnector::from(config).connect(name, socket).await.map_err(|error| {
        tracing::debug!(%error, %peer, "TLS with a peer failed");
        if SAID.may_say() {
            tracing::warn!(%error, "TLS with a peer failed; at most one line a minute, addresses at debug");
        }
        Failed::Tls
    })
}

/// A peer whose certificate is wrong is tried again and again; its line is written once a minute.
static SAID: Seldom = Seldom(AtomicU64::new(0));
const SELDOM: Duration = Duration::from_secs(60);

struct Seldom(AtomicU64);

impl Seldom {
    fn may_say(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let said = self.0.load(Ordering::Relaxed);
        let due = now.abs_diff(said) >= SELDOM.as_secs();
        due && self.0.compare_exchange(said, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
