//! Invents people in households.

use super::{Errors, lists, places};
use crate::random::Random;

/// Somebody, before any card.
#[derive(Clone, Debug)]
pub(super) struct Human {
    pub household: usize,
    pub woman: bool,
    pub name: Vec<String>,
    /// Year, month, day.
    pub born: (u32, u32, u32),
    pub identity: String,
    pub email: String,
    /// The first is the one in use.
    pub phones: [String; 2],
    /// Where somebody lived first, and then.
    pub homes: [Home; 2],
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub street: String,
    pub number: String,
    pub rt: usize,
    pub rw: usize,
    pub town: usize,
    pub post: String,
}

/// Everybody, household by household.
pub(super) struct Humans {
    pub all: Vec<Human>,
    /// The people of each household.
    pub households: Vec<Vec<usize>>,
}

/// Sizes of households, of ten: a third live alone, as far as cards go.
const SIZES: [usize; 10] = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

pub(super) fn invent(people: usize, errors: &Errors, random: &mut Random) -> Humans {
    let mut humans = Humans { all: Vec::with_capacity(people), households: Vec::new() };
    while humans.all.len() < people {
        let size = random.pick(&SIZES).min(people - humans.all.len());
        let household = humans.households.len();
        let first = humans.all.len();
        let members = members(household, size, errors, random);
        humans.all.extend(members);
        humans.households.push((first..first + size).collect());
    }
    humans
}

/// Members share home and often phone; half the families hand their last word on.
fn members(household: usize, size: usize, errors: &Errors, random: &mut Random) -> Vec<Human> {
    let homes = [home(random), home(random)];
    let phone = random.chance(errors.shared_phone).then(|| phone(homes[0].town, random));
    let family = random.chance(0.5).then(|| random.pick(&lists::LAST[lists::FAMILIES]).to_owned());
    let oldest = 1942 + random.below(42) as u32;
    let mut members = Vec::<Human>::with_capacity(size);
    for at in 0..size {
        // Two of an age, then their children.
        let year =
            if at < 2 { oldest + random.below(6) as u32 } else { oldest + 20 + random.below(10) as u32 };
        let mut human = human(household, year, family.as_deref(), &homes, random);
        while members.iter().any(|other| other.name == human.name) {
            human.name = name(human.woman, family.as_deref(), random);
        }
        if let Some(phone) = &phone {
            human.phones[0].clone_from(phone);
        }
        members.push(human);
    }
    members
}

fn human(household: usize, year: u32, family: Option<&str>, homes: &[Home; 2], random: &mut Random) -> Human {
    let woman = random.chance(0.55);
    let name = name(woman, family, random);
    let born = (year, 1 + random.below(12) as u32, 1 + random.below(28) as u32);
    let day = born.2 + if woman { 40 } else { 0 };
    let area = format!("{}{:04}", places::TOWNS[homes[0].town].1, 101 + random.below(30) * 100);
    let identity = format!("{area}{day:02}{:02}{:02}{:04}", born.1, born.0 % 100, 1 + random.below(60));
    let email = email(&name, born.0, random);
    let phones = [phone(homes[0].town, random), phone(homes[1].town, random)];
    Human { household, woman, name, born, identity, email, phones, homes: homes.clone() }
}

/// Common names are common: of two draws the one further to the front.
fn favoured<'a>(from: &[&'a str], random: &mut Random) -> &'a str {
    from[random.below(from.len()).min(random.below(from.len()))]
}

fn name(woman: bool, family: Option<&str>, random: &mut Random) -> Vec<String> {
    let given = |random: &mut Random| {
        if woman { favoured(&lists::WOMEN, random) } else { favoured(&lists::MEN, random) }
    };
    let mut name = vec![given(random).to_owned()];
    match random.below(10) {
        // A single name, as many have.
        0 if family.is_none() => return name,
        1..=3 => name.push(given(random).to_owned()),
        _ => {}
    }
    name.push(family.map_or_else(|| favoured(&lists::LAST, random).to_owned(), str::to_owned));
    name.dedup();
    name
}

fn email(name: &[String], year: u32, random: &mut Random) -> String {
    let first = name.first().map_or("", String::as_str).to_lowercase();
    let last = name.last().map_or("", String::as_str).to_lowercase();
    let number = if random.chance(0.5) { year as usize % 100 } else { random.below(1000) };
    format!("{first}{}{last}{number}@{}", random.pick(&[".", "_", ""]), random.pick(&lists::MAIL))
}

pub(super) fn phone(town: usize, random: &mut Random) -> String {
    let digits = |count: usize, random: &mut Random| {
        (0..count).filter_map(|_| char::from_digit(random.below(10) as u32, 10)).collect::<String>()
    };
    if random.chance(0.12) {
        return format!("{}{}", places::TOWNS[town].2, digits(7, random));
    }
    let count = 6 + random.below(3);
    format!("{}{}", random.pick(&places::MOBILE), digits(count, random))
}

fn home(random: &mut Random) -> Home {
    let town = random.below(places::TOWNS.len()).min(random.below(places::TOWNS.len()));
    let post = format!("{}{:03}", places::TOWNS[town].1, 110 + random.below(40) * 10);
    let estate = random.chance(0.3);
    let street = if estate {
        format!("Perum {}", random.pick(&places::ESTATES))
    } else {
        format!("Jl. {}", favoured(&places::STREETS, random))
    };
    let number = match (estate, random.below(8)) {
        (true, _) => format!(
            "Blok {}{} No. {}",
            char::from(b'A' + random.below(12) as u8),
            1 + random.below(9),
            1 + random.below(40)
        ),
        (false, 0) => format!("Gg. {} No. {}", 1 + random.below(9), 1 + random.below(60)),
        (false, 1) => format!("No. {}{}", 1 + random.below(150), random.pick(&["A", "B", "C"])),
        (false, _) => format!("No. {}", 1 + random.below(200)),
    };
    Home { street, number, rt: 1 + random.below(12), rw: 1 + random.below(10), town, post }
}
