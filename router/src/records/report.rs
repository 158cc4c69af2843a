//! Joins the store, the rows on their way to it and the picture of the floor into the tables of `wfm`.
//!
//! A report sees one state of the log, whole: rows in the store up to some entry, rows in memory after it, and what
//! has not ended yet. Long ranges are read a day at a time.

mod gather;
mod names;
mod rules;

use super::{ReadError, Reader, Snapshot, StoredPlan};
use crate::follower::{Floor, Tail};
use acd::Timestamp;
use gather::Gather;
use names::Names;
use rules::Epochs;
use std::{sync::Arc, time::Duration};
use wfm::{
    Micros, identities,
    interval::{CutError, Grid, Length},
    rows::Rows,
    tally::{self, AgentRow, Attribution, QueueRow, Rules as _, Table, Thresholds},
};

/// Intervals that are counted at a time.
const PART: usize = 96;
/// Most rows of one report.
pub const MAX_REPORT_ROWS: usize = 50_000;
/// Most names that an error lists.
const MAX_NAMES_TOLD: usize = 50;
/// How often the store is read again when it and the floor do not meet.
const MEETINGS: u32 = 20;
/// How long to wait before it is read again.
const BETWEEN: Duration = Duration::from_millis(25);

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// From here on; the interval that holds it is whole.
    pub from: Timestamp,
    /// Up to here; likewise.
    pub to: Timestamp,
    /// How long an interval is.
    pub length: Length,
    /// Whose clock cuts the intervals.
    pub zone: jiff::tz::TimeZone,
    /// Only this queue, or this agent.
    pub only: Option<String>,
    /// What goes on ends here.
    pub now: Timestamp,
}

/// A table with its intervals and whether it is sound.
#[derive(Clone, Debug)]
pub struct Report<R> {
    /// Its rows, by interval and then by name.
    pub rows: Vec<R>,
    /// Identities that do not hold; empty as it should be.
    pub violations: Vec<String>,
}

/// Where a row stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Start of the interval.
    pub start: Timestamp,
    /// Offset from UTC then, in seconds.
    pub offset_s: i32,
    /// Length of the interval.
    pub length_s: i64,
}

/// One queue in one interval.
#[derive(Clone, Debug)]
pub struct QueueLine {
    /// Which interval.
    pub cut: Cut,
    /// Which queue.
    pub queue: String,
    /// The figures.
    pub row: QueueRow,
    /// The thresholds they were counted by.
    pub thresholds: Thresholds,
}

/// One agent in one interval.
#[derive(Clone, Debug)]
pub struct AgentLine {
    /// Which interval.
    pub cut: Cut,
    /// Who.
    pub agent: String,
    /// The figures.
    pub row: AgentRow,
}

/// A report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The range cannot be cut.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// Neither in the rules nor in the records.
    #[error("there is no {kind} `{name}`; there are: {known}")]
    Unknown {
        /// Queue or agent.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// More rows than one answer holds.
    #[error(
        "{rows} rows are asked for, {MAX_REPORT_ROWS} is the most: ask for a shorter range or for one {kind}"
    )]
    TooLarge {
        /// How many.
        rows: usize,
        /// Queue or agent.
        kind: &'static str,
    },
    /// The follower is still reading the log.
    #[error("the records are still being brought up to the log; ask again in a moment")]
    CatchingUp,
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The counting broke down.
    #[error("the report could not be counted")]
    Broken,
}

/// The table of queues.
///
/// # Errors
/// [`ReportError`].
pub async fn queues(reader: &Reader, floor: &Floor, ask: &Ask) -> Result<Report<QueueLine>, ReportError> {
    Source::meet(reader, floor, ask).await?.run(ask, Kind::Queue, queue_lines).await
}

/// The table of agents.
///
/// # Errors
/// [`ReportError`].
pub async fn agents(reader: &Reader, floor: &Floor, ask: &Ask) -> Result<Report<AgentLine>, ReportError> {
    Source::meet(reader, floor, ask).await?.run(ask, Kind::Agent, agent_lines).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Queue,
    Agent,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Agent => "agent",
        }
    }
}

/// Store and floor at the same entry of the log.
struct Source {
    store: Snapshot,
    tail: Tail,
    names: Names,
    epochs: Arc<Epochs>,
}

/// What some intervals are counted from.
struct Part {
    grid: Grid,
    rows: Rows,
    names: Names,
    rules: rules::Cut,
    /// Places of the names that get a line in every interval.
    shown: Vec<usize>,
}

/// A part, counted.
struct Counted {
    part: Part,
    queues: Table<QueueRow>,
    agents: Table<AgentRow>,
}

impl Source {
    async fn meet(reader: &Reader, floor: &Floor, ask: &Ask) -> Result<Self, ReportError> {
        for _ in 0..MEETINGS {
            let mut store = reader.snapshot().await?;
            let Some(tail) = floor.tail(store.followed(), ask.now) else {
                drop(store);
                tokio::time::sleep(BETWEEN).await;
                continue;
            };
            let mut plans = store.plans().await?;
            let new = tail.batches.iter().flat_map(|batch| &batch.plans);
            plans.extend(new.map(|row| StoredPlan { at: row.at, plan: acd::Plan::clone(&row.plan) }));
            let mut names = Names::default();
            let epochs = Arc::new(Epochs::new(&plans, (ask.from, ask.to), &mut names));
            return Ok(Self { store, tail, names, epochs });
        }
        Err(ReportError::CatchingUp)
    }

    async fn run<L: Send + 'static>(
        mut self,
        ask: &Ask,
        kind: Kind,
        lines: fn(&Counted) -> Vec<L>,
    ) -> Result<Report<L>, ReportError> {
        let mut report = Report { rows: Vec::new(), violations: Vec::new() };
        let asked = Grid::cut(micros(ask.from), micros(ask.to), ask.length, &ask.zone)?;
        let Some(grid) = self.known_part(&asked, ask.now) else { return Ok(report) };
        for first in (0..grid.len()).step_by(PART) {
            let part = self.part(grid.part(first, first + PART), ask, kind).await?;
            let rows = part.shown.len() * grid.len();
            if rows > MAX_REPORT_ROWS {
                return Err(ReportError::TooLarge { rows, kind: kind.as_str() });
            }
            let counted = tokio::task::spawn_blocking(move || {
                let counted = Counted::of(part);
                (lines(&counted), counted.violations())
            });
            let (lines, violations) = counted.await.map_err(|_| ReportError::Broken)?;
            report.rows.extend(lines);
            report.violations.extend(violations);
        }
        Ok(report)
    }

    /// The intervals from the first rules on and up to now: before and after them nothing is known.
    fn known_part(&self, grid: &Grid, now: Timestamp) -> Option<Grid> {
        let begin = self.epochs.begin()?;
        let first = (0..grid.len()).find(|&i| grid.end(i) > begin)?;
        let last = (0..grid.len()).rfind(|&i| grid.start(i) <= micros(now))? + 1;
        (first < last).then(|| grid.part(first, last))
    }

    async fn part(&mut self, grid: Grid, ask: &Ask, kind: Kind) -> Result<Part, ReportError> {
        let (from, to) = (timestamp(grid.from()), timestamp(grid.to()));
        let mut gather = Gather::new(&mut self.names);
        gather.visits(self.store.visits(from, to).await?);
        gather.offers(self.store.offers(from, to).await?);
        gather.spans(self.store.spans(from, to).await?);
        gather.tail(&self.tail, from, to);
        let rows = gather.finish();
        let rules = rules::Cut::new(Arc::clone(&self.epochs), &grid);
        let (list, in_force) = match kind {
            Kind::Queue => (&self.names.queues, rules.queues()),
            Kind::Agent => (&self.names.agents, rules.agents()),
        };
        let shown = match &ask.only {
            Some(name) => vec![list.find(name).ok_or_else(|| unknown(kind, name, list))?],
            None => list.sorted(in_force),
        };
        Ok(Part { grid, rows, names: self.names.clone(), rules, shown })
    }
}

fn unknown(kind: Kind, name: &str, list: &names::List) -> ReportError {
    let mut known: Vec<&str> = list.all().iter().map(String::as_str).collect();
    known.sort_unstable();
    known.truncate(MAX_NAMES_TOLD);
    ReportError::Unknown { kind: kind.as_str(), name: name.to_owned(), known: known.join(", ") }
}

impl Counted {
    fn of(part: Part) -> Self {
        let (queues, agents) = (part.names.queues.all().len(), part.names.agents.all().len());
        let queues = tally::queues(&part.grid, queues, &part.rows, &part.rules, Attribution::Event);
        let agents = tally::agents(&part.grid, agents, &part.rows);
        Self { part, queues, agents }
    }
    fn violations(&self) -> Vec<String> {
        let Part { grid, rows, names, .. } = &self.part;
        let found = identities::check(grid, rows, &self.queues, &self.agents);
        found.iter().map(|violation| violation.describe(names.queues.all(), names.agents.all())).collect()
    }
    fn cut(&self, interval: usize) -> Cut {
        let grid = &self.part.grid;
        Cut {
            start: timestamp(grid.start(interval)),
            offset_s: grid.offset_s(interval),
            length_s: grid.length(interval) / 1_000_000,
        }
    }
    /// Every interval with every place that is shown.
    fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let shown = &self.part.shown;
        (0..self.part.grid.len()).flat_map(move |interval| shown.iter().map(move |&at| (interval, at)))
    }
}

fn queue_lines(counted: &Counted) -> Vec<QueueLine> {
    let line = |(interval, at)| QueueLine {
        cut: counted.cut(interval),
        queue: counted.part.names.queues.name(at).to_owned(),
        row: counted.queues.get(interval, at).copied().unwrap_or_default(),
        thresholds: counted.part.rules.thresholds(at, interval),
    };
    counted.cells().map(line).collect()
}

fn agent_lines(counted: &Counted) -> Vec<AgentLine> {
    let line = |(interval, at)| AgentLine {
        cut: counted.cut(interval),
        agent: counted.part.names.agents.name(at).to_owned(),
        row: counted.agents.get(interval, at).copied().unwrap_or_default(),
    };
    counted.cells().map(line).collect()
}

fn micros(at: Timestamp) -> Micros {
    Micros::try_from(at.micros()).unwrap_or(Micros::MAX)
}

fn timestamp(at: Micros) -> Timestamp {
    Timestamp(u64::try_from(at).unwrap_or(0))
}
