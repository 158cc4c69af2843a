//! Trunks at which we have something to do. What has come about there goes into the metrics, onto the board, and where it
//! changes something into the log.

use super::{SipEdge, micros};
use crate::{clock::wall, metrics::Metrics, resolve::Found, trunks::TrunkBoard};
use acd::Timestamp;
use sip::peering::{Health, Peering, TrunkNews};

impl SipEdge {
    /// Takes the trunks at which we have something to do.
    pub fn meet(&mut self, peerings: Vec<Peering>, now: Timestamp) {
        self.stack.meet(peerings, micros(now), &mut self.mint, &mut self.out);
    }

    /// Trunks whose addresses are to be found, each with the place of its name.
    pub fn seek(&mut self, trunks: Vec<(String, usize)>) {
        self.found.seek(trunks);
    }

    /// Takes where a name leads.
    pub fn found(&mut self, found: Found, now: Timestamp) {
        let Found { place, flows } = found;
        for trunk in self.found.trunks_at(place) {
            self.stack.found(trunk, &flows, micros(now), &mut self.mint, &mut self.out);
        }
        self.phones_found(place, &flows);
        self.found.put(place, flows);
        self.stack.acquaint(self.found.addresses());
    }

    /// Takes our registrations at trunks back.
    pub fn leave(&mut self, now: Timestamp) {
        self.stack.leave(micros(now), &mut self.mint, &mut self.out);
    }

    /// Whether every BYE and every refusal of a call has been heard, or never will be.
    #[must_use]
    pub fn has_bidden_farewell(&self) -> bool {
        self.stack.has_bidden_farewell()
    }

    /// Whether no trunk has to answer to that any more.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.stack.has_left()
    }
}

/// Takes news of a trunk.
pub fn note(trunk: &str, news: TrunkNews, metrics: &Metrics, board: &TrunkBoard) {
    metrics.trunks.note(trunk, news);
    board.note(trunk, news, wall());
    match news {
        TrunkNews::Health(health) => tell_health(trunk, health),
        TrunkNews::Registered { for_s } => tracing::debug!(trunk, for_s, "registered at the trunk"),
        TrunkNews::NotRegistered(why) => {
            tracing::warn!(trunk, %why, "not registered at the trunk; it is tried again");
        }
        TrunkNews::NotSignedIn(why) => {
            tracing::warn!(trunk, %why, "the trunk asks who we are in a call, and our answer is of no use; look at its user and password");
        }
        TrunkNews::Lapsed | TrunkNews::Unregistered => tell_end(trunk, news == TrunkNews::Lapsed),
    }
}

fn tell_health(trunk: &str, health: Health) {
    match health {
        Health::Up => tracing::info!(trunk, "the trunk answers"),
        Health::Down | Health::Unknown => tracing::warn!(trunk, "the trunk does not answer; it is asked on"),
    }
}

fn tell_end(trunk: &str, lapsed: bool) {
    if lapsed {
        tracing::error!(trunk, "our registration at the trunk has run out: its calls stay away");
    } else {
        tracing::info!(trunk, "our registration at the trunk is taken back");
    }
}
