//! The stack's behaviour, one test for each, told by hand-made peers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)]

#[path = "../support/mod.rs"]
mod rig;

mod abuse;
mod beside;
mod callback;
mod consult;
mod followed;
mod gateway;
mod hold;
mod hold_by_order;
mod idle_agent;
mod info;
mod keys;
mod music;
mod places;
mod races;
mod recovery;
mod refusals;
mod registrations;
mod reinvites;
mod reliable;
mod replaces;
mod revival;
mod revival_early;
mod secure;
mod security;
mod sessions;
mod several;
mod streams;
mod transfer;
mod trunks;
mod updates;
