//! Reads purchase lines, and contacts, from CSV.
//!
//! Contacts have the columns `customer`, `date` and `minutes` (handled by an agent). Of purchase lines the first row names the columns, in any order and case; others are ignored. Needed: `order`, `product`, `quantity`,
//! `date`, `price` (of one piece), `customer`. Useful: `description`. The names of the UCI retail sets (`InvoiceNo`,
//! `StockCode`, …) are understood too. Dates: `2011-05-31`, with a time (`2011-05-31 14:05`) if orders of one day have
//! a sequence. Numbers have a decimal point and no thousands separators.

use crate::{Cents, Day, Purchase};
use csv::StringRecord;
use jiff::civil::Date;
use std::io::Read;

/// Longest id, code or order number, in bytes.
pub const MAX_ID: usize = 64;
/// Longest name of a product, in bytes; what is longer is cut.
pub const MAX_NAME: usize = 120;
/// Largest amount of a line, in hundredths: beyond it somebody has typed an account number.
const MAX_AMOUNT: f64 = 1e15;

/// Why a file or a line of it cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The file itself.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A column is not there.
    #[error("there is no column {wanted:?} (or {alias:?}); the first row names {found}")]
    NoColumn {
        /// Its name.
        wanted: &'static str,
        /// Its name in the UCI sets.
        alias: &'static str,
        /// The columns there are.
        found: String,
    },
    /// A cell is not what it should be.
    #[error("line {line}: {column} {value:?} {problem}")]
    Cell {
        /// Line of the file.
        line: u64,
        /// Which column.
        column: &'static str,
        /// What is there, cut.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Our name of a column, and the UCI sets' name.
type Column = (&'static str, &'static str);
const ORDER: Column = ("order", "InvoiceNo");
const PRODUCT: Column = ("product", "StockCode");
const NAME: Column = ("description", "Description");
const QUANTITY: Column = ("quantity", "Quantity");
const DATE: Column = ("date", "InvoiceDate");
const PRICE: Column = ("price", "UnitPrice");
const CUSTOMER: Column = ("customer", "CustomerID");
/// The second UCI set calls three of them otherwise.
const OTHER_NAMES: [(&str, &str); 3] =
    [("order", "Invoice"), ("price", "Price"), ("customer", "Customer ID")];

const MINUTES: Column = ("minutes", "handled_minutes");
/// Most minutes of one contact: a day.
const MAX_MINUTES: f64 = 1_440.0;

struct Columns {
    order: usize,
    product: usize,
    name: Option<usize>,
    quantity: usize,
    date: usize,
    price: usize,
    customer: usize,
}

/// A file of purchase lines, read one after the other.
pub struct Lines<R> {
    csv: csv::Reader<R>,
    columns: Columns,
    row: Row,
}

/// The row that was read last.
#[derive(Default)]
struct Row(StringRecord);

impl<R: Read> Lines<R> {
    /// Reads the first row.
    ///
    /// # Errors
    ///
    /// [`LineError::NoColumn`], or what the source of the bytes says.
    pub fn open(from: R) -> Result<Self, LineError> {
        let mut csv = reader(from);
        let columns = Columns::find(csv.headers()?)?;
        Ok(Self { csv, columns, row: Row::default() })
    }

    fn purchase(&self) -> Result<Purchase, LineError> {
        let (columns, row) = (&self.columns, &self.row);
        let quantity = row.number(QUANTITY, columns.quantity)?;
        let price = row.number(PRICE, columns.price)?;
        let amount = (quantity * price * 100.0).round();
        if amount.abs() > MAX_AMOUNT {
            return Err(row.wrong(PRICE, columns.price, "makes an amount that nobody pays"));
        }
        let (day, minute) = row.time(columns.date)?;
        let name = columns.name.map(|at| row.cell(at)).unwrap_or_default();
        Ok(Purchase {
            customer: row.id(CUSTOMER, columns.customer)?,
            order: row.id(ORDER, columns.order)?,
            product: row.id(PRODUCT, columns.product)?,
            name: cut(name, MAX_NAME).to_owned(),
            quantity: quantity as f32,
            amount: amount as Cents,
            day,
            minute,
        })
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<Purchase, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.csv.read_record(&mut self.row.0) {
            Ok(false) => None,
            Ok(true) => Some(self.purchase()),
            Err(error) => Some(Err(error.into())),
        }
    }
}

fn reader<R: Read>(from: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(from)
}

impl Row {
    fn time(&self, at: usize) -> Result<(Day, u16), LineError> {
        let text = self.cell(at);
        let wrong = || self.wrong(DATE, at, "is no date such as 2011-05-31 or 2011-05-31 14:05");
        let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "0:0"));
        let date = date.parse::<Date>().map_err(|_| wrong())?;
        let mut clock = clock.split(':').map(|part| part.parse::<u16>().ok());
        let (hour, minute) = (clock.next().flatten(), clock.next().flatten());
        match (hour, minute) {
            (Some(hour @ ..24), Some(minute @ ..60)) => Ok((Day::of(date), hour * 60 + minute)),
            (Some(_) | None, Some(_) | None) => Err(wrong()),
        }
    }

    fn number(&self, column: Column, at: usize) -> Result<f64, LineError> {
        let number = self.cell(at).parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong(column, at, "is no number such as 12 or 2.55"))
    }

    fn id(&self, column: Column, at: usize) -> Result<String, LineError> {
        let id = self.cell(at);
        if id.len() > MAX_ID {
            return Err(self.wrong(column, at, "is longer than 64 bytes"));
        }
        Ok(id.to_owned())
    }

    fn cell(&self, at: usize) -> &str {
        self.0.get(at).unwrap_or_default()
    }

    fn wrong(&self, column: Column, at: usize, problem: &'static str) -> LineError {
        let line = self.0.position().map_or(1, csv::Position::line);
        let value = cut(self.cell(at), 40).to_owned();
        LineError::Cell { line, column: column.0, value, problem }
    }
}

impl Columns {
    fn find(first_row: &StringRecord) -> Result<Self, LineError> {
        let needed = |column: Column| needed(first_row, column);
        Ok(Self {
            order: needed(ORDER)?,
            product: needed(PRODUCT)?,
            name: place(first_row, NAME),
            quantity: needed(QUANTITY)?,
            date: needed(DATE)?,
            price: needed(PRICE)?,
            customer: needed(CUSTOMER)?,
        })
    }
}

fn place(first_row: &StringRecord, column: Column) -> Option<usize> {
    let is_it = |name: &str| {
        let name = name.trim_start_matches('\u{feff}');
        let other = OTHER_NAMES.iter().any(|(of, other)| *of == column.0 && same(name, other));
        same(name, column.0) || same(name, column.1) || other
    };
    first_row.iter().position(is_it)
}

fn needed(first_row: &StringRecord, column: Column) -> Result<usize, LineError> {
    place(first_row, column).ok_or_else(|| {
        let found = cut(&first_row.iter().collect::<Vec<_>>().join(", "), 300).to_owned();
        LineError::NoColumn { wanted: column.0, alias: column.1, found }
    })
}

/// A contact by phone that an agent has handled.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The customer's id; empty if it is not known.
    pub customer: String,
    /// The day.
    pub day: Day,
    /// How long it took an agent.
    pub minutes: f64,
}

/// A file of contacts, read one after the other.
pub struct Contacts<R> {
    csv: csv::Reader<R>,
    /// Customer, date, minutes.
    columns: [usize; 3],
    row: Row,
}

impl<R: Read> Contacts<R> {
    /// Reads the first row.
    ///
    /// # Errors
    ///
    /// [`LineError::NoColumn`], or what the source of the bytes says.
    pub fn open(from: R) -> Result<Self, LineError> {
        let mut csv = reader(from);
        let first_row = csv.headers()?;
        let columns = [needed(first_row, CUSTOMER)?, needed(first_row, DATE)?, needed(first_row, MINUTES)?];
        Ok(Self { csv, columns, row: Row::default() })
    }

    fn contact(&self) -> Result<Contact, LineError> {
        let ([customer, date, minutes], row) = (self.columns, &self.row);
        let spent = row.number(MINUTES, minutes)?;
        if !(0.0..=MAX_MINUTES).contains(&spent) {
            return Err(row.wrong(MINUTES, minutes, "is no time that a contact takes"));
        }
        Ok(Contact { customer: row.id(CUSTOMER, customer)?, day: row.time(date)?.0, minutes: spent })
    }
}

impl<R: Read> Iterator for Contacts<R> {
    type Item = Result<Contact, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.csv.read_record(&mut self.row.0) {
            Ok(false) => None,
            Ok(true) => Some(self.contact()),
            Err(error) => Some(Err(error.into())),
        }
    }
}

const fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The beginning of a text, at most so many bytes, whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
