//! Holds the shape of the house: which of our crates may use which, who alone may use a named crate, and what makes
//! a pure crate pure. ARCHITECTURE.md draws it; this keeps the drawing true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Our crates, and those of ours each may use. `tests` may use all.
const EDGES: [(&str, &[&str]); 12] = [
    ("acd", &[]),
    ("sip", &[]),
    ("protocol", &[]),
    ("wfm", &["acd"]),
    ("config", &["acd"]),
    ("duplicates", &[]),
    ("suggest", &[]),
    ("screenpop", &["acd", "suggest"]),
    ("porter", &[]),
    ("agent-gateway", &["acd", "porter", "protocol", "screenpop"]),
    ("loadtest", &["protocol", "sip"]),
    (
        "router",
        &[
            "acd",
            "agent-gateway",
            "config",
            "duplicates",
            "loadtest",
            "porter",
            "screenpop",
            "sip",
            "suggest",
            "wfm",
        ],
    ),
];

/// Crates that one part of the house alone may use.
const ONE_USER: [(&str, &[&str]); 14] = [
    ("prometheus", &["router"]),
    ("redis", &["router"]),
    ("mio", &["router"]),
    ("hickory-resolver", &["router"]),
    ("crc32c", &["router"]),
    ("rsip", &["sip"]),
    ("rlibphonenumber", &["screenpop"]),
    ("rust-embed", &["agent-gateway"]),
    ("hdrhistogram", &["loadtest"]),
    ("tokio-tungstenite", &["agent-gateway", "loadtest", "router", "tests"]),
    ("rustls", &["config"]),
    ("tokio-rustls", &["porter", "router", "tests"]),
    ("rustls-native-certs", &["router"]),
    ("rustix", &["router"]),
];

/// What pure crates may use: no sockets, no clock, no tasks, no randomness. A new name here needs a thought.
const PURE: [&str; 6] = ["acd", "sip", "wfm", "protocol", "duplicates", "suggest"];
const PURE_MAY_USE: [&str; 16] = [
    "acd",
    "bytes",
    "csv",
    "hmac",
    "jiff",
    "libm",
    "md-5",
    "memchr",
    "rsip",
    "serde",
    "serde_json",
    "sha2",
    "strsim",
    "subtle",
    "thiserror",
    "rmp-serde",
];

/// What no line of a pure crate says outside its tests.
const IMPURE: [&str; 10] = [
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "Instant::now",
    "SystemTime",
    "RandomState",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Names of the normal dependencies of each of our packages.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let name = |of: &Value| of["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            (name(package), dependencies.iter().filter(|d| d["kind"].is_null()).map(name).collect())
        })
        .collect()
}

#[test]
fn our_crates_use_each_other_as_drawn() {
    let dependencies = dependencies();
    let ours: BTreeSet<&String> = dependencies.keys().collect();
    let drawn: BTreeMap<&str, &[&str]> = EDGES.into();
    for (package, uses) in dependencies.iter().filter(|(package, _uses)| *package != "tests") {
        let allowed =
            drawn.get(package.as_str()).unwrap_or_else(|| panic!("{package} is not in the drawing"));
        for used in uses.iter().filter(|used| ours.contains(used)) {
            assert!(allowed.contains(&used.as_str()), "{package} must not use {used}");
        }
    }
    let tested = &dependencies["tests"];
    assert!(tested.contains("loadtest"));
    assert!(dependencies.values().all(|uses| !uses.contains("tests")), "nobody uses tests");
}

#[test]
fn named_crates_have_one_user() {
    let dependencies = dependencies();
    for (named, users) in ONE_USER {
        for (package, uses) in &dependencies {
            let may = users.contains(&package.as_str());
            assert!(may || !uses.contains(named), "{package} must not use {named}; only {users:?} may");
        }
    }
}

#[test]
fn prometheus_and_rsip_stay_in_their_files() {
    expect_only_in("prometheus::", &["router/src/metrics"]);
    expect_only_in("rsip::", &["router/sip/"]);
    expect_only_in("rlibphonenumber::", &["screenpop/"]);
}

fn expect_only_in(text: &str, places: &[&str]) {
    for file in sources(&root()) {
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let allowed = places.iter().any(|place| path.starts_with(place)) || path == "tests/house.rs";
        let code = fs::read_to_string(&file).unwrap();
        let used = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(text));
        assert!(allowed || !used, "{path} must not use {text}; only {places:?} may");
    }
}

#[test]
fn pure_crates_have_nothing_to_be_impure_with() {
    let dependencies = dependencies();
    for pure in PURE {
        for used in &dependencies[pure] {
            assert!(PURE_MAY_USE.contains(&used.as_str()), "{pure} is pure: what does it do with {used}?");
        }
    }
    let folders = [
        "router/acd/src",
        "router/sip/src",
        "router/wfm/src",
        "agent-gateway/protocol/src",
        "screenpop/duplicates/src",
        "screenpop/suggest/src",
    ];
    for folder in folders {
        for file in sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            // Threads that are joined before a function returns change nothing but how long it takes.
            let code = code.replace("std::thread::scope", "");
            let tests_only = file.file_stem().is_some_and(|stem| stem == "tests");
            let word = IMPURE.into_iter().find(|word| !tests_only && code.contains(word));
            assert_eq!(word, None, "{} is in a pure crate", file.display());
        }
    }
}

/// Our Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
