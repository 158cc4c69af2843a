//! What has come about at a trunk: into the metrics, onto the board, and where it changes something into the log.

use crate::{clock::wall, metrics::Metrics, trunks::TrunkBoard};
use sip::peering::{Health, TrunkNews};

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
