//! Whom the process tells by BYE that it is over. In a storm nobody may hear it: people put down a phone that is silent.

use crate::rig::text;
use sip::wire::{Message, Method};
use std::collections::BTreeMap;

/// How often a BYE is sent over UDP before it is given up (RFC 3261 §17.1.2.2, Timers E and F).
const TIMES: u32 = 11;

/// The BYEs of the process that runs.
#[derive(Default)]
pub struct LastWords {
    /// To whom, and how often, by branch.
    out: BTreeMap<String, (String, u32)>,
}

impl LastWords {
    /// The process sends this: who has been told for the last time.
    pub fn sent(&mut self, message: &Message) -> Option<String> {
        if message.method() != Method::Bye || message.status().is_some() {
            return None;
        }
        let branch = text(message.top_via().branch()?).to_owned();
        let name = text(message.call_id()).to_owned();
        let (name, times) = self.out.entry(branch).or_insert((name, 0));
        *times += 1;
        (*times == TIMES).then(|| name.clone())
    }
    /// The process has died: whom it was about to tell, or had told.
    pub fn died(&mut self) -> impl Iterator<Item = String> + use<> {
        std::mem::take(&mut self.out).into_values().map(|(name, _)| name)
    }
}
