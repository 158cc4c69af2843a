//! Every bound of the connections, with its reason.

use std::time::Duration;

/// Messages that may wait to be handed to their connections: what the brain sends in some turns.
pub const ORDERS: usize = 16_384;
/// News of connections that may wait for the switchboard; their tasks wait when it is full.
pub(super) const LINE_NEWS: usize = 1_024;
/// Messages that may wait for one peer to read: a second of a busy PBX's calls.
pub const LINE_MESSAGES: usize = 2_048;
/// Octets that may wait for one peer to read.
pub const LINE_OCTETS: usize = 2 * 1024 * 1024;
/// Octets that the kernel may hold for one peer, beside those: it would take megabytes.
pub(super) const KERNEL_OCTETS: usize = 256 * 1024;
/// Octets that may wait for all peers together; beyond it a peer that leaves anything unread is closed.
pub const ALL_OCTETS: usize = 64 * 1024 * 1024;
/// Messages taken from a queue to be written together.
pub(super) const WRITE_MESSAGES: usize = 16;
/// Room made before reading: a usual INVITE.
pub(super) const READ_OCTETS: usize = 2 * 1024;
/// A buffer that has become larger is given back when it is empty.
pub(super) const KEPT_OCTETS: usize = 16 * 1024;
/// One address has at most one in so many of the places: half, so that a site behind one address fits.
pub const ADDRESS_SHARE: usize = 2;
/// One in so many of the places is kept for connections that we open, so that others cannot use them up.
pub const OUR_SHARE: usize = 4;
/// Bits of an IPv6 address that make one address in [`ADDRESS_SHARE`]: what one customer is given.
pub(super) const IPV6_SITE: u32 = 64;
/// Of the files the system lets us open, connections take at most three in four; music, desks, log and records the rest.
pub(super) const FILE_SHARE: (u64, u64) = (3, 4);
/// Peers whose names are known; beyond it a certificate must carry the address.
pub const NAMES: usize = 4_096;
/// Connections the kernel may hold for us until they are accepted.
pub(super) const BACKLOG: i32 = 1_024;
/// Pause after an accept that failed, for instance for want of files.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Messages of one connection that may wait for the brain, so that one that floods leaves the others their turn.
pub const BRAIN_MESSAGES: usize = 32;
/// KiB of messages of all connections that may wait for the brain: its inbox alone would hold gigabytes.
pub const BRAIN_KIB: usize = 16 * 1024;
/// How long a message waits for its turn, and how often and how long it waits for a full inbox, doubling: 5 s each.
pub(super) const BRAIN_WITHIN: Duration = Duration::from_secs(5);
pub(super) const BRAIN_PAUSE: Duration = Duration::from_millis(5);
pub(super) const BRAIN_TRIES: u32 = 10;
/// Octets of messages that are not whole yet, of all connections together; those up to `KEPT_OCTETS` do not count.
pub const PARTIAL_OCTETS: usize = 64 * 1024 * 1024;
/// Octets read and thrown away after a fault, so that the answer arrives before the end.
pub(super) const LEFTOVER: usize = 256 * 1024;
/// Time after which a peer that acknowledges nothing is gone, and silence after which the kernel asks.
pub(super) const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
pub(super) const PROBE_AFTER: Duration = Duration::from_secs(60);
pub(super) const PROBE_EVERY: Duration = Duration::from_secs(15);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For the handshakes of TLS and WebSocket of who connects to us.
    pub handshake: Duration,
    /// For connecting to others, TLS included: shorter than Timer B, so that there is time for another address.
    pub connect: Duration,
    /// From the first octet of a message to its last: as long as a transaction lives (64·T1).
    pub message: Duration,
    /// Without a message, or anything at all from one who connected to us, until a connection nobody holds is closed.
    pub idle: Duration,
    /// Without anything from us on a connection that we opened, until we send a keep-alive (RFC 5626 §3.5.1).
    pub ping: Duration,
    /// Until the peer reads something of what we send.
    pub write: Duration,
    /// For taking leave of the peer.
    pub linger: Duration,
    /// Between two looks at the files of certificates.
    pub reload: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(8),
            message: Duration::from_secs(32),
            idle: Duration::from_secs(600),
            ping: Duration::from_secs(30),
            write: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            reload: Duration::from_secs(30),
        }
    }
}
