//! Connections against real sockets on loopback, with an echo in place of the stack.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test may panic at whatever else comes"
)]

mod crowd;
mod outgoing;
mod support;
mod tcp;
mod tls;
mod web;
