//! Switches draining: new calls are refused with 503, everything else is served, but for callers who wait if they are not to.
//!
//! By PUT and DELETE, which a page of somebody else cannot make a browser send here: it would have to ask first
//! (CORS), and no such question is granted.

use super::{HttpState, error::ApiError, output, params::Params};
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use config::Waiting;
use serde::Serialize;
use std::sync::Arc;

/// What may become of callers who wait.
const WAITING: [(&str, Waiting); 2] = [("keep", Waiting::Keep), ("end", Waiting::End)];

#[derive(Serialize)]
struct Draining {
    draining: bool,
    /// What becomes of callers who wait, while new ones are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<&'static str>,
    /// Calls that are alive, as the floor shows them.
    calls: usize,
}

/// Whether new calls are refused, and how many are left.
pub async fn state(State(state): State<Arc<HttpState>>) -> Response {
    let calls = state.floor.view().calls.len();
    let waiting = state.drain.waiting();
    let word = waiting.and_then(|is| WAITING.iter().find(|(_, known)| *known == is)).map(|(word, _)| *word);
    output::json(StatusCode::OK, &Draining { draining: waiting.is_some(), waiting: word, calls })
}

/// New calls are refused from now on. Callers who wait are kept unless it says `waiting=end`.
pub async fn begin(State(at): State<Arc<HttpState>>, uri: Uri) -> Result<Response, ApiError> {
    let asked = Params::of(&uri, &["waiting"])?;
    let word = asked.text("waiting").unwrap_or("keep");
    let known = WAITING.iter().find(|(known, _)| *known == word);
    let (_, waiting) =
        known.ok_or_else(|| ApiError::parameter("waiting", word, "accepted are keep and end"))?;
    at.drain.begin(*waiting);
    Ok(state(State(at)).await)
}

/// New calls are taken again; 409 when the process ends.
pub async fn end(State(at): State<Arc<HttpState>>) -> Result<Response, ApiError> {
    at.drain.end().map_err(|error| ApiError::new(StatusCode::CONFLICT, "ending", error.to_string()))?;
    Ok(state(State(at)).await)
}
