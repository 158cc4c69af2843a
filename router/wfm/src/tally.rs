//! Tables by interval: of queues, and of agents.

use crate::{
    Micros,
    interval::Grid,
    rows::{Fate, Offer, OfferEnd, Rows, Span, State, Visit},
    service_level::{Counts, within},
};

/// Which interval the counts of a visit belong to. Offered is always the interval of the entry, agents' time is
/// always cut at the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// That of the event itself: what every report uses.
    Event,
    /// That of the entry, for everything that ever became of the visit: what forecasts use.
    Entry,
}

/// Thresholds of a queue's service level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// T.
    pub within: Micros,
    /// Abandons up to this are short.
    pub short: Micros,
}

/// The rules that were in force.
pub trait Rules {
    /// Thresholds of a queue in an interval.
    fn thresholds(&self, queue: usize, interval: usize) -> Thresholds;
    /// Which queues an agent serves in an interval.
    fn serves(&self, agent: usize, interval: usize) -> &[usize];
}

/// One queue in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueRow {
    /// Entered the queue.
    pub offered: u64,
    /// Answered, abandoned, and how fast.
    pub counts: Counts,
    /// Work finished, wrap-up included.
    pub handled: u64,
    /// Left by rule.
    pub flow_out: u64,
    /// Ended by a restart or fault.
    pub lost: u64,
    /// Offers that no one answered.
    pub rona: u64,
    /// Waits of the answered.
    pub wait_answered: Micros,
    /// Waits of the abandoned.
    pub wait_abandoned: Micros,
    /// Talk, hold and wrap-up of the handled.
    pub handle: Micros,
    /// Agents' talking time on calls of the queue.
    pub talk: Micros,
    /// Time of these calls on hold.
    pub hold: Micros,
    /// Agents' wrap-up time after calls of the queue.
    pub wrap_up: Micros,
    /// Talk, hold and wrap-up of the agents who serve the queue, on calls of any queue.
    pub busy: Micros,
    /// Their ready time.
    pub ready: Micros,
}

impl QueueRow {
    /// Average speed of answer.
    #[must_use]
    pub fn asa(&self) -> Option<Micros> {
        mean(self.wait_answered, self.counts.answered)
    }
    /// Average handle time.
    #[must_use]
    pub fn aht(&self) -> Option<Micros> {
        mean(self.handle, self.handled)
    }
    /// Share of their time that the agents who serve the queue were busy.
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        occupancy(self.busy, self.ready)
    }
}

/// One agent in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentRow {
    /// Time waiting for calls.
    pub ready: Micros,
    /// Time with a call on offer.
    pub reserved: Micros,
    /// Time in conversation.
    pub talk: Micros,
    /// Time with a caller on hold.
    pub hold: Micros,
    /// Asked by colleagues about their callers.
    pub consult: Micros,
    /// Time in wrap-up.
    pub wrap_up: Micros,
    /// Time at work, not for calls.
    pub not_ready: Micros,
    /// Time not at work, as far as it is known.
    pub logged_out: Micros,
    /// Calls answered.
    pub answered: u64,
    /// Calls finished.
    pub handled: u64,
    /// Offers not answered.
    pub rona: u64,
    /// Offers refused.
    pub rejected: u64,
    /// Talk, hold and wrap-up of the handled.
    pub handle: Micros,
}

impl AgentRow {
    /// Logged in, any state.
    #[must_use]
    pub const fn staffed(&self) -> Micros {
        self.ready + self.reserved + self.talk + self.hold + self.consult + self.wrap_up + self.not_ready
    }
    /// Average handle time.
    #[must_use]
    pub fn aht(&self) -> Option<Micros> {
        mean(self.handle, self.handled)
    }
    /// Busy / (busy + ready).
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        occupancy(self.talk + self.hold + self.consult + self.wrap_up, self.ready)
    }
}

fn mean(sum: Micros, count: u64) -> Option<Micros> {
    let count = Micros::try_from(count).ok().filter(|&count| count > 0)?;
    Some((sum + count / 2) / count)
}

fn occupancy(busy: Micros, ready: Micros) -> Option<f64> {
    (busy + ready > 0).then(|| busy as f64 / (busy + ready) as f64)
}

/// A table of intervals × places, filled with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<R> {
    places: usize,
    rows: Vec<R>,
}

impl<R: Clone + Default> Table<R> {
    fn new(intervals: usize, places: usize) -> Self {
        Self { places, rows: vec![R::default(); intervals * places] }
    }
    /// The row of a place in an interval.
    #[must_use]
    pub fn get(&self, interval: usize, place: usize) -> Option<&R> {
        (place < self.places).then(|| self.rows.get(interval * self.places + place)).flatten()
    }
    /// All rows with interval and place, by interval.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize, &R)> {
        self.rows.iter().enumerate().map(|(at, row)| (at / self.places, at % self.places, row))
    }
    fn add(&mut self, interval: Option<usize>, place: usize, add: impl FnOnce(&mut R)) {
        let row = interval.filter(|_| place < self.places).map(|interval| interval * self.places + place);
        if let Some(row) = row.and_then(|at| self.rows.get_mut(at)) {
            add(row);
        }
    }
}

/// The table of queues.
#[must_use]
pub fn queues(
    grid: &Grid,
    queues: usize,
    rows: &Rows,
    rules: &dyn Rules,
    by: Attribution,
) -> Table<QueueRow> {
    let mut table = Table::new(grid.len(), queues);
    for visit in &rows.visits {
        count_visit(&mut table, grid, visit, rules, by);
    }
    for offer in rows.offers.iter().filter(|offer| offer.outcome == OfferEnd::NoAnswer) {
        table.add(grid.index_of(offer.ended), offer.queue, |row| row.rona += 1);
    }
    for span in &rows.spans {
        spread_span(&mut table, grid, span, rules);
    }
    table
}

fn count_visit(table: &mut Table<QueueRow>, grid: &Grid, visit: &Visit, rules: &dyn Rules, by: Attribution) {
    let entry = grid.index_of(visit.entered);
    table.add(entry, visit.queue, |row| row.offered += 1);
    let interval_of = |event: Micros| match by {
        Attribution::Event => grid.index_of(event),
        Attribution::Entry => entry,
    };
    let (Some(exit), Some(wait)) = (visit.exit(), visit.wait()) else { return };
    let interval = interval_of(exit);
    let thresholds = interval.map(|i| rules.thresholds(visit.queue, i)).unwrap_or_default();
    table.add(interval, visit.queue, |row| match visit.fate {
        Fate::Waiting => {}
        Fate::Answered { .. } => {
            row.counts.answered += 1;
            row.counts.answered_in_t += u64::from(within(wait, thresholds.within));
            row.wait_answered += wait;
        }
        Fate::Abandoned { .. } => {
            row.counts.abandoned += 1;
            row.counts.abandoned_in_t += u64::from(within(wait, thresholds.within));
            row.counts.short_abandoned += u64::from(within(wait, thresholds.short));
            row.wait_abandoned += wait;
        }
        Fate::FlowOut { .. } => row.flow_out += 1,
        Fate::Lost { .. } => row.lost += 1,
    });
    if let Fate::Answered { work: Some(work), .. } = visit.fate {
        table.add(interval_of(work.done), visit.queue, |row| {
            row.handled += 1;
            row.handle += work.talk + work.hold + work.wrap_up;
        });
    }
}

fn spread_span(table: &mut Table<QueueRow>, grid: &Grid, span: &Span, rules: &dyn Rules) {
    for (interval, part) in grid.split(span.from, span.to) {
        let (busy, ready) = match span.state {
            State::Talking | State::Held | State::Consulting | State::WrapUp => (part, 0),
            State::Ready => (0, part),
            State::LoggedOut | State::NotReady | State::Reserved => continue,
        };
        for &queue in rules.serves(span.agent, interval) {
            table.add(Some(interval), queue, |row| {
                row.busy += busy;
                row.ready += ready;
            });
        }
        let Some(queue) = span.queue else { continue };
        table.add(Some(interval), queue, |row| match span.state {
            State::Talking => row.talk += part,
            State::Held => row.hold += part,
            State::WrapUp => row.wrap_up += part,
            State::LoggedOut | State::NotReady | State::Ready | State::Reserved | State::Consulting => {}
        });
    }
}

/// The table of agents.
#[must_use]
pub fn agents(grid: &Grid, agents: usize, rows: &Rows) -> Table<AgentRow> {
    let mut table = Table::new(grid.len(), agents);
    for visit in &rows.visits {
        let Fate::Answered { at, agent, work } = visit.fate else { continue };
        table.add(grid.index_of(at), agent, |row: &mut AgentRow| row.answered += 1);
        let Some(work) = work else { continue };
        table.add(grid.index_of(work.done), agent, |row| {
            row.handled += 1;
            row.handle += work.talk + work.hold + work.wrap_up;
        });
    }
    for offer in &rows.offers {
        count_offer(&mut table, grid, offer);
    }
    for span in &rows.spans {
        for (interval, part) in grid.split(span.from, span.to) {
            table.add(Some(interval), span.agent, |row| *row.time_in(span.state) += part);
        }
    }
    table
}

fn count_offer(table: &mut Table<AgentRow>, grid: &Grid, offer: &Offer) {
    table.add(grid.index_of(offer.ended), offer.agent, |row| match offer.outcome {
        OfferEnd::NoAnswer => row.rona += 1,
        OfferEnd::Rejected => row.rejected += 1,
        OfferEnd::Accepted | OfferEnd::Failed | OfferEnd::Withdrawn => {}
    });
}

impl AgentRow {
    fn time_in(&mut self, state: State) -> &mut Micros {
        match state {
            State::LoggedOut => &mut self.logged_out,
            State::NotReady => &mut self.not_ready,
            State::Ready => &mut self.ready,
            State::Reserved => &mut self.reserved,
            State::Talking => &mut self.talk,
            State::Held => &mut self.hold,
            State::Consulting => &mut self.consult,
            State::WrapUp => &mut self.wrap_up,
        }
    }
}
