//! What is written on an arrow.

/// The label of a message; none for what is not drawn.
pub(super) fn label(
    text: &str,
    media: &impl Fn(u16) -> &'static str,
    name: &impl Fn(&str) -> String,
) -> Option<String> {
    let start = text.lines().next()?;
    let mut label = match start.strip_prefix("SIP/2.0 ") {
        Some(status) => response(text, status)?,
        None => request(text, start, name)?,
    };
    if let Some(media) = description(text, media) {
        label = format!("{label} ({media})");
    }
    Some(label)
}

fn response(text: &str, status: &str) -> Option<String> {
    let to_tag = header(text, "To").is_some_and(|to| to.contains("tag="));
    if status.starts_with("100 ") && to_tag {
        return None;
    }
    let method = header(text, "CSeq")?.split_whitespace().nth(1)?;
    let mut label = status.trim().to_owned();
    if method != "INVITE" {
        label = format!("{label} ({method})");
    }
    for (wanted, shown) in [("Retry-After", false), ("Min-SE", true), ("Min-Expires", true), ("RSeq", false)]
    {
        if let Some(value) = header(text, wanted) {
            let value = if shown { format!(": {value}") } else { String::new() };
            label = format!("{label}, {wanted}{value}");
        }
    }
    Some(label)
}

fn request(text: &str, start: &str, name: &impl Fn(&str) -> String) -> Option<String> {
    let mut words = start.split(' ');
    let (method, uri) = (words.next()?, words.next()?);
    let begins = !header(text, "To")?.contains("tag=");
    let more = match method {
        "INVITE" if begins => Some(user(uri, name)),
        "REGISTER" => header(text, "Authorization").map(|_| "with digest".to_owned()),
        "REFER" => header(text, "Refer-To").map(|to| {
            let replaces = if to.contains("?Replaces=") { " (Replaces)" } else { "" };
            format!("to {}{replaces}", user(to, name))
        }),
        "NOTIFY" => text.lines().find_map(|line| Some(format!("“{}”", line.strip_prefix("SIP/2.0 ")?))),
        "INFO" => text.lines().find(|line| line.starts_with("Signal=")).map(str::to_owned),
        "BYE" | "CANCEL" => header(text, "Reason")
            .map(|reason| format!("(Reason: {})", reason.split(";text").next().unwrap_or(reason))),
        _ => None,
    };
    let label = [Some(method.to_owned()), more].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let noted = ["Replaces", "Require", "Expires", "Authorization"].into_iter().filter_map(|noted| {
        let value = header(text, noted)?;
        match noted {
            "Authorization" if method == "REGISTER" => None,
            "Authorization" => Some(", with digest".to_owned()),
            "Replaces" => Some(", Replaces".to_owned()),
            noted => Some(format!(", {noted}: {value}")),
        }
    });
    Some(label + &noted.filter(|noted| noted != ", Require: replaces").collect::<String>())
}

/// Whose media a description names, and which way it goes when that is not both.
fn description(text: &str, media: &impl Fn(u16) -> &'static str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("m=audio "))?;
    let whose = media(line.split(' ').next()?.parse().ok()?);
    let ways = ["sendonly", "recvonly", "inactive"];
    let way = ways.into_iter().find(|way| text.lines().any(|line| line == format!("a={way}")));
    Some(way.map_or(format!("media: {whose}"), |way| format!("media: {whose}, {way}")))
}

/// The user part of a URI.
fn user(uri: &str, name: &impl Fn(&str) -> String) -> String {
    let after = uri.split_once("sip:").map_or(uri, |(_, rest)| rest);
    name(after.split(['@', ';', '>']).next().unwrap_or(after))
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head = text.split("\n\n").next()?;
    head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}
