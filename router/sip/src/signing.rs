//! Requests of ours in a dialog with a trunk that asks who we are: signed and sent again, so that the leg that sent them
//! need not know.
//!
//! Only where the dialog's own trunk has a login: what a phone asks is never answered.

use crate::{
    Flow, Notice,
    auth::{NoAnswer, Shown},
    compose::{cseq, own_via},
    context::{Ctx, Moment},
    peering::TrunkNews,
    stack::Stack,
    transaction::{Challenged, Heard, Owner, Then, Waits},
    wire::{Message, Name, Writer},
};
use bytes::Bytes;
use std::sync::Arc;

/// Headers that are written anew when a request is signed.
const ANEW: [Name; 4] = [Name::Via, Name::CSeq, Name::Authorization, Name::ProxyAuthorization];

impl Stack {
    /// A request of ours in a dialog met a challenge: `response`, which came from `from`.
    pub(crate) fn challenged(
        &mut self,
        mut challenged: Challenged,
        response: &Message,
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        if let Some(seq) = self.may_answer_with(&mut challenged, response, moment) {
            return moment.with(&mut self.net).sign_again(challenged, seq);
        }
        let known = challenged.known;
        match challenged.waits {
            Waits::Invite(Owner { call, side }) => {
                self.with_call(call, moment, |call, ctx| {
                    call.invite_heard(side, known, &Heard::Refused, (response, from), ctx)
                });
            }
            Waits::Other(Then::Tell(Owner { call, side })) => {
                self.with_call(call, moment, |call, ctx| {
                    call.request_heard(side, known, Some(response), ctx)
                });
            }
            Waits::Other(Then::Nothing | Then::Forget(_) | Then::Peer(_) | Then::Phone(_)) => {}
        }
    }
    /// Under which number a challenged request is to be sent again; none when the refusal stands.
    fn may_answer_with(
        &mut self,
        challenged: &mut Challenged,
        response: &Message,
        moment: &mut Moment<'_>,
    ) -> Option<u32> {
        let (trunk, owner) = (Arc::clone(&challenged.signer.trunk), challenged.signer.owner);
        let attempt = &mut challenged.signer.attempt;
        match self.net.accounts.challenged(&trunk, response, attempt)? {
            Ok(()) => {}
            Err(why) => {
                moment.out.notices.push(not_signed_in(&trunk, why));
                return None;
            }
        }
        let Some(Owner { call, side }) = owner else { return Some(response.cseq().0.saturating_add(1)) };
        let of = |call: &mut crate::bridge::Call, _: &mut Ctx<'_>| call.next_seq(side, response.call_id());
        self.with_call(call, moment, of).flatten()
    }
}

impl Ctx<'_> {
    fn sign_again(&mut self, challenged: Challenged, seq: u32) {
        // Our own request always reads back.
        let Ok(before) = Message::parse(challenged.request.clone()) else { return };
        let (branch, trunk) = (self.mint.bits(), &challenged.signer.trunk);
        let (mut writer, method) = (again(&before, branch, seq, challenged.to, self), before.method());
        let uri = before.request_uri();
        let shown: Shown = self.net.accounts.sign(trunk, &mut writer, (method, uri), self.mint);
        let request = finished(&mut writer, &before);
        let crate::context::Net { clients, timers, .. } = &mut *self.net;
        clients.again(challenged, (branch, seq), (request, shown), self.now, (timers, self.out));
    }
}

/// What the log hears of a challenge that cannot be answered.
pub(crate) fn not_signed_in(trunk: &str, why: NoAnswer) -> Notice {
    Notice::Trunk { trunk: trunk.to_owned(), news: TrunkNews::NotSignedIn(why) }
}

/// The request `before` with another branch and number, unsigned, and without its body.
fn again(before: &Message, branch: u128, seq: u32, to: Flow, ctx: &Ctx<'_>) -> Writer {
    let mut writer = Writer::request(before.method(), before.request_uri());
    own_via(&mut writer, &ctx.net.local, to.transport, branch);
    cseq(&mut writer, seq, before.method());
    let kept = |name: Name| !ANEW.contains(&name) && name != Name::ContentType;
    for header in before.headers().filter(|header| kept(header.name)) {
        writer.header_text(header.text, header.value);
    }
    writer
}

fn finished(writer: &mut Writer, before: &Message) -> Bytes {
    if let Some(kind) = before.header(Name::ContentType) {
        writer.body(kind, before.body());
    }
    writer.finish()
}
