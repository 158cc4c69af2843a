//! A copy of a store that a router may be writing to; put in a store's place, a router starts from it.
//!
//! What follows the log is copied before it, so that nothing in the copy is ahead of the copy's log: the records (one
//! transaction of SQLite's), then snapshots, then closed segments (links, where the disk is the same: nobody changes
//! them), and last the open segment up to its last whole entry. In the end the copy is read as a start would read it.
//! Personal data, the live file, stays behind unless asked for.

use crate::{
    changes_file,
    log::{self, LogError, StoreLock},
    recovery::newest_start,
    states,
};
use serde::{Deserialize, Serialize};
use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// What is written last: a folder without it is no whole copy.
pub const SUMMARY: &str = "backup.json";
/// How often the log's folder is listed anew, when the router tidies it up meanwhile.
const LISTINGS: usize = 100;
/// How long the records may be locked by somebody else.
const BUSY: Duration = Duration::from_secs(30);
/// Entries read in one go when the copy is looked at.
const CHUNK: usize = 1_000;

/// What is copied where.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The store.
    pub store: &'a Path,
    /// A folder that is empty, or not there yet.
    pub target: &'a Path,
    /// Whether to copy the live file too: addresses and numbers of calls under way, of use to a router that takes this
    /// store over at once. The store must not be in use then.
    pub live: bool,
}

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The version that made it.
    pub version: String,
    /// When, in UTC.
    pub made: String,
    /// The first entry of the log.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// The entry up to which the records are filled; a start fills them up to the last one. None without records.
    pub records: Option<u64>,
    /// Whether the live file is in it.
    pub live: bool,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target has something in it.
    #[error("{path} is not empty; name a folder that is, or one that is not there yet")]
    Taken {
        /// The target.
        path: PathBuf,
    },
    /// There is no such folder, or it cannot be read.
    #[error("{0}")]
    NoStore(LogError),
    /// The live file of a router that runs is another one a moment later.
    #[error(
        "{path} is in use; its live file is of use only when no router runs: stop it, or leave --live out"
    )]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// The log, here or in the copy.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The records.
    #[error("{path}: {error}")]
    Records {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        error: sqlx::Error,
    },
    /// The disk said no.
    #[error("{path}: {error}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl BackupError {
    /// Whether nothing was done, because what was asked for cannot be.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Taken { .. } | Self::NoStore(_) | Self::InUse { .. } => true,
            Self::Log(_) | Self::Records { .. } | Self::Io { .. } => false,
        }
    }
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::Io { path: path.to_owned(), error }
    }
}

/// Copies a store. `tell` hears of each file as it is there, by its name in the store.
///
/// # Errors
/// [`BackupError`]. Unless it is a refusal, what is in the target is no whole copy: remove it.
pub async fn back_up(wanted: Wanted<'_>, tell: impl FnMut(&str)) -> Result<Summary, BackupError> {
    let Wanted { store, target, live } = wanted;
    if log::segments(store).map_err(BackupError::NoStore)?.is_empty() {
        return Err(BackupError::NoStore(LogError::Empty { path: store.to_owned() }));
    }
    let lock = if live { Some(alone(store)?) } else { None };
    make_empty(target)?;
    let mut copy = Copy { store, target, tell };
    copy.file("secret")?;
    if store.join(changes_file::NAME).exists() {
        copy.file(changes_file::NAME)?;
    }
    let records = copy.records().await?;
    copy.snapshots()?;
    copy.log()?;
    if lock.is_some() {
        copy.file("live")?;
    }
    let (first, last) = ends(target)?;
    let made = jiff::Timestamp::now().to_string();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let summary = Summary { version, made, first, last, records, live };
    copy.summary(&summary)?;
    Ok(summary)
}

/// The lock of a store in which nobody works.
fn alone(store: &Path) -> Result<StoreLock, BackupError> {
    StoreLock::take(store).map_err(|error| {
        if let LogError::InUse { path } = error { BackupError::InUse { path } } else { error.into() }
    })
}

/// A folder for us alone.
fn make_empty(target: &Path) -> Result<(), BackupError> {
    let failed = BackupError::io;
    DirBuilder::new().recursive(true).mode(0o700).create(target).map_err(failed(target))?;
    if fs::read_dir(target).map_err(failed(target))?.next().is_some() {
        return Err(BackupError::Taken { path: target.to_owned() });
    }
    Ok(())
}

/// A copy in the making.
struct Copy<'a, T> {
    store: &'a Path,
    target: &'a Path,
    tell: T,
}

impl<T: FnMut(&str)> Copy<'_, T> {
    fn file(&mut self, name: &str) -> Result<(), BackupError> {
        let (from, to) = (self.store.join(name), self.target.join(name));
        copied(&from, &to).map_err(BackupError::io(&from))?;
        (self.tell)(name);
        Ok(())
    }

    /// The records as they are at one moment; up to which entry they are filled.
    async fn records(&mut self) -> Result<Option<u64>, BackupError> {
        const NAME: &str = "records.db";
        let (from, to) = (self.store.join(NAME), self.target.join(NAME));
        if !from.exists() {
            return Ok(None); // the next start fills new ones from the log
        }
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| BackupError::Records { path, error }
        };
        let options = SqliteConnectOptions::new().filename(&from).read_only(true).busy_timeout(BUSY);
        let mut db = SqliteConnection::connect_with(&options).await.map_err(failed(&from))?;
        let file = to.to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO ?").bind(file).execute(&mut db).await.map_err(failed(&from))?;
        db.close().await.map_err(failed(&from))?;
        let options = SqliteConnectOptions::new().filename(&to).journal_mode(SqliteJournalMode::Delete);
        let mut db = SqliteConnection::connect_with(&options).await.map_err(failed(&to))?;
        let row = sqlx::query("SELECT number FROM followed").fetch_one(&mut db).await.map_err(failed(&to))?;
        let followed: i64 = row.get(0);
        db.close().await.map_err(failed(&to))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).map_err(BackupError::io(&to))?;
        File::open(&to).and_then(|file| file.sync_all()).map_err(BackupError::io(&to))?;
        (self.tell)(NAME);
        Ok(Some(u64::try_from(followed).unwrap_or(0)))
    }

    /// Snapshots that are not there any more were needed by nobody.
    fn snapshots(&mut self) -> Result<(), BackupError> {
        for (_, path) in states::list(self.store).map_err(BackupError::io(self.store))? {
            self.closed(&path)?;
        }
        Ok(())
    }

    /// The log. The newest closed segment is copied first: the oldest ones are those that may go while we copy.
    fn log(&mut self) -> Result<(), BackupError> {
        let mut done = BTreeSet::new();
        for _ in 0..LISTINGS {
            let mut left = log::segments(self.store)?;
            left.retain(|(first, _)| !done.contains(first));
            let Some((_, open)) = left.pop() else { break };
            let mut all = true;
            for (first, path) in left.into_iter().rev() {
                // It was compressed or removed since it was listed.
                all = all && self.closed(&path)? && done.insert(first);
            }
            if all && self.open(&open)? {
                return Ok(());
            }
        }
        let error = io::Error::other("the log is tidied up all the time; try again");
        Err(BackupError::Io { path: self.store.to_owned(), error })
    }

    /// A file that nobody changes; whether it is still there.
    fn closed(&mut self, path: &Path) -> Result<bool, BackupError> {
        let Some(name) = path.file_name() else { return Ok(false) };
        let to = self.target.join(name);
        // Another disk, or one without links: then a copy.
        let done = fs::hard_link(path, &to).or_else(|_| copied(path, &to));
        self.told(path, done)
    }

    /// The segment that is written to; whether it is still there.
    fn open(&mut self, path: &Path) -> Result<bool, BackupError> {
        let Some(name) = path.file_name() else { return Ok(false) };
        let done = copied(path, &self.target.join(name));
        self.told(path, done)
    }

    fn told(&mut self, path: &Path, done: io::Result<()>) -> Result<bool, BackupError> {
        match done {
            Ok(()) => {
                (self.tell)(&path.file_name().unwrap_or_default().to_string_lossy());
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(BackupError::io(path)(error)),
        }
    }

    fn summary(&mut self, summary: &Summary) -> Result<(), BackupError> {
        let path = self.target.join(SUMMARY);
        let text = serde_json::to_string_pretty(summary).map_err(io::Error::other);
        let mut file = new_file(&path).map_err(BackupError::io(&path))?;
        let written = text.and_then(|text| writeln!(file, "{text}")).and_then(|()| file.sync_all());
        written.map_err(BackupError::io(&path))?;
        File::open(self.target).and_then(|folder| folder.sync_all()).map_err(BackupError::io(self.target))
    }
}

/// As old as the original: by their age segments are kept or not.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut file = new_file(to)?;
    io::copy(&mut from, &mut file)?;
    file.set_modified(from.metadata()?.modified()?)?;
    file.sync_all()
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

/// The first and the last entry of a copy, read as a start reads it. An entry that breaks off at its end is cut.
fn ends(target: &Path) -> Result<(u64, u64), BackupError> {
    let first = log::segments(target)?.first().map_or(0, |(first, _)| *first);
    let mut reader = newest_start(target, |_| true)?.reader;
    while !reader.read(CHUNK)?.is_empty() {}
    if let Some((path, whole, true)) = reader.tail() {
        let cut = OpenOptions::new().write(true).open(path).and_then(|file| {
            file.set_len(whole)?;
            file.sync_all()
        });
        cut.map_err(BackupError::io(path))?;
    }
    Ok((first, reader.last()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{FileLog, Reader};
    use acd::{Entry, Event, Timestamp};

    /// A store whose log has a segment a day, two entries each, and is still open.
    fn store(days: u64) -> (tempfile::TempDir, FileLog) {
        let folder = tempfile::tempdir().unwrap();
        let lock = StoreLock::take(folder.path()).unwrap();
        crate::secret::load(folder.path()).unwrap();
        let mut log = FileLog::open(lock, Reader::after(folder.path(), 0).unwrap(), |_| {}).unwrap();
        for number in 1..=days * 2 {
            let at = Timestamp((number - 1) / 2 * 86_400_000_000 + number);
            let entry = Entry { number, at, event: Event::DeadlinePassed, decisions: Vec::new() };
            log.append(&entry).unwrap();
            log.commit();
        }
        (folder, log)
    }
    async fn copy(store: &Path, target: &Path) -> Result<Summary, BackupError> {
        back_up(Wanted { store, target, live: false }, |_| {}).await
    }
    fn numbers(folder: &Path) -> Vec<u64> {
        let entries = Reader::after(folder, 0).unwrap().read(1_000).unwrap();
        entries.iter().map(|entry| entry.number).collect()
    }
    fn last_segment(folder: &Path) -> PathBuf {
        log::segments(folder).unwrap().pop().unwrap().1
    }

    #[tokio::test]
    async fn a_store_in_use_is_copied_and_the_copy_does_not_change_with_it() {
        let ((folder, mut log), place) = (store(3), tempfile::tempdir().unwrap());
        let target = place.path().join("new/copy");
        let mut changes = config::Changes::default();
        changes.retire(config::Kind::Agent, "ann");
        changes_file::save(folder.path(), &changes).unwrap();
        let summary = copy(folder.path(), &target).await.unwrap();
        assert_eq!((summary.first, summary.last, summary.records), (1, 6, None));
        assert_eq!(
            changes_file::load(&target).unwrap(),
            changes,
            "what was changed by API is part of a store"
        );
        let entry = Entry { number: 7, at: log_time(7), event: Event::DeadlinePassed, decisions: Vec::new() };
        log.append(&entry).unwrap();
        log.commit();
        assert_eq!(numbers(folder.path()).len(), 7);
        assert_eq!(numbers(&target), [1, 2, 3, 4, 5, 6]);
        assert_eq!(fs::read(target.join("secret")).unwrap(), fs::read(folder.path().join("secret")).unwrap());
        let written: Summary = serde_json::from_slice(&fs::read(target.join(SUMMARY)).unwrap()).unwrap();
        assert_eq!(written, summary);
        assert!(!target.join("lock").exists() && !target.join("live").exists());
    }
    fn log_time(number: u64) -> Timestamp {
        Timestamp(2 * 86_400_000_000 + number)
    }

    #[tokio::test]
    async fn an_entry_that_is_just_being_written_is_left_out() {
        let ((folder, log), place) = (store(2), tempfile::tempdir().unwrap());
        drop(log);
        let path = last_segment(folder.path());
        let whole = fs::read(&path).unwrap();
        for missing in 1..20 {
            fs::write(&path, &whole[..whole.len() - missing]).unwrap();
            let target = place.path().join(missing.to_string());
            assert_eq!(copy(folder.path(), &target).await.unwrap().last, 3, "{missing} bytes missing");
            let lock = StoreLock::take(&target).unwrap();
            let log = FileLog::open(lock, Reader::after(&target, 0).unwrap(), |_| {}).unwrap();
            assert_eq!(log.last(), 3);
        }
    }

    /// A brain's memory after the first entries of a store.
    fn remember(folder: &Path, entries: u64) {
        let mut acd = acd::Acd::new();
        let taken = Reader::after(folder, 0).unwrap().read(usize::try_from(entries).unwrap()).unwrap();
        taken.iter().for_each(|entry| drop(acd.apply(entry)));
        let (brain, at) = (acd.snapshot().unwrap(), taken.last().unwrap().at);
        states::write(folder, &states::State { number: entries, at, brain, floor: Vec::new() }).unwrap();
    }

    #[tokio::test]
    async fn a_store_that_is_tidied_up_meanwhile_is_copied_without_a_gap() {
        for (bytes, first) in [(u64::MAX, 1), (0, 9)] {
            let ((folder, _log), place) = (store(6), tempfile::tempdir().unwrap());
            remember(folder.path(), 8);
            let target = place.path().join("copy");
            let keeping = log::Keeping { age: Duration::MAX, bytes };
            let mut tidied = false;
            // Whatever is copied first, then the router compresses what is closed, or removes it.
            let tidy = |file: &str| {
                if file.starts_with("log-") && !std::mem::replace(&mut tidied, true) {
                    log::keep(folder.path(), 8, keeping, std::time::SystemTime::now()).unwrap();
                }
            };
            let wanted = Wanted { store: folder.path(), target: &target, live: false };
            let summary = back_up(wanted, tidy).await.unwrap();
            assert_eq!((summary.first, summary.last), (first, 12));
            let entries = Reader::after(&target, first - 1).unwrap().read(1_000).unwrap();
            assert_eq!(
                entries.iter().map(|entry| entry.number).collect::<Vec<_>>(),
                (first..=12).collect::<Vec<_>>()
            );
        }
    }

    #[tokio::test]
    async fn damage_is_told_and_not_copied_for_good() {
        let ((folder, _log), place) = (store(2), tempfile::tempdir().unwrap());
        let path = last_segment(folder.path());
        let mut bytes = fs::read(&path).unwrap();
        bytes[25] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = copy(folder.path(), &place.path().join("copy")).await.unwrap_err();
        assert!(!error.is_refusal() && error.to_string().contains("damaged"), "{error}");
        assert!(!place.path().join("copy").join(SUMMARY).exists());
    }

    #[tokio::test]
    async fn a_target_with_something_in_it_a_folder_without_a_log_and_a_live_file_in_use_are_refused() {
        let ((folder, log), place) = (store(1), tempfile::tempdir().unwrap());
        fs::write(place.path().join("holiday.jpg"), "").unwrap();
        let taken = copy(folder.path(), place.path()).await.unwrap_err();
        assert!(taken.is_refusal() && taken.to_string().contains("is not empty"), "{taken}");
        let none = copy(place.path(), &place.path().join("copy")).await.unwrap_err();
        assert!(none.is_refusal() && none.to_string().contains("holds no log segments"), "{none}");
        let live = Wanted { store: folder.path(), target: &place.path().join("copy"), live: true };
        let in_use = back_up(live, |_| {}).await.unwrap_err();
        assert!(in_use.is_refusal() && in_use.to_string().contains("stop it"), "{in_use}");
        assert!(!place.path().join("copy").exists(), "a refusal leaves nothing behind");
        drop(log);
        fs::write(folder.path().join("live"), "SAMBUNG LIVE 1\n").unwrap();
        assert!(back_up(live, |_| {}).await.unwrap().live);
    }
}
