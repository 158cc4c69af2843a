//! New rules while calls run: who may call, who may sign in, where phones, gateways and trunks are.

use super::{OutsideSide, PhoneSide, QueueSide, SipEdge, micros};
use crate::resolve::Found;
use acd::{Acd, AgentNo, Timestamp};
use sip::{auth::Realm, peering::Peering, registrar::Settings};

/// What this side has to know of new rules.
#[derive(Debug)]
pub struct EdgeRules {
    /// Who may call, and how much at once. The addresses in it do not count: we go on listening where we do.
    pub stack: sip::Config,
    /// Whose phones may register.
    pub users: Settings,
    /// What calls of trunks have to prove, in the configuration's order.
    pub proofs: Vec<Option<Realm>>,
    /// Where phones are, by number of the agent.
    pub phones: Vec<Option<PhoneSide>>,
    /// Queues, by number.
    pub queues: Vec<QueueSide>,
    /// Gateways.
    pub outside: Vec<OutsideSide>,
    /// Headers that say something that calls are routed by.
    pub attributes: Vec<config::AttributeHeader>,
    /// Every trunk, and whether we register there.
    pub trunks: Vec<(String, bool)>,
    /// What we do at trunks of our own accord.
    pub peerings: Vec<Peering>,
    /// Trunks whose addresses have to be found, with the places of their names.
    pub seek: Vec<(String, usize)>,
    /// Where names lead that are new.
    pub found: Vec<Found>,
}

impl SipEdge {
    /// Goes by these rules from here on; calls that are alive go on. To be followed by [`SipEdge::follow_phones`].
    pub fn change(&mut self, rules: EdgeRules, acd: &Acd, now: Timestamp) {
        // All are named, so that a new one cannot be forgotten.
        let EdgeRules {
            stack,
            users,
            proofs,
            mut phones,
            queues,
            outside,
            attributes,
            trunks,
            peerings,
            seek,
            found,
        } = rules;
        self.keep_phones_in_use(&mut phones, acd);
        self.learn(phones, queues, outside);
        self.learn_attributes(attributes);
        self.configure(stack);
        let secret = *self.mint.secret();
        self.stack.sign_in_others(users, proofs, &secret, micros(now), &mut self.out);
        for (trunk, registers) in self.trunks.learn(trunks) {
            self.metrics.trunks.learn(&trunk, registers);
        }
        let new = self.stack.meet_others(peerings, micros(now), &mut self.mint, &mut self.out);
        for (trunk, place) in seek.iter().filter(|(trunk, _)| new.contains(trunk)) {
            let flows = self.found.flows(*place);
            if !flows.is_empty() {
                self.stack.found(trunk, flows, micros(now), &mut self.mint, &mut self.out);
            }
        }
        self.seek(seek);
        found.into_iter().for_each(|found| self.found(found, now));
    }

    /// An agent who has a call, or is offered one, keeps the phone she has it on until she is done.
    fn keep_phones_in_use(&mut self, phones: &mut [Option<PhoneSide>], acd: &Acd) {
        let occupied = |no: usize| {
            let agent = u32::try_from(no).ok().and_then(|no| acd.agent(AgentNo(no)));
            agent.is_some_and(|agent| agent.state().is_handling())
        };
        for (no, phone) in
            phones.iter_mut().enumerate().filter(|(no, phone)| phone.is_none() && occupied(*no))
        {
            *phone = self.phones.get_mut(no).and_then(Option::take);
        }
    }
}
