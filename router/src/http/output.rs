//! Rows as JSON or CSV: one description of the columns for both.

use super::error::ApiError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use std::borrow::Cow;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: `null`, or an empty field.
    None,
    /// A text.
    Text(Cow<'a, str>),
    /// A count, or whole milliseconds.
    Count(u64),
    /// A measure, already rounded.
    Number(f64),
}

impl<'a> Cell<'a> {
    /// A text, or nothing.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
    /// A text, or nothing.
    pub fn maybe(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::None, |text| Self::Text(text.into()))
    }
    /// A share, rounded to six digits, or nothing.
    pub fn share(share: Option<f64>) -> Self {
        share.map_or(Self::None, |share| Self::Number((share * 1e6).round() / 1e6))
    }
    /// Seconds with three digits, from microseconds.
    pub fn seconds(micros: i64) -> Self {
        Self::Number(((micros + 500).div_euclid(1_000)) as f64 / 1e3)
    }
    /// Seconds with three digits, or nothing.
    pub fn maybe_seconds(micros: Option<i64>) -> Self {
        micros.map_or(Self::None, Self::seconds)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => to.serialize_none(),
            Self::Text(text) => to.serialize_str(text),
            Self::Count(count) => to.serialize_u64(*count),
            // A whole number of seconds is written without `.0`.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                to.serialize_i64(*number as i64)
            }
            Self::Number(number) => to.serialize_f64(*number),
        }
    }
}

/// Rows with named columns.
pub struct Table<'a, R> {
    /// The columns, in order.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: &'a [R],
    /// A row's cells, in the order of the columns.
    pub cells: &'a dyn Fn(&'a R) -> Vec<Cell<'a>>,
}

impl<R> Serialize for Table<'_, R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = to.serialize_seq(Some(self.rows.len()))?;
        for row in self.rows {
            all.serialize_element(&Object { columns: self.columns, cells: (self.cells)(row) })?;
        }
        all.end()
    }
}

/// One row as a JSON object.
pub struct Object<'a> {
    /// The columns, in order.
    pub columns: &'static [&'static str],
    /// The cells, likewise.
    pub cells: Vec<Cell<'a>>,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.columns.len()))?;
        for (column, cell) in self.columns.iter().zip(&self.cells) {
            map.serialize_entry(column, cell)?;
        }
        map.end()
    }
}

impl<R> Table<'_, R> {
    /// The table as CSV with a line of column names.
    ///
    /// # Errors
    /// When a row cannot be written.
    pub fn csv(&self) -> Result<Response, ApiError> {
        let failed = |error: &dyn std::fmt::Display| {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", format!("CSV: {error}"))
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns).map_err(|error| failed(&error))?;
        for row in self.rows {
            let fields = (self.cells)(row).into_iter().map(field);
            writer.write_record(fields.map(|field| field.into_owned())).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
    }
}

/// A field of CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it.
fn field(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::None => Cow::Borrowed(""),
        Cell::Text(text) if is_formula(&text) => Cow::Owned(format!("'{text}")),
        Cell::Text(text) => text,
        Cell::Count(count) => Cow::Owned(count.to_string()),
        Cell::Number(number) => Cow::Owned(number.to_string()),
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%'])
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let kind = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, kind)], bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_looks_like_a_formula_is_defused_and_a_number_is_not() {
        for text in ["=1+1", "+62215550101", "-1", "@SUM(A1)", "\t=1", "|calc"] {
            assert!(field(Cell::text(text)).starts_with('\''), "{text}");
        }
        assert_eq!(field(Cell::text("1500")), "1500");
        assert_eq!(field(Cell::Number(-1.5)), "-1.5");
    }

    #[test]
    fn seconds_are_rounded_to_milliseconds_and_whole_ones_have_no_fraction() {
        let json = |cell: Cell<'_>| serde_json::to_string(&cell).unwrap();
        assert_eq!(json(Cell::seconds(1_234_567)), "1.235");
        assert_eq!(json(Cell::seconds(20_000_000)), "20");
        assert_eq!(json(Cell::share(Some(0.811_320_754))), "0.811321");
        assert_eq!(json(Cell::share(None)), "null");
    }
}
