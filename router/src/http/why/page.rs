//! An answer as a page: no scripts, nothing from elsewhere, every text escaped.

use crate::why::{
    Answer, Question,
    words::{Line, clock},
};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;

/// Its own style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}td{padding:.15rem .6rem .15rem 0;vertical-align:top}\
td.at{white-space:nowrap;font-variant-numeric:tabular-nums;color:#4b5560}tr.below td{color:#4b5560;padding-left:1.5rem}\
tr.told td{border-top:1px solid #e3e6ea}@media(prefers-color-scheme:dark){body{color:#e6e9ed;background:#14171a}\
td.at,tr.below td{color:#a7b0ba}tr.told td{border-color:#2c3238}}";

/// The page of an answer.
pub fn page(answer: &Answer, lines: &[Line], zone: &TimeZone) -> Response {
    let title = match &answer.question {
        Question::Call(call) => format!("Why call {call} went the way it went"),
        Question::Agent { id, from, to } => {
            format!("What {id} was offered and what not, {} to {}", clock(*from, zone), clock(*to, zone))
        }
    };
    let (title, rows) = (escaped(&title), lines.iter().map(|line| row(line, zone)).collect::<String>());
    let (entry, at) = answer.read_to;
    let (zone, at) = (escaped(&in_words(zone)), escaped(&clock(at, zone)));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>\
         <table>{rows}</table><p>Times of {zone}. Read from the log up to entry {entry}, {at}.</p></main></body></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, html).into_response()
}

fn in_words(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("the site").to_owned()
}

fn row(line: &Line, zone: &TimeZone) -> String {
    let text = escaped(&line.text);
    match line.at {
        Some(at) => {
            let at = escaped(&clock(at, zone));
            format!("<tr class=\"told\"><td class=\"at\">{at}</td><td>{text}</td></tr>")
        }
        None => format!("<tr class=\"below\"><td class=\"at\"></td><td>{text}</td></tr>"),
    }
}

/// A text that is nothing but text to a browser.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_and_operators_write_is_text() {
        let line = Line { at: None, text: "<script>\"&'</script>".to_owned() };
        let row = row(&line, &TimeZone::UTC);
        assert!(
            row.contains("&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;") && !row.contains("<script"),
            "{row}"
        );
    }
}
