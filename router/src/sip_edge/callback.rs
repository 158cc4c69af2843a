//! Customers who are called back: whose number may be called, over which gateway, and what is remembered of them.
//!
//! A number is called when a rule for numbers outside takes it that the queue names; nobody else is ever called.

use super::{SipEdge, call_id, call_key, leg_key, micros};
use crate::media::Sound;
use acd::{
    AgentNo, CallId, CallerRef, CommandError, OfferId, QueueNo, Timestamp,
    target::{NumberPattern, dialable},
};
use config::CallbackWay;
use screenpop::caller::{CallerHeaders, Privacy, identify};
use sip::{Command, Mint as _};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Requests are counted for so long, by this process: one that has just begun knows of none before.
const HOUR: Duration = Duration::from_secs(3_600);

/// How a queue calls back.
#[derive(Clone, Debug)]
pub struct CallbackSide {
    /// Over which rules, at which key, and as whom.
    pub way: CallbackWay,
    /// What each of the rules takes.
    pub numbers: Vec<(String, Vec<NumberPattern>)>,
    /// What is spoken to a caller whose place is kept.
    pub kept: Arc<Sound>,
}

/// A customer who is to be called back.
#[derive(Debug)]
pub(super) struct Customer {
    number: String,
    queue: QueueNo,
}

/// When requests came about in the last hour, by queue: so that nobody can make us call all the world.
#[derive(Debug, Default)]
pub(super) struct Lately(BTreeMap<QueueNo, VecDeque<Timestamp>>);

impl Lately {
    /// Whether one more is within `most` an hour.
    fn takes(&mut self, queue: QueueNo, most: u32, now: Timestamp) -> bool {
        let times = self.0.entry(queue).or_default();
        while times.front().is_some_and(|at| now.since(*at) >= HOUR) {
            times.pop_front();
        }
        times.len() < most as usize
    }
    fn note(&mut self, queue: QueueNo, now: Timestamp) {
        self.0.entry(queue).or_default().push_back(now);
    }
}

impl CallbackSide {
    /// The rule by which a number may be called.
    fn rule(&self, number: &str) -> Option<&str> {
        let takes = |patterns: &[NumberPattern]| patterns.iter().any(|pattern| pattern.takes(number));
        self.numbers.iter().find(|(_, patterns)| takes(patterns)).map(|(rule, _)| rule.as_str())
    }
}

impl SipEdge {
    fn callback_side(&self, queue: QueueNo) -> Option<&CallbackSide> {
        self.queues.get(queue.index())?.callback.as_ref()
    }
    /// Whether a key means that a caller who waits in this queue is to be called back.
    #[must_use]
    pub fn asks_for_callback(&self, queue: QueueNo, key: char) -> bool {
        self.callback_side(queue).is_some_and(|side| side.way.key == Some(key))
    }
    /// Whether any key means something to callers who wait in this queue.
    pub(super) fn has_keys(&self, queue: QueueNo) -> bool {
        self.callback_side(queue).is_some_and(|side| side.way.key.is_some())
    }
    /// Remembers a waiting caller under the id of a request, which is given; none for one whose number is not known, or
    /// may not be called, and when there are too many.
    pub fn keeps_place(&mut self, call: CallId, queue: QueueNo, now: Timestamp) -> Option<CallId> {
        let side = self.callers.get(&call)?;
        let known = &side.known;
        let number = known.caller.e164.clone().filter(|_| known.caller.privacy == Privacy::Public)?;
        let (name, dialled) = (known.caller.display.clone().unwrap_or_default(), known.called.clone());
        let kept = Arc::clone(&self.callback_side(queue)?.kept);
        let (request, _) = self.expect(queue, (&number, &name, &dialled), now).ok()?;
        if let Some(side) = self.callers.get_mut(&call) {
            side.parting = Some(kept);
        }
        Some(request)
    }
    /// Remembers somebody who is to be called and does not wait, under the id of a request.
    ///
    /// # Errors
    /// When that queue calls nobody back, that number may not be called, or there are too many.
    pub fn keeps_number(
        &mut self,
        queue: QueueNo,
        (number, name): (&str, &str),
        now: Timestamp,
    ) -> Result<(CallId, CallerRef), CommandError> {
        let digits = dialable(number).ok_or(CommandError::NumberRefused)?;
        let headers = CallerHeaders {
            from: &format!("<sip:{digits}@localhost>"),
            pai: None,
            rpid: None,
            privacy: None,
        };
        let number = identify(&headers, true, &self.region).e164.ok_or(CommandError::NumberRefused)?;
        let (request, caller) = self.expect(queue, (&number, name, ""), now)?;
        Ok((request, caller.ok_or(CommandError::NumberRefused)?))
    }
    /// Stores who is to be called, if that may be.
    fn expect(
        &mut self,
        queue: QueueNo,
        who: (&str, &str, &str),
        now: Timestamp,
    ) -> Result<(CallId, Option<CallerRef>), CommandError> {
        let name = || self.queues.get(queue.index()).map(|side| side.name.clone()).unwrap_or_default();
        let side =
            self.callback_side(queue).ok_or_else(|| CommandError::NobodyCalledBack { queue: name() })?;
        side.rule(who.0).ok_or(CommandError::NumberRefused)?;
        let (most, hourly) = (side.way.most, side.way.hourly);
        let stand = self.requests.values().filter(|customer| customer.queue == queue).count();
        if stand >= most as usize || !self.lately.takes(queue, hourly, now) {
            return Err(CommandError::TooManyRequests);
        }
        let request = call_id(self.mint.call(micros(now)));
        let offered =
            self.stack.expect(call_key(request), who, &mut self.out).ok_or(CommandError::NumberRefused)?;
        self.lately.note(queue, now);
        let caller = self.remember(request, offered);
        self.requests.insert(request, Customer { number: who.0.to_owned(), queue });
        Ok((request, caller))
    }
    /// Number and name of the customer who is to be called.
    #[must_use]
    pub fn customer(&self, request: CallId) -> Option<(&str, Option<&str>)> {
        let name = self.callers.get(&request).and_then(|side| side.known.caller.display.as_deref());
        Some((&self.requests.get(&request)?.number, name))
    }
    /// A request that was there before a restart is known again; false when nobody knows whom it is for.
    pub fn expect_again(&mut self, request: CallId, queue: QueueNo, record: &sip::CallerRecord) -> bool {
        let Some(offered) = self.stack.expected(record) else { return false };
        let number = offered.from_user.clone();
        self.remember(request, offered);
        self.requests.insert(request, Customer { number, queue });
        true
    }
    /// Nobody is to be called for it any more: it is over, was refused, or its customer is there.
    pub fn expect_no_more(&mut self, request: CallId) {
        if self.requests.remove(&request).is_some() {
            self.stack.expect_no_more(call_key(request), &mut self.out);
            self.play(request, None); // what an agent heard until now
            self.callers.remove(&request);
        }
    }
    /// An agent's phone is rung for a customer who is to be called; none when it is rung for a caller.
    pub(super) fn ring_first(
        &mut self,
        offer: OfferId,
        agent: AgentNo,
        queue: QueueNo,
        auto_answer: bool,
        now: Timestamp,
    ) -> Option<Command> {
        let number = self.requests.get(&offer.call)?.number.clone();
        self.choose_music(offer.call, queue);
        let port = self.rtp_port(offer.call);
        let Command::Ring { leg, phones, queue, auto_answer, .. } =
            self.ring(offer, agent, queue, auto_answer, now)?
        else {
            return None;
        };
        Some(Command::RingFirst { leg, phones, queue, shown: Some(number), auto_answer, port })
    }
    /// The INVITE to the customer; none when the number may not be called, or nobody knows its gateway.
    pub(super) fn call_back(&mut self, offer: OfferId, by: OfferId, queue: QueueNo) -> Option<Command> {
        let number = self.requests.get(&offer.call)?.number.clone();
        let side = self.callback_side(queue)?;
        let (rule, from) = (side.rule(&number)?.to_owned(), side.way.from.clone());
        let dialled = self.callers.get(&offer.call).map(|side| side.known.called.clone());
        let outside = self.outside.iter().find(|side| side.way.name == rule)?;
        let (uri, at, trunk) = (outside.way.uri(&number), outside.at, outside.trunk.clone());
        let phone = self.found.phone(leg_key(offer), uri, at)?;
        let phones = vec![sip::Phone { trunk, ..phone }];
        let shown = from.or(dialled).filter(|shown| dialable(shown).is_some());
        Some(Command::CallBack { leg: leg_key(offer), by: leg_key(by), phones, shown })
    }
    /// The customer is there, and a caller like any other.
    pub(super) fn customer_came(&mut self, offer: OfferId, leg: OfferId, now: Timestamp) {
        self.requests.remove(&offer.call);
        let command = Command::JoinCustomer { leg: leg_key(leg), by: leg_key(offer) };
        self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_an_hour_and_no_more_each_queue_by_itself() {
        let at = |minutes: u64| Timestamp(minutes * 60_000_000);
        let (mut lately, busy, other) = (Lately::default(), QueueNo(0), QueueNo(1));
        for minute in [0, 30] {
            assert!(lately.takes(busy, 2, at(minute)));
            lately.note(busy, at(minute));
        }
        assert!(!lately.takes(busy, 2, at(59)) && lately.takes(other, 2, at(59)));
        assert!(lately.takes(busy, 2, at(60)), "the first was an hour ago");
        lately.note(busy, at(60));
        assert!(!lately.takes(busy, 2, at(89)) && lately.takes(busy, 2, at(90)));
    }
}
