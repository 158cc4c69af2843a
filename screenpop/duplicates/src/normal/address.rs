//! Addresses: a bag of words in which the words every address has are left out.

use super::{fold, respelt};

/// Words that say what follows, and tell no two addresses apart.
const MARKERS: [&str; 27] = [
    "jl",
    "jln",
    "jalan",
    "jln2",
    "no",
    "nomor",
    "nmr",
    "nomer",
    "kel",
    "kelurahan",
    "kec",
    "kecamatan",
    "kab",
    "kabupaten",
    "kota",
    "kotamadya",
    "kodya",
    "prov",
    "provinsi",
    "propinsi",
    "desa",
    "ds",
    "indonesia",
    "alamat",
    "dsn",
    "dusun",
    "kp",
];
/// What a short form stands for.
const SHORT: [(&str, &str); 28] = [
    ("apt", "apartemen"),
    ("blk", "blok"),
    ("bl", "blok"),
    ("block", "blok"),
    ("br", "banjar"),
    ("gang", "gg"),
    ("kampung", "kp"),
    ("komp", "perum"),
    ("kompl", "perum"),
    ("komplek", "perum"),
    ("kompleks", "perum"),
    ("kmplk", "perum"),
    ("lantai", "lt"),
    ("lorong", "lr"),
    ("lrg", "lr"),
    ("perumahan", "perum"),
    ("prm", "perum"),
    ("prum", "perum"),
    ("jkt", "jakarta"),
    ("sby", "surabaya"),
    ("bdg", "bandung"),
    ("yogya", "yogyakarta"),
    ("jogja", "yogyakarta"),
    ("jogjakarta", "yogyakarta"),
    ("smg", "semarang"),
    ("mdn", "medan"),
    ("utr", "utara"),
    ("slt", "selatan"),
];
/// Words of an address that are compared.
const MAX_WORDS: usize = 14;

/// The words of a street address, in their order, each once: `rt3`, `rw2` and numbers without leading zeros.
#[must_use]
pub fn address_words(text: &str) -> Vec<String> {
    let pieces = pieces(text);
    let mut words = Vec::<String>::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        at += 1;
        let numbers: Vec<&String> = pieces[at..].iter().take_while(|next| is_number(next)).collect();
        match piece.as_str() {
            // RT/RW 03/02 is cut into rt, rw, 03, 02.
            "rt" if pieces.get(at).is_some_and(|next| next == "rw") => {
                let behind: Vec<&String> =
                    pieces[at + 1..].iter().take_while(|next| is_number(next)).take(2).collect();
                behind
                    .iter()
                    .zip(["rt", "rw"])
                    .for_each(|(number, of)| push(&mut words, format!("{of}{}", bare(number))));
                at += 1 + behind.len();
            }
            "rt" if numbers.len() >= 2 && pieces.get(at + 2).is_none_or(|next| next != "rw") => {
                push(&mut words, format!("rt{}", bare(numbers[0])));
                push(&mut words, format!("rw{}", bare(numbers[1])));
                at += 2;
            }
            "rt" | "rw" if !numbers.is_empty() => {
                push(&mut words, format!("{piece}{}", bare(numbers[0])));
                at += 1;
            }
            marker if MARKERS.contains(&marker) => {}
            number if is_number(number) => {
                // 12 A is 12A.
                let letter =
                    pieces.get(at).filter(|next| next.len() == 1 && next.starts_with(char::is_alphabetic));
                push(&mut words, bare(number) + letter.map_or("", |letter| letter.as_str()));
                at += usize::from(letter.is_some());
            }
            word => push(&mut words, written_out(word)),
        }
    }
    words.truncate(MAX_WORDS);
    words
}

/// The words of a town or district.
#[must_use]
pub fn place_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in pieces(text).iter().filter(|piece| !MARKERS.contains(&piece.as_str()) && !is_number(piece)) {
        push(&mut words, written_out(piece));
    }
    words
}

/// The digits of a postcode, if there are three or more.
#[must_use]
pub fn postcode(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    (digits.len() >= 3 && digits.len() <= 10).then_some(digits)
}

fn push(words: &mut Vec<String>, word: String) {
    if !words.contains(&word) {
        words.push(word);
    }
}

/// Cut at everything that is neither letter nor digit, and where `rt03` goes from one to the other.
fn pieces(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut pieces = Vec::new();
    for piece in folded.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()) {
        let cut = piece.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0);
        match cut {
            Some(at) if matches!(&piece[..at], "rt" | "rw" | "no" | "blok" | "gg") => {
                pieces.push(piece[..at].to_owned());
                pieces.push(piece[at..].to_owned());
            }
            Some(_) | None => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

fn is_number(piece: &str) -> bool {
    piece.bytes().all(|b| b.is_ascii_digit())
}

fn bare(number: &str) -> String {
    let bare = number.trim_start_matches('0');
    if bare.is_empty() { "0".to_owned() } else { bare.to_owned() }
}

fn written_out(word: &str) -> String {
    match SHORT.iter().find(|(short, _)| *short == word) {
        Some((_, long)) => (*long).to_owned(),
        None => respelt(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_an_address_are_one() {
        for (written, meant) in [
            ("Jln. Melati No.05 RT.003/RW.02", "melati 5 rt3 rw2"),
            ("Jl Melati 5, RT/RW 03/02", "melati 5 rt3 rw2"),
            ("jalan melati no 5 rt 3 rw 2", "melati 5 rt3 rw2"),
            ("JL. MELATI NO 5 RT03 RW02", "melati 5 rt3 rw2"),
            ("Jl. Melati 5 RT 3/2", "melati 5 rt3 rw2"),
            ("Gang Mawar 12 A", "gg mawar 12a"),
            ("Gg. Mawar 12A", "gg mawar 12a"),
            ("Komp. Griya Asri Blok C-7", "perum griya asri blok c 7"),
            ("Jl. Djendral Soedirman", "jendral sudirman"),
        ] {
            assert_eq!(address_words(written).join(" "), meant, "{written}");
        }
    }

    #[test]
    fn places_lose_what_they_are() {
        assert_eq!(place_words("Kota Adm. Jkt Selatan"), ["adm", "jakarta", "selatan"]);
        assert_eq!(postcode(" 40-123 "), Some("40123".to_owned()));
    }
}
