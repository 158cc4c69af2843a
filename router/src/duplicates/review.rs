//! Asks about pairs in a terminal, one after the other; every answer is on the disk before the next question.

use super::{DuplicatesError, ledger, words};
use duplicates::{
    Act, Cards, Doubt, Found, Verdict,
    reasons::{self, Language},
};
use std::{
    io::{BufRead, Write},
    path::Path,
};

/// What was answered.
enum Answer {
    Verdict(Verdict),
    Later,
    Stop,
}

/// Asks until nothing is left, or whoever answers has had enough. Returns how many pairs were decided.
pub fn ask(
    cards: &Cards,
    found: &Found,
    (decisions, by): (&Path, &str),
    language: Language,
    mut answers: impl BufRead,
    mut out: impl Write,
) -> Result<usize, DuplicatesError> {
    let mut decided = 0;
    for (at, doubt) in found.doubts.iter().enumerate() {
        let shown = shown(cards, found, doubt, language);
        let of = found.doubts.len();
        write!(out, "\n{} / {}\n{shown}", words::count(at + 1), words::count(of))
            .map_err(DuplicatesError::Terminal)?;
        match answer(language, &mut answers, &mut out)? {
            Answer::Verdict(verdict) => {
                let ids = [doubt.one, doubt.other].map(|card| cards.cards[card as usize].id.clone());
                let n = ledger::add(decisions, by, Act::Decide { verdict, cards: ids.into() })?;
                writeln!(out, "{} {n}", decision(language)).map_err(DuplicatesError::Terminal)?;
                decided += 1;
            }
            Answer::Later => {}
            Answer::Stop => break,
        }
    }
    Ok(decided)
}

const fn decision(language: Language) -> &'static str {
    match language {
        Language::English => "decision",
        Language::Indonesian => "keputusan",
    }
}

fn answer(
    language: Language,
    answers: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<Answer, DuplicatesError> {
    let question = match language {
        Language::English => "one person? [y]es, [n]o, [u]nsure, [l]ater, [q]uit: ",
        Language::Indonesian => "satu orang? [y]a, [t]idak, [r]agu, [n]anti, [k]eluar: ",
    };
    loop {
        write!(out, "{question}").and_then(|()| out.flush()).map_err(DuplicatesError::Terminal)?;
        let mut line = String::new();
        let read = answers.read_line(&mut line).map_err(DuplicatesError::Terminal)?;
        let first = line.trim().to_lowercase().chars().next();
        return Ok(match (language, first) {
            (_, None) if read == 0 => Answer::Stop,
            (_, Some('y')) => Answer::Verdict(Verdict::Same),
            (Language::English, Some('n')) | (Language::Indonesian, Some('t')) => {
                Answer::Verdict(Verdict::Different)
            }
            (Language::English, Some('u')) | (Language::Indonesian, Some('r')) => {
                Answer::Verdict(Verdict::Unsure)
            }
            (Language::English, Some('l')) | (Language::Indonesian, Some('n')) => Answer::Later,
            (Language::English, Some('q')) | (Language::Indonesian, Some('k')) => Answer::Stop,
            (Language::English | Language::Indonesian, _) => continue,
        });
    }
}

/// A pair with its reasons.
pub fn shown(cards: &Cards, found: &Found, doubt: &Doubt, language: Language) -> String {
    let why = found.explain(cards, doubt.one, doubt.other);
    let ids = [doubt.one, doubt.other].map(|card| words::plain(&cards.cards[card as usize].id));
    let mut text = format!("{} – {}: {}\n", ids[0], ids[1], words::percent(doubt.probability));
    for reason in &why.reasons {
        let name = reasons::name(reason.field, language);
        let bits = reason.level.map_or_else(String::new, |_| format!("{:+.1}", reason.bits));
        let [one, other] = reason.values.each_ref().map(|value| words::plain(value));
        text.push_str(&format!(
            "  {name:<18} {one}\n  {:<18} {other}\n  {:<18} {bits:>6}  {}\n",
            "",
            "",
            reason.said(language)
        ));
    }
    text.push_str(&format!("  {:<18} {:>+6.1}  {}\n", "", why.prior, why.rival(language)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "id,name,hp,born\n1,Budi Santoso,0812345678,1980-01-02\n2,Budi Santosa,0812345678,1980-01-20\n\
                         3,Siti Aminah,0857111222,1970-05-05\n4,Ketut Widana,0819333444,1990-09-09\n";

    #[test]
    fn what_is_answered_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let decisions = folder.path().join("d.jsonl");
        let cards = Cards::read(TABLE.as_bytes(), &[]).unwrap();
        let mut found = duplicates::find(
            &cards,
            &duplicates::Rulings::default(),
            &duplicates::Options::default(),
            &|_| {},
        );
        found.doubts = vec![Doubt { one: 0, other: 1, probability: 0.6, together: true }; 3];
        let mut out = Vec::new();
        let answers = "what?\nn\nl\n".as_bytes();
        let decided =
            ask(&cards, &found, (&decisions, "rina"), Language::English, answers, &mut out).unwrap();
        assert_eq!(decided, 1);
        let told = String::from_utf8(out).unwrap();
        assert!(told.contains("Budi Santosa") && told.contains("decision 1"), "{told}");
        let rulings = ledger::load(&decisions).unwrap().rulings(&cards);
        let again = duplicates::find(&cards, &rulings, &duplicates::Options::default(), &|_| {});
        assert_ne!(again.person_of[0], again.person_of[1]);
    }
}
