//! Which rules were in force in which interval. An interval in which they changed goes by the later ones.

use super::{micros, names::Names};
use crate::records::StoredPlan;
use acd::{Plan, Timestamp};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use wfm::{
    Micros,
    interval::Grid,
    tally::{Rules, Thresholds},
};

/// The rules of a range, one after the other.
pub(super) struct Epochs {
    begin: Option<Micros>,
    all: Vec<Epoch>,
}

struct Epoch {
    from: Micros,
    /// By place of the queue.
    thresholds: Vec<Option<Thresholds>>,
    /// By place of the agent: places of queues.
    serves: Vec<Option<Vec<usize>>>,
}

impl Epochs {
    /// Those of `plans`, oldest first, that were in force in a range; the first ones if the range is before them.
    pub(super) fn new(plans: &[StoredPlan], range: (Timestamp, Timestamp), names: &mut Names) -> Self {
        let first = plans.partition_point(|plan| plan.at <= range.0).saturating_sub(1);
        let last = plans.partition_point(|plan| plan.at < range.1).max(first + 1).min(plans.len());
        let all = plans.get(first..last).unwrap_or_default();
        Self {
            begin: plans.first().map(|plan| micros(plan.at)),
            all: all.iter().map(|stored| Epoch::new(micros(stored.at), &stored.plan, names)).collect(),
        }
    }
    /// When the first rules came into force.
    pub(super) const fn begin(&self) -> Option<Micros> {
        self.begin
    }
}

impl Epoch {
    fn new(from: Micros, plan: &Plan, names: &mut Names) -> Self {
        let mut epoch = Self { from, thresholds: Vec::new(), serves: Vec::new() };
        for queue in &plan.queues {
            let limits = Thresholds { within: us(queue.answer_within), short: us(queue.short) };
            set(&mut epoch.thresholds, names.queues.place(&queue.name), limits);
        }
        for agent in &plan.agents {
            let able = plan.queues.iter().filter(|queue| queue.needs.is_met_by(&agent.skills));
            let queues = able.map(|queue| names.queues.place(&queue.name)).collect();
            set(&mut epoch.serves, names.agents.place(&agent.id), queues);
        }
        epoch
    }
}

fn set<T>(list: &mut Vec<Option<T>>, place: usize, value: T) {
    if list.len() <= place {
        list.resize_with(place + 1, || None);
    }
    list[place] = Some(value);
}

fn us(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

/// The rules of each interval of a grid.
pub(super) struct Cut {
    epochs: Arc<Epochs>,
    /// Place of the epoch in force when the first interval begins: rules may change more than once within it.
    first: usize,
    /// By interval: place of its epoch.
    of: Vec<usize>,
}

impl Cut {
    pub(super) fn new(epochs: Arc<Epochs>, grid: &Grid) -> Self {
        let epoch_at = |end| epochs.all.partition_point(|epoch| epoch.from < end).saturating_sub(1);
        let of = (0..grid.len()).map(|interval| epoch_at(grid.end(interval))).collect();
        let first = epoch_at(grid.from() + 1);
        Self { epochs, first, of }
    }
    /// Places of the queues in force in any of the intervals.
    pub(super) fn queues(&self) -> BTreeSet<usize> {
        self.places(|epoch| places(&epoch.thresholds))
    }
    /// Places of the agents in force in any of the intervals.
    pub(super) fn agents(&self) -> BTreeSet<usize> {
        self.places(|epoch| places(&epoch.serves))
    }
    fn places(&self, of: impl Fn(&Epoch) -> Vec<usize>) -> BTreeSet<usize> {
        let last = self.of.last().copied().unwrap_or(0);
        let epochs = self.epochs.all.get(self.first..=last).unwrap_or_default();
        epochs.iter().flat_map(of).collect()
    }
    fn epoch(&self, interval: usize) -> usize {
        self.of.get(interval).copied().unwrap_or(0)
    }
}

fn places<T>(list: &[Option<T>]) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, item)| item.is_some()).map(|(place, _)| place).collect()
}

impl Rules for Cut {
    fn thresholds(&self, queue: usize, interval: usize) -> Thresholds {
        let (before, from) = self.epochs.all.split_at(self.epoch(interval).min(self.epochs.all.len()));
        // A queue that has just left the rules still has calls to count: its last thresholds hold.
        let candidates = from.first().into_iter().chain(before.iter().rev()).chain(from.iter().skip(1));
        candidates.filter_map(|epoch| *epoch.thresholds.get(queue)?).next().unwrap_or_default()
    }
    fn serves(&self, agent: usize, interval: usize) -> &[usize] {
        let epoch = self.epochs.all.get(self.epoch(interval));
        epoch.and_then(|epoch| epoch.serves.get(agent)?.as_deref()).unwrap_or_default()
    }
}
