//! All cards as they are compared: normalised, with their words as numbers.

use crate::card::Cards;
use crate::columns::Role;
use crate::normal;
use crate::terms::{NONE, Terms};

/// Phones of one card that are compared.
const MAX_PHONES: usize = 4;

/// One card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Words of the name in their order.
    pub name: Vec<u32>,
    /// Each word written together with the one behind it, where some card has that as a word.
    pub joined: Vec<u32>,
    pub born: Option<[u8; 8]>,
    pub born_term: u32,
    pub identity: u32,
    pub email: u32,
    pub phones: Vec<u32>,
    pub street: Vec<u32>,
    pub place: Vec<u32>,
    pub postcode: u32,
    pub sex: Option<Sex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sex {
    Female,
    Male,
}

/// All of them, and their words.
#[derive(Debug, Default)]
pub(crate) struct Deck {
    pub profiles: Vec<Profile>,
    pub names: Terms,
    pub streets: Terms,
    pub places: Terms,
    pub postcodes: Terms,
    pub phones: Terms,
    pub emails: Terms,
    pub identities: Terms,
    pub dates: Terms,
}

impl Deck {
    /// Normalises every card.
    pub fn of(cards: &Cards) -> Self {
        let mut deck = Self::default();
        for card in 0..cards.len() as u32 {
            let profile = deck.profile(cards, card);
            deck.profiles.push(profile);
        }
        deck.names.relate();
        deck.streets.relate();
        deck.places.relate();
        for profile in &mut deck.profiles {
            profile.joined = joined(&profile.name, &deck.names);
        }
        deck
    }

    pub fn of_card(&self, card: u32) -> &Profile {
        &self.profiles[card as usize]
    }

    fn profile(&mut self, cards: &Cards, card: u32) -> Profile {
        let street_text = cards.line(card, Role::Street);
        let mut postcode = cards.cells(card, Role::Postcode).find_map(normal::postcode);
        let mut street = normal::address_words(&street_text);
        if postcode.is_none() {
            // Five digits at the end of an address are its postcode.
            let at =
                street.iter().rposition(|word| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit()));
            postcode = at.map(|at| street.remove(at));
        }
        let name = normal::name_words(&cards.line(card, Role::Name));
        let place = normal::place_words(&cards.line(card, Role::Place));
        let born = cards.cells(card, Role::Born).find_map(normal::date);
        let mut phones: Vec<String> = cards.cells(card, Role::Phone).flat_map(normal::phones).collect();
        phones.sort_unstable();
        phones.dedup();
        phones.truncate(MAX_PHONES);
        let one = |terms: &mut Terms, text: Option<String>| text.map_or(NONE, |text| terms.count(&text));
        Profile {
            name: all(&mut self.names, &name),
            joined: Vec::new(),
            born,
            born_term: one(&mut self.dates, born.map(|date| String::from_utf8_lossy(&date).into_owned())),
            identity: one(&mut self.identities, cards.cells(card, Role::Identity).find_map(normal::identity)),
            email: one(&mut self.emails, cards.cells(card, Role::Email).find_map(normal::email)),
            phones: all(&mut self.phones, &phones),
            street: all(&mut self.streets, &street),
            place: all(&mut self.places, &place),
            postcode: one(&mut self.postcodes, postcode),
            sex: cards.cells(card, Role::Sex).find_map(sex),
        }
    }
}

/// The numbers of words; one that a card has twice counts once.
fn all(terms: &mut Terms, words: &[String]) -> Vec<u32> {
    let mut ids = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let again = words[..at].contains(word);
        ids.push(if again { terms.find(word) } else { terms.count(word) });
    }
    ids
}

fn joined(name: &[u32], names: &Terms) -> Vec<u32> {
    let both = |pair: &[u32]| names.find(&format!("{}{}", names.text(pair[0]), names.text(pair[1])));
    name.windows(2).map(both).collect()
}

fn sex(text: &str) -> Option<Sex> {
    match text.to_lowercase().as_str() {
        "f" | "female" | "p" | "pr" | "perempuan" | "w" | "wanita" => Some(Sex::Female),
        "m" | "male" | "l" | "lk" | "laki" | "laki-laki" | "laki laki" | "pria" => Some(Sex::Male),
        _ => None,
    }
}
