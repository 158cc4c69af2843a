//! Digest authentication: who a request is from, proven by a password that is never sent.
//!
//! [`Verifier`] challenges and checks those who come to us; [`Client`] answers the challenges of those we go to. Both
//! know the plain formulas of RFC 7616 §3.4 with MD5 and SHA-256, `qop=auth` or none: no `auth-int`, no `-sess`, no
//! hidden user names. Who may do what once proven, and how often somebody may try, is decided elsewhere.

mod accounts;
mod client;
mod hash;
mod header;
mod nonce;
mod password;
mod verifier;

pub(crate) use accounts::{Accounts, Shown, show};
pub use client::{Attempt, Client, MAX_SPACES, MAX_TRIES, NoAnswer};
pub use hash::Algorithm;
pub use nonce::{LIFETIME, NONCES_IN_USE};
pub use password::{BadHa1, Password};
pub use verifier::{Denied, Realm, Verified, Verifier};
