//! The brain as it was: from the newest snapshot that can be used, and what the log has behind it.

use crate::{
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
    Ok(Recovered { acd, log, last })
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
        Ok(reader) => Ok(Some(Start { reader, acd, state: Some(state) })),
        Err(error @ (LogError::Ahead { .. } | LogError::Aged { .. })) => of_no_use(&error),
        Err(error) => Err(error),
    }
}
