//! Appends entries: one `write()` a batch, by the deciding thread itself.
//!
//! When the disk refuses, entries stay in memory in order (*degraded*) and are written as soon as it accepts again.

use super::{LogError, Reader, frame, segment_path};
use acd::Entry;
use std::{
    fs::{File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// A segment is closed at this size.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Entries kept in memory while the disk refuses; beyond it new calls are refused too, live ones go on.
pub const DEGRADED_BYTES: usize = 64 * 1024 * 1024;
/// How often a refusing disk is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// The open log.
#[derive(Debug)]
pub struct FileLog {
    folder: PathBuf,
    segment: Option<(PathBuf, File)>,
    /// Bytes of the segment known to be whole.
    written: u64,
    /// Entries not written yet.
    pending: Vec<u8>,
    /// Number of the first entry in `pending`, or of the next one.
    first_pending: u64,
    last: u64,
    retry_at: Option<std::time::Instant>,
    _lock: File,
}

/// What a commit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Everything is written.
    Written,
    /// The disk refuses; entries wait in memory.
    Degraded,
    /// The disk refuses and the memory for it is full: take no new calls.
    Full,
}

impl FileLog {
    /// Opens the store's folder (making it if need be), hands every entry to `each`, cuts a torn tail.
    ///
    /// # Errors
    /// The store is in use, damaged, of another version, or the disk refuses.
    pub fn open(folder: &Path, mut each: impl FnMut(&Entry)) -> Result<Self, LogError> {
        std::fs::create_dir_all(folder).map_err(LogError::io(folder))?;
        let lock = lock(folder)?;
        let mut reader = Reader::open(folder)?;
        loop {
            let entries = reader.read(1_000)?;
            if entries.is_empty() {
                break;
            }
            entries.iter().for_each(&mut each);
        }
        let last = reader.last();
        let mut log = Self {
            folder: folder.to_owned(),
            segment: None,
            written: 0,
            pending: Vec::new(),
            first_pending: last + 1,
            last,
            retry_at: None,
            _lock: lock,
        };
        log.reopen(&reader)?;
        Ok(log)
    }

    /// Goes on in the last segment, behind its last whole entry.
    fn reopen(&mut self, reader: &Reader) -> Result<(), LogError> {
        let Some((path, whole, torn)) = reader.tail() else { return Ok(()) };
        let mut file = OpenOptions::new().write(true).open(path).map_err(LogError::io(path))?;
        if torn {
            tracing::warn!(segment = %path.display(), whole, "the log ends in a torn entry; it is cut");
            file.set_len(whole).map_err(LogError::io(path))?;
        }
        file.seek(SeekFrom::Start(whole)).map_err(LogError::io(path))?;
        self.written = whole;
        self.segment = Some((path.to_owned(), file));
        Ok(())
    }

    /// Number of the last entry appended.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Adds an entry to the batch.
    ///
    /// # Errors
    /// Only for an entry that cannot be encoded.
    pub fn append(&mut self, entry: &Entry) -> Result<(), LogError> {
        frame::write(entry, &mut self.pending)?;
        self.last = entry.number;
        Ok(())
    }

    /// Whether anything waits to be written.
    #[must_use]
    pub const fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Writes the batch.
    pub fn commit(&mut self) -> Committed {
        if self.pending.is_empty() {
            return Committed::Written;
        }
        let now = std::time::Instant::now();
        if self.retry_at.is_some_and(|at| now < at) {
            return self.behind();
        }
        match self.write() {
            Ok(()) => {
                if self.retry_at.take().is_some() {
                    tracing::warn!(entry = self.last, "the log accepts entries again");
                }
                Committed::Written
            }
            Err(error) => {
                if self.retry_at.is_none() {
                    tracing::error!(%error, "the log does not accept entries; they wait in memory");
                }
                self.retry_at = Some(now + RETRY);
                self.behind()
            }
        }
    }

    const fn behind(&self) -> Committed {
        if self.pending.len() > DEGRADED_BYTES { Committed::Full } else { Committed::Degraded }
    }

    fn write(&mut self) -> Result<(), LogError> {
        if self.written >= SEGMENT_BYTES {
            self.segment = None;
        }
        if self.segment.is_none() {
            let path = segment_path(&self.folder, self.first_pending);
            let mut file = File::create(&path).map_err(LogError::io(&path))?;
            file.write_all(frame::HEADER).map_err(LogError::io(&path))?;
            self.written = frame::HEADER.len() as u64;
            self.segment = Some((path, file));
        }
        let Some((path, file)) = &mut self.segment else { return Ok(()) };
        if let Err(error) = file.write_all(&self.pending) {
            // Part of the batch may stand there: back to the last whole entry, for readers and for the next try.
            let undone = file.set_len(self.written).and_then(|()| file.seek(SeekFrom::Start(self.written)));
            let error = undone.err().unwrap_or(error);
            return Err(LogError::Io { path: path.clone(), error });
        }
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.first_pending = self.last + 1;
        Ok(())
    }
}

fn lock(folder: &Path) -> Result<File, LogError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(LogError::io(&path))?;
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => LogError::InUse { path: folder.to_owned() },
        std::fs::TryLockError::Error(error) => LogError::Io { path, error },
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{Event, Timestamp};

    fn entry(number: u64) -> Entry {
        Entry { number, at: Timestamp(number), event: Event::DeadlinePassed, decisions: Vec::new() }
    }

    fn filled(folder: &Path, count: u64) {
        let mut log = FileLog::open(folder, |_| {}).unwrap();
        for number in log.last() + 1..=log.last() + count {
            log.append(&entry(number)).unwrap();
        }
        assert_eq!(log.commit(), Committed::Written);
    }

    fn numbers(folder: &Path) -> Vec<u64> {
        let mut seen = Vec::new();
        FileLog::open(folder, |entry| seen.push(entry.number)).unwrap();
        seen
    }

    #[test]
    fn entries_are_read_back_in_order_and_the_log_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 3);
        filled(folder.path(), 2);
        assert_eq!(numbers(folder.path()), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_torn_tail_is_cut_wherever_it_tears() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 3);
        let (_, path) = segments_of(folder.path());
        let whole = std::fs::read(&path).unwrap();
        let two = {
            let size = (whole.len() - frame::HEADER.len()) / 3;
            whole.len() - size
        };
        for length in two..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(numbers(folder.path()), [1, 2], "cut at {length}");
        }
    }

    #[test]
    fn damage_in_the_middle_is_refused_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 3);
        let (_, path) = segments_of(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[frame::HEADER.len() + 10] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = FileLog::open(folder.path(), |_| {}).unwrap_err().to_string();
        assert!(error.contains("damaged at byte 14") && error.contains("checksum"), "{error}");
    }

    #[test]
    fn a_foreign_file_and_a_second_process_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = FileLog::open(folder.path(), |_| {}).unwrap();
        assert!(matches!(FileLog::open(folder.path(), |_| {}), Err(LogError::InUse { .. })));
        drop(first);
        std::fs::write(segment_path(folder.path(), 1), b"something else entirely").unwrap();
        assert!(matches!(FileLog::open(folder.path(), |_| {}), Err(LogError::Foreign { .. })));
    }

    #[test]
    fn a_reader_follows_across_segments() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 2);
        let mut reader = Reader::open(folder.path()).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 2);
        assert_eq!(reader.read(10).unwrap().len(), 0);
        let mut next = frame::HEADER.to_vec();
        frame::write(&entry(3), &mut next).unwrap();
        std::fs::write(segment_path(folder.path(), 3), &next).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 1);
        std::fs::write(segment_path(folder.path(), 5), &next).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 0, "a segment that does not go on is not looked at");
    }

    fn segments_of(folder: &Path) -> (u64, PathBuf) {
        super::super::segments(folder).unwrap().pop().unwrap()
    }
}
