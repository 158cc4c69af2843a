//! Bad weather on purpose: datagrams lost, doubled, late and overtaken, both ways, by a seed.

use crate::random::{Dice, parse_duration};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Most a datagram that is to be overtaken is later than the others.
const OVERTAKEN: Duration = Duration::from_millis(100);
/// Datagrams on their way at most: what a burst holds back. More are lost, as on a real line.
const ON_THEIR_WAY: usize = 65_536;

/// What happens to datagrams on their way, in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weather {
    /// Share lost.
    pub loss: f64,
    /// Share that arrives twice.
    pub duplicate: f64,
    /// Share that is up to 100 ms later than the rest, so that others overtake it.
    pub reorder: f64,
    /// How late everything is.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub delay: Duration,
}

impl Weather {
    /// The shares, by their keys.
    pub(crate) fn shares(&self) -> [(&'static str, f64); 3] {
        [("loss", self.loss), ("duplicate", self.duplicate), ("reorder", self.reorder)]
    }
}

fn write_time<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    format!("{}ms", time.as_millis()).serialize(to)
}

fn read_time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse_duration(&String::deserialize(from)?).map_err(de::Error::custom)
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the user agents.
    In,
    /// From them.
    Out,
}

/// A datagram with the other end's address.
#[derive(Debug)]
pub struct Passing {
    /// Which way it goes.
    pub way: Way,
    /// The other end.
    pub peer: SocketAddr,
    /// What it says.
    pub bytes: Bytes,
}

/// The line between user agents and the rest of the world.
#[derive(Debug)]
pub struct Line {
    weather: Weather,
    dice: Dice,
    /// By the time of arrival, then by that of departure.
    under_way: BinaryHeap<Reverse<(Instant, u64)>>,
    passing: std::collections::HashMap<u64, Passing>,
    departed: u64,
}

impl Line {
    /// A line with nothing on its way.
    #[must_use]
    pub fn new(weather: Weather, dice: Dice) -> Self {
        Self {
            weather,
            dice,
            under_way: BinaryHeap::new(),
            passing: std::collections::HashMap::new(),
            departed: 0,
        }
    }
    /// A datagram departs `now`. Given back when it arrives at once.
    pub fn depart(&mut self, datagram: Passing, now: Instant) -> Option<Passing> {
        if self.weather == Weather::default() {
            return Some(datagram);
        }
        if self.dice.chance(self.weather.loss) {
            return None;
        }
        if self.dice.chance(self.weather.duplicate) {
            let Passing { way, peer, bytes } = &datagram;
            self.hold(Passing { way: *way, peer: *peer, bytes: bytes.clone() }, now);
        }
        self.hold(datagram, now);
        None
    }
    fn hold(&mut self, datagram: Passing, now: Instant) {
        if self.passing.len() == ON_THEIR_WAY {
            return;
        }
        let late = self.dice.chance(self.weather.reorder);
        let more = if late { OVERTAKEN.mul_f64(self.dice.unit()) } else { Duration::ZERO };
        self.departed += 1;
        self.under_way.push(Reverse((now + self.weather.delay + more, self.departed)));
        self.passing.insert(self.departed, datagram);
    }
    /// When the next one arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse((at, _))| *at)
    }
    /// The next one that has arrived by `now`.
    pub fn arrive(&mut self, now: Instant) -> Option<Passing> {
        let Reverse((at, number)) = *self.under_way.peek()?;
        if at > now {
            return None;
        }
        self.under_way.pop();
        self.passing.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u32 = 10_000;

    /// Sends datagrams a millisecond apart; what arrives, with how late it was.
    fn through(weather: Weather) -> Vec<(u32, Duration)> {
        let mut line = Line::new(weather, Dice::new(7, 1));
        let (start, peer) = (Instant::now(), "127.0.0.1:5060".parse().unwrap());
        let mut arrived = Vec::new();
        for number in 0..COUNT + 1_000 {
            let now = start + Duration::from_millis(number.into());
            let bytes = Bytes::copy_from_slice(&number.to_be_bytes());
            let departs =
                (number < COUNT).then(|| line.depart(Passing { way: Way::In, peer, bytes }, now)).flatten();
            let came = std::iter::from_fn(|| line.arrive(now)).collect::<Vec<_>>();
            for datagram in departs.into_iter().chain(came) {
                let sent = u32::from_be_bytes(datagram.bytes[..].try_into().unwrap());
                arrived.push((sent, now - (start + Duration::from_millis(sent.into()))));
            }
        }
        assert!(line.next_arrival().is_none());
        arrived
    }

    #[test]
    fn calm_weather_holds_nothing_back() {
        let arrived = through(Weather::default());
        assert_eq!(arrived.len(), COUNT as usize);
        assert!(arrived.iter().all(|(_, late)| late.is_zero()));
    }

    #[test]
    fn shares_are_kept_and_nothing_is_earlier_than_the_delay() {
        let delay = Duration::from_millis(300);
        let arrived = through(Weather { loss: 0.05, duplicate: 0.2, reorder: 0.25, delay });
        let expected = f64::from(COUNT) * 0.95 * 1.2;
        assert!((arrived.len() as f64 - expected).abs() < 250.0, "{}", arrived.len());
        assert!(
            arrived
                .iter()
                .all(|(_, late)| (delay..=delay + OVERTAKEN + Duration::from_millis(1)).contains(late))
        );
        let overtaken = arrived.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
        assert!(overtaken > 1_000, "{overtaken}");
    }
}
