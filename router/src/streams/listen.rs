//! Takes connections: each gets a place, a handshake of its own, and then a line.

use super::{
    Shared, StreamError,
    bounds::{ACCEPT_PAUSE, BACKLOG, PROBE_AFTER, PROBE_EVERY, UNACKNOWLEDGED},
    line::{self, Opener},
    octets,
    places::Place,
    reasons::Refused,
    switchboard::LineNews,
    web,
};
use sip::Transport;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

/// Sockets that are bound, but not listened to yet.
#[derive(Debug, Default)]
pub struct Listeners(Vec<Bound>);

#[derive(Debug)]
struct Bound {
    transport: Transport,
    listener: TcpListener,
    address: SocketAddr,
}

impl Listeners {
    /// Binds what `[sip]` asks for.
    ///
    /// # Errors
    /// [`StreamError::Bind`] for the first address that is taken or not ours.
    pub fn bind(sip: &config::Sip) -> Result<Self, StreamError> {
        let asked = [
            (Transport::Tcp, sip.tcp),
            (Transport::Tls, sip.tls),
            (Transport::Ws, sip.ws),
            (Transport::Wss, sip.wss),
        ];
        let asked = asked.into_iter().filter_map(|(transport, address)| Some((transport, address?)));
        asked.map(|(transport, address)| Bound::new(transport, address)).collect::<Result<_, _>>().map(Self)
    }
    /// Where they are.
    pub fn addresses(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        self.0.iter().map(|bound| (bound.transport, bound.address))
    }
    /// The key below `[sip]` of a listener that has to show a certificate, if there is one.
    pub(super) fn encrypted(&self) -> Option<&'static str> {
        let encrypted = |bound: &&Bound| matches!(bound.transport, Transport::Tls | Transport::Wss);
        self.0.iter().find(encrypted).map(|bound| key(bound.transport))
    }
    /// Takes connections until the set is dropped. To be called within the runtime.
    pub(super) fn accept(self, shared: &Arc<Shared>) -> io::Result<JoinSet<()>> {
        let mut tasks = JoinSet::new();
        for Bound { transport, listener, .. } in self.0 {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tasks.spawn(accept(listener, transport, Arc::clone(shared)));
        }
        Ok(tasks)
    }
}

impl Bound {
    fn new(transport: Transport, address: SocketAddr) -> Result<Self, StreamError> {
        let bind = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            // Connections of a process before this one do not keep the port.
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            let listener = TcpListener::from(socket);
            let address = listener.local_addr()?;
            Ok(Self { transport, listener, address })
        };
        bind().map_err(|error| StreamError::Bind { key: key(transport), address, error })
    }
}

const fn key(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

async fn accept(listener: tokio::net::TcpListener, transport: Transport, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                match shared.places.take(peer.ip()) {
                    Ok(place) => {
                        tokio::spawn(serve(socket, (transport, peer), place, Arc::clone(&shared)));
                    }
                    Err(reason) => shared.metrics.connections.refused(reason),
                }
            }
            Err(error) => {
                tracing::warn!(%error, transport = transport.as_str(), "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection of somebody else, from its first octet to its last.
async fn serve(socket: TcpStream, from: (Transport, SocketAddr), place: Place, shared: Arc<Shared>) {
    tune(&socket);
    let tls = &shared.tls;
    let refused = match from.0 {
        Transport::Udp => return, // nobody connects over UDP
        Transport::Tcp => return carry(socket, from, place, &shared).await,
        Transport::Tls => match in_time(&shared, encrypt(socket, tls.for_peers())).await {
            Ok(socket) => return carry(socket, from, place, &shared).await,
            Err(refused) => refused,
        },
        Transport::Ws => match in_time(&shared, web::accept(socket, &shared.origins)).await {
            Ok(socket) => return carry_web(socket, from, place, &shared).await,
            Err(refused) => refused,
        },
        Transport::Wss => {
            let upgrade = async {
                let socket = encrypt(socket, tls.for_pages()).await?;
                web::accept(socket, &shared.origins).await
            };
            match in_time(&shared, upgrade).await {
                Ok(socket) => return carry_web(socket, from, place, &shared).await,
                Err(refused) => refused,
            }
        }
    };
    tracing::debug!(reason = refused.as_str(), transport = from.0.as_str(), "a connection was refused");
    shared.metrics.connections.refused(refused);
}

async fn in_time<T>(
    shared: &Shared,
    handshake: impl Future<Output = Result<T, Refused>>,
) -> Result<T, Refused> {
    timeout(shared.times.handshake, handshake).await.unwrap_or(Err(Refused::HandshakeTime))
}

async fn encrypt(
    socket: TcpStream,
    config: Option<Arc<ServerConfig>>,
) -> Result<TlsStream<TcpStream>, Refused> {
    let config = config.ok_or(Refused::Handshake)?;
    TlsAcceptor::from(config).accept(socket).await.map_err(|error| {
        tracing::debug!(%error, "a TLS handshake failed");
        Refused::Handshake
    })
}

async fn carry<S>(socket: S, from: (Transport, SocketAddr), place: Place, shared: &Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (line, queue, handle) = line::line(from, Opener::Them, place, shared);
    // Known before its first message is read, so that an answer finds it.
    if shared.lines.send(LineNews::Opened(line.connection(), handle)).await.is_ok() {
        octets::carry(socket, line, queue).await;
    }
}

async fn carry_web<S>(
    socket: tokio_tungstenite::WebSocketStream<S>,
    from: (Transport, SocketAddr),
    place: Place,
    shared: &Arc<Shared>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (line, queue, handle) = line::line(from, Opener::Them, place, shared);
    if shared.lines.send(LineNews::Opened(line.connection(), handle)).await.is_ok() {
        web::carry(socket, line, queue).await;
    }
}

/// Sends small messages at once, and lets the kernel find out when a peer is gone.
pub(super) fn tune(socket: &TcpStream) {
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY);
    let socket = SockRef::from(socket);
    let tuned = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_keepalive(&probes))
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}
