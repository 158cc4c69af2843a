//! A supervisor sets an agent's state, and what is on record of who changed what.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params},
    sign_in::Asker,
    stamp::stamp,
};
use crate::{
    brain::Force,
    inbox::Incoming,
    records::{AuditFilter, AuditRow},
};
use acd::{CommandError, Taken, Wish};
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

/// How long the brain may take to have it in the log. It takes milliseconds; a disk that hangs takes longer.
const DONE_WITHIN: Duration = Duration::from_secs(10);
/// The reason of a supervisor who gives none.
const NO_REASON: &str = "supervisor";
/// Rows of the audit in one answer.
const LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;
const AUDIT: &[&str] = &["at", "by", "what", "agent", "state", "reason"];

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: WantedState,
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WantedState {
    Ready,
    NotReady,
    LoggedOut,
}

#[derive(Serialize)]
struct Done<'a> {
    agent: &'a str,
    /// It comes about after the call that occupies her.
    pending: bool,
}

#[derive(Serialize)]
struct Audit<'a> {
    audit: Table<'a, AuditRow>,
}

/// Sets an agent's state; after her call, if she has one.
pub async fn force(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    Path(agent): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    asker.needs(OperatorRole::Supervisor)?;
    let wish = wish(&body)?;
    let Some(brain) = &state.brain else {
        return Err(ApiError::unavailable("no_brain", "this port has no router behind it"));
    };
    let (told, verdict) = oneshot::channel();
    let force = Force { agent: agent.clone(), wish, by: asker.signature(), told };
    let busy = || ApiError::unavailable("busy", "the router is busy; try again");
    brain.put(Incoming::Force(Box::new(force))).map_err(|_| busy())?;
    let verdict = timeout(DONE_WITHIN, verdict).await.ok().and_then(Result::ok).ok_or_else(busy)?;
    let taken = verdict.map_err(|error| refused(&error))?;
    let done = Done { agent: &agent, pending: taken == Taken::Pending };
    Ok(output::json(StatusCode::OK, &done))
}

fn wish(body: &[u8]) -> Result<Wish, ApiError> {
    let wanted: Wanted = serde_json::from_slice(body).map_err(|error| {
        let message = format!(
            "the body is not like {{\"state\": \"not_ready\", \"reason\": \"break\"}} (or \"ready\", \"logged_out\"): {error}"
        );
        ApiError::new(StatusCode::BAD_REQUEST, "bad_body", message)
    })?;
    Ok(match wanted.state {
        WantedState::Ready => Wish::Ready,
        WantedState::LoggedOut => Wish::LoggedOut,
        WantedState::NotReady => {
            Wish::NotReady { reason: wanted.reason.unwrap_or_else(|| NO_REASON.to_owned()) }
        }
    })
}

fn refused(error: &CommandError) -> ApiError {
    let status = if *error == CommandError::NoSuchAgent {
        StatusCode::NOT_FOUND
    } else if *error == CommandError::BadReason {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::CONFLICT
    };
    ApiError::new(status, error.code(), error.to_string())
}

/// Who set whose state and who changed the rules, latest first.
pub async fn audit(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["from", "to", "agent", "limit", "zone", "format"])?;
    let (zone, format) = (params.zone(&state)?, params.format(&headers)?);
    let filter = AuditFilter {
        from: params.instant("from", &zone)?,
        to: params.instant("to", &zone)?,
        agent: params.text("agent").map(str::to_owned),
        limit: params.number("limit", 1..=MAX_LIMIT)?.unwrap_or(LIMIT),
    };
    let rows = state.records.audit(&filter).await?;
    let audit = Table { columns: AUDIT, rows: &rows, cells: &|row| cells(row, &zone) };
    match format {
        Format::Csv => audit.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Audit { audit })),
    }
}

fn cells<'a>(row: &'a AuditRow, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::text(stamp(row.at, zone)),
        Cell::text(&row.by),
        Cell::text(&*row.what),
        Cell::maybe(row.agent.as_deref()),
        Cell::maybe(row.state.as_deref()),
        Cell::maybe(row.reason.as_deref()),
    ]
}
