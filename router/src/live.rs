//! The `live` file: what recovery needs of calls that are alive, and nothing of those that are gone.
//!
//! It holds addresses, numbers and session descriptions, so it is kept apart from the log, readable by its owner alone,
//! rewritten every minute to what is alive, and never exported. Each batch is written here before it is in the log: who
//! is in the log and not here has left, and who is here and not in the log was never told anything.

use crate::clock::Anchor;
use serde::{Deserialize, Serialize};
use sip::{CallKey, CallerRecord, Keep, LegKey, LegRecord, registrar::BindingRecord};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the file is rewritten to what is alive.
const REWRITE: Duration = Duration::from_secs(60);
/// It is rewritten earlier when so many bytes have come to it.
const REWRITE_BYTES: usize = 256 * 1024 * 1024;
/// How often a disk that refuses is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// Largest file read at the start: a minute of the busiest house, several times over.
const MAX_READ: u64 = 1024 * 1024 * 1024;
/// What the file begins with. The number is the version.
const HEADER: &[u8] = b"SAMBUNG LIVE 1\n";
/// Length and CRC32C of a line, both 32 bits, little endian.
const PREFIX: usize = 8;

#[derive(Serialize, Deserialize)]
enum Line {
    Leg(LegKey, Box<LegRecord>),
    Caller(CallKey, Box<CallerRecord>),
    ForgetLeg(LegKey),
    ForgetCall(CallKey),
    Phones(Arc<str>, Vec<BindingRecord>),
    Clock(Anchor),
}

impl Line {
    /// Whose it is, by the names that records have: the call, or the agent.
    fn names(&self) -> (Option<acd::CallId>, Option<&str>) {
        match self {
            Self::Leg(key, _) | Self::ForgetLeg(key) => (Some(acd::CallId::from_u128(key.call.0)), None),
            Self::Caller(key, _) | Self::ForgetCall(key) => (Some(acd::CallId::from_u128(key.0)), None),
            Self::Phones(user, _) => (None, Some(user)),
            Self::Clock(_) => (None, None),
        }
    }
}

/// What a process before left behind.
#[derive(Debug, Default)]
pub struct Left {
    /// Callers' legs that were alive.
    pub callers: BTreeMap<CallKey, CallerRecord>,
    /// Phones' legs that were alive.
    pub legs: BTreeMap<LegKey, LegRecord>,
    /// Where phones were registered.
    pub phones: Vec<BindingRecord>,
    /// The clock of the process before.
    pub clock: Option<Anchor>,
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
    held: Held,
    pending: Vec<u8>,
    rewritten: Instant,
    /// Bytes since the last rewrite.
    appended: usize,
    /// The file may break off in the middle of a line.
    broken: bool,
    /// Whether the disk has to have a batch, or the system alone.
    power: bool,
}

/// The lines of what is alive, as they stand in the file.
#[derive(Debug, Default)]
struct Held {
    callers: BTreeMap<CallKey, Box<[u8]>>,
    legs: BTreeMap<LegKey, Box<[u8]>>,
    phones: BTreeMap<Arc<str>, Box<[u8]>>,
    clock: Option<Box<[u8]>>,
}

impl Held {
    fn take(&mut self, line: &Line, bytes: &[u8]) {
        match line {
            Line::Leg(key, _) => drop(self.legs.insert(*key, bytes.into())),
            Line::Caller(key, _) => drop(self.callers.insert(*key, bytes.into())),
            Line::ForgetLeg(key) => drop(self.legs.remove(key)),
            Line::ForgetCall(key) => drop(self.callers.remove(key)),
            Line::Phones(user, records) if records.is_empty() => drop(self.phones.remove(user)),
            Line::Phones(user, _) => drop(self.phones.insert(Arc::clone(user), bytes.into())),
            Line::Clock(_) => self.clock = Some(bytes.into()),
        }
    }
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.callers
            .values()
            .chain(self.legs.values())
            .chain(self.phones.values())
            .chain(&self.clock)
            .map(|line| &**line)
    }
}

impl LiveFile {
    /// Reads what the process before left, and goes on with that.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(folder: &Path) -> Result<(Self, Left), LiveError> {
        let path = folder.join("live");
        let failed = |error| LiveError { path: path.clone(), error };
        let (held, left, whole) = read(&path).map_err(failed)?;
        let (file, broken) = match rewritten(&path, &held, false) {
            Ok(file) => (file, false),
            // A full disk is no reason not to start: what stands there is whole, and goes on when there is room.
            Err(error) => {
                tracing::error!(%error, path = %path.display(), "the live file cannot be rewritten; it is tried again and again");
                (continued(&path, whole).map_err(failed)?, true)
            }
        };
        let live = Self {
            path,
            file,
            held,
            pending: Vec::new(),
            appended: 0,
            rewritten: Instant::now(),
            broken,
            power: false,
        };
        Ok((live, left))
    }

    /// From here on a batch is written when the disk has it, and not only the system.
    pub const fn survive_power_loss(&mut self) {
        self.power = true;
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
        match write(line, &mut self.pending) {
            Ok(()) => self.held.take(line, &self.pending[start..]),
            Err(error) => {
                let (call, agent) = line.names();
                let call = call.map(tracing::field::display);
                tracing::error!(%error, call, agent, "a leg cannot be stored; a restart would lose it");
            }
        }
    }

    /// Notes the clock for the next process.
    pub fn anchor(&mut self, clock: Anchor) {
        self.take(&Line::Clock(clock));
    }

    /// Forgets what nobody is going to take up again.
    pub fn forget(
        &mut self,
        calls: impl IntoIterator<Item = CallKey>,
        legs: impl IntoIterator<Item = LegKey>,
    ) {
        calls.into_iter().for_each(|call| self.take(&Line::ForgetCall(call)));
        legs.into_iter().for_each(|leg| self.take(&Line::ForgetLeg(leg)));
    }

    /// Writes the batch; rewrites the file when its minute is over, or when it broke off.
    pub fn commit(&mut self) {
        let age = self.rewritten.elapsed();
        let due = if self.broken { age >= RETRY } else { age >= REWRITE || self.appended >= REWRITE_BYTES };
        if due {
            self.rewritten = Instant::now();
            if let Err(error) = self.rewrite() {
                self.complain(&error);
            }
        }
        // Behind a line that breaks off nothing would be read; the next rewrite has it all.
        if !self.pending.is_empty()
            && !self.broken
            && let Err(error) = self.append()
        {
            self.complain(&error);
            self.rewritten = Instant::now();
        }
        self.appended += self.pending.len();
        self.pending.clear();
    }

    fn append(&mut self) -> std::io::Result<()> {
        self.file.write_all(&self.pending)?;
        if self.power { self.file.sync_data() } else { Ok(()) }
    }

    fn complain(&mut self, error: &std::io::Error) {
        if !std::mem::replace(&mut self.broken, true) {
            tracing::error!(%error, path = %self.path.display(), "the live file does not accept changes; calls go on, but a restart would lose them");
        }
    }

    fn rewrite(&mut self) -> std::io::Result<()> {
        self.file = rewritten(&self.path, &self.held, self.power)?;
        self.pending.clear();
        self.appended = 0;
        if std::mem::take(&mut self.broken) {
            tracing::warn!(path = %self.path.display(), "the live file accepts changes again");
        }
        Ok(())
    }
}

/// A new file with these lines, in the place of the old one.
fn rewritten(path: &Path, held: &Held, power: bool) -> std::io::Result<File> {
    let next = path.with_extension("next");
    let file = filled(&next, held, power).and_then(|file| std::fs::rename(&next, path).map(|()| file));
    if file.is_err() {
        // Whatever room is left is for others. It may not even have been made.
        let _absent = std::fs::remove_file(&next);
    }
    if power && let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    file
}

fn filled(next: &Path, held: &Held, power: bool) -> std::io::Result<File> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(next)?;
    let mut text = Vec::with_capacity(HEADER.len() + held.lines().map(<[u8]>::len).sum::<usize>());
    text.extend_from_slice(HEADER);
    held.lines().for_each(|line| text.extend_from_slice(line));
    file.write_all(&text)?;
    if power {
        file.sync_all()?;
    }
    Ok(file)
}

/// The file as it stands, up to where it is whole.
fn continued(path: &Path, whole: u64) -> std::io::Result<File> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(whole)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

fn write(line: &Line, to: &mut Vec<u8>) -> Result<(), rmp_serde::encode::Error> {
    let start = to.len();
    to.extend_from_slice(&[0; PREFIX]);
    if let Err(error) = rmp_serde::encode::write(to, line) {
        to.truncate(start);
        return Err(error);
    }
    let (prefix, text) = to[start..].split_at_mut(PREFIX);
    prefix[..4].copy_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    prefix[4..].copy_from_slice(&crc32c::crc32c(text).to_le_bytes());
    Ok(())
}

/// The line at the beginning of some bytes, with its length; none when it is not whole.
fn first_line(bytes: &[u8]) -> Option<(Line, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let text = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let whole = crc32c::crc32c(text) == u32::from_le_bytes(*sum);
    let line = rmp_serde::from_slice(text).ok().filter(|_| whole)?;
    Some((line, PREFIX + text.len()))
}

/// A file that breaks off or cannot be read gives what it can; also, how far it is whole.
fn read(path: &Path) -> std::io::Result<(Held, Left, u64)> {
    let (mut held, mut left) = (Held::default(), Left::default());
    let bytes = match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_READ => {
            return Err(std::io::Error::other("larger than any that we write; move it away"));
        }
        Ok(_) => std::fs::read(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((held, left, 0)),
        Err(error) => return Err(error),
    };
    let Some(mut rest) = bytes.strip_prefix(HEADER) else {
        tracing::warn!(path = %path.display(), "the live file is of another version; its calls end, its phones register again");
        return Ok((held, left, 0));
    };
    let mut phones = BTreeMap::new();
    while let Some((line, length)) = first_line(rest) {
        held.take(&line, &rest[..length]);
        rest = &rest[length..];
        match line {
            Line::Leg(key, record) => drop(left.legs.insert(key, *record)),
            Line::Caller(key, record) => drop(left.callers.insert(key, *record)),
            Line::ForgetLeg(key) => drop(left.legs.remove(&key)),
            Line::ForgetCall(key) => drop(left.callers.remove(&key)),
            Line::Phones(user, records) => drop(phones.insert(user, records)),
            Line::Clock(anchor) => left.clock = Some(anchor),
        }
    }
    if !rest.is_empty() {
        // A batch that was being written when the process died was not acted upon.
        tracing::warn!(path = %path.display(), bytes = rest.len(), "the live file breaks off; what stands behind is left out");
    }
    left.phones = phones.into_values().flatten().collect();
    Ok((held, left, (bytes.len() - rest.len()) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use sip::Flow;

    fn caller(number: u128) -> Keep {
        let from = Flow::udp("192.0.2.7:5060".parse().unwrap());
        let invite = Bytes::from(format!("INVITE of {number}"));
        Keep::CallerLeg(
            CallKey(number),
            CallerRecord {
                invite,
                from,
                tag: "t".to_owned(),
                dialog: None,
                early: None,
                ended: None,
                before: None,
                called: None,
            },
        )
    }
    fn open(folder: &Path) -> (LiveFile, Vec<u128>) {
        let (live, left) = LiveFile::open(folder).unwrap();
        (live, left.callers.keys().map(|key| key.0).collect())
    }
    fn written(folder: &Path, changes: impl IntoIterator<Item = Keep>) {
        let (mut live, _) = open(folder);
        live.keep(changes);
        live.commit();
    }

    #[test]
    fn what_lives_is_found_again_and_again_what_is_over_is_not() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), [caller(1), caller(2), caller(3), Keep::ForgetCall(CallKey(2))]);
        assert_eq!(open(folder.path()).1, [1, 3]);
        assert_eq!(open(folder.path()).1, [1, 3]); // whoever looked changed nothing
        written(folder.path(), [Keep::ForgetCall(CallKey(1)), caller(4)]);
        assert_eq!(open(folder.path()).1, [3, 4]);
    }

    #[test]
    fn a_batch_that_was_cut_short_is_left_out_and_the_rest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), [caller(1), caller(2)]);
        let path = folder.path().join("live");
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..20 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            assert_eq!(open(folder.path()).1, [1], "{cut} bytes cut");
            written(folder.path(), [caller(5)]);
            assert_eq!(open(folder.path()).1, [1, 5], "{cut} bytes cut");
        }
    }

    #[test]
    fn a_damaged_line_and_what_stands_behind_it_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), [caller(1), caller(2)]);
        let path = folder.path().join("live");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(open(folder.path()).1, [1]);
    }

    #[test]
    fn a_disk_that_refuses_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), [caller(1), caller(2)]);
        let path = folder.path().join("live");
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend_from_slice(b"half a line");
        std::fs::write(&path, torn).unwrap();
        let in_the_way = path.with_extension("next");
        std::fs::create_dir(&in_the_way).unwrap();
        let (mut live, found) = open(folder.path());
        assert!(live.broken && found == [1, 2]);
        std::fs::remove_dir(&in_the_way).unwrap();
        live.keep([caller(3)]);
        live.rewritten = Instant::now().checked_sub(RETRY).unwrap();
        live.commit();
        assert!(!live.broken);
        assert_eq!(open(folder.path()).1, [1, 2, 3]);
    }

    #[test]
    fn a_file_of_another_version_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("live"), b"SAMBUNG LIVE 9\nwhatever").unwrap();
        assert!(open(folder.path()).1.is_empty());
    }
}
