//! Writes people's cards, with what goes wrong at a till.

use super::people::{Home, Human, Humans, phone};
use super::{Errors, Invented, Wanted, lists, places, slips};
use crate::random::Random;

const HEADINGS: &str = "card_no,name,sex,date_of_birth,nik,phone,email,address,city,postcode\n";
/// Numbers that somebody in a shop types to get past the form.
const FILLERS: [&str; 3] = ["08123456789", "021500000", "081200000000"];

pub(super) fn write(wanted: &Wanted, humans: &Humans, random: &mut Random) -> Invented {
    let mut owners: Vec<u32> = (0..humans.all.len() as u32).collect();
    // Who has several cards tends to have more: one draw in three goes to somebody with two already.
    while owners.len() < wanted.cards {
        let again = owners.len() > humans.all.len() && random.chance(0.33);
        let owner = if again {
            let behind = humans.all.len() + random.below(owners.len() - humans.all.len());
            owners[behind]
        } else {
            random.below(humans.all.len()) as u32
        };
        owners.push(owner);
    }
    let mut seen = vec![false; humans.all.len()];
    let mut rows: Vec<(u32, String)> = Vec::with_capacity(owners.len());
    for owner in owners {
        let first = !std::mem::replace(&mut seen[owner as usize], true);
        rows.push((owner, row(humans, &humans.all[owner as usize], first, &wanted.errors, random)));
    }
    for at in (1..rows.len()).rev() {
        rows.swap(at, random.below(at + 1));
    }
    let mut table = String::from(HEADINGS);
    for (at, (_, row)) in rows.iter().enumerate() {
        table.push_str(&format!("V{:06},{row}\n", at + 1));
    }
    Invented { table, truth: rows.into_iter().map(|(owner, _)| owner).collect() }
}

fn row(humans: &Humans, human: &Human, first: bool, errors: &Errors, random: &mut Random) -> String {
    let lender = random.chance(errors.borrowed_name).then(|| lender(humans, human, random));
    let named = lender.unwrap_or(human);
    let papers = if random.chance(errors.borrowed_papers) { named } else { human };
    let home = &human.homes[usize::from(!first && random.chance(errors.moved))];
    let cells = [
        name(named, errors, random),
        sex(named, random),
        born(papers, errors, random),
        if random.chance(errors.no_identity) {
            String::new()
        } else {
            maybe_slip(&papers.identity, errors.born_slip, random)
        },
        if random.chance(errors.no_email) { String::new() } else { human.email.clone() },
        phones(human, first, errors, random),
    ];
    let [name, sex, born, identity, email, phone] = cells;
    let (street, town, post) = address(home, errors, random);
    let cells = [name, sex, born, identity, phone, email, street, town, post];
    cells.map(|cell| quoted(&cell)).join(",")
}

fn lender<'a>(humans: &'a Humans, human: &Human, random: &mut Random) -> &'a Human {
    let members = &humans.households[human.household];
    if members.len() > 1 && random.chance(0.8) {
        return &humans.all[members[random.below(members.len())]];
    }
    &humans.all[random.below(humans.all.len())]
}

fn name(human: &Human, errors: &Errors, random: &mut Random) -> String {
    let mut words = human.name.clone();
    for word in &mut words {
        if random.chance(errors.name_spelling) {
            *word = slips::spelling(word, random).unwrap_or_else(|| word.clone());
        }
        if random.chance(errors.name_slip / 2.0) {
            *word = slips::slip(word, random);
        }
    }
    if words.len() > 1 && random.chance(errors.name_shortened) {
        let at = random.below(words.len());
        match random.below(3) {
            0 => words[at] = words[at].chars().take(1).chain(['.']).collect(),
            1 => words.rotate_left(1),
            _ => drop(words.remove(at)),
        }
    }
    let mut name = words.join(" ");
    if random.chance(errors.title) {
        name = if random.chance(0.7) {
            format!("{} {name}", random.pick(&lists::TITLES[usize::from(!human.woman)]))
        } else {
            format!("{name}, {}", random.pick(&lists::DEGREES))
        };
    }
    match random.below(10) {
        0..=2 => name.to_uppercase(),
        3 => name.to_lowercase(),
        _ => name,
    }
}

fn sex(human: &Human, random: &mut Random) -> String {
    let right = random.chance(0.99);
    match random.below(10) {
        0 => String::new(),
        _ if human.woman == right => "P".to_owned(),
        _ => "L".to_owned(),
    }
}

fn born(human: &Human, errors: &Errors, random: &mut Random) -> String {
    if random.chance(errors.no_born) {
        return if random.chance(0.1) { "1900-01-01".to_owned() } else { String::new() };
    }
    let (mut year, mut month, mut day) = human.born;
    if random.chance(errors.born_slip) {
        match random.below(4) {
            0 => (month, day) = if day <= 12 { (day, month) } else { (month, day) },
            1 => year = year - 1 + 2 * random.below(2) as u32,
            2 => day = 1 + random.below(28) as u32,
            _ => month = 1 + random.below(12) as u32,
        }
    }
    if random.chance(0.3) {
        format!("{day:02}/{month:02}/{year}")
    } else {
        format!("{year}-{month:02}-{day:02}")
    }
}

fn phones(human: &Human, first: bool, errors: &Errors, random: &mut Random) -> String {
    if random.chance(errors.no_phone) {
        return String::new();
    }
    if random.chance(errors.filler_phone) {
        return random.pick(&FILLERS).to_owned();
    }
    let other = !first && random.chance(errors.other_phone);
    // Of those who have another one, every third has yet another.
    let number = match other {
        true if random.chance(0.33) => phone(human.homes[0].town, random),
        other => human.phones[usize::from(other)].clone(),
    };
    let number = maybe_slip(&number, errors.phone_slip, random);
    let national = number.trim_start_matches('0');
    match random.below(6) {
        0 => format!("+62{national}"),
        1 => format!("62{national}"),
        2 if number.len() > 8 => format!("{}-{}-{}", &number[..4], &number[4..8], &number[8..]),
        3 if number.len() > 8 => format!("{} {}", &number[..4], &number[4..]),
        _ => number,
    }
}

fn maybe_slip(number: &str, probability: f64, random: &mut Random) -> String {
    if random.chance(probability) { slips::slip_of_digits(number, random) } else { number.to_owned() }
}

fn address(home: &Home, errors: &Errors, random: &mut Random) -> (String, String, String) {
    if random.chance(errors.no_address) {
        return Default::default();
    }
    let (street, number) = street(home, errors, random);
    let (rt, rw) = (home.rt, home.rw);
    let rt_rw = match random.below(4) {
        0 => format!(" RT {rt:02}/RW {rw:02}"),
        1 => format!(", RT.{rt:03}/{rw:03}"),
        2 => format!(" RT/RW {rt:02}/{rw:02}"),
        _ => format!(", RT{rt} RW{rw}"),
    };
    let (mut town, mut post) = (places::TOWNS[home.town].0.to_owned(), home.post.clone());
    let mut whole = format!("{street} {number}{rt_rw}");
    if random.chance(errors.address_shortened) {
        whole = match random.below(4) {
            0 => street,
            _ => format!("{street} {number}"),
        };
    }
    if random.chance(errors.address_shortened) {
        post.clear();
    }
    match random.below(12) {
        0 => town = format!("Kota {town}"),
        1 => town.make_ascii_uppercase(),
        2 => {
            whole = format!("{whole}, {town}");
            town.clear();
        }
        _ => {}
    }
    (whole, town, post)
}

/// Street and number, as somebody types them.
fn street(home: &Home, errors: &Errors, random: &mut Random) -> (String, String) {
    let mut street = home.street.clone();
    if random.chance(errors.address_slip) {
        street = street
            .split(' ')
            .map(|word| if random.chance(0.6) { slips::slip(word, random) } else { word.to_owned() })
            .collect::<Vec<_>>()
            .join(" ");
    }
    let marker = random.pick(&["Jl.", "Jl.", "Jalan", "Jln.", "JL", "Jln"]);
    street = street.replacen("Jl.", marker, 1);
    let estate = random.pick(&["Perum", "Perumahan", "Komp.", "Komplek", "Perum."]);
    street = street.replacen("Perum", estate, 1);
    let number = if random.chance(0.3) {
        home.number.replace("No. ", random.pick(&["No.", "no ", "Nomor ", ""]))
    } else {
        home.number.clone()
    };
    (street, number)
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
