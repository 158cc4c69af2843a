//! How good a partition of cards into people is, where the truth is known.

use std::collections::BTreeMap;

/// A partition beside the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Pairs of cards that were put together rightly, of those put together.
    pub pair_precision: f64,
    /// Pairs put together, of those that belong together.
    pub pair_recall: f64,
    /// People found exactly, with all their cards and no other, of those found.
    pub cluster_precision: f64,
    /// Of those there are.
    pub cluster_recall: f64,
    /// People found.
    pub found: usize,
    /// People there are.
    pub there: usize,
}

impl Quality {
    /// Measures; `found` and `truth` name each card's person, card by card.
    #[must_use]
    pub fn of(found: &[u32], truth: &[u32]) -> Self {
        let together = |labels: &dyn Fn(usize) -> (u32, u32)| {
            let mut sizes = BTreeMap::<(u32, u32), u64>::new();
            (0..found.len()).for_each(|card| *sizes.entry(labels(card)).or_default() += 1);
            sizes
        };
        let by_found = together(&|card| (found[card], 0));
        let by_truth = together(&|card| (truth[card], 0));
        let by_both = together(&|card| (found[card], truth[card]));
        let pairs = |sizes: &BTreeMap<_, u64>| sizes.values().map(|n| n * (n - 1) / 2).sum::<u64>() as f64;
        let right = pairs(&by_both);
        let exact = by_both
            .iter()
            .filter(|((one, other), n)| by_found[&(*one, 0)] == **n && by_truth[&(*other, 0)] == **n)
            .count() as f64;
        let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
        Self {
            pair_precision: of(right, pairs(&by_found)),
            pair_recall: of(right, pairs(&by_truth)),
            cluster_precision: of(exact, by_found.len() as f64),
            cluster_recall: of(exact, by_truth.len() as f64),
            found: by_found.len(),
            there: by_truth.len(),
        }
    }

    /// The harmonic mean of precision and recall of pairs.
    #[must_use]
    pub fn pair_f1(&self) -> f64 {
        mean(self.pair_precision, self.pair_recall)
    }

    /// Of clusters found exactly.
    #[must_use]
    pub fn cluster_f1(&self) -> f64 {
        mean(self.cluster_precision, self.cluster_recall)
    }

    /// By how much the number of people is too high, as a share.
    #[must_use]
    pub fn count_error(&self) -> f64 {
        self.found as f64 / self.there.max(1) as f64 - 1.0
    }
}

fn mean(one: f64, other: f64) -> f64 {
    if one + other > 0.0 { 2.0 * one * other / (one + other) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_case() {
        // Truth: {0,1,2} {3} {4,5}; found: {0,1} {2,3} {4,5}.
        let quality = Quality::of(&[0, 0, 1, 1, 2, 2], &[7, 7, 7, 8, 9, 9]);
        assert!((quality.pair_precision - 2.0 / 3.0).abs() < 1e-9);
        assert!((quality.pair_recall - 0.5).abs() < 1e-9);
        assert!((quality.cluster_f1() - 1.0 / 3.0).abs() < 1e-9);
        assert!(quality.count_error().abs() < 1e-9);
    }
}
