//! Rows of the store, rows on their way to it and what has not ended, as one set of rows for `wfm`.
//!
//! Rows are kept by their keys, so that one that is in the store and on its way counts once.

use super::{micros, names::Names};
use crate::{
    follower::{CallView, Tail},
    records::{Batch, OfferRow, SpanRow, VisitRow, WrapUpRow},
};
use acd::{CallId, Timestamp};
use std::collections::BTreeMap;
use wfm::{
    Micros,
    rows::{Fate, Offer, OfferEnd, Rows, Span, State, Visit, Work},
};

pub(super) struct Gather<'a> {
    names: &'a mut Names,
    visits: BTreeMap<(CallId, u32), VisitRow>,
    open: Vec<Visit>,
    offers: BTreeMap<(CallId, u32), OfferRow>,
    spans: BTreeMap<(usize, Timestamp), Span>,
}

impl<'a> Gather<'a> {
    pub(super) const fn new(names: &'a mut Names) -> Self {
        Self {
            names,
            visits: BTreeMap::new(),
            open: Vec::new(),
            offers: BTreeMap::new(),
            spans: BTreeMap::new(),
        }
    }
    pub(super) fn visits(&mut self, rows: impl IntoIterator<Item = VisitRow>) {
        self.visits.extend(rows.into_iter().map(|row| ((row.call, row.visit), row)));
    }
    pub(super) fn offers(&mut self, rows: impl IntoIterator<Item = OfferRow>) {
        self.offers.extend(rows.into_iter().map(|row| ((row.call, row.attempt), row)));
    }
    pub(super) fn spans(&mut self, rows: impl IntoIterator<Item = SpanRow>) {
        for row in rows {
            let span = Span {
                agent: self.names.agents.place(&row.agent),
                state: state(&row.state),
                queue: row.queue.as_deref().map(|queue| self.names.queues.place(queue)),
                from: micros(row.from),
                to: micros(row.to),
            };
            self.spans.insert((span.agent, row.from), span);
        }
    }
    /// Adds what has a part in `from..to`.
    pub(super) fn tail(&mut self, tail: &Tail, from: Timestamp, to: Timestamp) {
        for batch in &tail.batches {
            self.batch(batch, from, to);
        }
        for call in tail.open.iter().filter(|call| call.entered < to) {
            let open = self.open_visit(call);
            self.open.push(open);
        }
        let spans = tail.spans.iter().filter(|span| span.from < to && span.to > from);
        self.spans(spans.cloned());
    }
    fn batch(&mut self, batch: &Batch, from: Timestamp, to: Timestamp) {
        let over = |visit: &VisitRow| visit.handled.unwrap_or(visit.left);
        let pending = |visit: &VisitRow| {
            visit.handled.is_none() && matches!(&*visit.outcome, "answered" | "transferred")
        };
        let visits =
            batch.visits.iter().filter(|visit| visit.entered < to && (pending(visit) || over(visit) >= from));
        self.visits(visits.cloned());
        for wrap_up in &batch.wrap_ups {
            if let Some(visit) = self.visits.get_mut(&(wrap_up.call, wrap_up.visit)) {
                finish(visit, wrap_up);
            }
        }
        self.offers(batch.offers.iter().filter(|offer| offer.ended >= from && offer.ended < to).cloned());
        self.spans(batch.spans.iter().filter(|span| span.from < to && span.to > from).cloned());
    }
    fn open_visit(&mut self, call: &CallView) -> Visit {
        let agent = call.agent.as_deref().map(|agent| self.names.agents.place(agent));
        let fate = match (call.answered, agent) {
            (Some(at), Some(agent)) => Fate::Answered { at: micros(at), agent, work: None },
            (Some(_), None) | (None, _) => Fate::Waiting,
        };
        Visit {
            call: call.call.as_u128(),
            number: call.visit,
            queue: self.names.queues.place(&call.queue),
            entered: micros(call.entered),
            fate,
        }
    }
    pub(super) fn finish(self) -> Rows {
        let Self { names, visits, open, offers, spans } = self;
        let mut rows = Rows { visits: open, offers: Vec::new(), spans: spans.into_values().collect() };
        rows.visits.extend(visits.into_values().map(|row| visit(&row, names)));
        rows.offers.extend(offers.into_values().map(|row| offer(&row, names)));
        rows
    }
}

fn finish(visit: &mut VisitRow, wrap_up: &WrapUpRow) {
    visit.handled = Some(wrap_up.handled);
    visit.wrap_up_ms = Some(wrap_up.wrap_up_ms);
    visit.disposition.clone_from(&wrap_up.disposition);
}

fn visit(row: &VisitRow, names: &mut Names) -> Visit {
    Visit {
        call: row.call.as_u128(),
        number: row.visit,
        queue: names.queues.place(&row.queue),
        entered: micros(row.entered),
        fate: fate(row, names),
    }
}

/// A call that a restart ended after its answer was answered, and its work never finished.
fn fate(row: &VisitRow, names: &mut Names) -> Fate {
    let left = micros(row.left);
    if let (Some(answered), Some(agent)) = (row.answered, row.agent.as_deref()) {
        let hold = ms(row.hold_ms);
        let work = row.handled.map(|done| Work {
            talk: left - micros(answered) - hold,
            hold,
            wrap_up: ms(row.wrap_up_ms.unwrap_or(0)),
            done: micros(done),
        });
        return Fate::Answered { at: micros(answered), agent: names.agents.place(agent), work };
    }
    match &*row.outcome {
        "abandoned" => Fate::Abandoned { at: left },
        "flow_out" => Fate::FlowOut { at: left },
        _ => Fate::Lost { at: left },
    }
}

fn offer(row: &OfferRow, names: &mut Names) -> Offer {
    Offer {
        call: row.call.as_u128(),
        visit: row.visit,
        queue: names.queues.place(&row.queue),
        agent: names.agents.place(&row.agent),
        ended: micros(row.ended),
        outcome: match &*row.outcome {
            "accepted" => OfferEnd::Accepted,
            "no_answer" => OfferEnd::NoAnswer,
            "rejected" => OfferEnd::Rejected,
            // None is anything she did.
            "withdrawn" | "restart" | "not_reached" => OfferEnd::Withdrawn,
            _ => OfferEnd::Failed,
        },
    }
}

fn state(name: &str) -> State {
    match name {
        "ready" => State::Ready,
        "reserved" => State::Reserved,
        "talking" => State::Talking,
        "held" => State::Held,
        // With a phone at her ear and no caller.
        "consulting" | "dialling" => State::Consulting,
        "wrap_up" => State::WrapUp,
        "logged_out" => State::LoggedOut,
        _ => State::NotReady,
    }
}

fn ms(ms: u64) -> Micros {
    Micros::try_from(ms).unwrap_or(Micros::MAX / 1_000).saturating_mul(1_000)
}
