//! The model's file: whole or not at all, and for its owner's eyes only, because it says who bought what.

use super::command::AdviceError;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use suggest::{Model, StoreError};

/// Reads a model.
pub(super) fn load(path: &Path) -> Result<Model, AdviceError> {
    let bytes = fs::read(path).map_err(|error| io(path, error))?;
    Model::from_bytes(&bytes).map_err(|error| AdviceError::Model { path: path.to_owned(), error })
}

/// The model that is about to be replaced, if there is one that can be read; an error if the file is somebody else's.
pub(super) fn load_to_replace(path: &Path, tell: &impl Fn(&str)) -> Result<Option<Model>, AdviceError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path, error)),
    };
    match Model::from_bytes(&bytes) {
        Ok(model) => Ok(Some(model)),
        Err(StoreError::NotAModel) => Err(AdviceError::Foreign(path.to_owned())),
        Err(error) => {
            let lost = "what was noted of suggestions and contacts is lost";
            tell(&format!("the model that was there is replaced, {lost}: {error}"));
            Ok(None)
        }
    }
}

/// Writes a model beside its place and puts it there: a reader sees the old one or the new one. Says its size.
pub(super) fn save(model: &Model, path: &Path) -> Result<usize, AdviceError> {
    let bytes = model.to_bytes().map_err(|error| AdviceError::Model { path: path.to_owned(), error })?;
    let fresh = PathBuf::from(format!("{}.new", path.display()));
    let written = write(&fresh, &bytes).and_then(|()| fs::rename(&fresh, path));
    written.map_err(|error| io(path, error))?;
    Ok(bytes.len())
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // What an earlier attempt has left may be open to others; a fresh file is not.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io(path: &Path, error: std::io::Error) -> AdviceError {
    AdviceError::Io { path: path.to_owned(), error }
}
