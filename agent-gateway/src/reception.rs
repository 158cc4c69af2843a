//! Decides whose token it is that somebody shows, and when who was wrong at an address too often may try again.
//!
//! A wrong token and an agent who is not there are the same to whoever asks.

use crate::{
    config::{AgentAccess, Roster, Shelf},
    refusal::{DeskRefusal, OnRefusal},
};
use porter::{Guesses, Verdict};
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// Wrong tokens that one address may show in a minute: an office of agents who mistype theirs, and no more.
const MAX_WRONG: u32 = 30;

/// Knows everybody, and counts who was wrong.
pub(crate) struct Reception {
    roster: Arc<Shelf>,
    guesses: Guesses,
    on_refusal: OnRefusal,
}

/// Why somebody could not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TurnedAway {
    /// It is nobody's token, or there was none.
    #[error("this token is not known")]
    Unknown,
    /// Too many from this address were wrong.
    #[error("too many tokens from this address were wrong; try again in {seconds} s")]
    Wait {
        /// When to come again.
        seconds: u64,
    },
}

impl Reception {
    pub(crate) fn new(roster: Arc<Shelf>, on_refusal: OnRefusal) -> Self {
        Self { roster, guesses: Guesses::new(MAX_WRONG), on_refusal }
    }

    /// The roster in force.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        self.roster.get()
    }

    /// The agent with this token, which was shown from this address.
    pub(crate) fn who(&self, token: &str, from: IpAddr) -> Result<AgentAccess, TurnedAway> {
        let agent = self.roster.get().by_token(token).cloned();
        match self.guesses.judge(from, agent.is_some(), Instant::now()) {
            Verdict::Welcome | Verdict::Wrong => {}
            Verdict::FirstWrong => {
                tracing::info!(source = %from, "a desk's token is not known; told once a minute for a source");
            }
            Verdict::Wait(time) => {
                (self.on_refusal)(DeskRefusal::TooMany);
                return Err(TurnedAway::Wait { seconds: whole_seconds(time) });
            }
        }
        agent.ok_or_else(|| {
            (self.on_refusal)(DeskRefusal::WrongToken);
            TurnedAway::Unknown
        })
    }
}

/// Rounded up, so that whoever comes then is not early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_as_long_as_told_is_not_early() {
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(60)), 60);
    }
}
