//! Several phones ring for one call, and the first that answers has it.
//!
//! ```text
//! Queued ─ offer ─▶ Offered ─ room for one more ─▶ Offered, and others beside it ─ one answers ─▶ Connected
//!    ▲                                                │  ▲                            └─ the others: withdrawn
//!    └────────────── the last one failed ◀────────────┘  └ one failed, or the next may ring
//! ```
//! The oldest offer stands in the call's state, as where only one phone rings; those beside it stand in `also`, and the
//! oldest of them takes its place when it ends. Each has its own deadline, and its own agent to blame. A call that may
//! ring one phone more waits for an agent as well: it stands in the index, at its rank.
//!
//! How many may ring is the strategy's: all at once (`ring-all`), or one more whenever the last one has rung for
//! `ring_next` (`progressive`), `ring_most` at most. Nobody joins any more when `max_wait` is over, so that the call
//! moves on as soon as the last phone is quiet.

use crate::{
    Acd, AgentNo, Call, CallId, Decision, Effects, Fact, OfferId, OfferOutcome, Order, Timestamp,
    call::{CallState, Stage},
    effect::{AgentCause, DropReason},
    plan::{QueuePlan, Strategy},
    rules::Rules,
};
use serde::{Deserialize, Serialize};

/// An offer that stands: a phone rings for a call, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Which offer.
    pub offer: OfferId,
    /// To whom.
    pub agent: AgentNo,
    /// Since when.
    pub since: Timestamp,
    /// When it is taken away, or when the ring no longer waits for the card.
    pub due: Timestamp,
    /// What is awaited.
    pub stage: Stage,
}

impl Ring {
    const fn state(self) -> CallState {
        let Self { offer, agent, since, due, stage } = self;
        CallState::Offered { offer, agent, since, due, stage }
    }
    /// Whether her phone has been told to ring.
    #[must_use]
    pub const fn is_at_phone(&self) -> bool {
        match self.stage {
            Stage::Ringing | Stage::AutoAnswer => true,
            Stage::Card { .. } | Stage::Desk => false,
        }
    }
    /// When the offer as a whole is taken away.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        match self.stage {
            Stage::Card { expires } => expires,
            Stage::Ringing | Stage::Desk | Stage::AutoAnswer => self.due,
        }
    }
    /// What is decided when it is due.
    pub(crate) const fn decide_due(&self) -> Decision {
        match self.stage {
            Stage::Card { .. } => Decision::Ring { offer: self.offer },
            Stage::Ringing | Stage::Desk | Stage::AutoAnswer => Decision::RingOut { offer: self.offer },
        }
    }
}

impl CallState {
    /// The offer that stands in the state.
    const fn ring(&self) -> Option<Ring> {
        match *self {
            Self::Offered { offer, agent, since, due, stage } => {
                Some(Ring { offer, agent, since, due, stage })
            }
            Self::Arrived
            | Self::Queued
            | Self::Later { .. }
            | Self::Dialling { .. }
            | Self::Connected { .. }
            | Self::Outside { .. } => None,
        }
    }
}

impl Call {
    /// Every offer of it that stands, oldest first.
    pub fn rings(&self) -> impl Iterator<Item = Ring> + '_ {
        self.state.ring().into_iter().chain(self.also.iter().copied())
    }
    /// Everybody who has it on offer, or the one who has it.
    pub fn agents(&self) -> impl Iterator<Item = AgentNo> + '_ {
        self.state.agent().into_iter().chain(self.also.iter().map(|ring| ring.agent))
    }
    pub(crate) fn ring_of(&self, offer: OfferId) -> Option<Ring> {
        self.rings().find(|ring| ring.offer == offer)
    }
    pub(crate) fn ring_at(&self, agent: AgentNo) -> Option<Ring> {
        self.rings().find(|ring| ring.agent == agent)
    }
    /// The one that is due first.
    pub(crate) fn first_due(&self) -> Option<Ring> {
        self.rings().min_by_key(|ring| (ring.due, ring.offer.attempt))
    }
    /// An offer that stands in another way than it did, or beside the others.
    fn put(&mut self, ring: Ring) {
        match self.state.ring() {
            Some(first) if first.offer != ring.offer => {
                match self.also.iter_mut().find(|other| other.offer == ring.offer) {
                    Some(other) => *other = ring,
                    None => self.also.push(ring),
                }
            }
            Some(_) | None => self.state = ring.state(),
        }
    }
    /// One of several offers stands no more.
    fn take(&mut self, offer: OfferId) {
        if self.state.ring().is_some_and(|first| first.offer == offer) && !self.also.is_empty() {
            let mut next = self.also.remove(0);
            if bug!(PromotedRingNeverEnds) {
                next.due = Timestamp(u64::MAX);
            }
            self.state = next.state();
        } else {
            self.also.retain(|ring| ring.offer != offer);
        }
    }
}

impl QueuePlan {
    /// How many phones may ring for one call at once at most.
    #[must_use]
    pub const fn most_phones(&self) -> u8 {
        match self.strategy {
            Strategy::RingAll | Strategy::Progressive => self.ring_most,
            Strategy::LongestIdle
            | Strategy::LeastOccupied
            | Strategy::FewestCalls
            | Strategy::MostSkilled
            | Strategy::LeastSkilled
            | Strategy::RoundRobin
            | Strategy::TopDown
            | Strategy::Weighted
            | Strategy::Fastest => 1,
        }
    }
}

impl Rules {
    /// Whether a call waits for an agent: nobody has it on offer, or one phone more may ring for it.
    #[must_use]
    pub fn wants_agent(&self, call: &Call) -> bool {
        matches!(call.state, CallState::Queued) || self.has_room(call)
    }
    /// Whether one phone more may ring for a call that is on offer.
    fn has_room(&self, call: &Call) -> bool {
        let Some(may) = self.phones_for(call) else { return false };
        // She has taken it at her desk: it is hers unless her phone fails her.
        let taken = call.rings().any(|ring| ring.stage == Stage::AutoAnswer);
        !taken && call.rings().count() < usize::from(may)
    }
    /// How many phones may ring for a call that is on offer; none where there is only ever one: the call was given to one
    /// agent, or the queue rings one after the other.
    fn phones_for(&self, call: &Call) -> Option<u8> {
        if call.transfer.is_some() || !matches!(call.state, CallState::Offered { .. }) {
            return None;
        }
        let visit = call.visit?;
        let plan = &self.queue(visit.queue)?.plan;
        let most = if bug!(PhonesUnbounded) { u8::MAX } else { plan.most_phones() };
        let decided = match plan.strategy {
            Strategy::Progressive => visit.phones.unwrap_or(1),
            Strategy::RingAll
            | Strategy::LongestIdle
            | Strategy::LeastOccupied
            | Strategy::FewestCalls
            | Strategy::MostSkilled
            | Strategy::LeastSkilled
            | Strategy::RoundRobin
            | Strategy::TopDown
            | Strategy::Weighted
            | Strategy::Fastest => visit.phones.filter(|phones| *phones == 0).unwrap_or(most),
        };
        (plan.most_phones() > 1).then_some(decided.min(most))
    }
    /// When another number of phones may ring for a call: one more, or no more than do.
    #[must_use]
    pub fn spread_due(&self, call: &Call) -> Option<Timestamp> {
        let (may, visit) = (self.phones_for(call).filter(|may| *may > 0)?, call.visit?);
        let plan = &self.queue(visit.queue)?.plan;
        let next = (plan.strategy == Strategy::Progressive && may < plan.ring_most)
            .then(|| call.rings().last().map(|last| last.since + plan.ring_next))
            .flatten()
            .filter(|at| call.rings().count() >= usize::from(may) && *at < visit.leaves);
        Some(next.map_or(visit.leaves, |next| next.min(visit.leaves)))
    }
}

impl Acd {
    pub(crate) fn decide_spread(&self, call: &Call) -> Option<Decision> {
        let over = self.rules.spread_due(call)? >= call.visit?.leaves;
        let phones = if over { 0 } else { self.rules.phones_for(call)?.saturating_add(1) };
        Some(Decision::Spread { call: call.id, phones })
    }
    pub(crate) fn spread(&mut self, id: CallId, phones: u8) {
        self.change_call(id, |call| {
            if let Some(visit) = &mut call.visit {
                visit.phones = Some(phones);
            }
        });
    }

    pub(crate) fn ring_of(&self, offer: OfferId) -> Option<Ring> {
        self.calls.get(&offer.call)?.ring_of(offer)
    }
    /// A call is on offer, or in another way than before; one that is on offer already to somebody else as well.
    pub(crate) fn put_ring(&mut self, ring: Ring) {
        self.change_call(ring.offer.call, |call| call.put(ring));
    }
    /// An offer stands no more: others do, or the call waits again.
    pub(crate) fn take_ring(&mut self, offer: OfferId) {
        let Some(call) = self.calls.get(&offer.call) else { return };
        if call.also.is_empty() {
            self.set_call_state(offer.call, CallState::Queued);
        } else {
            self.change_call(offer.call, |call| call.take(offer));
        }
    }
    /// She has the call: whoever else had it on offer is free again, through no doing of her own.
    pub(crate) fn withdraw_others(&mut self, from: OfferId, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get(&from.call).filter(|call| !call.also.is_empty()) else { return };
        if bug!(LosersRingOn) {
            return;
        }
        let others: Vec<Ring> = call.rings().filter(|ring| ring.offer != from).collect();
        for ring in &others {
            self.change_call(from.call, |call| call.take(ring.offer));
        }
        for ring in others {
            self.withdraw(ring, (DropReason::TakenElsewhere, OfferOutcome::Accepted), now, effects);
        }
    }
    /// Takes an offer away from an agent who is free again as before; her desk is told how the call's offers ended.
    pub(crate) fn withdraw(
        &mut self,
        ring: Ring,
        (why, cause): (DropReason, OfferOutcome),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Ring { offer, agent, .. } = ring;
        let outcome = OfferOutcome::Withdrawn;
        if let Some(visit) = self.calls.get(&offer.call).and_then(|call| call.visit) {
            effects.facts.push(Fact::OfferEnded { offer, agent, queue: visit.queue, outcome });
            if bug!(LoserGetsRona) && why == DropReason::TakenElsewhere {
                return self.set_aside(agent, visit.queue, OfferOutcome::NoAnswer, now, effects);
            }
        }
        if ring.is_at_phone() {
            effects.orders.push(Order::DropPhone { offer, why });
        }
        effects.orders.push(Order::WithdrawOffer { offer, agent, cause });
        if bug!(LosersIdleTimeLost) && why == DropReason::TakenElsewhere {
            return self.settle(agent, self.next_of(agent), now, AgentCause::System, now, effects);
        }
        self.release(agent, now, effects);
    }
}
