//! How much of a peer's message we are willing to read. Each bound is a [`FaultKind`](crate::FaultKind) when passed.

/// Octets of one message, start line to end of body. A datagram carries half of that.
pub const MESSAGE: usize = HEAD + BODY;
/// Octets of a start line and headers, the blank line behind them included.
pub const HEAD: usize = 64 * 1024;
/// Header lines of one message.
pub const HEADERS: usize = 128;
/// Octets of one header line with its folds, and of the start line.
pub const LINE: usize = 8 * 1024;
/// Octets of a body.
pub const BODY: usize = 64 * 1024;
/// Via values of one message: as many hops as Max-Forwards grants by default.
pub const VIAS: usize = 70;
/// Octets of a Request-URI.
pub const URI: usize = 2 * 1024;
