//! What callers, phones and desktops saw, joined and counted.
//!
//! A caller and the phone that rings for it meet by the user part of From, an offer at a desktop and the ringing of
//! a phone by the router's call id. Only live calls are kept: a run may last for days.

use crate::{
    figures::{Failure, Figures},
    journal::Journal,
    media::Heard,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Shared by all parts of a run.
#[derive(Clone, Debug)]
pub struct Tally {
    inner: Arc<Mutex<Inner>>,
    journal: Journal,
}

#[derive(Debug)]
struct Inner {
    figures: Figures,
    callers: HashMap<String, Caller>,
    /// How many calls each agent has on her phone.
    phones: HashMap<String, u32>,
    /// By agent: the call on offer at her desktop, until her phone rings for it.
    offers: HashMap<String, (String, Instant)>,
    /// By agent: the call her phone rings for, when that came before the offer.
    rings: HashMap<String, String>,
}

/// What is known of a live caller.
#[derive(Debug)]
struct Caller {
    placed: Instant,
    queued: bool,
    answered: bool,
    connected: bool,
    rung: bool,
    picked_up: Option<Instant>,
    agent_hung_up: Option<Instant>,
}

/// How a caller's call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A conversation with an agent, ended by either.
    Completed,
    /// The caller ran out of patience before an agent was there.
    Abandoned,
    /// A final response before any answer.
    Refused(u16),
    /// Answered, then ended by the router before an agent was there.
    SentAway,
    /// Ended because the run was.
    Stopped,
    /// Something that should not be.
    Failed(Failure),
}

impl Tally {
    /// A tally that also writes what it is told to `journal`.
    #[must_use]
    pub fn new(journal: Journal) -> Self {
        let inner = Inner {
            figures: Figures::new(Instant::now()),
            callers: HashMap::new(),
            phones: HashMap::new(),
            offers: HashMap::new(),
            rings: HashMap::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), journal }
    }
    /// The figures so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.lock().figures.clone()
    }
    /// Calls in progress.
    #[must_use]
    pub fn live_callers(&self) -> usize {
        self.lock().callers.len()
    }
    /// Where the lines go.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn note_caller(&self, caller: &str, what: &str) {
        self.journal.note(format_args!("C {caller}"), what, format_args!(""));
    }

    pub(crate) fn placed(&self, caller: &str, now: Instant) {
        self.note_caller(caller, "INV");
        let mut inner = self.lock();
        inner.figures.place(now);
        let fresh = Caller {
            placed: now,
            queued: false,
            answered: false,
            connected: false,
            rung: false,
            picked_up: None,
            agent_hung_up: None,
        };
        inner.callers.insert(caller.to_owned(), fresh);
    }
    /// The caller has been told that it waits (182).
    pub(crate) fn queued(&self, caller: &str) {
        if let Some(live) = self.lock().callers.get_mut(caller) {
            live.queued = true;
        }
    }
    /// The caller has its 2xx.
    pub(crate) fn answered(&self, caller: &str, now: Instant) {
        self.note_caller(caller, "OK");
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.figures.answered += 1;
        if let Some(live) = inner.callers.get_mut(caller) {
            live.answered = true;
            live.queued |= live.picked_up.is_none();
            if let Some(picked_up) = live.picked_up {
                inner.figures.agent_to_caller.record(now - picked_up);
            }
        }
    }
    /// The caller's media has been pointed anew (re-INVITE).
    pub(crate) fn repointed(&self, caller: &str, now: Instant) {
        self.note_caller(caller, "REINV");
        let mut inner = self.lock();
        let inner = &mut *inner;
        if let Some(live) = inner.callers.get_mut(caller).filter(|live| !live.connected && live.queued)
            && let Some(picked_up) = live.picked_up
        {
            inner.figures.agent_to_reinvite.record(now - picked_up);
        }
    }
    /// The caller hears an agent.
    pub(crate) fn connected(&self, caller: &str, now: Instant) {
        self.journal.note(format_args!("C {caller}"), "CONNECTED", format_args!(""));
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.figures.connected += 1;
        inner.figures.timeline.at(now).connected += 1;
        if let Some(live) = inner.callers.get_mut(caller) {
            live.connected = true;
            inner.figures.wait.record(now - live.placed);
        }
    }
    /// There were too many calls in progress for another one.
    pub(crate) fn held_back(&self) {
        self.lock().figures.held_back += 1;
    }
    /// The run is over and the caller's call is not.
    pub(crate) fn never_ended(&self, caller: &str) {
        self.ended(caller, Ending::Failed(Failure::NeverEnded), Instant::now());
    }
    /// What a caller does about the end of its call, as the journal names it.
    pub(crate) fn caller_did(&self, caller: &str, what: &str) {
        self.note_caller(caller, what);
    }
    /// The agent's BYE has reached the caller.
    pub(crate) fn bye_came(&self, caller: &str, now: Instant) {
        self.note_caller(caller, "BYE");
        let mut inner = self.lock();
        let inner = &mut *inner;
        if let Some(at) = inner.callers.get(caller).and_then(|live| live.agent_hung_up) {
            inner.figures.hang_up.record(now - at);
        }
    }
    /// The caller's call is over.
    pub(crate) fn ended(&self, caller: &str, ending: Ending, now: Instant) {
        match ending {
            Ending::Completed | Ending::Abandoned | Ending::SentAway | Ending::Stopped => {}
            Ending::Refused(status) => {
                self.journal.note(format_args!("C {caller}"), "REFUSED", format_args!("{status}"));
            }
            Ending::Failed(failure) => {
                self.journal.note(format_args!("C {caller}"), "FAILED", format_args!("{failure}"));
            }
        }
        let mut inner = self.lock();
        if inner.callers.remove(caller).is_some() {
            inner.figures.end(ending, now);
        }
    }
    /// A caller counted what it heard between its answer and the agent's.
    pub(crate) fn heard(&self, caller: &str, heard: Heard, waited: Duration) {
        let line = format_args!(
            "{} {:.2} {}",
            heard.packets,
            heard.packets_per_s(waited),
            heard.longest_gap.as_millis()
        );
        self.journal.note(format_args!("C {caller}"), "RTP", line);
        self.lock().figures.media.add(&heard, waited);
    }

    /// A phone rings; `call` is the router's id of the call, if it says one.
    pub(crate) fn rung(&self, agent: &str, caller: &str, call: Option<&str>, now: Instant) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.figures.offers += 1;
        let calls = inner.phones.entry(agent.to_owned()).or_insert(0);
        *calls += 1;
        if *calls > 1 {
            inner.figures.fail(Failure::AgentHasTwoCalls);
        }
        if let Some(live) = inner.callers.get_mut(caller) {
            if !live.rung && !live.queued {
                inner.figures.caller_to_agent.record(now - live.placed);
            }
            live.rung = true;
        }
        let Some(call) = call else { return };
        let offer = inner.offers.remove(agent);
        if let Some((_call, at)) = offer.filter(|(offered, _at)| offered == call) {
            inner.figures.desk_lead.record(now - at);
        } else {
            inner.rings.insert(agent.to_owned(), call.to_owned());
        }
    }
    /// A phone is picked up.
    pub(crate) fn picked_up(&self, caller: &str, now: Instant) {
        let mut inner = self.lock();
        inner.figures.picked_up += 1;
        if let Some(live) = inner.callers.get_mut(caller) {
            live.picked_up = Some(now);
        }
    }
    /// The agent hangs up.
    pub(crate) fn agent_hung_up(&self, caller: &str, now: Instant) {
        if let Some(live) = self.lock().callers.get_mut(caller) {
            live.agent_hung_up = Some(now);
        }
    }
    /// A phone has one call less.
    pub(crate) fn phone_free(&self, agent: &str) {
        let mut inner = self.lock();
        if let Some(calls) = inner.phones.get_mut(agent) {
            *calls -= 1;
            if *calls == 0 {
                inner.phones.remove(agent);
            }
        }
        inner.rings.remove(agent);
    }
    /// Something that should not be.
    pub(crate) fn failed(&self, failure: Failure) {
        self.lock().figures.fail(failure);
    }

    /// A desktop is signed in.
    pub(crate) fn signed_in(&self) {
        self.lock().figures.desktops.signed_in += 1;
    }
    /// An agent's desktop shows an offer.
    pub(crate) fn offered(&self, agent: &str, call: &str, now: Instant) {
        let mut inner = self.lock();
        inner.figures.desktops.offers += 1;
        if inner.rings.remove(agent).is_some_and(|ringing| ringing == call) {
            inner.figures.desktops.offers_after_ring += 1;
        } else {
            inner.offers.insert(agent.to_owned(), (call.to_owned(), now));
        }
    }
    /// A desktop counted something.
    pub(crate) fn desktop(&self, count: impl FnOnce(&mut crate::figures::DesktopFigures)) {
        count(&mut self.lock().figures.desktops);
    }
}
