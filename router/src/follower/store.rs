//! The store as the follower sees it: open, busy, or to be tried again later.
//!
//! ```text
//!          connect, retry            begin
//! Closed ─────────────────▶ Idle ───────────▶ Busy
//!   ▲                        ▲      written    │
//!   └── failed: pause, ×2 ───┴─────────────────┘
//! ```

use super::{Floor, RETRY, StartOver};
use crate::records::{Batch, Followed, StoreError, Writer};
use acd::Entry;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};

pub(super) struct Store {
    path: PathBuf,
    /// How far the file follows the log, as last known.
    followed: Followed,
    state: State,
    /// The pause after the next failure.
    pause: Duration,
}

enum State {
    Closed { retry: Instant },
    Idle(Box<Writer>),
    Busy(JoinHandle<Done>),
}

/// What a task of the store came to.
enum Done {
    Opened(Result<(Box<Writer>, Followed), StoreError>),
    Wrote(Box<Writer>, Followed, Result<(), StoreError>),
}

impl Store {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            followed: Followed::default(),
            state: State::Closed { retry: Instant::now() },
            pause: RETRY.0,
        }
    }
    /// How far the file follows the log, as last known.
    pub(super) const fn followed(&self) -> Followed {
        self.followed
    }
    /// Whether the entry is the one that the file says it follows, if it is that number.
    pub(super) fn knows(&mut self, entry: &Entry) -> bool {
        let same = entry.number != self.followed.number || entry.at == self.followed.at;
        if !same {
            self.followed.at = entry.at; // so that `connect` sees that the file is of another log
            self.state = State::Closed { retry: Instant::now() };
        }
        same
    }
    /// Opens the file, once, before the log is read from its first entry. `last` is the log's last entry: a file
    /// that has followed further, or that was found to follow another log, follows anew.
    pub(super) async fn connect(&mut self, last: u64) {
        if let State::Busy(task) = std::mem::replace(&mut self.state, State::Closed { retry: Instant::now() })
        {
            // A batch on its way must not land after the file was told to follow anew.
            let _ = task.await;
        }
        let known = self.followed;
        match open(&self.path).await {
            Ok((mut writer, followed)) => {
                let other_log =
                    followed.number > last || (known.number == followed.number && known.at != followed.at);
                let anew = if other_log { writer.follow_anew().await } else { Ok(()) };
                self.followed = if other_log { Followed::default() } else { followed };
                match anew {
                    Ok(()) => self.opened(writer),
                    Err(error) => self.failed(&error),
                }
            }
            Err(error) => {
                self.followed = Followed::default();
                self.failed(&error);
            }
        }
    }
    /// Starts what can be started: opening the file again, or writing the next batch.
    pub(super) fn begin(&mut self, floor: &Floor) {
        match std::mem::replace(&mut self.state, State::Closed { retry: Instant::now() }) {
            State::Closed { retry } if retry <= Instant::now() => {
                let path = self.path.clone();
                self.state = State::Busy(tokio::spawn(async move { Done::Opened(open(&path).await) }));
            }
            State::Idle(writer) => {
                self.state = match floor.write().next_batch(self.followed.number) {
                    Some(batch) => write(writer, batch),
                    None => State::Idle(writer),
                };
            }
            other @ (State::Closed { .. } | State::Busy(_)) => self.state = other,
        }
    }
    /// Waits for what was started, or for the time to try again; without either, for ever.
    pub(super) async fn done(&mut self, floor: &Floor) -> Result<(), StartOver> {
        let done = match &mut self.state {
            State::Busy(task) => task.await,
            State::Closed { retry } => {
                tokio::time::sleep_until(*retry).await;
                return Ok(());
            }
            State::Idle(_) => std::future::pending().await,
        };
        // A task that has ended is not to be asked again.
        self.state = State::Closed { retry: Instant::now() };
        match done {
            Ok(Done::Opened(Ok((writer, followed)))) => return self.reopened(writer, followed, floor),
            Ok(Done::Opened(Err(error))) => self.failed(&error),
            Ok(Done::Wrote(writer, followed, Ok(()))) => {
                self.followed = followed;
                floor.write().written(followed.number);
                self.opened(writer);
            }
            // The connection may be what is broken: it is made anew.
            Ok(Done::Wrote(_, _, Err(error))) => self.failed(&error),
            Err(panic) => self.failed(&panic),
        }
        Ok(())
    }
    /// Writes everything that is sealed.
    pub(super) async fn drain(&mut self, floor: &Floor) {
        loop {
            self.begin(floor);
            if matches!(self.state, State::Idle(_)) || self.done(floor).await.is_err() {
                return;
            }
        }
    }
    pub(super) async fn close(&mut self) {
        if let State::Idle(writer) =
            std::mem::replace(&mut self.state, State::Closed { retry: Instant::now() })
        {
            writer.close().await;
        }
    }

    /// The file may be another one than before, or hold a batch whose writing seemed to fail.
    fn reopened(&mut self, writer: Box<Writer>, now: Followed, floor: &Floor) -> Result<(), StartOver> {
        let before = self.followed;
        let attempted = floor.write().next_batch(before.number).map(|batch| batch.followed());
        if now != before && Some(now) != attempted {
            return Err(StartOver::Store("the file is not the one that was followed"));
        }
        self.followed = now;
        floor.write().written(now.number);
        tracing::info!(entry = now.number, "records are written again");
        self.opened(writer);
        Ok(())
    }
    fn opened(&mut self, writer: Box<Writer>) {
        self.pause = RETRY.0;
        self.state = State::Idle(writer);
    }
    fn failed(&mut self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, retry_ms = self.pause.as_millis(), "records lag behind the log; nothing is lost");
        self.state = State::Closed { retry: Instant::now() + self.pause };
        self.pause = (self.pause * 2).min(RETRY.1);
    }
}

async fn open(path: &Path) -> Result<(Box<Writer>, Followed), StoreError> {
    let mut writer = Writer::open(path).await?;
    let followed = writer.followed().await?;
    Ok((Box::new(writer), followed))
}

fn write(mut writer: Box<Writer>, batch: Arc<Batch>) -> State {
    State::Busy(tokio::spawn(async move {
        let result = writer.write(&batch).await;
        Done::Wrote(writer, batch.followed(), result)
    }))
}
