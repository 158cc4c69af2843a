//! A run told to people and programs.

mod page;
mod table;

use crate::{Figures, Scenario, play::Measured};
use serde::Serialize;

pub use crate::play::Measured as Cost;

/// Everything about a run. `Display` is the table; serialised it is the JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was played.
    pub scenario: Scenario,
    /// What it cost.
    pub cost: Measured,
    /// Processor time of the router per 1,000 calls placed, in seconds.
    pub router_cpu_s_per_1000_calls: Option<f64>,
    /// Calls placed per second, while calls were placed.
    pub placed_per_s: f64,
    /// Callers connected per second of the whole run.
    pub connected_per_s: f64,
    /// Share of callers who heard an agent.
    pub connected_ratio: Option<f64>,
    /// What was seen.
    pub figures: Figures,
}

impl Report {
    pub(crate) fn new(scenario: Scenario, figures: Figures, cost: Measured) -> Self {
        let per_s = |count: u64| if cost.seconds > 0.0 { count as f64 / cost.seconds } else { 0.0 };
        let per_1000 = |cpu_s: f64| 1_000.0 * cpu_s / figures.placed as f64;
        Self {
            router_cpu_s_per_1000_calls: cost.router_cpu_s.filter(|_| figures.placed > 0).map(per_1000),
            placed_per_s: figures.placed_per_s(),
            connected_per_s: per_s(figures.connected),
            connected_ratio: figures.connected_ratio(),
            scenario,
            cost,
            figures,
        }
    }
    /// The report as a page with charts, complete in itself.
    #[must_use]
    pub fn to_html(&self) -> String {
        page::write(self)
    }
}
