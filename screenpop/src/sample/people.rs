//! Invents people: names, addresses, telephone numbers, who shares a number with whom.

use super::SampleCustomer;
use super::random::Random;
use crate::caller::{Region, Validity, normalise};
use std::collections::BTreeSet;

/// A customer before the departments write what they know.
pub(super) struct Person {
    pub customer: SampleCustomer,
    pub address: String,
    /// Days from the sample's last day back to the last contact.
    pub last_contact_days: usize,
}

const GIVEN: [&str; 40] = [
    "Budi", "Siti", "Agus", "Dewi", "Putri", "Rizky", "Wayan", "Made", "Nyoman", "Ketut", "Joko", "Sri",
    "Bambang", "Ratna", "Hendra", "Yulia", "Fajar", "Indah", "Dian", "Eko", "Tri", "Lestari", "Muhammad",
    "Abdul", "Nur", "Aisyah", "Fitri", "Rina", "Andi", "Maria", "Yohanes", "Teguh", "Slamet", "Wulan",
    "Galih", "Citra", "Bayu", "Ayu", "Hasan", "Tuti",
];
const FAMILY: [&str; 32] = [
    "Santoso",
    "Wijaya",
    "Saputra",
    "Lestari",
    "Nugroho",
    "Hidayat",
    "Siregar",
    "Nasution",
    "Simanjuntak",
    "Hutapea",
    "Halim",
    "Gunawan",
    "Kusuma",
    "Pratama",
    "Wibowo",
    "Setiawan",
    "Susanto",
    "Rahmawati",
    "Suryani",
    "Handayani",
    "Permata",
    "Maharani",
    "Purnomo",
    "Sihombing",
    "Tanjung",
    "Lubis",
    "Soeharto",
    "Suharto",
    "Iskandar",
    "Ramadhan",
    "Anggraini",
    "Kurniawan",
];
const SINGLE: [&str; 8] =
    ["Sukarno", "Suharti", "Sutrisno", "Mulyono", "Kartini", "Wagiman", "Poniman", "Sumiati"];
const ABROAD: [&str; 16] = [
    "Tan Wei Ling",
    "Lim Ah Kow",
    "Priya Raghunathan",
    "Arjun Mehta",
    "Emma O'Connor",
    "James Nguyen",
    "Jürgen Weiß",
    "Anna Müller",
    "Giulia D'Angelo",
    "José Martínez",
    "佐藤 花子",
    "王小明",
    "محمد الأحمد",
    "Zoë van der Berg",
    "Søren Kierkegaard-Ås",
    "Nguyễn Thị Hương",
];
const COMPANIES: [&str; 6] = [
    "PT Maju Jaya",
    "CV Sinar Abadi",
    "PT Nusantara Logistik",
    "Toko Sumber Rejeki",
    "UD Makmur",
    "PT Samudra Biru",
];
/// Names that harm whoever pastes them into HTML, SQL, CSV, a header or a terminal.
const HOSTILE: [&str; 8] = [
    "<script>alert('pop')</script>",
    "Robert'); DROP TABLE customers;--",
    "\"Ann\" <img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://evil.example\",\"Budi\")",
    "Siti\r\nX-Injected: yes",
    "Agus \u{202E}evil\u{202C} \u{1b}[31m",
    "{{constructor.constructor('alert(1)')()}}",
    "&lt;b&gt;Dewi&lt;/b&gt; & 'Co' \\",
];
const STREETS: [&str; 8] = [
    "Jl. Merdeka",
    "Jl. Diponegoro",
    "Jl. Sudirman",
    "Jl. Melati",
    "Jl. Kenanga",
    "Jl. Gajah Mada",
    "Jl. Ahmad Yani",
    "Jl. Veteran",
];
const CITIES: [&str; 8] =
    ["Jakarta", "Surabaya", "Bandung", "Medan", "Yogyakarta", "Denpasar", "Makassar", "Semarang"];
/// Prefixes of Indonesian mobile networks, and how many digits follow.
const MOBILE: [(&str, usize); 10] = [
    ("+62811", 7),
    ("+62812", 8),
    ("+62813", 8),
    ("+62821", 8),
    ("+62852", 8),
    ("+62815", 8),
    ("+62857", 8),
    ("+62817", 8),
    ("+62878", 8),
    ("+62896", 8),
];
const FIXED: [(&str, usize); 4] = [("+6221", 8), ("+6231", 7), ("+6222", 7), ("+6261", 7)];
const FOREIGN: [(&str, usize); 8] = [
    ("+658", 7),
    ("+6012", 7),
    ("+614", 8),
    ("+1415555", 4),
    ("+447700900", 3),
    ("+4915", 9),
    ("+3906", 8),
    ("+819", 9),
];

/// Invents so many people. Every 25th shares a number with the next one, as a family or a company.
pub(super) fn invent(seed: u64, customers: usize) -> Vec<Person> {
    let mut random = Random::new(seed);
    let mut numbers = Numbers::new();
    let mut people = Vec::<Person>::with_capacity(customers);
    for at in 0..customers {
        let person = match people.last() {
            Some(last) if at % 25 == 7 => sharer(at, last, &mut random),
            _ => alone(at, &mut random, &mut numbers),
        };
        if person.customer.shared
            && let Some(last) = people.last_mut()
        {
            last.customer.shared = true;
        }
        people.push(person);
    }
    people
}

fn alone(at: usize, random: &mut Random, numbers: &mut Numbers) -> Person {
    let (name, e164) = match at {
        _ if at % 40 == 13 => (HOSTILE[at / 40 % HOSTILE.len()].to_owned(), numbers.new_one(&MOBILE, random)),
        _ if at % 12 == 5 => (random.pick(&ABROAD).to_string(), numbers.new_one(&FOREIGN, random)),
        _ if at % 20 == 9 => (random.pick(&COMPANIES).to_string(), numbers.new_one(&FIXED, random)),
        _ => (name(random), numbers.new_one(&MOBILE, random)),
    };
    let dialled = dialled(&e164, at);
    Person {
        customer: SampleCustomer { name, e164, dialled, shared: false },
        address: address(random),
        last_contact_days: random.below(400),
    }
}

/// One in two shares the address, too: a family. The other is a colleague behind the same switchboard.
fn sharer(at: usize, with: &Person, random: &mut Random) -> Person {
    let family = at % 50 == 7;
    let address = if family { with.address.clone() } else { address(random) };
    let e164 = with.customer.e164.clone();
    let dialled = dialled(&e164, at);
    let mut name = name(random);
    while name == with.customer.name {
        name.push_str(" Jr.");
    }
    Person {
        customer: SampleCustomer { name, e164, dialled, shared: true },
        address,
        last_contact_days: random.below(400),
    }
}

fn name(random: &mut Random) -> String {
    match random.below(10) {
        0 => random.pick(&SINGLE).to_string(),
        1 => format!("{} {} {}", random.pick(&GIVEN), random.pick(&GIVEN), random.pick(&FAMILY)),
        _ => format!("{} {}", random.pick(&GIVEN), random.pick(&FAMILY)),
    }
}

fn address(random: &mut Random) -> String {
    let (street, number, city) = (random.pick(&STREETS), 1 + random.below(200), random.pick(&CITIES));
    format!("{street} No. {number}, RT {:02}/RW {:02}, {city}", 1 + random.below(12), 1 + random.below(9))
}

/// The spellings that PBXs and trunks really send.
fn dialled(e164: &str, at: usize) -> String {
    let Some(national) = e164.strip_prefix("+62") else { return e164.to_owned() };
    match at % 5 {
        0 => format!("0{national}"),
        1 => format!("62{national}"),
        2 => format!("0062{national}"),
        _ => e164.to_owned(),
    }
}

/// Numbers that no two people get by accident, and that libphonenumber takes for valid.
struct Numbers {
    given: BTreeSet<String>,
    region: Option<Region>,
}

impl Numbers {
    fn new() -> Self {
        Self { given: BTreeSet::new(), region: Region::new("ID").ok() }
    }

    fn new_one(&mut self, ranges: &[(&str, usize)], random: &mut Random) -> String {
        loop {
            // The small ranges (fiction's own) run out; the mobile ones last for hundreds of millions.
            let crowded = self.given.len() > 2_000 && !random.chance(50);
            let (prefix, count) = random.pick(if crowded { &MOBILE } else { ranges });
            let number = format!("{prefix}{}", random.digits(count));
            let valid =
                self.region.as_ref().is_some_and(|r| normalise(&number, r).validity == Validity::Valid);
            if valid && self.given.insert(number.clone()) {
                return number;
            }
        }
    }
}
