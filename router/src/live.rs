//! The `live` file: what recovery needs of legs that are alive, and nothing of those that are gone.
//!
//! It holds addresses, numbers and session descriptions, so it is kept apart from the log, readable by its owner
//! alone, rewritten every minute to what is alive, and never exported. Until calls are revived after a restart, it
//! serves to cancel phones that were ringing, and to know where phones have registered.

use serde::{Deserialize, Serialize};
use sip::{CallKey, CallerRecord, Keep, LegKey, LegRecord, registrar::BindingRecord};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the file is rewritten to what is alive.
const REWRITE: Duration = Duration::from_secs(60);
/// Largest file read at the start; what lies behind is of calls that are lost anyhow.
const MAX_READ: u64 = 256 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
enum Line {
    Leg(LegKey, Box<LegRecord>),
    Caller(CallKey, Box<CallerRecord>),
    ForgetLeg(LegKey),
    ForgetCall(CallKey),
    Phones(Arc<str>, Vec<BindingRecord>),
}

/// What a process before left behind.
#[derive(Debug, Default)]
pub struct Left {
    /// Phones' legs that were alive.
    pub legs: Vec<LegRecord>,
    /// Where phones were registered.
    pub phones: Vec<BindingRecord>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct LiveError {
    path: PathBuf,
    error: std::io::Error,
}

/// The file, and a copy of what stands in it.
#[derive(Debug)]
pub struct LiveFile {
    path: PathBuf,
    file: File,
    legs: BTreeMap<LegKey, Vec<u8>>,
    callers: BTreeMap<CallKey, Vec<u8>>,
    phones: BTreeMap<Arc<str>, Vec<u8>>,
    pending: Vec<u8>,
    rewritten: Instant,
}

impl LiveFile {
    /// Reads what the process before left, and starts the file anew.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(folder: &Path) -> Result<(Self, Left), LiveError> {
        let path = folder.join("live");
        let left = read(&path);
        let file = create(&path).map_err(|error| LiveError { path: path.clone(), error })?;
        let live = Self {
            path,
            file,
            legs: BTreeMap::new(),
            callers: BTreeMap::new(),
            phones: BTreeMap::new(),
            pending: Vec::new(),
            rewritten: Instant::now(),
        };
        Ok((live, left))
    }

    /// Takes changes to the batch.
    pub fn keep(&mut self, changes: impl IntoIterator<Item = Keep>) {
        for change in changes {
            let line = match change {
                Keep::Leg(key, record) => Line::Leg(key, Box::new(record)),
                Keep::CallerLeg(key, record) => Line::Caller(key, Box::new(record)),
                Keep::ForgetLeg(key) => Line::ForgetLeg(key),
                Keep::ForgetCall(key) => Line::ForgetCall(key),
                Keep::Phones(user, records) => Line::Phones(user, records),
            };
            self.take(&line);
        }
    }

    fn take(&mut self, line: &Line) {
        let start = self.pending.len();
        self.pending.extend_from_slice(&[0; 4]);
        if rmp_serde::encode::write(&mut self.pending, line).is_err() {
            self.pending.truncate(start);
            return;
        }
        let length = u32::try_from(self.pending.len() - start - 4).unwrap_or(u32::MAX);
        self.pending[start..start + 4].copy_from_slice(&length.to_le_bytes());
        let bytes = || self.pending[start..].to_vec();
        match line {
            Line::Leg(key, _) => drop(self.legs.insert(*key, bytes())),
            Line::Caller(key, _) => drop(self.callers.insert(*key, bytes())),
            Line::ForgetLeg(key) => drop(self.legs.remove(key)),
            Line::ForgetCall(key) => drop(self.callers.remove(key)),
            Line::Phones(user, records) if records.is_empty() => drop(self.phones.remove(user)),
            Line::Phones(user, _) => drop(self.phones.insert(Arc::clone(user), bytes())),
        }
    }

    /// Writes the batch; rewrites the file when its minute is over.
    pub fn commit(&mut self) {
        if self.rewritten.elapsed() >= REWRITE {
            self.rewritten = Instant::now();
            if let Err(error) = self.rewrite() {
                tracing::error!(%error, path = %self.path.display(), "the live file cannot be rewritten");
            }
        }
        if self.pending.is_empty() {
            return;
        }
        if let Err(error) = self.file.write_all(&self.pending) {
            tracing::error!(%error, path = %self.path.display(), "the live file does not accept changes");
            // The next rewrite brings what is alive into the file again.
            self.rewritten = Instant::now().checked_sub(REWRITE).unwrap_or(self.rewritten);
        }
        self.pending.clear();
    }

    fn rewrite(&mut self) -> std::io::Result<()> {
        let next = self.path.with_extension("next");
        let mut file = create(&next)?;
        for line in self.callers.values().chain(self.legs.values()).chain(self.phones.values()) {
            file.write_all(line)?;
        }
        std::fs::rename(&next, &self.path)?;
        self.file = file;
        self.pending.clear();
        Ok(())
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

/// A file that breaks off or cannot be read gives what it can.
fn read(path: &Path) -> Left {
    let fits = std::fs::metadata(path).is_ok_and(|meta| meta.len() <= MAX_READ);
    let bytes = if fits { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    let mut rest = &bytes[..];
    let (mut legs, mut phones) = (BTreeMap::new(), BTreeMap::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some(line) = after.get(..u32::from_le_bytes(*length) as usize) else { break };
        rest = &after[line.len()..];
        match rmp_serde::from_slice(line) {
            Ok(Line::Leg(key, record)) => drop(legs.insert(key, *record)),
            Ok(Line::ForgetLeg(key)) => drop(legs.remove(&key)),
            Ok(Line::Phones(user, records)) => drop(phones.insert(user, records)),
            Ok(Line::Caller(..) | Line::ForgetCall(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "the live file breaks off; phones behind it ring out by themselves");
                break;
            }
        }
    }
    Left { legs: legs.into_values().collect(), phones: phones.into_values().flatten().collect() }
}
