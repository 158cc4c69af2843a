//! Limits how often one source may be wrong about who it is.
//!
//! A source that was wrong too often is told to wait for the rest of its minute. The right token always opens, since a
//! source may stand for many people: an office behind one address, a proxy on this machine. So one who guesses, or a
//! program with an old token, locks out nobody else; what keeps tokens from being guessed is their length, which the
//! configuration sees to.

use crate::site::site;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time over which wrong tokens of a source are counted, from the first one on.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Sources that are counted by themselves; further ones are counted as one.
pub const SOURCES: usize = 4_096;
/// All sources beyond [`SOURCES`]. Nobody connects from it.
const THE_REST: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What becomes of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Come in.
    Welcome,
    /// The token is wrong. It is the source's first within a minute: worth a line in the log.
    FirstWrong,
    /// The token is wrong.
    Wrong,
    /// The token is wrong, as too many before it were: told to come again after so long.
    Wait(Duration),
}

/// Wrong tokens by source.
#[derive(Debug)]
pub struct Guesses {
    most: u32,
    sources: Mutex<HashMap<IpAddr, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    wrong: u32,
}

impl Guesses {
    /// A source may be wrong `most` times a minute.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { most, sources: Mutex::default() }
    }
    /// Somebody at `from` has shown a token, which is `right` or not.
    pub fn judge(&self, from: IpAddr, right: bool, now: Instant) -> Verdict {
        if right {
            return Verdict::Welcome;
        }
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let source = place_of(site(from), &mut sources, now);
        let counted = sources.get(&source).copied().filter(|count| !count.is_over(now));
        match counted {
            Some(count) if count.wrong >= self.most => {
                Verdict::Wait(WINDOW.saturating_sub(now.duration_since(count.since)))
            }
            Some(count) => {
                sources.insert(source, Count { wrong: count.wrong + 1, ..count });
                Verdict::Wrong
            }
            None => {
                sources.insert(source, Count { since: now, wrong: 1 });
                Verdict::FirstWrong
            }
        }
    }
}

impl Count {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= WINDOW
    }
}

/// As which source an address is counted. Those whose minute is over make room when it is needed.
fn place_of(source: IpAddr, sources: &mut HashMap<IpAddr, Count>, now: Instant) -> IpAddr {
    if sources.contains_key(&source) || sources.len() < SOURCES {
        return source;
    }
    sources.retain(|_, count| !count.is_over(now));
    if sources.len() < SOURCES { source } else { THE_REST }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUESSER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn who_is_wrong_too_often_waits_and_nobody_with_a_token_does() {
        let (guesses, start) = (Guesses::new(3), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(guesses.judge(GUESSER, false, at(0)), Verdict::FirstWrong);
        assert_eq!(guesses.judge(GUESSER, false, at(1)), Verdict::Wrong);
        assert_eq!(guesses.judge(GUESSER, true, at(2)), Verdict::Welcome, "a slip of the finger");
        assert_eq!(guesses.judge(GUESSER, false, at(3)), Verdict::Wrong);
        assert_eq!(guesses.judge(GUESSER, false, at(4)), Verdict::Wait(Duration::from_secs(56)));
        assert_eq!(
            guesses.judge(GUESSER, true, at(20)),
            Verdict::Welcome,
            "a colleague behind the same address"
        );
        assert_eq!(guesses.judge(GUESSER, false, at(20)), Verdict::Wait(Duration::from_secs(40)));
        assert_eq!(guesses.judge(OTHER, false, at(20)), Verdict::FirstWrong);
        assert_eq!(guesses.judge(GUESSER, true, at(60)), Verdict::Welcome);
        assert_eq!(guesses.judge(GUESSER, false, at(61)), Verdict::FirstWrong);
    }

    #[test]
    fn a_customer_s_ipv6_network_is_one_source() {
        let (guesses, now) = (Guesses::new(1), Instant::now());
        let at = |text: &str, right| guesses.judge(text.parse().unwrap(), right, now);
        assert_eq!(at("2001:db8:1:2::3", false), Verdict::FirstWrong);
        assert_eq!(at("2001:db8:1:2:ffff::9", false), Verdict::Wait(WINDOW));
        assert_eq!(at("2001:db8:1:3::3", false), Verdict::FirstWrong);
    }

    #[test]
    fn the_table_is_bounded() {
        let (guesses, now) = (Guesses::new(1), Instant::now());
        let crowd = |n: u32| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n));
        for n in 0..u32::try_from(SOURCES).unwrap() + 100 {
            guesses.judge(crowd(n), false, now);
        }
        assert_eq!(guesses.sources.lock().unwrap().len(), SOURCES + 1);
        assert!(matches!(guesses.judge(GUESSER, false, now), Verdict::Wait(_)));
        assert_eq!(guesses.judge(GUESSER, true, now), Verdict::Welcome);
        let later = now + WINDOW;
        assert_eq!(guesses.judge(GUESSER, false, later), Verdict::FirstWrong);
        assert_eq!(guesses.sources.lock().unwrap().len(), 1);
    }
}
