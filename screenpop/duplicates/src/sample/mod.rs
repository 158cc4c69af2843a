//! Invents loyalty cards whose truth is known: so many cards of so many people, in households, some cards taken out
//! under another's name.
//!
//! Made to be as hard as such a table is: most people say little, families share phones and addresses, and cards are
//! years apart, so that phones and addresses have changed in between. Which errors there are, and how often, stands in
//! [`Errors`]. The finder sees the table alone. Nobody in it is real.

mod lists;
mod people;
mod places;
mod slips;
mod write;

use crate::random::Random;

/// How often what goes wrong, each as a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// A card that somebody took out under another's name: of the household if there is another, else anybody's.
    pub borrowed_name: f64,
    /// Of those, that the date of birth and identity number are also the other's.
    pub borrowed_papers: f64,
    /// A misspelt word in a name.
    pub name_slip: f64,
    /// A word of a name in old spelling or as another branch hears it.
    pub name_spelling: f64,
    /// A name with a word left out, or cut to an initial.
    pub name_shortened: f64,
    /// A title or degree.
    pub title: f64,
    /// No date of birth.
    pub no_born: f64,
    /// A slip in it.
    pub born_slip: f64,
    /// No identity number. Few shops ask for it.
    pub no_identity: f64,
    /// No e-mail address.
    pub no_email: f64,
    /// No phone.
    pub no_phone: f64,
    /// Another phone than on the person's first card.
    pub other_phone: f64,
    /// A slip in a phone.
    pub phone_slip: f64,
    /// Of a household, that its members give one phone.
    pub shared_phone: f64,
    /// A phone that the shop's own staff have filled in.
    pub filler_phone: f64,
    /// No address.
    pub no_address: f64,
    /// Moved since the person's first card.
    pub moved: f64,
    /// A slip in an address.
    pub address_slip: f64,
    /// A part of an address left out: RT/RW, number, quarter.
    pub address_shortened: f64,
}

impl Errors {
    /// As found in tables of cards that were filled in by hand at tills.
    pub const USUAL: Self = Self {
        borrowed_name: 0.03,
        borrowed_papers: 0.3,
        name_slip: 0.08,
        name_spelling: 0.12,
        name_shortened: 0.14,
        title: 0.08,
        no_born: 0.25,
        born_slip: 0.04,
        no_identity: 0.85,
        no_email: 0.65,
        no_phone: 0.06,
        other_phone: 0.25,
        phone_slip: 0.03,
        shared_phone: 0.5,
        filler_phone: 0.01,
        no_address: 0.12,
        moved: 0.12,
        address_slip: 0.1,
        address_shortened: 0.3,
    };

    /// Every probability times a factor, up to nine in ten.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let by = |p: f64| (p * factor).min(0.9);
        Self {
            borrowed_name: by(self.borrowed_name),
            borrowed_papers: by(self.borrowed_papers),
            name_slip: by(self.name_slip),
            name_spelling: by(self.name_spelling),
            name_shortened: by(self.name_shortened),
            title: by(self.title),
            no_born: by(self.no_born),
            born_slip: by(self.born_slip),
            no_identity: by(self.no_identity),
            no_email: by(self.no_email),
            no_phone: by(self.no_phone),
            other_phone: by(self.other_phone),
            phone_slip: by(self.phone_slip),
            shared_phone: by(self.shared_phone),
            filler_phone: by(self.filler_phone),
            no_address: by(self.no_address),
            moved: by(self.moved),
            address_slip: by(self.address_slip),
            address_shortened: by(self.address_shortened),
        }
    }
}

/// What is invented.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Rows; no fewer than people.
    pub cards: usize,
    /// People, each with at least one card.
    pub people: usize,
    /// The same seed invents the same.
    pub seed: u64,
    /// What goes wrong.
    pub errors: Errors,
}

/// A table and its truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invented {
    /// CSV with headings.
    pub table: String,
    /// Whose each card is, in the order of the table.
    pub truth: Vec<u32>,
}

/// Invents.
#[must_use]
pub fn invent(wanted: &Wanted) -> Invented {
    let mut random = Random::new(wanted.seed);
    let people = people::invent(wanted.people.max(1), &wanted.errors, &mut random);
    write::write(wanted, &people, &mut random)
}
