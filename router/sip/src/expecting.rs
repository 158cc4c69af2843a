//! Customers who are to be called back: who they are is stored as that of a caller who has no dialog, so that it is known
//! after a restart, until the customer has come or nobody is to call any more.

use crate::{
    CallKey, CallerRecord, Keep, Offered, Output,
    bridge::{Call, offered},
    leg::{called::persona, caller::Caller},
    stack::Stack,
    wire::Message,
};

impl Stack {
    /// Stores whom `call` is for: `number`, whose owner is called `name`, if that is known, and has dialled `dialled`. Gives
    /// what [`Notice::CallOffered`](crate::Notice) gives of a caller; none for what is no number.
    pub fn expect(
        &mut self,
        call: CallKey,
        (number, name, dialled): (&str, &str, &str),
        out: &mut Output,
    ) -> Option<Offered> {
        let invite = persona((Some(number), name), dialled, &self.net.local.host)?;
        let from = Caller::awaited(call, invite.clone()).from;
        let (dialog, early, ended, before, called) = (None, None, None, None, None);
        let (bytes, tag) = (invite.bytes().clone(), String::new());
        let record = CallerRecord { invite: bytes, from, tag, dialog, early, ended, before, called };
        out.keep.push(Keep::CallerLeg(call, record));
        Some(offered(&invite, "", dialled.to_owned()))
    }
    /// Nobody is to be called for `call` any more, or it never was to be.
    pub fn expect_no_more(&self, call: CallKey, out: &mut Output) {
        if !self.calls.get(&call).is_some_and(|call| call.has_answered()) {
            out.keep.push(Keep::ForgetCall(call));
        }
    }
    /// Whom a record of [`Stack::expect`] is for; none when it cannot be read.
    #[must_use]
    pub fn expected(&self, record: &CallerRecord) -> Option<Offered> {
        let invite = Message::parse(record.invite.clone()).ok()?;
        let dialled = invite.uri().and_then(|uri| Some(String::from_utf8_lossy(uri.user?).into_owned()));
        Some(offered(&invite, "", dialled.unwrap_or_default()))
    }
    /// A call without a caller, unless it is there.
    pub(crate) fn make_room_for_customer(&mut self, key: CallKey, shown: Option<&str>) {
        if self.calls.contains_key(&key) {
            return;
        }
        if let Some(invite) = persona((shown, ""), "", &self.net.local.host) {
            self.calls.insert(key, Box::new(Call::without_caller(key, invite)));
        }
    }
}
