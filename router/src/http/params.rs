//! The parameters of a question: every one known, every value understood, or an error that says what would be.

use super::{HttpState, error::ApiError};
use acd::{CallId, Timestamp};
use axum::http::{HeaderMap, Uri, header};
use jiff::{Zoned, civil, tz::TimeZone};
use std::{collections::BTreeMap, str::FromStr};

/// Longest query string, in bytes.
const MAX_QUERY: usize = 4_096;
const INSTANT: &str =
    "accepted are 2026-02-28T09:30:00+07:00, 2026-02-28T09:30 and 2026-02-28 (local to the zone)";

/// The parameters as given.
#[derive(Debug)]
pub struct Params {
    given: BTreeMap<String, String>,
}

/// How the answer is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `text/csv`.
    Csv,
}

impl Params {
    /// Reads the query string; `known` are the parameters that this path takes.
    ///
    /// # Errors
    /// For a parameter that is unknown, given twice, or not readable.
    pub fn of(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let query = uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(ApiError::parameter("?", "…", "the query is longer than 4,096 bytes"));
        }
        let mut given = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                return Err(ApiError::parameter(
                    &name,
                    &value,
                    &format!("accepted here are {}", known.join(", ")),
                ));
            }
            if given.insert(name.clone(), value.clone()).is_some() {
                return Err(ApiError::parameter(&name, &value, "it is given twice"));
            }
        }
        Ok(Self { given })
    }
    /// A text, if given and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
    /// Something that can be read from a text; `accepted` says what can.
    ///
    /// # Errors
    /// When it cannot.
    pub fn parse<T: FromStr>(&self, name: &str, accepted: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| ApiError::parameter(name, text, accepted))
    }
    /// One of some words.
    ///
    /// # Errors
    /// When it is another.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.text(name) {
            Some(text) if !words.contains(&text) => {
                Err(ApiError::parameter(name, text, &format!("accepted are {}", words.join(", "))))
            }
            other => Ok(other),
        }
    }
    /// A whole number within bounds.
    ///
    /// # Errors
    /// When it is none, or out of bounds.
    pub fn number(&self, name: &str, bounds: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, ApiError> {
        let accepted = format!("accepted is a whole number from {} to {}", bounds.start(), bounds.end());
        match self.parse::<u32>(name, &accepted)? {
            Some(number) if !bounds.contains(&number) => {
                Err(ApiError::parameter(name, &number.to_string(), &accepted))
            }
            other => Ok(other),
        }
    }
    /// A call's id.
    ///
    /// # Errors
    /// When it is none.
    pub fn call(&self, name: &str) -> Result<Option<CallId>, ApiError> {
        self.parse(name, "accepted is a call's id, 26 characters")
    }
    /// The zone asked for; the site's if none is.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn zone(&self, state: &HttpState) -> Result<TimeZone, ApiError> {
        let Some(name) = self.text("zone") else { return Ok(state.zone.clone()) };
        let accepted = "accepted are names of the IANA zone database, such as Asia/Jakarta or UTC";
        TimeZone::get(name).map_err(|_| ApiError::parameter("zone", name, accepted))
    }
    /// An instant; one without an offset is local to the zone.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn instant(&self, name: &str, zone: &TimeZone) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // A plus sign that was not escaped arrives as a blank.
        let text = text.replace(' ', "+");
        let at = read_instant(&text, zone).ok_or_else(|| ApiError::parameter(name, &text, INSTANT))?;
        Ok(Some(at))
    }
    /// `format=json|csv`, else what `Accept` prefers, else JSON.
    ///
    /// # Errors
    /// For another format.
    pub fn format(&self, headers: &HeaderMap) -> Result<Format, ApiError> {
        Ok(match self.one_of("format", &["json", "csv"])? {
            Some("csv") => Format::Csv,
            Some(_) => Format::Json,
            None => accepted_format(headers),
        })
    }
}

/// CSV if it is named and JSON is not named before it.
fn accepted_format(headers: &HeaderMap) -> Format {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepts.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or("").trim());
    match kinds.find(|kind| matches!(*kind, "text/csv" | "application/json")) {
        Some("text/csv") => Format::Csv,
        Some(_) | None => Format::Json,
    }
}

/// An instant as it is typed; one without an offset is local to the zone.
pub fn read_instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let micros = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_microsecond).ok().or_else(|| {
        let local = text.parse::<civil::DateTime>().ok()?;
        let zoned: Zoned = local.to_zoned(zone.clone()).ok()?;
        Some(zoned.timestamp().as_microsecond())
    })?;
    u64::try_from(micros).ok().map(Timestamp)
}

/// Percent-decoding as in forms: a plus sign is a blank.
fn decode(text: &str) -> Result<String, ApiError> {
    let refused = || ApiError::parameter("?", text, "it is not percent-encoded UTF-8");
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = text.get(at..at + 2).ok_or_else(refused)?;
                at += 2;
                u8::from_str_radix(digits, 16).map_err(|_| refused())?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Result<Params, ApiError> {
        Params::of(&format!("/x?{query}").parse().unwrap(), &["from", "queue", "format"])
    }

    #[test]
    fn an_instant_is_read_with_an_offset_without_one_and_as_a_day() {
        let zone = TimeZone::posix("WIB-7").unwrap();
        let read = |query: &str| params(query).unwrap().instant("from", &zone).unwrap().unwrap().millis();
        let expected = 1_772_245_800_000;
        assert_eq!(read("from=2026-02-28T09:30:00%2B07:00"), expected);
        assert_eq!(read("from=2026-02-28T09:30:00+07:00"), expected);
        assert_eq!(read("from=2026-02-28T02:30:00Z"), expected);
        assert_eq!(read("from=2026-02-28T09:30"), expected);
        assert_eq!(read("from=2026-02-28"), expected - 9 * 3_600_000 - 1_800_000);
        assert!(params("from=yesterday").unwrap().instant("from", &zone).is_err());
        assert!(params("from=1969-01-01").unwrap().instant("from", &zone).is_err());
    }

    #[test]
    fn a_misspelt_or_doubled_or_broken_parameter_is_refused() {
        assert!(params("form=2026-02-28").is_err());
        assert!(params("queue=a&queue=b").is_err());
        assert!(params("queue=%zz").is_err() && params("queue=%2").is_err() && params("queue=%ff").is_err());
        assert_eq!(params("queue=a%20b").unwrap().text("queue"), Some("a b"));
    }

    #[test]
    fn the_format_is_the_parameters_then_the_headers() {
        let accept = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, value.parse().unwrap());
            headers
        };
        let none = HeaderMap::new();
        assert_eq!(params("").unwrap().format(&none).unwrap(), Format::Json);
        assert_eq!(params("").unwrap().format(&accept("text/csv")).unwrap(), Format::Csv);
        assert_eq!(params("").unwrap().format(&accept("text/html,*/*;q=0.8")).unwrap(), Format::Json);
        assert_eq!(params("format=json").unwrap().format(&accept("text/csv")).unwrap(), Format::Json);
        assert!(params("format=xml").unwrap().format(&none).is_err());
    }
}
