//! A binding: where one phone of a user's can be rung.

use crate::{Flow, Micros, auth::Algorithm};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A binding as it is kept, and as it is stored so that it survives a restart.
///
/// Times are on the caller's clock, which goes on over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingRecord {
    /// Whose phone it is.
    pub user: Arc<str>,
    /// The Contact URI, which is the Request-URI of an INVITE to it.
    pub uri: String,
    /// How gladly it is rung, in thousandths: 0 to 1000.
    pub q: u16,
    /// When it ends.
    pub expires: Micros,
    /// When it was made or refreshed.
    pub refreshed: Micros,
    /// Call-ID of the REGISTER that did so.
    pub call_id: String,
    /// Its CSeq.
    pub cseq: u32,
    /// `+sip.instance` of the phone (RFC 5626 §4.1).
    pub instance: Option<String>,
    /// `reg-id`: which of its flows this is (RFC 5626 §4.2).
    pub reg_id: Option<u32>,
    /// Path values in order: the Route of an INVITE to it (RFC 3327).
    pub path: Vec<String>,
    /// By which algorithm the phone proved itself.
    pub digest: Algorithm,
    /// Where the REGISTER came from, and an INVITE goes to.
    pub flow: Flow,
}
