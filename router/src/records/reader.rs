//! Reads the records: for pages, and for reports.
//!
//! Connections that only read; they see a consistent state and hold up nobody.

use super::rows::{CallRow, Name, OfferRow, SpanRow, TransferRow, VisitRow};
use acd::{CallId, CallerRef, Plan, Timestamp};
use sqlx::{
    Row as _, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

/// How many questions are answered at a time; further ones wait.
const CONNECTIONS: u32 = 4;
/// How long a question waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// How long a connection lives: a file that was replaced is seen after this.
const LIFETIME: Duration = Duration::from_secs(30);
/// By how much the time in a call's id may differ from its arrival.
const ID_SLACK: Duration = Duration::from_secs(60);

/// The records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database refused, or its file is not there yet.
    #[error("the records cannot be read: {0}")]
    Database(#[from] sqlx::Error),
    /// A cell that no program of ours wrote.
    #[error("the records hold {what} that cannot be read: {text}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// What stands there.
        text: String,
    },
}

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Arrived at or after.
    pub from: Option<Timestamp>,
    /// Arrived before.
    pub to: Option<Timestamp>,
    /// Visited this queue.
    pub queue: Option<String>,
    /// Answered by this agent, the only one or one of several.
    pub agent: Option<String>,
    /// Ended so.
    pub outcome: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// Only calls before this one in the list, which begins with the latest.
    pub before: Option<CallId>,
}

/// Some calls, latest first.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRow>,
    /// Where the next page begins, if there is more.
    pub next: Option<CallId>,
}

/// All about one call.
#[derive(Clone, Debug)]
pub struct CallDetail {
    /// The call.
    pub call: CallRow,
    /// Its visits, in order.
    pub visits: Vec<VisitRow>,
    /// Its offers, in order.
    pub offers: Vec<OfferRow>,
    /// Its transfers, in order.
    pub transfers: Vec<TransferRow>,
}

/// Rules that came into force.
#[derive(Clone, Debug)]
pub struct StoredPlan {
    /// When.
    pub at: Timestamp,
    /// What.
    pub plan: Plan,
}

/// The readers' connections.
#[derive(Clone, Debug)]
pub struct Reader {
    path: PathBuf,
    /// Made when first asked: it wants the runtime that asks.
    pool: Arc<OnceLock<SqlitePool>>,
}

impl Reader {
    /// Reads a file, once there is one.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), pool: Arc::default() }
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        self.pool.get_or_init(|| {
            let options = SqliteConnectOptions::new().filename(&self.path).read_only(true);
            SqlitePoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(TURN)
                .max_lifetime(LIFETIME)
                .test_before_acquire(false)
                .connect_lazy_with(options)
        })
    }

    /// Lists calls, latest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn calls(&self, filter: &CallFilter) -> Result<CallPage, ReadError> {
        let from = filter.from.unwrap_or_default();
        let to = filter.to.unwrap_or(Timestamp(i64::MAX.unsigned_abs()));
        let before = filter.before.map_or_else(|| first_id(to + ID_SLACK), |call| call.to_string());
        let limit = filter.limit.max(1);
        let rows = sqlx::query(CALLS)
            .bind(first_id(from - ID_SLACK))
            .bind(before)
            .bind(micros(from))
            .bind(micros(to))
            .bind(filter.queue.as_deref())
            .bind(filter.agent.as_deref())
            .bind(filter.outcome.as_deref())
            .bind(i64::from(limit) + 1)
            .fetch_all(self.pool())
            .await?;
        let mut calls = rows.iter().map(call_row).collect::<Result<Vec<_>, _>>()?;
        let more = calls.len() > limit as usize;
        calls.truncate(limit as usize);
        let next = calls.last().filter(|_| more).map(|call| call.call);
        Ok(CallPage { calls, next })
    }

    /// All about one call that has ended.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn call(&self, id: CallId) -> Result<Option<CallDetail>, ReadError> {
        let id = id.to_string();
        let mut all = self.pool().begin().await?;
        let call = sqlx::query(CALL).bind(&id).fetch_optional(&mut *all).await?;
        let Some(call) = call else { return Ok(None) };
        let visits = sqlx::query(VISITS_OF).bind(&id).fetch_all(&mut *all).await?;
        let offers = sqlx::query(OFFERS_OF).bind(&id).fetch_all(&mut *all).await?;
        let transfers = sqlx::query(TRANSFERS_OF).bind(&id).fetch_all(&mut *all).await?;
        Ok(Some(CallDetail {
            call: call_row(&call)?,
            visits: visits.iter().map(visit_row).collect::<Result<_, _>>()?,
            offers: offers.iter().map(offer_row).collect::<Result<_, _>>()?,
            transfers: transfers.iter().map(transfer_row).collect::<Result<_, _>>()?,
        }))
    }

    /// The records as they stand now, for several questions that must agree.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn snapshot(&self) -> Result<Snapshot, ReadError> {
        let mut all = self.pool().begin().await?;
        let row = sqlx::query("SELECT number, longest_call_us, longest_span_us FROM followed");
        let row = row.fetch_one(&mut *all).await?;
        Ok(Snapshot {
            all,
            followed: unsigned(row.try_get(0)?),
            longest_call: Duration::from_micros(unsigned(row.try_get(1)?)),
            longest_span: Duration::from_micros(unsigned(row.try_get(2)?)),
        })
    }
}

/// A state of the records that stays as it is.
pub struct Snapshot {
    all: Transaction<'static, Sqlite>,
    followed: u64,
    longest_call: Duration,
    longest_span: Duration,
}

impl Snapshot {
    /// The last entry of the log that is in it.
    #[must_use]
    pub const fn followed(&self) -> u64 {
        self.followed
    }
    /// Every plan that ever came into force, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn plans(&mut self) -> Result<Vec<StoredPlan>, ReadError> {
        let rows = sqlx::query("SELECT at, plan FROM plans ORDER BY at").fetch_all(&mut *self.all).await?;
        rows.iter().map(plan_row).collect()
    }
    /// Visits that entered before `to` and were not over, wrap-up included, before `from`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn visits(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<VisitRow>, ReadError> {
        let (first, last) = self.ids(from, to);
        let query = sqlx::query(VISITS).bind(first).bind(last);
        let query = query.bind(micros(to)).bind(micros(from)).bind(micros(from));
        query.fetch_all(&mut *self.all).await?.iter().map(visit_row).collect()
    }
    /// Offers that ended from `from` and before `to`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn offers(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<OfferRow>, ReadError> {
        let (first, last) = self.ids(from, to);
        let query = sqlx::query(OFFERS).bind(first).bind(last).bind(micros(from)).bind(micros(to));
        query.fetch_all(&mut *self.all).await?.iter().map(offer_row).collect()
    }
    /// States of agents that have a part in `from..to`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn spans(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<SpanRow>, ReadError> {
        let query =
            sqlx::query(SPANS).bind(micros(from - self.longest_span)).bind(micros(to)).bind(micros(from));
        query.fetch_all(&mut *self.all).await?.iter().map(span_row).collect()
    }
    fn ids(&self, from: Timestamp, to: Timestamp) -> (String, String) {
        (first_id(from - self.longest_call - ID_SLACK), first_id(to + ID_SLACK))
    }
}

/// The first id that a call arriving at `at` could have.
fn first_id(at: Timestamp) -> String {
    CallId::new(Timestamp::from_millis(at.millis().min((1 << 48) - 1)), 0).to_string()
}

const CALLS: &str = "SELECT call, dialled, caller, arrived_at, answered_at, ended_at, outcome, reason, queue, agent,
  visits, offers, priority, talk_ms FROM calls WHERE call >= ?1 AND call < ?2 AND arrived_at >= ?3 AND arrived_at < ?4
  AND (?5 IS NULL OR queue = ?5 OR EXISTS (SELECT 1 FROM queue_entries AS q WHERE q.call = calls.call AND q.queue = ?5))
  AND (?6 IS NULL OR agent = ?6 OR EXISTS (SELECT 1 FROM queue_entries AS q WHERE q.call = calls.call AND q.agent = ?6))
  AND (?7 IS NULL OR outcome = ?7) ORDER BY call DESC LIMIT ?8";
const CALL: &str =
    "SELECT call, dialled, caller, arrived_at, answered_at, ended_at, outcome, reason, queue, agent,
  visits, offers, priority, talk_ms FROM calls WHERE call = ?";
const VISITS_OF: &str = "SELECT call, visit, queue, entered_at, answered_at, left_at, handled_at, outcome, reason,
  agent, wait_ms, ring_ms, talk_ms, hold_ms, wrap_up_ms, disposition FROM queue_entries WHERE call = ? ORDER BY visit";
const OFFERS_OF: &str = "SELECT call, attempt, visit, queue, agent, offered_at, ended_at, outcome FROM offers
  WHERE call = ? ORDER BY attempt";
const TRANSFERS_OF: &str =
    "SELECT call, visit, queue, agent, kind, transferred_to, transferred_at, answered_at,
  ended_at, outcome, status, consulted FROM transfers WHERE call = ? ORDER BY transferred_at";
const VISITS: &str =
    "SELECT call, visit, queue, entered_at, answered_at, left_at, handled_at, outcome, reason,
  agent, wait_ms, ring_ms, talk_ms, hold_ms, wrap_up_ms, disposition FROM queue_entries
  WHERE call >= ? AND call < ? AND entered_at < ?
  AND (left_at >= ? OR handled_at >= ? OR (handled_at IS NULL AND outcome IN ('answered', 'transferred')))";
const OFFERS: &str = "SELECT call, attempt, visit, queue, agent, offered_at, ended_at, outcome FROM offers
  WHERE call >= ? AND call < ? AND ended_at >= ? AND ended_at < ?";
const SPANS: &str = r#"SELECT agent, state, reason, "from", "to", call, queue FROM agent_states
  WHERE "from" >= ? AND "from" < ? AND "to" > ?"#;

fn call_row(row: &SqliteRow) -> Result<CallRow, ReadError> {
    Ok(CallRow {
        call: call_id(row.try_get(0)?)?,
        dialled: row.try_get(1)?,
        caller: row.try_get::<Option<&str>, _>(2)?.map(caller).transpose()?,
        arrived: time(row.try_get(3)?),
        answered: row.try_get::<Option<i64>, _>(4)?.map(time),
        ended: time(row.try_get(5)?),
        talk_ms: unsigned(row.try_get(13)?),
        outcome: Name::from(row.try_get::<&str, _>(6)?),
        reason: Name::from(row.try_get::<&str, _>(7)?),
        queue: row.try_get::<Option<&str>, _>(8)?.map(Name::from),
        agent: row.try_get::<Option<&str>, _>(9)?.map(Name::from),
        visits: row.try_get(10)?,
        offers: row.try_get(11)?,
        priority: row.try_get(12)?,
    })
}

fn visit_row(row: &SqliteRow) -> Result<VisitRow, ReadError> {
    Ok(VisitRow {
        call: call_id(row.try_get(0)?)?,
        visit: row.try_get(1)?,
        queue: Name::from(row.try_get::<&str, _>(2)?),
        entered: time(row.try_get(3)?),
        answered: row.try_get::<Option<i64>, _>(4)?.map(time),
        left: time(row.try_get(5)?),
        handled: row.try_get::<Option<i64>, _>(6)?.map(time),
        outcome: Name::from(row.try_get::<&str, _>(7)?),
        reason: Name::from(row.try_get::<&str, _>(8)?),
        agent: row.try_get::<Option<&str>, _>(9)?.map(Name::from),
        wait_ms: unsigned(row.try_get(10)?),
        ring_ms: unsigned(row.try_get(11)?),
        talk_ms: unsigned(row.try_get(12)?),
        hold_ms: unsigned(row.try_get(13)?),
        wrap_up_ms: row.try_get::<Option<i64>, _>(14)?.map(unsigned),
        disposition: row.try_get(15)?,
    })
}

fn offer_row(row: &SqliteRow) -> Result<OfferRow, ReadError> {
    Ok(OfferRow {
        call: call_id(row.try_get(0)?)?,
        attempt: row.try_get(1)?,
        visit: row.try_get(2)?,
        queue: Name::from(row.try_get::<&str, _>(3)?),
        agent: Name::from(row.try_get::<&str, _>(4)?),
        offered: time(row.try_get(5)?),
        ended: time(row.try_get(6)?),
        outcome: Name::from(row.try_get::<&str, _>(7)?),
    })
}

fn transfer_row(row: &SqliteRow) -> Result<TransferRow, ReadError> {
    Ok(TransferRow {
        call: call_id(row.try_get(0)?)?,
        visit: row.try_get(1)?,
        queue: Name::from(row.try_get::<&str, _>(2)?),
        agent: Name::from(row.try_get::<&str, _>(3)?),
        kind: Name::from(row.try_get::<&str, _>(4)?),
        to: Name::from(row.try_get::<&str, _>(5)?),
        at: time(row.try_get(6)?),
        answered: row.try_get::<Option<i64>, _>(7)?.map(time),
        ended: time(row.try_get(8)?),
        outcome: Name::from(row.try_get::<&str, _>(9)?),
        status: row.try_get(10)?,
        consulted: row.try_get(11)?,
    })
}

fn span_row(row: &SqliteRow) -> Result<SpanRow, ReadError> {
    Ok(SpanRow {
        agent: Name::from(row.try_get::<&str, _>(0)?),
        state: Name::from(row.try_get::<&str, _>(1)?),
        reason: Name::from(row.try_get::<&str, _>(2)?),
        from: time(row.try_get(3)?),
        to: time(row.try_get(4)?),
        call: row.try_get::<Option<&str>, _>(5)?.map(call_id).transpose()?,
        queue: row.try_get::<Option<&str>, _>(6)?.map(Name::from),
    })
}

fn plan_row(row: &SqliteRow) -> Result<StoredPlan, ReadError> {
    let text: &str = row.try_get(1)?;
    let plan = serde_json::from_str(text).map_err(|error| damaged("a plan", &error.to_string()))?;
    Ok(StoredPlan { at: time(row.try_get(0)?), plan })
}

fn call_id(text: &str) -> Result<CallId, ReadError> {
    text.parse().map_err(|_| damaged("a call id", text))
}

fn caller(text: &str) -> Result<CallerRef, ReadError> {
    let number = u128::from_str_radix(text, 16).map_err(|_| damaged("a caller's reference", text))?;
    Ok(CallerRef(number.to_be_bytes()))
}

fn damaged(what: &'static str, text: &str) -> ReadError {
    ReadError::Damaged { what, text: text.chars().take(80).collect() }
}

pub(super) fn time(micros: i64) -> Timestamp {
    Timestamp(unsigned(micros))
}

pub(super) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.micros()).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
