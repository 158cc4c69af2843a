//! Whose turn it is to be asked, and who is being asked: phones that are gone must not keep us from those that are there.

use crate::Micros;
use std::collections::BTreeSet;

/// Most phones that are asked at the same time: a hall whose switch has lost power must not flood the rest.
pub const MAX_ASKED: usize = 200;
/// Most of them that were gone before. The other places are kept for phones that were there or are in doubt.
pub const MAX_GONE_ASKED: usize = 150;

/// Turns of phones, by their places.
#[derive(Default)]
pub(super) struct Rota {
    /// Whom to ask when; nobody of them is being asked.
    due: BTreeSet<(Micros, usize)>,
    /// The same of those that are gone.
    due_gone: BTreeSet<(Micros, usize)>,
    /// Who is being asked, until when.
    asked: BTreeSet<(Micros, usize)>,
    /// Those of them that were gone.
    asked_gone: BTreeSet<usize>,
}

impl Rota {
    /// It is the turn of `place` at `at`, and not at `before`.
    pub(super) fn put_off(&mut self, place: usize, before: Option<Micros>, at: Option<Micros>, gone: bool) {
        if let Some(before) = before {
            self.due.remove(&(before, place));
            self.due_gone.remove(&(before, place));
        }
        let due = if gone { &mut self.due_gone } else { &mut self.due };
        due.extend(at.map(|at| (at, place)));
    }
    /// `place` is being asked.
    pub(super) fn asks(&mut self, place: usize, until: Micros, gone: bool) {
        self.asked.insert((until, place));
        if gone {
            self.asked_gone.insert(place);
        }
    }
    /// `place` is not asked any more.
    pub(super) fn asked(&mut self, place: usize, until: Micros) {
        self.asked.remove(&(until, place));
        self.asked_gone.remove(&place);
    }
    /// Who was asked and has not answered in time.
    pub(super) fn overdue(&self, now: Micros) -> Option<usize> {
        self.asked.first().filter(|(until, _)| *until <= now).map(|(_, place)| *place)
    }
    /// Whose turn it is: those that are there before those that are gone.
    pub(super) fn turn(&self, now: Micros) -> Option<usize> {
        self.next_turns().find(|(at, _)| *at <= now).map(|(_, place)| place)
    }
    /// When the next turn comes, or the next answer is overdue.
    pub(super) fn next(&self) -> Option<Micros> {
        self.next_turns().chain(self.asked.first().copied()).map(|(at, _)| at).min()
    }
    /// The first of each, where there is room.
    fn next_turns(&self) -> impl Iterator<Item = (Micros, usize)> {
        let room = self.asked.len() < MAX_ASKED;
        let room_for_gone = room && self.asked_gone.len() < MAX_GONE_ASKED;
        let first = |due: &BTreeSet<(Micros, usize)>, room: bool| due.first().copied().filter(|_| room);
        [first(&self.due, room), first(&self.due_gone, room_for_gone)].into_iter().flatten()
    }
}
