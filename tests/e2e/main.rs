//! The whole house over real SIP and real WebSockets: foreign user agents (SIPp) and ours around the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod abuse;
mod announce;
mod backup;
mod baresip;
mod bench;
mod callback;
mod checks;
mod choice;
mod clock;
mod connected;
mod consult;
mod crash;
mod crowd;
mod desktops;
mod disk;
mod draining;
mod floor;
mod gateway;
mod hold;
mod hostile;
mod ipv6;
mod kamailio;
mod live;
mod logging;
mod names;
mod overload;
mod packaging;
mod phones;
mod queue;
mod races;
mod reachable;
mod registrations;
mod revival;
mod rtpengine;
mod runbook;
mod scenes;
mod secure;
mod several;
mod soak;
mod streams;
mod supervised;
mod transfer;
mod treatment;
mod trunks;
mod weather;
mod why;
