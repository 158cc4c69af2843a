//! An INVITE of ours that is out: what it was, and how it is sent again.
//!
//! It is sent again for a longer session (422), signed (401, 407), and to the next place when nobody is at one. Call-ID and
//! From tag stay, and the number goes up; only where the last place may still speak does it get new ones.

use super::{
    invite,
    phone::Order,
    pracking::{Pracked, Sender},
    session_timer::Terms,
};
use crate::{
    Flow, LegKey, MAX_PLACES, Micros, Phone, RingRecord, Transport,
    auth::{Attempt, Shown},
    compose::{SDP, cseq, own_via},
    context::Ctx,
    dialog::{is_sips, jump},
    local::Local,
    signing::not_signed_in,
    transaction::{Owner, SentInvite},
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Our requests start at this number.
const FIRST_SEQ: u32 = 1;
/// How long a place may say nothing at all while there is another one: three repetitions over UDP.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a place may say nothing over TCP that is tried for the sake of length alone.
const STREAM_PATIENCE: Duration = Duration::from_secs(2);

/// An INVITE that is out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// By which its responses are known.
    pub(crate) branch: u128,
    /// Bits of our tag.
    pub(crate) tag: u128,
    pub(crate) seq: u32,
    /// Whether the phone has asked for another one than the first.
    longer: bool,
    /// What it asks for, if for a session timer.
    pub(crate) terms: Option<Terms>,
    /// From, with our tag.
    pub(crate) from: Bytes,
    call_id: Bytes,
    /// Every hop has to be encrypted.
    pub(crate) secure: bool,
    pub(crate) invite: Bytes,
    pub(crate) to: Flow,
    /// Where it is tried after that.
    rest: VecDeque<Flow>,
    /// It is tried there when nothing is heard until then.
    until: Option<Micros>,
    /// The last number used: its own, or that of a PRACK.
    pub(crate) last_seq: u32,
    pub(crate) pracked: Pracked,
    /// Whose login signs it, what it has gone through, and what it shows.
    pub(crate) trunk: Option<Arc<str>>,
    attempt: Attempt,
    shown: Shown,
}

impl Outgoing {
    /// The INVITE to `phone` with our description `told`, sent.
    pub(super) fn send(
        (caller, order, phone): (&Message, &Order, &Phone),
        (key, tag): (LegKey, u128),
        told: Bytes,
        owner: Owner,
        ctx: &mut Ctx<'_>,
    ) -> Self {
        let from = invite::from_header(caller, order.display, tag, ctx);
        let mut outgoing = Self {
            branch: ctx.mint.bits(),
            tag,
            seq: FIRST_SEQ,
            longer: false,
            terms: Terms::ours(&ctx.net.local),
            from,
            call_id: call_id(ctx),
            secure: is_sips(phone.uri.as_bytes()),
            invite: Bytes::new(),
            to: phone.to,
            rest: phone.others.iter().copied().take(MAX_PLACES - 1).collect(),
            until: None,
            last_seq: FIRST_SEQ,
            pracked: Pracked::default(),
            trunk: phone.trunk.clone(),
            attempt: Attempt::default(),
            shown: Shown::new(),
        };
        let mut writer = Writer::request(Method::Invite, &phone.uri);
        outgoing.write(&mut writer, &ctx.net.local);
        invite::write(&mut writer, (caller, order, phone), key, ctx);
        outgoing.finish(&mut writer, phone.uri.as_bytes(), told, ctx);
        if phone.streams && outgoing.is_long(ctx) {
            outgoing.prefer_streams(ctx);
        }
        outgoing.leave(owner, ctx);
        outgoing
    }
    fn is_long(&self, ctx: &Ctx<'_>) -> bool {
        ctx.net.local.max_datagram.is_some_and(|most| self.invite.len() > most)
    }
    /// A datagram might be too short for it: tries TCP at every place first (RFC 3261 §18.1.1).
    fn prefer_streams(&mut self, ctx: &mut Ctx<'_>) {
        let Ok(before) = Message::parse(self.invite.clone()) else { return };
        let takes_some = |at: &Flow| ctx.net.streamless.may_connect(at.peer, ctx.now);
        let both = |at: Flow| {
            let tcp = Flow::to(Transport::Tcp, at.peer);
            let tcp = Some(tcp).filter(|tcp| at.transport == Transport::Udp && takes_some(tcp));
            tcp.into_iter().chain([at])
        };
        let places = std::iter::once(self.to).chain(self.rest.drain(..)).flat_map(both);
        let mut places: VecDeque<Flow> = places.take(MAX_PLACES).collect();
        self.to = places.pop_front().unwrap_or(self.to);
        self.rest = places;
        self.rewrite(&before, ctx);
    }
    /// Whose requests go with it.
    pub(super) const fn sender(&self, owner: Owner) -> Sender<'_> {
        Sender { owner, from: &self.from, to: self.to, trunk: self.trunk.as_ref() }
    }
    pub(super) fn is_of(&self, call_id: &[u8]) -> bool {
        self.call_id == call_id
    }
    /// The number of the next request that goes with it.
    pub(super) const fn next_seq(&mut self) -> u32 {
        self.last_seq += 1;
        self.last_seq
    }
    /// When it is tried somewhere else.
    pub(super) const fn due(&self) -> Option<Micros> {
        self.until
    }
    /// Somebody is where it went.
    pub(super) const fn is_heard(&mut self) {
        self.until = None;
    }
    /// Nothing that goes with it is repeated any more.
    pub(super) fn settle(&self, ctx: &mut Ctx<'_>) {
        self.pracked.settle(ctx);
    }
    /// What is to be stored of it.
    pub(super) fn record(&self) -> RingRecord {
        let trunk = self.trunk.as_deref().map(str::to_owned);
        let (invite, local_seq) = (self.invite.clone(), self.last_seq);
        RingRecord { invite, to: self.to, trunk, answer: Bytes::new(), local_seq }
    }
    /// As it was stored; none when that cannot be read, or is not ours.
    pub(super) fn revived(record: &RingRecord, local: &Local) -> Option<Self> {
        let invite = Message::parse(record.invite.clone()).ok()?;
        let (seq, method) = invite.cseq();
        if method != Method::Invite || invite.status().is_some() {
            return None;
        }
        let signed = [Name::Authorization, Name::ProxyAuthorization];
        let shown =
            signed.iter().flat_map(|&name| invite.headers_named(name).map(move |value| (name, value)));
        Some(Self {
            branch: local.names.read_branch(invite.top_via().branch()?)?,
            tag: local.names.read_tag(invite.from_tag()?)?,
            seq,
            longer: true,
            terms: None,
            from: invite.share(invite.header(Name::From)?),
            call_id: invite.share(invite.call_id()),
            secure: is_sips(invite.request_uri()),
            invite: record.invite.clone(),
            to: Flow { connection: None, ..record.to },
            rest: VecDeque::new(),
            until: None,
            last_seq: jump(record.local_seq.max(seq)), // PRACKs may have used numbers
            pracked: Pracked::default(),
            trunk: record.trunk.as_deref().map(Arc::from),
            attempt: Attempt::default(),
            shown: shown.map(|(name, value)| (name, invite.share(value))).collect(),
        })
    }
    /// As the transaction that it was sent by knows it.
    pub(super) fn as_sent(&self) -> SentInvite {
        SentInvite {
            request: self.invite.clone(),
            to: self.to,
            from: self.from.clone(),
            seq: self.seq,
            initial: true,
            trunk: self.trunk.clone(),
            shown: self.shown.clone(),
        }
    }

    /// The phone wants a longer session (422): asks once more, for that. False when that is of no use.
    pub(super) fn asks_for_longer(&mut self, refusal: &Message, owner: Owner, ctx: &mut Ctx<'_>) -> bool {
        let terms = self.terms.filter(|_| !self.longer).and_then(|terms| terms.raised(refusal));
        if terms.is_none() {
            return false;
        }
        (self.terms, self.longer) = (terms, true);
        self.again(owner, ctx)
    }
    /// The trunk asks who we are (401, 407): tells it. False when there is nothing to tell, or it was of no use.
    pub(super) fn signs(&mut self, refusal: &Message, owner: Owner, ctx: &mut Ctx<'_>) -> bool {
        let Some(trunk) = self.trunk.clone() else { return false };
        match ctx.net.accounts.challenged(&trunk, refusal, &mut self.attempt) {
            None => false,
            Some(Ok(())) => self.again(owner, ctx),
            Some(Err(why)) => {
                ctx.out.notices.push(not_signed_in(&trunk, why));
                false
            }
        }
    }
    /// Nobody is where it went: tries the next place. The place it leaves; none when it was the last.
    pub(super) fn moves_on(&mut self, owner: Owner, ctx: &mut Ctx<'_>) -> Option<Flow> {
        let left = std::mem::replace(&mut self.to, self.rest.pop_front()?);
        self.learn_from(left, ctx);
        self.attempt = Attempt::default();
        self.again(owner, ctx).then_some(left)
    }
    /// Nothing is heard from where it went: leaves that INVITE as it is, and tries the next place by another one, under
    /// names of its own, lest the two be taken for one.
    pub(super) fn left_behind(&mut self, owner: Owner, ctx: &mut Ctx<'_>) -> Option<Self> {
        let to = self.rest.pop_front()?;
        let tag = ctx.mint.bits();
        let anew = Self {
            tag,
            from: renamed(&self.from, &ctx.net.local.names.tag(tag)),
            call_id: call_id(ctx),
            to,
            rest: std::mem::take(&mut self.rest),
            pracked: Pracked::default(),
            trunk: self.trunk.clone(),
            invite: self.invite.clone(),
            attempt: Attempt::default(),
            shown: Shown::new(),
            ..*self
        };
        let old = std::mem::replace(self, anew);
        self.learn_from(old.to, ctx);
        self.again(owner, ctx).then_some(old)
    }
    /// It could not be said to `left`, over TCP for its length alone: that is not tried again soon.
    fn learn_from(&self, left: Flow, ctx: &mut Ctx<'_>) {
        if is_for_length(left, self.to) {
            ctx.net.streamless.note(left.peer, ctx.now);
        }
    }

    /// Sends it again as it has to be now.
    fn again(&mut self, owner: Owner, ctx: &mut Ctx<'_>) -> bool {
        // Our own INVITE always reads back.
        let Ok(before) = Message::parse(self.invite.clone()) else { return false };
        self.settle(ctx);
        (self.branch, self.seq) = (ctx.mint.bits(), self.next_seq());
        self.rewrite(&before, ctx);
        self.leave(owner, ctx);
        true
    }
    /// Writes `before` once more, as it has to be now.
    fn rewrite(&mut self, before: &Message, ctx: &mut Ctx<'_>) {
        let mut writer = Writer::request(Method::Invite, before.request_uri());
        self.write(&mut writer, &ctx.net.local);
        for header in before.headers().filter(|header| !is_written_anew(header.name)) {
            writer.header_text(header.text, header.value);
        }
        self.finish(&mut writer, before.request_uri(), before.body(), ctx);
    }
    /// Writes what may be different when it is sent again.
    fn write(&self, writer: &mut Writer, local: &Local) {
        own_via(writer, local, self.to.transport, self.branch);
        writer.header(Name::From, &self.from).header(Name::CallId, &self.call_id);
        cseq(writer, self.seq, Method::Invite);
        writer.header(Name::Contact, local.contact(self.to.transport, self.secure));
        if let Some(terms) = self.terms {
            terms.write(None, writer);
        }
    }
    fn finish(&mut self, writer: &mut Writer, uri: &[u8], body: Bytes, ctx: &mut Ctx<'_>) {
        if let Some(trunk) = &self.trunk {
            self.shown = ctx.net.accounts.sign(trunk, writer, (Method::Invite, uri), ctx.mint);
        }
        self.invite = writer.body(SDP, body).finish();
    }
    fn leave(&mut self, owner: Owner, ctx: &mut Ctx<'_>) {
        self.until = self.rest.front().map(|next| ctx.now.after(patience(self.to, *next)));
        ctx.invite(self.branch, self.as_sent(), owner);
    }
}

/// How long `at` may say nothing while `next` is left.
fn patience(at: Flow, next: Flow) -> Duration {
    if is_for_length(at, next) { STREAM_PATIENCE } else { PATIENCE }
}

/// Whether TCP was tried at a place before UDP.
fn is_for_length(at: Flow, next: Flow) -> bool {
    at.peer == next.peer && at.transport == Transport::Tcp && next.transport == Transport::Udp
}

fn call_id(ctx: &mut Ctx<'_>) -> Bytes {
    let bits = ctx.mint.bits();
    Bytes::copy_from_slice(&ctx.net.local.names.call_id(bits))
}

/// From with another tag of ours, which stands at its end.
fn renamed(from: &Bytes, tag: &[u8]) -> Bytes {
    const TAG: &[u8] = b";tag=";
    let end = from.windows(TAG.len()).rposition(|part| part == TAG).unwrap_or(from.len());
    Bytes::from([&from[..end], TAG, tag].concat())
}

fn is_written_anew(name: Name) -> bool {
    use Name::{
        Authorization, CSeq, CallId, Contact, ContentType, From, MinSe, ProxyAuthorization, SessionExpires,
        Via,
    };
    let anew = [
        Via,
        From,
        CallId,
        CSeq,
        Contact,
        SessionExpires,
        MinSe,
        Authorization,
        ProxyAuthorization,
        ContentType,
    ];
    anew.contains(&name)
}
