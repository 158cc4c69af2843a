//! Tells waiting callers their place and the wait to be expected, over their music. It decides nothing: where a call is
//! the brain knows, how long it takes the follower, and who hears it the player.

mod told;

use crate::{
    media::{Sound, SoundError, Sounds},
    metrics::Came,
};
use acd::{
    Acd, CallId, Order, QueueNo, Timestamp, Treatment,
    call::{CallState, Far},
    expect::Ewt,
};
use config::{
    Told,
    speech::{self, Quantile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use told::Promises;

/// Callers who are told something in one turn: each costs a look along the queue.
const AT_ONCE: usize = 50;
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
        let clips = speech::clips(told.language, told.tells());
        let clips = clips.into_iter().map(clip).collect::<Result<_, SoundError>>()?;
        Ok(Self { told, clips })
    }
    /// The wait that is told, if one is.
    fn expected(&self, ewt: Ewt) -> Option<Duration> {
        let Ewt::Time { p50, p80 } = ewt else { return None };
        self.told.wait.then_some(match self.told.quantile {
            Quantile::P50 => p50,
            Quantile::P80 => p80,
        })
    }
    fn sentence(&self, place: u32, expected: Option<Duration>) -> Vec<Arc<Sound>> {
        let language = self.told.language;
        let tells_place = self.told.position || (expected.is_none() && self.told.place_instead);
        let position = tells_place.then(|| speech::position(language, place));
        let wait = expected.map(|expected| speech::wait(language, expected));
        let callback = self.told.callback.map(speech::callback);
        let names = position.into_iter().chain(wait).chain(callback).flatten();
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
    promises: Promises,
}

/// Something to say now.
#[derive(Debug)]
pub struct Speech {
    /// To whom.
    pub call: CallId,
    /// Who waits there.
    pub queue: QueueNo,
    /// What is told: the wait, the place alone, or neither.
    pub ewt: Option<Ewt>,
    /// In clips that are joined.
    pub clips: Vec<Arc<Sound>>,
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
    /// Takes note of who waits, and of who waits no longer.
    pub fn note(&mut self, order: &Order, now: Timestamp) {
        let hears = |treatment| matches!(treatment, Treatment::Music | Treatment::EarlyMedia);
        if let Order::Treat { call, queue, treatment } = *order
            && hears(treatment)
        {
            self.begins(call, queue, now);
        }
        if let Order::Connect { offer } = *order {
            self.promises.answered(offer.call, now);
        }
        if let Order::CallOver { call } = *order {
            self.promises.gone(call, now);
        }
    }
    /// A caller was given music in a queue.
    fn begins(&mut self, call: CallId, queue: QueueNo, now: Timestamp) {
        let somebody_tells = self.queues.iter().any(Option::is_some);
        if somebody_tells && self.waiting.insert(call) {
            self.due.insert((now + self.every(queue).unwrap_or(LATER), call));
        }
    }
    /// What has become of waits that callers were told, since it was asked last.
    pub fn take_known(&mut self) -> Vec<(QueueNo, Came)> {
        self.promises.take_known()
    }
    /// When [`Announcer::tell`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }
    /// What has to be said now, and to whom; `expected` knows how long it takes from a place on, or has no time just now.
    pub fn tell(
        &mut self,
        now: Timestamp,
        whereabouts: impl Fn(CallId) -> Whereabouts,
        expected: impl Fn(QueueNo, u32) -> Option<Ewt>,
    ) -> Vec<Speech> {
        let mut said = Vec::new();
        for _ in 0..AT_ONCE {
            let Some((at, call)) = self.due.first().copied().filter(|(at, _)| *at <= now) else { break };
            self.due.remove(&(at, call));
            match whereabouts(call) {
                Whereabouts::Waiting(queue, place) => {
                    said.extend(self.tell_one(call, (queue, place), now, &expected));
                }
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
        expected: impl Fn(QueueNo, u32) -> Option<Ewt>,
    ) -> Option<Speech> {
        let Some(speech) = self.queues.get(queue.index()).and_then(Option::as_ref) else {
            self.due.insert((now + LATER, call)); // it may go on to a queue that tells something
            return None;
        };
        let Some(ewt) = expected(queue, place) else {
            self.due.insert((now + SOON, call));
            return None;
        };
        let wait = speech.expected(ewt);
        let clips = speech.sentence(place, wait);
        self.due.insert((now + speech.told.every, call));
        if let Some(wait) = wait {
            self.promises.told(call, queue, now + wait);
        }
        let tells_place = speech.told.position || speech.told.place_instead;
        let ewt = if wait.is_some() { Some(ewt) } else { tells_place.then_some(Ewt::Place(place)) };
        (!clips.is_empty()).then_some(Speech { call, queue, ewt, clips })
    }
    fn every(&self, queue: QueueNo) -> Option<Duration> {
        Some(self.queues.get(queue.index())?.as_ref()?.told.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::speech::{Language, Tells};

    const QUEUE: QueueNo = QueueNo(0);

    /// Nobody knows how long it takes.
    const fn place(_: QueueNo, place: u32) -> Option<Ewt> {
        Some(Ewt::Place(place))
    }

    fn announcer() -> Announcer {
        announcer_that(|_| {})
    }

    fn announcer_that(differs: impl FnOnce(&mut Told)) -> Announcer {
        let mut told = Told {
            language: Language::English,
            position: true,
            wait: true,
            callback: None,
            quantile: Quantile::P80,
            place_instead: false,
            every: Duration::from_secs(30),
            folder: "clips".into(),
        };
        differs(&mut told);
        let clips = speech::clips(told.language, Tells::ALL);
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
        let told = announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 7), place);
        let lengths: Vec<_> = told.iter().map(|said| (said.call, said.clips.len())).collect();
        assert_eq!(lengths, [(call(1), 2)], "position and seven; nobody knows the wait yet");
        assert!(announcer.tell(at(59), |_| Whereabouts::Waiting(QUEUE, 7), place).is_empty());
        assert!(announcer.tell(at(60), |_| Whereabouts::Ringing, place).is_empty());
        assert_eq!(announcer.next_deadline(), Some(at(61)));
        assert!(announcer.tell(at(61), |_| Whereabouts::Talking, place).is_empty());
        assert_eq!(announcer.tell(at(91), |_| Whereabouts::Waiting(QUEUE, 1), place).len(), 1, "given back");
        assert!(announcer.tell(at(121), |_| Whereabouts::Gone, place).is_empty());
        assert_eq!((announcer.next_deadline(), announcer.waiting.len()), (None, 0));
    }

    #[test]
    fn who_overflows_into_a_queue_that_tells_something_is_told() {
        let mut announcer = announcer();
        announcer.begins(call(1), QueueNo(1), at(0));
        assert!(announcer.tell(at(30), |_| Whereabouts::Waiting(QueueNo(1), 3), place).is_empty());
        assert_eq!(announcer.tell(at(60), |_| Whereabouts::Waiting(QUEUE, 3), place).len(), 1);
    }

    fn minutes(half: u64, most: u64) -> impl Fn(QueueNo, u32) -> Option<Ewt> {
        let of = |minutes| Duration::from_secs(60 * minutes);
        move |_, _| Some(Ewt::Time { p50: of(half), p80: of(most) })
    }

    fn words(announcer: &Announcer, said: &[Speech]) -> Vec<&'static str> {
        let clips = &announcer.queues[0].as_ref().unwrap().clips;
        let name = |sound| clips.iter().find(|(_, known)| Arc::ptr_eq(known, sound)).map(|(name, _)| *name);
        said.iter().flat_map(|said| &said.clips).filter_map(name).collect()
    }

    #[test]
    fn the_quantile_that_was_chosen_is_told_and_what_came_of_it_is_counted() {
        for (quantile, minutes_told) in [(Quantile::P50, "4"), (Quantile::P80, "7")] {
            let mut announcer = announcer_that(|told| told.quantile = quantile);
            announcer.begins(call(1), QUEUE, at(0));
            let said = announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 7), minutes(4, 7));
            assert_eq!(said[0].ewt.unwrap().method(), "pace");
            assert_eq!(words(&announcer, &said), ["position", "7", "wait", minutes_told, "minutes"]);
            let offer = acd::OfferId { call: call(1), attempt: 1 };
            announcer.note(&Order::Connect { offer }, at(30 + 5 * 60));
            let came = if quantile == Quantile::P50 { Came::Late } else { Came::True };
            assert_eq!(announcer.take_known(), [(QUEUE, came)]);
        }
    }

    #[test]
    fn who_hangs_up_leaves_open_whether_it_was_true() {
        let mut announcer = announcer();
        announcer.begins(call(1), QUEUE, at(0));
        announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 1), minutes(4, 7));
        announcer.note(&Order::CallOver { call: call(1) }, at(60));
        assert_eq!(announcer.take_known(), [(QUEUE, Came::Unknown)]);
    }

    #[test]
    fn the_place_is_told_where_no_wait_can_be_relied_on() {
        for (place_instead, told) in [(true, vec!["position", "7"]), (false, vec![])] {
            let mut announcer = announcer_that(|told| {
                (told.position, told.place_instead) = (false, place_instead);
            });
            announcer.begins(call(1), QUEUE, at(0));
            let said = announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 7), place);
            assert_eq!(words(&announcer, &said), told);
            assert!(said.iter().all(|said| said.ewt == Some(Ewt::Place(7))));
            let said = announcer.tell(at(60), |_| Whereabouts::Waiting(QUEUE, 7), minutes(1, 3));
            assert_eq!(
                words(&announcer, &said),
                ["wait", "3", "minutes"],
                "the time alone, when there is one"
            );
        }
    }

    #[test]
    fn the_key_that_keeps_the_place_is_told_behind_the_rest_or_alone() {
        for (position, told) in
            [(true, vec!["position", "7", "callback", "star"]), (false, vec!["callback", "star"])]
        {
            let mut announcer = announcer_that(|told| {
                (told.position, told.wait, told.callback) = (position, false, Some('*'));
            });
            announcer.begins(call(1), QUEUE, at(0));
            let said = announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 7), place);
            assert_eq!(words(&announcer, &said), told);
            assert_eq!(said[0].ewt, position.then_some(Ewt::Place(7)));
        }
    }

    #[test]
    fn an_outlook_that_is_being_written_to_is_asked_again_soon() {
        let mut announcer = announcer();
        announcer.begins(call(1), QUEUE, at(0));
        assert!(announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 1), |_, _| None).is_empty());
        assert_eq!(announcer.next_deadline(), Some(at(31)));
    }

    #[test]
    fn a_burst_of_callers_is_told_in_several_turns() {
        let mut announcer = announcer();
        (0..120).for_each(|number| announcer.begins(call(number), QUEUE, at(0)));
        let mut turn = || announcer.tell(at(30), |_| Whereabouts::Waiting(QUEUE, 1), place).len();
        assert_eq!([turn(), turn(), turn(), turn()], [50, 50, 20, 0]);
    }
}
