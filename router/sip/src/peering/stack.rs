//! Joins the stack to the trunks at which we have something to do, and to the phones we follow.

use super::{Followed, Peer, Peering, Phones};
use crate::{
    Flow, Micros, Mint, Output,
    auth::Client,
    context::Moment,
    stack::Stack,
    wire::{Message, Uri},
};
use std::sync::Arc;

impl Stack {
    /// Takes the trunks at which we have something to do, in place of all before, and who we are there. One whose host is an address is asked
    /// there; where another is, [`Stack::found`] tells.
    pub fn meet(&mut self, peerings: Vec<Peering>, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        self.peers.clear();
        let client = |peering: &Peering| {
            let (user, password) = peering.login.clone()?;
            Some((Arc::from(peering.trunk.as_str()), Client::new(&user, password)))
        };
        self.net.accounts.replace(peerings.iter().filter_map(client));
        for (place, peering) in (0..).zip(peerings) {
            let literal = Uri::parse(peering.uri.as_bytes()).ok().and_then(|uri| Flow::named(&uri));
            self.peers.push(Peer::new(place, peering, literal.into_iter().collect(), now));
        }
        self.with_peers(&mut Moment { now, mint, out }, |_, _| ());
    }
    /// The trunks at which we have something to do from now on, while we run: one that stays as it was is not disturbed,
    /// one that is gone is signed off from. Gives the names of those that are new or were changed.
    pub fn meet_others(
        &mut self,
        peerings: Vec<Peering>,
        now: Micros,
        mint: &mut dyn Mint,
        out: &mut Output,
    ) -> Vec<String> {
        let moment = &mut Moment { now, mint, out };
        self.with_peers(moment, |peer, ctx| {
            if !peer.has_departed() && !peerings.iter().any(|peering| peer.is(peering)) {
                peer.depart(&peerings, ctx);
            }
        });
        let is_new = |peering: &Peering| !self.peers.iter().any(|peer| peer.is(peering));
        let new: Vec<Peering> = peerings.into_iter().filter(is_new).collect();
        let names = new.iter().map(|peering| peering.trunk.clone()).collect();
        for peering in new {
            let client = peering.login.clone().map(|(user, password)| Client::new(&user, password));
            self.net.accounts.change(Arc::from(peering.trunk.as_str()), client);
            self.begin_with(peering, now);
        }
        self.with_peers(moment, |_, _| ());
        names
    }
    /// In the place of one that has gone, if there is any.
    fn begin_with(&mut self, peering: Peering, now: Micros) {
        let literal = Uri::parse(peering.uri.as_bytes()).ok().and_then(|uri| Flow::named(&uri));
        let free = self.peers.iter().position(|peer| peer.has_departed() && peer.has_left());
        let place = free.unwrap_or(self.peers.len());
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let peer = Peer::new(number, peering, literal.into_iter().collect(), now);
        match self.peers.get_mut(place) {
            Some(gone) => *gone = peer,
            None => self.peers.push(peer),
        }
    }
    /// The addresses of a trunk, the preferred one first; none: they are not known.
    pub fn found(&mut self, trunk: &str, at: &[Flow], now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        self.with_peers(&mut Moment { now, mint, out }, |peer, _| {
            if peer.name() == trunk && !peer.has_departed() {
                peer.found_at(at.to_vec(), now);
            }
        });
    }
    /// Takes all registrations at trunks back, and asks nobody for anything any more.
    pub fn leave(&mut self, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        let moment = &mut Moment { now, mint, out };
        self.with_phones(moment, Phones::stop);
        self.with_peers(moment, |peer, ctx| peer.leave(ctx));
    }
    /// Whether every BYE and every refusal of a call has been heard, or never will be.
    #[must_use]
    pub fn has_bidden_farewell(&self) -> bool {
        self.net.farewells.is_empty()
    }
    /// Whether no trunk has to answer to that any more.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.peers.iter().all(Peer::has_left)
    }

    /// Follows these phones from now on, in place of all before. Those that register are found by what
    /// [`Stack::sign_in`] took.
    pub fn follow(&mut self, phones: Vec<Followed>, now: Micros, mint: &mut dyn Mint, out: &mut Output) {
        self.with_phones(&mut Moment { now, mint, out }, |all, ctx| all.follow(phones, ctx));
    }
    /// Where a phone is that is followed at a fixed place, the preferred address first; none: they are not known.
    pub fn phone_found(&mut self, phone: u32, uri: &str, at: &[Flow]) {
        self.phones.found(phone, uri, at);
        self.phones.close(&mut self.net);
    }
    /// There is reason to think that a phone is not there, such as an offer that nobody answered: it is asked at once.
    pub fn doubt(&mut self, phone: u32, now: Micros) {
        self.phones.doubted(phone, now);
        self.phones.close(&mut self.net);
    }

    /// The alarm of the phones has gone off.
    pub(crate) fn expire_phones(&mut self, moment: &mut Moment<'_>) {
        self.phones.spend(); // before anything sets it anew
        for user in self.phones.take_changed() {
            let at = self.phones_of(&user, moment.now);
            self.with_phones(moment, |all, ctx| all.registered(&user, at, ctx));
        }
        self.with_phones(moment, Phones::expire);
    }
    /// A probe of a phone has its final answer, or will have none.
    pub(crate) fn phone_heard(
        &mut self,
        place: u32,
        branch: u128,
        answer: Option<&Message>,
        moment: &mut Moment<'_>,
    ) {
        self.with_phones(moment, |all, ctx| all.heard(place, branch, answer, ctx));
    }
    fn with_phones(
        &mut self,
        moment: &mut Moment<'_>,
        step: impl FnOnce(&mut Phones, &mut crate::context::Ctx<'_>),
    ) {
        step(&mut self.phones, &mut moment.with(&mut self.net));
        self.phones.close(&mut self.net);
    }

    /// The alarm of a trunk has gone off.
    pub(crate) fn expire_peer(&mut self, place: u32, moment: &mut Moment<'_>) {
        self.with_peer(place, moment, |peer, ctx| {
            peer.spend();
            peer.expire(ctx);
        });
    }
    /// A request to a trunk has its final answer, or will have none.
    pub(crate) fn peer_heard(
        &mut self,
        place: u32,
        branch: u128,
        answer: Option<&Message>,
        moment: &mut Moment<'_>,
    ) {
        self.with_peer(place, moment, |peer, ctx| peer.heard(branch, answer, ctx));
    }
    fn with_peer(
        &mut self,
        place: u32,
        moment: &mut Moment<'_>,
        step: impl FnOnce(&mut Peer, &mut crate::context::Ctx<'_>),
    ) {
        let Some(peer) = self.peers.get_mut(place as usize) else { return };
        step(peer, &mut moment.with(&mut self.net));
        peer.close(&mut self.net);
    }
    fn with_peers(
        &mut self,
        moment: &mut Moment<'_>,
        mut step: impl FnMut(&mut Peer, &mut crate::context::Ctx<'_>),
    ) {
        for peer in &mut self.peers {
            step(peer, &mut moment.with(&mut self.net));
            peer.close(&mut self.net);
        }
    }
}
