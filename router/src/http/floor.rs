//! The floor as it stands: queues, agents, live calls.

use super::{
    HttpState,
    error::ApiError,
    output::{self, Cell, Table},
    params::{Format, Params},
    stamp::stamp,
};
use crate::follower::{AgentView, CallView, QueueView};
use acd::{Plan, Timestamp, expect::Ewt};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::{sync::Arc, time::Duration};

const QUEUES: &[&str] = &[
    "queue",
    "waiting",
    "offered",
    "connected",
    "longest_wait_s",
    "agents_ready",
    "agents_staffed",
    "ewt_method",
    "ewt_p50_s",
    "ewt_p80_s",
];
const AGENTS: &[&str] = &["agent", "state", "reason", "since", "call", "queue"];
const STAFF: &[&str] = &["agent", "state", "reason", "since", "call", "queue", "skills"];
const CALLS: &[&str] = &["call", "visit", "queue", "state", "entered_at", "wait_s", "answered_at", "agent"];

#[derive(Serialize)]
struct Body<'a> {
    at: String,
    applied: u64,
    queues: Table<'a, QueueView>,
    agents: Table<'a, AgentView>,
    calls: Table<'a, CallView>,
}

#[derive(Serialize)]
struct Staff<'a> {
    at: String,
    agents: Table<'a, AgentView>,
}

/// Everything that is going on. As CSV, the queues.
pub async fn floor(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, format, now) = (params.zone(&state)?, params.format(&headers)?, state.now());
    let view = state.floor.view();
    let queues = Table { columns: QUEUES, rows: &view.queues, cells: &|queue| queue_cells(queue, now) };
    if format == Format::Csv {
        return queues.csv();
    }
    let body = Body {
        at: stamp(now, &zone),
        applied: view.applied,
        queues,
        agents: Table { columns: AGENTS, rows: &view.agents, cells: &|agent| agent_cells(agent, &zone) },
        calls: Table { columns: CALLS, rows: &view.calls, cells: &|call| call_cells(call, now, &zone) },
    };
    Ok(output::json(StatusCode::OK, &body))
}

/// Every agent with her state and skills.
pub async fn agents(
    State(state): State<Arc<HttpState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, format) = (params.zone(&state)?, params.format(&headers)?);
    let (view, plan) = (state.floor.view(), state.floor.plan());
    let cells = |agent| staff_cells(agent, &plan, &zone);
    let agents = Table { columns: STAFF, rows: &view.agents, cells: &cells };
    match format {
        Format::Csv => agents.csv(),
        Format::Json => Ok(output::json(StatusCode::OK, &Staff { at: stamp(state.now(), &zone), agents })),
    }
}

fn queue_cells(queue: &QueueView, now: Timestamp) -> Vec<Cell<'_>> {
    let [half, most] = expected(queue.outlook.ewt);
    vec![
        Cell::text(&*queue.queue),
        Cell::Count(queue.waiting as u64),
        Cell::Count(queue.offered as u64),
        Cell::Count(queue.connected as u64),
        wait(queue.oldest.map_or(now, |oldest| oldest), now),
        Cell::Count(queue.ready as u64),
        Cell::Count(queue.staffed as u64),
        Cell::text(queue.outlook.ewt.method()),
        half,
        most,
    ]
}

/// `ewt_p50` and `ewt_p80`; absent while only the place can be told.
fn expected(ewt: Ewt) -> [Cell<'static>; 2] {
    match ewt {
        Ewt::Time { p50, p80 } => [p50, p80].map(seconds),
        Ewt::Place(_) => [Cell::None, Cell::None],
    }
}

fn agent_cells<'a>(agent: &'a AgentView, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::text(&*agent.agent),
        Cell::text(agent.state),
        Cell::maybe(agent.reason.as_deref()),
        Cell::text(stamp(agent.since, zone)),
        Cell::maybe(agent.call.map(|call| call.to_string())),
        Cell::maybe(agent.queue.as_deref()),
    ]
}

fn staff_cells<'a>(agent: &'a AgentView, plan: &Plan, zone: &TimeZone) -> Vec<Cell<'a>> {
    let mut cells = agent_cells(agent, zone);
    let rules = plan.agents.iter().find(|rules| *rules.id == *agent.agent);
    let skills = rules.map(|rules| {
        let skills = rules.skills.iter().map(|(skill, level)| format!("{skill}={level}"));
        skills.collect::<Vec<_>>().join(" ")
    });
    cells.push(Cell::maybe(skills));
    cells
}

fn call_cells<'a>(call: &'a CallView, now: Timestamp, zone: &TimeZone) -> Vec<Cell<'a>> {
    vec![
        Cell::text(call.call.to_string()),
        Cell::Count(u64::from(call.visit)),
        Cell::text(&*call.queue),
        Cell::text(call.state),
        Cell::text(stamp(call.entered, zone)),
        wait(call.entered, call.answered.unwrap_or(now)),
        Cell::maybe(call.answered.map(|at| stamp(at, zone))),
        Cell::maybe(call.agent.as_deref()),
    ]
}

fn wait(from: Timestamp, to: Timestamp) -> Cell<'static> {
    seconds(to.since(from))
}

fn seconds(time: Duration) -> Cell<'static> {
    Cell::seconds(i64::try_from(acd::time::micros(time)).unwrap_or(i64::MAX))
}
