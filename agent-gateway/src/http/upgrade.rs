//! Turns a request into a WebSocket (RFC 6455 §4.2) and serves it.

use super::{Place, Shared, Source, origin};
use crate::socket;
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use protocol::SUBPROTOCOL;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

/// `GET /v1/agentdesk`.
///
/// A page from a foreign origin is let in only to be told so: a browser shows its page the close code 4003, but not
/// the status of a refused handshake.
pub(super) async fn agentdesk(State(shared): State<Shared>, mut request: Request<Body>) -> Response<Body> {
    let headers = request.headers();
    let Some(accept) = accept_key(headers) else { return upgrade_required() };
    let speaks_ours = offers_subprotocol(headers);
    let welcome = origin::is_allowed(headers, &shared.origins);
    let from = request.extensions().get::<Source>().copied();
    let place = request.extensions_mut().remove::<Place>();
    let (Some(Source(from)), Some(upgrade)) = (from, request.extensions_mut().remove::<OnUpgrade>()) else {
        return upgrade_required();
    };
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(socket::limits())).await;
        let mut stop = shared.stop.clone();
        tokio::select! {
            () = socket::serve(socket, &shared.hub, from, welcome) => {}
            () = stopped(&mut stop) => {}
        }
        drop(place);
    });
    switching(accept, speaks_ours)
}

/// The desk ends all sessions with 1001 when the gateway stops; a socket that has not finished by then is dropped.
async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    // An error means that the handle is gone, which is a stop, too.
    drop(stop.wait_for(|&stop| stop).await);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

/// The answer to the client's key, if this is the handshake of a WebSocket.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let lists = |name, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
    };
    let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let asked =
        lists(header::CONNECTION, "upgrade") && lists(header::UPGRADE, "websocket") && version == "13";
    asked.then(|| derive_accept_key(key.as_bytes()))?.parse().ok()
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|item| item.trim() == SUBPROTOCOL))
}

fn switching(accept: HeaderValue, speaks_ours: bool) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if speaks_ours {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

fn upgrade_required() -> Response<Body> {
    let mut response = Response::new(Body::from("a WebSocket handshake (RFC 6455) is expected here\n"));
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}
