//! Snapshots: what brain and floor remember after an entry, so that a start needs not read the log from its beginning.
//!
//! The follower writes them, off the path of a call. A snapshot is a help and no truth: one that is damaged, of another
//! version or ahead of the log is passed over for an older one, and without any the log is read from its first entry.

use acd::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What a file begins with. The number is the version.
const HEADER: &[u8] = b"SAMBUNG STATE 1\n";
/// So many of the newest are kept: the records may lag behind the newest.
const NEWEST: usize = 3;

/// What is remembered after an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The entry.
    pub number: u64,
    /// Its time.
    pub at: Timestamp,
    /// The brain, by [`acd::Acd::snapshot`].
    #[serde(with = "bytes_of")]
    pub brain: Vec<u8>,
    /// The follower's picture of the floor.
    #[serde(with = "bytes_of")]
    pub floor: Vec<u8>,
}

/// As one piece of bytes, and not as a list of numbers.
mod bytes_of {
    use serde::{Deserializer, Serializer, de};
    use std::fmt;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_byte_buf(Visitor)
    }
}

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another version has written it, or something else.
    #[error("it is no snapshot of this version")]
    Foreign,
    /// Its bytes are not what was written.
    #[error("it is damaged")]
    Damaged,
}

/// The snapshots of a folder, newest first, each with the entry behind which it was taken.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let path = item?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("state-").and_then(|name| name.strip_suffix(".snap"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Writes a snapshot: there is a whole one or none.
///
/// # Errors
/// When the disk refuses.
pub fn write(folder: &Path, state: &State) -> io::Result<()> {
    let text = rmp_serde::to_vec(state).map_err(io::Error::other)?;
    let path = folder.join(format!("state-{:020}.snap", state.number));
    let next = folder.join("state.next");
    let done = fill(&next, &text).and_then(|()| std::fs::rename(&next, &path));
    if done.is_err() {
        // Whatever room is left is for others. It may not even have been made.
        let _absent = std::fs::remove_file(&next);
    }
    done
}

fn fill(next: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(next)?;
    file.write_all(HEADER)?;
    file.write_all(&crc32c::crc32c(text).to_le_bytes())?;
    file.write_all(text)?;
    file.sync_all()
}

/// Removes snapshots behind the log's `last` entry: the log goes on with other entries than theirs.
///
/// # Errors
/// When the disk refuses.
pub fn remove_behind(folder: &Path, last: u64) -> io::Result<()> {
    for (number, path) in list(folder)?.into_iter().filter(|(number, _)| *number > last) {
        tracing::warn!(number, last, "a snapshot is ahead of the log, whose end is lost; it is removed");
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Reads a snapshot.
///
/// # Errors
/// [`StateError`]: an older one may do.
pub fn read(path: &Path) -> Result<State, StateError> {
    let bytes = std::fs::read(path)?;
    let rest = bytes.strip_prefix(HEADER).ok_or(StateError::Foreign)?;
    let (sum, text) = rest.split_first_chunk::<4>().ok_or(StateError::Damaged)?;
    if crc32c::crc32c(text) != u32::from_le_bytes(*sum) {
        return Err(StateError::Damaged);
    }
    rmp_serde::from_slice(text).map_err(|_| StateError::Foreign)
}

/// Removes snapshots that nobody needs: all but the newest ones and one for each segment of the log, from which its
/// entries can be decided again. `segments` are the first entries of those that are kept.
///
/// # Errors
/// When the disk refuses.
pub fn thin(folder: &Path, segments: &[u64]) -> io::Result<()> {
    let all = list(folder)?;
    let oldest_in =
        |first: &u64| all.iter().rev().map(|(number, _)| *number).find(|number| number + 1 >= *first);
    let mut wanted: BTreeSet<u64> = segments.iter().filter_map(oldest_in).collect();
    wanted.extend(all.iter().take(NEWEST).map(|(number, _)| number));
    for (_, path) in all.iter().filter(|(number, _)| !wanted.contains(number)) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// The entry behind which recovery and follower may have to read the log: that of the oldest of the newest snapshots.
/// None with fewer of them than it takes.
///
/// # Errors
/// When the folder cannot be read.
pub fn needed_from(folder: &Path) -> io::Result<Option<u64>> {
    Ok(list(folder)?.get(NEWEST - 1).map(|(number, _)| *number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(number: u64) -> State {
        State { number, at: Timestamp(number), brain: vec![1; 300], floor: vec![2, 3] }
    }
    fn numbers(folder: &Path) -> Vec<u64> {
        list(folder).unwrap().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn a_snapshot_reads_back_and_a_damaged_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &state(7)).unwrap();
        let (number, path) = list(folder.path()).unwrap().remove(0);
        assert_eq!((number, read(&path).unwrap()), (7, state(7)));
        let mut bytes = std::fs::read(&path).unwrap();
        for at in [HEADER.len() + 1, HEADER.len() + 20, bytes.len() - 1] {
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(matches!(read(&path), Err(StateError::Damaged)), "byte {at}");
            bytes[at] ^= 1;
        }
        std::fs::write(&path, b"SAMBUNG STATE 9\n....").unwrap();
        assert!(matches!(read(&path), Err(StateError::Foreign)));
    }

    #[test]
    fn the_newest_stay_and_the_first_one_of_each_segment() {
        let folder = tempfile::tempdir().unwrap();
        for number in (10..=100).step_by(10) {
            write(folder.path(), &state(number)).unwrap();
        }
        assert_eq!(needed_from(folder.path()).unwrap(), Some(80));
        thin(folder.path(), &[1, 31, 61]).unwrap();
        assert_eq!(numbers(folder.path()), [100, 90, 80, 60, 30, 10]);
        thin(folder.path(), &[61]).unwrap();
        assert_eq!(numbers(folder.path()), [100, 90, 80, 60]);
    }
}
