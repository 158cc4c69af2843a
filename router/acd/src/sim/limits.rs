//! Who may not wait where they are, and where new calls lead, found out slowly: by counting calls and asking every agent.

use super::check::{able_idle, needs_at, ok, plan_of};
use crate::{
    Acd, CallId, Decision, Effects, Entry, Event, Fact, QueueNo, RefuseReason, Target,
    call::{Call, CallState},
    limits::Limits,
    plan::{EntryPlan, Then},
};
use std::collections::BTreeMap;

/// Whether a decision about where a call waits is what the rules say; `acd` as it was before.
///
/// # Errors
/// What they say.
pub fn check_decision(acd: &Acd, closed: &Closed, decision: &Decision) -> Result<(), String> {
    if let Decision::Enqueue { call, queue, .. } | Decision::TakePlace { call, queue, .. } = decision {
        return check_entered(acd, closed, *call, Some(*queue));
    }
    if let Decision::Divert { call, to, why } = decision {
        let then = check_departure(acd, *call, *why)?;
        let named = then_queue(acd, &then);
        return ok(named == Some(*to), || format!("{call} goes to {to:?}, its rule says {then:?}"));
    }
    let Decision::Refuse { call, reason } = decision else { return Ok(()) };
    match reason {
        RefuseReason::Closed | RefuseReason::NoEntry => check_entered(acd, closed, *call, None),
        RefuseReason::Full | RefuseReason::Unstaffed => {
            let talked = acd.call(*call).is_some_and(|call| call.past.agent.is_some());
            ok(!talked, || format!("{call} was given away and is turned away"))?;
            check_departure(acd, *call, *reason).map(|_| ())
        }
        RefuseReason::MaxWait | RefuseReason::Drained | RefuseReason::NotReached | RefuseReason::Expired => {
            Ok(())
        }
    }
}

/// A call enters the queue that its entry leads to, or that stands in for it outside of hours; a transferred one that it was
/// meant for or came from.
fn check_entered(acd: &Acd, closed: &Closed, id: CallId, into: Option<QueueNo>) -> Result<(), String> {
    let call = acd.call(id).ok_or_else(|| format!("{id} is no call"))?;
    if let Some(request) = call.request() {
        return ok(into == Some(request.queue), || format!("{id} enters {into:?}, not {:?}", request.queue));
    }
    if let Some(transfer) = call.transfer() {
        let meant = match &transfer.to {
            Target::Queue { queue } => *queue,
            Target::Agent { .. } | Target::Outside { .. } => transfer.queue,
        };
        return ok(into == Some(meant), || format!("{id} enters {into:?}, not {meant:?}"));
    }
    let entries = || acd.plan().entries.iter();
    let entry = entries().find(|entry| entry.number == call.dialled());
    let entry = entry.or_else(|| entries().find(|entry| entry.number == "*"));
    let leads = entry.and_then(|entry| match &entry.hours {
        Some(hours) if closed.is(&hours.name) => then_queue(acd, &hours.closed),
        Some(_) | None => acd.directory().queue_no(&entry.queue),
    });
    ok(into == leads, || format!("{id} enters {into:?}, but {entry:?} leads to {leads:?}"))
}

/// A call may not wait where it is: nobody is free for it, and its queue is full or unstaffed. What the rule says.
fn check_departure(acd: &Acd, id: CallId, why: RefuseReason) -> Result<Then, String> {
    let call = acd.call(id).ok_or_else(|| format!("{id} is no call"))?;
    let waits = matches!(call.state(), CallState::Queued) && !call.is_request();
    ok(waits, || format!("{id} is {:?} and leaves its queue", call.state()))?;
    let free = able_idle(acd, call).next();
    ok(free.is_none(), || format!("{id} leaves while {free:?} is ready and able"))?;
    let (queue, limits) = limits(acd, call).ok_or_else(|| format!("{id} is in no queue"))?;
    if why == RefuseReason::Unstaffed {
        ok(!staffed(acd, call), || format!("{id} leaves {queue:?}, where somebody is signed in"))?;
        return limits.unstaffed.clone().ok_or_else(|| format!("{id} may wait for somebody in {queue:?}"));
    }
    let (count, most) = (waiting(acd, queue), limits.max_waiting);
    ok(most.is_some_and(|most| count > most), || format!("{id} leaves {queue:?}: {count} of {most:?}"))?;
    ok(call.past.agent.is_none(), || format!("{id} was given to {queue:?} and is turned away"))?;
    Ok(limits.full.clone())
}

fn then_queue(acd: &Acd, then: &Then) -> Option<QueueNo> {
    match then {
        Then::Refuse => None,
        Then::Queue(name) => acd.directory().queue_no(name),
    }
}

fn limits<'a>(acd: &'a Acd, call: &Call) -> Option<(QueueNo, &'a Limits)> {
    let queue = call.visit()?.queue;
    Some((queue, &acd.queue_plan(queue)?.limits))
}

fn waiting(acd: &Acd, queue: QueueNo) -> u32 {
    let here = |call: &&Call| {
        let unanswered = matches!(call.state(), CallState::Queued | CallState::Offered { .. });
        unanswered && !call.is_request() && call.visit().is_some_and(|visit| visit.queue == queue)
    };
    u32::try_from(acd.calls().filter(here).count()).unwrap_or(u32::MAX)
}

/// Whether somebody who is not logged out could take a call at any step of its queue.
fn staffed(acd: &Acd, call: &Call) -> bool {
    let Some(visit) = call.visit() else { return false };
    let steps = (0..=u8::MAX).map_while(|step| needs_at(acd, visit.queue, step, call));
    let needs: Vec<_> = steps.collect();
    let able = |plan: &crate::plan::AgentPlan| needs.iter().any(|needs| needs.is_met_by(&plan.skills));
    let here = acd.agents().filter(|(_, agent)| !agent.is_logged_out());
    here.filter_map(|(no, _)| plan_of(acd, no)).any(able)
}

/// What must hold between two events.
///
/// # Errors
/// Who waits for nobody, or where a count is wrong.
pub fn check_limits(acd: &Acd) -> Result<(), String> {
    let queues = (0..acd.directory().queue_count()).filter_map(|no| u32::try_from(no).ok()).map(QueueNo);
    for queue in queues {
        let (count, counted) = (waiting(acd, queue), acd.crowd.waiting(queue));
        ok(count == counted, || format!("{count} wait in {queue:?}, and the brain says {counted}"))?;
    }
    let waits = |call: &&Call| matches!(call.state(), CallState::Queued) && !call.is_request();
    for call in acd.calls().filter(waits) {
        let may = limits(acd, call).is_none_or(|(_, limits)| limits.unstaffed.is_none());
        let may = may || call.past.agent.is_some();
        ok(may || staffed(acd, call), || format!("{} waits, and nobody is there", call.id()))?;
    }
    Ok(())
}

/// What must hold after an event: nobody has come to wait who is one too many, and nobody was sent round.
///
/// # Errors
/// Who was.
pub fn check_moved(acd: &Acd, entry: &Entry, effects: &Effects) -> Result<(), String> {
    let mut moved: BTreeMap<CallId, usize> = BTreeMap::new();
    for decision in &entry.decisions {
        if let Decision::Divert { call, .. } = decision {
            *moved.entry(*call).or_default() += 1;
        }
    }
    let queues = acd.directory().queue_count();
    for (call, times) in moved {
        ok(times < queues, || format!("{call} was sent on {times} times through {queues} queues"))?;
    }
    for fact in &effects.facts {
        let Fact::QueueEntered { call, visit, queue } = fact else { continue };
        let Some(call) = acd.call(*call).filter(|call| call.visits == *visit) else { continue };
        let stood = entry.decisions.iter().any(|decision| {
            matches!(decision, Decision::TakePlace { call: taker, queue: of, .. } if (*taker, of) == (call.id(), queue))
        });
        let waits = matches!(call.state(), CallState::Queued) && !call.is_request();
        let comes = waits && !stood && call.past.agent.is_none();
        let most = acd.queue_plan(*queue).and_then(|plan| plan.limits.max_waiting);
        let count = waiting(acd, *queue);
        let may = !comes || most.is_none_or(|most| count <= most);
        ok(may, || format!("{} came to {queue:?}, where {count} wait of {most:?}", call.id()))?;
    }
    Ok(())
}

/// Which hours are closed, by what was told.
#[derive(Clone, Debug, Default)]
pub struct Closed(Vec<String>);

impl Closed {
    /// Takes an event up; before it is handed in, as it counts for what is decided on it.
    pub fn hear(&mut self, event: &Event) {
        if let Event::HoursTurned { hours, open } = event {
            self.0.retain(|closed| closed != hours);
            self.0.extend((!open).then(|| hours.clone()));
        }
        if let Event::PlanChanged { plan } = event {
            let by = |hours: &String| {
                let is = |entry: &EntryPlan| entry.hours.as_ref().is_some_and(|of| of.name == *hours);
                plan.entries.iter().any(is)
            };
            self.0.retain(by);
        }
    }
    fn is(&self, hours: &str) -> bool {
        self.0.iter().any(|closed| closed == hours)
    }
}
