//! The card in the making, written by all sources of one look-up.
//!
//! Decides what a section shows when; tells whoever holds the card.

use crate::advice::{self, Advice};
use crate::card::{Card, Match, MatchKind, SectionStatus};
use crate::matching::{self, Customer};
use crate::question::Question;
use crate::sources::Rows;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// One look-up's card.
pub(crate) struct Board {
    pub question: Question,
    card: watch::Sender<Card>,
    /// What each source found, in the order of the sources.
    findings: Mutex<Vec<(String, Option<Vec<Customer>>)>>,
    /// Sections that show one customer's data, and must not show any while it is open whose.
    of_customer: Vec<String>,
    /// Sources whose `find` is still out: without it a card is not complete.
    finding: AtomicUsize,
}

impl Board {
    /// `sources` are the names of all that will be asked; `of_customer` the sections that need one customer.
    pub fn new(
        question: Question,
        card: watch::Sender<Card>,
        sources: impl Iterator<Item = String>,
        of_customer: Vec<String>,
    ) -> Self {
        let findings = sources.map(|name| (name, None)).collect::<Vec<_>>();
        let finding = AtomicUsize::new(findings.len());
        Self { question, card, findings: Mutex::new(findings), of_customer, finding }
    }

    /// Returns when nobody holds the card any more.
    pub async fn abandoned(&self) {
        self.card.closed().await;
    }

    /// Notes what a source found; returns the customer whose sections it should read, if that is clear.
    pub fn found(&self, at: usize, found: Vec<Customer>) -> Option<Customer> {
        let choice = self.question.choice.as_ref();
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = matching::settle(&findings[at].0, &found, choice).cloned();
        findings[at].1 = Some(found);
        let matched = matching::conclude(&findings, choice, self.question.validity);
        drop(findings);
        self.answered();
        let open = matched.is_open();
        self.change(|card| {
            card.matched = matched;
            if open {
                // Another source has just said that the number has several owners.
                self.of_customer.iter().for_each(|name| card.withdraw(name));
                card.priority = None;
            }
        });
        settled.filter(|_| !open)
    }

    /// Fills a section with what was read just now.
    pub fn fill(&self, name: &str, rows: Rows) {
        let (stamp, data) = (self.stamp(), rows.into_data());
        self.change(|card| self.put(card, name, data, &stamp));
    }

    /// Fills in what to offer this customer and what they are worth; without a model these sections say `error`.
    pub fn advise(&self, advice: Option<Advice>) {
        let Some(advice) = advice else { return self.settle(advice::SECTIONS, SectionStatus::Error) };
        let stamp = self.stamp();
        self.change(|card| {
            card.priority = advice.priority.filter(|_| !card.matched.is_open());
            for (name, data) in advice.sections {
                self.put(card, name, data, &stamp);
            }
        });
    }

    fn put(&self, card: &mut Card, name: &str, data: Value, stamp: &Stamp) {
        let withdrawn = card.matched.is_open() && self.of_customer.iter().any(|one| one == name);
        let Some(section) = card.sections.get_mut(name) else { return };
        let empty = withdrawn || data.is_null();
        section.status = if empty { SectionStatus::Empty } else { SectionStatus::Fresh };
        section.data = if empty { Value::Null } else { data };
        section.as_of = Some(stamp.as_of.clone());
        section.elapsed_ms = Some(stamp.elapsed_ms);
    }

    fn stamp(&self) -> Stamp {
        let as_of = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        Stamp { as_of, elapsed_ms: self.question.elapsed_ms() }
    }

    /// Gives sections a status without data.
    pub fn settle<'a>(&self, sections: impl IntoIterator<Item = &'a str>, status: SectionStatus) {
        let elapsed_ms = self.question.elapsed_ms();
        self.change(|card| {
            for name in sections {
                let Some(section) = card.sections.get_mut(name) else { continue };
                section.status = status;
                section.elapsed_ms = Some(elapsed_ms);
            }
        });
    }

    /// A source's `find` is back, with or without an answer.
    pub fn answered(&self) {
        self.finding.fetch_sub(1, Ordering::Relaxed);
    }

    fn change(&self, change: impl FnOnce(&mut Card)) {
        self.card.send_modify(|card| {
            change(card);
            card.rev = card.rev.saturating_add(1);
            card.complete = card.is_settled() && self.finding.load(Ordering::Relaxed) == 0;
        });
    }
}

/// When something was read.
struct Stamp {
    as_of: String,
    elapsed_ms: u32,
}

impl Match {
    /// Whether it is open which of several customers is calling.
    fn is_open(&self) -> bool {
        matches!(self.kind, MatchKind::Many | MatchKind::Household)
    }
}

impl Card {
    fn is_settled(&self) -> bool {
        self.sections.values().all(|section| section.status != SectionStatus::Pending)
    }

    fn withdraw(&mut self, section: &str) {
        if let Some(section) = self.sections.get_mut(section) {
            section.data = Value::Null;
            section.status = match section.status {
                SectionStatus::Fresh | SectionStatus::Stale => SectionStatus::Empty,
                other @ (SectionStatus::Pending
                | SectionStatus::Timeout
                | SectionStatus::Error
                | SectionStatus::Denied
                | SectionStatus::Empty) => other,
            };
        }
    }
}
