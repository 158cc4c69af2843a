//! How long callers are going to wait, for whoever tells them: the estimator, as a fold of the log behind the brain.
//!
//! The follower fills it, off the path of calls. The brain's thread asks when a caller is due to be told something, and
//! waits for nobody: an outlook that is being written to is asked again later, and one that is behind knows places only.

use acd::{
    Acd, AgentNo, AgentState, Effects, Entry, Event, Order, QueueNo, Timestamp,
    expect::{Ewt, Expected},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

/// With its last entry so long before the brain's last, it says nothing of time: records stand still, or are filled
/// anew.
const BEHIND: Duration = Duration::from_secs(30);

/// The shared outlook.
#[derive(Debug, Default)]
pub struct Outlook(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The time of the last entry.
    at: Timestamp,
    expected: Expected,
    staff: Staff,
}

/// Its part in the stored picture of the floor.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    expected: Expected,
}

/// Who is at work for which queue.
#[derive(Debug, Default)]
struct Staff {
    serves: BTreeMap<AgentNo, Vec<QueueNo>>,
    /// By number of the queue.
    at_work: Vec<u32>,
}

/// How it looks in one queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueOutlook {
    /// What a caller who entered now could be told.
    pub ewt: Ewt,
    /// Shares of callers of late who waited no longer than their `ewt_p50` and `ewt_p80`; none with too few seen.
    pub coverage: Option<[f64; 2]>,
    /// Mean pinball losses of `ewt_p50` and `ewt_p80` in seconds; none while none is known.
    pub loss: Option<[f64; 2]>,
}

impl Outlook {
    /// Takes up the next entry; `acd` stands behind it.
    pub(super) fn follow(&self, acd: &Acd, entry: &Entry, effects: &Effects) {
        let mut known = self.lock();
        let Known { at, expected, staff } = &mut *known;
        *at = entry.at;
        if matches!(entry.event, Event::PlanChanged { .. }) {
            staff.learn(acd);
        } else {
            staff.follow(effects);
        }
        expected.follow(acd, effects, |queue| staff.at(queue), entry.at);
    }
    /// Begins again where the picture of the floor was taken, at that time and with the brain of then: with what was known,
    /// which is nothing at the first entry, or where an earlier version has taken it.
    pub(super) fn begin(&self, picture: Option<&[u8]>, acd: &Acd, at: Timestamp) {
        let stored = picture.and_then(|bytes| rmp_serde::from_slice::<Stored>(bytes).ok());
        let expected = stored.map(|stored| stored.expected).unwrap_or_default();
        let mut staff = Staff::default();
        staff.learn(acd);
        *self.lock() = Known { at, expected, staff };
    }
    /// What is known, for a snapshot.
    pub(super) fn expected(&self) -> Expected {
        self.lock().expected.clone()
    }
    /// What a caller at this place can be told, the brain's last event having been at `last`. None while it is being written
    /// to: ask again.
    #[must_use]
    pub fn ask(&self, queue: QueueNo, place: u32, last: Timestamp) -> Option<Ewt> {
        let known = match self.0.try_lock() {
            Ok(known) => known,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if last.since(known.at) > BEHIND {
            return Some(Ewt::Place(place));
        }
        Some(known.expected.ask(queue, place, known.staff.at(queue)))
    }
    /// How it looks for callers who enter now, with so many waiting in each queue.
    pub(super) fn of(&self, waiting: impl Iterator<Item = (QueueNo, u32)>) -> Vec<QueueOutlook> {
        let known = self.lock();
        let of = |(queue, waiting): (QueueNo, u32)| QueueOutlook {
            ewt: known.expected.ask(queue, waiting.saturating_add(1), known.staff.at(queue)),
            coverage: known.expected.of_late(queue),
            loss: known.expected.score(queue).and_then(acd::expect::Score::mean_losses),
        };
        waiting.map(of).collect()
    }
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Staff {
    fn learn(&mut self, acd: &Acd) {
        let queues =
            || (0..acd.directory().queue_count()).filter_map(|no| u32::try_from(no).ok()).map(QueueNo);
        self.at_work = vec![0; acd.directory().queue_count()];
        self.serves.clear();
        for (no, agent) in acd.agents() {
            let serves = queues().filter(|queue| acd.may_serve(no, *queue)).collect();
            self.serves.insert(no, serves);
            self.count(no, u32::from(is_at_work(agent.state())), 0);
        }
    }
    fn follow(&mut self, effects: &Effects) {
        for order in &effects.orders {
            if let Order::AgentMoved { agent, from, to, .. } = order {
                self.count(*agent, u32::from(is_at_work(to)), u32::from(is_at_work(from)));
            }
        }
    }
    fn count(&mut self, agent: AgentNo, more: u32, fewer: u32) {
        for queue in self.serves.get(&agent).into_iter().flatten() {
            if let Some(at_work) = self.at_work.get_mut(queue.index()) {
                *at_work = (*at_work + more).saturating_sub(fewer);
            }
        }
    }
    fn at(&self, queue: QueueNo) -> u32 {
        self.at_work.get(queue.index()).copied().unwrap_or(0)
    }
}

/// Whether she takes calls, now or when she is done with one.
const fn is_at_work(state: &AgentState) -> bool {
    match state {
        AgentState::Ready { .. }
        | AgentState::Reserved { .. }
        | AgentState::Talking { .. }
        | AgentState::WrapUp { .. } => true,
        AgentState::LoggedOut | AgentState::NotReady { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follower::Model;

    #[test]
    fn a_picture_of_before_there_were_expected_waits_has_none_and_is_read() {
        #[derive(serde::Serialize)]
        struct Before {
            applied: u64,
        }
        let outlook = Outlook::default();
        let picture = rmp_serde::to_vec_named(&Before { applied: 7 }).unwrap();
        outlook.begin(Some(&picture), &Acd::new(), Timestamp(0));
        assert_eq!(outlook.ask(QueueNo(0), 2, Timestamp(0)), Some(Ewt::Place(2)));
        let picture = Model::new(0).snapshot(&Expected::new()).unwrap();
        assert!(Model::restore(&picture, 0).is_ok(), "and a picture with them is one of the floor");
    }
}
