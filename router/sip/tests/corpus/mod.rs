//! Messages to read: our own, with what is right for each, and the RFCs' torture messages where they lie.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used)] // every test that shares this file uses its own part

use std::path::PathBuf;

mod mutate;
mod own;
mod receive;
pub use mutate::{Random, mutate};
pub use own::{INVITE, OWN, hostile};
pub use receive::Receiver;

/// What is right for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is read.
    Sound,
    /// It is answered with this status.
    Answered(u16),
    /// It is dropped: a malformed response, or no SIP at all.
    Dropped,
}

/// What really happens to a message.
pub fn outcome(bytes: &[u8]) -> Outcome {
    let source = "192.0.2.77:5077".parse().unwrap();
    match sip::wire::Message::parse(bytes::Bytes::copy_from_slice(bytes)) {
        Ok(_) => Outcome::Sound,
        Err(fault) => match fault.reply(source, "t1") {
            Some(reply) => {
                assert_reply(&reply, fault.status());
                Outcome::Answered(fault.status())
            }
            None => Outcome::Dropped,
        },
    }
}

/// A reply to a malformed request cannot be better than the request, but it must be framed and carry its status.
fn assert_reply(reply: &[u8], status: u16) {
    assert!(reply.starts_with(format!("SIP/2.0 {status} ").as_bytes()));
    assert!(reply.ends_with(b"\r\nContent-Length: 0\r\n\r\n"));
    let head = &reply[..reply.len() - 4];
    assert!(
        head.split(|&b| b == b'\n').all(|line| !line.is_empty() && line != b"\r"),
        "a blank line inside the head"
    );
}

/// The folder of shared test data; `None`, said plainly, where it is not there.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SAMBUNG_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(folder);
    if !path.is_dir() {
        println!("SKIPPED: {} is not there (SAMBUNG_SHARED names its place)", path.display());
        return None;
    }
    Some(path)
}

/// All torture messages as (name, bytes), sorted; none where the shared data is absent.
pub fn torture() -> Vec<(String, Vec<u8>)> {
    let Some(root) = shared("sip-torture") else { return Vec::new() };
    let mut messages = Vec::new();
    for folder in ["valid", "invalid"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            messages.push((name, std::fs::read(path).unwrap()));
        }
    }
    messages.sort();
    messages
}

/// Every message we have, ours first.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let own = OWN.iter().map(|&(name, bytes, _)| (name.to_owned(), bytes.to_vec()));
    own.chain(hostile().into_iter().map(|(name, bytes, _)| (name.to_owned(), bytes)))
        .chain(torture())
        .collect()
}
