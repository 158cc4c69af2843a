//! Transfers: whose phone is meant, which gateway calls a number outside, and what a phone is told that may not.

use super::{PhonePlace, PhoneSide, SipEdge, Whereabouts, leg_key, micros};
use acd::{AgentNo, CallId, CommandError, OfferId, Timestamp};
use sip::{Command, Phone, wire::Uri};
use std::sync::Arc;

/// Over which gateway numbers outside are called.
#[derive(Clone, Debug)]
pub struct OutsideSide {
    /// How it calls them, and by which rule.
    pub way: config::Outside,
    /// Where it is.
    pub at: Whereabouts,
    /// The trunk whose login answers its challenges.
    pub trunk: Option<Arc<str>>,
}

impl SipEdge {
    /// The agent whose phone has this user part.
    #[must_use]
    pub fn agent_at(&self, user: &str) -> Option<AgentNo> {
        let is = |side: &Option<PhoneSide>| match side.as_ref().map(|side| &side.at) {
            Some(PhonePlace::At { uri, .. }) => user_of(uri) == Some(user.as_bytes()),
            Some(PhonePlace::Registered(id)) => id == user,
            None => false,
        };
        let place = self.phones.iter().position(is).filter(|_| !user.is_empty())?;
        u32::try_from(place).ok().map(AgentNo)
    }

    /// The number that the call is to be transferred to, should the brain agree.
    pub fn will_dial(&mut self, call: CallId, number: String) {
        if let Some(side) = self.callers.get_mut(&call) {
            side.dials = Some(number);
        }
    }

    /// The call of its own whose place the phone that is rung by this offer is to put the caller in; none any more.
    pub fn will_replace(&mut self, offer: OfferId, replaces: Option<Arc<str>>) {
        if let Some(side) = self.callers.get_mut(&offer.call) {
            side.replaces = replaces.map(|replaces| (offer.attempt, replaces));
        }
    }

    /// The phones of an offer, which may have a call to replace.
    pub(super) fn replacing(&mut self, offer: OfferId, mut phones: Vec<Phone>) -> Vec<Phone> {
        let told = self.callers.get_mut(&offer.call).and_then(|side| side.replaces.take());
        if let Some((_, replaces)) = told.filter(|(attempt, _)| *attempt == offer.attempt) {
            phones.iter_mut().for_each(|phone| phone.replaces = Some(Arc::clone(&replaces)));
        }
        phones
    }

    /// The INVITE to the number outside; none when nobody knows it or its gateway.
    pub(super) fn call_out(&mut self, offer: OfferId, rule: &str) -> Option<Command> {
        let number = self.callers.get(&offer.call)?.dials.as_ref()?;
        let side = self.outside.iter().find(|side| side.way.name == rule)?;
        let (uri, at, trunk) = (side.way.uri(number), side.at, side.trunk.clone());
        let phones = vec![sip::Phone { trunk, ..self.found.phone(leg_key(offer), uri, at)? }];
        let phones = self.replacing(offer, phones);
        let (queue, display) = (String::new(), self.display(offer.call));
        Some(Command::Ring { leg: leg_key(offer), phones, queue, display, auto_answer: false })
    }

    /// Tells the phone that its caller stays with it.
    pub fn refuse_refer(&mut self, offer: OfferId, error: &CommandError, now: Timestamp) {
        if let Some(side) = self.callers.get_mut(&offer.call) {
            side.replaces = None;
        }
        let command = Command::RefuseRefer { leg: leg_key(offer), status: status_of(error) };
        self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
    }
}

/// The order to ring, for the phone of an agent who asks, if one does.
pub(super) fn asked_by(ring: Command, by: Option<OfferId>) -> Command {
    match (ring, by) {
        (Command::Ring { leg, phones, queue, display, .. }, Some(by)) => {
            Command::Consult { leg, by: leg_key(by), phones, queue, display }
        }
        (other, _) => other,
    }
}

fn user_of(uri: &str) -> Option<&[u8]> {
    Uri::parse(uri.as_bytes()).ok().and_then(|uri| uri.user)
}

/// The status by which a REFER is refused.
const fn status_of(error: &CommandError) -> u16 {
    match error {
        CommandError::NoSuchTarget => 404,
        CommandError::AgentNotReady { .. } | CommandError::NobodyFree { .. } => 480,
        CommandError::NumberRefused
        | CommandError::ToYourself
        | CommandError::NotInCall { .. }
        | CommandError::NoSuchAgent
        | CommandError::OfferGone { .. }
        | CommandError::AnswerAtPhone
        | CommandError::AlreadyHeld { .. }
        | CommandError::NotHeld { .. }
        | CommandError::NotWrappingUp { .. }
        | CommandError::Consulting { .. }
        | CommandError::NotConsulting { .. }
        | CommandError::WrapUpFixed { .. }
        | CommandError::WrapUpExhausted { .. }
        | CommandError::NotAtHerDesk
        | CommandError::AlwaysPresent
        | CommandError::LoggedOut
        | CommandError::BadReason
        | CommandError::BadPriority
        | CommandError::NotWaiting { .. }
        | CommandError::NobodyCalledBack { .. }
        | CommandError::NumberUnknown { .. }
        | CommandError::RequestStands { .. }
        | CommandError::NoSuchRequest { .. }
        | CommandError::TooManyRequests => 403,
    }
}
