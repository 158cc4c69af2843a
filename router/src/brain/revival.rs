//! Calls that were alive when the process before ended: their legs are built again, the brain is told, peers are probed.

use super::{Asker, Brain, BrainError};
use crate::{
    ground::{Ground, Live as _},
    live::Left,
    sip_edge::Remains,
};
use acd::{
    Call, CallId, Event, OfferId, Timestamp,
    call::{CallState, Far},
};
use sip::NotRevived;
use std::{collections::VecDeque, time::Duration};

/// Calls that are probed in a second: a busy house is through in some seconds, and its phones are not flooded.
const PROBES_PER_SECOND: u32 = 200;

/// Calls whose peers are still to be asked whether they are there.
#[derive(Debug, Default)]
pub(super) struct Probes {
    left: VecDeque<CallId>,
    next: Timestamp,
}

impl Probes {
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        (!self.left.is_empty()).then_some(self.next)
    }
}

impl<G: Ground> Brain<G> {
    /// Takes up again what the process before has left, as far as legs go, and tells the brain what did not come through.
    pub(super) fn revive(&mut self, left: Left, now: Timestamp) -> Result<(), BrainError> {
        let mut remains = Remains::of(left);
        let (mut gone, mut silent) = (Vec::new(), Vec::new());
        for call in self.acd.calls() {
            if let Some(request) = call.request() {
                // What is left of an attempt ends below; who is to be called stands in the record of the caller.
                let known = remains.take_caller(call.id());
                if !known.is_some_and(|record| self.sip.expect_again(call.id(), request.queue, &record)) {
                    gone.push(call.id());
                }
                continue;
            }
            let Some(mut of_call) = remains.take(call.id()) else {
                gone.push(call.id());
                continue;
            };
            // What was stored of an attempt whose entry the process did not live to write was never sent.
            self.live.forget(Vec::new(), of_call.set_aside(call.next_attempt()));
            let talks = conversation(call);
            let there = talks.filter(|offer| of_call.has_answered(*offer));
            match self.sip.revive(of_call, there, now) {
                Ok(()) => {
                    silent.extend(talks.filter(|_| there.is_none()));
                    self.probes.left.push_back(call.id());
                }
                Err(why) => {
                    if why != NotRevived::Ended {
                        tracing::error!(call = %call.id(), %why, "a call cannot be taken up again");
                    }
                    gone.push(call.id());
                }
            }
        }
        let revived = self.acd.live_calls() - gone.len();
        tracing::info!(revived, ended = gone.len(), "back after a restart");
        self.metrics.restart.count(revived, gone.len());
        let (callers, legs) = remains.keys();
        self.live.forget(callers, legs);
        self.sip.bury(remains, self.last, now);
        self.probes.next = now;
        self.tell(Event::Returned { gone, silent }, Asker::Nobody, now)?;
        self.follow(now)
    }

    /// Asks the peers of calls that have been taken up, so many a second, whether they are still there.
    pub(super) fn probe(&mut self, now: Timestamp) {
        while self.probes.next <= now
            && let Some(call) = self.probes.left.pop_front()
        {
            self.probes.next = self.probes.next + Duration::from_secs(1) / PROBES_PER_SECOND;
            self.sip.probe(call, now);
        }
    }
}

/// The leg in whose conversation a caller is.
fn conversation(call: &Call) -> Option<OfferId> {
    match *call.state() {
        CallState::Connected { offer, .. } | CallState::Outside { offer, stage: Far::Talking, .. } => {
            Some(offer)
        }
        CallState::Arrived
        | CallState::Queued
        | CallState::Later { .. }
        | CallState::Offered { .. }
        | CallState::Dialling { .. }
        | CallState::Outside { stage: Far::Dialling { .. }, .. } => None,
    }
}
