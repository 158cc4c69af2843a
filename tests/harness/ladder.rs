//! Call flows drawn from what foreign user agents sent and got (SIPp's message traces), and read back from drawings.
//!
//! A drawing leaves out what differs from run to run (tags, branches, times) or says nothing (messages that come again,
//! `100 Trying` within a dialog).

mod label;
mod trace;

use std::fmt::Write as _;

/// In the middle of every drawing.
const MIDDLE: &str = "Sambung";
/// Between a party's line and an arrow.
const MARGIN: usize = 2;
/// Of an arrow, besides its label: head, spaces, and some line on both sides.
const SHAFT: usize = 8;

/// Who talked with the router, and every message in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Those who stand left of the router, and those who stand right of it.
    parties: (Vec<String>, Vec<String>),
    steps: Vec<Step>,
}

/// A message between a party and the router.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    party: String,
    /// From the party to the router, or the other way.
    sent: bool,
    label: String,
}

/// A party and what SIPp wrote of its messages.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Its name in the drawing.
    pub party: String,
    /// It stands on the right: a phone.
    pub right: bool,
    /// The text of the trace.
    pub trace: String,
}

impl Ladder {
    /// Everything that these parties saw; `media` says whose media is at a port, `name` how to call what a URI names.
    #[must_use]
    pub fn of(traces: &[Traced], media: impl Fn(u16) -> &'static str, name: impl Fn(&str) -> String) -> Self {
        let mut parties: (Vec<String>, Vec<String>) = Default::default();
        let mut steps = Vec::new();
        for Traced { party, right, trace } in traces {
            let side = if *right { &mut parties.1 } else { &mut parties.0 };
            if !side.contains(party) {
                side.push(party.clone());
            }
            for message in trace::read(trace) {
                if let Some(label) = label::label(&message.text, &media, &name) {
                    steps.push((message.at_us, Step { party: party.clone(), sent: message.sent, label }));
                }
            }
        }
        steps.sort_by_key(|(at_us, _)| *at_us);
        Self { parties, steps: steps.into_iter().map(|(_, step)| step).collect() }
    }
    /// What each party saw, in its order: parties and lines such as `> INVITE 1500`.
    ///
    /// Between parties the order is left open: which of two messages leaves first when both may is no promise.
    #[must_use]
    pub fn as_seen(&self) -> Vec<(String, Vec<String>)> {
        let seen_by = |party: &String| {
            let steps = self.steps.iter().filter(|step| step.party == *party);
            steps.map(|step| format!("{} {}", if step.sent { '>' } else { '<' }, step.label)).collect()
        };
        let parties = self.parties.0.iter().chain(&self.parties.1);
        parties.map(|party| (party.clone(), seen_by(party))).collect()
    }
    /// The drawing.
    #[must_use]
    pub fn draw(&self) -> String {
        let names: Vec<&str> = self.names();
        let columns = self.columns(&names);
        let mut text = String::new();
        let mut heading = vec![' '; columns[columns.len() - 1] + 20];
        for (name, column) in names.iter().zip(&columns) {
            write_at(&mut heading, column.saturating_sub(name.chars().count() / 2), name);
        }
        let mut line = |line: Vec<char>| writeln!(text, "{}", String::from_iter(line).trim_end()).unwrap();
        line(heading);
        line(bare(&columns));
        for step in &self.steps {
            let (middle, at) = (place(&names, MIDDLE), place(&names, &step.party));
            let (left, right) = (columns[middle.min(at)], columns[middle.max(at)]);
            let mut drawn = bare(&columns);
            drawn[left + MARGIN..=right - MARGIN].fill('─');
            let to_the_right = step.sent == (at < middle);
            drawn[if to_the_right { right - MARGIN } else { left + MARGIN }] =
                if to_the_right { '▶' } else { '◀' };
            let label = format!(" {} ", step.label);
            write_at(&mut drawn, (left + right + 1 - label.chars().count()) / 2, &label);
            line(drawn);
        }
        line(bare(&columns));
        text
    }
    /// Reads a drawing; none when it is none of ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let names: Vec<&str> =
            lines.next()?.split("  ").map(str::trim).filter(|name| !name.is_empty()).collect();
        let columns: Vec<usize> = positions(lines.next()?, |sign| sign == '│');
        let middle = names.iter().position(|name| *name == MIDDLE)?;
        let mut steps = Vec::new();
        for line in lines.filter(|line| line.contains(['▶', '◀'])) {
            let arrow = positions(line, |sign| matches!(sign, '─' | '▶' | '◀'));
            let (left, right) = (arrow.first()?.checked_sub(MARGIN)?, arrow.last()? + MARGIN);
            let ends = [left, right].map(|end| columns.iter().position(|column| *column == end));
            let at = ends.into_iter().flatten().find(|at| *at != middle)?;
            let label = line.chars().skip(left + 1).take(right - left - 1).collect::<String>();
            let label = label.trim_matches(|sign: char| matches!(sign, '─' | '▶' | '◀' | ' ')).to_owned();
            let sent = line.contains('▶') == (at < middle);
            steps.push(Step { party: (*names.get(at)?).to_owned(), sent, label });
        }
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Some(Self { parties: (owned(&names[..middle]), owned(&names[middle + 1..])), steps })
    }
    fn names(&self) -> Vec<&str> {
        let (left, right) = &self.parties;
        left.iter().map(String::as_str).chain([MIDDLE]).chain(right.iter().map(String::as_str)).collect()
    }
    /// Where each line stands: wide enough for the labels of arrows, whichever lines they cross.
    fn columns(&self, names: &[&str]) -> Vec<usize> {
        let mut columns = vec![names[0].chars().count() / 2];
        let middle = place(names, MIDDLE);
        for at in 1..names.len() {
            let mut column =
                columns[at - 1] + 6 + names[at - 1].chars().count().max(names[at].chars().count());
            for step in &self.steps {
                let other = place(names, &step.party);
                let (from, to) = (other.min(middle), other.max(middle));
                if to == at {
                    column = column.max(columns[from] + 2 * MARGIN + SHAFT + step.label.chars().count());
                }
            }
            columns.push(column);
        }
        columns
    }
}

fn place(names: &[&str], wanted: &str) -> usize {
    names.iter().position(|name| *name == wanted).expect("every party has a line")
}

fn bare(columns: &[usize]) -> Vec<char> {
    let mut line = vec![' '; columns[columns.len() - 1] + 1];
    for column in columns {
        line[*column] = '│';
    }
    line
}

fn write_at(line: &mut [char], at: usize, text: &str) {
    for (place, sign) in line[at..].iter_mut().zip(text.chars()) {
        *place = sign;
    }
}

fn positions(line: &str, is: impl Fn(char) -> bool) -> Vec<usize> {
    line.chars().enumerate().filter(|(_, sign)| is(*sign)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(party: &str, sent: bool, label: &str) -> Step {
        Step { party: party.to_owned(), sent, label: label.to_owned() }
    }

    #[test]
    fn a_drawing_is_read_back_as_it_was() {
        let parties =
            (vec!["other".to_owned(), "caller".to_owned()], vec!["ann".to_owned(), "ben".to_owned()]);
        let steps = vec![
            step("other", true, "INVITE 1500 (media: other)"),
            step("caller", false, "BYE"),
            step("ben", false, "INVITE ben (media: caller, sendonly)"),
            step("ann", true, "200 OK (INFO)"),
        ];
        let ladder = Ladder { parties, steps };
        let drawing = ladder.draw();
        assert_eq!(Ladder::read(&drawing), Some(ladder), "{drawing}");
        assert_eq!(Ladder::read("no drawing"), None);
    }

    #[test]
    fn messages_that_come_again_are_drawn_once() {
        let message = "OPTIONS sip:a@h SIP/2.0\nTo: <sip:a@h>\nCSeq: 1 OPTIONS\n\n";
        let trace = format!(
            "{0} 2026-01-01 10:00:00.000001\nUDP message sent (9 bytes):\n\n{message}\n{0} 2026-01-01 10:00:00.500001\nUDP message sent (9 bytes):\n\n{message}\n",
            trace::RULE
        );
        let traced = Traced { party: "pbx".to_owned(), right: false, trace };
        let ladder = Ladder::of(&[traced], |_| "", str::to_owned);
        assert_eq!(ladder.as_seen(), [("pbx".to_owned(), vec!["> OPTIONS".to_owned()])]);
    }
}
