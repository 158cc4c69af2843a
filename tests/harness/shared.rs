//! Test data that is not part of the repository.

use std::{env, path::PathBuf};

/// A file or folder of the shared test data (`SAMBUNG_SHARED`, by default `../shared` beside the workspace).
///
/// None where it is absent; the test then says so and does nothing.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let base = env::var_os("SAMBUNG_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let found = base.join(path);
    if found.exists() {
        return Some(found);
    }
    println!("SKIPPED: {} is not there (SAMBUNG_SHARED names the folder)", found.display());
    None
}
