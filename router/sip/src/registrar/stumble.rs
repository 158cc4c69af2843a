//! Phones that do not get over a choice.
//!
//! A 401 has one challenge for each algorithm (RFC 8760 §2.3), and a phone answers one that it knows. Many in the field do
//! not: they look at the first one alone, or give up over any that they do not know, and try again from the start a minute
//! later. Such a phone is then challenged by the last algorithm alone, and by what it has answered with ever after.

use crate::{Flow, Micros, aged::Aged};
use std::{net::IpAddr, time::Duration};

/// Most phones of which this is remembered.
pub const ASKED: usize = 4_096;
/// A phone that asks again sooner has not given up: it sends by two ways, or did not get our answer.
const SOONEST: Duration = Duration::from_secs(1);
/// A phone that asks again later was switched off.
const LATEST: Duration = Duration::from_secs(600);
/// Longest user part that is remembered, in octets.
const LONGEST_USER: usize = 64;

/// Where it is, and whose it says it is.
type Phone = (IpAddr, String);

/// Remembers who was given a choice and did not answer.
pub(crate) struct Stumbles {
    /// Whether it has stumbled.
    asked: Aged<Phone, bool>,
}

impl Stumbles {
    pub(crate) const fn new() -> Self {
        Self { asked: Aged::with_room_for(ASKED) }
    }
    /// A phone asks without an answer to a challenge. Whether it is to be given one challenge alone.
    pub(crate) fn asks(&mut self, flow: &Flow, user: &str, now: Micros) -> bool {
        let Some(phone) = phone(flow, user) else { return false };
        let stumbles = match self.asked.get(&phone) {
            Some((_, true)) => true,
            Some((asked, false)) if now < asked.after(SOONEST) => return false,
            Some((asked, false)) => now <= asked.after(LATEST),
            None => false,
        };
        self.asked.put(phone, stumbles, now);
        stumbles
    }
    /// A phone has answered, out of a choice or as if there was one: it does not stumble.
    pub(crate) fn chose(&mut self, flow: &Flow, user: &str) {
        if let Some(phone) = phone(flow, user) {
            self.asked.remove(&phone);
        }
    }
}

fn phone(flow: &Flow, user: &str) -> Option<Phone> {
    (user.len() <= LONGEST_USER).then(|| (flow.peer.ip().to_canonical(), user.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(peer: &str) -> Flow {
        Flow::udp(peer.parse().unwrap())
    }
    const fn at(seconds: u64) -> Micros {
        Micros(seconds * 1_000_000)
    }

    #[test]
    fn who_comes_back_without_an_answer_has_stumbled() {
        let (mut stumbles, phone) = (Stumbles::new(), flow("192.0.2.7:5060"));
        assert!(!stumbles.asks(&phone, "ann", at(100)));
        assert!(!stumbles.asks(&phone, "ann", Micros(100_900_000)), "by two ways at once");
        assert!(!stumbles.asks(&phone, "ben", at(130)), "another phone there");
        assert!(stumbles.asks(&flow("192.0.2.7:40000"), "ann", at(160)), "whatever port it sends from");
        assert!(stumbles.asks(&phone, "ann", at(90_000)), "and is known for it from then on");
        stumbles.chose(&phone, "ann");
        assert!(!stumbles.asks(&phone, "ann", at(90_060)));
    }

    #[test]
    fn who_was_switched_off_has_not() {
        let (mut stumbles, phone) = (Stumbles::new(), flow("192.0.2.7:5060"));
        assert!(!stumbles.asks(&phone, "ann", at(100)) && !stumbles.asks(&phone, "ann", at(701)));
    }

    #[test]
    fn as_many_are_remembered_as_there_is_room_for() {
        let (mut stumbles, phone) = (Stumbles::new(), flow("192.0.2.7:5060"));
        (0..10_000).for_each(|n| assert!(!stumbles.asks(&phone, &format!("user-{n}"), at(n))));
        assert!(
            !stumbles.asks(&phone, &"x".repeat(65), at(1)) && !stumbles.asks(&phone, &"x".repeat(65), at(9))
        );
        assert_eq!(stumbles.asked.len(), ASKED);
    }
}
