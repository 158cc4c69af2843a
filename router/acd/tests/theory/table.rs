//! The reference tables, read where they are shared.

use std::{collections::BTreeMap, path::PathBuf};

/// A row of a table: column → cell.
pub type Row = BTreeMap<String, String>;

/// The rows of a table; none when it is not there.
pub fn read(name: &str) -> Option<Vec<Row>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("SAMBUNG_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let path = shared.join("data/wfm").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    };
    let mut lines = text.lines().map(split);
    let head = lines.next().unwrap();
    Some(lines.map(|line| head.iter().cloned().zip(line).collect()).collect())
}

/// Cells of a line; one in quotes may hold commas.
fn split(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

/// A cell as a number; none when it is empty.
pub fn number(row: &Row, column: &str) -> Option<f64> {
    Some(&row[column]).filter(|cell| !cell.is_empty()).map(|cell| cell.parse().unwrap())
}
