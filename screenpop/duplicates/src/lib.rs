//! Which of a shop's cards are one person's, in Indonesian tables above all: households with one phone, names in old
//! spelling and short forms, cards under another's name.
//!
//! [`find()`] compares what shares a key (`blocking`), weighs how far they agree (`model`) by what the table itself
//! teaches (`train`), and puts cards together that go together as a whole (`cluster`). What people decide stands in
//! a [`Ledger`] and comes before everything; nothing is merged but by a rule that can be taken back. [`sample`] invents
//! cards whose truth is known.
//!
//! Pure: tables come in as text, the seed as a number, and nothing goes out but values. No clock, no files; threads
//! only to compare, joined before [`find()`] returns, and the result is the same with any number of them.

mod blocking;
mod card;
mod cluster;
mod columns;
mod compare;
mod decision;
mod deck;
mod find;
pub mod measure;
mod model;
mod normal;
mod random;
pub mod reasons;
pub mod sample;
mod terms;
mod train;

pub use card::{Card, Cards, MAX_CARDS, ReadError};
pub use columns::{ColumnError, Columns, ROLES, Role};
pub use compare::{ALL, Field};
pub use decision::{Act, Entry, Ledger, LedgerError, Rulings, Verdict};
pub use find::{Doubt, Found, Options, Person, Step, find};
pub use model::Model;
