//! Plays the people around a call router: callers behind a PBX, agents' phones, agents' desktops.
//!
//! Real SIP over UDP and real WebSockets, on this machine only. The router under test is a black box: everything
//! counted here is what callers, phones and desktops saw themselves. [`play()`] runs a whole [`Scenario`]; [`Callers`],
//! [`Phones`] and [`Desktops`] can be started one by one, as a demonstration does.
//!
//! Every run is bounded: calls in progress, sockets and desktops have limits (see [`plan`]), and what is kept of a
//! call is dropped when it is over.

mod alarms;
mod caller;
mod callers;
mod cpu;
mod crowd;
mod desktop;
mod desktops;
mod dialog;
mod engine;
mod figures;
mod journal;
mod loopback;
mod media;
mod message;
mod phone;
mod phones;
pub mod plan;
mod play;
pub mod random;
mod reply;
pub mod report;
mod resend;
mod stop;
mod stray;
mod tally;
mod timeline;
mod weather;

pub use callers::{Callers, StartError};
pub use cpu::{CpuClock, Machine};
pub use crowd::{CrowdError, CrowdFigures, CrowdPlan, Stage, StageFigures, play_crowd};
pub use desktops::Desktops;
pub use figures::{DesktopFigures, Failure, Figures, Latency};
pub use journal::Journal;
pub use loopback::{NotLoopback, loopback};
pub use media::MediaFigures;
pub use phones::Phones;
pub use plan::{Arrivals, CallersPlan, DesktopsPlan, Manners, Person, PhonesPlan, Scenario, Seat};
pub use play::{PlayError, play};
pub use random::Spread;
pub use report::Report;
pub use stop::{Stop, StopSwitch, stop};
pub use tally::Tally;
pub use timeline::{Slice, Timeline};
pub use weather::{Line, Passing, Way, Weather};
