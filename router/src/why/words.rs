//! An answer in sentences, a line each: for a terminal, and for a page.

mod agent;
mod call;

use super::{Answer, Tale};
use acd::{
    Timestamp,
    explain::{Against, Bounded, Candidate, Count, Precedence, Reason, Score},
};
use jiff::{fmt::strtime, tz::TimeZone};

/// A line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When; none for what belongs to the line above.
    pub at: Option<Timestamp>,
    /// The sentence.
    pub text: String,
}

/// The lines of an answer, of which each list is cut by what it was told to be at most.
#[must_use]
pub fn lines(answer: &Answer, zone: &TimeZone) -> Vec<Line> {
    let mut page = Page { zone, lines: Vec::new() };
    match &answer.tale {
        Tale::Call { moments, over } => {
            page.all(moments, call::tell);
            if !over {
                page.says(Some(answer.read_to.1), "the log ends here, and the call goes on".to_owned());
            }
        }
        Tale::Agent { moments, kept_from } => {
            if let Some(at) = kept_from {
                page.says(Some(*at), "the log is not kept from before".to_owned());
            }
            page.all(moments, agent::tell);
            if moments.is_empty() {
                page.says(None, "nothing happened in this time that concerned her".to_owned());
            }
        }
    }
    page.lines
}

/// The lines as text, with times as `zone` has them.
#[must_use]
pub fn text(lines: &[Line], zone: &TimeZone) -> String {
    let line = |line: &Line| match line.at {
        Some(at) => format!("{}  {}\n", clock(at, zone), line.text),
        None => format!("{:23}    {}\n", "", line.text),
    };
    lines.iter().map(line).collect()
}

/// An instant with its date, to the millisecond.
#[must_use]
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    instant(at, zone, "%Y-%m-%d %H:%M:%S%.3f")
}

fn instant(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    let micros = i64::try_from(at.micros()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
    // The format is fixed and names only what every zoned instant has.
    strtime::format(format, &instant.to_zoned(zone.clone())).unwrap_or_default()
}

/// Lines as they are written.
struct Page<'a> {
    zone: &'a TimeZone,
    lines: Vec<Line>,
}

impl Page<'_> {
    fn says(&mut self, at: Option<Timestamp>, text: String) {
        self.lines.push(Line { at, text });
    }
    /// Below the line above.
    fn adds(&mut self, text: impl Into<String>) {
        self.says(None, text.into());
    }
    fn all<T>(&mut self, moments: &Bounded<T>, tell: impl Fn(&mut Self, &T)) {
        moments.first().iter().for_each(|moment| tell(self, moment));
        if moments.left_out() > 0 {
            self.says(None, format!("… {} more like these …", moments.left_out()));
        }
        moments.last().for_each(|moment| tell(self, moment));
    }
    /// An instant of the same day, or so.
    fn time(&self, at: Timestamp) -> String {
        instant(at, self.zone, "%H:%M:%S%.3f")
    }
    fn span(&self, from: Timestamp, to: Timestamp) -> String {
        format!("until {} ({})", self.time(to), seconds(acd::time::micros(to.since(from)) / 1_000))
    }

    fn against(&self, against: &Against) -> String {
        match against {
            Against::Retired => "is not in the rules any more".to_owned(),
            Against::NotReady { state, why } => format!("was {}", state_of(state, why.as_deref())),
            Against::Rests { until } => format!("rested after a call until {}", self.time(*until)),
            Against::Occupied { until } => {
                format!("had handled calls for too much of the time, until {}", self.time(*until))
            }
            Against::LacksSkill { step: 0, needs } => format!("lacks the skill: {needs}"),
            Against::LacksSkill { step, needs } => format!("lacks the skill at step {step}: {needs}"),
            Against::Excluded { until } => {
                format!(
                    "had not taken this call, or given it away, and is spared it until {}",
                    self.time(*until)
                )
            }
            Against::KeptFor { agent, until } => {
                format!("it waits for {agent} alone until {}", self.time(*until))
            }
        }
    }
    fn all_against(&self, against: &[Against]) -> String {
        against.iter().map(|against| self.against(against)).collect::<Vec<_>>().join("; ")
    }

    /// Why one call went before another, from the side of the other.
    fn precedence(&self, precedence: &Precedence) -> String {
        let (first, other) = (&precedence.first, &precedence.other);
        match precedence.reason {
            Reason::Priority => format!("priority {} before {}", first.priority, other.priority),
            Reason::Ageing => format!(
                "by priority and waiting together: priority {}, in line since {}, before priority {} since {}",
                first.priority,
                self.time(first.since),
                other.priority,
                self.time(other.since)
            ),
            Reason::Objective => format!(
                "it was to be answered by {}, this one by {}",
                self.time(first.ranked_at),
                self.time(other.ranked_at)
            ),
            Reason::KeptPlace => format!(
                "its caller had got back the place of {}, before {}",
                self.time(first.since),
                self.time(other.since)
            ),
            Reason::SameInstant => "both came in the same instant, and its id is the smaller".to_owned(),
            Reason::WaitedLonger
            | Reason::Retired
            | Reason::NotReady
            | Reason::Rests
            | Reason::Occupied
            | Reason::LacksSkill
            | Reason::Excluded
            | Reason::KeptFor
            | Reason::Score
            | Reason::LongerIdle
            | Reason::KnownFirst
            | Reason::GivenByName => {
                format!("in line since {}, before {}", self.time(first.since), self.time(other.since))
            }
        }
    }

    /// A candidate with what the strategy went by.
    fn candidate(&self, candidate: &Candidate) -> String {
        let idle = format!("idle since {}", self.time(candidate.since));
        let score = match &candidate.score {
            Score::LongestIdle => return format!("{}, {idle}", candidate.agent),
            Score::LeastOccupied { occupied_permille } => {
                format!("occupied {}.{} %", occupied_permille / 10, occupied_permille % 10)
            }
            Score::FewestCalls { calls } => format!("{calls} calls since she signed in"),
            Score::MostSkilled { proficiency } | Score::LeastSkilled { proficiency } => {
                format!("proficiency {proficiency}")
            }
            Score::RoundRobin { offered_at: Some(at) } => {
                format!("last offered a call at {}", self.time(*at))
            }
            Score::RoundRobin { offered_at: None } => "never offered a call before".to_owned(),
            Score::TopDown { place } => format!("number {place} in the file"),
            Score::Weighted { calls, weight } => format!("{calls} calls for a weight of {weight}"),
            Score::Fastest { expected_ms } => format!("expected to need {}", seconds(*expected_ms)),
        };
        format!("{}, {score}, {idle}", candidate.agent)
    }
}

/// A state with its reason, as in "was …".
fn state_of(state: &str, why: Option<&str>) -> String {
    let state = state.replace('_', " ");
    why.map_or_else(|| state.clone(), |why| format!("{state} ({})", why.replace('_', " ")))
}

/// Milliseconds as seconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

fn counts(counts: &[Count]) -> String {
    let each = counts.iter().map(|Count { of, count }| format!("{count} {}", of.replace('_', " ")));
    each.collect::<Vec<_>>().join(", ")
}

/// What is needed, where nothing may be.
fn needs(needs: &str) -> &str {
    if needs.is_empty() { "nothing" } else { needs }
}

/// A few names, and how many more there are.
fn names(names: &[String], more: usize) -> String {
    let named = names.join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// By what one agent came before another.
const fn by(reason: Reason) -> &'static str {
    match reason {
        Reason::Score => "behind by the strategy",
        Reason::LongerIdle => "idle for less long",
        Reason::KnownFirst => "alike in everything, and known later",
        Reason::GivenByName => "given away by name",
        Reason::Retired
        | Reason::NotReady
        | Reason::Rests
        | Reason::Occupied
        | Reason::LacksSkill
        | Reason::Excluded
        | Reason::KeptFor
        | Reason::Priority
        | Reason::Ageing
        | Reason::Objective
        | Reason::WaitedLonger
        | Reason::KeptPlace
        | Reason::SameInstant => reason.as_str(),
    }
}
