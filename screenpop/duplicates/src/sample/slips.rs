//! What hands and ears make of words.

use crate::random::Random;

/// Another spelling that means the same; many words have none.
const SPELLINGS: [(&str, &[&str]); 44] = [
    ("Muhammad", &["Mohammad", "Moh.", "Mohd", "M.", "Muh.", "Mochamad", "Muhamad", "Moch."]),
    ("Ahmad", &["Achmad", "Akhmad", "Ahmat"]),
    ("Abdul", &["Abd.", "Abdoel", "Abd"]),
    ("Siti", &["Sitti", "St.", "Sity"]),
    ("Nur", &["Noer", "Nuur"]),
    ("Yusuf", &["Jusuf", "Yusup", "Yoesoef"]),
    ("Joko", &["Djoko"]),
    ("Djoko", &["Joko"]),
    ("Rizky", &["Rizki", "Riski", "Risky"]),
    ("Arif", &["Arief", "Arip"]),
    ("Fajar", &["Fadjar", "Pajar"]),
    ("Rahmat", &["Rachmat", "Rakhmat"]),
    ("Hidayat", &["Hidajat"]),
    ("Suharto", &["Soeharto"]),
    ("Sukarno", &["Soekarno"]),
    ("Sutrisno", &["Soetrisno"]),
    ("Sugeng", &["Soegeng"]),
    ("Suharti", &["Soeharti"]),
    ("Sulastri", &["Soelastri"]),
    ("Susanto", &["Soesanto"]),
    ("Suryadi", &["Soerjadi", "Suryady"]),
    ("Sutanto", &["Soetanto"]),
    ("Wijaya", &["Widjaja", "Wijaja"]),
    ("Wahyu", &["Wahju"]),
    ("Tjandra", &["Chandra", "Candra"]),
    ("Santoso", &["Santosa", "Santosso"]),
    ("Saputra", &["Syaputra", "Saputro"]),
    ("Nugroho", &["Noegroho", "Nugraha"]),
    ("Wibowo", &["Wibawa"]),
    ("Prasetyo", &["Prasetio", "Prasetya"]),
    ("Haryanto", &["Harjanto", "Hariyanto"]),
    ("Supriyadi", &["Supriadi", "Soepriyadi"]),
    ("Dewi", &["Dewie"]),
    ("Fitri", &["Fitry", "Pitri"]),
    ("Yuliana", &["Juliana", "Yulianah"]),
    ("Aisyah", &["Aisjah", "Aisah"]),
    ("Khadijah", &["Chadijah", "Hadijah"]),
    ("Aminah", &["Amina"]),
    ("Novi", &["Novie", "Nopi"]),
    ("Dedi", &["Dedy", "Deddy"]),
    ("Rudi", &["Rudy", "Roedi"]),
    ("Hendra", &["Hendera"]),
    ("Nurhayati", &["Nur Hayati", "Noerhayati"]),
    ("Nuraini", &["Nur Aini", "Nur'aini"]),
];

/// Another spelling of a word, if it has one.
pub(super) fn spelling(word: &str, random: &mut Random) -> Option<String> {
    let known = SPELLINGS.iter().find(|(spelt, _)| *spelt == word);
    known.map(|(_, others)| random.pick(others).to_owned())
}

/// A slip of the hand: a letter missing, doubled, another or two swapped. Short words are left alone.
pub(super) fn slip(word: &str, random: &mut Random) -> String {
    let mut signs: Vec<char> = word.chars().collect();
    if signs.len() < 4 {
        return word.to_owned();
    }
    let at = 1 + random.below(signs.len() - 2);
    match random.below(4) {
        0 => drop(signs.remove(at)),
        1 => signs.insert(at, signs[at]),
        2 => signs.swap(at, at + 1),
        _ => signs[at] = other(signs[at], random),
    }
    signs.into_iter().collect()
}

/// Another sign of the same kind.
fn other(sign: char, random: &mut Random) -> char {
    let (from, count) = match sign {
        '0'..='9' => (b'0', 10),
        'A'..='Z' => (b'A', 26),
        'a'..='z' => (b'a', 26),
        _ => return sign,
    };
    char::from(from + random.below(count) as u8)
}

/// One digit wrong, or two swapped.
pub(super) fn slip_of_digits(number: &str, random: &mut Random) -> String {
    let mut signs: Vec<char> = number.chars().collect();
    if signs.len() < 5 {
        return number.to_owned();
    }
    let at = 2 + random.below(signs.len() - 3);
    if random.chance(0.4) {
        signs.swap(at, at + 1);
    } else {
        signs[at] = other(signs[at], random);
    }
    signs.into_iter().collect()
}
