//! The log: append-only segment files in one folder. Everything else is a fold of it.
//!
//! `file` writes (the brain's thread alone), `reader` reads (recovery, the follower, `replay`), `frame` is the shape
//! of an entry on disk, `keeper` compresses segments that are closed and removes old ones. A torn tail is cut at the start; damage elsewhere is refused with a message.

mod file;
mod frame;
mod keeper;
mod reader;

pub use file::{Committed, DEGRADED_BYTES, FileLog, SEGMENT_BYTES, StoreLock};
pub use keeper::{Keeping, Kept, keep};
pub use reader::Reader;

use std::path::{Path, PathBuf};

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk said no.
    #[error("{path}: {error}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Another process has the store open.
    #[error("{path} is in use by another sambung; stop that one, or name another [store] path")]
    InUse {
        /// The store's folder.
        path: PathBuf,
    },
    /// A file that no version of ours has written.
    #[error("{path} is not a log segment of this version; move it away, or start the version that wrote it")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// Bytes that are not what was written.
    #[error(
        "{path} is damaged at byte {at}: {what}; restore it from a backup, or move this and later segments away"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// How it shows.
        what: &'static str,
    },
    /// A segment is missing, or the numbers do not go on.
    #[error("{path}: entry {found} follows entry {last}; a segment is missing")]
    Gap {
        /// Which file.
        path: PathBuf,
        /// The number found.
        found: u64,
        /// The number before it.
        last: u64,
    },
    /// The log begins later than it was to be read from.
    #[error("{path}: the log is kept from entry {first} on; entry {wanted} is not there any more")]
    Aged {
        /// The store's folder.
        path: PathBuf,
        /// The first entry that is kept.
        first: u64,
        /// The entry that was wanted.
        wanted: u64,
    },
    /// The log ends before the place from which it was to be read on.
    #[error(
        "{path}: the log ends with entry {last}, and entry {wanted} was expected; entries at its end are lost"
    )]
    Ahead {
        /// The store's folder.
        path: PathBuf,
        /// The last entry.
        last: u64,
        /// The entry that was expected.
        wanted: u64,
    },
    /// A folder without a log, where one was to be read.
    #[error("{path} holds no log segments (log-….seg); name the folder that [store] path names")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// An entry that cannot be written. Our own defect.
    #[error("an entry cannot be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
}

impl LogError {
    /// An error of the disk at a path.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::Io { path: path.to_owned(), error }
    }
}

/// The segments of a folder, oldest first, each with the number of its first entry. One that is just being compressed is
/// given as it was before.
///
/// # Errors
/// When the folder cannot be read.
pub fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, LogError> {
    let mut found = std::collections::BTreeMap::new();
    for item in std::fs::read_dir(folder).map_err(LogError::io(folder))? {
        let path = item.map_err(LogError::io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(rest) = name.strip_prefix("log-") else { continue };
        let plain = rest.strip_suffix(".seg");
        let number = plain.or_else(|| rest.strip_suffix(".seg.gz")).and_then(|number| number.parse().ok());
        if let Some(first) = number.filter(|first| plain.is_some() || !found.contains_key(first)) {
            found.insert(first, path);
        }
    }
    Ok(found.into_iter().collect())
}

fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("log-{first:020}.seg"))
}

/// The segment that begins with entry `first`, if there is one, compressed or not.
fn segment_at(folder: &Path, first: u64) -> Option<PathBuf> {
    let plain = segment_path(folder, first);
    [plain.clone(), compressed(&plain)].into_iter().find(|path| path.exists())
}

/// The name of a segment when it is compressed.
fn compressed(segment: &Path) -> PathBuf {
    segment.with_extension("seg.gz")
}
