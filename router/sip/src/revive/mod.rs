//! Calls go on after a restart: from what was stored of them, before anything of the network is heard.
//!
//! What is stored of a leg may be older than what was sent in it, by one step of the stack at most, and newer than what
//! was sent by as much. So numbers jump, what may have been lost is said again, and what may have been heard already is
//! said in a way that does no harm.
//!
//! Forgotten is everything that was under way inside a conversation: re-INVITEs and UPDATEs of either side, REFER, digits,
//! a phone that was asked by another one. Peers repeat what they want, and our shell orders anew what it wants.

use crate::{
    CallKey, CallerRecord, Keep, LegKey, LegRecord, Micros, Mint, Offered, Output,
    bridge::{Call, offered, text},
    context::{Ctx, Moment},
    leg::caller::Caller,
    stack::Stack,
    wire::{Message, percent_decoded},
};

/// What is stored of a call.
#[derive(Clone, Debug)]
pub struct Remains {
    /// Which call.
    pub call: CallKey,
    /// Its caller's leg.
    pub caller: CallerRecord,
    /// Its phones' legs.
    pub legs: Vec<(LegKey, LegRecord)>,
}

/// Why a call does not go on. Its phones have been told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRevived {
    /// The INVITE in the caller's record cannot be read: the record is damaged.
    #[error("what is stored of its caller cannot be read")]
    Unreadable,
    /// The tag in the caller's record was not given by a node of our name.
    #[error("its caller's tag is of another node; was the node's name changed?")]
    Foreign,
    /// We had hung up on the caller already, who is told so again.
    #[error("it had ended")]
    Ended,
    /// The stack has it already.
    #[error("it is there already")]
    Alive,
}

impl Stack {
    /// Builds a call again from what was stored of it, and stores it again. `talks_to` is the attempt whose phone the caller
    /// talks to, or is held by; every other leg is ended. For that one order `Connect` or `Hold` next; for a caller who
    /// waits, `Treat`. Until then the caller hears what it heard. A phone of `talks_to` that is not there any more is told by
    /// `PhoneHungUp`.
    ///
    /// Gives what [`Notice::CallOffered`](crate::Notice) gave when the call came; the trunk is empty when none is
    /// configured any more at the caller's address.
    ///
    /// # Errors
    ///
    /// [`NotRevived`]: the caller cannot be reached any more. The phones' legs are ended nevertheless.
    pub fn revive(
        &mut self,
        remains: Remains,
        talks_to: Option<u32>,
        now: Micros,
        mint: &mut dyn Mint,
        out: &mut Output,
    ) -> Result<Offered, NotRevived> {
        let Remains { call, caller: record, legs } = remains;
        let moment = &mut Moment { now, mint, out };
        match self.revived_caller(call, &record, moment) {
            Ok(caller) => Ok(self.go_on(caller, &legs, talks_to, moment)),
            Err(why) => {
                for (key, leg) in legs {
                    self.bury_leg(key, &leg, moment);
                }
                if why == NotRevived::Ended {
                    self.dismiss(call, &record, moment);
                }
                Err(why)
            }
        }
    }
    /// Ends a phone's leg whose call is gone: it is cancelled while it rings (and a late 2xx acknowledged and ended), else
    /// hung up on. What is stored of it is forgotten when it has heard so.
    pub fn bury(
        &mut self,
        leg: LegKey,
        record: &LegRecord,
        now: Micros,
        mint: &mut dyn Mint,
        out: &mut Output,
    ) {
        self.bury_leg(leg, record, &mut Moment { now, mint, out });
    }
    /// Ends a caller's leg whose call is not known: one that we had hung up on, or refused, is told so again; any other
    /// never heard of us, and is forgotten.
    pub fn bury_caller(
        &mut self,
        call: CallKey,
        record: &CallerRecord,
        now: Micros,
        mint: &mut dyn Mint,
        out: &mut Output,
    ) {
        self.dismiss(call, record, &mut Moment { now, mint, out });
    }

    fn revived_caller(
        &mut self,
        call: CallKey,
        record: &CallerRecord,
        moment: &mut Moment<'_>,
    ) -> Result<Caller, NotRevived> {
        if record.ended.is_some() {
            return Err(NotRevived::Ended);
        }
        if self.calls.contains_key(&call) {
            return Err(NotRevived::Alive);
        }
        let mut ctx = moment.with(&mut self.net);
        let mut caller = Caller::revived(call, record, &mut ctx)?;
        if let Some(before) = &record.before {
            end_before(call, before, &mut ctx);
            caller.replaced = Some(before.clone());
        }
        Ok(caller)
    }
    fn go_on(
        &mut self,
        caller: Caller,
        legs: &[(LegKey, LegRecord)],
        talks_to: Option<u32>,
        moment: &mut Moment<'_>,
    ) -> Offered {
        let (key, dialled) = (caller.call, dialled(&caller.invite));
        let trunk = self.config.trunk_of(caller.from.peer.ip());
        let trunk = trunk.map(|place| self.config.trunks[place].name.clone()).unwrap_or_default();
        self.quotas.go_on(key, &self.config, (&trunk, &dialled));
        let offered = offered(&caller.invite, &trunk, dialled);
        let mut ctx = moment.with(&mut self.net);
        caller.keep(&mut ctx);
        let call = Call::revived(caller, legs, talks_to, &mut ctx);
        self.calls.insert(key, Box::new(call));
        self.with_call(key, moment, |_, _| ());
        offered
    }
    fn bury_leg(&mut self, key: LegKey, record: &LegRecord, moment: &mut Moment<'_>) {
        if !self.calls.contains_key(&key.call) {
            let Ok(invite) = Message::parse(record.invite.clone()) else {
                return moment.out.keep.push(Keep::ForgetLeg(key));
            };
            let caller = Caller::gone(key.call, invite, record.to, &moment.with(&mut self.net));
            self.calls.insert(key.call, Box::new(Call::buried(key.call, caller)));
        }
        self.with_call(key.call, moment, |call, ctx| call.take_old_leg((key, record), false, ctx));
    }
    fn dismiss(&mut self, key: CallKey, record: &CallerRecord, moment: &mut Moment<'_>) {
        if self.calls.get(&key).is_some_and(|call| !call.is_buried()) {
            return; // it goes on
        }
        let mut ctx = moment.with(&mut self.net);
        if let Some(before) = &record.before {
            end_before(key, before, &mut ctx);
        }
        let dismissed = record.ended.map(|status| Caller::dismissed(key, (record, status), &mut ctx));
        let Some(Ok(caller)) = dismissed else { return moment.out.keep.push(Keep::ForgetCall(key)) };
        match self.calls.get_mut(&key) {
            Some(call) => call.bury_caller(caller),
            None => drop(self.calls.insert(key, Box::new(Call::buried(key, caller)))),
        }
        self.with_call(key, moment, |_, _| ());
    }
}

/// Tells a caller again in whose place another one has come that it is not there any more.
fn end_before(call: CallKey, before: &CallerRecord, ctx: &mut Ctx<'_>) {
    if let Some(status) = before.ended {
        // One that cannot be read cannot be told either.
        drop(Caller::dismissed(call, (before, status), ctx));
    }
}

fn dialled(invite: &Message) -> String {
    let user = invite.uri().and_then(|uri| uri.user.map(percent_decoded)).unwrap_or_default();
    text(&user)
}
