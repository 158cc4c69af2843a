//! Decides whom a number belongs to, out of what each source found.
//!
//! Pure. Sources have ids of their own, so people are joined by the number first and told apart by name: one customer
//! per source is one person, however differently departments spell the name. Several in one source are many, or a
//! household if they share an address.

use crate::caller::Validity;
use crate::card::{Candidate, Match, MatchKind};
use crate::sources::Rows;
use serde_json::{Map, Value};
use std::cmp::Reverse;

/// Candidates listed on a card.
pub(crate) const MAX_CANDIDATES: usize = 50;

/// A customer as one source knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Customer {
    /// As the database gave it: what goes back to it in `:customer`.
    pub id: Value,
    pub id_text: String,
    pub name: String,
    address: Option<String>,
    last_contact_at: Option<String>,
}

/// A candidate the agent has chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub source: String,
    pub customer_id: String,
    pub name: String,
}

/// What a source found; `None` while it has not answered, or failed.
pub(crate) type Findings<'a> = &'a [(String, Option<Vec<Customer>>)];

/// The customers in the rows of a `find`, each id once. `None` if a row has no id: then the query is wrong.
pub(crate) fn customers(rows: &Rows) -> Option<Vec<Customer>> {
    let mut found = Vec::<Customer>::new();
    for row in &rows.rows {
        let customer = customer(row)?;
        if !found.iter().any(|known| known.id_text == customer.id_text) {
            found.push(customer);
        }
    }
    Some(found)
}

fn customer(row: &Map<String, Value>) -> Option<Customer> {
    let id = row.get("id").or_else(|| row.values().next()).filter(|id| !id.is_null())?;
    let name = row.get("name").or_else(|| row.values().nth(1)).and_then(word);
    Some(Customer {
        id: id.clone(),
        id_text: word(id)?,
        name: name.unwrap_or_default(),
        address: row.get("address").and_then(word).map(|address| key(&address)).filter(|key| !key.is_empty()),
        last_contact_at: row.get("last_contact_at").and_then(word),
    })
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whom the number belongs to.
pub(crate) fn conclude(findings: Findings<'_>, choice: Option<&Choice>, validity: Validity) -> Match {
    let owners = findings.iter().filter_map(|(_, found)| found.as_deref().map(Owners::of)).max();
    let kind = owners.unwrap_or(Owners::Nobody).kind();
    let people = people(findings, kind);
    let confidence = confidence(kind, &people, validity);
    let mut candidates = people.into_iter().map(|person| person.candidate).collect::<Vec<_>>();
    candidates.sort_by_key(|candidate| Reverse(candidate.last_contact_at.clone()));
    candidates.truncate(MAX_CANDIDATES);
    if let Some(chosen) = choice.and_then(|choice| candidates.iter().position(|one| choice.is(one))) {
        candidates[..=chosen].rotate_right(1);
        candidates[0].why.push("chosen by the agent".to_owned());
        return Match { kind: MatchKind::One, confidence: 1.0, candidates };
    }
    Match { kind, confidence, candidates }
}

/// The customer whose sections a source should show: the chosen one, else the only one.
pub(crate) fn settle<'a>(
    source: &str,
    found: &'a [Customer],
    choice: Option<&Choice>,
) -> Option<&'a Customer> {
    let Some(choice) = choice else {
        return found.first().filter(|_| found.len() == 1);
    };
    if source == choice.source {
        return found.iter().find(|customer| customer.id_text == choice.customer_id);
    }
    let wanted = key(&choice.name);
    let mut same = found.iter().filter(|customer| !wanted.is_empty() && key(&customer.name) == wanted);
    same.next().filter(|_| same.next().is_none())
}

impl Choice {
    fn is(&self, candidate: &Candidate) -> bool {
        candidate.source == self.source && candidate.customer_id == self.customer_id
    }
}

/// What one source says about the owners of a number; a later one outweighs those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owners {
    Nobody,
    One,
    /// Several, but this source knows no addresses.
    Several,
    /// Several at one address.
    Together,
    /// Several at different addresses.
    Apart,
}

impl Owners {
    fn of(found: &[Customer]) -> Self {
        match found {
            [] => Self::Nobody,
            [_] => Self::One,
            [first, others @ ..] if others.iter().any(|other| other.address != first.address) => Self::Apart,
            [first, ..] if first.address.is_some() => Self::Together,
            [..] => Self::Several,
        }
    }

    const fn kind(self) -> MatchKind {
        match self {
            Self::Nobody => MatchKind::None,
            Self::One => MatchKind::One,
            Self::Together => MatchKind::Household,
            Self::Several | Self::Apart => MatchKind::Many,
        }
    }
}

/// A candidate, and the sources that know this person.
struct Person<'a> {
    candidate: Candidate,
    sources: Vec<&'a str>,
    /// Whether all of them know the same name.
    one_name: bool,
}

/// Customers of different sources that are the same person, in the order of the sources.
fn people(findings: Findings<'_>, kind: MatchKind) -> Vec<Person<'_>> {
    let mut people = Vec::<Person<'_>>::new();
    for (source, found) in findings {
        for customer in found.iter().flatten() {
            let same = people.iter_mut().find(|person| person.may_be(source, customer, kind));
            match same {
                Some(person) => person.is_known_to(source, customer),
                None => people.push(Person::new(source, customer)),
            }
        }
    }
    people
}

impl<'a> Person<'a> {
    fn new(source: &'a str, customer: &Customer) -> Self {
        let candidate = Candidate {
            customer_id: customer.id_text.clone(),
            display_name: customer.name.clone(),
            why: vec![format!("number known to {source}")],
            last_contact_at: customer.last_contact_at.clone(),
            source: source.to_owned(),
        };
        Self { candidate, sources: vec![source], one_name: true }
    }

    /// Two customers of one source are two people, whatever their names.
    fn may_be(&self, source: &str, customer: &Customer, kind: MatchKind) -> bool {
        !self.sources.contains(&source) && (kind == MatchKind::One || self.has_name_of(customer))
    }

    fn has_name_of(&self, customer: &Customer) -> bool {
        let name = key(&customer.name);
        !name.is_empty() && name == key(&self.candidate.display_name)
    }

    fn is_known_to(&mut self, source: &'a str, customer: &Customer) {
        let same_name = customer.name.is_empty() || self.has_name_of(customer);
        let name = if same_name { String::new() } else { format!(" as {}", customer.name) };
        self.candidate.why.push(format!("number known to {source}{name}"));
        let known = self.candidate.last_contact_at.take();
        self.candidate.last_contact_at = known.max(customer.last_contact_at.clone());
        self.one_name &= same_name;
        self.sources.push(source);
    }
}

fn confidence(kind: MatchKind, people: &[Person<'_>], validity: Validity) -> f32 {
    let number = match validity {
        Validity::Valid => 0.95,
        Validity::Possible => 0.8,
        Validity::Internal | Validity::None => 0.5,
    };
    match kind {
        MatchKind::None | MatchKind::Withheld => 0.0,
        MatchKind::One if people.iter().all(|person| person.one_name) => number,
        MatchKind::One => number * 0.8,
        MatchKind::Household | MatchKind::Many => number / people.len().max(1) as f32,
    }
}

/// A name or address for comparison: its words in lower case, in alphabetical order, so that `Santoso, Budi` is
/// `BUDI SANTOSO`.
fn key(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut words =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    words.sort_unstable();
    words.join(" ")
}
