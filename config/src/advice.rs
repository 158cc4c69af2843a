//! Reads what to offer callers goes by, and what they are worth (`[suggestions]`).
//!
//! The model itself is read elsewhere, when there is one.

use crate::{
    Read,
    finding::Place,
    model::{First, Suggestions},
    name, suggest,
    table::{Check, Table, Typed, Value, quoted},
};
use std::path::PathBuf;
use toml::de::DeValue;

/// Sections of the card that the model fills.
const SECTIONS: [&str; 3] = ["likely_next", "fits_with", "value"];
/// Bounds of thresholds: days, orders, money.
const DAYS: (u32, u32) = (1, 3_650);
const ORDERS: (u32, u32) = (1, 100_000);
const MONEY: (u32, u32) = (0, u32::MAX);
/// Most that a minute may cost.
const MAX_COST: f64 = 1e9;

/// Suggestions as typed.
pub(crate) struct AdviceRead {
    pub suggestions: Suggestions,
    customers: Typed<String>,
    /// The roles of its sections.
    pub roles: Vec<Typed<String>>,
}

/// `[suggestions]`; none where it was not typed.
pub(crate) fn suggestions(root: &mut Table<'_>, check: &mut Check<'_>) -> Option<AdviceRead> {
    let typed = root.has("suggestions");
    let mut table = root.table("suggestions", check);
    if !typed {
        table.close(check);
        return None;
    }
    let model = model(&mut table, check);
    let way_out = "name the [[source]] whose ids of customers the model knows";
    let customers = crate::needed_name(&mut table, "customers", name::name, way_out, check);
    let roles = [table.read("role", name::name, check), table.read("value_role", name::name, check)];
    let [role, value_role] = roles.clone().map(|role| role.map(|role| role.value));
    let recent_days = pair(&mut table, "recent_days", ([60, 150], DAYS), Order::Rising, check);
    let orders = pair(&mut table, "orders", ([5, 2], ORDERS), Order::Falling, check);
    let spent = pair(&mut table, "spent", ([1_500, 500], MONEY), Order::Falling, check);
    let cost_per_minute = cost(&mut table, check);
    let first = first(&mut table, check);
    table.close(check);
    let customers_name = customers.value.clone();
    let suggestions = Suggestions {
        model,
        customers: customers_name,
        role,
        value_role,
        recent_days,
        orders,
        spent,
        cost_per_minute,
        first,
    };
    Some(AdviceRead { suggestions, customers, roles: roles.into_iter().flatten().collect() })
}

fn model(table: &mut Table<'_>, check: &mut Check<'_>) -> PathBuf {
    let way_out = "name the file that sambung suggest train writes";
    let Some(typed) = table.needed_text("model", way_out, check) else { return PathBuf::new() };
    let Some(path) = typed.read(crate::path, check) else { return PathBuf::new() };
    let file = check.folder.join(&path.value);
    let shown = quoted(&file.display().to_string());
    if file.is_dir() {
        check.findings.problem(&path.place, format!("{shown} is a folder"), way_out);
    } else if !file.exists() {
        let way_out = "write it with sambung suggest train, or its sections show an error";
        check.findings.warn(&path.place, format!("{shown} is absent"), way_out);
    }
    file
}

/// Which of two thresholds is the greater one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Rising,
    Falling,
}

/// Two thresholds: for three points, and for two.
fn pair(
    table: &mut Table<'_>,
    key: &'static str,
    (default, bounds): ([u32; 2], (u32, u32)),
    order: Order,
    check: &mut Check<'_>,
) -> [u32; 2] {
    let Some(value) = table.value(key) else { return default };
    let example = format!("{}, {}", default[0], default[1]);
    let Some(items) = value.items(&example, check) else { return default };
    let [best, fair] = items.as_slice() else {
        let what = format!("has {} numbers, not two", items.len());
        check.findings.problem(&value.place, what, format!("write it like {key} = [{example}]"));
        return default;
    };
    let (Some(best), Some(fair)) = (best.whole(bounds, check), fair.whole(bounds, check)) else {
        return default;
    };
    let in_order = match order {
        Order::Rising => best <= fair,
        Order::Falling => best >= fair,
    };
    if !in_order {
        let what = format!("asks more for two points ({fair}) than for three ({best})");
        check.findings.problem(&value.place, what, "write the threshold for three points first");
        return default;
    }
    [best, fair]
}

/// What a minute of an agent costs, in hundredths.
fn cost(table: &mut Table<'_>, check: &mut Check<'_>) -> u64 {
    let Some(typed) = table.value("cost_per_minute") else { return 0 };
    let number = number(&typed).filter(|number| (0.0..=MAX_COST).contains(number));
    if number.is_none() {
        let what = format!("{} is no sum of money", typed.shown());
        check.findings.problem(&typed.place, what, "write it without its currency, such as 0.75");
    }
    (number.unwrap_or_default() * 100.0).round() as u64
}

fn number(typed: &Value<'_>) -> Option<f64> {
    match typed.value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => i32::from_str_radix(number.as_str(), number.radix()).ok().map(f64::from),
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// Whose calls go before others; the smallest share stands first.
fn first(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<First> {
    let place = table.place_of("first");
    let mut rungs = Vec::new();
    for mut table in table.tables("first", "top_percent", check) {
        let missing = ["top_percent", "priority"].into_iter().find(|key| !table.has(key));
        if let Some(key) = missing {
            check.findings.missing(&table.place_of(key), "write it like { top_percent = 5, priority = 8 }");
        }
        let top_percent = table.whole("top_percent", 5, (1, 100), check) as u8;
        let priority = table.whole("priority", 8, (1, 10), check) as u8;
        table.close(check);
        rungs.push(First { top_percent, priority });
    }
    let orderly =
        |pair: &[First]| pair[0].top_percent < pair[1].top_percent && pair[0].priority > pair[1].priority;
    if !rungs.windows(2).all(orderly) {
        let what = "does not go from the best customers with the highest priority down";
        check.findings.problem(&place, what, "begin with the smallest share and the highest priority");
    }
    rungs
}

/// Suggestions belong to a source, and their sections to nobody else.
pub(crate) fn cross(read: &Read, check: &mut Check<'_>) {
    let Some(advice) = &read.advice else { return };
    let sources = || read.sources.iter().map(|source| source.source.name.as_str());
    let wanted = advice.customers.value.as_str();
    if !wanted.is_empty() && !sources().any(|name| name == wanted) {
        let what = format!("there is no source {}", quoted(wanted));
        check.findings.problem(&advice.customers.place, what, suggest::way_out(wanted, sources()));
    }
    for source in &read.sources {
        for section in source.source.sections.iter().filter(|one| SECTIONS.contains(&one.name.as_str())) {
            let place: Place = source.name.clone();
            let what = format!("its section {} is filled by [suggestions]", quoted(&section.name));
            check.findings.problem(&place, what, "name it otherwise");
        }
    }
}
