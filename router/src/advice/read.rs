//! Reads files of order lines and of contacts, and says how far it is.

use super::command::AdviceError;
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};
use suggest::{
    Purchase,
    lines::{Contact, Contacts, LineError, Lines},
};

/// Lines between two words about how far it is.
const TELL_EVERY: u64 = 250_000;
/// Wrong lines that are told one by one.
const TOLD: u64 = 5;

/// Every purchase line that can be read.
pub(super) fn lines(path: &Path, tell: &impl Fn(&str)) -> Result<Vec<Purchase>, AdviceError> {
    let lines = Lines::open(open(path)?).map_err(|error| unreadable(path, error))?;
    sound(path, lines, tell)
}

/// Every contact that can be read.
pub(super) fn contacts(path: &Path, tell: &impl Fn(&str)) -> Result<Vec<Contact>, AdviceError> {
    let contacts = Contacts::open(open(path)?).map_err(|error| unreadable(path, error))?;
    sound(path, contacts, tell)
}

fn open(path: &Path) -> Result<Box<dyn Read>, AdviceError> {
    let file = File::open(path).map_err(|error| AdviceError::Io { path: path.to_owned(), error })?;
    let packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    Ok(match packed {
        true => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        false => Box::new(file),
    })
}

/// Some rows that cannot be read are told and left out; more than one in a hundred are an error.
fn sound<T>(
    path: &Path,
    rows: impl Iterator<Item = Result<T, LineError>>,
    tell: &impl Fn(&str),
) -> Result<Vec<T>, AdviceError> {
    let (mut found, mut wrong, mut first) = (Vec::new(), 0, None);
    for row in rows {
        match row {
            Ok(row) => found.push(row),
            Err(LineError::Csv(error)) if error.is_io_error() => return Err(unreadable(path, error.into())),
            Err(error) => {
                wrong += 1;
                if wrong <= TOLD {
                    tell(&format!("left out: {error}"));
                }
                first.get_or_insert(error.to_string());
            }
        }
        let all = found.len() as u64 + wrong;
        if all.is_multiple_of(TELL_EVERY) {
            tell(&format!("{all} lines read"));
        }
    }
    let all = found.len() as u64 + wrong;
    if wrong > 0 {
        tell(&format!("{wrong} of {all} lines cannot be read and are left out"));
    }
    match first {
        Some(first) if wrong * 100 > all => {
            Err(AdviceError::TooManyWrong { path: path.to_owned(), wrong, all, first })
        }
        Some(_) | None => Ok(found),
    }
}

fn unreadable(path: &Path, error: LineError) -> AdviceError {
    AdviceError::Lines { path: path.to_owned(), error }
}
