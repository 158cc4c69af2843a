//! Why a call went to whom it went, and why an agent got none: read from a store's log, also while a router writes it.
//!
//! Finds the place in the log to begin at and walks it with a brain of its own ([`acd::explain`]); nothing is kept of it.
//! `words` puts it into sentences, `json` into an object, and `command` is `sambung why`.

pub mod command;
pub mod json;
pub mod words;

use crate::{
    log::{LogError, Reader, segments},
    recovery::{Start, newest_start, oldest_start},
};
use acd::{
    AgentNo, CallId, Entry, Timestamp,
    explain::{AgentTale, Bounded, CallTale, Hers, Limits, Moment},
};
use std::{path::Path, time::Duration};

/// Entries taken up in one go.
const CHUNK: usize = 1_000;
/// So much later than a call's id says an entry of the log may be that brings it.
const LATE: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Why a call went the way it went.
    Call(CallId),
    /// What an agent was offered, and what not.
    Agent {
        /// Her id.
        id: String,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
}

/// What the log says.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// What it tells.
    pub tale: Tale,
    /// The last entry that was looked at, and its time.
    pub read_to: (u64, Timestamp),
}

/// A tale of one of two kinds.
#[derive(Clone, Debug)]
pub enum Tale {
    /// Of a call.
    Call {
        /// What happened.
        moments: Bounded<Moment>,
        /// Whether it has ended.
        over: bool,
    },
    /// Of an agent.
    Agent {
        /// What happened.
        moments: Bounded<Hers>,
        /// The time of the first entry that is kept, when the log does not reach back to the beginning that was asked for.
        kept_from: Option<Timestamp>,
    },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There never was such a call.
    #[error("no call {call} stands in this log; its id is in X-Sambung-Call, in records and in /v1/floor")]
    NoSuchCall {
        /// Which.
        call: CallId,
    },
    /// The log is not kept so far back.
    #[error(
        "call {call} is older than what is kept of the log, which begins with entry {first}; [store] keep_log says for how long it is kept"
    )]
    Aged {
        /// Which call.
        call: CallId,
        /// The first entry that can be read.
        first: u64,
    },
    /// Nobody has that id.
    #[error(
        "no agent has the id {id:?} in this log; /v1/agents lists them, and a call's id has 26 characters"
    )]
    NoSuchAgent {
        /// Which id.
        id: String,
    },
    /// Whoever asked cannot wait so long.
    #[error(
        "reading the log takes longer than may be spent on it here; ask on the machine itself: sambung why"
    )]
    TooLong,
}

/// Asks the log of a store; `go_on` is asked now and then whether there is time for more.
///
/// # Errors
/// [`WhyError`].
pub fn ask(folder: &Path, question: Question, go_on: impl Fn() -> bool) -> Result<Answer, WhyError> {
    let Some(&(first, _)) = segments(folder)?.first() else {
        return Err(LogError::Empty { path: folder.to_owned() }.into());
    };
    match question {
        Question::Call(call) => of_call(folder, call, first, go_on),
        Question::Agent { id, from, to } => of_agent(folder, id, (from, to), go_on),
    }
}

/// The newest place before `time` from which the log can be read, else the oldest there is.
fn start_before(folder: &Path, time: Timestamp) -> Result<(Start, bool), LogError> {
    match newest_start(folder, |state| state.at < time) {
        Ok(start) => Ok((start, true)),
        Err(LogError::Aged { .. }) => Ok((oldest_start(folder)?, false)),
        Err(error) => Err(error),
    }
}

fn of_call(folder: &Path, call: CallId, first: u64, go_on: impl Fn() -> bool) -> Result<Answer, WhyError> {
    let (Start { reader, mut acd, .. }, before) = start_before(folder, call.arrived())?;
    if !before && acd.call(call).is_none() {
        return Err(WhyError::Aged { call, first });
    }
    let (mut tale, last) = (CallTale::new(call, Limits::default()), call.arrived() + LATE);
    let read_to = walk(reader, go_on, |entry| {
        tale.read(&mut acd, entry);
        !tale.is_over() && (tale.is_begun() || entry.at <= last)
    })?;
    if !tale.is_begun() {
        return Err(WhyError::NoSuchCall { call });
    }
    let (moments, over) = (tale.moments().clone(), tale.is_over());
    Ok(Answer { question: Question::Call(call), tale: Tale::Call { moments, over }, read_to })
}

fn of_agent(
    folder: &Path,
    id: String,
    (from, to): (Timestamp, Timestamp),
    go_on: impl Fn() -> bool,
) -> Result<Answer, WhyError> {
    let (Start { reader, mut acd, state }, before) = start_before(folder, from)?;
    let kept_from = state.filter(|_| !before).map(|state| state.at);
    let mut tale: Option<AgentTale> = None;
    let read_to = walk(reader, go_on, |entry| {
        if tale.is_none() {
            tale = acd.directory().agent_no(&id).map(|no| begun(no, from, to));
        }
        match &mut tale {
            Some(known) => known.read(&mut acd, entry),
            None => {
                acd.apply(entry);
                entry.at < to
            }
        }
    })?;
    // The log may end before the time, or with the rules that bring her.
    let known = tale.or_else(|| acd.directory().agent_no(&id).map(|no| begun(no, from, to)));
    let Some(tale) = known else { return Err(WhyError::NoSuchAgent { id }) };
    let (question, moments) = (Question::Agent { id, from, to }, tale.moments().clone());
    Ok(Answer { question, tale: Tale::Agent { moments, kept_from }, read_to })
}

fn begun(no: AgentNo, from: Timestamp, to: Timestamp) -> AgentTale {
    AgentTale::new(no, from, to, Limits::default())
}

/// Hands every entry on until nobody wants more; the last one, and its time.
fn walk(
    mut reader: Reader,
    go_on: impl Fn() -> bool,
    mut take: impl FnMut(&Entry) -> bool,
) -> Result<(u64, Timestamp), WhyError> {
    let mut read_to = (reader.last(), reader.last_at().unwrap_or_default());
    loop {
        if !go_on() {
            return Err(WhyError::TooLong);
        }
        let entries = reader.read(CHUNK)?;
        if entries.is_empty() {
            return Ok(read_to);
        }
        for entry in &entries {
            read_to = (entry.number, entry.at);
            if !take(entry) {
                return Ok(read_to);
            }
        }
    }
}

/// A length of time as it is typed here: `90s`, `10m`, `2h`, `1d`.
#[must_use]
pub fn length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}
