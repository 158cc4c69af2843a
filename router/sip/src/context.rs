//! What every step of a call works with: the time, fresh names, the way out, and the tables all calls share.

use crate::{
    CallKey, Cause, Flow, Micros, Mint, Output,
    auth::{Accounts, Shown, show},
    compose::{SDP, SIPFRAG, able, cancel_of, decimal, explain, in_dialog, reason, respond},
    dialog::Dialog,
    farewell::Farewells,
    leg::Line,
    local::Local,
    output::Sent,
    streamless::Streamless,
    timers::{ServerId, Timers},
    transaction::{Clients, Owner, SentInvite, Servers, Then},
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};

/// The tables all calls share.
pub(crate) struct Net {
    pub(crate) local: Local,
    pub(crate) timers: Timers,
    pub(crate) clients: Clients,
    pub(crate) accounts: Accounts,
    pub(crate) streamless: Streamless,
    pub(crate) servers: Servers,
    /// By the bits of our tag.
    pub(crate) dialogs: HashMap<u128, Partner>,
    /// Legs of which only our last word is left.
    pub(crate) farewells: Farewells,
    /// Phones' legs alive.
    pub(crate) legs: usize,
}

impl Net {
    /// The BYE by which we end the dialog with this tag has been heard, or never will be.
    pub(crate) fn settled(&mut self, tag: u128, out: &mut Output) {
        if let Some(Partner::Ended { of, .. }) = self.dialogs.get_mut(&tag)
            && let Some(owner) = of.take()
        {
            self.farewells.settled(owner, out);
        }
    }
}

/// Whose dialog it is.
pub(crate) enum Partner {
    /// A leg's.
    Leg(Owner),
    /// Nobody's any more: we have said BYE, but the peer may have done so as well.
    Ended {
        call_id: Box<[u8]>,
        remote_tag: Box<[u8]>,
        /// Whose leg our BYE ends, until it is settled.
        of: Option<Owner>,
    },
}

/// When something happens, and what comes of it.
pub(crate) struct Moment<'a> {
    pub(crate) now: Micros,
    pub(crate) mint: &'a mut dyn Mint,
    pub(crate) out: &'a mut Output,
}

impl Moment<'_> {
    /// A step at this moment.
    pub(crate) fn with<'a>(&'a mut self, net: &'a mut Net) -> Ctx<'a> {
        Ctx { now: self.now, mint: &mut *self.mint, out: &mut *self.out, net }
    }
}

/// One step.
pub(crate) struct Ctx<'a> {
    pub(crate) now: Micros,
    pub(crate) mint: &'a mut dyn Mint,
    pub(crate) out: &'a mut Output,
    pub(crate) net: &'a mut Net,
}

impl Ctx<'_> {
    /// Adds `X-Sambung-Call`.
    pub(crate) fn name_call(&self, writer: &mut Writer, call: CallKey) {
        writer.header_text("X-Sambung-Call", self.mint.text(call));
    }
    /// Starts a response to `request` in the dialog with the tag `bits`.
    pub(crate) fn respond(&self, request: &Message, status: u16, bits: u128, from: Flow) -> Writer {
        respond(&self.net.local, request, status, self.net.local.names.tag(bits).as_str(), from)
    }
    /// Sends a provisional response to an INVITE.
    pub(crate) fn provisional(&mut self, server: ServerId, status: u16, response: Bytes) {
        self.net.servers.provisional(server, status, response, self.out);
    }
    /// Sends the final response to a request.
    pub(crate) fn finish(&mut self, server: ServerId, status: u16, response: Bytes) {
        let Net { servers, timers, .. } = &mut *self.net;
        servers.finish(server, status, response, self.now, (timers, self.out));
    }
    /// The ACK of a final response has come or will never matter.
    pub(crate) fn acknowledged(&mut self, server: ServerId) {
        self.net.servers.acknowledged(server, self.now, &mut self.net.timers);
    }
    /// Begins with a request that cannot be answered at once, which is found by `key` when it comes again.
    pub(crate) fn begin(&mut self, request: &Message, key: Vec<u8>, from: Flow, owner: Owner) -> ServerId {
        let (to, servers) = (from.answer(&request.top_via()), &mut self.net.servers);
        if request.method() == Method::Invite {
            return servers.invite(request, key, to, owner);
        }
        servers.other(request.method(), key, to)
    }
    /// Sends `100 Trying`.
    pub(crate) fn trying(&mut self, request: &Message, server: ServerId, from: Flow) {
        let trying = respond(&self.net.local, request, 100, "", from).finish();
        self.provisional(server, 100, trying);
    }
    /// Refuses a request in a dialog.
    pub(crate) fn refuse(&mut self, request: &Message, server: ServerId, status: u16, from: Flow) {
        self.conclude(request, server, status, from);
    }
    /// Answers a request in a dialog that has waited, with nothing but `status`.
    pub(crate) fn conclude(&mut self, request: &Message, server: ServerId, status: u16, from: Flow) {
        let response = self.plain(request, status, from);
        self.finish(server, status, response);
    }
    fn plain(&mut self, request: &Message, status: u16, from: Flow) -> Bytes {
        let mut writer = respond(&self.net.local, request, status, "", from);
        explain(&mut writer, request, status, &self.net.local);
        if status == 500 {
            let mut digits = [0; 10];
            writer.header(Name::RetryAfter, decimal((self.mint.bits() % 11) as u32, &mut digits));
        }
        writer.finish()
    }
    /// Answers a request other than INVITE, found by `key`, and keeps the answer for its retransmissions.
    pub(crate) fn answer(&mut self, request: &Message, key: Vec<u8>, status: u16, from: Flow) {
        let response = self.plain(request, status, from);
        self.answer_with(request, key, status, from, response);
    }
    /// As [`Ctx::answer`], with a response that has more to say.
    pub(crate) fn answer_with(
        &mut self,
        request: &Message,
        key: Vec<u8>,
        status: u16,
        from: Flow,
        response: Bytes,
    ) {
        let (to, method) = (from.answer(&request.top_via()), request.method());
        let Net { servers, timers, .. } = &mut *self.net;
        servers.answer((method, key), (response, to), status, self.now, (timers, self.out));
    }
    /// Sends an INVITE within the dialog of `line`, carrying `offer`; gives its branch and CSeq number.
    pub(crate) fn reinvite(&mut self, line: &mut Line, offer: Bytes, owner: Owner) -> (u128, u32) {
        let (branch, seq) = (self.mint.bits(), line.dialog.next_seq());
        let (mut writer, to, shown) = self.refreshing(line, Method::Invite, seq, branch, owner.call);
        let request = writer.body(SDP, offer).finish();
        let (from, trunk) = (line.dialog.local.clone(), line.dialog.trunk.clone());
        self.invite(branch, SentInvite { request, to, from, seq, initial: false, trunk, shown }, owner);
        self.may_sign(branch, &line.dialog, Some(owner));
        (branch, seq)
    }
    /// Sends an UPDATE within the dialog of `line`, carrying `offer`, or as a mere sign of life; gives its branch.
    pub(crate) fn update(&mut self, line: &mut Line, offer: Option<Bytes>, owner: Owner) -> u128 {
        let (branch, seq) = (self.mint.bits(), line.dialog.next_seq());
        let (mut writer, to, _) = self.refreshing(line, Method::Update, seq, branch, owner.call);
        if let Some(offer) = offer {
            writer.body(SDP, offer);
        }
        self.request((branch, Method::Update), (writer.finish(), to), owner);
        self.may_sign(branch, &line.dialog, Some(owner));
        branch
    }
    /// Sends an INFO within `dialog`, with a body of a kind; gives its branch.
    pub(crate) fn info(&mut self, dialog: &mut Dialog, kind: &[u8], body: Bytes, owner: Owner) -> u128 {
        let (branch, seq) = (self.mint.bits(), dialog.next_seq());
        let (mut writer, to, _) = self.in_dialog(dialog, Method::Info, seq, branch);
        let request = writer.body(kind, body).finish();
        self.request((branch, Method::Info), (request, to), owner);
        self.may_sign(branch, dialog, Some(owner));
        branch
    }
    /// Asks within `dialog` whether its peer is there; gives the branch.
    pub(crate) fn options(&mut self, dialog: &mut Dialog, owner: Owner) -> u128 {
        let (branch, seq) = (self.mint.bits(), dialog.next_seq());
        let (mut writer, to, _) = self.in_dialog(dialog, Method::Options, seq, branch);
        writer.header(Name::Contact, self.net.local.contact(to.transport, dialog.secure));
        writer.header(Name::Accept, SDP);
        self.request((branch, Method::Options), (writer.finish(), to), owner);
        self.may_sign(branch, dialog, Some(owner));
        branch
    }
    /// Sends a NOTIFY of `event` and its `state` within `dialog`, about a request we act on; gives its branch.
    pub(crate) fn notify(
        &mut self,
        dialog: &mut Dialog,
        (event, state): (&[u8], &str),
        report: Bytes,
        owner: Owner,
    ) -> u128 {
        let (branch, seq) = (self.mint.bits(), dialog.next_seq());
        let (mut writer, to, _) = self.in_dialog(dialog, Method::Notify, seq, branch);
        writer.header(Name::Contact, self.net.local.contact(to.transport, dialog.secure));
        writer.header(Name::Event, event).header(Name::SubscriptionState, state);
        let request = writer.body(SIPFRAG, report).finish();
        self.request((branch, Method::Notify), (request, to), owner);
        self.may_sign(branch, dialog, Some(owner));
        branch
    }
    /// Sends a PRACK for the response that made `dialog`, of the number `rseq` and to the INVITE `of`; gives its branch.
    pub(crate) fn prack(&mut self, dialog: &Dialog, seq: u32, (rseq, of): (u32, u32), owner: Owner) -> u128 {
        let branch = self.mint.bits();
        let (mut writer, to, _) = self.in_dialog(dialog, Method::Prack, seq, branch);
        writer.header_fmt(Name::RAck, format_args!("{rseq} {of} INVITE"));
        let Net { clients, timers, .. } = &mut *self.net;
        let sent = (writer.finish(), to);
        clients.request(branch, Method::Prack, sent, Then::Nothing, self.now, (timers, self.out));
        self.may_sign(branch, dialog, Some(owner));
        branch
    }
    /// Starts a request in a dialog, says where it goes, and signs it where its peer has challenged us before.
    fn in_dialog(
        &mut self,
        dialog: &Dialog,
        method: Method,
        seq: u32,
        branch: u128,
    ) -> (Writer, Flow, Shown) {
        let (mut writer, to) = in_dialog(&self.net.local, dialog, method, seq, branch);
        let mut shown = Shown::new();
        if let Some(trunk) = dialog.signer() {
            shown = self.net.accounts.sign(trunk, &mut writer, (method, dialog.path().uri), self.mint);
        }
        (writer, to, shown)
    }
    /// Sends a request other than INVITE whose answer `owner` waits for.
    fn request(&mut self, (branch, method): (u128, Method), sent: (Bytes, Flow), owner: Owner) {
        let Net { clients, timers, .. } = &mut *self.net;
        clients.request(branch, method, sent, Then::Tell(owner), self.now, (timers, self.out));
    }
    /// The request under `branch` may be signed when it is challenged, if `dialog` is with a trunk that knows us.
    fn may_sign(&mut self, branch: u128, dialog: &Dialog, owner: Option<Owner>) {
        if let Some(trunk) = dialog.signer() {
            self.net.clients.may_sign(branch, Arc::clone(trunk), owner);
        }
    }
    /// Starts a request that refreshes target and session, and says where it goes.
    fn refreshing(
        &mut self,
        line: &Line,
        method: Method,
        seq: u32,
        branch: u128,
        call: CallKey,
    ) -> (Writer, Flow, Shown) {
        let (mut writer, to, shown) = self.in_dialog(&line.dialog, method, seq, branch);
        let local = &self.net.local;
        writer.header(Name::Contact, local.contact(to.transport, line.dialog.secure));
        able(&mut writer, local);
        if let Some(timer) = &line.timer {
            timer.ask(&mut writer);
        }
        self.name_call(&mut writer, call);
        (writer, to, shown)
    }
    /// Sends an INVITE.
    pub(crate) fn invite(&mut self, branch: u128, sent: SentInvite, owner: Owner) {
        let Net { clients, timers, .. } = &mut *self.net;
        clients.invite(branch, sent, owner, self.now, (timers, self.out));
    }
    /// Acknowledges the 2xx to our INVITE `seq` with `branch`, now and whenever it is repeated. One that was signed has its
    /// signature again, and the number under which it was sent last (RFC 3261 §22.1).
    pub(crate) fn ack(&mut self, dialog: &Dialog, branch: u128, seq: u32) {
        let (ack, to) = self.written_ack(dialog, branch, seq);
        self.out.send(to, ack.clone(), Sent::Request(Method::Ack));
        self.net.clients.acknowledged(branch, ack, to, &mut self.net.timers);
    }
    /// The ACK of a 2xx that was taken before a restart: its peer most likely has it, and repeats the 2xx if not
    /// (RFC 3261 §13.3.1.4), but for one on a connection, which may think that a repetition is not needed.
    pub(crate) fn ack_if_repeated(&mut self, dialog: &Dialog, branch: u128, seq: u32) {
        let (ack, to) = self.written_ack(dialog, branch, seq);
        if to.transport.is_reliable() {
            self.out.send(to, ack.clone(), Sent::Request(Method::Ack));
        }
        self.net.clients.acknowledged(branch, ack, to, &mut self.net.timers);
    }
    fn written_ack(&mut self, dialog: &Dialog, branch: u128, seq: u32) -> (Bytes, Flow) {
        let sent = self.net.clients.sent_invite(branch);
        let (seq, shown) = sent.map_or((seq, Shown::new()), |sent| (sent.seq, sent.shown.clone()));
        let (mut writer, to) = in_dialog(&self.net.local, dialog, Method::Ack, seq, self.mint.bits());
        if dialog.signer().is_some() {
            show(&mut writer, &shown);
        }
        (writer.finish(), to)
    }
    /// Ends a dialog with BYE. What the peer still sends in it is answered until the BYE is settled.
    /// What is stored of the leg stays until then.
    pub(crate) fn bye(&mut self, mut dialog: Dialog, of: Option<Owner>, cause: Option<Cause>) {
        let (branch, seq) = (self.mint.bits(), dialog.next_seq());
        let (mut writer, to, _) = self.in_dialog(&dialog, Method::Bye, seq, branch);
        if let Some(owner) = of {
            self.name_call(&mut writer, owner.call);
        }
        if let Some(cause) = cause {
            reason(&mut writer, cause);
        }
        let ended = self.net.dialogs.get_mut(&dialog.tag).map(|partner| *partner = dialog.ended(of));
        if let (Some(()), Some(owner)) = (ended, of) {
            self.net.farewells.begin(owner);
        }
        let then = ended.map_or(Then::Nothing, |()| Then::Forget(dialog.tag));
        let Net { clients, timers, .. } = &mut *self.net;
        clients.request(branch, Method::Bye, (writer.finish(), to), then, self.now, (timers, self.out));
        self.may_sign(branch, &dialog, None);
    }
    /// Cancels the INVITE under `branch`, if a provisional response has come. True when it was sent.
    pub(crate) fn cancel(&mut self, branch: u128, cause: Option<Cause>) -> bool {
        let Some(open) = self.net.clients.open_invite(branch).filter(|open| open.may_cancel()) else {
            return false;
        };
        let to = open.sent.to;
        let branch = self.net.clients.branch_of(branch);
        // Our own INVITE always reads back.
        let Ok(invite) = Message::parse(open.sent.request.clone()) else { return false };
        let cancel = cancel_of(&invite, cause);
        let Net { clients, timers, .. } = &mut *self.net;
        clients.request(branch, Method::Cancel, (cancel, to), Then::Nothing, self.now, (timers, self.out));
        clients.cancelled(branch, self.now, timers);
        true
    }
}
