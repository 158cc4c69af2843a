//! Callbacks that are asked for, taken back and looked at behind the operator's port. Whom they are for is known here, and in no log.

use super::{Asker, Brain, BrainError};
use crate::ground::Ground;
use acd::{
    Call, CallId, CommandError, Event, QueueNo, Timestamp, Verdict, call::CallState, callback::Requested,
};
use tokio::sync::oneshot;

/// As a call's from an entry that says nothing else.
const PRIORITY: u8 = 5;

/// What is asked of callbacks.
#[derive(Debug)]
pub enum AskCallbacks {
    /// Somebody is to be called.
    Make {
        /// Who.
        wanted: Wanted,
        /// Hears the id of the request, when there is one; before it is in the log.
        made: oneshot::Sender<CallId>,
        /// Hears what became of it.
        told: oneshot::Sender<Verdict>,
    },
    /// Nobody is to be called any more.
    Withdraw {
        /// Which request.
        call: CallId,
        /// Hears what became of it.
        told: oneshot::Sender<Verdict>,
    },
    /// Requests that stand, oldest first.
    List {
        /// So many at most.
        most: usize,
        /// Hears of them.
        told: oneshot::Sender<Vec<CallbackShown>>,
    },
}

/// Somebody who is to be called. Says nothing of who it is when it is printed.
pub struct Wanted {
    /// From which queue.
    pub queue: String,
    /// The number, as people write it.
    pub number: String,
    /// What the agent reads; empty if nobody knows.
    pub name: String,
    /// Not before.
    pub not_before: Option<Timestamp>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { queue, not_before, .. } = self;
        f.debug_struct("Wanted").field("queue", queue).field("not_before", not_before).finish_non_exhaustive()
    }
}

/// A request as it stands.
pub struct CallbackShown {
    /// Its id.
    pub call: CallId,
    /// Its queue.
    pub queue: String,
    /// `later`, `queued`, `offered` or `dialling`.
    pub state: &'static str,
    /// Who is called; E.164.
    pub number: Option<String>,
    /// What the customer is called, as whoever asked has said.
    pub name: Option<String>,
    /// The call whose caller asked for it; none when it was asked for here.
    pub of: Option<CallId>,
    /// Since when it stands.
    pub asked: Timestamp,
    /// Out of line until then.
    pub until: Option<Timestamp>,
    /// When it is given up.
    pub expires: Timestamp,
    /// How often the customer was called.
    pub attempts: u32,
}

impl std::fmt::Debug for CallbackShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { call, queue, state, .. } = self;
        let mut shown = f.debug_struct("CallbackShown");
        shown.field("call", call).field("queue", queue).field("state", state).finish_non_exhaustive()
    }
}

impl<G: Ground> Brain<G> {
    pub(super) fn callbacks(&mut self, ask: AskCallbacks, now: Timestamp) -> Result<(), BrainError> {
        match ask {
            AskCallbacks::Make { wanted, made, told } => self.make_callback(&wanted, made, told, now),
            AskCallbacks::Withdraw { call, told } => {
                self.tell(Event::CallbackWithdrawn { call }, Asker::Office(told), now)
            }
            AskCallbacks::List { most, told } => {
                let _gone = told.send(self.acd.requests().take(most).map(|call| self.shown(call)).collect());
                Ok(())
            }
        }
    }

    fn make_callback(
        &mut self,
        wanted: &Wanted,
        made: oneshot::Sender<CallId>,
        told: oneshot::Sender<Verdict>,
        now: Timestamp,
    ) -> Result<(), BrainError> {
        let asker = Asker::Office(told);
        let request = self.queue_for(wanted).and_then(|queue| {
            let (call, caller) = self.sip.keeps_number(queue, (&wanted.number, &wanted.name), now)?;
            let (priority, not_before, attributes) = (PRIORITY, wanted.not_before, Vec::new());
            Ok(Requested { call, queue, caller, priority, not_before, attributes })
        });
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                self.reply(asker, Err(error), now);
                return Ok(());
            }
        };
        let call = request.call;
        self.tell(Event::CallbackRequested(Box::new(request)), asker, now)?;
        if self.acd.call(call).is_some() {
            let _gone = made.send(call);
        } else {
            self.sip.expect_no_more(call); // it was refused
        }
        Ok(())
    }

    fn queue_for(&self, wanted: &Wanted) -> Result<QueueNo, CommandError> {
        let in_force = self.acd.plan().queues.iter().any(|plan| plan.name == wanted.queue);
        let queue = self.acd.directory().queue_no(&wanted.queue).filter(|_| in_force);
        queue.ok_or(CommandError::NoSuchTarget)
    }

    fn shown(&self, call: &Call) -> CallbackShown {
        let request = call.request();
        let until = if let CallState::Later { until } = call.state() { Some(*until) } else { None };
        let (number, name) = self.sip.customer(call.id()).unzip();
        CallbackShown {
            call: call.id(),
            queue: request.map_or_else(String::new, |request| {
                self.acd.directory().queue_name(request.queue).to_owned()
            }),
            state: call.state_name(),
            number: number.map(str::to_owned),
            name: name.flatten().map(str::to_owned),
            of: request.and_then(|request| request.of),
            asked: call.arrived(),
            until,
            expires: request.map_or(call.arrived(), |request| request.expires),
            attempts: request.map_or(0, |request| request.attempts),
        }
    }
}
