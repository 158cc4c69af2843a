//! Programs that tests need.

use std::{env, path::PathBuf};

/// The path of a program.
///
/// # Panics
///
/// When it is not installed: a test that cannot run has not passed.
pub fn need(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| {
            panic!("`{program}` is not installed; run tests/run, which installs what tests need")
        })
}

/// Makes sure of several programs at once.
///
/// # Panics
///
/// When one is not installed.
pub fn need_all(programs: &[&str]) {
    for program in programs {
        need(program);
    }
}
