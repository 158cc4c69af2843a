//! The brain against a real month: 33,344 calls of a bank (February 1999, `data/wfm/README.md`), played through it
//! under two sets of rules, and the waits that its callers would have been told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod expected;
mod month;
mod presence;
mod replay;
