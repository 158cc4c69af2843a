//! How trunks are.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params},
    stamp::stamp,
};
use crate::trunks::TrunkView;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

const TRUNKS: &[&str] = &["trunk", "state", "since", "registration", "registered_at"];

#[derive(Serialize)]
struct Body<'a> {
    at: String,
    trunks: Table<'a, TrunkView>,
}

/// Every trunk with whether it answers, and whether we are registered there.
pub async fn trunks(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, format, views) = (params.zone(&state)?, params.format(&headers)?, state.trunks.views());
    let cells = |trunk: &TrunkView| {
        let registration = match trunk.registered {
            None => "none",
            Some(true) => "registered",
            Some(false) => "not_registered",
        };
        vec![
            Cell::text(trunk.name.clone()),
            Cell::text(trunk.health.as_str()),
            Cell::maybe(trunk.since.map(|at| stamp(at, &zone))),
            Cell::text(registration),
            Cell::maybe(trunk.registered_at.map(|at| stamp(at, &zone))),
        ]
    };
    let trunks = Table { columns: TRUNKS, rows: &views, cells: &cells };
    match format {
        Format::Csv => trunks.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Body { at: stamp(state.now(), &zone), trunks })),
    }
}
