//! The log: append-only segment files in one folder. Everything else is a fold of it.
//!
//! `file` writes (the brain's thread alone), `reader` reads (recovery, the follower, `replay`), `frame` is the shape
//! of an entry on disk. A torn tail is cut at the start; damage elsewhere is refused with a message.

mod file;
mod frame;
mod reader;

pub use file::{Committed, DEGRADED_BYTES, FileLog, SEGMENT_BYTES};
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

/// The segments of a folder, oldest first, each with the number of its first entry.
///
/// # Errors
/// When the folder cannot be read.
pub fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, LogError> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).map_err(LogError::io(folder))? {
        let path = item.map_err(LogError::io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("log-").and_then(|name| name.strip_suffix(".seg"));
        if let Some(first) = number.and_then(|number| number.parse().ok()) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("log-{first:020}.seg"))
}
