//! What the brain orders, as the stack takes it: whose phones are meant, which music, which port.

use super::{PhonePlace, RANG_IN_VAIN, SipEdge, call_key, leg_key, micros, transfer};
use acd::{
    AgentNo, CallId, OfferId, Order, QueueNo, Timestamp, Treatment,
    effect::{DropReason, EndReason},
};
use screenpop::caller::Privacy;
use sip::{Cause, Command, Display, Notice};
use std::sync::Arc;

impl SipEdge {
    /// Carries out an order of the brain's, if it is one for this side.
    pub fn carry_out(&mut self, order: &Order, now: Timestamp) {
        let command = match order {
            Order::Treat { call, queue, treatment } => self.treat(*call, *queue, *treatment),
            Order::RingPhone { offer, agent, queue, auto_answer, by } => {
                let first = self.ring_first(*offer, *agent, *queue, *auto_answer, now);
                let ring = first.or_else(|| {
                    let called = self.requests.contains_key(&offer.call);
                    (!called).then(|| self.ring(*offer, *agent, *queue, *auto_answer, now)).flatten()
                });
                let Some(ring) = ring else {
                    // No phone is known for her: as if it could not be reached.
                    self.out.notices.push(Notice::PhoneRefused { leg: leg_key(*offer), status: 480 });
                    return;
                };
                transfer::asked_by(ring, *by)
            }
            Order::CallOut { offer, rule, by } => {
                let Some(ring) = self.call_out(*offer, rule) else {
                    self.out.notices.push(Notice::PhoneRefused { leg: leg_key(*offer), status: 480 });
                    return;
                };
                transfer::asked_by(ring, *by)
            }
            Order::CallBack { offer, by, queue } => {
                let Some(call) = self.call_back(*offer, *by, *queue) else {
                    self.out.notices.push(Notice::PhoneRefused { leg: leg_key(*offer), status: 503 });
                    return;
                };
                call
            }
            Order::JoinCustomer { offer, leg } => return self.customer_came(*offer, *leg, now),
            Order::ConnectConsult { offer, .. } => Command::JoinConsult { leg: leg_key(*offer) },
            Order::PutThrough { offer } => Command::PutThrough { leg: leg_key(*offer) },
            Order::AcceptRefer { offer } => Command::AcceptRefer { leg: leg_key(*offer) },
            Order::DropPhone { offer, why } => {
                if *why == DropReason::RungOut {
                    self.found.ended(leg_key(*offer), RANG_IN_VAIN); // not even a 180 came
                }
                Command::Drop { leg: leg_key(*offer), reason: drop_cause(*why) }
            }
            Order::Connect { offer } => Command::Connect { leg: leg_key(*offer) },
            Order::HoldPhone { offer } => Command::HoldPhone { leg: leg_key(*offer) },
            Order::Hold { offer, queue } => self.hold(*offer, *queue),
            Order::Retrieve { offer } => Command::Retrieve { leg: leg_key(*offer) },
            Order::EndCaller { call, why: why @ EndReason::CalledBack }
                if self.part(*call, end_cause(*why), now) =>
            {
                return;
            }
            Order::EndCaller { call, why } => Command::End { call: call_key(*call), cause: end_cause(*why) },
            Order::OfferCall { .. }
            | Order::WithdrawOffer { .. }
            | Order::CallMoved { .. }
            | Order::AskedInVain { .. }
            | Order::StateForced { .. }
            | Order::WrapUpExtended { .. } => return,
            Order::CallOver { call } => return self.expect_no_more(*call),
            Order::AgentMoved { .. } => return self.mind_failure(order, now),
        };
        self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
    }

    pub(super) fn choose_music(&mut self, call: CallId, queue: QueueNo) {
        let music = self.queues.get(queue.index()).map(|queue| Arc::clone(&queue.music));
        let has_keys = self.has_keys(queue);
        if let Some(side) = self.callers.get_mut(&call) {
            (side.music, side.has_keys) = (music, has_keys);
        }
    }

    fn treat(&mut self, call: CallId, queue: QueueNo, treatment: Treatment) -> Command {
        self.choose_music(call, queue);
        let welcome = self.queues.get(queue.index()).and_then(|queue| queue.welcome.clone());
        if let Some(side) = self.callers.get_mut(&call)
            && side.welcomed.replace(queue) != Some(queue)
        {
            side.welcome = welcome;
        }
        // Whoever has been answered, and comes from another queue or from an agent, has no ringing tone to hear.
        let answered = self.stack.has_answered(call_key(call));
        let treatment = if answered { Treatment::Music } else { treatment };
        let port = match treatment {
            Treatment::Music | Treatment::EarlyMedia => self.rtp_port(call),
            Treatment::Ringing => None,
        };
        let treatment = match (treatment, port) {
            (Treatment::Music, Some(port)) => sip::Treatment::Music { port },
            (Treatment::EarlyMedia, Some(port)) => sip::Treatment::EarlyMedia { port },
            (Treatment::Music | Treatment::EarlyMedia, None) => {
                tracing::warn!(%call, "no RTP port is free; the caller hears ringing (widen [media] ports)");
                sip::Treatment::Ringing
            }
            (Treatment::Ringing, _) => sip::Treatment::Ringing,
        };
        Command::Treat { call: call_key(call), treatment }
    }

    fn hold(&mut self, offer: OfferId, queue: QueueNo) -> Command {
        self.choose_music(offer.call, queue);
        let port = self.rtp_port(offer.call);
        if port.is_none() {
            tracing::warn!(call = %offer.call, "no RTP port is free; the held caller hears nothing (widen [media] ports)");
        }
        Command::Hold { leg: leg_key(offer), port }
    }

    pub(super) fn rtp_port(&mut self, call: CallId) -> Option<u16> {
        let side = self.callers.get_mut(&call)?;
        if side.rtp.is_none() {
            side.rtp = self.ports.bind();
        }
        if side.rtp.is_none() {
            self.metrics.upkeep.port_missing();
        }
        side.rtp.as_ref().map(|(port, _)| *port)
    }

    pub(super) fn ring(
        &mut self,
        offer: OfferId,
        agent: AgentNo,
        queue: QueueNo,
        auto_answer: bool,
        now: Timestamp,
    ) -> Option<Command> {
        let mut phones = match &self.phones.get(agent.index())?.as_ref()?.at {
            PhonePlace::At { uri, at } => vec![self.found.phone(leg_key(offer), uri.clone(), *at)?],
            PhonePlace::Registered(user) => self.stack.phones_of(user, micros(now)),
        };
        if auto_answer {
            phones.truncate(1); // which of several would answer first is nothing an agent could know
        }
        if phones.is_empty() {
            return None;
        }
        let phones = self.replacing(offer, phones);
        let queue = self.queues.get(queue.index()).map(|queue| queue.name.clone()).unwrap_or_default();
        let display = self.display(offer.call);
        Some(Command::Ring { leg: leg_key(offer), phones, queue, display, auto_answer })
    }

    pub(super) fn display(&self, call: CallId) -> Display {
        let withheld =
            self.callers.get(&call).is_none_or(|side| side.known.caller.privacy == Privacy::Withheld);
        if withheld { Display::Anonymous } else { Display::AsCaller }
    }
}

const fn drop_cause(why: DropReason) -> Cause {
    match why {
        DropReason::CallerGone => Cause { status: 487, text: "Caller has gone" },
        DropReason::RungOut => Cause { status: 408, text: "Not answered in time" },
        DropReason::Declined => Cause { status: 603, text: "Declined at the desk" },
        DropReason::AgentHungUp => Cause { status: 200, text: "Hung up at the desk" },
        DropReason::Stale => Cause { status: 487, text: "Offer withdrawn" },
        // A phone that reads this does not show a missed call (RFC 3326 §2).
        DropReason::TakenElsewhere => Cause { status: 200, text: "Call completed elsewhere" },
        DropReason::Transferred => Cause { status: 200, text: "Transferred" },
        DropReason::ConsultOver => Cause { status: 487, text: "Consultation over" },
        DropReason::NotReached => Cause { status: 480, text: "Customer not reached" },
        DropReason::BridgeFailed => Cause { status: 500, text: "Caller could not be joined" },
    }
}

const fn end_cause(why: EndReason) -> Cause {
    match why {
        EndReason::AgentHungUp => Cause { status: 200, text: "Call completed" },
        EndReason::CalledBack => Cause { status: 480, text: "You will be called back" },
        EndReason::Refused(
            acd::RefuseReason::MaxWait
            | acd::RefuseReason::Unstaffed
            | acd::RefuseReason::Closed
            | acd::RefuseReason::NotReached
            | acd::RefuseReason::Expired,
        ) => Cause { status: 480, text: "Temporarily Unavailable" },
        // The caller's own busy tone says it best; 503 would keep other callers of the PBX away as well.
        EndReason::Refused(acd::RefuseReason::Full) => Cause { status: 486, text: "Busy Here" },
        // Whoever was not answered yet may be sent elsewhere by the PBX, as one who calls now is.
        EndReason::Refused(acd::RefuseReason::Drained) => Cause { status: 503, text: "Service Unavailable" },
        EndReason::Refused(acd::RefuseReason::NoEntry) => Cause { status: 404, text: "Not Found" },
    }
}
