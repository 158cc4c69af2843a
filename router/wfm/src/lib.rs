//! Counts: intervals, service levels, identities, staffing formulas.
//!
//! Pure: no clock, no file, no task. Rows and the zone come in as arguments, tables go out as values. Where the rows
//! come from and how the tables are shown is left to others.
//!
//! Instants are microseconds since the Unix epoch, UTC ([`Micros`]); queues and agents are places in lists that the
//! caller keeps.

pub mod erlang;
pub mod identities;
pub mod interval;
pub mod rows;
pub mod service_level;
pub mod tally;

/// An instant, or a length of time, in microseconds.
pub type Micros = i64;

/// The version of the definitions by which everything here counts; printed with every number that leaves the house.
///
/// 1: *offered*: the interval of the entry. *answered*, *abandoned*, *flow_out*, *lost* and *rona*: the interval of
/// that event; a call lost after its answer stays answered. *handled*: the interval in which the wrap-up ended, or
/// the conversation when none follows. *answered_in_t*, *abandoned_in_t*, *short_abandoned*: with their event; from
/// entry to the phone's 2xx, ring included; whole milliseconds; exactly T is within. *asa_s*: waits of answered
/// calls / answered. *aht_s*: (talk + hold + wrap-up) of the handled calls / handled. *talk_s*, *hold_s*,
/// *wrap_up_s*: agents' time on calls of the queue, cut at the interval's bounds. *occupancy_ratio*: (talk + hold +
/// wrap-up) / (talk + hold + wrap-up + ready) of the agents who serve the queue, on calls of any queue, cut likewise.
pub const DEFINITIONS: &str = "1";
