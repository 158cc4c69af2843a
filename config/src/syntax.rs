//! Reads TOML and words its mistakes; goes on behind each, so that later ones are found in the same go.

use crate::finding::Place;
use std::{borrow::Cow, collections::BTreeMap};
use toml::de::{DeTable, Error};

/// Most lines blanked out to read on behind them; each costs one more pass over the text.
const MOST_BLANKED: usize = 50;
/// The one mistake behind which the parser does not read on.
const STOPS: &str = "key with no value";

/// What TOML cannot read: where, what, and the way out.
pub(crate) type Mistake = (Place, String, String);

/// The text as far as TOML can read it, byte for byte in its place, and every mistake in it.
pub(crate) fn mend(text: &str) -> (Cow<'_, str>, Vec<Mistake>) {
    let mut readable = Cow::Borrowed(text);
    let mut mistakes = Vec::new();
    let mut headers = None;
    for _ in 0..MOST_BLANKED {
        let (_, errors) = DeTable::parse_recoverable(&readable);
        let stop = errors.iter().find(|error| error.message().starts_with(STOPS)).map(start);
        if !errors.is_empty() {
            let headers = headers.get_or_insert_with(|| Headers::of(text));
            mistakes.extend(errors.iter().map(|error| mistake(text, headers, error)));
        }
        let Some(at) = stop else { break };
        readable = Cow::Owned(blank_line(&readable, at));
    }
    (readable, mistakes)
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

fn blank_line(text: &str, at: usize) -> String {
    let (start, end) = line_around(text, at);
    format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..])
}

fn mistake(text: &str, headers: &Headers, error: &Error) -> Mistake {
    let at = start(error).min(text.len());
    let (begin, end) = line_around(text, at);
    let (what, way_out) = worded(error.message(), &text[begin..end]);
    // A line without a key may be the middle of a text, and that may be a secret.
    let line = &text[begin..end];
    let has_key =
        line.contains('=') || line.trim_start().starts_with('[') || error.message().starts_with(STOPS);
    let key = key_of(if has_key { line } else { "" }, headers.above(begin));
    (Place { key, at }, what, way_out.to_owned())
}

fn worded(message: &str, line: &str) -> (String, &'static str) {
    let is_header = line.trim_start().starts_with('[');
    let value = line.split_once('=').map_or("", |(_, value)| value.trim_start());
    let is_bare = value.starts_with(|c: char| !"\"'[{".contains(c));
    match message {
        "duplicate key" if is_header => {
            ("is there twice".to_owned(), "keep one, or write [[…]] where a list is meant")
        }
        "duplicate key" => ("is there twice".to_owned(), "keep one of the two"),
        _ if message.starts_with(STOPS) => ("has no value".to_owned(), "write key = value"),
        _ if is_bare && !is_header => ("has a value that TOML cannot read".to_owned(), "put text in quotes"),
        _ => (format!("cannot be read: {message}"), "see https://toml.io for how it is written"),
    }
}

/// Where the line of a byte starts and ends.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let at = at.min(bytes.len());
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let end = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| at + end);
    (start, end)
}

/// The key of a line below the header above it, as `queue[2].name`; a header by itself.
fn key_of(line: &str, section: Option<&str>) -> String {
    // The first word alone: behind it a value may stand, and that may be a secret.
    let line = line.trim_start();
    let word = line.split(['=', '#', ' ', '\t', '\r']).next().unwrap_or("");
    let word: String = word.trim_matches(['[', ']']).chars().filter(|c| !c.is_control()).take(60).collect();
    let section = section.filter(|_| !line.starts_with('['));
    match (section, word.is_empty()) {
        (None, true) => "TOML".to_owned(),
        (None, false) => word,
        (Some(section), true) => section.to_owned(),
        (Some(section), false) => format!("{section}.{word}"),
    }
}

/// Where each header starts, and its key: `desk`, or `queue[2]` for the second `[[queue]]`.
struct Headers(Vec<(usize, String)>);

impl Headers {
    fn of(text: &str) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if let Some(header) = header_of(line) {
                let name = header.trim_matches(['[', ']']);
                let count = counts.entry(header).and_modify(|count| *count += 1).or_insert(1);
                let key = if header.starts_with("[[") { format!("{name}[{count}]") } else { name.to_owned() };
                found.push((start, key));
            }
            start += line.len();
        }
        Self(found)
    }
    /// The section that a byte stands in.
    fn above(&self, at: usize) -> Option<&str> {
        let before = self.0.partition_point(|&(start, _)| start < at);
        self.0.get(before.checked_sub(1)?).map(|(_, key)| key.as_str())
    }
}

fn header_of(line: &str) -> Option<&str> {
    let line = line.split('#').next()?.trim();
    (line.starts_with('[') && line.ends_with(']') && !line.contains(['"', '\'', ','])).then_some(line)
}
