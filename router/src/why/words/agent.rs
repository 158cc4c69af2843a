//! "Why not me", in sentences.

use super::{Page, by, call::tell_choice, state_of};
use acd::explain::{Hers, Idle, Passed, Reason};

pub(super) fn tell(page: &mut Page<'_>, hers: &Hers) {
    match hers {
        Hers::Was { at, state, why, call, rests_until, .. } => {
            let call = call.map_or_else(String::new, |call| format!(", call {call}"));
            let rests = rests_until.map(|until| format!(", offered nothing until {}", page.time(until)));
            let state = state_of(state, why.as_deref());
            page.says(Some(*at), format!("{state}{call}{}", rests.unwrap_or_default()));
        }
        Hers::Offered { at, call, queue, choice, .. } => {
            page.says(Some(*at), format!("was offered {call} (queue {queue})"));
            tell_choice(page, choice);
        }
        Hers::Given { at, call, by, asked: false, .. } => {
            page.says(Some(*at), format!("was offered {call}: {by} gave it to her by name"));
        }
        Hers::Given { at, call, by, asked: true, .. } => {
            page.says(Some(*at), format!("was asked about {call} by {by}"));
        }
        Hers::OfferEnded { at, call, outcome, .. } => {
            page.says(Some(*at), format!("the offer of {call} ended: {}", outcome.replace('_', " ")));
        }
        Hers::Passed(passed) => tell_passed(page, passed),
        Hers::Idle(idle) => tell_idle(page, idle),
    }
}

fn tell_passed(page: &mut Page<'_>, passed: &Passed) {
    let Passed { at, until, times, call, queue, agent, against, behind, hers, theirs, .. } = passed;
    let by_name = if *behind == Some(Reason::GivenByName) { ", whom a colleague had named" } else { "" };
    page.says(Some(*at), format!("{call} (queue {queue}) was offered to {agent}{by_name}"));
    if !against.is_empty() {
        let why = page.all_against(against);
        page.adds(format!("not to her: {why}"));
    }
    if let (Some(reason), Some(hers), Some(theirs)) = (behind, hers, theirs) {
        let (one, other) = (page.candidate(theirs), page.candidate(hers));
        page.adds(format!("before her: {one}"));
        page.adds(format!("she: {other} ({})", by(*reason)));
    }
    if *times > 1 {
        let last = page.time(*until);
        page.adds(format!(
            "and {} more calls were offered to others for the same reasons, the last at {last}",
            times - 1
        ));
    }
}

fn tell_idle(page: &mut Page<'_>, idle: &Idle) {
    let until = idle.until.map_or_else(|| "until now".to_owned(), |until| page.span(idle.at, until));
    page.says(Some(idle.at), format!("was ready while up to {} calls waited, {until}", idle.calls_most));
    for kept in &idle.kept {
        let why = page.all_against(&kept.against);
        page.adds(format!(
            "up to {} calls, such as {} (queue {}): {why}",
            kept.calls_most, kept.call, kept.queue
        ));
    }
}
