//! The brain as it was: from the newest snapshot that can be used, and what the log has behind it.

use crate::{
    clock::{Clock, Dials},
    live::{Left, LiveFile},
    log::{FileLog, LogError, Reader, StoreLock},
    states::{self, State},
};
use acd::{Acd, Timestamp};
use std::path::Path;

/// A brain that stands where the log ends, and the log.
pub struct Recovered {
    /// The brain.
    pub acd: Acd,
    /// The log, open to be written on.
    pub log: FileLog,
    /// The time of the last entry.
    pub last: Timestamp,
}

/// A place in the log, and what is remembered there.
pub struct Start {
    /// Behind the entry of the snapshot, or before the first one.
    pub reader: Reader,
    /// The brain there.
    pub acd: Acd,
    /// The snapshot, if there was one.
    pub state: Option<State>,
}

/// Brings the brain of a store back.
///
/// # Errors
/// The store is in use, or its log is damaged, of another version, or begins later than any snapshot.
pub fn recover(folder: &Path) -> Result<Recovered, LogError> {
    let lock = StoreLock::take(folder)?;
    let Start { reader, mut acd, state } = newest_start(folder, |_| true)?;
    let mut last = state.map_or_else(Timestamp::default, |state| state.at);
    let log = FileLog::open(lock, reader, |entry| {
        acd.apply(entry);
        last = entry.at;
    })?;
    states::remove_behind(folder, log.last()).map_err(LogError::io(folder))?;
    Ok(Recovered { acd, log, last })
}

/// The clock of this process, noted for the next one. It goes on from the one before where calls have outlived that: with
/// nobody to wait or talk the wall clock is the better one.
pub fn start_clock<D: Dials>(
    dials: D,
    acd: &Acd,
    last: Timestamp,
    left: &Left,
    live: &mut LiveFile,
) -> Clock<D> {
    let before = left.clock.as_ref().filter(|_| acd.live_calls() > 0);
    let clock = Clock::by(dials, last, before);
    live.anchor(clock.anchor());
    clock
}

/// The newest place to begin at whose snapshot is `fit`; the log's first entry without any.
///
/// # Errors
/// When the log cannot be read, or begins later than any such snapshot.
pub fn newest_start(folder: &Path, fit: impl Fn(&State) -> bool) -> Result<Start, LogError> {
    for (_, path) in states::list(folder).map_err(LogError::io(folder))? {
        if let Some(start) = start_at(folder, &path, &fit)? {
            return Ok(start);
        }
    }
    Ok(Start { reader: Reader::after(folder, 0)?, acd: Acd::new(), state: None })
}

/// The oldest place to begin at.
///
/// # Errors
/// As [`newest_start`].
pub fn oldest_start(folder: &Path) -> Result<Start, LogError> {
    match Reader::after(folder, 0) {
        Err(LogError::Aged { .. }) => {}
        reader => return Ok(Start { reader: reader?, acd: Acd::new(), state: None }),
    }
    for (_, path) in states::list(folder).map_err(LogError::io(folder))?.into_iter().rev() {
        if let Some(start) = start_at(folder, &path, &|_| true)? {
            return Ok(start);
        }
    }
    Ok(Start { reader: Reader::after(folder, 0)?, acd: Acd::new(), state: None })
}

/// The place of a snapshot; none when it does not fit, or cannot be used.
fn start_at(folder: &Path, path: &Path, fit: &impl Fn(&State) -> bool) -> Result<Option<Start>, LogError> {
    let of_no_use = |error: &dyn std::fmt::Display| {
        tracing::warn!(snapshot = %path.display(), %error, "a snapshot cannot be used; an older one is looked for");
        Ok(None)
    };
    let state = match states::read(path) {
        Ok(state) if fit(&state) => state,
        Ok(_) => return Ok(None),
        Err(error) => return of_no_use(&error),
    };
    let acd = match Acd::restore(&state.brain) {
        Ok(acd) => acd,
        Err(error) => return of_no_use(&error),
    };
    match Reader::after(folder, state.number) {
        Ok(reader) if reader.last_at().is_some_and(|at| at != state.at) => of_no_use(&"it is of another log"),
        Ok(reader) => Ok(Some(Start { reader, acd, state: Some(state) })),
        Err(error @ (LogError::Ahead { .. } | LogError::Aged { .. })) => of_no_use(&error),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::Event;

    /// A store whose log has `entries` entries, of which the snapshot behind `number` knows.
    fn store(entries: u64, number: u64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut recovered = recover(folder.path()).unwrap();
        for number in 1..=entries {
            let handled = recovered.acd.handle(Event::DeadlinePassed, Timestamp(number)).unwrap();
            recovered.log.append(&handled.entry).unwrap();
        }
        recovered.log.commit();
        let brain = recovered.acd.snapshot().unwrap();
        let state = State { number, at: Timestamp(number), brain, floor: Vec::new() };
        states::write(folder.path(), &state).unwrap();
        folder
    }
    fn snapshots(folder: &tempfile::TempDir) -> usize {
        states::list(folder.path()).unwrap().len()
    }

    #[test]
    fn a_start_reads_the_snapshot_and_what_the_log_has_behind_it() {
        let folder = store(9, 5);
        assert_eq!(newest_start(folder.path(), |_| true).unwrap().state.unwrap().number, 5);
        let recovered = recover(folder.path()).unwrap();
        assert_eq!((recovered.acd.entries(), recovered.last, recovered.log.last()), (9, Timestamp(9), 9));
    }

    #[test]
    fn a_snapshot_ahead_of_the_log_is_removed_before_the_log_grows_past_it() {
        let folder = store(5, 9);
        assert_eq!(recover(folder.path()).unwrap().acd.entries(), 5);
        assert_eq!(snapshots(&folder), 0);
    }

    #[test]
    fn a_snapshot_of_another_log_is_passed_over() {
        let folder = store(9, 5);
        let (_, path) = states::list(folder.path()).unwrap().remove(0);
        let state = states::read(&path).unwrap();
        states::write(folder.path(), &State { at: Timestamp(77), ..state }).unwrap();
        assert!(newest_start(folder.path(), |_| true).unwrap().state.is_none());
        assert_eq!(recover(folder.path()).unwrap().acd.entries(), 9);
    }
}
