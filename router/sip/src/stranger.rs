//! 2xx answers that nobody waits for: other branches of a fork, answers that come when their leg has gone, and those to
//! re-INVITEs that left before a restart.

use crate::{
    Flow, Rejected,
    auth::show,
    compose::in_dialog,
    context::{Ctx, Moment, Partner},
    dialog::Dialog,
    leg::pracking::MAX_PRACKS,
    output::Sent,
    stack::Stack,
    transaction::{Owner, SentInvite},
    wire::{Message, Method},
};

impl Stack {
    /// A response without a transaction: the 2xx to a re-INVITE may be of one that left before a restart.
    pub(crate) fn stray(&mut self, response: &Message, status: u16, moment: &mut Moment<'_>) {
        let accepts = response.method() == Method::Invite && (200..300).contains(&status);
        let tag = response.from_tag().filter(|_| accepts).and_then(|tag| self.net.local.names.read_tag(tag));
        let known = match tag.and_then(|tag| self.net.dialogs.get(&tag)) {
            Some(Partner::Leg(Owner { call, side })) => {
                let (call, side) = (*call, *side);
                self.with_call(call, moment, |call, ctx| call.accepted_before(side, response, ctx))
            }
            Some(Partner::Ended { .. }) | None => None,
        };
        if known != Some(true) {
            moment.out.count(Rejected::StrayResponse);
        }
    }
}

impl Ctx<'_> {
    /// Acknowledges a 2xx to a re-INVITE of the number `seq` of which nothing else is known.
    pub(crate) fn ack_stray(&mut self, dialog: &Dialog, seq: u32) {
        let (mut writer, to) = in_dialog(&self.net.local, dialog, Method::Ack, seq, self.mint.bits());
        self.out.send(to, writer.finish(), Sent::Request(Method::Ack));
    }
    /// Acknowledges a 2xx to our INVITE under `branch`. One that makes a dialog of its own ends it when it is `new`.
    pub(crate) fn end_stranger(&mut self, branch: u128, response: &Message, from: Flow, new: bool) {
        let Some(sent) = self.net.clients.sent_invite(branch).cloned() else { return };
        let SentInvite { from: ours, seq, initial, trunk, shown, .. } = sent;
        // Its PRACKs may have taken numbers; nobody knows any more how many.
        let used = seq.saturating_add(u32::from(MAX_PRACKS));
        let dialog = Dialog::as_client(0, ours, used, response, from).signed_by(trunk);
        let (mut writer, to) = in_dialog(&self.net.local, &dialog, Method::Ack, seq, self.mint.bits());
        if dialog.signer().is_some() {
            show(&mut writer, &shown);
        }
        self.out.send(to, writer.finish(), Sent::Request(Method::Ack));
        if new && initial {
            self.bye(dialog, None, None);
        }
    }
}
