//! Weighs how two cards agree: are they one person's, two people's of one household, or strangers'?
//!
//! Fellegi and Sunter weigh two cases. Here there are three, because two members of a household agree in phone, street
//! and often in a name by nature and not by chance: against strangers that would make them one person beyond doubt. So
//! what a household shares says *household*, and only what is a person's own says *person*.
//!
//! Sources: Fellegi, Sunter, *A Theory for Record Linkage*, 1969; term frequencies after Winkler, *Using the EM
//! Algorithm for Weight Computation*, 2000.

use crate::compare::{ALL, Agreement, FIELDS, Field, LEVELS, MISSING};

/// How probable each level of each field is in one case; rows sum to 1, that of places in each of its halves.
pub(crate) type Table = [[f32; LEVELS]; FIELDS];

/// Two cards of one person, before a table has taught otherwise: slips, moves and borrowed names as they are in life.
pub(crate) const SAME_PERSON: Table = [
    [0.03, 0.02, 0.03, 0.12, 0.15, 0.65],
    [0.04, 0.02, 0.04, 0.90, 0.0, 0.0],
    [0.03, 0.04, 0.93, 0.0, 0.0, 0.0],
    [0.30, 0.04, 0.66, 0.0, 0.0, 0.0],
    [0.25, 0.03, 0.72, 0.0, 0.0, 0.0],
    [0.18, 0.07, 0.15, 0.60, 0.0, 0.0],
    [0.03, 0.03, 0.94, 0.5, 0.1, 0.4],
    [0.02, 0.98, 0.0, 0.0, 0.0, 0.0],
];
/// Two people of one household. What is a person's own is left to chance, but for twins and namesakes.
pub(crate) const SAME_HOUSEHOLD: Table = [
    [0.68, 0.297, 0.003, 0.01, 0.005, 0.005],
    [0.965, 0.026, 0.005, 0.004, 0.0, 0.0],
    [0.985, 0.01, 0.005, 0.0, 0.0, 0.0],
    [0.35, 0.01, 0.64, 0.0, 0.0, 0.0],
    [0.93, 0.01, 0.06, 0.0, 0.0, 0.0],
    [0.05, 0.05, 0.15, 0.75, 0.0, 0.0],
    [0.02, 0.02, 0.96, 0.1, 0.1, 0.8],
    [0.55, 0.45, 0.0, 0.0, 0.0, 0.0],
];

/// Two strangers, as far as a small table does not show it.
pub(crate) const STRANGERS: Table = [
    [0.968, 0.02, 0.007, 0.003, 0.001, 0.001],
    [0.993, 0.005, 0.0015, 0.0005, 0.0, 0.0],
    [0.9985, 0.001, 0.0005, 0.0, 0.0, 0.0],
    [0.9985, 0.001, 0.0005, 0.0, 0.0, 0.0],
    [0.9985, 0.001, 0.0005, 0.0, 0.0, 0.0],
    [0.988, 0.01, 0.0015, 0.0005, 0.0, 0.0],
    [0.7, 0.1, 0.2, 0.87, 0.04, 0.09],
    [0.5, 0.5, 0.0, 0.0, 0.0, 0.0],
];

/// What weighs an agreement, all as binary logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(crate) person: Table,
    pub(crate) household: Table,
    pub(crate) strangers: Table,
    /// How probable it is that two cards drawn at random are one person's.
    pub(crate) person_prior: f32,
    /// Two people's of one household.
    pub(crate) household_prior: f32,
}

/// One field's part: how probable its agreement is in each case, in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub person: f32,
    pub household: f32,
    pub strangers: f32,
}

impl Part {
    const NONE: Self = Self { person: 0.0, household: 0.0, strangers: 0.0 };
}

/// All fields together, priors included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weighed {
    pub parts: [Part; FIELDS],
    pub total: Part,
}

impl Weighed {
    /// The odds that it is one person, in bits: 0 is one in two, 10 a thousand to one.
    pub fn odds(&self) -> f32 {
        odds(self.total)
    }

    /// The same from all other fields.
    pub fn odds_without(&self, field: usize) -> f32 {
        odds(self.without(field))
    }

    /// The odds of a household from all other fields.
    pub fn household_odds_without(&self, field: usize) -> f32 {
        let rest = self.without(field);
        rest.household - either(rest.person, rest.strangers)
    }

    /// Whether, if it is not one person, a household is the likelier case.
    pub fn is_household_the_rival(&self) -> bool {
        self.total.household > self.total.strangers
    }

    fn without(&self, field: usize) -> Part {
        let part = self.parts[field];
        Part {
            person: self.total.person - part.person,
            household: self.total.household - part.household,
            strangers: self.total.strangers - part.strangers,
        }
    }
}

fn odds(total: Part) -> f32 {
    total.person - either(total.household, total.strangers)
}

/// The logarithm of a sum.
fn either(one: f32, other: f32) -> f32 {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    high + libm::log1pf(libm::exp2f(low - high)) * std::f32::consts::LOG2_E
}

impl Model {
    /// A model that knows what strangers have in common, and nothing else of the table yet. Priors in bits.
    pub(crate) fn new(strangers: Table, person_prior: f32, household_prior: f32) -> Self {
        Self {
            person: logs(&SAME_PERSON),
            household: logs(&SAME_HOUSEHOLD),
            strangers: logs(&strangers),
            person_prior,
            household_prior,
        }
    }

    /// Weighs an agreement.
    pub(crate) fn weigh(&self, agreement: &Agreement) -> Weighed {
        let mut parts = [Part::NONE; FIELDS];
        let mut total = Part { person: self.person_prior, household: self.household_prior, strangers: 0.0 };
        for (at, field) in ALL.into_iter().enumerate() {
            let level = agreement.levels[at];
            if level == MISSING {
                continue;
            }
            let part = self.part(field, usize::from(level), agreement.chance[at]);
            total.person += part.person;
            total.household += part.household;
            total.strangers += part.strangers;
            parts[at] = part;
        }
        Weighed { parts, total }
    }

    fn part(&self, field: Field, level: usize, chance: f32) -> Part {
        let at = field as usize;
        let strangers = if chance.is_nan() { self.strangers[at][level] } else { chance };
        let known = self.household[at][level];
        let household = match field {
            // A person's own: members of a household share it by chance as strangers do, and now and then by nature.
            Field::Born | Field::Identity if !chance.is_nan() => either(known, chance),
            Field::Name if level >= 2 => either(known, chance),
            Field::Name
            | Field::Born
            | Field::Identity
            | Field::Phone
            | Field::Email
            | Field::Street
            | Field::Place
            | Field::Sex => known,
        };
        Part { person: self.person[at][level], household, strangers }
    }
}

/// Logarithms of a table; what never was is one in ten thousand.
pub(crate) fn logs(table: &Table) -> Table {
    table.map(|row| row.map(|p| libm::log2f(p.max(1e-4))))
}
