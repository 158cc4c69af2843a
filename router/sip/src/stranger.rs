//! 2xx answers that nobody waits for: other branches of a fork, and answers that come when their leg has gone.

use crate::{
    context::Ctx,
    dialog::Dialog,
    compose::in_dialog,
    output::Sent,
    wire::{Message, Method, Name},
};
use bytes::Bytes;
use std::net::SocketAddr;

impl Ctx<'_> {
    /// Acknowledges a 2xx to our INVITE under `branch`. One that makes a dialog of its own ends it when it is `new`.
    pub(crate) fn end_stranger(&mut self, branch: u128, response: &Message, from: SocketAddr, new: bool) {
        let Some(invite) = self.net.clients.invite_bytes(branch) else { return };
        // Our own INVITE always reads back.
        let Ok(invite) = Message::parse(invite.clone()) else { return };
        let ours = invite.share(invite.header(Name::From).unwrap_or_default());
        let dialog = Dialog::as_client(0, ours, invite.cseq().0, response, from);
        let (mut writer, to) =
            in_dialog(&self.net.local, &dialog, Method::Ack, invite.cseq().0, self.mint.bits());
        let ack: Bytes = writer.finish();
        self.out.send(to, ack, Sent::Request(Method::Ack));
        if new && invite.to_tag().is_none() {
            self.bye(dialog, None, None);
        }
    }
}
