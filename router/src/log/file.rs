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
    /// The day of the segment's last entry, and of the first one in `pending`.
    days: (u64, Option<u64>),
    /// Whether the disk has to have a batch, or the system alone.
    power: bool,
    /// Behind `written` something may stand that is not whole.
    torn: bool,
    retry_at: Option<std::time::Instant>,
    _lock: StoreLock,
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
    /// Opens the log of a folder that is ours, hands every entry from `reader` on to `each`, cuts a torn tail.
    ///
    /// # Errors
    /// The log is damaged, of another version, or the disk refuses.
    pub fn open(lock: StoreLock, mut reader: Reader, mut each: impl FnMut(&Entry)) -> Result<Self, LogError> {
        let mut day = 0;
        loop {
            let entries = reader.read(1_000)?;
            if entries.is_empty() {
                break;
            }
            day = entries.last().map_or(day, |entry| day_of(entry.at));
            entries.iter().for_each(&mut each);
        }
        let last = reader.last();
        let mut log = Self {
            folder: lock.folder.clone(),
            segment: None,
            written: 0,
            pending: Vec::new(),
            first_pending: last + 1,
            last,
            days: (day, None),
            power: false,
            torn: false,
            retry_at: None,
            _lock: lock,
        };
        log.reopen(&reader)?;
        if let Some((found, path)) =
            super::segments(&log.folder)?.pop().filter(|(first, _)| *first > last + 1)
        {
            return Err(LogError::Gap { path, found, last });
        }
        Ok(log)
    }

    /// Goes on in the last segment, behind its last whole entry.
    fn reopen(&mut self, reader: &Reader) -> Result<(), LogError> {
        let Some((path, whole, torn)) = reader.tail() else { return Ok(()) };
        if whole == 0 {
            return Ok(()); // not even its header was written whole: it is made anew with the next entry
        }
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

    /// From here on a batch is written when the disk has it, and not only the system.
    pub const fn survive_power_loss(&mut self) {
        self.power = true;
    }

    /// Adds an entry to the batch.
    ///
    /// # Errors
    /// Only for an entry that cannot be encoded.
    pub fn append(&mut self, entry: &Entry) -> Result<(), LogError> {
        frame::write(entry, &mut self.pending)?;
        self.last = entry.number;
        self.days.1.get_or_insert(day_of(entry.at));
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

    /// Cuts what a write has left unfinished, before anything is written behind it.
    fn mend(&mut self) -> Result<(), LogError> {
        if let Some((path, file)) = self.segment.as_mut().filter(|_| self.torn) {
            let back = file.set_len(self.written).and_then(|()| file.seek(SeekFrom::Start(self.written)));
            back.map_err(LogError::io(path))?;
        }
        self.torn = false;
        Ok(())
    }

    /// Writes what waits, however short a while ago the disk has refused; whether everything is written.
    pub fn insist(&mut self) -> bool {
        self.retry_at = None;
        self.commit() == Committed::Written
    }

    fn write(&mut self) -> Result<(), LogError> {
        let day = self.days.1.unwrap_or(self.days.0);
        if self.written >= SEGMENT_BYTES || day != self.days.0 {
            self.segment = None;
        }
        if self.segment.is_none() {
            let path = segment_path(&self.folder, self.first_pending);
            let mut file = File::create(&path).map_err(LogError::io(&path))?;
            file.write_all(frame::HEADER).map_err(LogError::io(&path))?;
            self.written = frame::HEADER.len() as u64;
            self.segment = Some((path, file));
            if self.power {
                sync_folder(&self.folder)?;
            }
        }
        self.mend()?;
        let Some((path, file)) = &mut self.segment else { return Ok(()) };
        let synced = |file: &File| if self.power { file.sync_data() } else { Ok(()) };
        if let Err(error) = file.write_all(&self.pending).and_then(|()| synced(file)) {
            // Part of the batch may stand there: back to the last whole entry, for readers and for the next try.
            let error = LogError::Io { path: path.clone(), error };
            self.torn = true;
            return self.mend().and(Err(error));
        }
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.first_pending = self.last + 1;
        self.days = (day, None);
        Ok(())
    }
}

fn day_of(at: acd::Timestamp) -> u64 {
    at.micros() / (24 * 3_600 * 1_000_000)
}

/// What was made in the folder is there after a loss of power.
fn sync_folder(folder: &Path) -> Result<(), LogError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LogError::io(folder))
}

/// A store's folder that no other process has.
#[derive(Debug)]
pub struct StoreLock {
    folder: PathBuf,
    _file: File,
}

impl StoreLock {
    /// Takes a folder, making it if need be.
    ///
    /// # Errors
    /// Another process has it, or the disk refuses.
    pub fn take(folder: &Path) -> Result<Self, LogError> {
        std::fs::create_dir_all(folder).map_err(LogError::io(folder))?;
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
        Ok(Self { folder: folder.to_owned(), _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{Event, Timestamp};

    fn entry(number: u64) -> Entry {
        Entry { number, at: Timestamp(number), event: Event::DeadlinePassed, decisions: Vec::new() }
    }

    fn opened(folder: &Path, each: impl FnMut(&Entry)) -> Result<FileLog, LogError> {
        FileLog::open(StoreLock::take(folder)?, Reader::after(folder, 0)?, each)
    }

    fn filled(folder: &Path, count: u64) {
        let mut log = opened(folder, |_| {}).unwrap();
        for number in log.last() + 1..=log.last() + count {
            log.append(&entry(number)).unwrap();
        }
        assert_eq!(log.commit(), Committed::Written);
    }

    fn numbers(folder: &Path) -> Vec<u64> {
        let mut seen = Vec::new();
        opened(folder, |entry| seen.push(entry.number)).unwrap();
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
    fn a_segment_whose_header_was_cut_short_is_made_anew() {
        for length in 0..=frame::HEADER.len() {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path(), 3);
            std::fs::write(segment_path(folder.path(), 4), &frame::HEADER[..length]).unwrap();
            filled(folder.path(), 2);
            assert_eq!(numbers(folder.path()), [1, 2, 3, 4, 5], "cut at {length}");
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
        let error = opened(folder.path(), |_| {}).unwrap_err().to_string();
        assert!(error.contains("damaged at byte 14") && error.contains("checksum"), "{error}");
    }

    #[test]
    fn a_foreign_file_and_a_second_process_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = opened(folder.path(), |_| {}).unwrap();
        assert!(matches!(opened(folder.path(), |_| {}), Err(LogError::InUse { .. })));
        drop(first);
        std::fs::write(segment_path(folder.path(), 1), b"something else entirely").unwrap();
        assert!(matches!(opened(folder.path(), |_| {}), Err(LogError::Foreign { .. })));
    }

    #[test]
    fn a_reader_follows_across_segments() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 2);
        let mut reader = Reader::after(folder.path(), 0).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 2);
        assert_eq!(reader.read(10).unwrap().len(), 0);
        let mut next = frame::HEADER.to_vec();
        frame::write(&entry(3), &mut next).unwrap();
        std::fs::write(segment_path(folder.path(), 3), &next).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 1);
        std::fs::write(segment_path(folder.path(), 5), &next).unwrap();
        assert_eq!(reader.read(10).unwrap().len(), 0, "a segment that does not go on is not looked at");
    }

    /// Seven days of two entries each, of which the log has a segment a day.
    fn a_week(folder: &Path) {
        let mut log = opened(folder, |_| {}).unwrap();
        for number in 1..=14 {
            let day = (number - 1) / 2;
            let at = Timestamp(day * 86_400_000_000 + number);
            log.append(&Entry { at, ..entry(number) }).unwrap();
            assert_eq!(log.commit(), Committed::Written);
        }
    }
    fn behind(folder: &Path, after: u64) -> Result<Vec<u64>, LogError> {
        let entries = Reader::after(folder, after)?.read(100)?;
        Ok(entries.iter().map(|entry| entry.number).collect())
    }

    #[test]
    fn each_day_has_a_segment_and_the_log_is_read_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        a_week(folder.path());
        let firsts = |folder| super::super::segments(folder).unwrap().into_iter().map(|(first, _)| first);
        assert_eq!(firsts(folder.path()).collect::<Vec<_>>(), [1, 3, 5, 7, 9, 11, 13]);
        for after in 0..=14 {
            assert_eq!(behind(folder.path(), after).unwrap(), (after + 1..=14).collect::<Vec<_>>());
        }
        assert!(matches!(behind(folder.path(), 15), Err(LogError::Ahead { last: 14, wanted: 15, .. })));
        std::fs::remove_file(segment_path(folder.path(), 1)).unwrap();
        assert!(matches!(behind(folder.path(), 1), Err(LogError::Aged { first: 3, wanted: 2, .. })));
        assert_eq!(behind(folder.path(), 2).unwrap().len(), 12);
    }

    #[test]
    fn a_log_with_a_segment_missing_in_the_middle_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        a_week(folder.path());
        std::fs::remove_file(segment_path(folder.path(), 7)).unwrap();
        let error = opened(folder.path(), |_| {}).unwrap_err();
        assert!(matches!(error, LogError::Gap { found: 13, last: 6, .. }), "{error}");
    }

    fn segments_of(folder: &Path) -> (u64, PathBuf) {
        super::super::segments(folder).unwrap().pop().unwrap()
    }
}
