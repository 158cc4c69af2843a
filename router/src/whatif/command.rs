//! `sambung replay --with OTHER.toml`: a recorded time under other rules.

use super::{
    MAX_SEEDS, compare,
    record::{Record, RecordError},
    table,
};
use crate::http::read_instant;
use acd::{Timestamp, day::DayError};
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

/// What is asked, beside the store.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What if these rules had been in force? Plays the callers on record under the rules of then and under this file's.
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    /// Play so often, each time with other draws of what the log cannot know.
    #[arg(long, default_value_t = 20, value_name = "N", requires = "with", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SEEDS)))]
    pub seeds: u32,
    /// From when, in the zone of that file, such as 2026-11-23 or 2026-11-23T09:30.
    #[arg(long, value_name = "INSTANT", requires = "with")]
    pub from: Option<String>,
    /// Until when.
    #[arg(long, value_name = "INSTANT", requires = "with")]
    pub to: Option<String>,
    /// One object of JSON.
    #[arg(long, requires = "with", conflicts_with = "csv")]
    pub json: bool,
    /// A line of CSV for each queue and measure.
    #[arg(long, requires = "with")]
    pub csv: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// The other rules cannot be used.
    #[error("{0}")]
    Configuration(#[from] config::Problems),
    /// An instant that cannot be read.
    #[error(
        "--{name} {value:?} cannot be read; write it like 2026-11-23, 2026-11-23T09:30 or 2026-11-23T09:30:00+07:00"
    )]
    Instant {
        /// Which.
        name: &'static str,
        /// What was typed.
        value: String,
    },
    /// The record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It cannot be played. Our own defect.
    #[error("the record cannot be played: {0}")]
    Day(#[from] DayError),
    /// It cannot be written. Our own defect.
    #[error("the answer cannot be shown: {0}")]
    Csv(#[from] csv::Error),
    /// Likewise.
    #[error("the answer cannot be shown: {0}")]
    Json(#[from] serde_json::Error),
}

impl WhatIfError {
    /// Whether the question is at fault, and not the log.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Configuration(_) | Self::Instant { .. } => true,
            Self::Record(_) | Self::Day(_) | Self::Csv(_) | Self::Json(_) => false,
        }
    }
}

/// Plays; the text to show. `tell` hears a line now and then while it takes.
///
/// # Errors
/// [`WhatIfError`].
pub fn run(
    store: &Path,
    file: &Path,
    args: &Args,
    tell: impl Fn(&str) + Sync,
) -> Result<String, WhatIfError> {
    let (other, _) = config::load(file)?;
    let zone = &other.site.zone;
    let from = instant("from", args.from.as_deref(), zone)?.unwrap_or_default();
    let to = instant("to", args.to.as_deref(), zone)?.unwrap_or(Timestamp(u64::MAX));
    tell("reading the log");
    let record = Record::read(store, from, to)?;
    let outcome = compare(&record, &other.plan, args.seeds, |done, all| {
        tell(&format!("played {done} of {all} seeds"));
    })?;
    if args.json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&table::json(&outcome, zone))?));
    }
    if args.csv {
        return Ok(table::csv(&outcome)?);
    }
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(table::text(&outcome, zone, &name))
}

fn instant(
    name: &'static str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, WhatIfError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || WhatIfError::Instant { name, value: text.to_owned() };
    read_instant(text, zone).map(Some).ok_or_else(wrong)
}
