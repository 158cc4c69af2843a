//! Customers who are called back: whose number may be called, over which gateway, and what is remembered of them.
//!
//! A number is called when a rule for numbers outside takes it that the queue names; nobody else is ever called.

use super::{SipEdge, call_id, call_key, leg_key, micros};
use acd::{AgentNo, CallId, OfferId, QueueNo, Timestamp, target::NumberPattern};
use config::CallbackWay;
use screenpop::caller::Privacy;
use sip::{Command, Mint as _};

/// How a queue calls back.
#[derive(Clone, Debug)]
pub struct CallbackSide {
    /// Over which rules, at which key, and as whom.
    pub way: CallbackWay,
    /// What each of the rules takes.
    pub numbers: Vec<(String, Vec<NumberPattern>)>,
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
    /// Remembers a waiting caller under the id of a request, which is given; none for one whose number is not known, or
    /// may not be called.
    pub fn keeps_place(&mut self, call: CallId, queue: QueueNo, now: Timestamp) -> Option<CallId> {
        let side = self.callers.get(&call)?;
        let known = &side.known;
        let number = known.caller.e164.clone().filter(|_| known.caller.privacy == Privacy::Public)?;
        let dialled = known.called.clone();
        self.callback_side(queue)?.rule(&number)?;
        let request = call_id(self.mint.call(micros(now)));
        let offered = self.stack.expect(call_key(request), (&number, &dialled), &mut self.out)?;
        self.remember(request, offered);
        self.requests.insert(request, number);
        Some(request)
    }
    /// A request that was there before a restart is known again; false when nobody knows whom it is for.
    pub fn expect_again(&mut self, request: CallId, record: &sip::CallerRecord) -> bool {
        let Some(offered) = self.stack.expected(record) else { return false };
        let number = offered.from_user.clone();
        self.remember(request, offered);
        self.requests.insert(request, number);
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
        let number = self.requests.get(&offer.call)?.clone();
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
        let number = self.requests.get(&offer.call)?.clone();
        let side = self.callback_side(queue)?;
        let (rule, from) = (side.rule(&number)?.to_owned(), side.way.from.clone());
        let dialled = self.callers.get(&offer.call).map(|side| side.known.called.clone());
        let outside = self.outside.iter().find(|side| side.way.name == rule)?;
        let (uri, at, trunk) = (outside.way.uri(&number), outside.at, outside.trunk.clone());
        let phone = self.found.phone(leg_key(offer), uri, at)?;
        let phones = vec![sip::Phone { trunk, ..phone }];
        let shown = from.or(dialled).filter(|shown| acd::target::dialable(shown).is_some());
        Some(Command::CallBack { leg: leg_key(offer), by: leg_key(by), phones, shown })
    }
    /// The customer is there, and a caller like any other.
    pub(super) fn customer_came(&mut self, offer: OfferId, leg: OfferId, now: Timestamp) {
        self.requests.remove(&offer.call);
        let command = Command::JoinCustomer { leg: leg_key(leg), by: leg_key(offer) };
        self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
    }
}
