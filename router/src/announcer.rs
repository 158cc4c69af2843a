//! Tells waiting callers their place and the wait to be expected, over their music. It decides nothing: where a call is
//! the brain knows, and who hears it the player.

use crate::media::{Sound, SoundError, Sounds};
use acd::{
    Acd, Call, CallId, Order, QueueNo, Timestamp, Treatment,
    call::{CallState, Far},
};
use config::{Told, speech};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Callers who are told something in one turn: each costs a look along the queue.
const AT_ONCE: usize = 50;
/// How many answered calls the pace of a queue is taken from.
const PACE_CALLS: usize = 20;
/// With fewer than these, or none of them within this time, nobody can tell how long it will take.
const LEAST_CALLS: usize = 5;
const PACE_AGE: Duration = Duration::from_secs(900);

/// When to look again for a caller who rings somebody, and for one who talks or is in a queue that tells nothing.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(30);
/// So many callers in front of one are looked at; farther places are not told as numbers.
const FARTHEST: u32 = 200;

/// What the callers of one queue are told.
#[derive(Debug)]
pub struct QueueSpeech {
    told: Told,
    clips: BTreeMap<&'static str, Arc<Sound>>,
}

impl QueueSpeech {
    /// Reads its clips.
    ///
    /// # Errors
    /// [`SoundError`] of the first that cannot be played.
    pub fn load(told: Told, sounds: &mut Sounds) -> Result<Self, SoundError> {
        let clip = |(name, _)| {
            let file = told.folder.join(format!("{name}.wav"));
            Ok((name, sounds.get(Some(&file))?))
        };
        let clips = speech::clips(told.language, told.position, told.wait);
        let clips = clips.into_iter().map(clip).collect::<Result<_, SoundError>>()?;
        Ok(Self { told, clips })
    }
    fn sentence(&self, place: u32, pace: Option<Duration>) -> Vec<Arc<Sound>> {
        let language = self.told.language;
        let position = self.told.position.then(|| speech::position(language, place));
        let expected = pace.filter(|_| self.told.wait).map(|pace| pace * place);
        let wait = expected.map(|expected| speech::wait(language, expected));
        let names = position.into_iter().chain(wait).flatten();
        names.filter_map(|name| self.clips.get(name).cloned()).collect()
    }
}

/// Where a call is, as far as its caller has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Waits in this queue at this place, counted from 1.
    Waiting(QueueNo, u32),
    /// Rings somebody: it may be back soon.
    Ringing,
    /// Talks: it may be back, when it is transferred or could not be joined.
    Talking,
    /// Gone.
    Gone,
}

impl Whereabouts {
    /// As the brain knows it.
    #[must_use]
    pub fn of(acd: &Acd, id: CallId) -> Self {
        let Some(call) = acd.call(id) else { return Self::Gone };
        match (call.state(), call.visit(), acd.place_in_queue(id, FARTHEST)) {
            (CallState::Queued, Some(visit), Some(place)) => Self::Waiting(visit.queue, place),
            (CallState::Offered { .. } | CallState::Outside { stage: Far::Dialling { .. }, .. }, ..) => {
                Self::Ringing
            }
            _ => Self::Talking,
        }
    }
}

/// Who is told when.
#[derive(Debug, Default)]
pub struct Announcer {
    /// By queue; none for queues that tell nothing.
    queues: Vec<Option<QueueSpeech>>,
    due: BTreeSet<(Timestamp, CallId)>,
    waiting: BTreeSet<CallId>,
    /// When calls of a queue were answered lately.
    answered: BTreeMap<QueueNo, VecDeque<Timestamp>>,
}

impl Announcer {
    /// What is told in each queue, by number.
    #[must_use]
    pub fn new(queues: Vec<Option<QueueSpeech>>) -> Self {
        Self { queues, ..Self::default() }
    }
    /// Other things are told from now on, by number of the queue.
    pub fn learn(&mut self, queues: Vec<Option<QueueSpeech>>) {
        self.queues = queues;
    }
    /// Takes note of who waits, and of how fast a queue is served.
    pub fn note(&mut self, order: &Order, acd: &Acd, now: Timestamp) {
        let hears = |treatment| matches!(treatment, Treatment::Music | Treatment::EarlyMedia);
        if let Order::Treat { call, queue, treatment } = *order
            && hears(treatment)
        {
            self.begins(call, queue, now);
        }
        if let Order::Connect { offer } = *order
            && let Some(visit) = acd.call(offer.call).and_then(Call::visit)
        {
            self.answered(visit.queue, now);
        }
    }
    /// A caller was given music in a queue.
    fn begins(&mut self, call: CallId, queue: QueueNo, now: Timestamp) {
        let somebody_tells = self.queues.iter().any(Option::is_some);
        if somebody_tells && self.waiting.insert(call) {
            self.due.insert((now + self.every(queue).unwrap_or(LATER), call));
        }
    }
    /// An agent of a queue has answered a call.
    fn answered(&mut self, queue: QueueNo, now: Timestamp) {
        if self.every(queue).is_none() {
            return;
        }
        let answered = self.answered.entry(queue).or_default();
        answered.push_back(now);
        if answered.len() > PACE_CALLS {
            answered.pop_front();
        }
    }
    /// When [`Announcer::tell`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }
    /// What has to be said now, and to whom.
    pub fn tell(
        &mut self,
        now: Timestamp,
        whereabouts: impl Fn(CallId) -> Whereabouts,
    ) -> Vec<(CallId, Vec<Arc<Sound>>)> {
        let mut said = Vec::new();
        for _ in 0..AT_ONCE {
            let Some((at, call)) = self.due.first().copied().filter(|(at, _)| *at <= now) else { break };
            self.due.remove(&(at, call));
            match whereabouts(call) {
                Whereabouts::Waiting(queue, place) => self.tell_one(call, (queue, place), now, &mut said),
                Whereabouts::Ringing => drop(self.due.insert((now + SOON, call))),
                Whereabouts::Talking => drop(self.due.insert((now + LATER, call))),
                Whereabouts::Gone => drop(self.waiting.remove(&call)),
            }
        }
        said
    }
    fn tell_one(
        &mut self,
        call: CallId,
        (queue, place): (QueueNo, u32),
        now: Timestamp,
        said: &mut Vec<(CallId, Vec<Arc<Sound>>)>,
    ) {
        let Some(speech) = self.queues.get(queue.index()).and_then(Option::as_ref) else {
            self.due.insert((now + LATER, call)); // it may go on to a queue that tells something
            return;
        };
        let sentence = speech.sentence(place, self.pace(queue, now));
        self.due.insert((now + speech.told.every, call));
        if !sentence.is_empty() {
            said.push((call, sentence));
        }
    }
    fn every(&self, queue: QueueNo) -> Option<Duration> {
        Some(self.queues.get(queue.index())?.as_ref()?.told.every)
    }
    /// Mean time between two answered calls of a queue, if enough of them are known and not too long ago.
    fn pace(&self, queue: QueueNo, now: Timestamp) -> Option<Duration> {
        let answered = self.answered.get(&queue)?;
        let (first, last) = (answered.front()?, answered.back()?);
        let known = answered.len() >= LEAST_CALLS && now.since(*last) <= PACE_AGE;
        // The time since the last one counts: a queue that nobody serves any more grows slower with every second.
        known.then(|| now.since(*first) / u32::try_from(answered.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::speech::Language;

    const QUEUE: QueueNo = QueueNo(0);

    fn announcer() -> Announcer {
        let told = Told {
            language: Language::English,
            position: true,
            wait: true,
            every: Duration::from_secs(30),
            folder: "clips".into(),
        };
        let clips = speech::clips(told.language, true, true);
        let clips = clips.into_iter().map(|(name, _)| (name, Arc::new(Sound::tune()))).collect();
        Announcer::new(vec![Some(QueueSpeech { told, clips }), None])
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn call(number: u128) -> CallId {
        CallId::from_u128(number)
    }

    #[test]
    fn a_waiting_caller_is_told_again_and_again_and_a_talking_one_is_not() {
        let mut announcer = announcer();
        announcer.begins(call(1), QUEUE, at(0));
        announcer.begins(call(1), QUEUE, at(5));
        assert_eq!(announcer.next_deadline(), Some(at(30)));
        let told = announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 7));
        let lengths: Vec<_> = told.iter().map(|(call, clips)| (*call, clips.len())).collect();
        assert_eq!(lengths, [(call(1), 2)], "position and seven; nobody knows the wait yet");
        assert!(announcer.tell(at(59), |_| Whereabouts::Waiting(QUEUE, 7)).is_empty());
        assert!(announcer.tell(at(60), |_| Whereabouts::Ringing).is_empty());
        assert_eq!(announcer.next_deadline(), Some(at(61)));
        assert!(announcer.tell(at(61), |_| Whereabouts::Talking).is_empty());
        assert_eq!(announcer.tell(at(91), |_| Whereabouts::Waiting(QUEUE, 1)).len(), 1, "given back");
        assert!(announcer.tell(at(121), |_| Whereabouts::Gone).is_empty());
        assert_eq!((announcer.next_deadline(), announcer.waiting.len()), (None, 0));
    }

    #[test]
    fn who_overflows_into_a_queue_that_tells_something_is_told() {
        let mut announcer = announcer();
        announcer.begins(call(1), QueueNo(1), at(0));
        assert!(announcer.tell(at(30), |_| Whereabouts::Waiting(QueueNo(1), 3)).is_empty());
        assert_eq!(announcer.tell(at(60), |_| Whereabouts::Waiting(QUEUE, 3)).len(), 1);
    }

    #[test]
    fn the_wait_is_told_from_the_pace_of_the_queue() {
        let mut announcer = announcer();
        (0..10).for_each(|number| announcer.answered(QUEUE, at(number * 60)));
        // Ten calls in ten minutes; at place 7 that is seven minutes.
        assert_eq!(announcer.pace(QUEUE, at(600)), Some(Duration::from_secs(60)));
        announcer.begins(call(1), QUEUE, at(570));
        let told = announcer.tell(at(600), |_| Whereabouts::Waiting(QUEUE, 7));
        assert_eq!(told[0].1.len(), 5, "position, seven; wait, seven, minutes");
        assert_eq!(announcer.pace(QUEUE, at(540 + 901)), None, "nobody was answered for long");
    }

    #[test]
    fn a_burst_of_callers_is_told_in_several_turns() {
        let mut announcer = announcer();
        (0..120).for_each(|number| announcer.begins(call(number), QUEUE, at(0)));
        let mut turn = || announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 1)).len();
        assert_eq!([turn(), turn(), turn(), turn()], [50, 50, 20, 0]);
    }
}
