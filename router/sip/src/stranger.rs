//! 2xx answers that nobody waits for: other branches of a fork, and answers that come when their leg has gone.

use crate::{
    Flow,
    auth::show,
    compose::in_dialog,
    context::Ctx,
    dialog::Dialog,
    leg::pracking::MAX_PRACKS,
    output::Sent,
    transaction::SentInvite,
    wire::{Message, Method},
};

impl Ctx<'_> {
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
