//! A time of a log, as callers and agents to be played again.

use super::tally::Tally;
use crate::{
    log::{LogError, segments},
    recovery::{Start, newest_start, oldest_start},
};
use acd::{
    Acd, Entry, Event, Fact, Plan, Timestamp,
    day::{Duty, recorded::Recorded},
    plan::Presence,
};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Entries taken up in one go.
const CHUNK: usize = 1_000;

/// What was recorded.
#[derive(Debug)]
pub struct Record {
    /// From the first entry to the last one.
    pub period: (Timestamp, Timestamp),
    /// The rules under which most callers came.
    pub plan: Plan,
    /// The entry that brought them.
    pub rules: u64,
    /// How many rules there were in that time.
    pub plans: usize,
    /// The callers.
    pub recorded: Recorded,
    /// When agents with a desktop took calls.
    pub duties: Vec<Duty>,
    /// How long phones rang that were answered: the median.
    pub rings: Duration,
    /// What became of the callers.
    pub tally: Tally,
    /// Offers that were not answered, and transfers: neither is played.
    pub unplayed: (u64, u64),
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nobody called.
    #[error("no call ended in that time; name another with --from and --to")]
    Empty,
}

impl Record {
    /// Reads a store's log from one instant to another.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(folder: &Path, from: Timestamp, to: Timestamp) -> Result<Self, RecordError> {
        if segments(folder)?.is_empty() {
            return Err(LogError::Empty { path: folder.to_owned() }.into());
        }
        let start = match newest_start(folder, |state| state.at < from) {
            Err(LogError::Aged { .. }) => oldest_start(folder),
            start => start,
        };
        let Start { mut reader, mut acd, .. } = start?;
        let mut reading = Reading::new(from, to);
        loop {
            let entries = reader.read(CHUNK)?;
            if entries.is_empty() || !entries.iter().all(|entry| reading.read(&mut acd, entry)) {
                return reading.end(acd);
            }
        }
    }

    /// What was assumed of what the log does not tell.
    #[must_use]
    pub fn assumed(&self) -> Vec<String> {
        let (all, services, patience) = self.recorded.unknown();
        let (refused, transfers) = self.unplayed;
        let mut assumed = vec![
            format!(
                "{all} callers as recorded; drawn from callers of the same number: the conversations of {services} who were not answered, the patience of {patience} who did not give up (Kaplan and Meier)"
            ),
            format!("agents are there when they were, and every phone is answered after {:.1} s (the median on record)", self.rings.as_secs_f64()),
            "wrap-ups that agents ended themselves last as long as then; the others as long as the rules give".to_owned(),
            "the play begins with empty queues and nobody talking".to_owned(),
        ];
        if refused + transfers > 0 {
            assumed.push(format!("not played: {refused} offers that were not answered, {transfers} transfers (their conversations count as one)"));
        }
        if self.plans > 1 {
            assumed.push(format!(
                "warning: there were {} sets of rules in that time; played are those of entry {}, under which most callers came",
                self.plans, self.rules
            ));
        }
        assumed
    }
}

/// A record in the making.
struct Reading {
    from: Timestamp,
    to: Timestamp,
    first: Option<Timestamp>,
    last: Timestamp,
    recorded: Recorded,
    tally: Tally,
    rings: Vec<Duration>,
    plans: BTreeMap<u64, (u64, Plan)>,
    unplayed: (u64, u64),
}

impl Reading {
    fn new(from: Timestamp, to: Timestamp) -> Self {
        let (first, last, recorded, tally) = (None, from, Recorded::new(), Tally::new(from, to));
        let (rings, plans, unplayed) = (Vec::new(), BTreeMap::new(), (0, 0));
        Self { from, to, first, last, recorded, tally, rings, plans, unplayed }
    }
    /// Whether the time goes on.
    fn read(&mut self, acd: &mut Acd, entry: &Entry) -> bool {
        if entry.at >= self.to {
            return false;
        }
        let effects = acd.apply(entry);
        self.recorded.note(acd, entry, &effects);
        if entry.at < self.from {
            return true;
        }
        self.first.get_or_insert(entry.at);
        self.last = entry.at;
        self.tally.take(acd, &effects);
        if let Event::CallArrived { .. } = entry.event {
            let rules = || (0, acd.plan().clone());
            self.plans.entry(acd.ruled_since()).or_insert_with(rules).0 += 1;
        }
        effects.facts.iter().for_each(|fact| self.count(fact));
        true
    }
    fn count(&mut self, fact: &Fact) {
        if let Fact::QueueLeft(visit) = fact
            && visit.answered.is_some()
        {
            self.rings.push(visit.ring);
        }
        if let Fact::OfferEnded { outcome, .. } = fact {
            let taken = matches!(outcome, acd::OfferOutcome::Accepted | acd::OfferOutcome::Withdrawn);
            self.unplayed.0 += u64::from(!taken);
        }
        self.unplayed.1 += u64::from(matches!(fact, Fact::TransferEnded(_)));
    }
    fn end(mut self, acd: Acd) -> Result<Record, RecordError> {
        let (from, to) = (self.first.unwrap_or(self.from), self.last + Duration::from_micros(1));
        self.recorded.close(&acd, to);
        self.recorded.forget_before(self.from);
        let most = self.plans.iter().max_by_key(|(_, (callers, _))| *callers);
        let (Some((&rules, (_, plan))), true) = (most, self.recorded.unknown().0 > 0) else {
            return Err(RecordError::Empty);
        };
        let mut tally = self.tally;
        tally.learn(&acd);
        tally.until(to);
        tally.close(&acd);
        self.rings.sort_unstable();
        let rings = self.rings.get(self.rings.len() / 2).copied().unwrap_or_default();
        let (plan, duties) = (plan.clone(), duties(&self.recorded, &acd, plan, (from, to)));
        let (plans, unplayed, recorded) = (self.plans.len(), self.unplayed, self.recorded);
        Ok(Record { period: (from, to), plan, rules, plans, recorded, duties, rings, tally, unplayed })
    }
}

/// When agents were there, within the time; those who always are need no duty.
fn duties(recorded: &Recorded, acd: &Acd, plan: &Plan, (from, to): (Timestamp, Timestamp)) -> Vec<Duty> {
    let always =
        |id: &str| plan.agents.iter().any(|agent| agent.id == id && agent.presence == Presence::Always);
    let all = recorded.duties(acd.directory()).into_iter().filter(|duty| !always(&duty.agent));
    let within = all.map(|duty| {
        let end = duty.to.filter(|end| *end < to);
        Duty { from: duty.from.max(from), to: end, agent: duty.agent }
    });
    within.filter(|duty| duty.to.is_none_or(|end| end > from)).collect()
}
