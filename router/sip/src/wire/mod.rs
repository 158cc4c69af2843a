//! SIP messages on the wire: read without copying, written by appending.
//!
//! A [`Framer`] cuts a stream into messages; a datagram is one. [`Message::parse`] scans a message once and keeps where
//! things are, not copies of them; what it cannot act on is a [`Fault`](crate::Fault) that can still answer. [`Writer`]
//! appends to one buffer and lets nobody add a line of his own. What we do not understand is kept byte for byte.
//! Transactions and dialogs are made of messages elsewhere.

mod addr;
pub(crate) mod chars;
mod frame;
mod host;
pub mod limits;
mod list;
mod message;
mod method;
mod name;
mod params;
mod rack;
mod replaces;
mod same;
mod scan;
mod session;
mod status;
mod uri;
mod via;
mod write;

pub use addr::NameAddr;
pub(crate) use chars::number;
pub use frame::{Frame, Framer};
pub use host::{HostPort, ip_literal};
pub use list::Values;
pub use message::{Header, Message, Start};
pub use method::Method;
pub use name::Name;
pub use params::{Param, ParamIter, Params};
pub use rack::RAck;
pub use replaces::Replaces;
pub(crate) use scan::Head;
pub use session::{Refresher, SessionExpires};
pub use status::reason_phrase;
pub use uri::{Scheme, Uri, percent_decoded};
pub use via::{Protocol, Rport, Via};
pub use write::{Writer, quoted};
