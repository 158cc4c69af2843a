//! The card of one offer as her desktop has it, and the patches that bring it up to date.

use crate::words;
use acd::OfferId;
use protocol::{Candidate, Match, MatchKind, Pop, PopUpdate, Section, SectionStatus, merge};
use screenpop::Card;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The card of one offer.
pub(super) struct PopView {
    offer: OfferId,
    shown: Option<Pop>,
}

impl PopView {
    pub(super) const fn new(offer: OfferId) -> Self {
        Self { offer, shown: None }
    }

    pub(super) const fn shown(&self) -> Option<&Pop> {
        self.shown.as_ref()
    }

    /// Shows the card, which holds nothing that the agent may not see.
    pub(super) fn show(&mut self, card: &Card) -> &Pop {
        self.shown.insert(Pop {
            pop_id: format!("{}-{}", self.offer.call, self.offer.attempt),
            contact_id: words::contact_id(self.offer.call),
            rev: 1,
            complete: card.complete,
            matched: matched(&card.matched),
            deadline_ms: None,
            sections: sections(card),
        })
    }

    /// What is new since the card was last told of; none before it was shown, and none when nothing is.
    pub(super) fn update(&mut self, card: &Card) -> Option<PopUpdate> {
        let shown = self.shown.as_mut()?;
        let (new, who) = (sections(card), matched(&card.matched));
        let patch = merge::diff(&as_json(&shown.sections), &as_json(&new));
        let changed = who != shown.matched;
        if patch.is_empty() && !changed && card.complete == shown.complete {
            return None;
        }
        shown.rev += 1;
        shown.complete = card.complete;
        shown.sections = new;
        shown.matched = who;
        Some(PopUpdate {
            pop_id: shown.pop_id.clone(),
            rev: shown.rev,
            sections: patch,
            matched: changed.then(|| shown.matched.clone()),
            complete: shown.complete,
        })
    }
}

fn as_json(sections: &BTreeMap<String, Section>) -> Map<String, Value> {
    // A section is an object of texts and numbers: it can always be written.
    let json = |section| serde_json::to_value(section).unwrap_or(Value::Null);
    sections.iter().map(|(name, section)| (name.clone(), json(section))).collect()
}

fn sections(card: &Card) -> BTreeMap<String, Section> {
    card.sections.iter().map(|(name, of)| (name.clone(), section(name, of))).collect()
}

fn section(name: &str, of: &screenpop::Section) -> Section {
    let open = of.status != screenpop::SectionStatus::Denied;
    let mut data = of.data.clone();
    merge::strip_nulls(&mut data);
    Section {
        name: name.to_owned(),
        status: status(of.status),
        source: open.then(|| of.source.clone()),
        as_of: of.as_of.as_ref().filter(|_| open).and_then(|text| text.parse().ok()),
        elapsed_ms: of.elapsed_ms.filter(|_| open).map(u64::from),
        data: Some(data).filter(|data| open && !data.is_null()),
    }
}

const fn status(of: screenpop::SectionStatus) -> SectionStatus {
    match of {
        screenpop::SectionStatus::Pending => SectionStatus::Pending,
        screenpop::SectionStatus::Fresh => SectionStatus::Fresh,
        screenpop::SectionStatus::Stale => SectionStatus::Stale,
        screenpop::SectionStatus::Timeout => SectionStatus::Timeout,
        screenpop::SectionStatus::Error => SectionStatus::Error,
        screenpop::SectionStatus::Denied => SectionStatus::Denied,
        screenpop::SectionStatus::Empty => SectionStatus::Empty,
    }
}

fn matched(of: &screenpop::Match) -> Match {
    Match {
        kind: kind(of.kind),
        confidence: (f64::from(of.confidence) * 1_000.0).round() / 1_000.0,
        candidates: of.candidates.iter().map(candidate).collect(),
    }
}

const fn kind(of: screenpop::MatchKind) -> MatchKind {
    match of {
        screenpop::MatchKind::None => MatchKind::None,
        screenpop::MatchKind::Withheld => MatchKind::Withheld,
        screenpop::MatchKind::One => MatchKind::One,
        screenpop::MatchKind::Household => MatchKind::Household,
        screenpop::MatchKind::Many => MatchKind::Many,
    }
}

fn candidate(of: &screenpop::Candidate) -> Candidate {
    Candidate {
        customer_id: of.customer_id.clone(),
        display_name: of.display_name.clone(),
        why: of.why.clone(),
        last_contact_at: of.last_contact_at.clone(),
        source: of.source.clone(),
    }
}
