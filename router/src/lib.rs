//! The router: the shells that carry, around the brain that decides.
//!
//! `brain` is the loop that owns everything on the path of a call; `roles` puts a process together.

pub mod announcer;
pub mod backup;
pub mod brain;
pub mod changes_file;
pub mod clock;
pub mod control;
pub mod demo;
pub mod desks;
pub mod drain;
pub mod follower;
pub mod ground;
pub mod http;
pub mod inbox;
pub mod inspect;
pub mod live;
pub mod load;
pub mod log;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod office;
pub mod process;
pub mod records;
pub mod recovery;
pub mod relay;
pub mod reload;
pub mod resolve;
pub mod roles;
pub mod secret;
pub mod sip_edge;
pub mod states;
pub mod streams;
pub mod supervisor;
pub mod timetable;
pub mod trunks;
pub mod whatif;
pub mod why;
