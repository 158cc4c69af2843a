//! The whole house over real SIP and real WebSockets: foreign user agents (SIPp) and ours around the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod abuse;
mod announce;
mod baresip;
mod bench;
mod checks;
mod crash;
mod desktops;
mod floor;
mod hold;
mod hostile;
mod kamailio;
mod names;
mod overload;
mod queue;
mod races;
mod registrations;
mod rtpengine;
mod streams;
mod transfer;
mod trunks;
mod weather;
