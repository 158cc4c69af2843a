//! What tests of the whole house are made with: the real router in a process of its own, SIPp and desktops around
//! it, and a judge who reads what these saw.
//!
//! Everything here may panic: it runs in tests only, and a test that cannot go on has failed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod authority;
mod baresip;
mod desk;
mod dns;
mod files;
mod http;
pub mod judge;
mod kamailio;
mod ladder;
mod ports;
mod pulse;
mod records;
mod relay;
mod router;
mod rtpengine;
mod shared;
mod sipp;
mod site;
mod stunnel;
mod tools;
mod transport;
mod wait;

pub use authority::Authority;
pub use baresip::{Baresip, Hears, tone};
pub use desk::Desk;
pub use dns::Dns;
pub use files::files;
pub use http::{Answer, ask, curl, get, get_as, send};
pub use kamailio::{Kamailio, KamailioRun, TlsFiles};
pub use ladder::{Ladder, Traced};
pub use ports::{free_port, free_ports};
pub use pulse::{Pulse, Standstills};
pub use records::Records;
pub use relay::{Relay, RelayRun};
pub use router::{Ready, Router, sambung};
pub use rtpengine::Rtpengine;
pub use shared::shared;
pub use sipp::{Sipp, SippRun};
pub use site::{Agent, Site};
pub use stunnel::{Stunnel, StunnelRun};
pub use tools::{need, need_all};
pub use transport::Transport;
pub use wait::{eventually, eventually_is};
