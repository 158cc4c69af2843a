//! What people have decided about cards: a ledger to which lines are only added.
//!
//! A merge is a rule here and nothing else. No card is ever changed by it, so taking the rule back takes the merge
//! back, and the next run finds what it would have found.

use crate::blocking::{Pair, cards_of, pair};
use crate::card::Cards;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Cards of one decision.
pub const MAX_CARDS: usize = 200;
/// Characters of a name, an id or a note.
const MAX_TEXT: usize = 200;

/// What was decided about cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All are one person's.
    Same,
    /// No two are one person's.
    Different,
    /// It cannot be told; they are not asked about again, and stay as the finder has them.
    Unsure,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub n: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Act {
    /// Rules on cards, by their ids.
    Decide {
        /// How.
        verdict: Verdict,
        /// Two or more.
        cards: Vec<String>,
    },
    /// Takes an earlier entry back, which may itself be one of these.
    Undo {
        /// Its number.
        entry: u64,
    },
}

/// Why a ledger, or what is to be added to it, is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A line that is no entry.
    #[error(
        "line {line} is no decision: {why}; put the file back from a backup, or take that line out and say who decided what again"
    )]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A gap.
    #[error(
        "line {line} is decision {found}, and {expected} was to be next: the file is not whole; put it back from a backup"
    )]
    Gap {
        /// From 1.
        line: usize,
        /// What it should be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// No such entry.
    #[error("there is no decision {0}; `sambung duplicates decisions` lists them")]
    NoSuchEntry(u64),
    /// Taken back before.
    #[error("decision {0} is taken back already")]
    AlreadyUndone(u64),
    /// Too few or too many cards, or one twice.
    #[error("a decision is about 2 to {MAX_CARDS} different cards")]
    Cards,
    /// A text that is empty, too long, or not a line.
    #[error("{0:?} is empty, longer than {MAX_TEXT} characters or not one line")]
    Text(String),
}

/// All decisions, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Reads JSON Lines, as [`Ledger::add`] gives them.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] names the line.
    pub fn read(text: &str) -> Result<Self, LedgerError> {
        let mut ledger = Self::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |why: String| LedgerError::Line { line: at + 1, why };
            let entry: Entry = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            let expected = ledger.next();
            if entry.n != expected {
                return Err(LedgerError::Gap { line: at + 1, expected, found: entry.n });
            }
            ledger.check(&entry).map_err(|error| wrong(error.to_string()))?;
            ledger.entries.push(entry);
        }
        Ok(ledger)
    }

    /// Adds an entry; returns its line, to be appended to the file before anybody hears of it.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; nothing was added.
    pub fn add(&mut self, at: &str, by: &str, act: Act) -> Result<String, LedgerError> {
        let entry = Entry { n: self.next(), at: at.to_owned(), by: by.trim().to_owned(), act };
        self.check(&entry)?;
        let line = serde_json::to_string(&entry)
            .map_err(|error| LedgerError::Line { line: self.entries.len() + 1, why: error.to_string() })?;
        self.entries.push(entry);
        Ok(line + "\n")
    }

    /// All entries, each with whether it is in force.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let in_force = self.in_force();
        self.entries.iter().map(move |entry| (entry, in_force.contains(&entry.n)))
    }

    fn next(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    fn check(&self, entry: &Entry) -> Result<(), LedgerError> {
        one_line(&entry.by)?;
        one_line(&entry.at)?;
        match &entry.act {
            Act::Decide { cards, .. } => {
                let different: BTreeSet<&String> = cards.iter().collect();
                if different.len() != cards.len() || !(2..=MAX_CARDS).contains(&cards.len()) {
                    return Err(LedgerError::Cards);
                }
                cards.iter().try_for_each(|card| one_line(card))
            }
            Act::Undo { entry } if *entry == 0 || *entry >= self.next() => {
                Err(LedgerError::NoSuchEntry(*entry))
            }
            Act::Undo { entry } if !self.in_force().contains(entry) => {
                Err(LedgerError::AlreadyUndone(*entry))
            }
            Act::Undo { .. } => Ok(()),
        }
    }

    /// Numbers of what was not taken back. An undo comes behind what it undoes, so the last one is in force.
    fn in_force(&self) -> BTreeSet<u64> {
        let mut undone = BTreeSet::new();
        for entry in self.entries.iter().rev().filter(|entry| !matches!(entry.act, Act::Decide { .. })) {
            if let Act::Undo { entry: earlier } = &entry.act
                && !undone.contains(&entry.n)
            {
                undone.insert(*earlier);
            }
        }
        self.entries.iter().map(|entry| entry.n).filter(|n| !undone.contains(n)).collect()
    }

    /// What it means for these cards. Of two decisions on the same pair the later one counts.
    #[must_use]
    pub fn rulings(&self, cards: &Cards) -> Rulings {
        let places: BTreeMap<&str, u32> =
            cards.cards.iter().enumerate().map(|(at, card)| (card.id.as_str(), at as u32)).collect();
        let mut rulings = Rulings::default();
        let mut ruled = BTreeMap::<Pair, (u64, Verdict)>::new();
        for (entry, _) in self.entries().filter(|(_, in_force)| *in_force) {
            let Act::Decide { verdict, cards: ids } = &entry.act else { continue };
            let there: Vec<u32> = ids.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
            rulings.gone += ids.len() - there.len();
            for (at, one) in there.iter().enumerate() {
                ruled.extend(there[at + 1..].iter().map(|other| (pair(*one, *other), (entry.n, *verdict))));
            }
        }
        rulings.take(&ruled);
        rulings
    }
}

fn one_line(text: &str) -> Result<(), LedgerError> {
    let sound =
        !text.trim().is_empty() && text.chars().count() <= MAX_TEXT && !text.contains(char::is_control);
    if sound { Ok(()) } else { Err(LedgerError::Text(text.chars().take(MAX_TEXT).collect())) }
}

/// Decisions in force, for the cards of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulings {
    /// Must be one person's.
    pub(crate) same: Vec<(u32, u32)>,
    /// Must not be.
    pub(crate) different: BTreeSet<Pair>,
    /// Are not asked about.
    pub(crate) unsure: BTreeSet<Pair>,
    /// Ids in decisions that no card has any more.
    pub gone: usize,
    /// Decisions that contradict each other: this one was left out, because cards that it joins were ruled to be
    /// different.
    pub left_out: Vec<u64>,
}

impl Rulings {
    pub(crate) fn are_different(&self, one: u32, other: u32) -> bool {
        !self.different.is_empty() && self.different.contains(&pair(one, other))
    }

    /// Whether anybody has ruled on this very pair.
    pub(crate) fn knows(&self, one: u32, other: u32) -> bool {
        let pair = pair(one, other);
        self.different.contains(&pair)
            || self.unsure.contains(&pair)
            || self.same.iter().any(|(a, b)| (*a, *b) == (one, other) || (*b, *a) == (one, other))
    }

    /// To part what belongs together costs a second look; to join what does not shows one customer another's data. So
    /// of a contradiction the parting counts.
    fn take(&mut self, ruled: &BTreeMap<Pair, (u64, Verdict)>) {
        let of = |verdict: Verdict| ruled.iter().filter(move |(_, (_, one))| *one == verdict);
        self.different = of(Verdict::Different).map(|(pair, _)| *pair).collect();
        self.unsure = of(Verdict::Unsure).map(|(pair, _)| *pair).collect();
        let mut joins: Vec<(u64, Pair)> = of(Verdict::Same).map(|(pair, (n, _))| (*n, *pair)).collect();
        joins.sort_unstable();
        let mut groups = BTreeMap::<u32, BTreeSet<u32>>::new();
        for (n, join) in joins {
            let (one, other) = cards_of(join);
            let group = |card: u32| groups.get(&card).cloned().unwrap_or_else(|| [card].into());
            let (first, second) = (group(one), group(other));
            let parted = first.iter().any(|a| second.iter().any(|b| self.are_different(*a, *b)));
            if parted {
                self.left_out.push(n);
                continue;
            }
            self.same.push((one, other));
            let all: BTreeSet<u32> = first.union(&second).copied().collect();
            groups.extend(all.iter().map(|card| (*card, all.clone())));
        }
        self.left_out.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(ledger: &mut Ledger, verdict: Verdict, cards: &[&str]) -> String {
        let cards = cards.iter().map(|card| (*card).to_owned()).collect();
        ledger.add("2026-11-23T09:00:00Z", "rina", Act::Decide { verdict, cards }).unwrap()
    }

    fn undo(ledger: &mut Ledger, entry: u64) -> Result<String, LedgerError> {
        ledger.add("2026-11-23T09:01:00Z", "budi", Act::Undo { entry })
    }

    fn cards() -> Cards {
        Cards::read("id,name\na,A\nb,B\nc,C\nd,D\n".as_bytes(), &[]).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut ledger = Ledger::default();
        let mut text = decide(&mut ledger, Verdict::Same, &["a", "b"]);
        text += &undo(&mut ledger, 1).unwrap();
        assert_eq!(
            text.lines().next().unwrap(),
            r#"{"n":1,"at":"2026-11-23T09:00:00Z","by":"rina","does":"decide","verdict":"same","cards":["a","b"]}"#
        );
        assert_eq!(Ledger::read(&text).unwrap(), ledger);
    }

    #[test]
    fn a_merge_is_undone_and_done_again() {
        let mut ledger = Ledger::default();
        decide(&mut ledger, Verdict::Same, &["a", "b", "c"]);
        assert_eq!(ledger.rulings(&cards()).same.len(), 3);
        undo(&mut ledger, 1).unwrap();
        assert_eq!(ledger.rulings(&cards()), Rulings::default());
        assert_eq!(undo(&mut ledger, 1), Err(LedgerError::AlreadyUndone(1)));
        undo(&mut ledger, 2).unwrap();
        assert_eq!(ledger.rulings(&cards()).same.len(), 3);
        assert_eq!(undo(&mut ledger, 9), Err(LedgerError::NoSuchEntry(9)));
    }

    #[test]
    fn the_later_decision_on_a_pair_counts_and_a_contradiction_parts() {
        let mut ledger = Ledger::default();
        decide(&mut ledger, Verdict::Same, &["a", "b"]);
        decide(&mut ledger, Verdict::Different, &["b", "a"]);
        assert!(ledger.rulings(&cards()).same.is_empty());
        decide(&mut ledger, Verdict::Same, &["a", "c"]);
        decide(&mut ledger, Verdict::Same, &["c", "b"]);
        let rulings = ledger.rulings(&cards());
        assert_eq!((rulings.same, rulings.left_out), (vec![(0, 2)], vec![4]));
    }

    #[test]
    fn cards_that_are_gone_are_counted() {
        let mut ledger = Ledger::default();
        decide(&mut ledger, Verdict::Same, &["a", "zz"]);
        assert_eq!(ledger.rulings(&cards()).gone, 1);
    }

    #[test]
    fn a_damaged_file_names_its_line() {
        for (text, name) in [("{}\n", "line 1"), ("\n{\"n\":2}\n", "line 2")] {
            let told = Ledger::read(text).unwrap_err().to_string();
            assert!(told.starts_with(name), "{told}");
        }
        let mut ledger = Ledger::default();
        let line = decide(&mut ledger, Verdict::Same, &["a", "b"]);
        let told = Ledger::read(&line.repeat(2)).unwrap_err();
        assert_eq!(told, LedgerError::Gap { line: 2, expected: 2, found: 1 });
        assert_eq!(
            ledger.add("now", "x\ny", Act::Undo { entry: 1 }),
            Err(LedgerError::Text("x\ny".to_owned()))
        );
    }
}
