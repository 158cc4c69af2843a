//! Customers' cards as a table has them.

use crate::columns::{ColumnError, Columns, Role};
use std::collections::BTreeMap;
use std::io::Read;

/// Cards of one run: what is compared is held in memory, some 2 KiB a card.
pub const MAX_CARDS: usize = 2_000_000;
/// Characters of a cell that are read.
const MAX_CELL: usize = 512;

/// All cards of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cards {
    /// What the columns say.
    pub columns: Columns,
    /// In the order of the table.
    pub cards: Vec<Card>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What names it: its id column, or the number of its row from 1.
    pub id: String,
    /// As they are written, by column.
    pub cells: Vec<String>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The columns.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// The table's form.
    #[error("the table cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// Two rows of one id.
    #[error(
        "rows {first} and {second} have the same id {id:?}; give each card its own, or name another column: --column id=HEADING"
    )]
    SameId {
        /// The id.
        id: String,
        /// Where it is first.
        first: usize,
        /// Where it is again.
        second: usize,
    },
    /// A row without an id.
    #[error("row {0} has no id; give each card its own, or name another column: --column id=HEADING")]
    NoId(usize),
    /// Too many rows.
    #[error("there are more than {MAX_CARDS} cards; split the table, by province for example")]
    TooMany,
}

impl Cards {
    /// Reads CSV with headings, separated by comma, semicolon, tab or bar, whichever the first line has most of.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: names the row and the way out.
    pub fn read(mut table: impl Read, given: &[(String, String)]) -> Result<Self, ReadError> {
        let mut text = Vec::new();
        table.read_to_end(&mut text).map_err(csv::Error::from)?;
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator(text))
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text);
        let headings: Vec<String> =
            reader.byte_headers()?.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let columns = Columns::read(&headings, given)?;
        let id_at = columns.of(Role::Id).next();
        let mut cards = Vec::new();
        let mut row = csv::ByteRecord::new();
        while reader.read_byte_record(&mut row)? {
            if cards.len() == MAX_CARDS {
                return Err(ReadError::TooMany);
            }
            cards.push(card(&row, id_at, headings.len(), cards.len() + 1)?);
        }
        let all = Self { columns, cards };
        all.ids()?;
        Ok(all)
    }

    /// Where each id is.
    ///
    /// # Errors
    ///
    /// [`ReadError::SameId`].
    pub fn ids(&self) -> Result<BTreeMap<&str, u32>, ReadError> {
        let mut ids = BTreeMap::new();
        for (at, card) in self.cards.iter().enumerate() {
            if let Some(first) = ids.insert(card.id.as_str(), at as u32) {
                return Err(ReadError::SameId {
                    id: card.id.clone(),
                    first: first as usize + 1,
                    second: at + 1,
                });
            }
        }
        Ok(ids)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// What a card says in all columns of a role, as it is written.
    pub fn cells(&self, card: u32, role: Role) -> impl Iterator<Item = &str> {
        let cells = &self.cards[card as usize].cells;
        self.columns
            .of(role)
            .filter_map(|at| cells.get(at))
            .map(String::as_str)
            .filter(|cell| !cell.is_empty())
    }

    /// The same in one line.
    #[must_use]
    pub fn line(&self, card: u32, role: Role) -> String {
        self.cells(card, role).collect::<Vec<_>>().join(" ")
    }
}

fn card(row: &csv::ByteRecord, id_at: Option<usize>, width: usize, number: usize) -> Result<Card, ReadError> {
    let cell = |cell: &[u8]| String::from_utf8_lossy(cell).chars().take(MAX_CELL).collect::<String>();
    let cells: Vec<String> = row.iter().take(width).map(cell).collect();
    let id = match id_at {
        Some(at) => cells.get(at).filter(|id| !id.is_empty()).cloned().ok_or(ReadError::NoId(number))?,
        None => number.to_string(),
    };
    Ok(Card { id, cells })
}

fn separator(text: &[u8]) -> u8 {
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |separator: &u8| first.iter().filter(|b| *b == separator).count();
    // Of as many, the comma: it is the last of those that `max_by_key` looks at.
    *[b'|', b'\t', b';', b','].iter().max_by_key(|separator| count(separator)).unwrap_or(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_several_kinds_are_read() {
        for table in [
            "id,nama,hp\n7,Budi,0812345678\n",
            "\u{feff}id;nama;hp\r\n7;Budi;0812345678\r\n",
            "id, nama, hp\n7, Budi, 0812345678",
        ] {
            let cards = Cards::read(table.as_bytes(), &[]).unwrap();
            assert_eq!(cards.cards[0].id, "7");
            assert_eq!(cards.line(0, Role::Name), "Budi");
        }
    }

    #[test]
    fn ids_are_needed_and_their_own() {
        let wrong = |table: &str| Cards::read(table.as_bytes(), &[]).unwrap_err().to_string();
        assert!(wrong("id,nama\n7,Budi\n7,Ani\n").contains("rows 1 and 2"));
        assert!(wrong("id,nama\n,Budi\n").contains("row 1"));
        let numbered = Cards::read("nama\nBudi\nAni\n".as_bytes(), &[]).unwrap();
        assert_eq!(numbered.cards[1].id, "2");
    }
}
