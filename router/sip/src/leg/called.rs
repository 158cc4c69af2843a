//! A caller whom we have called: a customer's leg, made by an INVITE of ours, stands where a caller's leg stands.

use super::{
    Line, Session, Turn,
    caller::{Caller, Stage},
    outgoing::Outgoing,
    phone::{MadeBy, PhoneLeg},
    session_timer::SessionTimer,
};
use crate::{
    CallKey, CallerRecord, Cause, DialogRecord, Flow, NotRevived, RingRecord, Transport,
    context::{Ctx, Partner},
    dialog::Dialog,
    timers::ServerId,
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// For the Reason of a BYE whose own reason was not stored.
const ENDED: &str = "Ended before a restart";

/// Longest number that is shown, in bytes.
const MAX_SHOWN: usize = 32;

/// An INVITE that nobody has sent, so that phones can be shown who is calling: `user` at our host, with a name or an empty
/// one; anonymous without a user, and with one that is no number.
pub(crate) fn persona((user, name): (Option<&str>, &str), dialled: &str, host: &str) -> Option<Message> {
    let host = if host.is_empty() { "localhost" } else { host };
    let is_number = |user: &&str| {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'+';
        (1..=MAX_SHOWN).contains(&user.len()) && user.bytes().all(fits)
    };
    let (name, from) = match user.filter(is_number) {
        Some(user) => (name, format!("sip:{user}@{host}")),
        None => ("Anonymous", "sip:anonymous@anonymous.invalid".to_owned()),
    };
    let dialled = if dialled.is_empty() { "callback" } else { dialled };
    let uri = format!("sip:{dialled}@{host}");
    let mut writer = Writer::request(Method::Invite, &uri);
    let head = [
        ("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-callback".to_owned()),
        ("Max-Forwards", "70".to_owned()),
        ("To", format!("<{uri}>")),
        ("Call-ID", "callback".to_owned()),
        ("CSeq", "1 INVITE".to_owned()),
    ];
    writer.address(Name::From, name, &from, ";tag=1");
    for (name, value) in head {
        writer.header_text(name, value.as_bytes());
    }
    Message::parse(writer.finish()).ok()
}

impl Caller {
    /// Nobody yet: `invite` is shown to phones as the caller's.
    pub(crate) fn awaited(call: CallKey, invite: Message) -> Self {
        let nowhere = Flow::to(Transport::Udp, SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));
        let session = Session::new(0, nowhere.peer.ip());
        let (server, stage) = (ServerId::default(), Stage::Gone);
        let from = nowhere;
        let (revived, replaced, called, unstored) = (false, None, None, true);
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
    /// The customer has come: what `leg` has of it is ours. False when it has no dialog.
    pub(crate) fn becomes(&mut self, leg: &mut PhoneLeg, ctx: &mut Ctx<'_>) -> bool {
        let Some((line, made_by)) = leg.give_up() else { return false };
        let media = ctx.net.local.media;
        self.session = std::mem::replace(&mut leg.session, Session::new(0, media));
        ctx.net.dialogs.insert(line.dialog.tag, Partner::Leg(self.owner()));
        self.from = made_by.to;
        self.called = Some(Box::new(made_by));
        self.unstored = false;
        self.stage = Stage::Up(line);
        self.keep(ctx);
        true
    }
    /// What is to be stored of how it was called.
    pub(super) fn called_record(&self, dialog: Option<&DialogRecord>) -> Option<Box<RingRecord>> {
        let MadeBy { invite, to, answer } = &**self.called.as_ref()?;
        let trunk = self.dialog().and_then(|dialog| dialog.trunk.as_deref()).map(str::to_owned);
        let local_seq = dialog.map_or(0, |dialog| dialog.local_seq);
        Some(Box::new(RingRecord {
            invite: invite.clone(),
            to: *to,
            trunk,
            answer: answer.clone(),
            local_seq,
        }))
    }
    /// The dialog of a customer who was called before a restart; its 2xx is acknowledged should it be repeated.
    ///
    /// # Errors
    ///
    /// [`NotRevived::Unreadable`]: INVITE or answer cannot be read.
    pub(super) fn called_again(
        &mut self,
        (called, up): (&RingRecord, &DialogRecord),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), NotRevived> {
        let outgoing = Outgoing::revived(called, &ctx.net.local).ok_or(NotRevived::Unreadable)?;
        let answer = Message::parse(called.answer.clone()).ok().filter(|answer| answer.status().is_some());
        let answer = answer.ok_or(NotRevived::Unreadable)?;
        let remote_tag = answer.to_tag().map_or_else(Bytes::new, Bytes::copy_from_slice);
        let (owner, sent) = (self.owner(), (outgoing.as_sent(), remote_tag));
        ctx.net.clients.answered(outgoing.branch, sent, owner, ctx.now, &mut ctx.net.timers);
        let (ours, seq, to) = (outgoing.from.clone(), outgoing.last_seq, outgoing.to);
        let dialog = Dialog::as_client(outgoing.tag, ours, seq, &answer, to)
            .found_at(to)
            .signed_by(outgoing.trunk.clone())
            .over_tls(outgoing.secure)
            .revived(up);
        ctx.net.dialogs.insert(outgoing.tag, Partner::Leg(owner));
        ctx.ack_if_repeated(&dialog, outgoing.branch, outgoing.seq);
        self.session = Session::revived(outgoing.tag, ctx.net.local.media, up);
        let timer = up.timer.map(|timer| SessionTimer::revived(timer, ctx.now));
        self.from = to;
        let made_by = MadeBy { invite: outgoing.invite, to, answer: called.answer.clone() };
        self.called = Some(Box::new(made_by));
        self.stage = Stage::Up(Box::new(Line { dialog, turn: Turn::Free, timer, probe: None, strays: 0 }));
        Ok(())
    }
    /// As [`Caller::called_again`], for one that we had hung up on, and is told again.
    pub(super) fn called_and_dismissed(
        &mut self,
        record: &CallerRecord,
        (called, status): (&RingRecord, u16),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), NotRevived> {
        let up = record.dialog.clone().unwrap_or_default();
        self.called_again((called, &up), ctx)?;
        self.hang_up(Cause { status, text: ENDED }, ctx);
        Ok(())
    }
}
