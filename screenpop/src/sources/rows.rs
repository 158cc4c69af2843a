//! Rows of a database as JSON, within bounds.
//!
//! SQLite types are kept: INTEGER, REAL and TEXT as such, a BLOB (no use on a card) as null.

use super::sqlite::{MAX_CELL_BYTES, MAX_ROWS, MAX_SECTION_BYTES};
use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Row, TypeInfo, ValueRef};

/// The rows of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    /// Each with its columns in the query's order.
    pub rows: Vec<Map<String, Value>>,
    /// Whether there was more than the bounds allow.
    pub truncated: bool,
    bytes: usize,
}

impl Rows {
    /// Takes one more row; `false` when there is no room for it.
    pub fn push(&mut self, row: &SqliteRow) -> bool {
        let (object, bytes) = object(row);
        if self.rows.len() == MAX_ROWS || self.bytes + bytes > MAX_SECTION_BYTES {
            self.truncated = true;
            return false;
        }
        self.bytes += bytes;
        self.rows.push(object);
        true
    }

    /// The data of a section: an object for one row, `{"rows": […]}` for several, null for none.
    pub fn into_data(mut self) -> Value {
        if self.truncated {
            return json!({ "rows": self.rows, "truncated": true });
        }
        match self.rows.len() {
            0 => Value::Null,
            1 => self.rows.pop().map_or(Value::Null, Value::Object),
            _ => json!({ "rows": self.rows }),
        }
    }
}

/// One row, and about how many bytes it takes as JSON.
fn object(row: &SqliteRow) -> (Map<String, Value>, usize) {
    let mut bytes = 2;
    let mut object = Map::with_capacity(row.len());
    for column in row.columns() {
        let value = cell(row, column.ordinal());
        bytes += column.name().len() + 6 + size(&value);
        object.insert(column.name().to_owned(), value);
    }
    (object, bytes)
}

/// A value that cannot be decoded is shown as null rather than losing the row.
fn cell(row: &SqliteRow, at: usize) -> Value {
    let Ok(raw) = row.try_get_raw(at) else { return Value::Null };
    if raw.is_null() {
        return Value::Null; // its type would be the column's, and its text ""
    }
    let found = match raw.type_info().name() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(at).ok().map(Value::from),
        "REAL" => row.try_get_unchecked::<f64, _>(at).ok().map(Value::from),
        "TEXT" => row.try_get_unchecked::<&[u8], _>(at).ok().map(text),
        _ => None,
    };
    found.unwrap_or(Value::Null)
}

/// SQLite promises no UTF-8, and a text may be a book.
fn text(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_CELL_BYTES)]);
    Value::String(if bytes.len() > MAX_CELL_BYTES { format!("{text}…") } else { text.into_owned() })
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 20,
        Value::Array(_) | Value::Object(_) => 0, // no cell is one
    }
}
