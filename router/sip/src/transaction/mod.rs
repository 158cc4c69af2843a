//! All transactions of the node: they repeat what got lost and absorb what comes twice, so that legs see each thing
//! once.
//!
//! Client transactions are found by the unguessable part of our branch, server transactions by branch, sender and
//! method of the peer (RFC 3261 §17.2.3). What a transaction means is known to its [`Owner`].

mod client;
mod clients;
mod invite_client;
mod invite_server;
mod server;
mod servers;
mod timing;

pub(crate) use clients::{Challenged, Clients, End, Reply, Then, Waits};
pub(crate) use invite_client::{Heard, Sent as SentInvite};
pub(crate) use servers::{Servers, Unheard, server_key};
pub(crate) use timing::{LIFE, Retry, Tick};

use crate::CallKey;

/// Whose leg a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) call: CallKey,
    pub(crate) side: Side,
}

/// A leg of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Caller,
    /// The phone of this attempt.
    Phone(u32),
}
