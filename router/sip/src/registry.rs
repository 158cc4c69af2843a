//! Joins the stack to those who prove who they are: phones that register, trunks whose calls must sign in.

use crate::{
    Connection, Flow, Keep, Micros, Notice, Output, Phone, Rejected,
    auth::{Password, Realm, Verifier},
    context::{Moment, Net},
    output::Sent,
    registrar::{BindingRecord, Event, Outcome, Registrar, Reply, Settings, Target},
    stack::Stack,
    wire::Message,
};

/// Who may sign in. Without it no phone registers, and trunks are known by their networks alone.
#[derive(Default)]
pub struct Registry {
    /// Phones.
    pub(crate) registrar: Option<Registrar>,
    /// Of each trunk in the configuration's order: the accounts its calls must prove, if they must.
    pub(crate) trunks: Vec<Option<Verifier>>,
}

impl Registry {
    /// Phones that `registrar` takes; for each trunk the accounts its calls must prove, none where its networks do.
    #[must_use]
    pub fn new(registrar: Registrar, secret: &[u8; 32], trunks: Vec<Option<Realm>>, now: Micros) -> Self {
        let verifier = |realm: Option<Realm>| realm.map(|realm| Verifier::new(secret, realm, now));
        Self { registrar: Some(registrar), trunks: trunks.into_iter().map(verifier).collect() }
    }
}

impl Stack {
    /// Takes those who may sign in, with what was stored of their registrations.
    pub fn sign_in(
        &mut self,
        registry: Registry,
        stored: impl IntoIterator<Item = BindingRecord>,
        now: Micros,
        out: &mut Output,
    ) {
        self.registry = registry;
        let Some(registrar) = &mut self.registry.registrar else { return };
        let events = registrar.restore(stored, now);
        self.registrations(events, out);
    }
    /// Takes others who may sign in, while we run: the users of phones, and for each trunk of the configuration in its order
    /// the accounts its calls must prove. Phones of users who stay stay registered.
    pub fn sign_in_others(
        &mut self,
        users: Settings,
        trunks: Vec<Option<Realm>>,
        secret: &[u8; 32],
        now: Micros,
        out: &mut Output,
    ) {
        let verifier = |realm: Option<Realm>| realm.map(|realm| Verifier::new(secret, realm, now));
        self.registry.trunks = trunks.into_iter().map(verifier).collect();
        let events = self.registry.registrar.as_mut().map(|registrar| registrar.configure(users));
        self.registrations(events.unwrap_or_default(), out);
    }
    /// Gives a user who registers a password that is good until then; see [`crate::auth::Verifier::admit`].
    pub fn admit(&mut self, user: &str, password: &Password, until: Micros, now: Micros) {
        if let Some(registrar) = &mut self.registry.registrar {
            registrar.admit(user, password, until, now);
        }
    }
    /// Every phone at which a user who registers can be rung now, the preferred one first.
    #[must_use]
    pub fn phones_of(&self, user: &str, now: Micros) -> Vec<Phone> {
        let targets = self.registry.registrar.as_ref().map(|registrar| registrar.targets(user, now));
        let phone =
            |Target { uri, flow, routes, others }: Target| Phone { routes, others, ..Phone::at(uri, flow) };
        targets.unwrap_or_default().into_iter().map(phone).collect()
    }
    /// A connection is gone, and with it the phones that registered over it.
    pub fn closed(&mut self, connection: Connection, out: &mut Output) {
        let events = self.registry.registrar.as_mut().map(|registrar| registrar.closed(connection));
        self.registrations(events.unwrap_or_default(), out);
    }
    /// Bindings of phones, and users who have one.
    #[must_use]
    pub fn registered(&self) -> (usize, usize) {
        self.registry.registrar.as_ref().map_or((0, 0), Registrar::counts)
    }

    /// Takes a REGISTER, which is found by `key` when it comes again.
    pub(crate) fn register(&mut self, request: &Message, key: Vec<u8>, from: Flow, moment: &mut Moment<'_>) {
        let Some(registrar) = &mut self.registry.registrar else {
            return self.turn_away(request, 403, Rejected::UnknownSource, from, moment);
        };
        let Outcome { reply, events, handled } = registrar.receive(request, &from, moment.now, moment.mint);
        moment.out.notices.push(Notice::Registering(handled));
        self.registrations(events, moment.out);
        let to = from.answer(&request.top_via());
        match reply {
            Some(Reply { status, bytes, proven: true }) => {
                let Net { servers, timers, .. } = &mut self.net;
                servers.answer(
                    (request.method(), key),
                    (bytes, to),
                    status,
                    moment.now,
                    (timers, moment.out),
                );
            }
            // Without a transaction: a flood of them takes no room from calls.
            Some(Reply { status, bytes, proven: false }) => {
                moment.out.send(to, bytes, Sent::Response(request.method(), status));
            }
            None => {}
        }
    }
    /// Lets registrations end.
    pub(crate) fn expire_registrations(&mut self, now: Micros, out: &mut Output) {
        let events = self.registry.registrar.as_mut().map(|registrar| registrar.expire(now));
        self.registrations(events.unwrap_or_default(), out);
    }
    /// Whether a phone is registered over the very flow.
    pub(crate) fn is_registered_over(&self, from: Flow) -> bool {
        self.registry.registrar.as_ref().is_some_and(|registrar| registrar.is_home(from))
    }
    fn registrations(&mut self, events: Vec<Event>, out: &mut Output) {
        for event in events {
            let (Event::Registered { user } | Event::Changed { user } | Event::Gone { user, .. }) = &event;
            self.phones.registration(user, &mut self.net);
            let records = self.registry.registrar.as_ref().map(|registrar| registrar.records(user).to_vec());
            out.keep.push(Keep::Phones(user.clone(), records.unwrap_or_default()));
            out.notices.push(Notice::Registration(event));
        }
    }

    /// Whether a call of trunk number `trunk` has proven whose it is, if it must. One that has not is challenged.
    pub(crate) fn has_signed_in(
        &mut self,
        trunk: usize,
        request: &Message,
        from: Flow,
        moment: &mut Moment<'_>,
    ) -> bool {
        let Some(Some(verifier)) = self.registry.trunks.get_mut(trunk) else { return true };
        let Err(denied) = verifier.verify(request, moment.now) else { return true };
        moment.out.count(Rejected::NotSignedIn);
        let status = denied.status();
        let tag = self.stray_tag(moment);
        let mut writer = crate::compose::respond(&self.net.local, request, status, &tag, from);
        if let (401, Some(Some(verifier))) = (status, self.registry.trunks.get_mut(trunk)) {
            verifier.challenge(&mut writer, denied, None, moment.now, moment.mint);
        }
        let to = from.answer(&request.top_via());
        moment.out.send(to, writer.finish(), Sent::Response(request.method(), status));
        false
    }
}
