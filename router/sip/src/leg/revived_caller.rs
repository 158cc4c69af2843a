//! A caller's leg after a restart, from what was stored of it.

use super::{
    Line, Session, Turn,
    caller::{Caller, Early, Stage},
    reliable::Reliable,
    session_timer::SessionTimer,
};
use crate::{
    CallKey, CallerRecord, Cause, DialogRecord, EarlyRecord, Flow, Keep, NotRevived,
    compose::respond,
    context::{Ctx, Partner},
    dialog::Dialog,
    timers::ServerId,
    transaction::{LIFE, Owner, Side, server_key},
    wire::{Message, Method},
};
use bytes::Bytes;
use std::net::SocketAddr;

/// For the Reason of a BYE whose own reason was not stored.
const ENDED: &str = "Ended before a restart";

impl Caller {
    /// The leg as it was stored. The INVITE is found again by its retransmissions, and those of the caller's ACK are
    /// absorbed; a 2xx whose ACK may be on its way is sent again.
    ///
    /// # Errors
    ///
    /// [`NotRevived::Unreadable`] and [`NotRevived::Foreign`]; nothing was done then.
    pub(crate) fn revived(
        call: CallKey,
        record: &CallerRecord,
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, NotRevived> {
        let (mut caller, tag) = Self::read(call, record, ctx)?;
        if let Some(called) = &record.called {
            let up = record.dialog.as_ref().ok_or(NotRevived::Unreadable)?;
            caller.called_again((called, up), ctx)?;
            return Ok(caller);
        }
        caller.server = caller.find_again(ctx);
        let dialog = caller.old_dialog(tag, ctx);
        match &record.dialog {
            None => caller.be_early(dialog, record.early.as_ref(), ctx),
            Some(up) => caller.be_up(dialog.revived(up), up, record.early.as_ref(), ctx),
        }
        Ok(caller)
    }
    /// A leg that had ended, though the caller may not have heard so: it is told again.
    ///
    /// # Errors
    ///
    /// As [`Caller::revived`].
    pub(crate) fn dismissed(
        call: CallKey,
        (record, status): (&CallerRecord, u16),
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, NotRevived> {
        let (mut caller, tag) = Self::read(call, record, ctx)?;
        if let Some(called) = &record.called {
            caller.called_and_dismissed(record, (called, status), ctx)?;
            return Ok(caller);
        }
        caller.server = caller.find_again(ctx);
        match &record.dialog {
            None => {
                ctx.out.keep.push(Keep::CallerLeg(call, record.clone()));
                caller.say_no(tag, status, ctx);
            }
            Some(up) => {
                let dialog = caller.old_dialog(tag, ctx);
                caller.be_up(dialog.revived(up), up, record.early.as_ref(), ctx);
                caller.hang_up(Cause { status, text: ENDED }, ctx);
            }
        }
        Ok(caller)
    }
    /// A caller who has left.
    pub(crate) fn gone(call: CallKey, invite: Message, from: Flow, ctx: &Ctx<'_>) -> Self {
        let session = Session::new(0, ctx.net.local.media);
        let (server, stage) = (ServerId::default(), Stage::Gone);
        let (revived, replaced, called, unstored) = (true, None, None, true);
        Self {
            call,
            invite,
            from,
            server,
            session,
            reliable: None,
            stage,
            revived,
            replaced,
            called,
            unstored,
        }
    }
    fn read(call: CallKey, record: &CallerRecord, ctx: &Ctx<'_>) -> Result<(Self, u128), NotRevived> {
        let invite = Message::parse(record.invite.clone()).map_err(|_| NotRevived::Unreadable)?;
        if invite.method() != Method::Invite || invite.status().is_some() {
            return Err(NotRevived::Unreadable);
        }
        let tag = ctx.net.local.names.read_tag(record.tag.as_bytes()).ok_or(NotRevived::Foreign)?;
        // Its connection has ended with the process, and a new one may have its number.
        let from = Flow { connection: None, ..record.from };
        let session = Session::stored(tag, ctx.net.local.media, &invite.body(), &Bytes::new());
        Ok((Self { session, unstored: false, ..Self::gone(call, invite, from, ctx) }, tag))
    }
    /// Begins its INVITE's transaction again.
    fn find_again(&self, ctx: &mut Ctx<'_>) -> ServerId {
        let (key, to) = (server_key(&self.invite, Method::Invite), self.answers_go_to());
        let server = ctx.net.servers.invite(&self.invite, key, to, self.owner());
        let trying = respond(&ctx.net.local, &self.invite, 100, "", self.from).finish();
        ctx.net.servers.said_before(server, 100, trying);
        server
    }
    /// Where responses go: a connection has to be opened anew (RFC 3261 §18.2.2).
    fn answers_go_to(&self) -> Flow {
        let via = self.invite.top_via();
        let transport = self.from.transport;
        if !transport.is_reliable() {
            return self.from.answer(&via);
        }
        let port = via.port.unwrap_or(transport.default_port());
        Flow::to(transport, SocketAddr::new(self.from.peer.ip(), port))
    }
    fn old_dialog(&self, tag: u128, ctx: &mut Ctx<'_>) -> Dialog {
        ctx.net.dialogs.insert(tag, Partner::Leg(Owner { call: self.call, side: Side::Caller }));
        Dialog::as_server(&self.invite, self.from, tag, &ctx.net.local.names.tag(tag))
    }
    fn be_early(&mut self, dialog: Dialog, said: Option<&EarlyRecord>, ctx: &mut Ctx<'_>) {
        self.stage = Stage::Early(Box::new(Early::new(dialog, ctx.now)));
        if let Some(said) = said {
            self.go_on_early(said, ctx);
        }
    }
    /// Goes on where provisional responses have led: one that was not received is said again.
    fn go_on_early(&mut self, record: &EarlyRecord, ctx: &mut Ctx<'_>) {
        let Stage::Early(early) = &mut self.stage else { return };
        let tag = early.dialog.tag;
        early.previewed = (!record.preview.is_empty()).then(|| record.preview.clone());
        self.session = Session::stored(tag, ctx.net.local.media, &record.theirs, &record.ours);
        let Some(reliable) = record.reliable else {
            let preview = (!record.preview.is_empty()).then(|| record.preview.clone());
            let response = self.provisional(record.said, preview, None, ctx);
            return self.said(record.said, response, ctx);
        };
        let out = reliable.out.map(|(status, described)| {
            let preview = described.then(|| record.preview.clone());
            (status, self.provisional(status, preview, Some(reliable.rseq), ctx))
        });
        let response = out.as_ref().map(|(_, response)| response.clone());
        self.reliable = Some(Box::new(Reliable::revived(reliable, response, &record.preview, ctx.now)));
        if let Stage::Early(early) = &mut self.stage {
            early.said = Some((record.said, Bytes::new()));
        }
        if let Some((status, response)) = out {
            ctx.provisional(self.server, status, response);
        }
    }
    fn said(&mut self, status: u16, response: Bytes, ctx: &mut Ctx<'_>) {
        if let Stage::Early(early) = &mut self.stage {
            early.said = Some((status, response.clone()));
        }
        ctx.net.servers.said_before(self.server, status, response);
    }
    fn be_up(
        &mut self,
        dialog: Dialog,
        record: &DialogRecord,
        early: Option<&EarlyRecord>,
        ctx: &mut Ctx<'_>,
    ) {
        self.session = Session::revived(dialog.tag, ctx.net.local.media, record);
        let timer = record.timer.map(|timer| SessionTimer::revived(timer, ctx.now));
        let fresh = |at: crate::Micros| ctx.now < at.after(LIFE);
        let awaited = record.theirs.is_empty() || record.unacknowledged.is_some_and(fresh);
        let turn = if awaited && !record.ours.is_empty() {
            let described = early.and_then(|early| early.reliable).is_some_and(|said| said.described);
            let body = (!described).then(|| record.ours.clone());
            let (response, _) = self.acceptance(dialog.tag, body, ctx);
            ctx.finish(self.server, 200, response);
            let offered = self.invite.body().is_empty();
            Turn::Answered { server: self.server, seq: self.invite.cseq().0, offered }
        } else {
            ctx.net.servers.accepted_before(self.server, ctx.now, &mut ctx.net.timers);
            Turn::Free
        };
        self.stage = Stage::Up(Box::new(Line { dialog, turn, timer, probe: None, strays: 0 }));
    }
}
