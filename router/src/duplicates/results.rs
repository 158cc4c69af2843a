//! What was found, as files for programs and for people.

use super::{DuplicatesError, page, words};
use duplicates::{Cards, Found, reasons::Language};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Every card with its person, who is named by her first card.
pub const PEOPLE: &str = "people.csv";
/// Pairs to look at.
pub const DOUBTS: &str = "doubts.csv";
/// The same, to read.
pub const REVIEW: &str = "review.html";

/// Where results of a table go unless told otherwise: `cards.csv` has `cards-duplicates`.
pub fn beside(table: &Path) -> PathBuf {
    let stem =
        table.file_stem().map_or_else(|| "cards".to_owned(), |stem| stem.to_string_lossy().into_owned());
    table.with_file_name(stem + "-duplicates")
}

/// Writes all files. They are personal data: nobody else on this machine may read them.
pub fn write(folder: &Path, cards: &Cards, found: &Found, language: Language) -> Result<(), DuplicatesError> {
    if !folder.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(DuplicatesError::io(folder))?;
    }
    put(&folder.join(PEOPLE), &people(cards, found))?;
    put(&folder.join(DOUBTS), &doubts(cards, found, language))?;
    put(&folder.join(REVIEW), &page::page(cards, found, language))
}

/// As a whole or not at all.
pub fn put(path: &Path, text: &str) -> Result<(), DuplicatesError> {
    let new = path.with_extension("new");
    let wrong = |error| DuplicatesError::io(path)(error);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(wrong)?;
    fs::rename(&new, path).map_err(wrong)
}

fn people(cards: &Cards, found: &Found) -> String {
    let mut text = String::from("id,person,cards,probability\n");
    for (card, person) in cards.cards.iter().zip(&found.person_of) {
        let person = &found.people[*person as usize];
        let first = &cards.cards[person.cards[0] as usize].id;
        let (id, first) = (quoted(&card.id), quoted(first));
        text.push_str(&format!("{id},{first},{},{:.4}\n", person.cards.len(), person.probability));
    }
    text
}

fn doubts(cards: &Cards, found: &Found, language: Language) -> String {
    let mut text = String::from("one,other,probability,together,why\n");
    for doubt in &found.doubts {
        let ids = [doubt.one, doubt.other].map(|card| quoted(&cards.cards[card as usize].id));
        let why = found.explain(cards, doubt.one, doubt.other);
        let told = why.reasons.iter().filter(|reason| reason.level.is_some());
        let why: Vec<String> = told.map(|reason| reason.words(language)).collect();
        let [one, other] = ids;
        let why = quoted(&why.join("; "));
        text.push_str(&format!("{one},{other},{:.4},{},{why}\n", doubt.probability, doubt.together));
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', ';', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// What a person wants to hear.
pub fn summary(cards: &Cards, found: &Found, left_out: &[u64], gone: usize) -> String {
    let several = found.people.iter().filter(|person| person.cards.len() > 1).count();
    let mut text = format!(
        "{} cards are about {} people: {} of them have more than one card. {} pairs to look at.\n",
        words::count(cards.len()),
        words::count(found.people.len()),
        words::count(several),
        words::count(found.doubts.len()),
    );
    let read: Vec<String> = (cards.columns.headings.iter().zip(&cards.columns.roles))
        .map(|(heading, role)| {
            role.map_or_else(
                || format!("{} left alone", words::plain(heading)),
                |role| format!("{} as {role}", words::plain(heading)),
            )
        })
        .collect();
    text.push_str(&format!("Columns: {}.\n", read.join(", ")));
    let (large, largest) = found.large_blocks;
    if large > 0 {
        text.push_str(&format!(
            "{} things are shared by more cards than were all compared with each other (up to {}); those next to each other by date of birth and address were.\n",
            words::count(large as usize),
            words::count(largest as usize)
        ));
    }
    if gone > 0 {
        text.push_str(&format!("{} cards in decisions are not in this table.\n", words::count(gone)));
    }
    for n in left_out {
        text.push_str(&format!(
            "Decision {n} joins cards that were ruled to be different; it was left out.\n"
        ));
    }
    text
}
