//! Which hours are open, and when they turn next.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params},
    stamp::stamp,
};
use crate::timetable::HoursView;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

const HOURS: &[&str] = &["hours", "state", "next_at", "zone", "entries"];

#[derive(Serialize)]
struct Body<'a> {
    at: String,
    hours: Table<'a, HoursView>,
}

/// All hours, with the entries that go by them.
pub async fn hours(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, format, views) = (params.zone(&state)?, params.format(&headers)?, state.hours.views());
    let plan = state.floor.plan();
    let cells = |hours: &HoursView| {
        let by = plan.entries.iter().filter(|entry| entry.is_by(&hours.name));
        let entries = by.map(|entry| entry.number.as_str()).collect::<Vec<_>>().join(" ");
        vec![
            Cell::text(hours.name.clone()),
            Cell::text(if hours.open { "open" } else { "closed" }),
            Cell::maybe(hours.next.map(|at| stamp(at, &zone))),
            Cell::text(hours.zone.clone()),
            Cell::text(entries),
        ]
    };
    let hours = Table { columns: HOURS, rows: &views, cells: &cells };
    match format {
        Format::Csv => hours.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Body { at: stamp(state.now(), &zone), hours })),
    }
}
