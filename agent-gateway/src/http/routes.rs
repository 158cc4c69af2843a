//! What is found where on the desk's port: the pages, the WebSocket, its HTTP twin.

use super::{Shared, Source, pages, phone, upgrade};
use crate::{desk::Ask, reception::TurnedAway};
use acd::AgentNo;
use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::IntoResponse,
    routing::{get, post},
};
use protocol::{ClientFrame, CommandId, DecodeError, ErrorCode, Fault, MAX_MESSAGE_BYTES, Reply};
use serde_json::json;
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// Time a request may take, its body included.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Time the brain has to answer a command that came over HTTP.
const VERDICT_WITHIN: Duration = Duration::from_secs(5);
/// Describes the WebSocket for programs.
const ASYNCAPI: &str = include_str!("../../asyncapi.json");

/// Everything on the desk's port.
pub(crate) fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { pages::page("index.html", &headers) }))
        .route("/wallboard", get(|headers: HeaderMap| async move { pages::page("wallboard.html", &headers) }))
        .route("/web/{*path}", get(asset))
        .route(protocol::WEBSOCKET_PATH, get(upgrade::agentdesk))
        .route(protocol::SNAPSHOT_PATH, get(snapshot))
        .route(protocol::COMMANDS_PATH, post(commands))
        .route(phone::PATH, post(phone::phone))
        .route("/v1/asyncapi", get(asyncapi))
        .fallback(|| async { pages::plain(StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES))
        .layer(from_fn_with_state(shared.clone(), guarded))
        .with_state(shared)
}

/// Every request ends in time, and every response has our headers.
async fn guarded(State(shared): State<Shared>, request: Request, next: Next) -> Response<Body> {
    let host = request.headers().get(header::HOST).cloned();
    let mut response = match timeout(REQUEST_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => pages::plain(StatusCode::REQUEST_TIMEOUT, "the request took too long\n"),
    };
    for &(name, value) in pages::HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if shared.encrypted {
        let strict = HeaderValue::from_static(porter::STRICT_TRANSPORT);
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, strict);
    }
    if let Some(phones) = &shared.hub.reception.roster().phones {
        phone::permit(phones, host.as_ref(), response.headers_mut());
    }
    response
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    pages::page(&path, &headers)
}

async fn asyncapi() -> Response<Body> {
    ([(header::CONTENT_TYPE, "application/json")], ASYNCAPI).into_response()
}

/// `GET /v1/desk/snapshot`: how things stand for the agent whose token it is.
async fn snapshot(
    State(shared): State<Shared>,
    Extension(from): Extension<Source>,
    headers: HeaderMap,
) -> Response<Body> {
    let agent = match bearer(&shared, &headers, from) {
        Ok(agent) => agent,
        Err(turned) => return turned_away(turned),
    };
    let (to, welcome) = oneshot::channel();
    if shared.hub.asks.send(Ask::Snapshot { agent, to }).await.is_err() {
        return stopping();
    }
    match welcome.await {
        Ok(welcome) => private(
            StatusCode::OK,
            json!({ "agent": welcome.agent, "site": welcome.site, "snapshot": welcome.snapshot }),
        ),
        Err(_) => stopping(),
    }
}

/// `POST /v1/desk/commands`: a command as on the WebSocket; the reply is the body of the response.
async fn commands(
    State(shared): State<Shared>,
    Extension(from): Extension<Source>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let agent = match bearer(&shared, &headers, from) {
        Ok(agent) => agent,
        Err(turned) => return turned_away(turned),
    };
    let (frame, id) = match ClientFrame::decode(&body) {
        Ok(ClientFrame { id: Some(id), message }) => (ClientFrame { id: Some(id.clone()), message }, id),
        Ok(ClientFrame { id: None, .. }) => {
            return failed(
                StatusCode::BAD_REQUEST,
                None,
                Fault::new(ErrorCode::IdMissing, "a command needs an id"),
            );
        }
        Err(error) => return undecodable(&error),
    };
    let (to, reply) = oneshot::channel();
    let ask = Ask::Command { session: shared.hub.session(agent), frame, to };
    if shared.hub.asks.send(ask).await.is_err() {
        return stopping();
    }
    match timeout(VERDICT_WITHIN, reply).await {
        Ok(Ok(reply)) => answered(&reply),
        Ok(Err(_)) => stopping(),
        Err(_) => {
            let fault = Fault::new(ErrorCode::Busy, "no answer within 5 s; ask again with the same id");
            failed(StatusCode::SERVICE_UNAVAILABLE, Some(id), fault)
        }
    }
}

fn answered(reply: &Reply) -> Response<Body> {
    let status = match &reply.error {
        None => StatusCode::OK,
        Some(fault) if fault.code == ErrorCode::TooMany.as_str() => StatusCode::TOO_MANY_REQUESTS,
        Some(fault) if fault.retryable => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::CONFLICT,
    };
    private(status, json!(reply))
}

fn undecodable(error: &DecodeError) -> Response<Body> {
    let (id, code) = match error {
        DecodeError::Data { id, .. } => (id.clone(), ErrorCode::BadData),
        DecodeError::TooLarge { .. } | DecodeError::Envelope(_) | DecodeError::Id => {
            (None, ErrorCode::BadMessage)
        }
    };
    failed(StatusCode::BAD_REQUEST, id, Fault::new(code, error.to_string()))
}

pub(super) fn failed(status: StatusCode, id: Option<CommandId>, fault: Fault) -> Response<Body> {
    private(status, json!({ "id": id, "ok": false, "error": fault }))
}

/// What somebody is told who could not sign in.
pub(super) fn turned_away(turned: TurnedAway) -> Response<Body> {
    let (status, fault, name, value) = match turned {
        TurnedAway::Unknown => (
            StatusCode::UNAUTHORIZED,
            Fault::new(ErrorCode::AuthFailed, "send Authorization: Bearer and an agent's token"),
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        ),
        TurnedAway::Wait { seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            Fault::new(ErrorCode::TooMany, turned.to_string()),
            header::RETRY_AFTER,
            HeaderValue::from(seconds),
        ),
    };
    let mut response = failed(status, None, fault);
    response.headers_mut().insert(name, value);
    response
}

fn stopping() -> Response<Body> {
    failed(StatusCode::SERVICE_UNAVAILABLE, None, Fault::new(ErrorCode::Busy, "the gateway stops; try again"))
}

/// An answer for nobody else's eyes.
pub(super) fn private(status: StatusCode, body: serde_json::Value) -> Response<Body> {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Whose token the request carries.
pub(super) fn bearer(shared: &Shared, headers: &HeaderMap, from: Source) -> Result<AgentNo, TurnedAway> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or(TurnedAway::Unknown)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TurnedAway::Unknown);
    }
    shared.hub.reception.who(token.trim(), from.0).map(|agent| agent.no)
}
