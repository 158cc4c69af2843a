//! Carries queries to one SQLite file and brings rows back, never later than the deadline.
//!
//! The database itself stops at the deadline (a progress handler), and a query runs in a task of its own that outlives
//! whoever asked: nothing is dropped half-way, so no connection and no permit can get lost. A file that is missing,
//! replaced or broken is an error of this one answer; the next call tries again.

use super::Rows;
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections to one file, and so queries that run on it at the same time.
pub const CONNECTIONS: usize = 4;
/// Rows of a section.
pub const MAX_ROWS: usize = 50;
/// Size of a section as JSON, about.
pub const MAX_SECTION_BYTES: usize = 64 * 1024;
/// Longest text of one cell; what is longer is cut.
pub const MAX_CELL_BYTES: usize = 8 * 1024;
/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// How often the file is looked at, to notice that a nightly export has put a new one in its place.
const FILE_CHECK_EVERY: Duration = Duration::from_secs(1);
/// Least time between two lines of the log about one source, however it flutters.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// A value for a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bind {
    Null,
    Int(i64),
    Text(Arc<str>),
}

/// When a query has to stop, and whether anybody still wants its answer.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub deadline: Instant,
    pub cancelled: Arc<AtomicBool>,
}

impl Limit {
    fn is_over(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("no answer within the deadline")]
    Timeout,
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("the query's task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// One SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    name: String,
    path: PathBuf,
    busy_timeout: Duration,
    permits: Arc<Semaphore>,
    /// Connections nobody uses; never more than [`CONNECTIONS`].
    idle: Mutex<Vec<Connection>>,
    file: Mutex<File>,
    health: Mutex<Health>,
}

/// What was last told about a source, and when.
#[derive(Debug, Default)]
struct Health {
    failing: bool,
    told: Option<Instant>,
}

/// Which file the connections were opened on.
#[derive(Debug, Default)]
struct File {
    identity: Option<(u64, u64)>,
    checked: Option<Instant>,
}

/// A connection with the limit that its progress handler looks at.
#[derive(Debug)]
struct Connection {
    sqlite: SqliteConnection,
    limit: Arc<Mutex<Option<Limit>>>,
    identity: Option<(u64, u64)>,
}

impl Sqlite {
    pub fn new(name: &str, path: PathBuf, deadline: Duration) -> Self {
        Self {
            name: name.to_owned(),
            path,
            busy_timeout: deadline,
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::default(),
            file: Mutex::default(),
            health: Mutex::default(),
        }
    }

    /// Runs a query in a task of its own and waits for it until the limit, not longer.
    pub async fn rows(
        self: &Arc<Self>,
        sql: Arc<str>,
        binds: Vec<Bind>,
        limit: Limit,
    ) -> Result<Rows, SourceError> {
        let (deadline, cancelled) = (limit.deadline, Arc::clone(&limit.cancelled));
        let task = tokio::spawn(Arc::clone(self).answer(sql, binds, limit));
        let answer = match tokio::time::timeout_at(deadline.into(), task).await {
            Ok(joined) => joined.map_err(SourceError::from).flatten(),
            Err(_elapsed) => Err(SourceError::Timeout),
        };
        // A caller who hung up is no failure of the source.
        if !cancelled.load(Ordering::Relaxed) {
            self.note(answer.as_ref().err());
        }
        answer
    }

    async fn answer(
        self: Arc<Self>,
        sql: Arc<str>,
        binds: Vec<Bind>,
        limit: Limit,
    ) -> Result<Rows, SourceError> {
        let permit = self.permit(limit.deadline).await?;
        let mut connection = self.connect(&limit).await?;
        let answer = connection.query(sql, binds).await;
        connection.set(None);
        match answer {
            Ok(rows) => {
                self.put_back(connection, permit);
                Ok(rows)
            }
            Err(_) if limit.is_over() => {
                self.put_back(connection, permit);
                Err(SourceError::Timeout)
            }
            // After any other error the connection is closed: the next one starts afresh.
            Err(error) => Err(error.into()),
        }
    }

    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, SourceError> {
        let permit = Arc::clone(&self.permits).acquire_owned();
        // The semaphore is never closed, so the inner error cannot occur; were it to, nobody would answer.
        tokio::time::timeout_at(deadline.into(), permit)
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(SourceError::Timeout)
    }

    async fn connect(self: &Arc<Self>, limit: &Limit) -> Result<Connection, SourceError> {
        let identity = self.identity().await;
        let idle = self.take_idle(identity);
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.open(identity).await?,
        };
        connection.set(Some(limit.clone()));
        Ok(connection)
    }

    async fn open(&self, identity: Option<(u64, u64)>) -> Result<Connection, SourceError> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .busy_timeout(self.busy_timeout)
            .thread_name(|id| format!("source-{id}"))
            .disable_statement_logging();
        let mut sqlite = options.connect().await?;
        let limit = Arc::new(Mutex::<Option<Limit>>::default());
        let looked_at = Arc::clone(&limit);
        let goes_on = move || !lock(&looked_at).as_ref().is_some_and(Limit::is_over);
        sqlite.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_LOOKS, goes_on);
        Ok(Connection { sqlite, limit, identity })
    }

    /// An idle connection to the file that is there now; those to a replaced one are closed.
    fn take_idle(&self, identity: Option<(u64, u64)>) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain(|connection| connection.identity == identity);
        idle.pop()
    }

    /// The connection first, then the permit: whoever gets the permit finds the connection.
    fn put_back(&self, connection: Connection, permit: OwnedSemaphorePermit) {
        lock(&self.idle).push(connection);
        drop(permit);
    }

    /// Device and inode of the file. Looked up at most once a second, on a thread that may block.
    async fn identity(&self) -> Option<(u64, u64)> {
        {
            let mut file = lock(&self.file);
            let fresh = file.checked.is_some_and(|at| at.elapsed() < FILE_CHECK_EVERY);
            if fresh && file.identity.is_some() {
                return file.identity;
            }
            file.checked = Some(Instant::now());
        }
        let path = self.path.clone();
        let found = tokio::task::spawn_blocking(move || std::fs::metadata(path).ok()).await.ok().flatten();
        let identity = found.map(|found| (found.dev(), found.ino()));
        lock(&self.file).identity = identity;
        identity
    }

    /// Says that a source fails, and that it answers again: at each turn, but not more often than every ten seconds.
    fn note(&self, error: Option<&SourceError>) {
        let mut health = lock(&self.health);
        let due = health.told.is_none_or(|at| at.elapsed() >= TELL_EVERY);
        if health.failing == error.is_some() || !due {
            return;
        }
        *health = Health { failing: error.is_some(), told: Some(Instant::now()) };
        drop(health);
        match error {
            Some(error) => {
                tracing::warn!(source = self.name, path = %self.path.display(), %error, "source fails")
            }
            None => tracing::info!(source = self.name, "source answers again"),
        }
    }
}

impl Connection {
    fn set(&mut self, limit: Option<Limit>) {
        *lock(&self.limit) = limit;
    }

    async fn query(&mut self, sql: Arc<str>, binds: Vec<Bind>) -> Result<Rows, sqlx::Error> {
        // The text comes from the operator's configuration; what comes from callers is bound.
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments(binds)?);
        let mut rows = Rows::default();
        let mut found = query.fetch(&mut self.sqlite);
        while let Some(row) = found.try_next().await? {
            if !rows.push(&row) {
                break;
            }
        }
        Ok(rows)
    }
}

pub(crate) fn arguments(binds: Vec<Bind>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        match bind {
            Bind::Null => arguments.add(None::<i64>),
            Bind::Int(number) => arguments.add(number),
            Bind::Text(text) => arguments.add(text),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A poisoned lock only tells that another thread panicked; the data in these is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
