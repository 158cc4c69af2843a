//! How many files this process may have open.

use std::{fs, process::Command};

/// Raises the limit of this process as far as the system allows (prlimit, of util-linux); what it is then.
///
/// # Panics
///
/// When the kernel does not say.
#[must_use]
pub fn files() -> u64 {
    let [now, most] = limits();
    if now < most {
        let pid = std::process::id().to_string();
        // Where it is missing or refuses, the limit says so.
        let _asked =
            Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={most}:{most}")]).status();
    }
    limits()[0]
}

/// Soft and hard limit.
fn limits() -> [u64; 2] {
    let all = fs::read_to_string("/proc/self/limits").unwrap();
    let line = all.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut values = line.split_whitespace().map(|value| value.parse().unwrap_or(u64::MAX));
    std::array::from_fn(|_| values.next().unwrap())
}
