//! How long a caller is going to wait, as two quantiles, and how often that was true.
//!
//! A queue moves on by one place whenever somebody in it is answered. How much of its agents' time that takes has been
//! seen lately (*pace*), so a place, the pace and the number of agents make a first guess. How real waits compare with
//! that guess is remembered for callers at like places; their quantiles make the guess an announcement. Whether
//! announcements come true moves the level at which those quantiles are taken (adaptive conformal inference, Gibbs and
//! Candès 2021), so that coverage is held when the day is not like the one before.
//!
//! *Who hangs up* has a wait that nobody saw the end of. What happens next tells: the first agent who then takes a caller
//! that stood behind, in whichever queue, or finds nobody and stands idle, would have taken this one, so that is when the
//! caller would have been answered. To learn from answered callers alone would make waits look shorter than they are for
//! one who stays. An agent who comes the next morning ([`LONGEST_OPEN`]) tells nothing; then the wait stays unknown,
//! teaches nothing, and counts as announced wrongly if it had been longer than announced already.
//!
//! Without enough seen, or when its own announcements of late were too often wrong, it gives the place only.
//!
//! Integers throughout: the same calls give the same announcements on every machine. Knows no rules: who carries it
//! tells places, agents and what became of a call. O(log n) a call, bounded memory a queue.

mod follow;
mod score;
mod window;

pub use follow::FARTHEST;
pub use score::Score;

use crate::{CallId, QueueNo, Timestamp, time::micros};
use score::{Quantile, Truth};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use window::{Pace, Ratios};

/// Waiting callers who are remembered at once; of more than these nothing is learnt.
pub const MAX_WAITING: usize = 100_000;
/// Callers of a queue who have hung up and whose wait may still become known.
pub const MAX_GONE: usize = 256;
/// How long after a caller has hung up the wait may still become known: an agent who comes the next morning tells nothing.
pub const LONGEST_OPEN: Duration = Duration::from_secs(3_600);
/// Observations before times are announced.
pub const LEAST_SEEN: usize = 24;

/// What a caller can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ewt {
    /// How long it will take.
    Time {
        /// Half of all callers like this one wait no longer.
        p50: Duration,
        /// Four of five wait no longer.
        p80: Duration,
    },
    /// No time that could be relied on: the place among those who wait, from 1.
    Place(u32),
}

impl Ewt {
    /// The name of the method in records and metrics (`ewt_method`).
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Time { .. } => "pace",
            Self::Place(_) => "place",
        }
    }
}

/// A caller who has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// Where.
    pub queue: QueueNo,
    /// Those of a higher one are served before those who entered later.
    pub priority: u8,
    /// The place among those who are served by the same agents, from 1.
    pub place: u32,
    /// How many agents serve the queue, idle or not.
    pub agents: u32,
}

/// The caller whom an agent has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// Priority.
    pub priority: u8,
    /// When the visit to its queue began.
    pub entered: Timestamp,
}

impl Took {
    /// Whoever has no higher priority and came later stands behind, by whatever rule the two are weighed.
    fn stood_behind(self, told: &Told) -> bool {
        told.priority >= self.priority && told.entered < self.entered
    }
}

/// The estimator for all queues.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    queues: BTreeMap<QueueNo, Queue>,
    waiting: BTreeMap<CallId, Told>,
}

/// What a queue has taught.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Queue {
    pace: Pace,
    /// Waits as multiples of the guess, by place.
    ratios: Ratios,
    half: Quantile,
    most: Quantile,
    gone: VecDeque<Gone>,
    score: Score,
}

/// A waiting caller and what was foreseen, whether it was told or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    queue: QueueNo,
    priority: u8,
    entered: Timestamp,
    place: u32,
    agents: u32,
    foreseen: Option<Foreseen>,
    announced: bool,
}

/// In microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Foreseen {
    guess: u64,
    p50: u64,
    p80: u64,
}

/// A caller who has hung up, and may have had somebody behind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Gone {
    call: CallId,
    told: Told,
    at: Timestamp,
}

impl Expected {
    /// An estimator that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// A caller has to wait. What is returned is what is scored, so it should be what the caller is told.
    pub fn entered(&mut self, call: CallId, waiter: Waiter, now: Timestamp) -> Ewt {
        let Waiter { queue: no, priority, place, agents } = waiter;
        let queue = self.queues.entry(no).or_default();
        let foreseen = queue.foresee(place, agents);
        let ewt = queue.announce(foreseen, place);
        let announced = matches!(ewt, Ewt::Time { .. });
        if self.waiting.len() < MAX_WAITING {
            let told = Told { queue: no, priority, entered: now, place, agents, foreseen, announced };
            if self.waiting.insert(call, told).is_none() {
                queue.pace.one_more(now);
                queue.score.count(announced);
            }
        }
        ewt
    }
    /// The caller's wait ended with an answer.
    pub fn answered(&mut self, call: CallId, now: Timestamp) {
        let Some(told) = self.waiting.remove(&call) else { return };
        let Some(queue) = self.queues.get_mut(&told.queue) else { return };
        queue.pace.answered(now, told.agents);
        queue.pace.one_less();
        queue.learn(&told, now.since(told.entered));
    }
    /// An agent who serves the queue has answered a caller of this or another queue, or stands idle because nobody waits
    /// (`took` none): those who hung up and stood in front would have been answered now. To be told for every queue she
    /// serves; [`Expected::open`] names those where it matters. Returns whose wait is known now, and what it would have
    /// been.
    pub fn agent_free(
        &mut self,
        queue: QueueNo,
        took: Option<Took>,
        now: Timestamp,
    ) -> Vec<(CallId, Duration)> {
        let Some(queue) = self.queues.get_mut(&queue) else { return Vec::new() };
        queue.resolve_gone(now, |gone| took.is_none_or(|took| took.stood_behind(&gone.told)))
    }
    /// Queues in which somebody has hung up whose wait [`Expected::agent_free`] may tell.
    pub fn open(&self) -> impl Iterator<Item = QueueNo> {
        self.queues.iter().filter(|(_, queue)| !queue.gone.is_empty()).map(|(no, _)| *no)
    }
    /// The caller hung up while waiting.
    pub fn abandoned(&mut self, call: CallId, now: Timestamp) {
        let Some((told, queue)) = self.forget(call) else { return };
        if queue.gone.len() >= MAX_GONE
            && let Some(oldest) = queue.gone.pop_front()
        {
            queue.never_known(&oldest);
        }
        queue.gone.push_back(Gone { call, told, at: now });
    }
    /// The wait ended otherwise: the call went to another queue, or was sent away. Nothing is learnt from it.
    pub fn left(&mut self, call: CallId) {
        if let Some((told, queue)) = self.forget(call) {
            queue.score.forget(told.announced);
        }
    }
    /// How long it would take from this place on. Not scored.
    #[must_use]
    pub fn ask(&self, queue: QueueNo, place: u32, agents: u32) -> Ewt {
        let Some(queue) = self.queues.get(&queue) else { return Ewt::Place(place) };
        queue.announce(queue.foresee(place, agents), place)
    }
    /// Which shares of a queue's callers of late waited no longer than their `ewt_p50` and `ewt_p80`, whether they were told
    /// or not; none without enough seen.
    #[must_use]
    pub fn of_late(&self, queue: QueueNo) -> Option<[f64; 2]> {
        let queue = self.queues.get(&queue).filter(|queue| queue.ratios.seen() >= LEAST_SEEN)?;
        Some([queue.half.of_late(Quantile::HALF), queue.most.of_late(Quantile::FOUR_OF_FIVE)])
    }
    /// How true the announcements in a queue were; none of a queue in which nobody ever waited.
    #[must_use]
    pub fn score(&self, queue: QueueNo) -> Option<&Score> {
        self.queues.get(&queue).map(|queue| &queue.score)
    }

    fn forget(&mut self, call: CallId) -> Option<(Told, &mut Queue)> {
        let told = self.waiting.remove(&call)?;
        let queue = self.queues.get_mut(&told.queue)?;
        queue.pace.one_less();
        Some((told, queue))
    }
}

impl Queue {
    fn foresee(&self, place: u32, agents: u32) -> Option<Foreseen> {
        let guess = self.pace.guess(place, agents)?;
        let of = |quantile: &Quantile, target| self.ratios.quantile(place, quantile.level(target), guess);
        let p50 = of(&self.half, Quantile::HALF)?;
        let p80 = of(&self.most, Quantile::FOUR_OF_FIVE)?;
        Some(Foreseen { guess, p50, p80: p80.max(p50) })
    }

    fn announce(&self, foreseen: Option<Foreseen>, place: u32) -> Ewt {
        let trusted = self.ratios.seen() >= LEAST_SEEN && self.half.is_true() && self.most.is_true();
        match foreseen {
            Some(Foreseen { p50, p80, .. }) if trusted => {
                Ewt::Time { p50: Duration::from_micros(p50), p80: Duration::from_micros(p80) }
            }
            Some(_) | None => Ewt::Place(place),
        }
    }

    /// It is known how long a caller had to wait, or would have had to.
    fn learn(&mut self, told: &Told, waited: Duration) {
        let waited = micros(waited);
        if let Some(Foreseen { p50, p80, .. }) = told.foreseen {
            self.half.happened(waited, p50, Quantile::HALF);
            self.most.happened(waited, p80, Quantile::FOUR_OF_FIVE);
            if told.announced {
                self.score.known(Truth { waited, p50, p80 });
            }
        }
        // A guess may not have been possible on entry; then today's says what the wait would have been a multiple of.
        let guess = told.foreseen.map(|foreseen| foreseen.guess);
        if let Some(guess) = guess.or_else(|| self.pace.guess(told.place, told.agents)) {
            self.ratios.add(told.place, waited, guess);
        }
    }

    fn resolve_gone(&mut self, now: Timestamp, in_front: impl Fn(&Gone) -> bool) -> Vec<(CallId, Duration)> {
        let mut known = Vec::new();
        if !self.gone.iter().any(&in_front) {
            return known;
        }
        for gone in std::mem::take(&mut self.gone) {
            let waited = now.since(gone.told.entered);
            if !in_front(&gone) {
                self.gone.push_back(gone);
            } else if now.since(gone.at) <= LONGEST_OPEN {
                self.learn(&gone.told, waited);
                known.push((gone.call, waited));
            } else {
                self.never_known(&gone);
            }
        }
        known
    }

    /// Of such a caller it is known only that the wait would have been longer. That is enough to count an announcement
    /// as wrong, but never as true, so levels are not moved by it: they would drift.
    fn never_known(&mut self, gone: &Gone) {
        if let (Some(Foreseen { p50, p80, .. }), true) = (gone.told.foreseen, gone.told.announced) {
            let waited = micros(gone.at.since(gone.told.entered));
            self.score.unknown(Truth { waited, p50, p80 });
        }
    }
}
