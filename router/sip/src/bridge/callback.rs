//! A customer who is called back: first the phone of an agent, with something of ours to hear, then the customer, with the
//! description of her phone.
//!
//! ```text
//!  order ─▶ her phone rings ─ 2xx, order ─▶ she hears music, the customer rings ─ 2xx, order ─▶ like any other call
//! ```
//! Until then there is no caller, and the call is over when no leg is left. The customer's leg becomes the caller's leg:
//! from then on holds, transfers and everything else go by the roads that they always go.

use super::{Call, Have, Want};
use crate::{
    CallKey, LegKey, Notice, Play,
    context::Ctx,
    leg::{
        called::persona,
        caller::{self, Caller},
        phone::{Order, PhoneLeg},
    },
    sdp::{Sdp, offer_music},
    wire::Message,
};
use std::net::SocketAddr;

/// The discard port: where an agent's media goes for whom we have no music port.
const NO_PORT: u16 = 9;

impl Call {
    /// A call whose caller is still to be called; `invite` is shown to phones as the caller's.
    pub(crate) fn without_caller(key: CallKey, invite: Message) -> Self {
        Self::new(key, Caller::awaited(key, invite))
    }
    /// Rings the phones of an agent for a customer who is to be called when one of them has answered. Our music comes from
    /// `port`.
    pub(crate) fn ring_first(&mut self, leg: LegKey, mut order: Order, port: Option<u16>, ctx: &mut Ctx<'_>) {
        if !matches!(self.caller.stage, caller::Stage::Gone) || self.phone(leg.attempt).is_some() {
            return;
        }
        // What is left of an attempt of before is still being ended.
        (self.buried, self.port) = (false, port.or(self.port));
        if !self.has_room_for(&mut order) {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        }
        let mut phone = PhoneLeg::new(leg, order, ctx);
        ctx.net.legs += 1;
        let ours = SocketAddr::new(ctx.net.local.media, self.port.unwrap_or(NO_PORT));
        let offer = offer_music(ours, phone.session.origin());
        phone.call(&self.caller.invite, &offer, ctx);
        self.phones.push(phone);
    }
    /// Calls the customer, for the phone of attempt `by`, which has answered. `shown` is who calls, if the customer may know.
    pub(crate) fn call_back(
        &mut self,
        leg: LegKey,
        by: u32,
        (mut order, shown): (Order, Option<&str>),
        ctx: &mut Ctx<'_>,
    ) {
        if self.phone(leg.attempt).is_some() {
            return;
        }
        if let Some(hers) = self.phone_mut(by) {
            hers.acknowledge(ctx);
        }
        let offer = self.phone(by).filter(|hers| hers.line().is_some());
        let Some(offer) = offer.map(|hers| hers.session.theirs.clone()) else {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        };
        self.play_to(by, ctx);
        let invite = persona((shown, ""), "", &ctx.net.local.host).filter(|_| self.has_room_for(&mut order));
        let Some(invite) = invite else {
            return ctx.out.notices.push(Notice::PhoneRefused { leg, status: 503 });
        };
        let mut customer = PhoneLeg::new(leg, order, ctx);
        ctx.net.legs += 1;
        customer.call(&invite, &offer, ctx);
        self.phones.push(customer);
    }
    /// Plays to an agent who waits for the customer, if her phone can hear it.
    fn play_to(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let theirs = self.phone(attempt).and_then(|leg| Sdp::parse(leg.session.theirs.clone()).ok());
        let music = theirs.and_then(|theirs| theirs.music());
        let heard = music.and_then(|music| Some((music, music.to?)));
        if let (Some((music, to)), Some(from_port), false) = (heard, self.port, self.playing) {
            let (codec, payload) = (music.codec, music.payload);
            let play = Play { to, codec, payload, events: None, from_port }; // an agent's keys mean nothing here
            ctx.out.notices.push(Notice::Media { call: self.key, play: Some(play) });
            self.playing = true;
        }
    }
    /// The customer of `attempt` has answered, which is stored: the leg is the caller's from here on, and joined to the
    /// phone of attempt `by`.
    pub(crate) fn join_customer(&mut self, attempt: u32, by: u32, ctx: &mut Ctx<'_>) {
        self.silence(ctx);
        let Some(place) = self.phones.iter().position(|leg| leg.key.attempt == attempt) else { return };
        if !self.phones[place].acknowledge(ctx) || !self.caller.becomes(&mut self.phones[place], ctx) {
            return;
        }
        (self.have, self.want) = (Have::Phone(by), Want::AsIs);
        (self.corrections, self.stale) = (0, false);
        if let Some(hers) = self.phone_mut(by) {
            hers.stale = true; // she has been told of our music
        }
        self.settle(ctx);
    }
}
