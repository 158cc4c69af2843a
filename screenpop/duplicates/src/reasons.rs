//! Why two cards are taken for one person's, or not: field by field, in words.

use crate::card::Cards;
use crate::columns::Role;
use crate::compare::{ALL, Field, MISSING};
use crate::find::Found;

/// A language of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en`.
    English,
    /// `id`.
    Indonesian,
}

/// What one field says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Which.
    pub field: Field,
    /// How far the two agree, from 0; `None` where one of them says nothing.
    pub level: Option<u8>,
    /// How much it speaks for one person, in bits: 3 makes it eight times as probable, -3 an eighth.
    pub bits: f32,
    /// What both say, as it is written.
    pub values: [String; 2],
}

/// Why, and against what it was held.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// By field, those that say most first; fields that neither card has are left out.
    pub reasons: Vec<Reason>,
    /// Whether two people of one household were the likelier other case, or strangers.
    pub household: bool,
    /// How much it speaks for one person before anything is compared, in bits.
    pub prior: f32,
    /// That the two are one person's.
    pub probability: f32,
}

impl Found {
    /// Why these two cards are, or are not, one person's.
    #[must_use]
    pub fn explain(&self, cards: &Cards, one: u32, other: u32) -> Explanation {
        let (agreement, weighed) = self.weigh(one, other);
        let household = weighed.is_household_the_rival();
        let reason = |(at, field): (usize, Field)| {
            let level = Some(agreement.levels[at]).filter(|level| *level != MISSING);
            let part = weighed.parts[at];
            let rival = if household { part.household } else { part.strangers };
            let values = [one, other].map(|card| value(cards, card, field));
            Reason { field, level, bits: part.person - rival, values }
        };
        let mut reasons: Vec<Reason> = ALL.into_iter().enumerate().map(reason).collect();
        reasons.retain(|reason| reason.values.iter().any(|value| !value.is_empty()));
        reasons.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()).then(a.field.cmp(&b.field)));
        let rival = if household { self.model.household_prior } else { 0.0 };
        Explanation {
            reasons,
            household,
            prior: self.model.person_prior - rival,
            probability: crate::train::probability(weighed.odds()),
        }
    }
}

/// What a card says, as it is written.
fn value(cards: &Cards, card: u32, field: Field) -> String {
    let role = match field {
        Field::Name => Role::Name,
        Field::Born => Role::Born,
        Field::Identity => Role::Identity,
        Field::Phone => Role::Phone,
        Field::Email => Role::Email,
        Field::Street => Role::Street,
        Field::Sex => Role::Sex,
        Field::Place => {
            let place = [cards.line(card, Role::Place), cards.line(card, Role::Postcode)].join(" ");
            return place.trim().to_owned();
        }
    };
    cards.line(card, role)
}

/// What a field is called.
#[must_use]
pub const fn name(field: Field, language: Language) -> &'static str {
    match (field, language) {
        (Field::Name, Language::English) => "name",
        (Field::Name, Language::Indonesian) => "nama",
        (Field::Born, Language::English) => "date of birth",
        (Field::Born, Language::Indonesian) => "tanggal lahir",
        (Field::Identity, Language::English) => "identity number",
        (Field::Identity, Language::Indonesian) => "nomor identitas",
        (Field::Phone, Language::English) => "phone",
        (Field::Phone, Language::Indonesian) => "telepon",
        (Field::Email, Language::English | Language::Indonesian) => "email",
        (Field::Street, Language::English) => "address",
        (Field::Street, Language::Indonesian) => "alamat",
        (Field::Place, Language::English) => "town and postcode",
        (Field::Place, Language::Indonesian) => "kota dan kode pos",
        (Field::Sex, Language::English) => "sex",
        (Field::Sex, Language::Indonesian) => "jenis kelamin",
    }
}

impl Reason {
    /// What it says, in words: `name: the same but for slips or initials (+5.2)`.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let (name, said) = (name(self.field, language), self.said(language));
        let rare = match language {
            _ if self.bits < 8.0 => "",
            Language::English => ", and rare",
            Language::Indonesian => ", dan jarang",
        };
        format!("{name}: {said}{rare} ({:+.1})", self.bits)
    }

    /// How far the two agree, in words.
    #[must_use]
    pub const fn said(&self, language: Language) -> &'static str {
        said(self.field, self.level, language)
    }
}

const fn said(field: Field, level: Option<u8>, language: Language) -> &'static str {
    use Language::{English, Indonesian};
    let Some(level) = level else {
        return match language {
            English => "one of them says nothing",
            Indonesian => "salah satu kosong",
        };
    };
    match (field, level, language) {
        (Field::Name, 1, English) => "some words are the same, as in a family; others differ",
        (Field::Name, 1, Indonesian) => "sebagian kata sama, seperti dalam keluarga; yang lain berbeda",
        (Field::Name, 2, English) => "the first words are the same, others differ",
        (Field::Name, 2, Indonesian) => "kata pertama sama, yang lain berbeda",
        (Field::Name, 3, English) => "one is a part of the other",
        (Field::Name, 3, Indonesian) => "yang satu bagian dari yang lain",
        (Field::Name, 4, English) => "the same but for slips or initials",
        (Field::Name, 4, Indonesian) => "sama, kecuali salah ketik atau singkatan",
        (Field::Born, 1, English) => "two of day, month and year are the same",
        (Field::Born, 1, Indonesian) => "dua dari tanggal, bulan dan tahun sama",
        (Field::Born, 2, English) | (Field::Identity | Field::Phone, 1, English) => "one slip apart",
        (Field::Born, 2, Indonesian) | (Field::Identity | Field::Phone, 1, Indonesian) => {
            "beda satu salah ketik"
        }
        (Field::Email, 1, English) => "nearly the same",
        (Field::Email, 1, Indonesian) => "hampir sama",
        (Field::Street, 1, English) => "something in common",
        (Field::Street, 1, Indonesian) => "ada yang sama",
        (Field::Street, 2, English) => "much in common",
        (Field::Street, 2, Indonesian) => "banyak yang sama",
        (Field::Place, 1 | 4, English) => "a part is the same",
        (Field::Place, 1 | 4, Indonesian) => "sebagian sama",
        (_, 0, English) | (Field::Place, 3, English) => "different",
        (_, 0, Indonesian) | (Field::Place, 3, Indonesian) => "berbeda",
        (_, _, English) => "the same",
        (_, _, Indonesian) => "sama",
    }
}

impl Explanation {
    /// Against what it was held, in words.
    #[must_use]
    pub const fn rival(&self, language: Language) -> &'static str {
        match (self.household, language) {
            (true, Language::English) => "held against: two people of one household",
            (true, Language::Indonesian) => "dibandingkan dengan: dua orang serumah",
            (false, Language::English) => "held against: two strangers",
            (false, Language::Indonesian) => "dibandingkan dengan: dua orang yang tidak saling kenal",
        }
    }
}
