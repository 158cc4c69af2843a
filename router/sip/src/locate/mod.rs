//! Where a URI leads (RFC 3263 §4): which questions DNS is asked, and what follows from its answers.
//!
//! A [`Search`] says what to ask next and takes the answer, until it has [`Places`]. Who asks, and how long an answer is
//! good for, is the shell's business.
//!
//! ```text
//! address ─────────────────────────────────────────────► there
//! name with a port ────────────────────────────────────► A, AAAA
//! name with a transport ──► SRV of it ── none ─────────► A, AAAA
//! name alone ──► NAPTR ──► SRV of each
//!                  └─ none ──► SRV of UDP, TCP, TLS ── none ──► A, AAAA
//! ```

mod records;
mod search;

pub use records::{Naptr, Srv};
pub use search::{Answer, MAX_QUESTIONS, Places, Question, Search, Wanted};
