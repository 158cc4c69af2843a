//! No message costs more than its length allows: to read, to answer, and to take up the call it brings.
//!
//! The dearest of many damaged messages, ranked by the time they take, go through callgrind, which counts instructions
//! the same on every machine: at most 200,000 and 2,000 more for each octet. `SAMBUNG_MUTATIONS` asks for more of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::Bytes;
use corpus::{Random, Receiver, mutate};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const INSTRUCTIONS: u64 = 200_000;
const INSTRUCTIONS_PER_OCTET: u64 = 2_000;
/// Code that is not optimised needs several times as many; what ships must do without this.
const UNOPTIMISED: u64 = if cfg!(debug_assertions) { 4 } else { 1 };
/// How many of the dearest are counted.
const WORST: usize = 20;

const fn allowed(octets: usize) -> u64 {
    INSTRUCTIONS + INSTRUCTIONS_PER_OCTET * octets as u64
}

#[test]
fn the_dearest_messages_stay_within_their_allowance() {
    let worst = dearest();
    let (Some(scan_file), true) = (scan_file(), valgrind_is_there()) else {
        println!(
            "SKIPPED: valgrind or the example scan_file is not there; {} candidates not counted",
            worst.len()
        );
        return;
    };
    let folder = std::env::temp_dir().join(format!("sip-dearest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let empty = instructions(&scan_file, &write(&folder, 0, b""), 0);
    for (place, (name, message)) in worst.iter().enumerate() {
        let file = write(&folder, place, message);
        let cost = instructions(&scan_file, &file, 1).saturating_sub(empty);
        let octets = message.len();
        println!("{cost:>10} instructions, {octets:>6} octets: {name}");
        assert!(
            cost <= allowed(octets) * UNOPTIMISED,
            "{name}: {cost} instructions for {octets} octets ({})",
            file.display()
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The messages that took longest, measured by what each may take.
fn dearest() -> Vec<(String, Vec<u8>)> {
    let messages = corpus::all();
    let mut random = Random::seeded(5_118);
    let count = std::env::var("SAMBUNG_MUTATIONS").map_or(400, |count| count.parse().unwrap());
    let mut candidates = messages.clone();
    for number in 0..count {
        let (name, message) = &messages[random.below(messages.len())];
        let other = &messages[random.below(messages.len())].1;
        candidates.push((format!("mutation {number} of {name}"), mutate(&mut random, message, other)));
        if candidates.len() > 20 * WORST {
            keep_the_worst(&mut candidates);
        }
    }
    keep_the_worst(&mut candidates);
    candidates
}

fn keep_the_worst(candidates: &mut Vec<(String, Vec<u8>)>) {
    candidates.sort_by_cached_key(|(_, message)| {
        std::cmp::Reverse(time(message).as_nanos() * 1_000_000 / u128::from(allowed(message.len())))
    });
    candidates.truncate(WORST);
}

/// The shortest of three readings: what disturbs a reading only ever makes it longer.
#[allow(clippy::disallowed_methods)] // a measurement needs the clock
fn time(message: &[u8]) -> Duration {
    let bytes = Bytes::copy_from_slice(message);
    let once = || {
        let mut receiver = Receiver::new();
        let start = Instant::now();
        black_box(receiver.receive(black_box(&bytes)));
        start.elapsed()
    };
    once().min(once()).min(once())
}

fn write(folder: &Path, place: usize, message: &[u8]) -> PathBuf {
    let file = folder.join(format!("{place}.dat"));
    std::fs::write(&file, message).unwrap();
    file
}

/// The example beside this test's binary: `target/PROFILE/deps/this` → `target/PROFILE/examples/scan_file`.
fn scan_file() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.parent()?.parent()?.join("examples/scan_file");
    path.is_file().then_some(path)
}

fn valgrind_is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn instructions(program: &Path, file: &Path, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([program.as_os_str(), file.as_os_str()])
        .arg(times.to_string())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected =
        report.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    collected
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("no count in callgrind's report: {report}"))
}
