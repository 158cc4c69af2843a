//! INVITE with Replaces (RFC 3891): whether it may take the place of a dialog, before the call it belongs to is asked.

use crate::{
    Flow, Rejected,
    compose::{explain, respond},
    context::{Moment, Partner},
    leg::caller::Caller,
    stack::Stack,
    transaction::Owner,
    wire::{Message, Replaces},
};

impl Stack {
    /// An INVITE of trunk number `trunk` that takes the place of a dialog (RFC 3891 §3).
    pub(crate) fn replacing(
        &mut self,
        trunk: usize,
        replaces: &Replaces<'_>,
        (request, key): (&Message, Vec<u8>),
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        let Some(owner) = self.named_by(replaces) else {
            let status = if self.has_ended(replaces) { 603 } else { 481 };
            return self.turn_away(request, status, Rejected::UnknownDialog, from, moment);
        };
        match self.may_replace(trunk, owner, replaces, request.body().is_empty()) {
            Err(status) => self.keep_away(request, status, (key, owner), from, moment),
            Ok(()) => {
                self.with_call(owner.call, moment, |call, ctx| {
                    let caller = Caller::of(call.key, request, key, from, ctx);
                    call.replace_caller(caller, ctx);
                });
            }
        }
    }
    /// Refuses an INVITE and remembers it: what it asks for might be granted when it comes again, and its sender has
    /// given it up by then.
    fn keep_away(
        &mut self,
        request: &Message,
        status: u16,
        (key, owner): (Vec<u8>, Owner),
        from: Flow,
        moment: &mut Moment<'_>,
    ) {
        moment.out.count(Rejected::UnknownDialog);
        let tag = self.stray_tag(moment);
        let mut writer = respond(&self.net.local, request, status, &tag, from);
        explain(&mut writer, request, status, &self.net.local);
        let mut ctx = moment.with(&mut self.net);
        let server = ctx.begin(request, key, from, owner);
        ctx.finish(server, status, writer.finish());
    }
    /// Whose dialog it is, by our tag alone.
    fn named_by(&self, replaces: &Replaces<'_>) -> Option<Owner> {
        match self.net.dialogs.get(&self.net.local.names.read_tag(replaces.to_tag)?)? {
            Partner::Leg(owner) => Some(*owner),
            Partner::Ended { .. } => None,
        }
    }
    /// Whether we have hung up on exactly this dialog just now.
    fn has_ended(&self, replaces: &Replaces<'_>) -> bool {
        let tag = self.net.local.names.read_tag(replaces.to_tag);
        match tag.and_then(|tag| self.net.dialogs.get(&tag)) {
            Some(Partner::Ended { call_id, remote_tag, .. }) => {
                **call_id == *replaces.call_id && **remote_tag == *replaces.from_tag
            }
            Some(Partner::Leg(_)) | None => false,
        }
    }
    /// # Errors
    /// The status it deserves. Another trunk's callers are nobody's to replace.
    fn may_replace(
        &mut self,
        trunk: usize,
        owner: Owner,
        replaces: &Replaces<'_>,
        offerless: bool,
    ) -> Result<(), u16> {
        let found = self.calls.get_mut(&owner.call).ok_or(481_u16)?;
        found.may_be_replaced(owner.side, replaces, offerless)?;
        let same_trunk = self.config.trunk_of(found.caller_flow().peer.ip()) == Some(trunk);
        if same_trunk { Ok(()) } else { Err(403) }
    }
}
