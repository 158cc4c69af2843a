//! Reads `[[hours]]`, and which entries go by them.

mod calendar;

use crate::{
    Read,
    finding::Place,
    name, suggest,
    table::{Check, Table, Typed, Value, Wrong, quoted},
};
pub use calendar::Hours;
use calendar::{DAY, Window};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeValue;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Most windows of a day, and most holidays: a timetable, not a stream.
const MAX_WINDOWS: usize = 24;
const MAX_HOLIDAYS: usize = 1_000;

/// Hours as typed.
pub(crate) struct HoursRead {
    pub hours: Hours,
    pub name: Place,
    open: Place,
    holidays: Place,
}

/// Every `[[hours]]`; without a zone of their own they go by the site's.
pub(crate) fn hours(root: &mut Table<'_>, site: (&str, &TimeZone), check: &mut Check<'_>) -> Vec<HoursRead> {
    root.tables("hours", "name", check).into_iter().map(|table| one(table, site, check)).collect()
}

fn one(mut table: Table<'_>, site: (&str, &TimeZone), check: &mut Check<'_>) -> HoursRead {
    let name = crate::needed_name(&mut table, "name", name::name, "name them, as entries do", check);
    let typed = table.text("zone", check);
    let zone = typed.as_ref().and_then(|zone| zone.read(name::zone, check));
    let (open, holidays) = (table.place_of("open"), table.place_of("holidays"));
    if !table.has("open") {
        check.findings.missing(&open, "say when, such as open = { mon-fri = [\"08:00-17:00\"] }");
    }
    let read = Hours {
        name: name.value,
        zone_name: typed.map_or(site.0, |zone| zone.value).to_owned(),
        zone: zone.map_or_else(|| site.1.clone(), |zone| zone.value),
        week: week(&table.table("open", check), check),
        holidays: days(&mut table, check),
    };
    table.close(check);
    warn_of_overlaps(&read, &open, check);
    HoursRead { hours: read, name: name.place, open, holidays }
}

/// `mon = ["08:00-12:00", "13:00-17:00"]`, `sat-sun = []`.
fn week(table: &Table<'_>, check: &mut Check<'_>) -> [Vec<Window>; 7] {
    let mut week: [Vec<Window>; 7] = Default::default();
    for (key, value) in table.all() {
        let Some(days) = days_of(key) else {
            let what = format!("{} is no day", quoted(key));
            let way_out = "write mon, tue, wed, thu, fri, sat or sun, or from one to another: mon-fri";
            check.findings.problem(&value.place, what, way_out);
            continue;
        };
        let windows = windows(&value, check);
        days.into_iter().for_each(|day| week[day].extend(&windows));
    }
    week.iter_mut().for_each(|windows| windows.sort_unstable());
    week
}

/// The days that a key names, from Monday on: `sat-mon` are three.
fn days_of(key: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (from, to) = key.split_once('-').unwrap_or((key, key));
    let (from, to) = (day(from)?, day(to)?);
    let count = (to + DAYS.len() - from) % DAYS.len() + 1;
    Some((from..from + count).map(|day| day % DAYS.len()).collect())
}

fn windows(value: &Value<'_>, check: &mut Check<'_>) -> Vec<Window> {
    let Some(items) = value.items("\"08:00-17:00\"", check) else { return Vec::new() };
    if items.len() > MAX_WINDOWS {
        let what = format!("has {} windows", items.len());
        check.findings.problem(&value.place, what, format!("write {MAX_WINDOWS} at most"));
    }
    let texts = items.iter().filter_map(|item| item.text(check)).collect::<Vec<_>>();
    texts.iter().filter_map(|text| text.read(window, check)).map(|window| window.value).collect()
}

/// `08:00-17:00`; `22:00-06:00` ends on the day after.
fn window(text: &str) -> Result<Window, Wrong> {
    let wrong = || {
        let way_out =
            "write it like \"08:00-17:00\", \"18:00-24:00\", or \"22:00-06:00\" until the day after";
        Wrong::new(format!("{} is no window of a day", quoted(text)), way_out)
    };
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from == DAY {
        return Err(wrong());
    }
    if from == to {
        let what = format!("{} ends when it begins", quoted(text));
        return Err(Wrong::new(what, "write \"00:00-24:00\" if the whole day is meant"));
    }
    Ok(Window { from, to: if to > from { to } else { to + DAY } })
}

/// `08:00`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let minute = number(hour)? * 60 + number(minute).filter(|minute| *minute < 60)?;
    (minute <= DAY).then_some(minute)
}

/// `holidays`: dates on which they are closed, or open otherwise.
fn days(table: &mut Table<'_>, check: &mut Check<'_>) -> BTreeMap<Date, Vec<Window>> {
    let Some(list) = table.value("holidays") else { return BTreeMap::new() };
    let items = list.items("\"2026-12-25\"", check).unwrap_or_default();
    if items.len() > MAX_HOLIDAYS {
        let what = format!("has {} days", items.len());
        check.findings.problem(&list.place, what, format!("write {MAX_HOLIDAYS} at most"));
    }
    let mut days: BTreeMap<Date, Vec<Window>> = BTreeMap::new();
    for item in items.iter().take(MAX_HOLIDAYS) {
        let Some((date, windows)) = holiday(item, check) else { continue };
        if days.insert(date.value, windows).is_some() {
            let what = format!("\"{}\" stands there already", date.value);
            check.findings.problem(&date.place, what, "take one out");
        }
    }
    days
}

/// `"2026-12-25"`, or `{ date = "2026-12-24", open = ["08:00-12:00"] }`.
fn holiday(item: &Value<'_>, check: &mut Check<'_>) -> Option<(Typed<Date>, Vec<Window>)> {
    if !matches!(item.value, DeValue::Table(_)) {
        return Some((date_of(item, check)?, Vec::new()));
    }
    let mut table = item.table("a holiday", check)?;
    let (place, typed) = (table.place_of("date"), table.value("date"));
    if typed.is_none() {
        check.findings.missing(&place, "name the day, such as date = \"2026-12-24\"");
    }
    let date = typed.and_then(|typed| date_of(&typed, check));
    let windows = table.value("open").map_or_else(Vec::new, |value| windows(&value, check));
    table.close(check);
    Some((date?, windows))
}

/// A day as a text, or as TOML writes it.
fn date_of(value: &Value<'_>, check: &mut Check<'_>) -> Option<Typed<Date>> {
    let text = match value.value {
        DeValue::Datetime(date) => date.to_string(),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => value.text(check)?.value.to_owned(),
    };
    let date = if text.len() == "2026-12-25".len() { text.parse::<Date>().ok() } else { None };
    if date.is_none() {
        let what = format!("{} is no day of the calendar", quoted(&text));
        check.findings.problem(&value.place, what, "write year, month and day, such as \"2026-12-25\"");
    }
    Some(Typed { value: date?, place: value.place.clone() })
}

/// Windows that meet: whoever wrote them twice meant something else once.
fn warn_of_overlaps(hours: &Hours, open: &Place, check: &mut Check<'_>) {
    for (day, name) in DAYS.iter().enumerate() {
        let tomorrow = hours.week[(day + 1) % DAYS.len()].iter();
        let next = tomorrow.map(|window| Window { from: window.from + DAY, to: window.to + DAY });
        let all: Vec<Window> = hours.week[day].iter().copied().chain(next).collect();
        let today = hours.week[day].len();
        let meets = all.windows(2).take(today).any(|pair| pair[1].from < pair[0].to);
        if meets {
            let what = format!("has windows on {name} that overlap");
            check.findings.warn(&open.below(name), what, "write each time once");
        }
    }
}

/// Entries go by hours that there are; hours that do nothing, or not any more.
pub(crate) fn check(read: &Read, check: &mut Check<'_>) {
    let known: Vec<&str> = read.hours.iter().map(|hours| hours.hours.name.as_str()).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for entry in &read.entries {
        let Some(hours) = &entry.plan.hours else { continue };
        used.insert(&hours.name);
        if !known.contains(&hours.name.as_str()) {
            let way_out = if known.is_empty() {
                format!("add [[hours]] with name = {:?}", hours.name)
            } else {
                suggest::way_out(&hours.name, known.iter().copied())
            };
            let what = format!("there are no hours {}", quoted(&hours.name));
            check.findings.problem(&entry.hours, what, way_out);
        }
    }
    for hours in &read.hours {
        warn_of_idle(hours, used.contains(hours.hours.name.as_str()), check);
    }
}

fn warn_of_idle(read: &HoursRead, used: bool, check: &mut Check<'_>) {
    let hours = &read.hours;
    if !hours.ever_open() {
        check.findings.warn(&read.open, "never opens", "write windows, such as mon-fri = [\"08:00-17:00\"]");
    }
    if !used {
        let what = format!("no entry goes by {}", quoted(&hours.name));
        check.findings.warn(&read.name, what, format!("write hours = {:?} in an [[entry]]", hours.name));
    }
    let today = hours.zone.to_datetime(Timestamp::now()).date();
    if hours.holidays.last_key_value().is_some_and(|(last, _)| *last < today) {
        check.findings.warn(&read.holidays, "are all in the past", "write those that are to come");
    }
}
