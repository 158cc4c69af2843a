//! The tale of a call, in sentences.

use super::{Page, by, counts, names, needs, seconds};
use acd::explain::{Choice, Moment, Precedence, Waited, What};

pub(super) fn tell(page: &mut Page<'_>, moment: &Moment) {
    let at = Some(moment.at);
    match &moment.what {
        What::Waited(waited) => tell_waited(page, moment, waited),
        What::WentFirst { agent, precedence, times, until } => {
            let first = went_first(page, agent, precedence);
            page.says(at, first);
            if *times > 1 {
                let last = page.time(*until);
                page.adds(format!(
                    "and {} more calls went first by that reason, the last at {last}",
                    times - 1
                ));
            }
        }
        What::Offered { attempt, queue, agent, choice } => {
            let strategy = strategy_of(choice);
            page.says(at, format!("offered to {agent} (attempt {attempt}, queue {queue}) by {strategy}"));
            tell_choice(page, choice);
        }
        What::Queued { .. } => tell_queued(page, moment),
        What::Arrived { .. }
        | What::Requested { .. }
        | What::Postponed { .. }
        | What::Dialled { .. }
        | What::PlaceTaken { .. }
        | What::Known { .. }
        | What::NewRules { .. }
        | What::Priority { .. }
        | What::Relaxed { .. }
        | What::KeptNoMore { .. }
        | What::Given { .. }
        | What::OfferEnded { .. }
        | What::Answered { .. }
        | What::AnswerUndone { .. }
        | What::Consulted { .. }
        | What::CalledOut { .. }
        | What::Transferred { .. }
        | What::LeftQueue { .. }
        | What::Ended { .. } => {
            let text = briefly(page, &moment.what);
            page.says(at, text);
        }
    }
}

fn went_first(page: &Page<'_>, agent: &str, precedence: &Precedence) -> String {
    let (first, why) = (&precedence.first, page.precedence(precedence));
    format!("{agent} was offered {} (queue {}) instead: {why}", first.call, first.queue)
}

fn strategy_of(choice: &Choice) -> String {
    serde_json::to_value(choice.strategy)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Who else might have had a call, who might not, and what else the agent might have had.
pub(super) fn tell_choice(page: &mut Page<'_>, choice: &Choice) {
    for candidate in &choice.candidates {
        let who = page.candidate(candidate);
        page.adds(match candidate.behind {
            None => format!("first: {who}"),
            Some(reason) => format!("behind: {who} ({})", by(reason)),
        });
    }
    if choice.more_candidates > 0 {
        page.adds(format!("and {} more who might have had it", choice.more_candidates));
    }
    for barred in &choice.staff.barred {
        let why = page.all_against(&barred.against);
        page.adds(format!("not {}: {why}", barred.agent));
    }
    if !choice.staff.more_barred.is_empty() {
        page.adds(format!("nor others who were ready: {}", counts(&choice.staff.more_barred)));
    }
    if !choice.staff.away.is_empty() {
        page.adds(format!("able, but not ready: {}", counts(&choice.staff.away)));
    }
    if let Some(before) = &choice.before {
        let why = page.precedence(before);
        page.adds(format!(
            "before {} other calls that she might have had; the next was {}: {why}",
            choice.other_calls, before.other.call
        ));
    }
}

fn tell_queued(page: &mut Page<'_>, moment: &Moment) {
    let What::Queued { queue, visit, priority, number, since, needs: needed, kept_for, kept_until } =
        &moment.what
    else {
        return;
    };
    let by = number.as_ref().map_or_else(String::new, |number| format!(" by entry {number}"));
    let needed = needs(needed);
    page.says(
        Some(moment.at),
        format!("queued for {queue} (visit {visit}), priority {priority}{by}; it needs {needed} of an agent"),
    );
    if since < &moment.at && *visit == 1 {
        let since = page.time(*since);
        page.adds(format!("in line since {since}"));
    }
    if let (Some(agent), Some(until)) = (kept_for, kept_until) {
        let until = page.time(*until);
        page.adds(format!("its caller talked to {agent} last: it waits for her alone until {until}"));
    }
}

fn tell_waited(page: &mut Page<'_>, moment: &Moment, waited: &Waited) {
    let until = waited.until.map_or_else(|| "until now".to_owned(), |until| page.span(moment.at, until));
    page.says(Some(moment.at), format!("waited {until}, offered to nobody"));
    for barred in &waited.barred {
        let why = page.all_against(&barred.against);
        page.adds(format!("{} was ready, but: {why}", barred.agent));
    }
    if waited.more_barred > 0 {
        page.adds(format!("and {} more who were ready and able", waited.more_barred));
    }
    if !waited.unskilled.is_empty() {
        let who = names(&waited.unskilled, waited.more_unskilled);
        page.adds(format!("ready, but without the skill ({}): {who}", needs(&waited.needs)));
    }
    if !waited.away.is_empty() {
        page.adds(format!("able, but not ready: {}", counts(&waited.away)));
    }
    if waited.barred.is_empty() && waited.away.is_empty() {
        page.adds(format!(
            "nobody at work is able to take it at step {}: {}",
            waited.step,
            needs(&waited.needs)
        ));
    }
}

/// What is told in one line.
fn briefly(page: &Page<'_>, what: &What) -> String {
    match what {
        What::Arrived { dialled, known, rules } => {
            let known: String = known.iter().map(|(name, value)| format!(", {name} = {value}")).collect();
            format!("arrived, dialled {dialled}{known}; rules of entry {}", version(*rules))
        }
        What::Known { state, queue, priority, since, rules } => {
            let (since, rules) = (page.time(*since), version(*rules));
            format!(
                "the log is not kept from before: {state} in {queue}, priority {priority}, here since {since}; rules of entry {rules}"
            )
        }
        What::Requested { queue, of, rules } => {
            let asked = of.map_or_else(
                || "was asked for by API".to_owned(),
                |of| format!("keeps the place of {of}, whose caller asked for it"),
            );
            format!("a callback for {queue}: {asked}; rules of entry {}", version(*rules))
        }
        What::Postponed { until } => format!("is out of line until {}", page.time(*until)),
        What::Dialled { agent } => format!("{agent}'s phone answered, and the customer was called"),
        What::PlaceTaken { of } => {
            format!("its caller was to be called back: it has the place of {of}, and nobody calls back")
        }
        What::NewRules { rules } => format!("other rules came into force (entry {rules})"),
        What::Priority { priority, reasons } => {
            let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            format!("its priority became {priority}{why}")
        }
        What::Relaxed { step, needs: needed } => {
            format!("came to step {step} of its queue: it needs {} from now on", needs(needed))
        }
        What::KeptNoMore { agent } => format!("does not wait for {agent} alone any more"),
        What::Given { attempt, queue, agent, by } => {
            format!("offered to {agent} (attempt {attempt}, queue {queue}): {by} gave it to her by name")
        }
        What::OfferEnded { agent, outcome } => {
            format!("the offer to {agent} ended: {}", outcome.replace('_', " "))
        }
        What::Answered { agent, queue, waited_ms } => {
            format!("answered by {agent} (queue {queue}) after {}", seconds(*waited_ms))
        }
        What::AnswerUndone { agent } => {
            format!("could not be joined to the phone of {agent}, and waits again in its place")
        }
        What::Consulted { about } => format!("its agent asked {about} about it"),
        What::CalledOut { rule } => format!("put through to a number outside ({rule})"),
        What::Transferred { by, kind, target, outcome } => {
            format!("{by} gave it away, or asked, to {kind} {target}: {}", outcome.replace('_', " "))
        }
        What::LeftQueue { queue, reason, waited_ms } => {
            format!("left {queue} by {} after {}", reason.replace('_', " "), seconds(*waited_ms))
        }
        What::Ended { outcome, reason, agent, offers } => {
            let why =
                if reason.is_empty() { String::new() } else { format!(" ({})", reason.replace('_', " ")) };
            let who = agent.as_ref().map_or_else(String::new, |agent| format!(", last with {agent}"));
            format!("ended: {}{why}{who}; offers made: {offers}", outcome.replace('_', " "))
        }
        // Told with the lines that belong to them.
        What::Waited(_) | What::WentFirst { .. } | What::Offered { .. } | What::Queued { .. } => {
            String::new()
        }
    }
}

fn version(rules: u64) -> String {
    if rules == 0 { "not known".to_owned() } else { rules.to_string() }
}
