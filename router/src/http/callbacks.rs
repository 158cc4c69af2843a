//! Callbacks: somebody is to be called, who is, and nobody any more. Whoever asks for one makes us dial: the queue's rules for
//! numbers outside hold, and its limits.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params, read_instant},
    sign_in::Asker,
    stamp::stamp,
};
use crate::{
    brain::{AskCallbacks, CallbackShown, Wanted},
    inbox::Incoming,
};
use acd::{CallId, CommandError, Timestamp, Verdict};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use config::OperatorRole;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::timeout};

/// How long the brain may take to have it in the log.
const DONE_WITHIN: Duration = Duration::from_secs(10);
/// Requests in one answer.
const LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;
/// Longest number and name, in characters, and how far ahead a time may be.
const MAX_NUMBER: usize = 32;
const MAX_NAME: usize = 80;
const FARTHEST: Duration = Duration::from_secs(7 * 86_400);
const PATH: &str = "/v1/callbacks";
const COLUMNS: &[&str] =
    &["call", "queue", "state", "number", "name", "of", "asked_at", "until", "expires_at", "attempts"];

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    queue: String,
    number: String,
    #[serde(default)]
    name: String,
    not_before: Option<String>,
}

#[derive(Serialize)]
struct Made {
    call: String,
}

#[derive(Serialize)]
struct Body<'a> {
    at: String,
    callbacks: Table<'a, CallbackShown>,
}

/// Whether a path is one of these.
pub(super) fn are_meant(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Requests that stand, oldest first, with whom they are for.
pub async fn list(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    asker.needs(OperatorRole::Supervisor)?;
    let params = Params::of(&uri, &["limit", "zone", "format"])?;
    let (zone, format) = (params.zone(&state)?, params.format(&headers)?);
    let most = params.number("limit", 1..=MAX_LIMIT)?.unwrap_or(LIMIT) as usize;
    let (told, rows) = oneshot::channel();
    ask(&state, AskCallbacks::List { most, told })?;
    let rows = heard(rows).await?;
    let callbacks = Table { columns: COLUMNS, rows: &rows, cells: &|row| cells(row, &zone) };
    match format {
        Format::Csv => callbacks.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Body { at: stamp(state.now(), &zone), callbacks })),
    }
}

/// Somebody is to be called.
pub async fn make(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Result<Response, ApiError> {
    asker.needs(OperatorRole::Supervisor)?;
    let wanted = wanted(&body, &state)?;
    let ((made, call), (told, verdict)) = (oneshot::channel(), oneshot::channel());
    ask(&state, AskCallbacks::Make { wanted, made, told })?;
    taken(verdict).await?;
    let call = heard(call).await?.to_string();
    Ok(output::json(StatusCode::CREATED, &Made { call }))
}

/// Nobody is to be called any more.
pub async fn withdraw(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    asker.needs(OperatorRole::Supervisor)?;
    let unknown = || ApiError::parameter("id", &id, "accepted is a call's id, 26 characters");
    let call: CallId = id.parse().map_err(|_| unknown())?;
    let (told, verdict) = oneshot::channel();
    ask(&state, AskCallbacks::Withdraw { call, told })?;
    taken(verdict).await?;
    Ok(output::json(StatusCode::OK, &Made { call: call.to_string() }))
}

fn ask(state: &HttpState, ask: AskCallbacks) -> Result<(), ApiError> {
    let Some(brain) = &state.brain else {
        return Err(ApiError::unavailable("no_brain", "this port has no router behind it"));
    };
    brain.put(Incoming::Callbacks(Box::new(ask))).map_err(|_| busy())
}

async fn heard<T>(answer: oneshot::Receiver<T>) -> Result<T, ApiError> {
    timeout(DONE_WITHIN, answer).await.ok().and_then(Result::ok).ok_or_else(busy)
}

async fn taken(verdict: oneshot::Receiver<Verdict>) -> Result<(), ApiError> {
    heard(verdict).await?.map(|_taken| ()).map_err(|error| refused(&error))
}

fn busy() -> ApiError {
    ApiError::unavailable("busy", "the router is busy; try again")
}

fn wanted(body: &[u8], state: &HttpState) -> Result<Wanted, ApiError> {
    let bad = |message: String| ApiError::new(StatusCode::BAD_REQUEST, "bad_body", message);
    let asked: Asked = serde_json::from_slice(body).map_err(|error| {
        bad(format!(
            "the body is not like {{\"queue\": \"billing\", \"number\": \"+62…\", \"name\": \"…\", \"not_before\": \"2026-02-28T09:30\"}}: {error}"
        ))
    })?;
    if asked.number.chars().count() > MAX_NUMBER || asked.name.chars().count() > MAX_NAME {
        return Err(bad(format!("number and name have at most {MAX_NUMBER} and {MAX_NAME} characters")));
    }
    let not_before = asked.not_before.map(|text| {
        let at = read_instant(&text, &state.zone).filter(|at| *at <= state.now() + FARTHEST);
        at.ok_or_else(|| {
            bad("not_before is no time like 2026-02-28T09:30, or more than seven days ahead".to_owned())
        })
    });
    let not_before: Option<Timestamp> = not_before.transpose()?;
    Ok(Wanted { queue: asked.queue, number: asked.number, name: asked.name, not_before })
}

fn refused(error: &CommandError) -> ApiError {
    let status = if matches!(error, CommandError::NoSuchTarget | CommandError::NoSuchRequest { .. }) {
        StatusCode::NOT_FOUND
    } else if *error == CommandError::NumberRefused {
        StatusCode::FORBIDDEN
    } else if *error == CommandError::TooManyRequests {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::CONFLICT
    };
    ApiError::new(status, error.code(), error.to_string())
}

fn cells<'a>(row: &'a CallbackShown, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::text(row.call.to_string()),
        Cell::text(&*row.queue),
        Cell::text(row.state),
        Cell::maybe(row.number.as_deref()),
        Cell::maybe(row.name.as_deref()),
        Cell::maybe(row.of.map(|call| call.to_string())),
        Cell::text(stamp(row.asked, zone)),
        Cell::maybe(row.until.map(|at| stamp(at, zone))),
        Cell::text(stamp(row.expires, zone)),
        Cell::Count(u64::from(row.attempts)),
    ]
}
