//! Names of people: titles and degrees go, what is short for something is written out.

use super::{fold, respelt};

/// Words before a name that are no part of it.
const TITLES: [&str; 39] = [
    "h", "hj", "haji", "hajjah", "drs", "dra", "dr", "drg", "drh", "ir", "prof", "kh", "ust", "ustad",
    "ustadz", "ustadzah", "r", "rr", "raden", "rm", "ra", "bpk", "bapak", "pak", "ibu", "bu", "ny", "nyonya",
    "tn", "tuan", "sdr", "sdri", "nn", "nona", "mr", "mrs", "ms", "alm", "almh",
];
/// Degrees behind a name; with their points taken out.
const DEGREES: [&str; 34] = [
    "se", "sh", "spd", "spdi", "skom", "ssi", "sag", "ssos", "sip", "skm", "skep", "ssn", "sp", "sked", "mm",
    "mba", "msi", "mkes", "mpd", "mpdi", "mkom", "mh", "mt", "msc", "mhum", "phd", "amd", "amdkeb", "apt",
    "ns", "ak", "ca", "hons", "bsc",
];
/// Words that join names and tell nobody apart.
const JOINTS: [&str; 6] = ["bin", "binti", "binte", "bt", "dan", "qq"];
/// What a short form stands for, after old spelling was made new.
const SHORT: [(&str, &str); 30] = [
    ("abd", "abdul"),
    ("abdl", "abdul"),
    ("ahm", "ahmad"),
    ("ahmat", "ahmad"),
    ("ahmed", "ahmad"),
    ("bmbg", "bambang"),
    ("gd", "gede"),
    ("kt", "ketut"),
    ("md", "muhammad"),
    ("mhamad", "muhammad"),
    ("mhd", "muhammad"),
    ("moh", "muhammad"),
    ("mohamad", "muhammad"),
    ("mohamed", "muhammad"),
    ("mohammad", "muhammad"),
    ("mohammed", "muhammad"),
    ("mohd", "muhammad"),
    ("mohamat", "muhammad"),
    ("muh", "muhammad"),
    ("muhamad", "muhammad"),
    ("muhamat", "muhammad"),
    ("muhamed", "muhammad"),
    ("muhd", "muhammad"),
    ("nym", "nyoman"),
    ("sitti", "siti"),
    ("st", "siti"),
    ("sty", "siti"),
    ("wyn", "wayan"),
    ("yoh", "yohanes"),
    ("fx", "fransiskus"),
];

/// Words of a name that are compared; more than these are names of companies or worse.
const MAX_WORDS: usize = 6;

/// The words of a name in their order, each in one spelling. Titles and degrees are left out where more is left.
#[must_use]
pub fn name_words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let (before, behind) = folded.split_once(',').unwrap_or((&folded, ""));
    let mut words = Vec::new();
    words_of(before, &mut words);
    // `Santoso, Budi` has its given name behind the comma; `Santoso, S.E.` has a degree there.
    words_of(behind, &mut words);
    let bare: Vec<String> = drop_titles(&words);
    let kept = if bare.is_empty() { words.into_iter().map(|word| word.text).collect() } else { bare };
    kept.iter().take(MAX_WORDS).map(|word| written_out(word)).collect()
}

struct Word {
    text: String,
    is_degree: bool,
}

fn words_of(text: &str, words: &mut Vec<Word>) {
    for piece in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '-' | '&' | '(' | ')')) {
        let solid: String = piece.chars().filter(|c| c.is_alphanumeric()).collect();
        let dotted = piece.trim_end_matches('.').contains('.');
        let is_degree = DEGREES.contains(&solid.as_str()) && (dotted || !words.is_empty());
        // St. before a name is Siti, behind it an engineer's degree.
        if is_degree || solid == "st" && (dotted || !words.is_empty()) {
            words.push(Word { text: solid, is_degree: true });
            continue;
        }
        for part in piece.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
            words.push(Word { text: part.to_owned(), is_degree: false });
        }
    }
}

/// A title stands before the first word of a name; a degree behind one.
fn drop_titles(words: &[Word]) -> Vec<String> {
    let mut kept = Vec::<String>::new();
    for word in words {
        let title = kept.is_empty() && TITLES.contains(&word.text.as_str());
        if !title && !word.is_degree && !JOINTS.contains(&word.text.as_str()) {
            kept.push(word.text.clone());
        }
    }
    kept
}

fn written_out(word: &str) -> String {
    let spelt = respelt(word);
    SHORT.iter().find(|(short, _)| *short == spelt).map_or(spelt, |(_, long)| (*long).to_owned())
}

/// How a word sounds to whoever writes it down: the same for Yudi and Yudhi, Rizky and Riski, Novi and Nopi.
#[must_use]
pub fn sound(word: &str) -> String {
    let mut heard = String::with_capacity(word.len());
    for c in word.chars() {
        let like = match c {
            'z' | 'x' => 's',
            'v' | 'f' => 'p',
            'q' => 'k',
            'y' => 'i',
            'd' | 't' if heard.is_empty() => c,
            'd' => 't',
            'g' if heard.is_empty() => 'g',
            other => other,
        };
        let silent = like == 'h' && !heard.is_empty();
        if !silent && !heard.ends_with(like) {
            heard.push(like);
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(name: &str) -> String {
        name_words(name).join(" ")
    }

    #[test]
    fn spellings_of_a_name_are_one() {
        for (written, meant) in [
            ("Drs. H. Moch. Soeharto, S.Pd.", "muhammad suharto"),
            ("M. Rizky", "m rizky"),
            ("Mohd Djoko Soesanto SE", "muhammad joko susanto"),
            ("Hj. Siti Aminah, S.E., M.M.", "siti aminah"),
            ("Santoso, Budi", "santoso budi"),
            ("Ibu", "ibu"),
            ("ABDOEL RACHMAN", "abdul rahman"),
            ("Nur'aini", "nuraini"),
            ("St. Hajar", "siti hajar"),
            ("", ""),
        ] {
            assert_eq!(joined(written), meant, "{written}");
        }
    }

    #[test]
    fn what_sounds_alike_is_alike() {
        for (one, other) in [("yudi", "yudhi"), ("rizky", "riski"), ("novi", "nopi"), ("muhammad", "muhamad")]
        {
            assert_eq!(sound(one), sound(other), "{one} {other}");
        }
        assert_ne!(sound("budi"), sound("tuti"));
    }
}
