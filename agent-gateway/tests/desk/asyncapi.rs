//! The description for programs agrees with the code, and with what is really said.

use crate::{house::House, http::request};
use protocol::{
    AgentState, AnswerAt, ClientKind, ClientMessage, CloseCode, ContactCause, ContactState, EndedBy,
    ErrorCode, ServerMessage, StateCause, TransferKind, WishedState, WithdrawCause,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn description() -> Value {
    serde_json::from_str(include_str!("../../asyncapi.json")).unwrap()
}

fn names(description: &Value, from: &str) -> BTreeSet<String> {
    let messages = description["components"]["messages"].as_object().unwrap();
    let mine = messages.iter().filter(|(key, _)| key.starts_with(from));
    mine.map(|(_, message)| message["name"].as_str().unwrap().to_owned()).collect()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn it_names_the_messages_that_the_code_knows() {
    let description = description();
    assert_eq!(names(&description, "server."), set(ServerMessage::NAMES.iter().copied()));
    assert_eq!(names(&description, "client."), set(ClientMessage::NAMES.iter().copied()));
    for (operation, from) in [("tell", "server."), ("hear", "client.")] {
        let listed = description["operations"][operation]["messages"].as_array().unwrap();
        assert_eq!(listed.len(), names(&description, from).len());
    }
}

#[test]
fn it_names_the_words_and_codes_that_the_code_knows() {
    let description = description();
    let words = |schema: &str| -> BTreeSet<String> {
        let values = description["components"]["schemas"][schema]["enum"].as_array().unwrap();
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(words("AgentState"), set(AgentState::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("WishedState"), set(WishedState::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("TransferKind"), set(TransferKind::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("StateCause"), set(StateCause::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("ContactState"), set(ContactState::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("ContactCause"), set(ContactCause::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("WithdrawCause"), set(WithdrawCause::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("ClientKind"), set(ClientKind::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("AnswerAt"), set(AnswerAt::ALL.iter().map(|word| word.as_str())));
    assert_eq!(words("EndedBy"), set(EndedBy::ALL.iter().map(|word| word.as_str())));
    let errors = description["components"]["schemas"]["ErrorCode"]["description"].as_str().unwrap();
    assert!(ErrorCode::ALL.iter().all(|code| errors.contains(code.as_str())));
    let codes: Value = CloseCode::ALL
        .iter()
        .map(|code| (code.number().to_string(), json!(code.reason())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(description["x-close-codes"], codes);
}

#[test]
fn every_line_of_the_transcript_is_as_described() {
    let description = description();
    let mut checked = 0;
    for line in include_str!("transcript.txt").lines() {
        let (from, text) = match line.split_once(' ') {
            Some(("<", text)) => ("server", text),
            Some((">", text)) => ("client", text),
            Some(_) | None => continue,
        };
        let message: Value = serde_json::from_str(text).unwrap();
        let name = message["type"].as_str().unwrap();
        let schema = &description["components"]["messages"][format!("{from}.{name}")]["payload"];
        let mut problems = Vec::new();
        check(&description, schema, &message, name, &mut problems);
        assert!(problems.is_empty(), "{text}\n{}", problems.join("\n"));
        checked += 1;
    }
    assert!(checked > 15);
}

/// As much of JSON Schema as the description uses; and a field that is not described is a problem, too.
fn check(whole: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    if let Some(path) = schema["$ref"].as_str() {
        let target =
            whole.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere"));
        return check(whole, target, value, at, problems);
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("{other} is not checked here"),
        None => schema.get("const").is_some_and(|constant| constant == value),
    };
    let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
    if !fits || !listed {
        problems.push(format!("{at}: {value} does not fit {schema}"));
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        if value.get(field.as_str().unwrap()).is_none() {
            problems.push(format!("{at}: {field} is missing"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => check(whole, schema, field, &format!("{at}.{name}"), problems),
            (None, Some(Value::Bool(true))) => {}
            (None, Some(schema)) => check(whole, schema, field, &format!("{at}.{name}"), problems),
            (None, None) => problems.push(format!("{at}.{name} is not described")),
        }
    }
    for item in value.as_array().into_iter().flatten() {
        check(whole, &schema["items"], item, &format!("{at}[]"), problems);
    }
}

#[tokio::test]
async fn it_is_served() {
    let house = House::open();
    let served = request(house.gateway.address(), "GET /v1/asyncapi", &[], "").await;
    assert_eq!((served.status, served.header("Content-Type")), (200, Some("application/json")));
    assert_eq!(serde_json::from_str::<Value>(&served.body).unwrap(), description());
}
