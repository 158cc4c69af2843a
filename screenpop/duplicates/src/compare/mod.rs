//! How far two cards agree, field by field.
//!
//! A comparison says at which level two cards agree and, where the value says so, how probable that is by chance: to
//! share `Siti` is nothing, to share `Hutagaol` is a lot.

mod address;
mod name;
mod values;

use crate::deck::Deck;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The name, word by word.
    Name,
    /// The date of birth.
    Born,
    /// The number of a paper.
    Identity,
    /// Any of the phones.
    Phone,
    /// The e-mail address.
    Email,
    /// Street, house, RT/RW.
    Street,
    /// Town and postcode: levels 0 to 2 beside a street that is the same, 3 to 5 beside another one or none. Who has
    /// moved has often left the town, too, and that is not to be held against anybody twice.
    Place,
    /// Male or female.
    Sex,
}

/// How many fields there are.
pub(crate) const FIELDS: usize = 8;
/// The most levels that a field has.
pub(crate) const LEVELS: usize = 6;

/// All fields in their order.
pub const ALL: [Field; FIELDS] = [
    Field::Name,
    Field::Born,
    Field::Identity,
    Field::Phone,
    Field::Email,
    Field::Street,
    Field::Place,
    Field::Sex,
];

impl Field {
    /// From 0, nothing in common, to one less than this, the same.
    #[must_use]
    pub const fn levels(self) -> usize {
        match self {
            Self::Name | Self::Place => 6,
            Self::Born | Self::Street => 4,
            Self::Identity | Self::Phone | Self::Email => 3,
            Self::Sex => 2,
        }
    }
}

/// How far two cards agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Agreement {
    /// By field; [`MISSING`] where one of the cards says nothing.
    pub levels: [u8; FIELDS],
    /// The binary logarithm of how probable this agreement is with somebody else's card; NaN where the level alone
    /// says it.
    pub chance: [f32; FIELDS],
}

/// No level: nothing is known of one of the two.
pub(crate) const MISSING: u8 = u8::MAX;

/// One field's part of an agreement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    pub level: u8,
    pub chance: f32,
}

impl Fit {
    const MISSING: Self = Self { level: MISSING, chance: f32::NAN };

    const fn plain(level: u8) -> Self {
        Self { level, chance: f32::NAN }
    }
}

/// Compares two cards.
pub(crate) fn compare(deck: &Deck, one: u32, other: u32) -> Agreement {
    let (one, other) = (deck.of_card(one), deck.of_card(other));
    let street = address::street(deck, one, other);
    let fits = [
        name::fit(deck, one, other),
        values::born(deck, one, other),
        values::identity(deck, one, other),
        values::phone(deck, one, other),
        values::email(deck, one, other),
        street,
        address::place(deck, one, other, street.level),
        values::sex(one, other),
    ];
    Agreement { levels: fits.map(|fit| fit.level), chance: fits.map(|fit| fit.chance) }
}

/// Cards by which it is known at the least how rare a value is. In a table of ten every value is one of ten, and yet no
/// tenth of all people have this telephone number.
const FEWEST: usize = 1_000;

/// How probable it is that a card has one of `cards` many of all, as a binary logarithm: never less than what a
/// table of this size can show.
fn share(deck: &Deck, cards: u32) -> f32 {
    log2(f64::from(cards.max(1))) - size(deck)
}

/// Several independent agreements together; nothing is rarer than one in eight tables.
fn floored(deck: &Deck, chance: f32) -> f32 {
    chance.clamp(-size(deck) - 3.0, -0.5)
}

fn size(deck: &Deck) -> f32 {
    log2(deck.profiles.len().max(FEWEST) as f64)
}

fn log2(value: f64) -> f32 {
    libm::log2(value) as f32
}
