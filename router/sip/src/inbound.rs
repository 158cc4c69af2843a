//! Where a request goes: to the transaction it repeats, to the dialog it belongs to, or to a new call.

use crate::{
    CallKey, Flow, Micros, Notice, Overload, Rejected,
    admission::{Refusal, dialled},
    bridge::{Call, offered},
    compose::{SDP, able_for_callers, decimal, explain, respond},
    context::{Moment, Net, Partner},
    error::Fault,
    leg::caller::Caller,
    noise::is_scan,
    output::Sent,
    stack::Stack,
    timers::ServerId,
    transaction::{Owner, server_key},
    wire::{Message, Method, Name, Writer},
};

/// Seconds after which a caller we had no room for may try again: this and up to as many more.
const RETRY_AFTER_S: u32 = 5;

impl Stack {
    /// Answers what cannot be read, as far as it can be answered.
    pub(crate) fn malformed(&mut self, fault: &Fault, from: Flow, moment: &mut Moment<'_>) {
        moment.out.count(Rejected::Malformed);
        if !self.may_answer(from, moment) {
            return;
        }
        let tag = self.stray_tag(moment);
        if let (Some(method), Some(reply)) = (fault.method(), fault.reply(from.peer, &tag)) {
            moment.out.send(from, reply, Sent::Response(method, fault.status()));
        }
    }
    /// Takes a request.
    pub(crate) fn request(&mut self, request: &Message, from: Flow, moment: &mut Moment<'_>) {
        let method = request.method();
        match method {
            Method::Ack => return self.ack(request, moment),
            Method::Cancel => return self.cancel(request, from, moment),
            Method::Invite
            | Method::Bye
            | Method::Options
            | Method::Register
            | Method::Update
            | Method::Prack
            | Method::Info
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other => {}
        }
        let key = server_key(request, method);
        if let Some(server) = self.net.servers.find(&key) {
            return self.net.servers.again(server, moment.out);
        }
        match request.to_tag() {
            Some(tag) => match self.owner_of(tag) {
                Some(owner) => self.in_dialog(owner, request, key, from, moment),
                None => self.in_ended_dialog(request, key, from, moment),
            },
            None => self.out_of_dialog(request, key, from, moment),
        }
    }
    fn owner_of(&self, tag: &[u8]) -> Option<Owner> {
        match self.net.dialogs.get(&self.net.local.names.read_tag(tag)?)? {
            Partner::Leg(owner) => Some(*owner),
            Partner::Ended { .. } => None,
        }
    }

    /// The ACK of a refusal ends its transaction, the ACK of a 2xx goes to its dialog; any other is nobody's.
    fn ack(&mut self, request: &Message, moment: &mut Moment<'_>) {
        let key = server_key(request, Method::Invite);
        let Net { servers, timers, .. } = &mut self.net;
        let server = servers.find(&key);
        if let Some(server) = server.filter(|id| servers.refusal_acknowledged(*id, moment.now, timers)) {
            if let Some(owner) = servers.take_farewell(server) {
                self.net.farewells.settled(owner, moment.out);
            }
            return;
        }
        let Some(Owner { call, side }) = request.to_tag().and_then(|tag| self.owner_of(tag)) else { return };
        self.with_call(call, moment, |call, ctx| {
            if call.recognises(side, request).is_some() {
                call.acknowledged(side, request, ctx);
            }
        });
    }
    /// Takes an INVITE back that has no final response yet. The answer to the CANCEL says nothing about that.
    fn cancel(&mut self, request: &Message, from: Flow, moment: &mut Moment<'_>) {
        let key = server_key(request, Method::Invite);
        let Some((server, owner, open)) = self.cancelled_invite(&key) else {
            return self.turn_away(request, 481, Rejected::UnknownDialog, from, moment);
        };
        let tag = self.calls.get(&owner.call).and_then(|call| call.caller.dialog()).map(|dialog| dialog.tag);
        let tag = match tag {
            Some(tag) => self.net.local.names.tag(tag).as_str().to_owned(),
            None => self.stray_tag(moment),
        };
        self.respond_with(request, 200, &tag, from, moment, |_| {});
        if open {
            self.with_call(owner.call, moment, |call, ctx| call.cancelled(owner.side, server, ctx));
        }
    }
    fn cancelled_invite(&self, key: &[u8]) -> Option<(ServerId, Owner, bool)> {
        let server = self.net.servers.find(key)?;
        let (owner, open) = self.net.servers.invite_owner(server)?;
        Some((server, owner, open))
    }

    /// A request whose To has a tag of ours that lives.
    fn in_dialog(
        &mut self,
        owner: Owner,
        request: &Message,
        key: Vec<u8>,
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        let Owner { call, side } = owner;
        match self.calls.get_mut(&call).and_then(|call| call.recognises(side, request)) {
            None => return self.turn_away(request, 481, Rejected::UnknownDialog, from, moment),
            Some(false) => return self.respond_with(request, 500, "", from, moment, |_| {}),
            Some(true) => {}
        }
        match request.method() {
            Method::Bye => {
                self.with_call(call, moment, |call, ctx| {
                    ctx.answer(request, key, 200, from);
                    call.hung_up(side, ctx);
                });
            }
            Method::Invite | Method::Update | Method::Info | Method::Refer
                if !self.net.servers.has_room() =>
            {
                self.no_room(request, Rejected::Overload, from, moment);
            }
            Method::Invite => {
                self.with_call(call, moment, |call, ctx| call.reinvited(side, request, from, key, ctx));
            }
            Method::Update => {
                self.with_call(call, moment, |call, ctx| call.updated(side, request, from, key, ctx));
            }
            Method::Prack => {
                self.with_call(call, moment, |call, ctx| call.pracked(side, request, from, key, ctx));
            }
            Method::Info => {
                self.with_call(call, moment, |call, ctx| call.informed(side, request, from, key, ctx));
            }
            Method::Refer => {
                self.with_call(call, moment, |call, ctx| call.referred(side, request, from, key, ctx));
            }
            Method::Options => self.capabilities(request, from, moment),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other => self.not_ours(request, from, moment),
        }
    }
    /// A request of a dialog we have said BYE in, or of none we know.
    fn in_ended_dialog(&mut self, request: &Message, key: Vec<u8>, from: Flow, moment: &mut Moment<'_>) {
        let tag = request.to_tag().and_then(|tag| self.net.local.names.read_tag(tag));
        let ended = match tag.and_then(|tag| self.net.dialogs.get(&tag)) {
            Some(Partner::Ended { call_id, remote_tag, .. }) => {
                **call_id == *request.call_id() && **remote_tag == *request.from_tag().unwrap_or_default()
            }
            Some(Partner::Leg(_)) | None => false,
        };
        if ended && request.method() == Method::Bye {
            return moment.with(&mut self.net).answer(request, key, 200, from);
        }
        self.turn_away(request, 481, Rejected::UnknownDialog, from, moment);
    }

    /// A request that belongs to nothing yet.
    fn out_of_dialog(&mut self, request: &Message, key: Vec<u8>, from: Flow, moment: &mut Moment<'_>) {
        let trunk = self.config.trunk_of(from.peer.ip());
        let known = self.knows(from);
        if !known && is_scan(request) {
            moment.out.count(Rejected::Scanner);
            return self.disturbed(from, moment);
        }
        match request.method() {
            // A phone that is not registered yet is a stranger, and strangers come last.
            Method::Register if !known && self.overload >= Overload::Strangers => {
                self.turn_away(request, 503, Rejected::UnknownSource, from, moment);
            }
            Method::Register if self.registry.registrar.is_some() => {
                self.register(request, key, from, moment);
            }
            Method::Invite => match trunk {
                Some(trunk) => self.invited(trunk, request, key, from, moment),
                None => self.turn_away(request, 403, Rejected::UnknownSource, from, moment),
            },
            _ if !known => self.turn_away(request, 403, Rejected::UnknownSource, from, moment),
            Method::Options => self.capabilities(request, from, moment),
            Method::Bye | Method::Update | Method::Prack | Method::Info => {
                self.turn_away(request, 481, Rejected::UnknownDialog, from, moment);
            }
            // We act for nobody who is in no call of ours.
            Method::Refer => self.turn_away(request, 403, Rejected::Unsupported, from, moment),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other => self.not_ours(request, from, moment),
        }
    }
    /// An INVITE of trunk number `trunk`.
    fn invited(
        &mut self,
        trunk: usize,
        request: &Message,
        key: Vec<u8>,
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        // Who replaces a caller brings no new call.
        let refused = if request.header(Name::Replaces).is_none() {
            self.takes_no_calls(moment.now)
        } else {
            (!self.net.servers.has_room()).then_some(Rejected::Overload)
        };
        if let Some(why) = refused {
            return self.no_room(request, why, from, moment);
        }
        let dialled = match dialled(request, from.transport, &self.net.local) {
            Ok(dialled) => dialled,
            Err(Refusal { status, counts }) => return self.turn_away(request, status, counts, from, moment),
        };
        if !self.has_signed_in(trunk, request, from, moment) {
            return;
        }
        if self.net.servers.is_merged(request) {
            return self.turn_away(request, 482, Rejected::Merged, from, moment);
        }
        match request.replaces() {
            Err(status) => return self.turn_away(request, status, Rejected::Malformed, from, moment),
            Ok(Some(replaces)) => return self.replacing(trunk, &replaces, (request, key), from, moment),
            Ok(None) => {}
        }
        let Some(entry) = self.config.entries.of(&dialled) else {
            return self.turn_away(request, 404, Rejected::UnknownEntry, from, moment);
        };
        let names = (self.config.trunks[trunk].name.clone(), entry.to_owned());
        let names = (names.0.as_str(), names.1.as_str());
        if let Err(whose) = self.quotas.admits(&self.config, names, moment.now) {
            return self.no_room(request, whose, from, moment);
        }
        let offered = Box::new(offered(request, names.0, dialled));
        let call = self.new_call(request, key, from, moment);
        self.quotas.begun(call, &self.config, names, moment.now);
        moment.out.notices.push(Notice::CallOffered { call, offered });
    }
    /// Why no new call is taken, whoever it comes from and whatever it asks for.
    fn takes_no_calls(&self, now: Micros) -> Option<Rejected> {
        let full = self.calls.len() >= self.config.max_calls || !self.net.servers.has_room();
        if self.overload == Overload::NewCalls || full || !self.quotas.has_room(&self.config, now) {
            return Some(Rejected::Overload);
        }
        self.draining.then_some(Rejected::Draining)
    }
    fn new_call(&mut self, invite: &Message, key: Vec<u8>, from: Flow, moment: &mut Moment<'_>) -> CallKey {
        let mut ctx = moment.with(&mut self.net);
        let call = ctx.mint.call(ctx.now);
        let caller = Caller::of(call, invite, key, from, &mut ctx);
        caller.keep(&mut ctx);
        self.calls.insert(call, Box::new(Call::new(call, caller)));
        call
    }
    /// 503 with a Retry-After that does not bring everybody back at once.
    fn no_room(&mut self, request: &Message, why: Rejected, from: Flow, moment: &mut Moment<'_>) {
        moment.out.count(why);
        let after_s = RETRY_AFTER_S + (moment.mint.bits() % u128::from(RETRY_AFTER_S + 1)) as u32;
        let tag = self.stray_tag(moment);
        self.respond_with(request, 503, &tag, from, moment, |writer| {
            writer.header(Name::RetryAfter, decimal(after_s, &mut [0; 10]));
        });
    }
    /// What we can do, to a PBX that probes.
    fn capabilities(&mut self, request: &Message, from: Flow, moment: &mut Moment<'_>) {
        let tag = self.stray_tag(moment);
        self.respond_with(request, 200, &tag, from, moment, |writer| {
            able_for_callers(writer, &self.net.local);
            writer.header(Name::Accept, SDP);
        });
    }
    /// A method we do not do here (405), or have never heard of (501).
    fn not_ours(&mut self, request: &Message, from: Flow, moment: &mut Moment<'_>) {
        let status = if request.method() == Method::Other { 501 } else { 405 };
        self.turn_away(request, status, Rejected::Unsupported, from, moment);
    }
    /// Refuses a request, without keeping anything of it: a repetition gets the same answer. A stranger does not always
    /// get one.
    pub(crate) fn turn_away(
        &mut self,
        request: &Message,
        status: u16,
        counts: Rejected,
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        moment.out.count(counts);
        if self.may_answer(from, moment) {
            let tag = self.stray_tag(moment);
            let local = &self.net.local;
            self.respond_with(request, status, &tag, from, moment, |writer| {
                explain(writer, request, status, local)
            });
        }
    }
    /// Whether a request deserves an answer whatever it says; of strangers the log hears.
    fn may_answer(&mut self, from: Flow, moment: &mut Moment<'_>) -> bool {
        if self.knows(from) {
            return true;
        }
        self.disturbed(from, moment);
        self.overload == Overload::None && self.limiter.allows(from.peer.ip(), moment.now)
    }
    /// Whether somebody we know may be there.
    #[must_use]
    pub fn knows(&self, from: Flow) -> bool {
        let ip = from.peer.ip().to_canonical();
        let is_configured = self.config.trunk_of(ip).is_some() || self.config.is_phone(ip);
        is_configured || self.acquainted.contains(&ip) || self.is_registered_over(from)
    }
    fn disturbed(&mut self, from: Flow, moment: &mut Moment<'_>) {
        if let Some((source, requests)) = self.noise.heard(from.peer.ip(), moment.now) {
            moment.out.notices.push(Notice::Noise { source, requests });
        }
    }
    fn respond_with(
        &self,
        request: &Message,
        status: u16,
        tag: &str,
        from: Flow,
        moment: &mut Moment<'_>,
        more: impl FnOnce(&mut Writer),
    ) {
        let mut writer = respond(&self.net.local, request, status, tag, from);
        more(&mut writer);
        let to = from.answer(&request.top_via());
        moment.out.send(to, writer.finish(), Sent::Response(request.method(), status));
    }
    pub(crate) fn stray_tag(&mut self, moment: &mut Moment<'_>) -> String {
        let bits = *self.stray_tag.get_or_insert_with(|| moment.mint.bits());
        self.net.local.names.tag(bits).as_str().to_owned()
    }
}
