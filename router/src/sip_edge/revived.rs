//! Calls of a process before: which records belong together, and what this side remembers of them anew.

use super::{SipEdge, call_key, leg_key, micros};
use crate::live::Left;
use acd::{CallId, OfferId, Timestamp};
use sip::{CallKey, CallerRecord, Cause, Command, DialogRecord, Flow, LegKey, LegRecord, NotRevived};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// An INVITE without any answer is repeated for so long (RFC 3261 §17.1.1.2, timer B).
const REPEATS: Duration = Duration::from_secs(32);

/// Attempts from here on are legs that were set aside: no call makes so many.
const SET_ASIDE: u32 = u32::MAX / 2;

/// What is left of calls, by call.
#[derive(Debug)]
pub struct Remains {
    callers: BTreeMap<CallKey, CallerRecord>,
    legs: BTreeMap<CallKey, Vec<(LegKey, LegRecord)>>,
}

/// What is left of one call.
#[derive(Debug)]
pub struct OfCall(sip::Remains);

impl Remains {
    /// Sorts what was left.
    #[must_use]
    pub fn of(left: Left) -> Self {
        let mut legs: BTreeMap<CallKey, Vec<_>> = BTreeMap::new();
        for (key, record) in left.legs {
            legs.entry(key.call).or_default().push((key, record));
        }
        Self { callers: left.callers, legs }
    }
    /// What is left of `call`; none when its caller has gone.
    pub fn take(&mut self, call: CallId) -> Option<OfCall> {
        let call = call_key(call);
        let caller = self.callers.remove(&call)?;
        let legs = self.legs.remove(&call).unwrap_or_default();
        Some(OfCall(sip::Remains { call, caller, legs }))
    }
    /// What is left of the caller of `call` alone.
    pub fn take_caller(&mut self, call: CallId) -> Option<CallerRecord> {
        self.callers.remove(&call_key(call))
    }
    /// Whose records have not been taken: callers', and phones' legs.
    #[must_use]
    pub fn keys(&self) -> (Vec<CallKey>, Vec<LegKey>) {
        let legs = self.legs.values().flatten().map(|(key, _)| *key);
        (self.callers.keys().copied().collect(), legs.collect())
    }
}

/// As a call's id has it.
const fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp(at.micros() / 1_000 * 1_000)
}

impl OfCall {
    /// Whether the phone of `offer` had answered.
    #[must_use]
    pub fn has_answered(&self, offer: OfferId) -> bool {
        self.0.legs.iter().any(|(key, record)| *key == leg_key(offer) && record.dialog.is_some())
    }
    /// Gives other names to legs that the log knows nothing of, from `next` on: the brain makes its next attempts under
    /// theirs, and would be told of one what the other does. Gives the old names.
    pub fn set_aside(&mut self, next: OfferId) -> Vec<LegKey> {
        let taken: BTreeSet<u32> = self.0.legs.iter().map(|(key, _)| key.attempt).collect();
        let mut free = (next.attempt..=u32::MAX).rev().filter(|attempt| !taken.contains(attempt));
        let unknown = |attempt: u32| (next.attempt..SET_ASIDE).contains(&attempt);
        let mut old = Vec::new();
        for (key, _) in self.0.legs.iter_mut().filter(|(key, _)| unknown(key.attempt)) {
            if let Some(attempt) = free.next() {
                old.push(std::mem::replace(key, LegKey { attempt, ..*key }));
            }
        }
        old
    }
}

impl SipEdge {
    /// Takes a call up again. The caller is in conversation over the leg `talks`, if over any.
    ///
    /// # Errors
    /// When its records cannot be read; nothing is left of it then.
    pub fn revive(&mut self, of: OfCall, talks: Option<OfferId>, now: Timestamp) -> Result<(), NotRevived> {
        let call = super::call_id(of.0.call);
        if let Some(relay) = &mut self.relay {
            relay.adopt(&of.0.legs);
        }
        let talks_to = talks.map(|offer| offer.attempt);
        let offered = self.stack.revive(of.0, talks_to, micros(now), &mut self.mint, &mut self.out)?;
        self.remember(call, offered);
        Ok(())
    }
    /// Ends what belongs to no call of the brain's. A caller who has heard no answer, and may still repeat the INVITE, is as
    /// good as new; so is one whose call came after the log's `last` entry: an answer that stands in the records was not sent.
    pub fn bury(&mut self, mut remains: Remains, last: Timestamp, now: Timestamp) {
        let at = micros(now);
        for (call, caller) in std::mem::take(&mut remains.callers) {
            let is_logged = super::call_id(call).arrived() < whole_millis(last);
            let unheard = |dialog: &DialogRecord| dialog.unacknowledged.is_some() && !is_logged;
            let is_new = caller.ended.is_none() && caller.dialog.as_ref().is_none_or(unheard);
            if caller.ended.is_none() && !is_new {
                let legs = remains.legs.remove(&call).unwrap_or_default();
                self.end_unknown(sip::Remains { call, caller, legs }, now);
                continue;
            }
            self.stack.bury_caller(call, &caller, at, &mut self.mint, &mut self.out);
            if is_new && now.since(super::call_id(call).arrived()) < REPEATS {
                // Connections are counted anew by each process.
                self.receive(Flow { connection: None, ..caller.from }, caller.invite, now);
            }
        }
        for (key, record) in remains.legs.into_values().flatten() {
            let leg = [(key, record)];
            if let Some(relay) = &mut self.relay {
                relay.adopt(&leg);
            }
            self.stack.bury(key, &leg[0].1, at, &mut self.mint, &mut self.out);
        }
    }
    /// Ends a call that has a caller, and is none of the brain's.
    fn end_unknown(&mut self, of: sip::Remains, now: Timestamp) {
        let (call, at) = (of.call, micros(now));
        if let Some(relay) = &mut self.relay {
            relay.adopt(&of.legs);
        }
        if self.stack.revive(of, None, at, &mut self.mint, &mut self.out).is_ok() {
            let cause = Cause { status: 500, text: "Lost in a restart" };
            self.stack.command(Command::End { call, cause }, at, &mut self.mint, &mut self.out);
        }
    }
    /// Asks the peers of a call whether they are still there.
    pub fn probe(&mut self, call: CallId, now: Timestamp) {
        let command = Command::Probe { call: call_key(call) };
        self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
    }
}
