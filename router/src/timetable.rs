//! Hours of entries: tells the brain, which knows no zones, when they turn, and the operator when they do next.
//!
//! They go by the wall clock, also by one that was set while we ran: whoever sets it means what it shows.

use crate::metrics::Metrics;
use acd::{Acd, Event, Timestamp};
use config::Hours;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often the wall clock is looked at: so late hours turn at most.
const LOOK: Duration = Duration::from_secs(1);
/// All hours are looked at again after this, whatever they say of themselves.
const AGAIN: Duration = Duration::from_secs(3_600);

/// The hours there are.
pub struct Timetable {
    hours: Vec<Hours>,
    board: Arc<HoursBoard>,
    metrics: Arc<Metrics>,
    /// When the wall clock is looked at next, by the brain's own.
    look: Timestamp,
    /// What the wall clock said last.
    wall: Timestamp,
    /// What it says when something may turn next.
    turns: Timestamp,
}

impl Timetable {
    /// These hours.
    #[must_use]
    pub fn new(hours: Vec<Hours>, board: Arc<HoursBoard>, metrics: Arc<Metrics>) -> Self {
        let never = Timestamp::default();
        Self { hours, board, metrics, look: never, wall: never, turns: never }
    }
    /// These hours from now on.
    pub fn learn(&mut self, hours: Vec<Hours>) {
        self.hours = hours;
        self.look_again();
    }
    /// The brain goes by other rules: it may have to be told again.
    pub const fn look_again(&mut self) {
        (self.look, self.turns) = (Timestamp(0), Timestamp(0));
    }
    /// What the brain does not know yet of the hours that its entries go by.
    pub fn turned(&mut self, now: Timestamp, wall: impl FnOnce() -> Timestamp, acd: &Acd) -> Vec<Event> {
        if now < self.look {
            return Vec::new();
        }
        self.look = now + LOOK;
        let wall = wall();
        let set_back = wall < std::mem::replace(&mut self.wall, wall);
        if wall < self.turns && !set_back {
            return Vec::new();
        }
        let views: Vec<HoursView> = self.hours.iter().map(|hours| HoursView::of(hours, wall)).collect();
        let next = views.iter().filter_map(|view| view.next).min();
        self.turns = next.map_or(wall + AGAIN, |next| next.min(wall + AGAIN));
        self.metrics.hours.show(views.iter().map(|view| (view.name.as_str(), view.open)));
        let is_news = |view: &&HoursView| {
            let used = acd.plan().entries.iter().any(|entry| entry.is_by(&view.name));
            used && acd.is_open(&view.name) != view.open
        };
        let event = |view: &HoursView| Event::HoursTurned { hours: view.name.clone(), open: view.open };
        let events = views.iter().filter(is_news).map(event).collect();
        self.board.show(views);
        events
    }
}

/// How hours are: for the operator.
#[derive(Debug, Default)]
pub struct HoursBoard(Mutex<Vec<HoursView>>);

/// One timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursView {
    /// Their name.
    pub name: String,
    /// IANA name of their zone.
    pub zone: String,
    /// Whether they are open.
    pub open: bool,
    /// When they open or close next; none within a year.
    pub next: Option<Timestamp>,
}

impl HoursView {
    fn of(hours: &Hours, wall: Timestamp) -> Self {
        let at = i64::try_from(wall.micros()).ok();
        // Beyond the year 9999 there is no calendar.
        let at = at.and_then(|at| jiff::Timestamp::from_microsecond(at).ok()).unwrap_or(jiff::Timestamp::MAX);
        let next = hours.next_turn(at).and_then(|next| u64::try_from(next.as_microsecond()).ok());
        let (name, zone) = (hours.name.clone(), hours.zone_name.clone());
        Self { name, zone, open: hours.is_open(at), next: next.map(Timestamp) }
    }
}

impl HoursBoard {
    /// All of them, in the order of the file.
    #[must_use]
    pub fn views(&self) -> Vec<HoursView> {
        self.views_mut().clone()
    }
    fn show(&self, views: Vec<HoursView>) {
        *self.views_mut() = views;
    }
    fn views_mut(&self) -> MutexGuard<'_, Vec<HoursView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[site]
zone = "Asia/Jakarta"
[[hours]]
name = "office"
open = { mon-fri = ["08:00-17:00"] }
[[entry]]
number = "*"
queue = "main"
hours = "office"
[[queue]]
name = "main"
"#;

    fn at(text: &str) -> Timestamp {
        let at = text.parse::<jiff::Zoned>().unwrap().timestamp().as_microsecond();
        Timestamp(u64::try_from(at).unwrap())
    }

    /// A brain that does as it is told, and what it is told at one time by the wall after the other, a minute apart by its
    /// own clock.
    fn told(walls: &[&str]) -> Vec<(usize, bool)> {
        let (config, _) = config::parse(RULES, std::path::Path::new(""), &|_| None).unwrap();
        let metrics = Arc::new(Metrics::new([]).unwrap());
        let board = Arc::new(HoursBoard::default());
        let mut table = Timetable::new(config.hours.clone(), Arc::clone(&board), metrics);
        let (mut acd, mut told) = (Acd::new(), Vec::new());
        let mut now = Timestamp(1);
        acd.handle(Event::PlanChanged { plan: Box::new(config.plan) }, now).unwrap();
        for (no, wall) in walls.iter().enumerate() {
            now = now + Duration::from_secs(60);
            for event in table.turned(now, || at(wall), &acd) {
                acd.handle(event, now).unwrap();
                told.push((no, acd.is_open("office")));
            }
            assert_eq!(board.views()[0].open, acd.is_open("office"));
            assert_eq!(table.turned(now, || at(wall), &acd), [], "told once");
        }
        told
    }

    #[test]
    fn the_brain_hears_when_hours_turn_and_nothing_between() {
        let day = [
            "2026-11-23T07:00[Asia/Jakarta]",
            "2026-11-23T07:59:59[Asia/Jakarta]",
            "2026-11-23T08:00[Asia/Jakarta]",
            "2026-11-23T12:00[Asia/Jakarta]",
            "2026-11-23T17:00:01[Asia/Jakarta]",
        ];
        assert_eq!(told(&day), [(0, false), (2, true), (4, false)]);
    }

    #[test]
    fn a_clock_that_is_set_turns_hours_in_both_directions() {
        let set = [
            "2026-11-23T12:00[Asia/Jakarta]",
            "2026-11-22T12:00[Asia/Jakarta]",
            "2026-11-24T12:00[Asia/Jakarta]",
        ];
        assert_eq!(told(&set), [(1, false), (2, true)]);
    }
}
