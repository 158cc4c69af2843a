//! Switches emergency draining: new calls are refused with 503, everything else is served.
//!
//! By PUT and DELETE, which a page of somebody else cannot make a browser send here: it would have to ask first
//! (CORS), and no such question is granted.

use super::{HttpState, output};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Draining {
    draining: bool,
    /// Calls that are alive, as the floor shows them.
    calls: usize,
}

/// Whether new calls are refused, and how many are left.
pub async fn state(State(state): State<Arc<HttpState>>) -> Response {
    let calls = state.floor.view().calls.len();
    output::json(StatusCode::OK, &Draining { draining: state.drain.is_on(), calls })
}

/// New calls are refused from now on.
pub async fn begin(State(at): State<Arc<HttpState>>) -> Response {
    at.drain.set(true);
    state(State(at)).await
}

/// New calls are taken again.
pub async fn end(State(at): State<Arc<HttpState>>) -> Response {
    at.drain.set(false);
    state(State(at)).await
}
