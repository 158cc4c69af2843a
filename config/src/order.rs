//! Reads what holds for every queue and agent (`[routing]`), and what may be known of a call (`[[attribute]]`).

use crate::{
    duration::{self, Span},
    finding::Place,
    model::AttributeHeader,
    name, share, suggest,
    table::{Check, Table, Typed, Wrong, quoted},
};
use acd::routing::{AttributePlan, MAX_VALUES, Routing, Sequence};

/// What one level of priority is worth, in milliseconds.
const AGEING: Span = Span::ms(1_000, 3_600_000, 60_000);
/// Least time between two calls, in milliseconds; also that of one agent.
pub(crate) const REST: Span = Span::ms(0, 600_000, 0);
/// How long a desktop may be gone, in milliseconds.
const SIGN_OUT: Span = Span::ms(60_000, 604_800_000, 3_600_000);
const ORDERS: [(&str, Sequence); 2] =
    [("longest-waiting", Sequence::LongestWaiting), ("service-objective", Sequence::ServiceObjective)];
/// What a header has to begin with to be handed on with a call.
const PREFIX: &str = "x-";

/// `[routing]`.
pub(crate) fn routing(root: &mut Table<'_>, check: &mut Check<'_>) -> Routing {
    let mut table = root.table("routing", check);
    let read = Routing {
        ageing: duration::if_any(&mut table, "ageing", AGEING, check),
        order: table.choice("order", &ORDERS, Sequence::LongestWaiting, check),
        rest: table.duration("rest", REST, check).value,
        max_occupancy: share::share(&mut table, "max_occupancy", check),
        sign_out_after: Some(table.duration("sign_out_after", SIGN_OUT, check).value),
    };
    table.close(check);
    read
}

/// An attribute as typed.
pub(crate) struct AttributeRead {
    pub plan: AttributePlan,
    pub header: AttributeHeader,
    pub name: Place,
}

/// Every `[[attribute]]`.
pub(crate) fn attributes(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<AttributeRead> {
    root.tables("attribute", "name", check).into_iter().map(|table| attribute(table, check)).collect()
}

fn attribute(mut table: Table<'_>, check: &mut Check<'_>) -> AttributeRead {
    let named = crate::needed_name(&mut table, "name", name::skill, "name it, as needs speak of it", check);
    let typed = table.needed_text("header", "name the header that says it, such as \"X-Language\"", check);
    let header =
        typed.and_then(|typed| typed.read(header, check)).map_or_else(String::new, |typed| typed.value);
    let values = values(&mut table, check);
    let default = table.text("default", check);
    if let Some(default) =
        default.as_ref().filter(|default| !values.iter().any(|value| value == default.value))
    {
        let way_out = suggest::way_out(default.value, values.iter().map(String::as_str));
        check.findings.problem(
            &default.place,
            format!("{} is none of its values", quoted(default.value)),
            way_out,
        );
    }
    table.close(check);
    let default = default.map(|default| default.value.to_owned()).or_else(|| values.first().cloned());
    let name = named.value;
    AttributeRead {
        header: AttributeHeader { name: name.clone(), header, values: values.clone() },
        plan: AttributePlan { name, values, default: default.unwrap_or_default() },
        name: named.place,
    }
}

/// `X-Language`: no other header is handed on with a call.
fn header(text: &str) -> Result<String, Wrong> {
    let is_token = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let begins = text.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    if begins && is_token && text.len() > PREFIX.len() && text.len() <= name::MAX_NAME {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!("{} is no header that is read", quoted(text)),
        "choose one that begins with X-, such as \"X-Language\"",
    ))
}

/// The values there are: names of skills, each once.
fn values(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<String> {
    let place = table.place_of("values");
    let way_out = "list the skills it may name, such as [\"indonesian\", \"english\"]";
    let Some(typed) = table.texts("values", check) else {
        check.findings.missing(&place, way_out);
        return Vec::new();
    };
    if typed.is_empty() || typed.len() > MAX_VALUES {
        check.findings.problem(
            &place,
            format!("has {} values", typed.len()),
            format!("list 1 to {MAX_VALUES}"),
        );
    }
    let mut values: Vec<String> = Vec::new();
    for typed in typed {
        let Some(Typed { value, place }) = typed.read(name::skill, check) else { continue };
        if values.contains(&value) {
            check.findings.problem(
                &place,
                format!("{} stands there already", quoted(&value)),
                "take one out",
            );
        } else {
            values.push(value);
        }
    }
    values
}
