//! SIP call control without I/O: bytes and commands in; bytes, notices and a deadline out.
//!
//! * [`wire`] reads and writes messages (zero-copy scan, limits, faults).
//! * [`auth`] proves who a request is from, by digest.
//! * [`locate`] decides where a URI leads whose host is a name.
//! * [`peering`] asks trunks whether they are there, and registers with them.
//! * [`registrar`] answers REGISTER and knows where a phone can be rung.
//! * [`sdp`] reads, compares and writes session descriptions.
//! * `transaction`, `dialog`, `leg`, `bridge` carry calls; [`Stack`] joins them.
//!
//! It knows no agent, no queue, no socket and no clock.

pub mod auth;
pub mod locate;
pub mod peering;
pub mod registrar;
pub mod sdp;
pub mod wire;

mod admission;
mod aged;
mod bridge;
mod command;
mod compose;
mod context;
mod dialog;
mod error;
mod expecting;
mod extensions;
mod farewell;
mod flow;
mod inbound;
mod keep;
mod leg;
mod limiter;
mod local;
mod mint;
mod names;
mod noise;
mod notice;
mod output;
mod overload;
mod policy;
mod quota;
mod registry;
mod replacing;
mod revive;
mod signing;
mod stack;
mod stranger;
mod streamless;
mod time;
mod timers;
mod transaction;

pub use command::{Cause, Command, Display, MAX_AT_ONCE, MAX_PLACES, Phone, Treatment};
pub use error::{AddrError, Fault, FaultKind, UriError};
pub use flow::{Connection, Flow, Transport};
pub use keep::{
    CallerRecord, DialogRecord, EarlyRecord, Keep, LegRecord, ReliableRecord, RingRecord, TimerRecord,
    cancels_from_record,
};
pub use mint::{CallKey, LegKey, Mint};
pub use notice::{Left, MAX_TEXT, MAX_X_HEADERS, Notice, Offered, Play, Rejected};
pub use output::{Output, Send, Sent};
pub use overload::Overload;
pub use policy::{Config, Entries, Limit, Network, Trunk};
pub use registry::Registry;
pub use revive::{NotRevived, Remains};
pub use sdp::Codec;
pub use stack::{Counts, Stack};
pub use time::Micros;
pub use wire::Method;
