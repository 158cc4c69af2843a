//! Names for the stack, from the node's secret and the number of the log entry they belong to.

use acd::{CallId, IdMint, Timestamp};
use sip::{CallKey, Micros, Mint};

/// The node's mint.
pub struct NodeMint {
    ids: IdMint,
    secret: [u8; 32],
}

impl NodeMint {
    pub fn new(secret: [u8; 32], started: Timestamp) -> Self {
        Self { ids: IdMint::new(&secret, started), secret }
    }
    pub fn begin(&mut self, entry: u64) {
        self.ids.begin(entry);
    }
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl Mint for NodeMint {
    fn call(&mut self, now: Micros) -> CallKey {
        CallKey(self.ids.call(Timestamp(now.0)).as_u128())
    }
    fn bits(&mut self) -> u128 {
        self.ids.next_bits()
    }
    fn text(&self, call: CallKey) -> [u8; 26] {
        CallId::from_u128(call.0).chars()
    }
}
