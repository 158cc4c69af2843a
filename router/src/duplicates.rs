//! `sambung duplicates`: which cards of a customer table are one person's, and what people decide about it.
//!
//! A shell around the crate `duplicates`: reads tables, keeps the ledger of decisions, writes what was found, asks. A
//! table is only ever read; what is decided stands beside it and can be taken back.

pub mod command;
mod ledger;
mod page;
mod results;
mod review;
mod words;

use duplicates::{Cards, Found, Options, ReadError, Rulings, Step};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Why it cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum DuplicatesError {
    /// A file.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The table.
    #[error("{path}: {error}")]
    Table {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: ReadError,
    },
    /// The decisions.
    #[error("{path}: {error}")]
    Ledger {
        /// Which.
        path: PathBuf,
        /// What is wrong with them, or with what was to be added.
        error: duplicates::LedgerError,
    },
    /// A card that is not there.
    #[error("{path} has no card {id:?}")]
    NoSuchCard {
        /// The table.
        path: PathBuf,
        /// What was asked for.
        id: String,
    },
    /// `--column` that is none.
    #[error("--column {0:?} cannot be read; write ROLE=HEADING, such as name=\"Nama Pelanggan\"")]
    Column(String),
    /// Nobody to put the decision down to.
    #[error("say who decides: --by NAME")]
    Nobody,
    /// More people than cards, or too many.
    #[error("at least one person, at least as many cards, and at most {} cards", duplicates::MAX_CARDS)]
    Sample,
    /// The terminal.
    #[error("the answer cannot be read or shown: {0}")]
    Terminal(io::Error),
}

impl DuplicatesError {
    /// Whether what was asked is at fault, and not the machine.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Table { .. }
            | Self::Ledger { .. }
            | Self::NoSuchCard { .. }
            | Self::Column(_)
            | Self::Nobody
            | Self::Sample => true,
            Self::Io { .. } | Self::Terminal(_) => false,
        }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Reads a table; `columns` are texts `ROLE=HEADING`.
fn read(path: &Path, columns: &[String]) -> Result<Cards, DuplicatesError> {
    let pair = |text: &String| {
        let (role, heading) = text.split_once('=').ok_or_else(|| DuplicatesError::Column(text.clone()))?;
        Ok((role.trim().to_lowercase(), heading.trim().to_owned()))
    };
    let given = columns.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
    let file = File::open(path).map_err(DuplicatesError::io(path))?;
    Cards::read(file, &given).map_err(|error| DuplicatesError::Table { path: path.to_owned(), error })
}

/// One run, telling how far it is.
fn run(cards: &Cards, rulings: &Rulings, seed: u64, tell: &dyn Fn(&str)) -> Found {
    // Two at most: the machine that routes calls has other things to do.
    let threads = std::thread::available_parallelism().map_or(1, |there| there.get().min(2));
    let options = Options { seed, threads, ..Options::default() };
    duplicates::find(cards, rulings, &options, &|step| tell(&told(step)))
}

fn told(step: Step) -> String {
    use words::count;
    match step {
        Step::Read(cards) => format!("{} cards read", count(cards)),
        Step::Blocked(pairs) => format!("{} pairs to compare", count(pairs)),
        Step::Compared(pairs) => format!("compared; {} are not out of the question", count(pairs)),
        Step::Learnt => "weighed by what this table teaches".to_owned(),
        Step::Found(people) => format!("{} people", count(people)),
    }
}
