//! What waiting callers are told, as clips to be joined: which clips a language needs, and which make a sentence.
//!
//! A clip is a WAV file `CLIP.wav` in a folder named after the language; [`clips`] says what has to be spoken in it.

use std::time::Duration;

/// A language that sentences can be made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

/// Which wait callers are told: that which so many of them do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    /// Half of them: as many wait longer as shorter.
    P50,
    /// Four of five.
    P80,
}

/// A clip and the words in it.
pub type Clip = (&'static str, &'static str);

/// The farthest place that is told as a number, and the longest wait in minutes.
const MOST: u32 = 99;
const MOST_MINUTES: u32 = 59;
/// Minutes above this are told in steps: nobody can foresee them any better.
const FINE_MINUTES: u32 = 10;
const STEP_MINUTES: u32 = 5;

/// Numbers by themselves, as both languages name their files.
const ONES: [&str; 20] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
    "19",
];
const TENS: [&str; 10] = ["", "", "20", "30", "40", "50", "60", "70", "80", "90"];

const INDONESIAN_POSITION: [Clip; 2] = [
    ("position", "Anda berada di urutan nomor"),
    ("position-far", "Masih ada lebih dari sembilan puluh sembilan penelepon di depan Anda"),
];
const INDONESIAN_WAIT: [Clip; 4] = [
    ("wait-short", "Anda akan dilayani kira-kira dalam satu menit"),
    ("wait", "Perkiraan waktu tunggu Anda"),
    ("minutes", "menit"),
    ("wait-long", "Perkiraan waktu tunggu Anda lebih dari satu jam"),
];
const INDONESIAN_NUMBERS: [Clip; 13] = [
    ("1", "satu"),
    ("2", "dua"),
    ("3", "tiga"),
    ("4", "empat"),
    ("5", "lima"),
    ("6", "enam"),
    ("7", "tujuh"),
    ("8", "delapan"),
    ("9", "sembilan"),
    ("10", "sepuluh"),
    ("11", "sebelas"),
    ("belas", "belas"),
    ("puluh", "puluh"),
];

const INDONESIAN_CALLBACK: [Clip; 5] = [
    ("callback", "Agar kami menelepon Anda kembali tanpa kehilangan urutan, tekan"),
    ("0", "nol"),
    ("star", "bintang"),
    ("hash", "pagar"),
    ("callback-kept", "Urutan Anda kami simpan, dan kami akan menelepon Anda kembali. Terima kasih"),
];

const ENGLISH_POSITION: [Clip; 2] = [
    ("position", "You are caller number"),
    ("position-far", "There are more than ninety-nine callers before you"),
];
const ENGLISH_WAIT: [Clip; 4] = [
    ("wait-short", "You will probably be connected within a minute"),
    ("wait", "Your expected wait is about"),
    ("minutes", "minutes"),
    ("wait-long", "Your expected wait is more than an hour"),
];
const ENGLISH_NUMBERS: [Clip; 27] = [
    ("1", "one"),
    ("2", "two"),
    ("3", "three"),
    ("4", "four"),
    ("5", "five"),
    ("6", "six"),
    ("7", "seven"),
    ("8", "eight"),
    ("9", "nine"),
    ("10", "ten"),
    ("11", "eleven"),
    ("12", "twelve"),
    ("13", "thirteen"),
    ("14", "fourteen"),
    ("15", "fifteen"),
    ("16", "sixteen"),
    ("17", "seventeen"),
    ("18", "eighteen"),
    ("19", "nineteen"),
    ("20", "twenty"),
    ("30", "thirty"),
    ("40", "forty"),
    ("50", "fifty"),
    ("60", "sixty"),
    ("70", "seventy"),
    ("80", "eighty"),
    ("90", "ninety"),
];
const ENGLISH_CALLBACK: [Clip; 5] = [
    ("callback", "To be called back without losing your place, press"),
    ("0", "zero"),
    ("star", "star"),
    ("hash", "hash"),
    ("callback-kept", "Your place is kept, and we will call you back. Thank you"),
];

/// What is said to whoever has asked to be called back.
pub const KEPT: &str = "callback-kept";

/// What is told, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tells {
    /// The place in the queue.
    pub position: bool,
    /// How long it takes.
    pub wait: bool,
    /// The key that keeps the place.
    pub callback: bool,
}

impl Tells {
    /// Everything.
    pub const ALL: Self = Self { position: true, wait: true, callback: true };
}

impl Language {
    /// Its folder of clips (ISO 639-1).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }
}

/// Every clip that has to be there.
#[must_use]
pub fn clips(language: Language, tells: Tells) -> Vec<Clip> {
    let Tells { position, wait, callback } = tells;
    let [of_position, of_wait, of_callback, numbers]: [&[Clip]; 4] = match language {
        Language::Indonesian => {
            [&INDONESIAN_POSITION, &INDONESIAN_WAIT, &INDONESIAN_CALLBACK, &INDONESIAN_NUMBERS]
        }
        Language::English => [&ENGLISH_POSITION, &ENGLISH_WAIT, &ENGLISH_CALLBACK, &ENGLISH_NUMBERS],
    };
    let counts = position || wait || callback;
    let chosen = [(of_position, position), (of_wait, wait), (of_callback, callback), (numbers, counts)];
    chosen.iter().filter(|(_, needed)| *needed).flat_map(|(clips, _)| clips.iter().copied()).collect()
}

/// The place in the queue; the next to be served has place 1.
#[must_use]
pub fn position(language: Language, place: u32) -> Vec<&'static str> {
    if place > MOST {
        return vec!["position-far"];
    }
    [vec!["position"], number(language, place.max(1))].concat()
}

/// How long it will probably take.
#[must_use]
pub fn wait(language: Language, expected: Duration) -> Vec<&'static str> {
    let minutes = u32::try_from(expected.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    let told = if minutes > FINE_MINUTES { minutes.next_multiple_of(STEP_MINUTES) } else { minutes };
    match told {
        0 | 1 => vec!["wait-short"],
        2..=MOST_MINUTES => [vec!["wait"], number(language, told), vec!["minutes"]].concat(),
        _ => vec!["wait-long"],
    }
}

/// By which key the place is kept.
#[must_use]
pub fn callback(key: char) -> Vec<&'static str> {
    let key = match key.to_digit(10) {
        Some(digit) => ONES[digit as usize],
        None if key == '*' => "star",
        None => "hash",
    };
    vec!["callback", key]
}

/// A number from 1 to 99.
fn number(language: Language, number: u32) -> Vec<&'static str> {
    let (tens, ones) = (number as usize / 10, number as usize % 10);
    let one = (ones > 0).then(|| ONES[ones]);
    match (language, number) {
        (_, ..=11) | (Language::English, ..=19) => vec![ONES[number as usize]],
        (Language::Indonesian, ..=19) => vec![ONES[ones], "belas"],
        (Language::Indonesian, _) => [ONES[tens], "puluh"].into_iter().chain(one).collect(),
        (Language::English, _) => [TENS[tens]].into_iter().chain(one).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn spoken(language: Language, clips: &[&str]) -> String {
        let words: BTreeMap<_, _> = super::clips(language, Tells::ALL).into_iter().collect();
        clips.iter().map(|clip| words[clip]).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn places_are_told_as_people_say_them() {
        for (place, english, indonesian) in [
            (1, "one", "satu"),
            (11, "eleven", "sebelas"),
            (12, "twelve", "dua belas"),
            (20, "twenty", "dua puluh"),
            (47, "forty seven", "empat puluh tujuh"),
            (99, "ninety nine", "sembilan puluh sembilan"),
        ] {
            let told = |language| spoken(language, &position(language, place));
            assert_eq!(told(Language::English), format!("You are caller number {english}"));
            assert_eq!(told(Language::Indonesian), format!("Anda berada di urutan nomor {indonesian}"));
        }
        assert_eq!(position(Language::English, 100), ["position-far"]);
    }

    #[test]
    fn waits_are_rounded_up_the_coarser_the_longer() {
        let told =
            |seconds| spoken(Language::English, &wait(Language::English, Duration::from_secs(seconds)));
        assert_eq!(told(0), "You will probably be connected within a minute");
        assert_eq!(told(61), "Your expected wait is about two minutes");
        assert_eq!(told(11 * 60), "Your expected wait is about fifteen minutes");
        assert_eq!(told(56 * 60), "Your expected wait is more than an hour");
    }

    #[test]
    fn every_sentence_is_made_of_clips_that_were_asked_for() {
        for language in [Language::Indonesian, Language::English] {
            "0123456789*#".chars().for_each(|key| drop(spoken(language, &callback(key))));
            assert!(spoken(language, &[KEPT]).len() > 20);
            (0..200).for_each(|place| drop(spoken(language, &position(language, place))));
            (0..80).for_each(|minutes| {
                drop(spoken(language, &wait(language, Duration::from_secs(60 * minutes))));
            });
        }
    }
}
