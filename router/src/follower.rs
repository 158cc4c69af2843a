//! The follower: reads the log behind the brain and turns it into records, metrics and the picture of the floor.
//!
//! It owns a replica of the brain and never touches the path of a call. A store that is locked, full or gone makes
//! it lag, never lose: rows wait in memory up to [`MAX_ROWS_HELD`], then the log is read no further until the store
//! accepts them. A store that is missing, or follows another log, is filled again from the first entry.

mod counter;
mod floor;
mod folder;
mod model;
mod outlook;
mod store;

pub use floor::{AGENT_STATES, AgentView, CallView, Floor, FloorView, QueueView, Tail};
pub use folder::LogFolder;
pub use model::Model;
pub use outlook::{Outlook, QueueOutlook};

use crate::{log, metrics::Metrics, records::Followed, states::State};
use acd::{Acd, Effects, Entry, Event};
use counter::Counter;
use std::{
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use store::Store;
use tokio::sync::watch;

/// How often the log is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How many entries are taken up in one go.
const CHUNK: usize = 256;
/// How long rows wait for others to share a transaction with.
const BATCH_AGE: Duration = Duration::from_millis(500);
/// How many entries share a transaction at most.
const BATCH_ENTRIES: u64 = 500;
/// How many rows wait in memory for a store that does not accept them; about 100 MB.
pub const MAX_ROWS_HELD: usize = 200_000;
/// First and longest pause before the store is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long the end waits for the store.
const FAREWELL: Duration = Duration::from_secs(5);

/// Entries of the log, in order.
pub trait EntrySource: Send {
    /// The next entries, at most `max`; none at the end of what is written so far. Does not block.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn read(&mut self, max: usize) -> Result<Vec<Entry>, SourceError>;
}

/// The state that entries lead to.
pub trait Replica: Send {
    /// Applies an entry without deciding anything.
    fn apply(&mut self, entry: &Entry) -> Effects;
    /// The brain in it.
    fn brain(&self) -> &Acd;
    /// Everything it remembers, if it can be told.
    fn snapshot(&self) -> Option<Vec<u8>>;
}

/// A place in a log.
pub struct Opened {
    /// The entries from there on.
    pub source: Box<dyn EntrySource>,
    /// What the entries before have led to.
    pub replica: Box<dyn Replica>,
    /// The picture of the floor there; none at the first entry.
    pub floor: Option<Vec<u8>>,
}

/// Where a log is followed from.
pub trait Origin: Send {
    /// Opens it as late as can be, for records that are `followed` so far: at its first entry, or behind a snapshot.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn open(&self, followed: Followed) -> Result<Opened, SourceError>;
    /// Keeps a snapshot, which does not have to be.
    fn keep(&self, state: State);
}

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the follower cannot read the log: {0}")]
pub struct SourceError(pub String);

impl From<log::LogError> for SourceError {
    fn from(error: log::LogError) -> Self {
        Self(error.to_string())
    }
}

impl EntrySource for log::Reader {
    fn read(&mut self, max: usize) -> Result<Vec<Entry>, SourceError> {
        Ok(Self::read(self, max)?)
    }
}

impl Replica for Acd {
    fn apply(&mut self, entry: &Entry) -> Effects {
        Self::apply(self, entry)
    }
    fn brain(&self) -> &Acd {
        self
    }
    fn snapshot(&self) -> Option<Vec<u8>> {
        let snapshot = Self::snapshot(self);
        if let Err(error) = &snapshot {
            tracing::error!(%error, "no snapshot can be taken; starts take longer");
        }
        snapshot.ok()
    }
}

/// How often a snapshot is taken, when something has happened.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotEvery {
    /// Whichever comes first: after so many entries,
    pub entries: u64,
    /// or after this time.
    pub age: Duration,
}

impl Default for SnapshotEvery {
    /// So many entries are read again in well under a second.
    fn default() -> Self {
        Self { entries: 50_000, age: Duration::from_secs(60) }
    }
}

/// What a follower needs.
pub struct Options {
    /// Where entries come from.
    pub origin: Box<dyn Origin>,
    /// The file of the records.
    pub records: PathBuf,
    /// The last entry of the log when this process started: later ones are live and count in the metrics.
    pub live_from: u64,
    /// Where live facts are counted.
    pub metrics: Arc<Metrics>,
    /// The picture to keep.
    pub floor: Arc<Floor>,
    /// How often it is kept on disk.
    pub snapshot_every: SnapshotEvery,
}

/// A follower on a thread of its own.
pub struct Handle {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Handle {
    /// Reads the log to its end, writes what is left for at most five seconds, and ends.
    pub fn stop(self) {
        self.stop.send_replace(true);
        if self.thread.join().is_err() {
            tracing::error!("the follower panicked; its rows come from the log at the next start");
        }
    }
}

/// Starts a follower.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(options: Options) -> std::io::Result<Handle> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (stop, stopped) = watch::channel(false);
    let run = move || runtime.block_on(Follower::new(options).run(stopped));
    let thread = std::thread::Builder::new().name("follower".to_owned()).spawn(run)?;
    Ok(Handle { stop, thread })
}

struct Follower {
    options: Options,
    counter: Counter,
    /// Entries up to here are counted, or are not to be.
    counted: u64,
    /// Whether the counter knows the plan in force.
    plan_learned: bool,
    store: Store,
    /// When the last snapshot was taken, and behind which entry.
    snapped: (Instant, u64),
}

/// Why the log has to be read again from its first entry.
enum StartOver {
    /// The store lacks rows that are held no more, or follows another log.
    Store(&'static str),
    /// The log cannot be read.
    Source(SourceError),
}

impl StartOver {
    fn tell(&self) {
        match self {
            Self::Store(why) => tracing::warn!(why, "records are filled again from the log's first entry"),
            Self::Source(error) => tracing::error!(%error, "records and floor stand still"),
        }
    }
}

impl Follower {
    fn new(options: Options) -> Self {
        let counter = Counter::new(Arc::clone(&options.metrics));
        let store = Store::new(options.records.clone());
        let snapped = (Instant::now(), options.live_from);
        Self { counter, counted: options.live_from, plan_learned: true, options, store, snapped }
    }

    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = RETRY.0;
        while let Err(why) = self.follow(&mut stop).await {
            why.tell();
            if let StartOver::Source(_) = why {
                if *stop.borrow() {
                    break;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RETRY.1);
            }
        }
        self.store.close().await;
    }

    /// Follows until told to stop.
    async fn follow(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), StartOver> {
        self.store.connect(self.options.live_from.max(self.counted)).await;
        let followed = self.store.followed();
        let opened = self.options.origin.open(followed).map_err(StartOver::Source)?;
        let Opened { mut source, mut replica, floor: picture } = opened;
        let floor = Arc::clone(&self.options.floor);
        let model = self.picture(picture.as_deref(), followed)?;
        floor.outlook().begin(picture.as_deref(), replica.brain(), model.at());
        *floor.write() = model;
        // What was read again at this start counts: a process that dies every minute would never write a snapshot.
        self.snapped = (Instant::now(), floor.applied());
        let mut sealed = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow_and_update() {
            while has_room(&floor) && self.take_up(&mut *source, &mut *replica)? {
                seal_if_due(&floor, &mut sealed);
                self.store.begin(&floor);
                tokio::task::yield_now().await;
            }
            seal_if_due(&floor, &mut sealed);
            self.store.begin(&floor);
            self.snap_if_due(&floor, &*replica);
            self.options.metrics.upkeep.follows(floor.applied(), self.store.followed().number);
            tokio::select! {
                _ = tick.tick() => {}
                changed = stop.changed() => if changed.is_err() { break },
                done = self.store.done(&floor) => done?,
            }
        }
        while self.take_up(&mut *source, &mut *replica)? {}
        floor.write().seal();
        if tokio::time::timeout(FAREWELL, self.store.drain(&floor)).await.is_err() {
            tracing::warn!("records lag behind the log; they catch up at the next start");
        }
        Ok(())
    }

    /// The picture of the floor to begin with.
    fn picture(&mut self, of: Option<&[u8]>, followed: Followed) -> Result<Model, StartOver> {
        let Some(of) = of else { return Ok(Model::new(followed.number)) };
        self.plan_learned = false;
        let foreign = |error| StartOver::Source(SourceError(format!("a snapshot of the floor: {error}")));
        Model::restore(of, followed.number).map_err(foreign)
    }

    /// Takes a snapshot now and then, once something has happened.
    fn snap_if_due(&mut self, floor: &Floor, replica: &dyn Replica) {
        let (at, before) = self.snapped;
        let model = floor.write();
        let news = model.applied().saturating_sub(before);
        let every = self.options.snapshot_every;
        if news == 0 || (news < every.entries && at.elapsed() < every.age) {
            return;
        }
        self.snapped = (Instant::now(), model.applied());
        if let (Some(brain), Some(picture)) =
            (replica.snapshot(), model.snapshot(&floor.outlook().expected()))
        {
            let state = State { number: model.applied(), at: model.at(), brain, floor: picture };
            drop(model);
            self.options.origin.keep(state);
        }
    }

    /// Takes up the next entries; whether there were any.
    fn take_up(
        &mut self,
        source: &mut dyn EntrySource,
        replica: &mut dyn Replica,
    ) -> Result<bool, StartOver> {
        let entries = source.read(CHUNK).map_err(StartOver::Source)?;
        let floor = Arc::clone(&self.options.floor);
        let mut model = floor.write();
        for entry in &entries {
            if !self.store.knows(entry) {
                return Err(StartOver::Store("they follow another log"));
            }
            let effects = replica.apply(entry);
            model.take_up(entry, &effects);
            floor.outlook().follow(replica.brain(), entry, &effects);
            self.plan_learned &= !matches!(entry.event, Event::PlanChanged { .. });
            if entry.number > self.counted {
                self.counted = entry.number;
                self.learn_plan(&model);
                effects.facts.iter().for_each(|fact| self.counter.count(fact));
            }
        }
        if entries.is_empty() {
            self.learn_plan(&model);
        }
        Ok(!entries.is_empty())
    }

    /// Shows the series of the queues in force: not those of every plan that the log has seen.
    fn learn_plan(&mut self, model: &Model) {
        if !std::mem::replace(&mut self.plan_learned, true) {
            self.counter.learn(&model.plan(), model.directory());
        }
    }
}

/// Whole milliseconds.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn has_room(floor: &Floor) -> bool {
    floor.write().rows_held() < MAX_ROWS_HELD
}

fn seal_if_due(floor: &Floor, sealed: &mut Instant) {
    let mut model = floor.write();
    let entries = model.filling();
    if entries >= BATCH_ENTRIES || (entries > 0 && sealed.elapsed() >= BATCH_AGE) {
        model.seal();
        *sealed = Instant::now();
    }
}
