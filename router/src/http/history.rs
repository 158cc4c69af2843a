//! Calls that have ended.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Object, Table},
    params::{Format, Params},
    stamp::stamp,
};
use crate::records::{CallFilter, CallRow, OfferRow, TransferRow, VisitRow};
use acd::{CallId, Timestamp};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::Response,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::sync::Arc;

/// Most calls of one answer.
pub const MAX_LIMIT: u32 = 1_000;
const LIMIT: u32 = 100;
const OUTCOMES: &[&str] = &["answered", "transferred", "abandoned", "flow_out", "lost_restart"];
const CURSOR: &str = "x-sambung-next-cursor";

const CALLS: &[&str] = &[
    "call",
    "dialled",
    "caller",
    "arrived_at",
    "answered_at",
    "ended_at",
    "outcome",
    "reason",
    "queue",
    "agent",
    "visits",
    "offers",
    "priority",
    "wait_ms",
    "talk_ms",
];
const VISITS: &[&str] = &[
    "visit",
    "queue",
    "entered_at",
    "answered_at",
    "left_at",
    "handled_at",
    "outcome",
    "reason",
    "agent",
    "wait_ms",
    "ring_ms",
    "talk_ms",
    "hold_ms",
    "wrap_up_ms",
    "disposition",
];
const OFFERS: &[&str] = &["attempt", "visit", "queue", "agent", "offered_at", "ended_at", "outcome"];

const TRANSFERS: &[&str] = &[
    "visit",
    "queue",
    "agent",
    "kind",
    "transferred_to",
    "transferred_at",
    "answered_at",
    "ended_at",
    "outcome",
    "status",
    "consulted",
];

#[derive(Serialize)]
struct Page<'a> {
    calls: Table<'a, CallRow>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Detail<'a> {
    call: Object<'a>,
    visits: Table<'a, VisitRow>,
    offers: Table<'a, OfferRow>,
    transfers: Table<'a, TransferRow>,
}

/// Calls, latest first.
pub async fn calls(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let known = ["from", "to", "queue", "agent", "outcome", "limit", "cursor", "zone", "format"];
    let params = Params::of(&uri, &known)?;
    let (zone, format) = (params.zone(&state)?, params.format(&headers)?);
    let filter = CallFilter {
        from: params.instant("from", &zone)?,
        to: params.instant("to", &zone)?,
        queue: params.text("queue").map(str::to_owned),
        agent: params.text("agent").map(str::to_owned),
        outcome: params.one_of("outcome", OUTCOMES)?.map(str::to_owned),
        limit: params.number("limit", 1..=MAX_LIMIT)?.unwrap_or(LIMIT),
        before: params.call("cursor")?,
    };
    let page = state.records.calls(&filter).await?;
    let next_cursor = page.next.map(|call| call.to_string());
    let calls = Table { columns: CALLS, rows: &page.calls, cells: &|call| call_cells(call, &zone) };
    let mut response = match format {
        Format::Csv => calls.csv()?,
        Format::Json => output::json(StatusCode::OK, &Page { calls, next_cursor: next_cursor.clone() }),
    };
    if let Some(cursor) = next_cursor.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
        response.headers_mut().insert(CURSOR, cursor);
    }
    Ok(response)
}

/// One call with its visits, offers and transfers. As CSV, its visits.
pub async fn call(
    State(state): State<Arc<HttpState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, format) = (params.zone(&state)?, params.format(&headers)?);
    let id: CallId =
        id.parse().map_err(|error: acd::BadCallId| ApiError::parameter("id", &id, &error.to_string()))?;
    let Some(detail) = state.records.call(id).await? else {
        let message = format!("{id} is in no record; a call that goes on is in /v1/floor");
        return Err(ApiError::not_found(message));
    };
    let call = Object { columns: CALLS, cells: call_cells(&detail.call, &zone) };
    let visits = Table { columns: VISITS, rows: &detail.visits, cells: &|visit| visit_cells(visit, &zone) };
    let offers = Table { columns: OFFERS, rows: &detail.offers, cells: &|offer| offer_cells(offer, &zone) };
    let cells = |transfer| transfer_cells(transfer, &zone);
    let transfers = Table { columns: TRANSFERS, rows: &detail.transfers, cells: &cells };
    match format {
        Format::Csv => visits.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Detail { call, visits, offers, transfers })),
    }
}

fn time(at: Option<Timestamp>, zone: &TimeZone) -> Cell<'static> {
    Cell::maybe(at.map(|at| stamp(at, zone)))
}

fn call_cells<'a>(call: &'a CallRow, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::text(call.call.to_string()),
        Cell::text(&call.dialled),
        Cell::maybe(call.caller.map(|caller| caller.to_string())),
        time(Some(call.arrived), zone),
        time(call.answered, zone),
        time(Some(call.ended), zone),
        Cell::text(&*call.outcome),
        Cell::text(&*call.reason),
        Cell::maybe(call.queue.as_deref()),
        Cell::maybe(call.agent.as_deref()),
        Cell::Count(u64::from(call.visits)),
        Cell::Count(u64::from(call.offers)),
        Cell::Count(u64::from(call.priority)),
        Cell::Count(call.wait_ms()),
        Cell::Count(call.talk_ms),
    ]
}

fn visit_cells<'a>(visit: &'a VisitRow, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::Count(u64::from(visit.visit)),
        Cell::text(&*visit.queue),
        time(Some(visit.entered), zone),
        time(visit.answered, zone),
        time(Some(visit.left), zone),
        time(visit.handled, zone),
        Cell::text(&*visit.outcome),
        Cell::text(&*visit.reason),
        Cell::maybe(visit.agent.as_deref()),
        Cell::Count(visit.wait_ms),
        Cell::Count(visit.ring_ms),
        Cell::Count(visit.talk_ms),
        Cell::Count(visit.hold_ms),
        visit.wrap_up_ms.map_or(Cell::None, Cell::Count),
        Cell::maybe(visit.disposition.as_deref()),
    ]
}

fn offer_cells<'a>(offer: &'a OfferRow, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::Count(u64::from(offer.attempt)),
        Cell::Count(u64::from(offer.visit)),
        Cell::text(&*offer.queue),
        Cell::text(&*offer.agent),
        time(Some(offer.offered), zone),
        time(Some(offer.ended), zone),
        Cell::text(&*offer.outcome),
    ]
}

fn transfer_cells<'a>(transfer: &'a TransferRow, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::Count(u64::from(transfer.visit)),
        Cell::text(&*transfer.queue),
        Cell::text(&*transfer.agent),
        Cell::text(&*transfer.kind),
        Cell::text(&*transfer.to),
        time(Some(transfer.at), zone),
        time(transfer.answered, zone),
        time(Some(transfer.ended), zone),
        Cell::text(&*transfer.outcome),
        transfer.status.map_or(Cell::None, |status| Cell::Count(u64::from(status))),
        Cell::Count(u64::from(transfer.consulted)),
    ]
}
