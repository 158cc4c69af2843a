//! `sambung why`: the question as it is typed, and the answer as text or JSON.

use super::{Answer, Question, Tale, WhyError, ask, json, length, words};
use crate::http::read_instant;
use acd::{CallId, Timestamp};
use jiff::tz::TimeZone;
use std::{path::PathBuf, time::Duration};

/// The store of a configuration that names none.
const STORE: &str = "sambung-data";
/// The time of an agent that is told of unless another is asked for.
const SINCE: Duration = Duration::from_secs(600);

/// What is asked, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A call (its X-Sambung-Call), or an agent's id.
    #[arg(value_name = "CALL|AGENT")]
    pub about: String,
    /// The router's configuration: it names the store, and the zone in which times are shown.
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub config: Option<PathBuf>,
    /// A store's folder instead; times are this machine's. By default sambung-data.
    #[arg(long, value_name = "FOLDER")]
    pub store: Option<PathBuf>,
    /// Of an agent: the time before now, or before --to, such as 90s, 10m, 2h, 1d. By default 10m.
    #[arg(long, value_name = "TIME", conflicts_with = "from")]
    pub since: Option<String>,
    /// Of an agent: from when, such as 2026-02-28T09:30 or 2026-02-28T09:30:00+07:00.
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<String>,
    /// Of an agent: until when. By default now.
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<String>,
    /// One object of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Configuration(#[from] config::Problems),
    /// An argument that cannot be read.
    #[error("--{name} {value:?} cannot be read; write it like {like}")]
    Argument {
        /// Which.
        name: &'static str,
        /// What was typed.
        value: String,
        /// What can be.
        like: &'static str,
    },
    /// A time that ends before it begins.
    #[error("--from is not before --to; name an earlier one")]
    Backwards,
    /// The log does not tell.
    #[error(transparent)]
    Why(#[from] WhyError),
    /// It cannot be written. Our own defect.
    #[error("the answer cannot be shown as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// Whether the question is at fault, and not the log.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Configuration(_) | Self::Argument { .. } | Self::Backwards => true,
            Self::Why(_) | Self::Json(_) => false,
        }
    }
}

/// Answers; the text to show.
///
/// # Errors
/// [`CommandError`].
pub fn run(args: &Args) -> Result<String, CommandError> {
    let (store, zone) = place(args)?;
    let now = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default();
    let question = question(args, &zone, Timestamp(now))?;
    let answer = ask(&store, question, || true)?;
    if args.json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&json::object(&answer, &zone)?)?));
    }
    Ok(head(&answer, &zone) + &words::text(&words::lines(&answer, &zone), &zone))
}

fn place(args: &Args) -> Result<(PathBuf, TimeZone), CommandError> {
    match (&args.config, &args.store) {
        (Some(file), _) => {
            let (config, _) = config::load(file)?;
            Ok((config.store.path, config.site.zone))
        }
        (None, store) => Ok((store.clone().unwrap_or_else(|| PathBuf::from(STORE)), TimeZone::system())),
    }
}

fn question(args: &Args, zone: &TimeZone, now: Timestamp) -> Result<Question, CommandError> {
    if let Ok(call) = args.about.parse::<CallId>() {
        return Ok(Question::Call(call));
    }
    let to = instant("to", args.to.as_deref(), zone)?.unwrap_or_else(|| now + Duration::from_secs(1));
    let since = match &args.since {
        Some(text) => length(text).ok_or_else(|| CommandError::Argument {
            name: "since",
            value: text.clone(),
            like: "90s, 10m, 2h or 1d",
        })?,
        None => SINCE,
    };
    let from = instant("from", args.from.as_deref(), zone)?.unwrap_or_else(|| to.before(since));
    if from >= to {
        return Err(CommandError::Backwards);
    }
    Ok(Question::Agent { id: args.about.clone(), from, to })
}

fn instant(
    name: &'static str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, CommandError> {
    let Some(text) = text else { return Ok(None) };
    let like = "2026-02-28T09:30:00+07:00, 2026-02-28T09:30 or 2026-02-28";
    let wrong = || CommandError::Argument { name, value: text.to_owned(), like };
    read_instant(text, zone).map(Some).ok_or_else(wrong)
}

fn head(answer: &Answer, zone: &TimeZone) -> String {
    let (zone_name, (entry, at)) = (zone.iana_name().unwrap_or("this machine"), answer.read_to);
    let read = format!("read up to entry {entry}, {}", words::clock(at, zone));
    match (&answer.question, &answer.tale) {
        (Question::Call(call), Tale::Call { .. } | Tale::Agent { .. }) => {
            format!("call {call}; times of {zone_name}; {read}\n")
        }
        (Question::Agent { id, from, to }, Tale::Call { .. } | Tale::Agent { .. }) => {
            let (from, to) = (words::clock(*from, zone), words::clock(*to, zone));
            format!("agent {id}, {from} to {to}; times of {zone_name}; {read}\n")
        }
    }
}
