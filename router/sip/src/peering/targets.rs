//! Which of a trunk's addresses is asked: the one that answered last, and when it does not, the next.

use crate::Flow;

/// Most addresses of one trunk that are tried.
pub(crate) const MOST: usize = 16;

/// The addresses of a trunk, the preferred one first.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    flows: Vec<Flow>,
    current: usize,
    /// How often in a row nobody answered.
    missed: usize,
}

impl Targets {
    /// These from now on. Who answers goes on being asked if it is still among them.
    pub(crate) fn set(&mut self, mut flows: Vec<Flow>) {
        flows.truncate(MOST);
        let asked = self.current();
        self.current = flows.iter().position(|flow| Some(*flow) == asked).unwrap_or(0);
        self.flows = flows;
        self.missed = 0;
    }
    /// The one to ask.
    pub(crate) fn current(&self) -> Option<Flow> {
        self.flows.get(self.current).copied()
    }
    /// It answered.
    pub(crate) const fn answered(&mut self) {
        self.missed = 0;
    }
    /// It did not: the next one is to be asked. True when that one has not been asked in vain since somebody answered.
    pub(crate) const fn missed(&mut self) -> bool {
        if self.flows.is_empty() {
            return false;
        }
        self.current = (self.current + 1) % self.flows.len();
        self.missed = (self.missed + 1) % self.flows.len();
        self.missed != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        Flow::udp(([192, 0, 2, 1], port).into())
    }

    #[test]
    fn every_address_is_tried_before_anybody_waits_and_the_one_that_answers_is_kept() {
        let mut targets = Targets::default();
        assert!(!targets.missed() && targets.current().is_none());
        targets.set(vec![flow(1), flow(2), flow(3)]);
        assert_eq!([targets.missed(), targets.missed(), targets.missed()], [true, true, false]);
        assert_eq!(targets.current(), Some(flow(1)));
        targets.missed();
        targets.answered();
        assert_eq!(targets.current(), Some(flow(2)));
        targets.set(vec![flow(9), flow(2)]);
        assert_eq!(targets.current(), Some(flow(2)));
        targets.set(vec![flow(9)]);
        assert_eq!((targets.current(), targets.missed()), (Some(flow(9)), false));
        targets.set((0..100).map(flow).collect());
        assert_eq!(targets.flows.len(), MOST);
    }
}
