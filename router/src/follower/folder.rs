//! A store's folder as it is followed: from a snapshot, if one fits; kept small behind the follower.

use super::{Opened, Origin, SourceError, model::Model};
use crate::{
    log::{self, Keeping, LogError},
    records::Followed,
    recovery::{Start, newest_start, oldest_start},
    states::{self, State},
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

/// A folder of log segments and snapshots, followed with a brain of our own.
#[derive(Debug)]
pub struct LogFolder {
    folder: PathBuf,
    keeping: Keeping,
    /// Whether somebody is tidying up.
    busy: Arc<AtomicBool>,
}

impl LogFolder {
    /// By the configuration.
    #[must_use]
    pub fn new(store: &config::Store) -> Self {
        let keeping = Keeping { age: store.keep_log, bytes: u64::from(store.keep_log_mib) << 20 };
        Self::at(&store.path, keeping)
    }
    /// A folder, and how much of its log is kept.
    #[must_use]
    pub fn at(folder: &Path, keeping: Keeping) -> Self {
        Self { folder: folder.to_owned(), keeping, busy: Arc::default() }
    }
}

impl Origin for LogFolder {
    fn open(&self, followed: Followed) -> Result<Opened, SourceError> {
        let fits = |state: &State| {
            let known = state.number < followed.number
                || (state.number == followed.number && state.at == followed.at);
            known && Model::restore(&state.floor, 0).is_ok()
        };
        let start = match newest_start(&self.folder, fits) {
            Err(LogError::Aged { first, .. }) => {
                tracing::warn!(first, "records begin where the log does: older entries are not kept");
                oldest_start(&self.folder)
            }
            start => start,
        };
        let Start { reader, acd, state } = start?;
        let floor = state.map(|state| state.floor);
        Ok(Opened { source: Box::new(reader), replica: Box::new(acd), floor })
    }

    fn keep(&self, state: State) {
        if let Err(error) = states::write(&self.folder, &state) {
            tracing::warn!(%error, "a snapshot cannot be written; starts take longer");
        }
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (folder, keeping, busy) = (self.folder.clone(), self.keeping, Arc::clone(&self.busy));
        let tidy = move || {
            if let Err(error) = tidy(&folder, keeping) {
                tracing::warn!(%error, "the log cannot be tidied up; it grows");
            }
            busy.store(false, Ordering::Release);
        };
        // Compressing a segment takes seconds, and records are not to wait for it.
        if let Err(error) = std::thread::Builder::new().name("keeper".to_owned()).spawn(tidy) {
            tracing::warn!(%error, "the log cannot be tidied up; it grows");
            self.busy.store(false, Ordering::Release);
        }
    }
}

fn tidy(folder: &Path, keeping: Keeping) -> Result<(), LogError> {
    let failed = LogError::io;
    let Some(upto) = states::needed_from(folder).map_err(failed(folder))? else { return Ok(()) };
    let kept = log::keep(folder, upto, keeping, SystemTime::now())?;
    if kept.compressed + kept.removed > 0 {
        let (compressed, removed, first, bytes) = (kept.compressed, kept.removed, kept.first, kept.bytes);
        tracing::info!(compressed, removed, first, bytes, "the log is tidied up");
    }
    let firsts: Vec<u64> = log::segments(folder)?.into_iter().map(|(first, _)| first).collect();
    states::thin(folder, &firsts).map_err(failed(folder))
}
