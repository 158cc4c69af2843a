//! Who is calling, and what the agent should see about them before the phone rings.
//!
//! [`caller`] reads the caller's number out of SIP headers (pure). [`ScreenPop`] asks every department's database in
//! parallel and fills a [`Card`] section by section, each source within its own deadline; what to offer the caller comes
//! from a model that was trained before ([`AdviceSpec`]). [`sample`] writes four small department databases for the demo
//! and for tests.
//!
//! Left to others: SIP itself, who may connect and with which roles, and sending cards to desktops.

mod advice;
mod board;
pub mod caller;
mod card;
mod lookup;
mod matching;
mod question;
pub mod sample;
mod sources;

pub use advice::{AdviceSpec, SUGGESTIONS};
pub use card::{Candidate, Card, Match, MatchKind, Section, SectionStatus};
pub use lookup::{MAX_LOOK_UPS, ScreenPop, SelectError};
pub use sources::params::{self, ParamError};
pub use sources::sqlite::{CONNECTIONS, MAX_CELL_BYTES, MAX_ROWS, MAX_SECTION_BYTES};
pub use sources::{OpenError, SectionSpec, SourceSpec};
pub use suggest::value::{CallPriority, Rung, ValueRules};
