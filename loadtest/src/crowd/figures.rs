//! What became of a crowd.

use super::{Call, CrowdPlan, Fate, Stage};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// The numbers of a run, stage by stage.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrowdFigures {
    /// One for each stage, in order; a call counts in the stage it was placed in.
    pub stages: Vec<StageFigures>,
    /// BYEs of ours that were answered with an error other than 481.
    pub bye_errors: u64,
    /// Messages that are of none of our calls.
    pub odd: u64,
    #[serde(skip)]
    plan: Vec<Stage>,
}

/// What became of the calls of one stage.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StageFigures {
    /// Calls a second that were placed.
    pub rate: f64,
    /// Calls placed.
    pub placed: u64,
    /// Callers who were answered.
    pub answered: u64,
    /// Of those, conversations that ended in the ordinary way.
    pub ended: u64,
    /// Refused, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Calls that got no final answer.
    pub unanswered: u64,
    /// Calls answered for each second of the stage.
    pub answered_per_s: f64,
    /// When the last of its refused calls was placed, in seconds from the stage's start.
    pub last_refused_s: Option<f64>,
    /// The longest that a final answer took, in milliseconds.
    pub longest_ms: u32,
}

impl CrowdFigures {
    pub(super) fn new(plan: &CrowdPlan) -> Self {
        Self { plan: plan.stages.clone(), ..Self::default() }
    }
    pub(super) fn finish(mut self, calls: &[Call]) -> Self {
        let (mut rest, mut start_s) = (calls, 0.0);
        for stage in &self.plan {
            let (here, later) = rest.split_at(rest.len().min(usize::try_from(stage.calls()).unwrap_or(0)));
            self.stages.push(StageFigures::of(*stage, start_s, here));
            rest = later;
            start_s += stage.during.as_secs_f64();
        }
        self
    }
    /// Conversations that ended in the ordinary way, of those that began.
    #[must_use]
    pub fn in_dialog_success(&self) -> f64 {
        let sum = |count: fn(&StageFigures) -> u64| self.stages.iter().map(count).sum::<u64>();
        sum(|stage| stage.ended) as f64 / sum(|stage| stage.answered).max(1) as f64
    }
}

impl StageFigures {
    fn of(stage: Stage, start_s: f64, calls: &[Call]) -> Self {
        let mut figures = Self { rate: stage.rate, placed: calls.len() as u64, ..Self::default() };
        for call in calls {
            match call.fate {
                Fate::Open => figures.unanswered += 1,
                Fate::Answered => figures.answered += 1,
                Fate::Ended => {
                    figures.answered += 1;
                    figures.ended += 1;
                }
                Fate::Refused(status) => {
                    *figures.refused.entry(status).or_default() += 1;
                    figures.last_refused_s = Some(f64::from(call.placed_ms) / 1e3 - start_s);
                }
            }
            if call.fate != Fate::Open {
                figures.longest_ms = figures.longest_ms.max(call.decided_ms.saturating_sub(call.placed_ms));
            }
        }
        figures.answered_per_s = figures.answered as f64 / stage.during.as_secs_f64();
        figures
    }
}

impl fmt::Display for CrowdFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  offered/s    placed  answered  answered/s     ended   refused  unanswered  longest answer"
        )?;
        for stage in &self.stages {
            let refused: u64 = stage.refused.values().sum();
            writeln!(
                f,
                "{:>11.0} {:>9} {:>9} {:>11.1} {:>9} {refused:>9} {:>11} {:>12} ms",
                stage.rate,
                stage.placed,
                stage.answered,
                stage.answered_per_s,
                stage.ended,
                stage.unanswered,
                stage.longest_ms
            )?;
        }
        writeln!(f, "\nConversations that ended as they should: {:.2} %", self.in_dialog_success() * 100.0)?;
        if self.bye_errors + self.odd > 0 {
            writeln!(f, "BYEs refused: {}; messages of no call: {}", self.bye_errors, self.odd)?;
        }
        Ok(())
    }
}
