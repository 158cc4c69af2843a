//! What a registration may ask for.

/// Bindings of one user: a few phones, a softphone, and what a restart of one leaves behind. One more puts out the one
/// that was refreshed longest ago.
pub const MAX_PER_USER: usize = 8;
/// Bindings of all users together; a phone that wants one more is told to come back (503).
pub const MAX_BINDINGS: usize = 100_000;
/// Seconds granted to a phone that asks for none (RFC 3261 §10.2.1.1).
pub const DEFAULT_EXPIRES_S: u32 = 3_600;
/// A phone that asks for fewer seconds is told to ask for these (423).
pub const MIN_EXPIRES_S: u32 = 60;
/// A phone that asks for more seconds is given these.
pub const MAX_EXPIRES_S: u32 = 7_200;
/// Answers a second to one address from which nobody has proven who he is.
pub const QUESTIONS_PER_SECOND: u8 = 50;

/// Octets of a Contact URI. It becomes a Request-URI.
pub(crate) const URI: usize = 512;
/// Octets of a Call-ID.
pub(crate) const CALL_ID: usize = 256;
/// Octets of an instance id; a UUID has 45.
pub(crate) const INSTANCE: usize = 128;
/// Proxies between the phone and us.
pub(crate) const PATH: usize = 8;
/// Octets of one Path value.
pub(crate) const PATH_VALUE: usize = 512;
