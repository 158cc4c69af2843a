//! The order in which a turn is made to last: legs, then the log, and only then is anything sent.

use super::Brain;
use crate::{
    ground::{Ground, Lines as _, Live as _, Log as _},
    log::Committed,
};
use sip::{Keep, Overload};

impl<G: Ground> Brain<G> {
    pub(super) fn commit(&mut self) {
        let started = std::time::Instant::now();
        let wrote = self.log.has_pending();
        let keep = self.sip.take_keep(self.clock.now());
        for connection in registered_over(&keep) {
            self.streams.hold(connection, true); // a phone that waits for calls says nothing for long
        }
        // Legs first: whoever is in the log alone has left, and whoever is here alone was told nothing yet.
        self.live.keep(keep);
        self.live.commit();
        let committed = self.log.commit();
        if wrote {
            self.metrics.log_append_seconds.observe(started.elapsed().as_secs_f64());
        }
        self.metrics.upkeep.log_ends(self.log.last());
        self.metrics.log_degraded.set(i64::from(committed != Committed::Written));
        let full = committed == Committed::Full;
        self.sip.set_overload(if full { Overload::NewCalls } else { self.load.level(self.clock.now()) });
    }
}

/// The connections over which phones have just registered.
fn registered_over(changes: &[Keep]) -> impl Iterator<Item = sip::Connection> {
    let records = |change: &Keep| match change {
        Keep::Phones(_, records) => records.iter().filter_map(|record| record.flow.connection).collect(),
        Keep::Leg(..) | Keep::CallerLeg(..) | Keep::ForgetLeg(_) | Keep::ForgetCall(_) => Vec::new(),
    };
    changes.iter().flat_map(records)
}
