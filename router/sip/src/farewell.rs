//! Our last word to a peer, a BYE or a refusal: what is stored of the leg stays until it has been heard, so that it can be
//! said again after a restart.

use crate::{
    Keep, LegKey, Output,
    transaction::{Owner, Side},
};
use std::collections::HashMap;

/// Legs whose last word is out.
#[derive(Debug, Default)]
pub(crate) struct Farewells {
    out: HashMap<Owner, Farewell>,
}

#[derive(Debug, Default)]
struct Farewell {
    /// Last words out: several phones of one leg may have answered.
    words: u32,
    /// Nothing else is left of the leg.
    over: bool,
}

impl Farewells {
    /// A last word to `owner` leaves.
    pub(crate) fn begin(&mut self, owner: Owner) {
        self.out.entry(owner).or_default().words += 1;
    }
    /// A last word to `owner` has been heard, or never will be.
    pub(crate) fn settled(&mut self, owner: Owner, out: &mut Output) {
        let Some(farewell) = self.out.get_mut(&owner) else { return };
        farewell.words -= 1;
        if farewell.words == 0 && self.out.remove(&owner).is_some_and(|farewell| farewell.over) {
            out.keep.push(forget(owner));
        }
    }
    /// Whether a last word to `owner` is out.
    pub(crate) fn is_open(&self, owner: Owner) -> bool {
        self.out.contains_key(&owner)
    }
    /// Whether no last word is out.
    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
    /// Nothing is left of the leg but that: it is forgotten as soon as that has been heard.
    pub(crate) fn forget(&mut self, owner: Owner, out: &mut Output) {
        match self.out.get_mut(&owner) {
            Some(farewell) => farewell.over = true,
            None => out.keep.push(forget(owner)),
        }
    }
}

const fn forget(Owner { call, side }: Owner) -> Keep {
    match side {
        Side::Caller => Keep::ForgetCall(call),
        Side::Phone(attempt) => Keep::ForgetLeg(LegKey { call, attempt }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallKey;

    #[test]
    fn a_leg_is_forgotten_when_its_last_word_has_been_heard() {
        let (mut farewells, mut out) = (Farewells::default(), Output::default());
        let owner = Owner { call: CallKey(1), side: Side::Caller };
        farewells.forget(owner, &mut out);
        assert_eq!(std::mem::take(&mut out.keep), [Keep::ForgetCall(CallKey(1))]);
        farewells.begin(owner);
        farewells.begin(owner);
        farewells.forget(owner, &mut out);
        farewells.settled(owner, &mut out);
        assert!(out.keep.is_empty());
        farewells.settled(owner, &mut out);
        assert_eq!(out.keep, [Keep::ForgetCall(CallKey(1))]);
        farewells.settled(owner, &mut out);
        assert_eq!(out.keep.len(), 1);
    }
}
