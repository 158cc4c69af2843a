//! Writes batches of rows: one connection, one transaction a batch.
//!
//! A batch is one text of several statements with one JSON array per table, so that it costs one turn of the
//! database's thread however many rows it has.

use super::{
    audit::AuditRow,
    rows::{Batch, CallRow, OfferRow, PlanRow, SpanRow, TransferRow, VisitRow, WrapUpRow, whole_ms},
    schema,
};
use acd::{CallId, Timestamp};
use serde::Serialize;
use sqlx::{
    AssertSqlSafe, Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long one statement waits for somebody else's lock before the batch is tried again later.
const BUSY: Duration = Duration::from_secs(1);

/// How far the store follows the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// The last entry whose rows are written; 0 for none.
    pub number: u64,
    /// That entry's time, by which the log is known again.
    pub at: Timestamp,
}

/// The store cannot be used. Nothing is lost: the log has it all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("records {path}: {source}")]
    Database {
        /// Which file.
        path: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A newer program has written the file.
    #[error("records {path} have version {found}, this program knows up to {known}: start the newer program")]
    Newer {
        /// Which file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file was moved away or replaced while it was open.
    #[error("records {path} were moved away or replaced")]
    Gone {
        /// Which file.
        path: String,
    },
    /// A row cannot be written as JSON.
    #[error("records: {0}")]
    Row(#[from] serde_json::Error),
}

/// The one connection that writes.
pub struct Writer {
    db: SqliteConnection,
    path: PathBuf,
    file: Option<FileId>,
}

/// What tells one file from another of the same name: device and inode.
type FileId = (u64, u64);

impl Writer {
    /// Opens the file, makes it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be opened or is of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY);
        let mut db =
            SqliteConnection::connect_with(&options).await.map_err(|source| database(path, source))?;
        migrate(&mut db, path).await?;
        Ok(Self { db, file: file_id(path), path: path.to_owned() })
    }
    /// How far this file follows the log.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn followed(&mut self) -> Result<Followed, StoreError> {
        let row = sqlx::query("SELECT number, at FROM followed").fetch_one(&mut self.db).await;
        let row = row.map_err(|source| database(&self.path, source))?;
        Ok(Followed { number: unsigned(row.get(0)), at: Timestamp(unsigned(row.get(1))) })
    }
    /// Forgets how far it followed: the log is another one, and its rows come again from its first entry.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn follow_anew(&mut self) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE followed SET number = 0, at = 0").execute(&mut self.db).await;
        done.map(|_| ()).map_err(|source| database(&self.path, source))
    }
    /// Writes a batch, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the file is not the one that was opened any more, [`StoreError::Database`] when it
    /// is locked, full or damaged. Write the same batch again.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.file.is_none() || file_id(&self.path) != self.file {
            return Err(StoreError::Gone { path: self.path.display().to_string() });
        }
        let query = sqlx::query(WRITE)
            .bind(json(&batch.calls)?)
            .bind(json(&batch.visits)?)
            .bind(json(&batch.wrap_ups)?)
            .bind(json(&batch.offers)?)
            .bind(json(&batch.transfers)?)
            .bind(json(&batch.spans)?)
            .bind(json(&batch.plans)?)
            .bind(json(&batch.audit)?)
            .bind(signed(batch.last))
            .bind(signed(batch.last_at.micros()))
            .bind(signed(longest_call_us(batch)))
            .bind(signed(longest_span_us(batch)));
        match query.execute(&mut self.db).await {
            Ok(_) => Ok(()),
            Err(source) => {
                // Ends the transaction the failed text may have left open; refused, harmlessly, when it left none.
                let _ = sqlx::query("ROLLBACK").execute(&mut self.db).await;
                Err(database(&self.path, source))
            }
        }
    }
    /// Closes the file; what was written is folded into it.
    pub async fn close(self) {
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "records: the file did not close cleanly");
        }
    }
}

/// Every array is of arrays, one per row, in the order of the columns. A row is made a value of its own before its
/// cells are taken, for else SQLite prints and parses it again for each of them.
const WRITE: &str = r#"
BEGIN IMMEDIATE;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
INSERT OR REPLACE INTO calls SELECT row->>0, row->>1, row->>2, row->>3, row->>4, row->>5, row->>6, row->>7, row->>8,
  row->>9, row->>10, row->>11, row->>12, row->>13, row->>14 FROM new;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
INSERT OR REPLACE INTO queue_entries SELECT row->>0, row->>1, row->>2, row->>3, row->>4, row->>5, row->>6, row->>7,
  row->>8, row->>9, row->>10, row->>11, row->>12, row->>13, row->>14, row->>15 FROM new;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
UPDATE queue_entries SET wrap_up_ms = row->>2, handled_at = row->>3, disposition = row->>4
  FROM new WHERE call = row->>0 AND visit = row->>1;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
INSERT OR REPLACE INTO offers SELECT row->>0, row->>1, row->>2, row->>3, row->>4, row->>5, row->>6, row->>7 FROM new;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
INSERT OR REPLACE INTO transfers SELECT row->>0, row->>1, row->>2, row->>3, row->>4, row->>5, row->>6, row->>7,
  row->>8, row->>9, row->>10, row->>11 FROM new;
WITH new AS MATERIALIZED (SELECT jsonb(value) AS row FROM json_each(?))
INSERT OR REPLACE INTO agent_states SELECT row->>0, row->>1, row->>2, row->>3, row->>4, row->>5, row->>6 FROM new;
INSERT OR REPLACE INTO plans SELECT value->>0, value->>1 FROM json_each(?);
INSERT OR REPLACE INTO audit SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?);
UPDATE followed SET number = ?, at = ?, longest_call_us = max(longest_call_us, ?),
  longest_span_us = max(longest_span_us, ?);
COMMIT;
"#;

/// A row as the cells of its table, in their order.
trait Cells {
    fn cells(&self) -> impl Serialize;
}

impl Cells for CallRow {
    fn cells(&self) -> impl Serialize {
        (
            self.call,
            &self.dialled,
            self.caller.map(|caller| caller.to_string()),
            self.arrived,
            self.answered,
            self.ended,
            &*self.outcome,
            &*self.reason,
            self.queue.as_deref(),
            self.agent.as_deref(),
            self.visits,
            self.offers,
            self.priority,
            self.wait_ms(),
            self.talk_ms,
        )
    }
}

impl Cells for VisitRow {
    fn cells(&self) -> impl Serialize {
        (
            self.call,
            self.visit,
            &*self.queue,
            self.entered,
            self.answered,
            self.left,
            self.handled,
            &*self.outcome,
            &*self.reason,
            self.agent.as_deref(),
            self.wait_ms,
            self.ring_ms,
            self.talk_ms,
            self.hold_ms,
            self.wrap_up_ms,
            self.disposition.as_deref(),
        )
    }
}

impl Cells for WrapUpRow {
    fn cells(&self) -> impl Serialize {
        (self.call, self.visit, self.wrap_up_ms, self.handled, self.disposition.as_deref())
    }
}

impl Cells for OfferRow {
    fn cells(&self) -> impl Serialize {
        (
            self.call,
            self.attempt,
            self.visit,
            &*self.queue,
            &*self.agent,
            self.offered,
            self.ended,
            &*self.outcome,
        )
    }
}

impl Cells for TransferRow {
    fn cells(&self) -> impl Serialize {
        (
            self.call,
            self.visit,
            &*self.queue,
            &*self.agent,
            &*self.kind,
            &*self.to,
            self.at,
            self.answered,
            self.ended,
            &*self.outcome,
            self.status,
            u8::from(self.consulted),
        )
    }
}

impl Cells for SpanRow {
    fn cells(&self) -> impl Serialize {
        (&*self.agent, &*self.state, &*self.reason, self.from, self.to, self.call, self.queue.as_deref())
    }
}

impl Cells for PlanRow {
    fn cells(&self) -> impl Serialize {
        (self.at, &*self.plan)
    }
}

impl Cells for AuditRow {
    fn cells(&self) -> impl Serialize {
        let (agent, state) = (self.agent.as_deref(), self.state.as_deref());
        (self.at, &self.by, &*self.what, agent, state, self.reason.as_deref())
    }
}

fn json<R: Cells>(rows: &[R]) -> Result<String, StoreError> {
    let cells: Vec<_> = rows.iter().map(Cells::cells).collect();
    Ok(serde_json::to_string(&cells)?)
}

/// From a call's arrival, which its id tells, to the end of the last work on it.
fn longest_call_us(batch: &Batch) -> u64 {
    let since_arrival = |call: CallId, until: Timestamp| {
        let arrived = u64::try_from(call.as_u128() >> 80).unwrap_or(0);
        whole_ms(Timestamp::from_millis(arrived), until) * 1_000 + 1_000
    };
    let visits =
        batch.visits.iter().map(|visit| since_arrival(visit.call, visit.handled.unwrap_or(visit.left)));
    let wrap_ups = batch.wrap_ups.iter().map(|wrap_up| since_arrival(wrap_up.call, wrap_up.handled));
    visits.chain(wrap_ups).max().unwrap_or(0)
}

/// The longest state of an agent at work.
fn longest_span_us(batch: &Batch) -> u64 {
    let at_work = batch.spans.iter().filter(|span| &*span.state != "logged_out");
    at_work.map(|span| span.to.micros().saturating_sub(span.from.micros())).max().unwrap_or(0)
}

async fn migrate(db: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let failed = |source| database(path, source);
    let row = sqlx::query("PRAGMA user_version").fetch_one(&mut *db).await.map_err(failed)?;
    let found: i64 = row.get(0);
    if found > schema::VERSION {
        let path = path.display().to_string();
        return Err(StoreError::Newer { path, found, known: schema::VERSION });
    }
    for (from, step) in schema::MIGRATIONS.into_iter().enumerate().skip(usize::try_from(found).unwrap_or(0)) {
        let text = format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {}; COMMIT;", from + 1);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *db).await.map_err(failed)?;
    }
    Ok(())
}

fn database(path: &Path, source: sqlx::Error) -> StoreError {
    StoreError::Database { path: path.display().to_string(), source }
}

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
