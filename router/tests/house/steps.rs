//! What must hold after every step, by the books and by what callers and phones hear.

use crate::{
    machine::FIRST_PORT,
    plan::{SECOND, Weather},
    ua::{State, Ua},
    world::World,
};
use std::collections::BTreeSet;

impl World {
    /// Looks at the books, if anything has happened or some time has passed.
    pub fn check(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        if !changed && self.now.0 - self.looked.0 < 5 * SECOND {
            return;
        }
        self.looked = self.now;
        self.books.note_legs(&self.uas, self.now);
        if self.process.is_none() {
            return;
        }
        if !self.lossy {
            self.books.check_bridges(&self.uas);
            let excused: BTreeSet<_> =
                self.desks.iter().flat_map(|desk| desk.hung_up.iter().copied()).collect();
            self.books.check_farewells(&self.uas, &excused, self.weather);
        }
        self.check_ears();
    }
    /// Who was answered hears music, or a phone that hears the caller.
    fn check_ears(&mut self) {
        let undisturbed = self.now.0.saturating_sub(self.up_since.0) > 20 * SECOND;
        if self.weather != Weather::Fair || !undisturbed || self.lossy {
            return;
        }
        let state = self.machine.state();
        for (id, caller) in &self.books.callers {
            let Some(ua) = self.uas.get(id).filter(|ua| ua.takes_music()) else { continue };
            let Some(call) = caller.calls.first().filter(|_| caller.told_off.is_none()) else { continue };
            let quiet = |ua: &Ua| self.now.0 - ua.joined_since.0 > 20 * SECOND;
            let touched = self.now.0 - caller.touched.0 <= 20 * SECOND;
            if ua.state != State::Up || !quiet(ua) || touched {
                continue;
            }
            let plays = state.playing.iter().find(|(other, _)| other.to_string() == *call);
            let music = ua.hears.is_some_and(|port| port >= FIRST_PORT);
            let played = plays.is_some_and(|(_, play)| play.to.port() == ua.port);
            let phone = self.books.phone_of(call, &self.uas);
            let with_phone =
                phone.is_some_and(|phone| ua.hears == Some(phone.port) && phone.hears == Some(ua.port));
            let moves = phone.is_some_and(|phone| !quiet(phone) || !phone.is_settled());
            let fine = with_phone || (music && played) || moves;
            assert!(fine, "{id} ({call}) hears nothing: {:?} {plays:?} {:?}", ua.hears, self.books.legs);
            self.heard += 1;
        }
    }
}
