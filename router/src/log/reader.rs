//! Reads entries in order, across segments, up to what is written so far.

use super::{LogError, frame, segments};
use acd::{Entry, Timestamp};
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::Read as _,
    ops::Range,
    path::{Path, PathBuf},
};

/// How much is read from the disk at once.
const CHUNK: usize = 64 * 1024;

/// A place in the log that moves on.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    open: Option<Segment>,
    last: u64,
    /// The time of that entry, if it was read.
    last_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    content: Content,
    /// Made once and never cleared: the follower comes here many times a second.
    buffer: Vec<u8>,
    /// What of the buffer was read from the file and not taken yet.
    unread: Range<usize>,
    /// Where in the file the buffer begins.
    at: u64,
}

/// What a segment holds, compressed or not.
#[derive(Debug)]
enum Content {
    Plain(File),
    Compressed(Box<MultiGzDecoder<File>>),
}

impl Content {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Compressed(decoder) => decoder.read(buffer),
        }
    }
}

impl Reader {
    /// Begins behind entry `after`; at the first one behind 0.
    ///
    /// # Errors
    /// The folder cannot be read, the log does not reach back to the entry behind it, or ends before it.
    pub fn after(folder: &Path, after: u64) -> Result<Self, LogError> {
        let segments = segments(folder)?;
        let mut reader = Self { folder: folder.to_owned(), open: None, last: 0, last_at: None };
        if after == 0 && segments.first().is_none_or(|(first, _)| *first == 1) {
            return Ok(reader);
        }
        let at = segments.iter().rev().find(|(first, _)| *first <= after + 1);
        let Some((first, path)) = at else {
            let (path, wanted) = (folder.to_owned(), after + 1);
            return Err(match segments.first() {
                Some(&(first, _)) => LogError::Aged { path, first, wanted },
                None => LogError::Ahead { path, last: 0, wanted: after },
            });
        };
        reader.last = first.saturating_sub(1);
        reader.open = Some(Segment::open(path.clone())?);
        while reader.last < after {
            if reader.read_one()?.is_none() {
                return Err(LogError::Ahead { path: folder.to_owned(), last: reader.last, wanted: after });
            }
        }
        Ok(reader)
    }

    /// The next entries, at most `max`; none when everything written so far has been read.
    ///
    /// # Errors
    /// Damage, a missing segment, or the disk's word.
    pub fn read(&mut self, max: usize) -> Result<Vec<Entry>, LogError> {
        let mut entries = Vec::new();
        while entries.len() < max {
            match self.read_one()? {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        Ok(entries)
    }

    /// Number of the last entry read.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Its time, if it was read.
    #[must_use]
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Bytes of the last segment that hold whole entries, and its path: what follows is a torn tail.
    #[must_use]
    pub fn tail(&self) -> Option<(&Path, u64, bool)> {
        let segment = self.open.as_ref()?;
        Some((&segment.path, segment.position(), !segment.unread.is_empty()))
    }

    fn read_one(&mut self) -> Result<Option<Entry>, LogError> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(segment) = &mut self.open else { return Ok(None) };
            if let Some(entry) = segment.next()? {
                return self.check(entry).map(Some);
            }
            // Only a segment that was closed has a successor; then everything in this one must have been read.
            let next = super::segment_at(&self.folder, self.last + 1)
                .filter(|_| !segment.begins_with(self.last + 1));
            let Some(next) = next else { return Ok(None) };
            if let Some(entry) = segment.next()? {
                return self.check(entry).map(Some);
            }
            segment.must_be_finished()?;
            self.open = Some(Segment::open(next)?);
        }
    }

    fn open_next(&mut self) -> Result<bool, LogError> {
        let Some((first, path)) = segments(&self.folder)?.into_iter().next() else { return Ok(false) };
        self.last = first.saturating_sub(1);
        self.open = Some(Segment::open(path)?);
        Ok(true)
    }

    fn check(&mut self, entry: Entry) -> Result<Entry, LogError> {
        if entry.number != self.last + 1 {
            let path = self.open.as_ref().map_or_else(|| self.folder.clone(), |segment| segment.path.clone());
            return Err(LogError::Gap { path, found: entry.number, last: self.last });
        }
        self.last = entry.number;
        self.last_at = Some(entry.at);
        Ok(entry)
    }
}

impl Segment {
    fn open(path: PathBuf) -> Result<Self, LogError> {
        let file = File::open(&path).map_err(LogError::io(&path))?;
        let content = if path.extension().is_some_and(|ending| ending == "gz") {
            Content::Compressed(Box::new(MultiGzDecoder::new(file)))
        } else {
            Content::Plain(file)
        };
        Ok(Self { path, content, buffer: Vec::new(), unread: 0..0, at: 0 })
    }

    /// Whether entry `first` is, or would be, its own first one.
    fn begins_with(&self, first: u64) -> bool {
        let plain = super::segment_path(Path::new(""), first);
        let names = [plain.clone(), super::compressed(&plain)];
        names.iter().any(|name| self.path.file_name() == name.file_name())
    }

    /// Where in what it holds the next byte to be taken stands.
    const fn position(&self) -> u64 {
        self.at + self.unread.start as u64
    }

    fn next(&mut self) -> Result<Option<Entry>, LogError> {
        loop {
            if !self.skip_header()? {
                if self.fill()? {
                    continue;
                }
                return Ok(None);
            }
            match frame::read(&self.buffer[self.unread.clone()]) {
                frame::Read::Entry(entry, bytes) => {
                    self.unread.start += bytes;
                    return Ok(Some(*entry));
                }
                frame::Read::Part => {
                    if !self.fill()? {
                        return Ok(None);
                    }
                }
                frame::Read::Damage(what) => {
                    return Err(LogError::Damaged { path: self.path.clone(), at: self.position(), what });
                }
            }
        }
    }

    /// Whether the header has been passed.
    fn skip_header(&mut self) -> Result<bool, LogError> {
        if self.position() > 0 {
            return Ok(true);
        }
        let length = self.unread.len().min(frame::HEADER.len());
        if self.buffer[..length] != frame::HEADER[..length] {
            return Err(LogError::Foreign { path: self.path.clone() });
        }
        if length == frame::HEADER.len() {
            self.unread.start = length;
        }
        Ok(length == frame::HEADER.len())
    }

    /// Reads on; whether there was anything.
    fn fill(&mut self) -> Result<bool, LogError> {
        self.at += self.unread.start as u64;
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.unread.end == self.buffer.len() {
            self.buffer.resize(self.unread.end + CHUNK, 0);
        }
        let read =
            self.content.read(&mut self.buffer[self.unread.end..]).map_err(LogError::io(&self.path))?;
        self.unread.end += read;
        Ok(read > 0)
    }

    fn must_be_finished(&self) -> Result<(), LogError> {
        if self.unread.is_empty() {
            return Ok(());
        }
        Err(LogError::Damaged {
            path: self.path.clone(),
            at: self.position(),
            what: "an entry breaks off though later segments exist",
        })
    }
}
