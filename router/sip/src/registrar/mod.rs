//! Phones that register: who may, where each can be rung now, and until when (RFC 3261 §10.3).
//!
//! [`Registrar`] answers REGISTER requests and keeps the bindings of each user; the flow a REGISTER came over is where
//! the phone is rung, whatever its Contact says of its own address (RFC 3581, RFC 5626). Whose phone a user's is, what
//! it means that it is gone, and retransmissions of one request are left to others.

mod answer;
mod bindings;
mod book;
mod contact;
mod limits;
mod outcome;
mod record;
mod refusal;
mod register;
mod stumble;
mod throttle;

pub use limits::{
    DEFAULT_EXPIRES_S, MAX_BINDINGS, MAX_EXPIRES_S, MAX_PER_USER, MIN_EXPIRES_S, QUESTIONS_PER_SECOND,
};
pub use outcome::{Event, Handled, Outcome, Reply, Target, Why};
pub use record::BindingRecord;
pub use register::{Registrar, Settings};
pub use stumble::ASKED;
pub use throttle::{FREE_FAILURES, LONGEST_SILENCE, SOURCES};
