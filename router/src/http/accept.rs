//! Takes the operator's connections: each gets a place, and is ended in time, the sooner when nobody signs in on it.

use super::{HttpState, Refusal, app};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use porter::{Places, Refused, Shares, Socket};
use std::{
    io,
    net::{IpAddr, TcpListener},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, time::timeout};

/// Connections at a time; one more is closed at once. An eighth for one site, so that it takes many to keep others out.
const SHARES: Shares = Shares { all: 256, of_site: 32, kept: 32 };
/// How long a request's head may take to arrive, and a connection idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Pages that keep asking connect again when their time is over.
const TIMES: Times = Times { sign_in: Duration::from_secs(10), more: Duration::from_secs(290) };
/// How long to wait after an accept that failed, for instance without a file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Between two lines about connections that find no place.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How long a connection lives, from the handshake on.
#[derive(Clone, Copy)]
struct Times {
    /// Who has not signed in by then is closed, whatever was asked.
    sign_in: Duration,
    /// How much longer who has may stay: the longest report.
    more: Duration,
}

/// Who is at the other end of a connection; every request on it carries this.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The address that the connection came from.
    pub from: IpAddr,
    signed_in: Arc<AtomicBool>,
}

impl Visitor {
    fn new(from: IpAddr, signed_in: bool) -> Self {
        Self { from, signed_in: Arc::new(AtomicBool::new(signed_in)) }
    }
    /// A right token was shown.
    pub(super) fn sign_in(&self) {
        self.signed_in.store(true, Ordering::Relaxed);
    }
    /// Whether a right token was shown on this connection, or none is wanted of anybody.
    pub(super) fn is_signed_in(&self) -> bool {
        self.signed_in.load(Ordering::Relaxed)
    }
}

/// Serves until dropped.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, state: Arc<HttpState>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Places::new(SHARES);
    let app = app(Arc::clone(&state));
    let mut told: Option<Instant> = None;
    loop {
        match listener.accept().await.map(|(socket, from)| (socket, from.ip(), places.take(from.ip()))) {
            Ok((socket, from, Ok(place))) => {
                let (app, state) = (app.clone(), Arc::clone(&state));
                tokio::spawn(async move {
                    carry(socket, from, app, &state).await;
                    drop(place);
                });
            }
            Ok((_, _, Err(refused))) => {
                state.metrics.operator.refused(Refusal::Full);
                tell(refused, &mut told);
            }
            Err(error) => {
                tracing::warn!(%error, "the operator's port does not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn tell(refused: Refused, told: &mut Option<Instant>) {
    if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
        *told = Some(Instant::now());
        let reason = refused.as_str();
        tracing::warn!(reason, "no place for an operator's connection; told at most once a minute");
    }
}

async fn carry(socket: TcpStream, from: IpAddr, app: Router, state: &HttpState) {
    match state.entrance.admit(socket, from).await {
        Ok(socket) => serve_one(socket, app, Visitor::new(from, state.users.is_empty()), TIMES).await,
        Err(refused) => {
            tracing::debug!(reason = refused.as_str(), "an operator's connection was refused");
            state.metrics.operator.refused(Refusal::Tls);
        }
    }
}

async fn serve_one(socket: Socket, app: Router, visitor: Visitor, times: Times) {
    let (service, known) = (TowerToHyperService::new(app), visitor.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(visitor.clone());
        hyper::service::Service::call(&service, request.map(Body::new))
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(MAX_HEAD);
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), service));
    let ended = match timeout(times.sign_in, connection.as_mut()).await {
        Err(_) if known.is_signed_in() => timeout(times.more, connection).await,
        ended => ended,
    };
    // What a client does wrong is its own affair; nothing here is worth a line at `info`.
    match ended {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an operator's connection ended badly"),
    }
}

/// Answers somebody who has not signed in on this connection, and closes it behind that: what keeps a place is known.
pub(super) async fn close_behind_strangers(request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let mut response = next.run(request).await;
    if visitor.is_some_and(|visitor| !visitor.is_signed_in()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Extension, routing::get};
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SOON: Duration = Duration::from_millis(50);
    const LATE: Duration = Duration::from_secs(3_600);

    /// Asks for `path` again and again; says for how long that was possible.
    async fn keeps_asking(path: &str, times: Times) -> Duration {
        let app = Router::new()
            .route("/in", get(async |Extension(visitor): Extension<Visitor>| visitor.sign_in()))
            .route("/open", get(async || ()));
        let (ours, mut theirs) = tokio::io::duplex(4_096);
        let visitor = Visitor::new(IpAddr::V4(Ipv4Addr::LOCALHOST), false);
        let serving = tokio::spawn(serve_one(Box::new(ours), app, visitor, times));
        let (begun, mut heard) = (Instant::now(), [0; 4_096]);
        let asked = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        while theirs.write_all(asked.as_bytes()).await.is_ok() && theirs.read(&mut heard).await.unwrap() > 0 {
        }
        serving.await.unwrap();
        begun.elapsed()
    }

    #[tokio::test]
    async fn who_does_not_sign_in_is_closed_however_busy() {
        let stayed = keeps_asking("/open", Times { sign_in: SOON, more: LATE }).await;
        assert!(stayed >= SOON && stayed < LATE, "{stayed:?}");
    }

    #[tokio::test]
    async fn who_has_signed_in_stays_for_the_connection_s_life() {
        let stayed = keeps_asking("/in", Times { sign_in: SOON, more: 3 * SOON }).await;
        assert!(stayed >= 4 * SOON, "{stayed:?}");
    }
}
