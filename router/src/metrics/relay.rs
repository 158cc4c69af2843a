//! rtpengine, as numbers; and its comings and goings in the log.

use super::{MetricsError, counter, opts, register};
use crate::relay::Verdict;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};
use std::sync::atomic::{AtomicBool, Ordering};

/// What is asked.
const COMMANDS: [&str; 4] = ["ping", "offer", "answer", "delete"];
/// What comes of it.
const OUTCOMES: [&str; 3] = ["done", "refused", "no_answer"];

/// The handles.
#[derive(Debug)]
pub struct RelayMetrics {
    up: IntGauge,
    legs: IntGauge,
    questions: IntCounterVec,
    direct: IntCounter,
    refused: IntCounter,
    was_up: AtomicBool,
}

impl RelayMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let gauge = |name, help| register(registry, IntGauge::with_opts(opts(name, help))?);
        let questions = counter(
            registry,
            "rtpengine_questions_total",
            "What rtpengine was asked, by what came of it.",
            &["command", "outcome"],
        )?;
        for command in COMMANDS {
            for outcome in OUTCOMES {
                questions.with_label_values(&[command, outcome]);
            }
        }
        let help = "Descriptions of phones that rtpengine did not rewrite: media went directly, or the phone was refused.";
        let without = counter(registry, "rtpengine_bypassed_total", help, &["how"])?;
        Ok(Self {
            up: gauge("rtpengine_up", "1 while rtpengine answers; 0 also when none is configured.")?,
            legs: gauge("rtpengine_legs", "Phones' legs whose media rtpengine relays.")?,
            questions,
            direct: without.with_label_values(&["direct"]),
            refused: without.with_label_values(&["refused"]),
            was_up: AtomicBool::new(false),
        })
    }
    /// How it stands.
    pub fn set(&self, up: bool, legs: usize) {
        self.legs.set(i64::try_from(legs).unwrap_or(i64::MAX));
        if self.was_up.swap(up, Ordering::Relaxed) != up {
            self.up.set(i64::from(up));
            if up {
                tracing::info!("rtpengine answers: media goes through it");
            } else {
                tracing::warn!(
                    "rtpengine does not answer: media goes directly, and phones in browsers are refused"
                );
            }
        }
    }
    /// Something was asked.
    pub fn count(&self, command: &str, verdict: Option<&Verdict>) {
        let outcome = match verdict {
            Some(Verdict::Done | Verdict::Rewritten(_)) => OUTCOMES[0],
            Some(Verdict::Refused(_)) => OUTCOMES[1],
            None => OUTCOMES[2],
        };
        self.questions.with_label_values(&[command, outcome]).inc();
    }
    /// A description went on as it was.
    pub fn direct(&self) {
        self.direct.inc();
    }
    /// A phone that needs rtpengine was refused.
    pub fn refused(&self) {
        self.refused.inc();
    }
}
