//! The node's secret, from which ids and caller references are made. Made once, kept in the store.

use std::{
    fs::OpenOptions,
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The disk, or the system's random numbers, said no.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Not 32 bytes.
    #[error(
        "{path} does not hold 32 bytes; restore it from a backup (a new one makes callers unknown again)"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
}

/// Reads the secret of a store, making it the first time.
///
/// # Errors
/// When it cannot be read or written, or is not what was written.
pub fn load(folder: &Path) -> Result<[u8; 32], SecretError> {
    let path = folder.join("secret");
    let io = |error| SecretError::Io { path: path.clone(), error };
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| SecretError::Damaged { path: path.clone() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = random().map_err(io)?;
            let mut file =
                OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).map_err(io)?;
            file.write_all(&secret).and_then(|()| file.sync_all()).map_err(io)?;
            Ok(secret)
        }
        Err(error) => Err(io(error)),
    }
}

fn random() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
