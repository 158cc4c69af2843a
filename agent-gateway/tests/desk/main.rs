//! The gateway with real WebSocket clients, and brains of two kinds: one that only listens, and the real one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod house;
mod small_brain;
mod visitor;

mod asyncapi;
mod cards;
mod commands;
mod http;
mod offers;
mod pages;
mod phone;
mod push;
mod sign_in;
mod slow;
mod staff;
mod transcript;
mod worth;
