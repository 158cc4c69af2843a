//! An answer as JSON: times as RFC 3339 in a zone, names instead of numbers.

use super::{Answer, Question, Tale};
use crate::http::stamp;
use acd::{Timestamp, explain::Bounded};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The whole answer as an object.
///
/// # Errors
/// Only if it cannot be encoded, which would be our own defect.
pub fn object(answer: &Answer, zone: &TimeZone) -> Result<Value, serde_json::Error> {
    let (entry, at) = answer.read_to;
    let mut object = match (&answer.question, &answer.tale) {
        (Question::Call(call), Tale::Call { moments, over }) => {
            with_moments(json!({ "call": call, "over": over }), moments)?
        }
        (Question::Agent { id, from, to }, Tale::Agent { moments, kept_from }) => {
            let head = json!({ "agent": id, "from": from, "to": to, "kept_from_at": kept_from });
            with_moments(head, moments)?
        }
        (Question::Call(_), Tale::Agent { .. }) | (Question::Agent { .. }, Tale::Call { .. }) => Map::new(),
    };
    object.insert("read_to".to_owned(), json!({ "entry": entry, "at": at }));
    let mut value = Value::Object(object);
    stamp_all(&mut value, zone);
    Ok(value)
}

fn with_moments<T: Serialize>(
    head: Value,
    moments: &Bounded<T>,
) -> Result<Map<String, Value>, serde_json::Error> {
    let all: Result<Vec<Value>, _> = moments.iter().map(serde_json::to_value).collect();
    let Value::Object(mut object) = head else { return Ok(Map::new()) };
    object.insert("moments".to_owned(), Value::Array(all?));
    let (behind, count) = (moments.first().len(), moments.left_out());
    if count > 0 {
        object.insert("left_out".to_owned(), json!({ "behind": behind, "count": count }));
    }
    Ok(object)
}

/// Writes every time as text. They stand under keys of their own (see [`acd::explain`]).
fn stamp_all(value: &mut Value, zone: &TimeZone) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_u64().filter(|_| is_time(key)) {
                    Some(micros) => *value = Value::String(stamp(Timestamp(micros), zone)),
                    None => stamp_all(value, zone),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| stamp_all(value, zone)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_time(key: &str) -> bool {
    matches!(key, "at" | "from" | "to" | "until" | "since") || key.ends_with("_at") || key.ends_with("_until")
}
