//! Where the names of phones and trunks lead, as far as it is known, and which of these places is rung.

use sip::{CallKey, Flow, LegKey, Phone};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// Ends of a phone's leg that mean that nobody was there: no answer, or no way there (RFC 3263 §4.3).
const NOBODY: [u16; 2] = [408, 503];

/// Where a URI leads.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts {
    /// There.
    pub to: Place,
    /// Whether it leaves the transport open.
    pub any_transport: bool,
}

/// An address, or a name that leads to some.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// An address.
    At(Flow),
    /// A name, by its place among the names.
    Named(usize),
}

/// What was found, by the place of the name.
#[derive(Default)]
pub struct Located {
    flows: HashMap<usize, Vec<Flow>>,
    trunks: Vec<(String, usize)>,
    /// Legs that ring a phone that has a name, with its place and where it is rung.
    ringing: HashMap<LegKey, (usize, Flow)>,
}

impl Located {
    /// These trunks are to be told when something is found.
    pub fn seek(&mut self, trunks: Vec<(String, usize)>) {
        self.trunks = trunks;
    }
    /// The trunks of a name.
    pub fn trunks_at(&self, place: usize) -> impl Iterator<Item = &str> {
        self.trunks.iter().filter(move |(_, at)| *at == place).map(|(trunk, _)| trunk.as_str())
    }
    /// Where the name at this place leads, as far as it is known.
    pub fn flows(&self, place: usize) -> &[Flow] {
        self.flows.get(&place).map_or(&[], Vec::as_slice)
    }
    /// The name at this place leads there now.
    pub fn put(&mut self, place: usize, mut flows: Vec<Flow>) {
        // Whoever is rung now stays the first, if still there: nobody was at those before.
        let first = self.flows.get(&place).and_then(|known| known.first());
        if let Some(at) = first.and_then(|first| flows.iter().position(|flow| flow == first)) {
            flows.rotate_left(at);
        }
        self.flows.insert(place, flows);
    }
    /// Every address that a name leads to.
    pub fn addresses(&self) -> BTreeSet<IpAddr> {
        self.flows.values().flatten().map(|flow| flow.peer.ip().to_canonical()).collect()
    }
    /// A phone or gateway as a leg rings it; none when nobody knows where its name leads.
    pub fn phone(&mut self, leg: LegKey, uri: String, at: Whereabouts) -> Option<Phone> {
        let (to, others) = match at.to {
            Place::At(to) => (to, Vec::new()),
            Place::Named(place) => self.ring(leg, place)?,
        };
        Some(Phone { others, streams: at.any_transport, ..Phone::at(uri, to) })
    }
    /// Where a leg rings a phone whose name leads somewhere: there, and when nobody is there, at the others in order.
    fn ring(&mut self, leg: LegKey, place: usize) -> Option<(Flow, Vec<Flow>)> {
        let (to, others) = self.flows.get(&place)?.split_first()?;
        self.ringing.insert(leg, (place, *to));
        Some((*to, others.to_vec()))
    }
    /// Nobody was at one of the places of a phone that a leg rings; it is rung at the next one.
    pub fn missed(&mut self, leg: LegKey, at: Flow) {
        let Some((place, rung)) = self.ringing.get_mut(&leg) else { return };
        let Some(flows) = self.flows.get_mut(place).filter(|flows| flows.first() == Some(&at)) else {
            return;
        };
        flows.rotate_left(1);
        *rung = flows.first().copied().unwrap_or(*rung);
    }
    /// Somebody is there.
    pub fn answered(&mut self, leg: LegKey) {
        self.ringing.remove(&leg);
    }
    /// A leg has ended with this status. Where nobody was, it is not tried first any more.
    pub fn ended(&mut self, leg: LegKey, status: u16) {
        let Some((place, to)) = self.ringing.remove(&leg).filter(|_| NOBODY.contains(&status)) else {
            return;
        };
        if let Some(flows) = self.flows.get_mut(&place).filter(|flows| flows.first() == Some(&to)) {
            flows.rotate_left(1);
        }
    }
    /// A call is over, with all its legs.
    pub fn over(&mut self, call: CallKey) {
        self.ringing.retain(|leg, _| leg.call != call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        Flow::udp(([192, 0, 2, 1], port).into())
    }
    const fn leg(attempt: u32) -> LegKey {
        LegKey { call: CallKey(1), attempt }
    }

    #[test]
    fn a_place_where_nobody_is_is_not_tried_first_any_more() {
        let mut located = Located::default();
        assert_eq!(located.ring(leg(0), 3), None, "nobody knows yet");
        located.put(3, vec![flow(1), flow(2)]);
        let ring = |located: &mut Located, attempt| located.ring(leg(attempt), 3).unwrap().0;
        assert_eq!([ring(&mut located, 1), ring(&mut located, 2)], [flow(1), flow(1)]);
        located.ended(leg(1), 486);
        assert_eq!(ring(&mut located, 3), flow(1), "somebody was there");
        located.ended(leg(2), 503);
        located.ended(leg(3), 408);
        assert_eq!(ring(&mut located, 4), flow(2), "two who found nobody at one place are one reason");
        located.put(3, vec![flow(1), flow(2)]);
        located.answered(leg(4));
        located.ended(leg(4), 408);
        assert_eq!(ring(&mut located, 5), flow(2), "neither a look-up nor a phone that only rings moves it");
        located.over(CallKey(1));
        assert!(located.ringing.is_empty());
    }

    #[test]
    fn a_place_that_was_passed_over_while_it_rang_is_not_tried_first_any_more() {
        let mut located = Located::default();
        located.put(3, vec![flow(1), flow(2), flow(3)]);
        assert_eq!(located.ring(leg(1), 3), Some((flow(1), vec![flow(2), flow(3)])));
        located.missed(leg(1), flow(1));
        located.missed(leg(1), flow(1));
        assert_eq!(located.ring(leg(2), 3), Some((flow(2), vec![flow(3), flow(1)])));
        located.missed(leg(1), flow(2));
        located.ended(leg(1), 408);
        assert_eq!(located.ring(leg(3), 3).unwrap().0, flow(1), "nobody was at the third either");
    }
}
