//! A log in memory that a follower reads, and the store it fills, as text.

#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use acd::{Acd, Entry};
use router::{
    follower::{self, EntrySource, Floor, Handle, Opened, Options, Origin, SnapshotEvery, SourceError},
    metrics::Metrics,
    records::Followed,
    states::State,
};
use sqlx::{
    Column as _, Connection as _, Row as _, SqliteConnection, ValueRef as _, sqlite::SqliteConnectOptions,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// A log that grows, the snapshots taken on the way, and where it was read from each time.
#[derive(Clone, Default)]
pub struct Book(pub Arc<Mutex<Vec<Entry>>>, pub Arc<Mutex<Vec<State>>>, pub Arc<Mutex<Vec<usize>>>);

impl Book {
    pub fn of(entries: &[Entry]) -> Self {
        Self(Arc::new(Mutex::new(entries.to_vec())), Arc::default(), Arc::default())
    }
    pub fn write(&self, entries: &[Entry]) {
        self.0.lock().unwrap().extend_from_slice(entries);
    }
    pub fn last(&self) -> u64 {
        self.0.lock().unwrap().last().map_or(0, |entry| entry.number)
    }
}

struct Bookmark(Book, usize);

impl EntrySource for Bookmark {
    fn read(&mut self, max: usize) -> Result<Vec<Entry>, SourceError> {
        let entries: Vec<Entry> = self.0.0.lock().unwrap().iter().skip(self.1).take(max).cloned().collect();
        self.1 += entries.len();
        Ok(entries)
    }
}

impl Origin for Book {
    fn open(&self, followed: Followed) -> Result<Opened, SourceError> {
        let states = self.1.lock().unwrap();
        let state = states.iter().rev().find(|state| state.number <= followed.number);
        let place = state.map_or(0, |state| state.number as usize);
        self.2.lock().unwrap().push(place);
        let acd = state.map_or_else(Acd::new, |state| Acd::restore(&state.brain).unwrap());
        let floor = state.map(|state| state.floor.clone());
        Ok(Opened { source: Box::new(Bookmark(self.clone(), place)), replica: Box::new(acd), floor })
    }
    fn keep(&self, state: State) {
        self.1.lock().unwrap().push(state);
    }
}

/// A follower of a book.
pub struct Following {
    pub book: Book,
    pub floor: Arc<Floor>,
    pub metrics: Arc<Metrics>,
    pub path: PathBuf,
    pub handle: Handle,
}

impl Following {
    /// Follows a book into a file; entries after `live_from` count in the metrics.
    pub fn start(book: &Book, path: &Path, live_from: u64) -> Self {
        let metrics = Arc::new(Metrics::new([Duration::from_secs(20)]).unwrap());
        let floor = Arc::new(Floor::default());
        let options = Options {
            origin: Box::new(book.clone()),
            records: path.to_owned(),
            live_from,
            metrics: Arc::clone(&metrics),
            floor: Arc::clone(&floor),
            snapshot_every: SnapshotEvery { entries: 1, age: Duration::MAX },
        };
        let handle = follower::start(options).unwrap();
        Self { book: book.clone(), floor, metrics, path: path.to_owned(), handle }
    }
    /// Waits until everything that is in the book is on the floor.
    pub fn catch_up(&self) {
        let last = self.book.last();
        eventually("the floor shows the last entry", || self.floor.applied() >= last);
    }
}

/// Follows a book to its end.
pub fn follow(book: &Book, path: &Path) {
    let last = book.last();
    Following::start(book, path, last).handle.stop();
}

/// Writes entries into a book and follows it to its end, until a snapshot is taken there.
pub fn follow_news(book: &Book, news: &[Entry], path: &Path) {
    let before = book.last();
    book.write(news);
    let (following, last) = (Following::start(book, path, before), book.last());
    let taken = || book.1.lock().unwrap().last().map_or(0, |state| state.number);
    eventually("a snapshot at the end", || taken() == last);
    following.handle.stop();
}

/// Waits for something that another thread is about to do.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let build =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    RUNTIME.get_or_init(build).block_on(future)
}

pub async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

/// The rows of a query, each as text.
pub fn rows(path: &Path, sql: &'static str) -> Vec<String> {
    block_on(async {
        let mut db = connect(path).await;
        let rows = sqlx::query(sql).fetch_all(&mut db).await.unwrap();
        rows.iter()
            .map(|row| {
                let cells = (0..row.columns().len()).map(|at| {
                    let value = row.try_get_raw(at).unwrap();
                    let name = row.column(at).name();
                    if value.is_null() {
                        return format!("{name}=-");
                    }
                    let text: String = row.try_get_unchecked::<String, _>(at).unwrap();
                    format!("{name}={text}")
                });
                cells.collect::<Vec<_>>().join(" ")
            })
            .collect()
    })
}

/// Everything in the store but what helps to read it.
pub fn dump(path: &Path) -> Vec<String> {
    [
        "SELECT * FROM calls ORDER BY call",
        "SELECT * FROM queue_entries ORDER BY call, visit",
        "SELECT * FROM offers ORDER BY call, attempt",
        "SELECT * FROM transfers ORDER BY call, visit",
        r#"SELECT * FROM agent_states ORDER BY "from", agent"#,
        "SELECT at FROM plans ORDER BY at",
        "SELECT number, at FROM followed",
    ]
    .into_iter()
    .flat_map(|sql| rows(path, sql))
    .collect()
}

pub fn count(path: &Path, sql: &'static str) -> i64 {
    block_on(async { sqlx::query_scalar(sql).fetch_one(&mut connect(path).await).await.unwrap() })
}
