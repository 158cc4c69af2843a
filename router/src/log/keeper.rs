//! Housekeeping of closed segments: they are compressed, and the oldest ones go when the log is long or large enough.
//!
//! Nothing is touched that recovery or the follower may still have to read. Whatever happens in the middle, a segment is
//! there as a whole, compressed or not.

use super::{LogError, compressed, segments};
use flate2::{Compression, write::GzEncoder};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How much of the log is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Segments older than this go.
    pub age: Duration,
    /// The oldest go while there are more bytes than this.
    pub bytes: u64,
}

/// What housekeeping came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Segments that were compressed.
    pub compressed: usize,
    /// Segments that were removed.
    pub removed: usize,
    /// The first entry that is kept; 0 without any.
    pub first: u64,
    /// Bytes of all segments.
    pub bytes: u64,
}

/// Compresses the segments whose entries are all at or before `upto`, and removes what is not kept any longer.
///
/// # Errors
/// The first thing that the disk refuses; what was done before stands.
pub fn keep(folder: &Path, upto: u64, keeping: Keeping, now: SystemTime) -> Result<Kept, LogError> {
    let mut kept = Kept::default();
    let all = segments(folder)?;
    let closed = all.windows(2).take_while(|pair| pair[1].0 <= upto + 1).count();
    let mut sized = Vec::with_capacity(all.len());
    for (first, path) in all {
        let meta = path.metadata().map_err(LogError::io(&path))?;
        let age = meta.modified().ok().and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
        sized.push((first, path, meta.len(), age));
    }
    kept.bytes = sized.iter().map(|(_, _, bytes, _)| bytes).sum();
    // First what makes room: to compress takes some.
    let mut old = sized.iter().take(closed).peekable();
    while let Some((_, path, bytes, _)) =
        old.next_if(|(.., age)| *age > keeping.age || kept.bytes > keeping.bytes)
    {
        std::fs::remove_file(path).map_err(LogError::io(path))?;
        kept.removed += 1;
        kept.bytes -= bytes;
    }
    kept.first = sized.get(kept.removed).map_or(0, |(first, ..)| *first);
    for (_, path, bytes, _) in sized.into_iter().take(closed).skip(kept.removed) {
        let path = compress(path, &mut kept)?;
        let now = path.metadata().map_err(LogError::io(&path))?.len();
        kept.bytes = kept.bytes.saturating_sub(bytes) + now;
    }
    Ok(kept)
}

/// The segment, compressed if it was not; as old as it was.
fn compress(path: PathBuf, kept: &mut Kept) -> Result<PathBuf, LogError> {
    let done = compressed(&path);
    if path.extension().is_some_and(|ending| ending == "gz") {
        return Ok(path);
    }
    let part = path.with_extension("part");
    into(&path, &part).and_then(|()| std::fs::rename(&part, &done)).map_err(LogError::io(&part))?;
    std::fs::remove_file(&path).map_err(LogError::io(&path))?;
    kept.compressed += 1;
    Ok(done)
}

fn into(path: &Path, part: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let to = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(part)?;
    let mut encoder = GzEncoder::new(to, Compression::default());
    io::copy(&mut from, &mut encoder)?;
    let to = encoder.finish()?;
    to.set_modified(from.metadata()?.modified()?)?;
    to.sync_all() // the original goes next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Reader, frame, segment_path};
    use acd::{Entry, Event, Timestamp};

    const DAY: Duration = Duration::from_secs(86_400);

    /// `days` segments of ten entries each, the last one of today.
    fn days(folder: &Path, days: u64, now: SystemTime) {
        for day in 0..days {
            let first = day * 10 + 1;
            let mut bytes = frame::HEADER.to_vec();
            for number in first..first + 10 {
                let entry = Entry {
                    number,
                    at: Timestamp(number),
                    event: Event::DeadlinePassed,
                    decisions: Vec::new(),
                };
                frame::write(&entry, &mut bytes).unwrap();
            }
            let path = segment_path(folder, first);
            std::fs::write(&path, bytes).unwrap();
            let age = DAY * u32::try_from(days - 1 - day).unwrap();
            File::options().write(true).open(path).unwrap().set_modified(now - age).unwrap();
        }
    }
    fn entries(folder: &Path, after: u64) -> usize {
        Reader::after(folder, after).unwrap().read(1_000).unwrap().len()
    }
    const ALL: Keeping = Keeping { age: Duration::MAX, bytes: u64::MAX };

    #[test]
    fn closed_segments_are_compressed_and_read_as_before() {
        let (folder, now) = (tempfile::tempdir().unwrap(), SystemTime::now());
        days(folder.path(), 5, now);
        // The third one is not wholly behind entry 29.
        assert_eq!(keep(folder.path(), 29, ALL, now).unwrap().compressed, 2);
        assert_eq!(
            (0..50).map(|after| entries(folder.path(), after)).collect::<Vec<_>>(),
            (1..=50).rev().collect::<Vec<_>>()
        );
        assert_eq!(
            keep(folder.path(), 50, ALL, now).unwrap(),
            Kept { compressed: 2, removed: 0, first: 1, ..keep(folder.path(), 50, ALL, now).unwrap() }
        );
        assert!(segment_path(folder.path(), 41).exists(), "the last one is still written to");
        assert_eq!(entries(folder.path(), 0), 50);
    }

    #[test]
    fn old_segments_go_and_none_that_is_needed() {
        let (folder, now) = (tempfile::tempdir().unwrap(), SystemTime::now());
        days(folder.path(), 10, now);
        let week = Keeping { age: 7 * DAY, bytes: u64::MAX };
        let kept = keep(folder.path(), 100, week, now + Duration::from_secs(60)).unwrap();
        assert_eq!((kept.removed, kept.first), (3, 31));
        let nothing = Keeping { age: Duration::ZERO, bytes: 0 };
        let kept = keep(folder.path(), 60, nothing, now + Duration::from_secs(60)).unwrap();
        assert_eq!((kept.removed, kept.first), (3, 61), "what lies behind entry 60 is still needed");
    }

    #[test]
    fn the_largest_part_that_fits_is_kept() {
        let (folder, now) = (tempfile::tempdir().unwrap(), SystemTime::now());
        days(folder.path(), 8, now);
        let all = keep(folder.path(), 80, ALL, now).unwrap().bytes;
        let kept = keep(folder.path(), 80, Keeping { age: Duration::MAX, bytes: all / 2 }, now).unwrap();
        assert!(kept.removed > 0 && kept.bytes <= all / 2 && kept.first > 1, "{kept:?} of {all}");
    }

    #[test]
    fn a_compression_that_was_cut_short_loses_nothing() {
        let (folder, now) = (tempfile::tempdir().unwrap(), SystemTime::now());
        days(folder.path(), 3, now);
        let first = segment_path(folder.path(), 1);
        std::fs::write(first.with_extension("part"), b"half").unwrap();
        assert_eq!(entries(folder.path(), 0), 30);
        // Both are there when it was renamed and the original not removed yet.
        into(&first, &compressed(&first)).unwrap();
        assert_eq!(entries(folder.path(), 0), 30);
        assert_eq!(keep(folder.path(), 30, ALL, now).unwrap().compressed, 2);
        assert_eq!(entries(folder.path(), 0), 30);
    }
}
