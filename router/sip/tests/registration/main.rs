//! Phones that register, and digest from both sides.
//!
//! The foreign side is `sipx-sip`: its client answers our challenges as a phone does, and its formulas check the answers we
//! give to a trunk; `rsip` checks those a second time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)]

mod browser;
mod client;
mod hostile;
mod lifetime;
mod phone;
mod register;
mod ring;
mod server;
