//! The numbers of a run.

use crate::{media::MediaFigures, tally::Ending, timeline::Timeline};
use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

/// What should not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// An INVITE got no answer at all.
    NoResponse,
    /// A caller was left without a final answer after its CANCEL.
    CancelUnanswered,
    /// A BYE got no answer.
    ByeUnanswered,
    /// A BYE was answered with an error.
    ByeRefused,
    /// A 2xx of ours was never acknowledged.
    NoAck,
    /// A phone rang although the agent had a call.
    AgentHasTwoCalls,
    /// Something came that is no SIP message.
    Malformed,
    /// A call lived when the run was over.
    NeverEnded,
    /// A desktop could not sign in.
    SignInFailed,
    /// A desktop's connection broke.
    DesktopLost,
    /// A desktop missed an event: its sequence numbers have a gap.
    DesktopGap,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoResponse => "no_response",
            Self::CancelUnanswered => "cancel_unanswered",
            Self::ByeUnanswered => "bye_unanswered",
            Self::ByeRefused => "bye_refused",
            Self::NoAck => "no_ack",
            Self::AgentHasTwoCalls => "agent_has_two_calls",
            Self::Malformed => "malformed",
            Self::NeverEnded => "never_ended",
            Self::SignInFailed => "sign_in_failed",
            Self::DesktopLost => "desktop_lost",
            Self::DesktopGap => "desktop_gap",
        })
    }
}

/// Counts and latencies of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Calls placed.
    pub placed: u64,
    /// Arrivals that were not placed, because too many calls were in progress.
    pub held_back: u64,
    /// Callers that got a 2xx (from an agent or from the queue's music).
    pub answered: u64,
    /// Callers that heard an agent.
    pub connected: u64,
    /// Of those, conversations that ended in the ordinary way.
    pub completed: u64,
    /// Callers that ran out of patience.
    pub abandoned: u64,
    /// Callers refused, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Callers ended by the router before an agent was there, after an answer.
    pub sent_away: u64,
    /// Calls that the end of the run cut short.
    pub stopped: u64,
    /// INVITEs that reached phones.
    pub offers: u64,
    /// Phones that answered.
    pub picked_up: u64,
    /// What should not have happened, by kind.
    pub failures: BTreeMap<Failure, u64>,
    /// Caller's INVITE → agent's INVITE, callers that did not queue.
    pub caller_to_agent: Latency,
    /// Agent's 200 → caller's 200.
    pub agent_to_caller: Latency,
    /// Agent's 200 → caller's re-INVITE, callers that had music.
    pub agent_to_reinvite: Latency,
    /// Agent's BYE → caller's BYE.
    pub hang_up: Latency,
    /// Caller's INVITE → caller hears an agent, the ringing included.
    pub wait: Latency,
    /// Offer at the desktop → phone rings.
    pub desk_lead: Latency,
    /// What waiting callers heard.
    pub media: MediaFigures,
    /// What desktops saw.
    pub desktops: DesktopFigures,
    /// The run, second by second.
    pub timeline: Timeline,
    /// When the first and the last call was placed.
    #[serde(skip)]
    placing: Option<(Instant, Instant)>,
}

/// What desktops saw.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct DesktopFigures {
    /// Desktops signed in (again).
    pub signed_in: u64,
    /// Offers shown.
    pub offers: u64,
    /// Of those, offers shown after the phone had begun to ring.
    pub offers_after_ring: u64,
    /// Offers withdrawn.
    pub withdrawn: u64,
    /// Cards shown.
    pub pops: u64,
    /// Wrap-ups done.
    pub wrapped_up: u64,
    /// Desktops replaced by a newer session.
    pub replaced: u64,
    /// Commands answered with an error.
    pub refused_commands: u64,
}

impl Figures {
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            placed: 0,
            held_back: 0,
            answered: 0,
            connected: 0,
            completed: 0,
            abandoned: 0,
            refused: BTreeMap::new(),
            sent_away: 0,
            stopped: 0,
            offers: 0,
            picked_up: 0,
            failures: BTreeMap::new(),
            caller_to_agent: Latency::default(),
            agent_to_caller: Latency::default(),
            agent_to_reinvite: Latency::default(),
            hang_up: Latency::default(),
            wait: Latency::default(),
            desk_lead: Latency::default(),
            media: MediaFigures::default(),
            desktops: DesktopFigures::default(),
            timeline: Timeline::new(start),
            placing: None,
        }
    }
    pub(crate) fn place(&mut self, now: Instant) {
        self.placed += 1;
        self.timeline.at(now).placed += 1;
        self.placing.get_or_insert((now, now)).1 = now;
    }
    /// Calls placed per second, from the first to the last; 0 with fewer than two.
    #[must_use]
    pub fn placed_per_s(&self) -> f64 {
        match self.placing {
            Some((first, last)) if last > first => (self.placed - 1) as f64 / (last - first).as_secs_f64(),
            Some(_) | None => 0.0,
        }
    }
    pub(crate) fn fail(&mut self, failure: Failure) {
        *self.failures.entry(failure).or_insert(0) += 1;
    }
    pub(crate) fn end(&mut self, ending: Ending, now: Instant) {
        self.timeline.at(now).ended += 1;
        match ending {
            Ending::Completed => self.completed += 1,
            Ending::Abandoned => self.abandoned += 1,
            Ending::Refused(status) => *self.refused.entry(status).or_insert(0) += 1,
            Ending::SentAway => self.sent_away += 1,
            Ending::Stopped => self.stopped += 1,
            Ending::Failed(failure) => self.fail(failure),
        }
    }
    /// Share of the callers placed who heard an agent; none before the first call.
    #[must_use]
    pub fn connected_ratio(&self) -> Option<f64> {
        (self.placed > 0).then(|| self.connected as f64 / self.placed as f64)
    }
    /// Whether anything happened that should not.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }
}

/// Latencies in an HDR histogram: microseconds, three significant digits, up to an hour.
#[derive(Clone, Debug)]
pub struct Latency(Option<Histogram<u64>>);

impl Default for Latency {
    fn default() -> Self {
        // The bounds are constants within the library's limits; without a histogram nothing would be recorded.
        Self(Histogram::new_with_bounds(1, 3_600_000_000, 3).ok())
    }
}

impl Latency {
    /// Adds one.
    pub(crate) fn record(&mut self, time: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
        }
    }
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }
    /// The latency that this share of all does not exceed, in milliseconds; none when there is none at all.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(share) as f64 / 1_000.0)
    }
    /// The longest, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> Option<f64> {
        self.quantile_ms(1.0)
    }
    /// Milliseconds and the share of latencies up to them, for a curve.
    pub(crate) fn curve(&self) -> Vec<(f64, f64)> {
        const STEPS_PER_HALF: u32 = 5;
        self.0.as_ref().map_or_else(Vec::new, |histogram| {
            histogram
                .iter_quantiles(STEPS_PER_HALF)
                .map(|step| (step.value_iterated_to() as f64 / 1_000.0, step.quantile()))
                .collect()
        })
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Summary {
            n: u64,
            p50_ms: Option<f64>,
            p90_ms: Option<f64>,
            p99_ms: Option<f64>,
            max_ms: Option<f64>,
        }
        Summary {
            n: self.count(),
            p50_ms: self.quantile_ms(0.5),
            p90_ms: self.quantile_ms(0.9),
            p99_ms: self.quantile_ms(0.99),
            max_ms: self.max_ms(),
        }
        .serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_by_quantile() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile_ms(0.5), None);
        (1..=100).for_each(|ms| latency.record(Duration::from_millis(ms)));
        assert_eq!(latency.count(), 100);
        assert!((latency.quantile_ms(0.5).unwrap() - 50.0).abs() < 0.1);
        assert!((latency.max_ms().unwrap() - 100.0).abs() < 0.2);
        assert!(latency.curve().windows(2).all(|pair| pair[0].1 <= pair[1].1));
    }
}
