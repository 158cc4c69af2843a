//! The agent's page in a real browser, on the demo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod desktop;
mod devtools;
mod phone;
mod secure;
