//! How trunks are: the last that was heard of each, for the operator.

use acd::Timestamp;
use sip::peering::{Health, TrunkNews};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every trunk of the configuration, in its order.
#[derive(Debug, Default)]
pub struct TrunkBoard(Mutex<Vec<TrunkView>>);

/// One trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkView {
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub health: Health,
    /// Since when; none while nothing has changed.
    pub since: Option<Timestamp>,
    /// Whether it takes calls for us to here; none where we do not register.
    pub registered: Option<bool>,
    /// When that was told last, a renewal included.
    pub registered_at: Option<Timestamp>,
}

impl TrunkView {
    fn new((name, registers): (String, bool)) -> Self {
        let (health, registered) = (Health::Unknown, registers.then_some(false));
        Self { name, health, since: None, registered, registered_at: None }
    }
}

impl TrunkBoard {
    /// These trunks, each with whether we register there.
    #[must_use]
    pub fn new(trunks: impl IntoIterator<Item = (String, bool)>) -> Self {
        Self(Mutex::new(trunks.into_iter().map(TrunkView::new).collect()))
    }
    /// These trunks from now on, in this order; gives those that are new. What is known of the others stays.
    pub fn learn(&self, trunks: Vec<(String, bool)>) -> Vec<(String, bool)> {
        let mut views = self.views_mut();
        let known = |trunk: &(String, bool)| {
            views.iter().find(|view| view.name == trunk.0 && view.registered.is_some() == trunk.1).cloned()
        };
        let new = trunks.iter().filter(|trunk| known(trunk).is_none()).cloned().collect();
        let all = trunks.iter().map(|trunk| known(trunk).unwrap_or_else(|| TrunkView::new(trunk.clone())));
        *views = all.collect();
        new
    }
    /// Something was heard of a trunk.
    pub fn note(&self, trunk: &str, news: TrunkNews, now: Timestamp) {
        let mut views = self.views_mut();
        let Some(view) = views.iter_mut().find(|view| view.name == trunk) else { return };
        let registered = match news {
            TrunkNews::Health(health) => {
                (view.health, view.since) = (health, Some(now));
                return;
            }
            // An earlier registration may still hold.
            TrunkNews::NotRegistered(_) | TrunkNews::NotSignedIn(_) => return,
            TrunkNews::Registered { .. } => true,
            TrunkNews::Lapsed | TrunkNews::Unregistered => false,
        };
        (view.registered, view.registered_at) = (Some(registered), Some(now));
    }
    /// All of them.
    #[must_use]
    pub fn views(&self) -> Vec<TrunkView> {
        self.views_mut().clone()
    }
    fn views_mut(&self) -> MutexGuard<'_, Vec<TrunkView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::peering::NotRegistered;

    #[test]
    fn a_failed_renewal_does_not_end_a_registration_that_still_holds() {
        let board = TrunkBoard::new([("a".to_owned(), true), ("b".to_owned(), false)]);
        let at = |board: &TrunkBoard| board.views()[0].registered;
        assert_eq!((at(&board), board.views()[1].registered), (Some(false), None));
        board.note("a", TrunkNews::Registered { for_s: 60 }, Timestamp(1));
        board.note("a", TrunkNews::NotRegistered(NotRegistered::NoAnswer), Timestamp(2));
        assert_eq!(at(&board), Some(true));
        board.note("a", TrunkNews::Lapsed, Timestamp(3));
        assert_eq!((at(&board), board.views()[0].registered_at), (Some(false), Some(Timestamp(3))));
        board.note("b", TrunkNews::Health(Health::Down), Timestamp(4));
        assert_eq!((board.views()[1].health, board.views()[1].since), (Health::Down, Some(Timestamp(4))));
    }
}
