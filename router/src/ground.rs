//! What the brain stands on: a store that outlives it, a clock, sockets. [`Machine`] is the one that runs; tests put the
//! same brain on one of their own, whose clock jumps and whose disk fails when they say so.
//!
//! These are the places where something leaves the process. Nothing is decided here.

use crate::{
    clock::{Dials, SystemDials},
    live::LiveFile,
    log::{Committed, FileLog, LogError},
    sip_edge::UdpEdge,
    streams::Streams,
};
use acd::{Entry, Timestamp};
use agent_gateway::{DeskOrder, Full, GatewayHandle};
use bytes::Bytes;
use sip::{CallKey, Connection, Flow, Keep, LegKey};
use std::net::SocketAddr;

/// Everything a brain stands on.
pub trait Ground {
    /// Where entries go.
    type Log: Log;
    /// Where legs go.
    type Live: Live;
    /// Where the time is read.
    type Dials: Dials;
    /// SIP over UDP.
    type Datagrams: Datagrams;
    /// SIP over connections.
    type Lines: Lines;
    /// Where the desks are told.
    type DeskWay: DeskWay;
}

/// The machine that we run on.
#[derive(Clone, Copy, Debug)]
pub struct Machine;

impl Ground for Machine {
    type Log = FileLog;
    type Live = LiveFile;
    type Dials = SystemDials;
    type Datagrams = UdpEdge;
    type Lines = Streams;
    type DeskWay = GatewayHandle;
}

/// The log as the brain writes it: see [`FileLog`].
pub trait Log {
    /// Adds an entry to the batch.
    ///
    /// # Errors
    /// Only for an entry that cannot be encoded.
    fn append(&mut self, entry: &Entry) -> Result<(), LogError>;
    /// Whether anything waits to be written.
    fn has_pending(&self) -> bool;
    /// Writes the batch.
    fn commit(&mut self) -> Committed;
    /// Writes what waits, however short a while ago the disk has refused; whether everything is written.
    fn insist(&mut self) -> bool;
    /// Number of the last entry appended.
    fn last(&self) -> u64;
}

impl Log for FileLog {
    fn append(&mut self, entry: &Entry) -> Result<(), LogError> {
        Self::append(self, entry)
    }
    fn has_pending(&self) -> bool {
        Self::has_pending(self)
    }
    fn commit(&mut self) -> Committed {
        Self::commit(self)
    }
    fn insist(&mut self) -> bool {
        Self::insist(self)
    }
    fn last(&self) -> u64 {
        Self::last(self)
    }
}

/// What is stored of legs, as the brain writes it: see [`LiveFile`].
pub trait Live {
    /// Takes changes to the batch.
    fn keep(&mut self, changes: Vec<Keep>);
    /// Forgets what nobody is going to take up again.
    fn forget(&mut self, calls: Vec<CallKey>, legs: Vec<LegKey>);
    /// Writes the batch.
    fn commit(&mut self);
}

impl Live for LiveFile {
    fn keep(&mut self, changes: Vec<Keep>) {
        Self::keep(self, changes);
    }
    fn forget(&mut self, calls: Vec<CallKey>, legs: Vec<LegKey>) {
        Self::forget(self, calls, legs);
    }
    fn commit(&mut self) {
        Self::commit(self);
    }
}

/// Datagrams of SIP: see [`UdpEdge`].
pub trait Datagrams {
    /// The next datagram, if one has come.
    fn receive(&mut self) -> Option<(SocketAddr, Bytes)>;
    /// Sends, or keeps for later when the system does not take it.
    fn send(&mut self, to: SocketAddr, bytes: Bytes);
    /// Sends what waited; whether something still waits.
    fn flush(&mut self) -> bool;
}

impl Datagrams for UdpEdge {
    fn receive(&mut self) -> Option<(SocketAddr, Bytes)> {
        Self::receive(self)
    }
    fn send(&mut self, to: SocketAddr, bytes: Bytes) {
        Self::send(self, to, bytes);
    }
    fn flush(&mut self) -> bool {
        Self::flush(self)
    }
}

/// Messages over connections: see [`Streams`].
pub trait Lines {
    /// Sends a message. Never waits.
    fn send(&self, to: Flow, bytes: Bytes);
    /// Keeps a connection open although nothing is said on it, or no longer.
    fn hold(&self, connection: Connection, held: bool);
}

impl Lines for Streams {
    fn send(&self, to: Flow, bytes: Bytes) {
        Self::send(self, to, bytes);
    }
    fn hold(&self, connection: Connection, held: bool) {
        Self::hold(self, connection, held);
    }
}

/// The way to the desks: see [`GatewayHandle`].
pub trait DeskWay {
    /// Hands over what was decided at `at`, in order. Never waits.
    ///
    /// # Errors
    /// [`Full`] when nobody takes it any more.
    fn send(&self, at: Timestamp, orders: Vec<DeskOrder>) -> Result<(), Full>;
}

impl DeskWay for GatewayHandle {
    fn send(&self, at: Timestamp, orders: Vec<DeskOrder>) -> Result<(), Full> {
        Self::send(self, at, orders)
    }
}
