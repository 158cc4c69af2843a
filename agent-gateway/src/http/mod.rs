//! The desk's HTTP side: accepts connections, keeps them within bounds, and hands them to [`mod@routes`].

mod origin;
mod pages;
mod phone;
mod routes;
mod upgrade;

pub(crate) use routes::routes;

use crate::{
    config::BrowserPhones,
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
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Connections at the same time; one more is closed at once.
pub(crate) const MAX_CONNECTIONS: usize = 8_192;
/// How they are given out: an office behind one address may have half.
const SHARES: Shares = Shares { all: MAX_CONNECTIONS, of_site: MAX_CONNECTIONS / 2, kept: 32 };
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
    pub(crate) phones: Arc<Option<BrowserPhones>>,
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
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a desk connection failed");
    }
}

/// The connection behind its TLS handshake, if it came about.
async fn come_in(stream: TcpStream, from: IpAddr, entrance: &Entrance) -> Option<Socket> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let admitted = entrance.admit(stream, from).await;
    admitted
        .inspect_err(|refused| tracing::debug!(reason = refused.as_str(), "a desk connection was refused"))
        .ok()
}
