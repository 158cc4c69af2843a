//! A phone's leg after a restart, from what was stored of it: one that talks goes on, all others are ended.

use super::{
    Line, Session, Turn,
    calling::Leftover,
    outgoing::Outgoing,
    phone::{MadeBy, PhoneLeg, Stage},
    session_timer::SessionTimer,
};
use crate::{
    Cause, DialogRecord, LegKey, LegRecord, RingRecord,
    compose::cancel_of,
    context::Ctx,
    dialog::Dialog,
    transaction::Then,
    wire::{Message, Method},
};
use bytes::Bytes;

/// For the Reason of what ends a leg that nobody needs any more.
const RESTARTED: Cause = Cause { status: 480, text: "Restarted" };

impl PhoneLeg {
    /// The leg as it was stored. When it `stays` and its dialog can be read, it is up, and its 2xx is acknowledged should it be repeated;
    /// else it is over, but for the ends of its INVITEs.
    pub(crate) fn revived(key: LegKey, record: &LegRecord, stays: bool, ctx: &mut Ctx<'_>) -> Self {
        let mut leg = Self::at(key, Session::new(0, ctx.net.local.media), 0, Stage::Over);
        let LegRecord { invite, to, dialog, others, trunk } = record.clone();
        let first = RingRecord { invite, to, trunk, answer: Bytes::new(), local_seq: 0 };
        match dialog {
            Some(dialog) if stays => leg.be_up(&first, &dialog, ctx),
            Some(DialogRecord { answer, local_seq, .. }) => {
                leg.end_old(RingRecord { answer, local_seq, ..first }, ctx);
            }
            None => leg.end_old(first, ctx),
        }
        for other in others {
            leg.end_old(other, ctx);
        }
        leg.keep(ctx);
        leg
    }
    fn be_up(&mut self, ring: &RingRecord, record: &DialogRecord, ctx: &mut Ctx<'_>) {
        let Some(outgoing) = Outgoing::revived(ring, &ctx.net.local) else { return };
        let Some(dialog) = self.answered_before(&outgoing, &record.answer, ctx) else { return };
        let dialog = dialog.revived(record);
        self.tag = outgoing.tag;
        self.session = Session::revived(outgoing.tag, ctx.net.local.media, record);
        let timer = record.timer.map(|timer| SessionTimer::revived(timer, ctx.now));
        ctx.ack_if_repeated(&dialog, outgoing.branch, outgoing.seq);
        let made_by = MadeBy { invite: outgoing.invite, to: outgoing.to, answer: record.answer.clone() };
        let line = Box::new(Line { dialog, turn: Turn::Free, timer, probe: None, strays: 0 });
        self.stage = Stage::Up { line, made_by };
    }
    /// The dialog of an INVITE that was answered; none when that cannot be read.
    fn answered_before(&self, outgoing: &Outgoing, answer: &Bytes, ctx: &mut Ctx<'_>) -> Option<Dialog> {
        let answer = Message::parse(answer.clone()).ok().filter(|answer| answer.status().is_some())?;
        let tag = answer.to_tag().map_or_else(Bytes::new, Bytes::copy_from_slice);
        let (owner, sent) = (self.owner(), (outgoing.as_sent(), tag));
        ctx.net.clients.answered(outgoing.branch, sent, owner, ctx.now, &mut ctx.net.timers);
        Some(self.dialog_of(outgoing, &answer, outgoing.to, ctx))
    }
    /// Ends an INVITE that is not wanted any more.
    fn end_old(&mut self, ring: RingRecord, ctx: &mut Ctx<'_>) {
        let Some(outgoing) = Outgoing::revived(&ring, &ctx.net.local) else { return };
        if ring.answer.is_empty() {
            return self.cancel_old(outgoing, ctx);
        }
        if let Some(dialog) = self.answered_before(&outgoing, &ring.answer, ctx) {
            self.ending.push(RingRecord { answer: ring.answer, ..outgoing.record() });
            ctx.ack(&dialog, outgoing.branch, outgoing.seq);
            ctx.bye(dialog, Some(self.owner()), Some(RESTARTED));
        }
    }
    /// Cancels an INVITE. It is not known whether it has left and a provisional response has come, so one that comes now
    /// has it cancelled again.
    fn cancel_old(&mut self, outgoing: Outgoing, ctx: &mut Ctx<'_>) {
        let Ok(invite) = Message::parse(outgoing.invite.clone()) else { return };
        let (owner, branch, to) = (self.owner(), outgoing.branch, outgoing.to);
        let crate::context::Net { clients, timers, .. } = &mut *ctx.net;
        clients.ringing(branch, outgoing.as_sent(), owner, ctx.now, timers);
        let cancel = cancel_of(&invite, Some(RESTARTED));
        clients.request(branch, Method::Cancel, (cancel, to), Then::Nothing, ctx.now, (timers, ctx.out));
        self.leftovers.push(Leftover { outgoing, cause: RESTARTED, cancelled: false });
    }
}
