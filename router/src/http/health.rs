//! Is it alive, is it ready, what does it count.

use super::{HttpState, OPENAPI, accept::Visitor, error::ApiError, output};
use crate::metrics::TEXT_FORMAT;
use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::sync::{Arc, atomic::Ordering};

#[derive(Serialize)]
struct Alive {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    /// Whether new calls are refused on request.
    draining: bool,
    /// Last entry of the log that the floor shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<u64>,
}

/// The process answers. Its version is for who has signed in, where that is asked for.
pub(super) async fn alive(Extension(visitor): Extension<Visitor>) -> Response {
    let version = visitor.is_signed_in().then_some(env!("CARGO_PKG_VERSION"));
    output::json(StatusCode::OK, &Alive { status: "ok", version })
}

/// Calls are taken: 200; not yet, no longer or not on request: 503. How far the floor is, is for who has signed in.
pub(super) async fn ready(
    State(state): State<Arc<HttpState>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let draining = state.drain.is_on();
    let ready = state.ready.load(Ordering::Relaxed) && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let applied = visitor.is_signed_in().then(|| state.floor.applied());
    output::json(status, &Ready { ready, draining, applied })
}

/// The series, for Prometheus.
pub async fn metrics(State(state): State<Arc<HttpState>>) -> Result<Response, ApiError> {
    let scene = state.floor.scene(state.now());
    let metrics = Arc::clone(&state.metrics);
    metrics.upkeep.clock_is_behind(state.clock.behind_the_wall());
    // What a look that failed would have shown stays as it was.
    let _looked = tokio::task::spawn_blocking(move || metrics.upkeep.look_at_disk()).await;
    let text = state
        .metrics
        .render(&scene)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
}

/// The description of this interface.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
