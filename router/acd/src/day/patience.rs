//! How long callers wait before they give up, from what was seen of them (Kaplan and Meier 1958).
//!
//! Of a caller who was answered it is known only that the patience was longer than the wait. Leaving such callers out
//! would make all look impatient; this estimate counts each among those who might have given up for as long as seen.

use super::Random;
use std::time::Duration;

/// What was seen of one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// How long the caller waited.
    pub waited: Duration,
    /// Whether the wait ended because the caller gave up.
    pub gave_up: bool,
}

/// The share of callers who are still there after a wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patience {
    /// Waits at which somebody gave up, ascending, and the share that stays beyond each.
    steps: Vec<(Duration, f64)>,
}

impl Patience {
    /// The estimate from these callers; nobody seen giving up means that nobody ever does.
    #[must_use]
    pub fn fit(seen: impl IntoIterator<Item = Seen>) -> Self {
        let mut seen: Vec<Seen> = seen.into_iter().collect();
        seen.sort_unstable();
        let (mut steps, mut share) = (Vec::new(), 1.0);
        let mut rest = seen.as_slice();
        while let Some(first) = rest.first() {
            let here = rest.partition_point(|other| other.waited == first.waited);
            let gone = rest[..here].iter().filter(|seen| seen.gave_up).count();
            if gone > 0 {
                share *= 1.0 - gone as f64 / rest.len() as f64;
                steps.push((first.waited, share));
            }
            rest = &rest[here..];
        }
        Self { steps }
    }
    /// The share of callers whose patience is longer than this.
    #[must_use]
    pub fn beyond(&self, waited: Duration) -> f64 {
        let passed = self.steps.partition_point(|(at, _)| *at <= waited);
        passed.checked_sub(1).map_or(1.0, |last| self.steps[last].1)
    }
    /// The patience of a caller who is known to have had more than `waited`; none for one who waits longer than
    /// anybody was seen to.
    #[must_use]
    pub fn draw_beyond(&self, waited: Duration, random: &mut Random) -> Option<Duration> {
        let share = self.beyond(waited) * random.unit();
        let passed = self.steps.partition_point(|(_, beyond)| *beyond > share);
        self.steps.get(passed).map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(waited: u64, gave_up: bool) -> Seen {
        Seen { waited: Duration::from_secs(waited), gave_up }
    }

    #[test]
    fn who_was_answered_counts_as_patient_up_to_then() {
        let five = [seen(1, true), seen(2, false), seen(3, true), seen(3, false), seen(9, false)];
        let patience = Patience::fit(five);
        let after = |s| patience.beyond(Duration::from_secs(s));
        assert_eq!((after(0), after(1), after(2)), (1.0, 0.8, 0.8));
        assert!((after(3) - 0.8 * 2.0 / 3.0).abs() < 1e-12 && after(3) == after(100));
    }

    #[test]
    fn patience_is_drawn_beyond_what_was_seen_of_a_caller() {
        let patience = Patience::fit((1..=100).map(|s| seen(s, true)));
        let mut random = Random::new(1);
        let waited = Duration::from_secs(50);
        let drawn: Vec<u64> = (0..1_000)
            .filter_map(|_| patience.draw_beyond(waited, &mut random))
            .map(|d| d.as_secs())
            .collect();
        assert_eq!((drawn.len(), drawn.iter().min(), drawn.iter().max()), (1_000, Some(&51), Some(&100)));
        let mean = drawn.iter().sum::<u64>() as f64 / 1_000.0;
        assert!((mean - 75.5).abs() < 2.0, "{mean}");
        assert_eq!(Patience::fit([seen(5, false)]).draw_beyond(waited, &mut random), None);
    }
}
