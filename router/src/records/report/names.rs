//! Names as places in a list, as `wfm` counts them.

use std::collections::BTreeMap;

/// Queues and agents.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) queues: List,
    pub(super) agents: List,
}

/// Names in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    all: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl List {
    /// The place of a name, which is given one if it has none.
    pub(super) fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.all.len();
        self.all.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
    pub(super) fn name(&self, place: usize) -> &str {
        self.all.get(place).map_or("?", String::as_str)
    }
    pub(super) fn all(&self) -> &[String] {
        &self.all
    }
    /// These places, by name.
    pub(super) fn sorted(&self, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut sorted: Vec<usize> = places.into_iter().collect();
        sorted.sort_unstable_by_key(|&place| self.name(place));
        sorted.dedup();
        sorted
    }
}
