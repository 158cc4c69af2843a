//! The five service levels, from five counts.
//!
//! The clock starts at the entry into the queue and stops at the phone's 2xx, so ring time counts.

use crate::Micros;

/// What a service level is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered.
    pub answered: u64,
    /// Answered within T.
    pub answered_in_t: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// Abandoned within T.
    pub abandoned_in_t: u64,
    /// Abandoned within the short threshold.
    pub short_abandoned: u64,
}

/// Whether a wait is within a threshold: whole milliseconds, exactly T is within.
#[must_use]
pub const fn within(wait: Micros, threshold: Micros) -> bool {
    wait / 1_000 <= threshold / 1_000
}

/// Each is a share from 0 to 1, or `None` when nothing is left to divide by: no calls is neither 100 % nor 0 %.
impl Counts {
    /// A_T / A. *Only Handled* (UCCX), `SL` (Asterisk).
    #[must_use]
    pub fn only_handled(&self) -> Option<f64> {
        ratio(self.answered_in_t, self.answered)
    }
    /// A_T / (N − Ab_T). *Without Abandon* (UCCX), *SL Aban Ignored* (ICM).
    #[must_use]
    pub fn ignore_abandoned(&self) -> Option<f64> {
        ratio(self.answered_in_t, self.all().saturating_sub(self.abandoned_in_t))
    }
    /// (A_T + Ab_T) / N. *Positive Abandon* (UCCX), `SL2` (Asterisk).
    #[must_use]
    pub fn positive_abandon(&self) -> Option<f64> {
        ratio(self.answered_in_t + self.abandoned_in_t, self.all())
    }
    /// A_T / N. *Negative Abandon* (UCCX).
    #[must_use]
    pub fn negative_abandon(&self) -> Option<f64> {
        ratio(self.answered_in_t, self.all())
    }
    /// A_T / (N − Ab_s). Genesys without short abandons.
    #[must_use]
    pub fn exclude_short(&self) -> Option<f64> {
        ratio(self.answered_in_t, self.all().saturating_sub(self.short_abandoned))
    }
    const fn all(&self) -> u64 {
        self.answered + self.abandoned
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(counts: &Counts) -> [Option<f64>; 5] {
        [
            counts.only_handled(),
            counts.ignore_abandoned(),
            counts.positive_abandon(),
            counts.negative_abandon(),
            counts.exclude_short(),
        ]
        .map(|share| share.map(|share| (share * 1_000.0).round() / 10.0))
    }

    #[test]
    fn the_icmi_example_gives_five_different_figures() {
        let counts = Counts {
            answered: 1_000,
            answered_in_t: 860,
            abandoned: 60,
            abandoned_in_t: 20,
            short_abandoned: 10,
        };
        assert_eq!(percent(&counts), [86.0, 82.7, 83.0, 81.1, 81.9].map(Some));
    }

    #[test]
    fn ciscos_own_example_agrees() {
        let counts =
            Counts { answered: 90, answered_in_t: 70, abandoned: 10, abandoned_in_t: 10, short_abandoned: 0 };
        assert_eq!(percent(&counts), [77.8, 77.8, 80.0, 70.0, 70.0].map(Some));
    }

    #[test]
    fn without_calls_there_is_no_service_level() {
        assert_eq!(percent(&Counts::default()), [None; 5]);
        let only_short = Counts { abandoned: 3, abandoned_in_t: 3, short_abandoned: 3, ..Counts::default() };
        assert_eq!(percent(&only_short), [None, None, Some(100.0), Some(0.0), None]);
    }

    #[test]
    fn exactly_the_threshold_is_within() {
        assert!(within(20_000_000, 20_000_000) && within(20_000_999, 20_000_000));
        assert!(!within(20_001_000, 20_000_000));
    }
}
