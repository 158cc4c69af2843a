//! Takes a REGISTER through the steps of RFC 3261 §10.3.
//!
//! ```text
//! silent source? ─▶ can we act on it? ─▶ who is it? ─▶ her own address? ─▶ what does she want? ─▶ all of it, or nothing
//!     nothing          416, 420          401, 400         403               400, 403, 423          500, 503, 200
//! ```

use super::{
    answer::{Answers, unsupported},
    bindings::Update,
    book::Book,
    contact::{self, Wish},
    limits::{MAX_EXPIRES_S, MAX_PER_USER},
    outcome::{Event, Handled, Outcome, Reply, Target, Why},
    record::BindingRecord,
    refusal::Refusal,
    throttle::Throttle,
};
use crate::{
    Connection, Flow, Micros, Mint,
    auth::{Realm, Verifier},
    wire::{Message, Writer},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What a registrar is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Short name of this node, as in [`crate::Config`].
    pub node: String,
    /// Written in `Server`; nothing when empty.
    pub product: String,
    /// The users who may register, each with the password of the phone; the name is the user part of the address of
    /// record, or that with `@` and its host, and the user name of the digest.
    pub realm: Realm,
}

/// Answers REGISTER and knows who is registered.
pub struct Registrar {
    verifier: Verifier,
    answers: Answers,
    book: Book,
    throttle: Throttle,
}

impl Registrar {
    /// A registrar without bindings, as of `now`. Its nonces are made under the node's `secret`.
    #[must_use]
    pub fn new(secret: &[u8; 32], settings: Settings, now: Micros) -> Self {
        Self {
            verifier: Verifier::new(secret, settings.realm, now),
            answers: Answers::new(&settings.node, settings.product),
            book: Book::default(),
            throttle: Throttle::new(),
        }
    }
    /// Other users and passwords. Bindings of users who stay are kept.
    pub fn configure(&mut self, settings: Settings) -> Vec<Event> {
        self.verifier.configure(settings.realm);
        self.answers = Answers::new(&settings.node, settings.product);
        self.book.keep_users(|user| self.verifier.user(user).is_some())
    }

    /// Takes a REGISTER that came over `flow`.
    pub fn receive(&mut self, request: &Message, flow: &Flow, now: Micros, mint: &mut dyn Mint) -> Outcome {
        let mut events = self.book.expire(now);
        let claim = Claim::of(request);
        // Where an answer goes: so that what asked for `rport` or came on a connection is rung through its NAT, and a
        // phone that listens elsewhere than it sends from is rung as well.
        let home = flow.answer(&request.top_via());
        let known = claim.as_ref().is_some_and(|claim| self.knows(claim, &home));
        if self.throttle.is_silent(flow, known, now) {
            return Outcome { reply: None, events, handled: Handled::Silenced };
        }
        let (reply, handled) = match self.decide(request, claim.as_ref(), home, now) {
            Ok((user, next)) => {
                events.extend(self.book.put(&user, next, Why::Unregistered));
                let writer = self.answers.bindings(request, flow, self.book.of(&user), now, mint);
                (Some(reply(200, writer)), Handled::Accepted)
            }
            Err(refusal) => {
                if refusal.is_failure() {
                    self.throttle.failed(flow, known, now);
                }
                self.refuse(request, flow, &refusal, now, mint)
            }
        };
        Outcome { reply, events, handled }
    }
    /// Whether a phone of that user is registered over this very flow.
    fn knows(&self, claim: &Claim, home: &Flow) -> bool {
        claim.names().iter().flat_map(|user| self.book.of(user)).any(|binding| binding.flow == *home)
    }
    fn refuse(
        &mut self,
        request: &Message,
        flow: &Flow,
        refusal: &Refusal,
        now: Micros,
        mint: &mut dyn Mint,
    ) -> (Option<Reply>, Handled) {
        if refusal.is_of_a_stranger() && !self.throttle.may_ask(flow, now) {
            return (None, Handled::Silenced);
        }
        let mut writer = self.answers.start(request, flow, refusal.status(), mint);
        if let (Refusal::Denied(why), 401) = (refusal, refusal.status()) {
            self.verifier.challenge(&mut writer, *why, now, mint);
        }
        (Some(reply(refusal.status(), writer)), refusal.handled())
    }
    /// Whose bindings follow from a request, and which.
    fn decide(
        &mut self,
        request: &Message,
        claim: Option<&Claim>,
        flow: Flow,
        now: Micros,
    ) -> Result<(Arc<str>, Vec<BindingRecord>), Refusal> {
        if !request.uri().is_some_and(|uri| uri.is_sip()) {
            return Err(Refusal::Unable(416));
        }
        if unsupported(request).next().is_some() {
            return Err(Refusal::Unable(420));
        }
        let user = self.verifier.verify(request, now).map_err(Refusal::Denied)?;
        if !claim.is_some_and(|claim| claim.names().contains(&&*user)) {
            return Err(Refusal::NotHers);
        }
        let current = self.book.of(&user);
        let wish = contact::wish(request)?;
        let (call_id, path) = (contact::call_id(request)?, contact::path(request)?);
        let update = Update { user: Arc::clone(&user), call_id, cseq: request.cseq().0, path, flow, now };
        let next = match wish {
            Wish::Ask => current.to_vec(),
            Wish::Clear => update.in_order(current.iter()).map(|()| Vec::new())?,
            Wish::Set(contacts) => update.apply(current, contacts)?,
        };
        if !self.book.has_room(&user, next.len()) {
            return Err(Refusal::Full);
        }
        Ok((user, next))
    }

    /// A connection is gone: phones that registered over it cannot be reached until they register anew.
    pub fn closed(&mut self, connection: Connection) -> Vec<Event> {
        self.book.closed(connection)
    }
    /// Removes the bindings that have ended.
    pub fn expire(&mut self, now: Micros) -> Vec<Event> {
        self.book.expire(now)
    }
    /// When to call [`Registrar::expire`], if nothing else happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Micros> {
        self.book.next_deadline()
    }

    /// Where to ring a user now: the preferred phone first, of equals the one that registered last. At most
    /// [`MAX_PER_USER`].
    #[must_use]
    pub fn targets(&self, user: &str, now: Micros) -> Vec<Target> {
        let mut bindings: Vec<&BindingRecord> =
            self.book.of(user).iter().filter(|binding| binding.expires > now).collect();
        bindings.sort_by_key(|binding| std::cmp::Reverse((binding.q, binding.refreshed)));
        let target = |binding: &BindingRecord| Target {
            uri: binding.uri.clone(),
            flow: binding.flow,
            routes: binding.path.clone(),
        };
        bindings.into_iter().map(target).collect()
    }
    /// What is to be stored of a user.
    #[must_use]
    pub fn records(&self, user: &str) -> &[BindingRecord] {
        self.book.of(user)
    }
    /// Bindings, and users who have one.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        self.book.counts()
    }
    /// Takes back what was stored, as far as it still holds. A connection does not outlive its process, so a phone that
    /// came on one has to register anew, as it does by itself.
    pub fn restore(&mut self, records: impl IntoIterator<Item = BindingRecord>, now: Micros) -> Vec<Event> {
        let longest = now.after(Duration::from_secs(MAX_EXPIRES_S.into()));
        let mut users: BTreeMap<Arc<str>, Vec<BindingRecord>> = BTreeMap::new();
        for mut record in records {
            let holds = record.expires > now && !record.flow.transport.is_reliable();
            let Some(user) = self.verifier.user(&record.user).filter(|_| holds) else { continue };
            record.expires = record.expires.min(longest);
            users.entry(user).or_default().push(record);
        }
        let mut events = Vec::new();
        for (user, mut records) in users {
            records.sort_by_key(|record| std::cmp::Reverse(record.refreshed));
            records.truncate(MAX_PER_USER);
            if self.book.has_room(&user, records.len()) {
                events.extend(self.book.put(&user, records, Why::Removed));
            }
        }
        events
    }
}

/// The address of record that a request is about: what a user of it can be called.
struct Claim {
    /// Its user part.
    user: String,
    /// That, `@` and its host.
    address: String,
}

impl Claim {
    fn of(request: &Message) -> Option<Self> {
        let to = request.to().parsed_uri().ok().filter(|uri| uri.is_sip())?;
        let user = String::from_utf8(to.user_decoded()?.into_owned()).ok()?;
        let address = format!("{user}@{}", std::str::from_utf8(to.host).ok()?);
        Some(Self { user, address })
    }
    fn names(&self) -> [&str; 2] {
        [&self.user, &self.address]
    }
}

fn reply(status: u16, mut writer: Writer) -> Reply {
    Reply { status, bytes: writer.finish() }
}
