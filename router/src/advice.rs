//! `sambung suggest`: learns from a shop's order lines what to suggest to its customers, shows it, and tries it out.
//!
//! What is suggested and what a customer is worth decides [`suggest`]. This reads files, writes the model, and words it.

pub mod command;
mod file;
mod json;
mod read;
mod words;

use suggest::value::{Rung, ValueRules};

/// What a configuration says of classes, values and priorities.
#[must_use]
pub fn rules(of: &config::Suggestions) -> ValueRules {
    let cents = |units: u32| i64::from(units) * 100;
    let rung = |first: &config::First| Rung { top_percent: first.top_percent, priority: first.priority };
    ValueRules {
        recency_days: of.recent_days,
        frequency: of.orders,
        money: of.spent.map(cents),
        cost_per_minute: i64::try_from(of.cost_per_minute).unwrap_or(i64::MAX),
        ladder: of.first.iter().map(rung).collect(),
        ..ValueRules::default()
    }
}
