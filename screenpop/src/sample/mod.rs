//! Four small department databases of invented customers, for the demo and for tests.
//!
//! The same seed gives the same rows. Each department has ids and table names of its own and knows only part of the
//! customers, as it is in life; some numbers are shared by a family or a company, some names are hostile on purpose.
//! Nobody in it is real; a number may by chance belong to somebody, so call them in simulations only.

mod departments;
mod people;
mod random;
mod write;

pub use departments::{sources, toml};
pub use write::write;

use std::path::PathBuf;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// All customers, in a fixed order.
    pub customers: Vec<SampleCustomer>,
}

/// An invented customer, to call from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleCustomer {
    /// The name that the departments know; in part hostile to careless readers.
    pub name: String,
    /// The telephone number, valid by libphonenumber's rules.
    pub e164: String,
    /// The number as one PBX or another would spell it in the user part of From.
    pub dialled: String,
    /// Whether other customers have the same number.
    pub shared: bool,
}

/// Why the sample could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A file of the same name is there, and it is no sample of ours.
    #[error("{0} exists and is no sample database; it is left alone. Choose another folder")]
    NotASample(PathBuf),
    /// The folder cannot be used.
    #[error("cannot write the sample to {path}: {error}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database refused.
    #[error("cannot write the sample database {path}: {error}")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        error: sqlx::Error,
    },
}
