//! The desk's HTTP side: accepts connections, keeps them within bounds, and hands them to [`mod@routes`].

mod origin;
mod pages;
mod phone;
mod routes;
mod upgrade;

pub(crate) use routes::routes;

use crate::{
    refusal::{DeskRefusal, OnRefusal},
    socket::Hub,
};
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use porter::{Entrance, Places, Shares, Socket};
use socket2::SockRef;
use std::{
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

/// Connections at the same time; one more is closed at once.
pub(crate) const MAX_CONNECTIONS: usize = 8_192;
/// How they are given out: an office behind one address may have half.
const SHARES: Shares = Shares { all: MAX_CONNECTIONS, of_site: MAX_CONNECTIONS / 2, kept: 32 };
/// How long a connection lives that does not become a WebSocket: a page that is loaded, and what it asks meanwhile.
const LIFE: Duration = Duration::from_secs(60);
/// How much longer what was asked by then may take.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// Time after which a peer that acknowledges nothing is gone, as for connections of SIP.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Time a client has to send its request's head.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Most header lines, and most bytes of them.
const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Pause after a failed accept: it is usually for want of file descriptors, and those come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Between two lines about connections that find no place.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) origins: Arc<[String]>,
    /// Whether everything comes over HTTPS.
    pub(crate) encrypted: bool,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Holds a connection's place among [`MAX_CONNECTIONS`], also after it has become a WebSocket.
#[derive(Clone)]
pub(crate) struct Place(#[allow(dead_code, reason = "held, not read")] Arc<porter::Place>);

/// The address that a request came from.
#[derive(Clone, Copy)]
pub(crate) struct Source(pub(crate) IpAddr);

/// Accepts connections until told to stop.
pub(crate) async fn accept(
    listener: TcpListener,
    (entrance, on_refusal): (Entrance, OnRefusal),
    routes: Router,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(SHARES);
    let mut told: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|&stop| stop) => return,
        };
        match accepted.map(|(stream, from)| (stream, from.ip(), places.take(from.ip()))) {
            Ok((stream, from, Ok(place))) => {
                let (entrance, on_refusal) = (entrance.clone(), Arc::clone(&on_refusal));
                let (routes, mut stop) = (routes.clone(), stop.clone());
                tokio::spawn(async move {
                    let serving = async {
                        match come_in(stream, from, &entrance).await {
                            Some(socket) => serve(socket, from, routes, Place(Arc::new(place))).await,
                            None => on_refusal(DeskRefusal::Tls),
                        }
                    };
                    tokio::select! {
                        () = serving => {}
                        _ = stop.wait_for(|&stop| stop) => {}
                    }
                });
            }
            Ok((_, _, Err(refused))) => {
                on_refusal(DeskRefusal::Full);
                if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                    told = Some(Instant::now());
                    let reason = refused.as_str();
                    tracing::warn!(reason, "no place for a desk connection; told at most once a minute");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a desk connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(socket: Socket, from: IpAddr, routes: Router, place: Place) {
    let service = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(place.clone());
        request.extensions_mut().insert(Source(from));
        hyper::service::Service::call(&service, request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    // It has ended, too, when it has become a WebSocket.
    let mut connection = pin!(connection);
    let ended = match timeout(LIFE, connection.as_mut()).await {
        Ok(ended) => Ok(ended),
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a desk connection failed"),
        Err(_) => tracing::debug!("a desk connection took too long"),
    }
}

/// The connection behind its TLS handshake, if it came about.
async fn come_in(stream: TcpStream, from: IpAddr, entrance: &Entrance) -> Option<Socket> {
    tune(&stream);
    let admitted = entrance.admit(stream, from).await;
    admitted
        .inspect_err(|refused| tracing::debug!(reason = refused.as_str(), "a desk connection was refused"))
        .ok()
}

/// Sends small messages at once, and lets the kernel find out when a peer is gone.
fn tune(stream: &TcpStream) {
    let stream = SockRef::from(stream);
    let tuned = stream.set_tcp_nodelay(true).and_then(|()| stream.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a desk connection could not be tuned");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{http::StatusCode, response::IntoResponse as _, routing::get};
    use hyper::upgrade::OnUpgrade;
    use std::net::Ipv4Addr;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
        task::JoinHandle,
    };

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// Long after any connection's life.
    const MUCH_LATER: Duration = Duration::from_secs(3_600);

    /// Somebody connected to a page, and to what echoes one octet long after it was upgraded.
    fn connected() -> (DuplexStream, JoinHandle<()>) {
        let echo = async |mut request: Request<Body>| {
            let upgrade = request.extensions_mut().remove::<OnUpgrade>().unwrap();
            tokio::spawn(async move {
                let mut socket = TokioIo::new(upgrade.await.unwrap());
                tokio::time::sleep(MUCH_LATER).await;
                let octet = socket.read_u8().await.unwrap();
                socket.write_u8(octet).await.unwrap();
            });
            let switch = [("connection", "upgrade"), ("upgrade", "echo")];
            (StatusCode::SWITCHING_PROTOCOLS, switch).into_response()
        };
        let routes = Router::new().route("/", get(async || "a page")).route("/echo", get(echo));
        let (ours, theirs) = tokio::io::duplex(4_096);
        let place = Place(Arc::new(Places::new(SHARES).take(HERE).unwrap()));
        (theirs, tokio::spawn(serve(Box::new(ours), HERE, routes, place)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_keeps_asking_connects_again_after_a_minute() {
        let (mut page, serving) = connected();
        let (begun, mut heard) = (tokio::time::Instant::now(), [0; 4_096]);
        while page.write_all(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n").await.is_ok()
            && page.read(&mut heard).await.unwrap() > 0
        {
            assert!(begun.elapsed() < MUCH_LATER);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        serving.await.unwrap();
        let stayed = begun.elapsed();
        assert!(stayed >= LIFE && stayed <= LIFE + LAST_ANSWER, "{stayed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_become_a_websocket_stays() {
        let (mut desktop, serving) = connected();
        let asked = b"GET /echo HTTP/1.1\r\nHost: desk\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
        desktop.write_all(asked).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head.push(char::from(desktop.read_u8().await.unwrap()));
        }
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        desktop.write_u8(7).await.unwrap();
        assert_eq!(desktop.read_u8().await.unwrap(), 7);
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn the_kernel_gives_up_a_peer_that_acknowledges_nothing() {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let _theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        tune(&ours);
        assert_eq!(SockRef::from(&ours).tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
    }
}
