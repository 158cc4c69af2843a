//! What was changed while the router ran, in a file of the store that is there as a whole or not at all.
//!
//! What it means, and what becomes of it beside the configuration, is left to `config`.

use config::{BadChanges, Changes};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Its name in the store.
pub const NAME: &str = "changes.toml";
/// As it is written, before it takes the other's place.
const NEW: &str = "changes.toml.new";
/// Longest file read, in bytes, as for a configuration.
const MAX_FILE: u64 = 16 * 1024 * 1024;
const HEAD: &str = "# What was changed by API while the router ran. It stands over the configuration file; `sambung reload --discard`\n\
                    # throws it away. Written by sambung: do not edit it while one runs.\n";

/// Why the changes cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The disk said no.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// It is not what was written.
    #[error("{path}: {error}; mend it, or move it away to go by the configuration file alone")]
    Bad {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: BadChanges,
    },
    /// It is far too long.
    #[error("{path} is longer than {MAX_FILE} bytes; move it away to go by the configuration file alone")]
    Long {
        /// Which file.
        path: PathBuf,
    },
}

/// The changes of a store; none where nothing was changed.
///
/// # Errors
/// When they cannot be read.
pub fn load(folder: &Path) -> Result<Changes, ChangesError> {
    let path = folder.join(NAME);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Changes::default()),
        Err(error) => return Err(ChangesError::Io { path, error }),
        Ok(about) if about.len() > MAX_FILE => return Err(ChangesError::Long { path }),
        Ok(_) => {}
    }
    let text = fs::read_to_string(&path).map_err(|error| ChangesError::Io { path: path.clone(), error })?;
    Changes::read(&text).map_err(|error| ChangesError::Bad { path, error })
}

/// Keeps them: when this returns, they survive the end of the process and of the machine.
///
/// # Errors
/// When the disk refuses; then those of before are kept.
pub fn save(folder: &Path, changes: &Changes) -> Result<(), ChangesError> {
    let (path, new) = (folder.join(NAME), folder.join(NEW));
    let written = if changes.is_empty() { remove(&path) } else { write(&new, &path, changes) };
    let kept = written.and_then(|()| File::open(folder)?.sync_all());
    kept.map_err(|error| ChangesError::Io { path, error })
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn write(new: &Path, path: &Path, changes: &Changes) -> io::Result<()> {
    // One that was left behind may have other rights.
    remove(new)?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(new)?;
    file.write_all(HEAD.as_bytes())?;
    file.write_all(changes.to_toml().as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Kind;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_kept_is_for_the_routers_eyes_alone_and_goes_when_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::default();
        assert!(load(folder.path()).unwrap().is_empty());
        changes.retire(Kind::Agent, "ann");
        save(folder.path(), &changes).unwrap();
        assert_eq!(load(folder.path()).unwrap(), changes);
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        save(folder.path(), &Changes::default()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "[[agent]\n").unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("changes.toml") && error.contains("move it away"), "{error}");
    }
}
