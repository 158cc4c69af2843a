//! What we do at trunks and agents' phones of our own accord: asking whether they are there, and registering with trunks.
//!
//! * [`health`](Health) decides from the answers to OPTIONS whether a trunk is up, or a phone there;
//! * `phones` asks agents' phones, evenly spread, and knows from bindings which are there;
//! * `registering` decides when to register again, and for how long to ask;
//! * `targets` decides which of a trunk's addresses is asked, and which after it;
//! * `request` writes the requests, `peer` sends them and answers challenges.
//!
//! Where a trunk is, is told: nothing is looked up here.

mod health;
mod peer;
mod phones;
mod registering;
mod request;
mod rota;
mod stack;
mod targets;

pub use health::Health;
pub use phones::{Followed, Home};
pub use registering::{LONGEST_S, SHORTEST_S};
pub use rota::{MAX_ASKED, MAX_GONE_ASKED};

pub(crate) use peer::Peer;
pub(crate) use phones::Phones;

use crate::auth::{NoAnswer, Password};
use std::time::Duration;

/// What we do at a trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// Its name in the configuration.
    pub trunk: String,
    /// Where it is, as a Request-URI without a user: `sip:carrier.example`.
    pub uri: String,
    /// Who we are there; a challenge is not answered without.
    pub login: Option<(String, Password)>,
    /// How often it is asked whether it is there; none: never.
    pub probe_every: Option<Duration>,
    /// How long a registration there is to last; none: we do not register. Needs a login.
    pub register_for: Option<Duration>,
}

/// What has come about at a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkNews {
    /// It answers now, or no longer.
    Health(Health),
    /// It takes calls for us to here, for so many seconds.
    Registered {
        /// Seconds granted.
        for_s: u32,
    },
    /// It did not register us; it is tried again.
    NotRegistered(NotRegistered),
    /// Our registration has run out, and could not be renewed in time.
    Lapsed,
    /// Our registration is taken back, as we end.
    Unregistered,
    /// It asks who we are, in a call of ours, and does not get or take our answer.
    NotSignedIn(NoAnswer),
}

/// Why a trunk did not register us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRegistered {
    /// It answered with this status.
    #[error("it answered {0}")]
    Refused(u16),
    /// It wants more seconds than we ask for (423), and more than make sense.
    #[error("it wants registrations of a length that makes no sense")]
    Interval,
    /// Nobody answered, or nobody could be connected to.
    #[error("nobody answers")]
    NoAnswer,
    /// Its address is not known yet.
    #[error("its address is not known")]
    NoAddress,
    /// Its challenge could not be answered.
    #[error("{0}")]
    Login(NoAnswer),
}
