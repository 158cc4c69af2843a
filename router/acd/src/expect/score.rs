//! Whether what was announced came true.

use serde::{Deserialize, Serialize};

/// One, in the fixed point of levels and shares (2⁻¹⁶).
const ONE: u32 = 1 << 16;
/// How far one announcement moves the level: a fortieth, so that an hour unlike the one before it is held as well.
const STEP: u32 = ONE / 40;
/// Levels stay within 2 % and 98 %.
const LIMITS: (u32, u32) = (ONE / 50, ONE - ONE / 50);
/// Announcements that count in the coverage of late.
const RECENT: i64 = 64;
/// How far the coverage of late may be off: three standard deviations of one over so many is less.
const TOLERANCE: i64 = (ONE as i64) * 3 / 20;

/// Callers are told seconds.
const SAME: u64 = 1_000_000;

/// The level at which a quantile is taken, and how often it was true of late; as differences from what it should be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    level: i32,
    /// In 2⁻³², so that small steps are not lost.
    recent: i64,
}

impl Quantile {
    pub const HALF: u32 = ONE / 2;
    pub const FOUR_OF_FIVE: u32 = ONE / 5 * 4;

    /// Where to take the quantile so that it is true in `target` of all cases, both in 2⁻¹⁶.
    pub fn level(&self, target: u32) -> u32 {
        target.saturating_add_signed(self.level).clamp(LIMITS.0, LIMITS.1)
    }
    /// Whether it was true about as often of late as it should be.
    pub fn is_true(&self) -> bool {
        (self.recent >> 16).abs() <= TOLERANCE
    }
    /// How often it was true of late, from 0 to 1.
    pub fn of_late(&self, target: u32) -> f64 {
        let share = (i64::from(target) + (self.recent >> 16)).clamp(0, i64::from(ONE));
        share as f64 / f64::from(ONE)
    }
    /// A caller waited so long, or at least so long, beside what was announced; microseconds. Within [`SAME`] it is
    /// as announced: neither too short nor too long.
    pub fn happened(&mut self, waited: u64, announced: u64, target: u32) {
        let off = match waited.abs_diff(announced) {
            0..SAME => 0,
            _ if waited < announced => i64::from(ONE - target),
            _ => -i64::from(target),
        };
        self.recent += ((off << 16) - self.recent) / RECENT;
        let step = -off * i64::from(STEP) / i64::from(ONE);
        let level = i64::from(self.level) + step;
        // Beyond its limits it would take long to come back.
        let level =
            level.clamp(i64::from(LIMITS.0) - i64::from(target), i64::from(LIMITS.1) - i64::from(target));
        self.level = i32::try_from(level).unwrap_or(0);
    }
}

/// How true the announcements of times in a queue were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Times announced to callers whose wait is not forgotten.
    pub times: u64,
    /// Callers who got their place only.
    pub places: u64,
    /// `ewt_p50` that are known to have been true or not.
    pub known_p50: u64,
    /// Those that were true: the wait was no longer.
    pub true_p50: u64,
    /// `ewt_p80` that are known to have been true or not.
    pub known_p80: u64,
    /// Those that were true.
    pub true_p80: u64,
    /// Waits known to the end; the losses are over these.
    pub waits: u64,
    /// Pinball loss of `ewt_p50`, summed, in microseconds.
    pub loss_p50_us: u64,
    /// Pinball loss of `ewt_p80`, summed, in microseconds.
    pub loss_p80_us: u64,
}

/// A wait, or as much of it as was seen, beside what was announced; microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    pub waited: u64,
    pub p50: u64,
    pub p80: u64,
}

impl Score {
    /// Share of `ewt_p50` that were true; none while nothing is known.
    #[must_use]
    pub fn coverage_p50(&self) -> Option<f64> {
        (self.known_p50 > 0).then(|| self.true_p50 as f64 / self.known_p50 as f64)
    }
    /// Share of `ewt_p80` that were true; none while nothing is known.
    #[must_use]
    pub fn coverage_p80(&self) -> Option<f64> {
        (self.known_p80 > 0).then(|| self.true_p80 as f64 / self.known_p80 as f64)
    }

    /// Mean pinball losses of `ewt_p50` and `ewt_p80` in seconds; none while no wait is known to its end.
    #[must_use]
    pub fn mean_losses(&self) -> Option<[f64; 2]> {
        let mean = |sum_us: u64| sum_us as f64 / 1e6 / self.waits as f64;
        (self.waits > 0).then(|| [mean(self.loss_p50_us), mean(self.loss_p80_us)])
    }

    pub(super) const fn count(&mut self, announced: bool) {
        if announced { self.times += 1 } else { self.places += 1 }
    }
    pub(super) const fn forget(&mut self, announced: bool) {
        if announced {
            self.times = self.times.saturating_sub(1);
        }
    }
    /// The wait is known to its end.
    pub(super) fn known(&mut self, truth: Truth) {
        let Truth { waited, p50, p80 } = truth;
        self.known_p50 += 1;
        self.known_p80 += 1;
        self.true_p50 += u64::from(waited <= p50);
        self.true_p80 += u64::from(waited <= p80);
        self.waits += 1;
        self.loss_p50_us = self.loss_p50_us.saturating_add(waited.abs_diff(p50) / 2);
        let loss = if waited > p80 { (waited - p80) / 5 * 4 } else { (p80 - waited) / 5 };
        self.loss_p80_us = self.loss_p80_us.saturating_add(loss);
    }
    /// The wait would have been longer than was seen; nobody knows by how much.
    pub(super) const fn unknown(&mut self, truth: Truth) {
        if truth.waited > truth.p50 {
            self.known_p50 += 1;
        }
        if truth.waited > truth.p80 {
            self.known_p80 += 1;
        }
    }
}
