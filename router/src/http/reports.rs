//! Reports by interval: of queues, and of agents.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params},
    stamp::{stamp, stamp_at_offset},
};
use crate::records::report::{self, AgentLine, Ask, Cut, QueueLine, Report};
use acd::Timestamp;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::Response,
};
use jiff::{ToSpan, tz::TimeZone};
use serde::Serialize;
use std::sync::Arc;
use wfm::interval::Length;

/// Violations that an answer tells; the rest is counted.
const MAX_TOLD: usize = 20;
const IDENTITIES: &str = "x-sambung-identities";

/// The contract's columns, in its order.
const INTERVALS: &[&str] = &[
    "interval_start",
    "interval_s",
    "queue",
    "offered",
    "answered",
    "handled",
    "abandoned",
    "short_abandoned",
    "flow_out",
    "lost",
    "rona",
    "answered_in_t",
    "abandoned_in_t",
    "sl_only_handled",
    "sl_ignore_abandoned",
    "sl_positive_abandon",
    "sl_negative_abandon",
    "sl_exclude_short",
    "t_s",
    "short_s",
    "asa_s",
    "aht_s",
    "talk_s",
    "hold_s",
    "wrap_up_s",
    "occupancy_ratio",
    "definitions",
];
const AGENTS: &[&str] = &[
    "interval_start",
    "interval_s",
    "agent",
    "answered",
    "handled",
    "rona",
    "rejected",
    "staffed_s",
    "ready_s",
    "reserved_s",
    "talk_s",
    "hold_s",
    "consult_s",
    "wrap_up_s",
    "not_ready_s",
    "aht_s",
    "occupancy_ratio",
    "definitions",
];

#[derive(Serialize)]
#[serde(bound = "")]
struct Body<'a, R> {
    from: String,
    to: String,
    interval: &'static str,
    zone: &'a str,
    definitions: &'static str,
    identities: &'a str,
    violations: &'a [String],
    rows: Table<'a, R>,
}

/// The table of queues.
pub async fn intervals(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (ask, format) = ask(&state, &uri, &headers, "queue")?;
    let report = report::queues(&state.records, &state.floor, &ask).await?;
    answer(&ask, format, report, INTERVALS, &queue_cells)
}

/// The table of agents.
pub async fn agents(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (ask, format) = ask(&state, &uri, &headers, "agent")?;
    let report = report::agents(&state.records, &state.floor, &ask).await?;
    answer(&ask, format, report, AGENTS, &agent_cells)
}

fn ask(state: &HttpState, uri: &Uri, headers: &HeaderMap, only: &str) -> Result<(Ask, Format), ApiError> {
    let params = Params::of(uri, &["from", "to", "interval", only, "zone", "format"])?;
    let (zone, now) = (params.zone(state)?, state.now());
    let from = params.instant("from", &zone)?.unwrap_or_else(|| midnight(now, &zone));
    // To the present, the current interval included.
    let to = params.instant("to", &zone)?.unwrap_or(Timestamp(now.micros() + 1));
    let length: Option<Length> = params.parse("interval", "accepted are 15m, 30m and 60m")?;
    let only = params.text(only).map(str::to_owned);
    let ask = Ask { from, to, length: length.unwrap_or(Length::Half), zone, only, now };
    Ok((ask, params.format(headers)?))
}

/// The start of the local day.
fn midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let micros = i64::try_from(now.micros()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    let day = instant.to_zoned(zone.clone()).start_of_day();
    let fallback = instant.saturating_sub(24.hours()).unwrap_or_default();
    let start = day.map_or(fallback, |day| day.timestamp());
    Timestamp(u64::try_from(start.as_microsecond()).unwrap_or(0))
}

fn answer<R>(
    ask: &Ask,
    format: Format,
    mut report: Report<R>,
    columns: &'static [&'static str],
    cells: &dyn for<'a> Fn(&'a R) -> Vec<Cell<'a>>,
) -> Result<Response, ApiError> {
    if !report.violations.is_empty() {
        tracing::error!(
            count = report.violations.len(),
            first = report.violations[0],
            "a report is not sound"
        );
    }
    let identities = report.violations.first().cloned().unwrap_or_else(|| "hold".to_owned());
    let more = report.violations.len().saturating_sub(MAX_TOLD);
    report.violations.truncate(MAX_TOLD);
    if more > 0 {
        report.violations.push(format!("and {more} more"));
    }
    let rows = Table { columns, rows: &report.rows, cells: &|row| cells(row) };
    let mut response = match format {
        Format::Csv => rows.csv()?,
        Format::Json => {
            let body = Body {
                from: stamp(ask.from, &ask.zone),
                to: stamp(ask.to, &ask.zone),
                interval: ask.length.as_str(),
                zone: ask.zone.iana_name().unwrap_or("UTC"),
                definitions: wfm::DEFINITIONS,
                identities: &identities,
                violations: &report.violations,
                rows,
            };
            output::json(StatusCode::OK, &body)
        }
    };
    let header = if identities == "hold" { "hold" } else { "violated" };
    response.headers_mut().insert(IDENTITIES, HeaderValue::from_static(header));
    Ok(response)
}

fn interval_cells<'a>(cut: &Cut, name: &'a str) -> Vec<Cell<'a>> {
    vec![
        Cell::text(stamp_at_offset(cut.start, cut.offset_s)),
        Cell::Count(u64::try_from(cut.length_s).unwrap_or(0)),
        Cell::text(name),
    ]
}

fn queue_cells(line: &QueueLine) -> Vec<Cell<'_>> {
    let (row, counts) = (&line.row, &line.row.counts);
    let mut cells = interval_cells(&line.cut, &line.queue);
    cells.extend([
        Cell::Count(row.offered),
        Cell::Count(counts.answered),
        Cell::Count(row.handled),
        Cell::Count(counts.abandoned),
        Cell::Count(counts.short_abandoned),
        Cell::Count(row.flow_out),
        Cell::Count(row.lost),
        Cell::Count(row.rona),
        Cell::Count(counts.answered_in_t),
        Cell::Count(counts.abandoned_in_t),
        Cell::share(counts.only_handled()),
        Cell::share(counts.ignore_abandoned()),
        Cell::share(counts.positive_abandon()),
        Cell::share(counts.negative_abandon()),
        Cell::share(counts.exclude_short()),
        Cell::seconds(line.thresholds.within),
        Cell::seconds(line.thresholds.short),
        Cell::maybe_seconds(row.asa()),
        Cell::maybe_seconds(row.aht()),
        Cell::seconds(row.talk),
        Cell::seconds(row.hold),
        Cell::seconds(row.wrap_up),
        Cell::share(row.occupancy()),
        Cell::text(wfm::DEFINITIONS),
    ]);
    cells
}

fn agent_cells(line: &AgentLine) -> Vec<Cell<'_>> {
    let row = &line.row;
    let mut cells = interval_cells(&line.cut, &line.agent);
    cells.extend([
        Cell::Count(row.answered),
        Cell::Count(row.handled),
        Cell::Count(row.rona),
        Cell::Count(row.rejected),
        Cell::seconds(row.staffed()),
        Cell::seconds(row.ready),
        Cell::seconds(row.reserved),
        Cell::seconds(row.talk),
        Cell::seconds(row.hold),
        Cell::seconds(row.consult),
        Cell::seconds(row.wrap_up),
        Cell::seconds(row.not_ready),
        Cell::maybe_seconds(row.aht()),
        Cell::share(row.occupancy()),
        Cell::text(wfm::DEFINITIONS),
    ]);
    cells
}
