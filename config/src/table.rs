//! Reads a table key by key, remembers which keys were asked for, and reports the rest.
//!
//! What a value means is left to the readers of each section.

use crate::{
    Env,
    duration::{self, Span},
    finding::{Findings, Place},
    later, suggest,
};
use std::{path::Path, time::Duration};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What every reader works with.
pub(crate) struct Check<'a> {
    pub findings: Findings,
    /// Where relative paths start.
    pub folder: &'a Path,
    pub env: Env<'a>,
}

/// Something typed, and where.
#[derive(Clone, Debug)]
pub(crate) struct Typed<T> {
    pub value: T,
    pub place: Place,
}

/// Why a text cannot be what it should be, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub what: String,
    pub way_out: String,
}

impl Wrong {
    pub fn new(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { what: what.into(), way_out: way_out.into() }
    }
}

impl<'d> Typed<&'d str> {
    /// What the text means, or a problem.
    pub fn read<T>(
        &self,
        meaning: impl FnOnce(&'d str) -> Result<T, Wrong>,
        check: &mut Check<'_>,
    ) -> Option<Typed<T>> {
        match meaning(self.value) {
            Ok(value) => Some(Typed { value, place: self.place.clone() }),
            Err(wrong) => {
                check.findings.problem(&self.place, wrong.what, wrong.way_out);
                None
            }
        }
    }
}

/// A value as it stands in the text.
pub(crate) type Value<'d> = Typed<&'d DeValue<'d>>;

/// A table being read. Dropping it without [`Table::close`] would ignore unknown keys.
#[must_use = "close it, or its unknown keys are ignored"]
pub(crate) struct Table<'d> {
    place: Place,
    /// How the section is written: `[desk]`, `[[queue]]`.
    header: String,
    entries: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

impl<'d> Table<'d> {
    /// The whole document.
    pub fn root(entries: &'d DeTable<'d>) -> Self {
        let place = Place { key: String::new(), at: 0 };
        Self { place, header: "the file".to_owned(), entries: Some(entries), asked: Vec::new() }
    }
    /// A table that nobody typed.
    pub fn absent(place: Place, header: &str) -> Self {
        Self { place, header: header.to_owned(), entries: None, asked: Vec::new() }
    }
    /// Where a key stands; the table itself when the key is absent.
    pub fn place_of(&self, key: &str) -> Place {
        let place = self.place.below(key);
        match self.entries.and_then(|entries| entries.get_key_value(key)) {
            Some((typed, _)) => Place { at: typed.span().start, ..place },
            None => place,
        }
    }
    /// Whether the key was typed.
    pub fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }
    /// The value of a key, if it was typed.
    pub fn value(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push(key);
        let value = self.entries?.get(key)?.get_ref();
        Some(Typed { value, place: self.place_of(key) })
    }
    /// The text of a key, if one was typed.
    pub fn text(&mut self, key: &'static str, check: &mut Check<'_>) -> Option<Typed<&'d str>> {
        self.value(key)?.text(check)
    }
    /// The text of a key that must be there.
    pub fn needed_text(
        &mut self,
        key: &'static str,
        way_out: &str,
        check: &mut Check<'_>,
    ) -> Option<Typed<&'d str>> {
        if !self.has(key) {
            check.findings.missing(&self.place.below(key), way_out);
        }
        self.text(key, check)
    }
    /// Yes or no; `default` when absent.
    pub fn flag(&mut self, key: &'static str, default: bool, check: &mut Check<'_>) -> bool {
        let Some(value) = self.value(key) else { return default };
        let flag = value.value.as_bool();
        if flag.is_none() {
            check.findings.problem(
                &value.place,
                format!("{} is neither true nor false", value.shown()),
                "write true or false",
            );
        }
        flag.unwrap_or(default)
    }
    /// A whole number within bounds; `default` when absent.
    pub fn whole(
        &mut self,
        key: &'static str,
        default: u32,
        bounds: (u32, u32),
        check: &mut Check<'_>,
    ) -> u32 {
        self.value(key).and_then(|value| value.whole(bounds, check)).unwrap_or(default)
    }
    /// One of a few words; `default` when absent.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        of: &[(&str, T)],
        default: T,
        check: &mut Check<'_>,
    ) -> T {
        let Some(word) = self.text(key, check) else { return default };
        match of.iter().find(|(name, _)| *name == word.value) {
            Some(&(_, meant)) => meant,
            None if later::is_later_value(key, word.value) => {
                let way_out = suggest::way_out("", of.iter().map(|&(name, _)| name));
                check.findings.problem(
                    &word.place,
                    format!("{:?} is {}", word.value, later::NOT_YET),
                    way_out,
                );
                default
            }
            None => {
                let way_out = suggest::way_out(word.value, of.iter().map(|&(name, _)| name));
                check.findings.problem(&word.place, format!("{} is unknown", quoted(word.value)), way_out);
                default
            }
        }
    }
    /// What a text means; none when it is absent or wrong.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        meaning: impl FnOnce(&'d str) -> Result<T, Wrong>,
        check: &mut Check<'_>,
    ) -> Option<Typed<T>> {
        self.text(key, check)?.read(meaning, check)
    }
    /// A length of time within bounds; `default` when absent.
    pub fn duration(&mut self, key: &'static str, span: Span, check: &mut Check<'_>) -> Typed<Duration> {
        let place = self.place_of(key);
        let typed = self.value(key).and_then(|value| duration::of_value(&value, check));
        let value = typed.map_or(span.default, |value| span.check(value, &place, check));
        Typed { value, place }
    }
    /// A list of texts, if a list was typed.
    pub fn texts(&mut self, key: &'static str, check: &mut Check<'_>) -> Option<Vec<Typed<&'d str>>> {
        let value = self.value(key)?;
        let DeValue::Array(items) = value.value else {
            let what = format!("{} is not a list", value.shown());
            check.findings.problem(
                &value.place,
                what,
                format!("write it in brackets, such as {key} = [\"…\"]"),
            );
            return None;
        };
        let items = items.iter().map(|item| Value::item(item, &value.place));
        Some(items.filter_map(|item| item.text(check)).collect())
    }
    /// A `[key]` below this table; one without entries when absent.
    pub fn table(&mut self, key: &'static str, check: &mut Check<'_>) -> Table<'d> {
        let header = format!("[{}]", self.place.below(key).key);
        let value = self.value(key);
        let place = self.place_of(key);
        let entries = value.and_then(|value| value.entries(&header, check));
        Table { place, header, entries, asked: Vec::new() }
    }
    /// Every `[[key]]` below this table, each named by its `label`.
    pub fn tables(&mut self, key: &'static str, label: &str, check: &mut Check<'_>) -> Vec<Table<'d>> {
        let header = format!("[[{}]]", self.place.below(key).key);
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.value else {
            let what = format!("is {}, not a list of tables", kind(value.value));
            check.findings.problem(&value.place, what, format!("write {header}, once for each"));
            return Vec::new();
        };
        if items.is_empty() {
            check.findings.problem(
                &value.place,
                "is empty",
                format!("write {header}, once for each, or take it out"),
            );
        }
        let tables =
            items.iter().enumerate().map(|(i, item)| Value::item(item, &value.place).named(i, label));
        let tables = tables.filter_map(|item| {
            let entries = item.entries(&header, check)?;
            Some(Table {
                place: item.place,
                header: header.clone(),
                entries: Some(entries),
                asked: Vec::new(),
            })
        });
        tables.collect()
    }
    /// Every key with its value, for tables whose keys are free.
    pub fn all(&self) -> Vec<(&'d str, Value<'d>)> {
        let mut all: Vec<(&str, Value<'d>)> = Vec::new();
        for (key, value) in self.entries.into_iter().flatten() {
            let place = Place { at: key.span().start, ..self.place.below(key.get_ref()) };
            all.push((key.get_ref(), Typed { value: value.get_ref(), place }));
        }
        all.sort_by_key(|(_, value)| value.place.at);
        all
    }
    /// Reports every key nobody asked for.
    pub fn close(self, check: &mut Check<'_>) {
        for (key, value) in self.all() {
            if self.asked.contains(&key) {
                continue;
            }
            if later::is_later_key(&self.header, key) {
                check.findings.problem(&value.place, format!("is {}", later::NOT_YET), "take it out");
                continue;
            }
            let what = format!("is no key of {}", self.header);
            check.findings.problem(&value.place, what, self.way_out(key));
        }
    }
    fn way_out(&self, key: &str) -> String {
        match suggest::nearest(key, self.asked.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known here: {}", self.asked.join(", ")),
        }
    }
}

impl<'d> Value<'d> {
    fn item(item: &'d Spanned<DeValue<'d>>, list: &Place) -> Self {
        Typed { value: item.get_ref(), place: Place { key: list.key.clone(), at: item.span().start } }
    }
    /// The value of a table in a list, its key made `queue[billing]`, or `queue[2]` when it has no usable name.
    fn named(mut self, index: usize, label: &str) -> Self {
        let name = self.value.get(label).and_then(|name| name.get_ref().as_str());
        let name =
            name.filter(|name| !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control));
        let name = name.map_or_else(|| (index + 1).to_string(), str::to_owned);
        self.place.key = format!("{}[{name}]", self.place.key);
        self
    }
    /// The text, or a problem.
    pub fn text(&self, check: &mut Check<'_>) -> Option<Typed<&'d str>> {
        let value = self.value.as_str();
        if value.is_none() {
            let way_out = match self.value {
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                    format!("put it in quotes: \"{}\"", self.shown())
                }
                DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_) => {
                    "write one text in quotes".to_owned()
                }
            };
            check.findings.problem(&self.place, format!("{} is not a text", self.shown()), way_out);
        }
        Some(Typed { value: value?, place: self.place.clone() })
    }
    /// The whole number, or a problem.
    pub fn whole(&self, (least, most): (u32, u32), check: &mut Check<'_>) -> Option<u32> {
        let way_out = format!("write a whole number from {least} to {most}");
        let DeValue::Integer(typed) = self.value else {
            check.findings.problem(&self.place, format!("{} is not a whole number", self.shown()), way_out);
            return None;
        };
        let number = i64::from_str_radix(typed.as_str(), typed.radix()).ok();
        let number =
            number.and_then(|number| u32::try_from(number).ok()).filter(|n| (least..=most).contains(n));
        if number.is_none() {
            check.findings.problem(&self.place, format!("{} is out of range", self.shown()), way_out);
        }
        number
    }
    /// The entries of the table, or a problem.
    fn entries(&self, header: &str, check: &mut Check<'_>) -> Option<&'d DeTable<'d>> {
        let entries = self.value.as_table();
        if entries.is_none() {
            let what = format!("is {}, not a table", kind(self.value));
            check.findings.problem(&self.place, what, format!("write {header} and its keys below"));
        }
        entries
    }
    /// The values of a list, or a problem.
    pub fn items(&self, example: &str, check: &mut Check<'_>) -> Option<Vec<Value<'d>>> {
        let DeValue::Array(items) = self.value else {
            let what = format!("{} is not a list", self.shown());
            check.findings.problem(&self.place, what, format!("write it in brackets, such as [{example}]"));
            return None;
        };
        Some(items.iter().map(|item| Value::item(item, &self.place)).collect())
    }
    /// This value as a table.
    pub fn table(&self, header: &str, check: &mut Check<'_>) -> Option<Table<'d>> {
        let entries = self.entries(header, check)?;
        let header = header.to_owned();
        Some(Table { place: self.place.clone(), header, entries: Some(entries), asked: Vec::new() })
    }
    /// The value as it may be shown in a message.
    pub fn shown(&self) -> String {
        match self.value {
            DeValue::String(text) => quoted(text),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) | DeValue::Table(_) => kind(self.value).to_owned(),
        }
    }
}

/// What kind of value this is, with its article.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Longest piece of a value shown in a message, in characters.
const MOST_SHOWN: usize = 60;

/// A text in quotes, controls escaped, cut when long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}
