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
    stumble::Stumbles,
    throttle::Throttle,
};
use crate::{
    Connection, Flow, Micros, Mint, Transport,
    auth::{Algorithm, Password, Realm, Verified, Verifier},
    wire::{Message, Writer},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

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
    /// Users without a password of their own, who are given random ones ([`Registrar::admit`]). Nobody guesses those, so
    /// that a wrong one is no guess: it is one that has ended, or that was given before we were restarted.
    pub guests: Vec<String>,
}

/// Answers REGISTER and knows who is registered.
pub struct Registrar {
    verifier: Verifier,
    answers: Answers,
    book: Book,
    guests: BTreeSet<String>,
    throttle: Throttle,
    stumbles: Stumbles,
}

impl Registrar {
    /// A registrar without bindings, as of `now`. Its nonces are made under the node's `secret`.
    #[must_use]
    pub fn new(secret: &[u8; 32], settings: Settings, now: Micros) -> Self {
        Self {
            guests: guests(&settings.realm, settings.guests),
            verifier: Verifier::new(secret, settings.realm, now),
            answers: Answers::new(&settings.node, settings.product),
            book: Book::default(),
            throttle: Throttle::new(),
            stumbles: Stumbles::new(),
        }
    }
    /// Other users and passwords. Bindings of users who stay are kept.
    pub fn configure(&mut self, settings: Settings) -> Vec<Event> {
        self.guests = guests(&settings.realm, settings.guests);
        self.verifier.configure(settings.realm);
        self.answers = Answers::new(&settings.node, settings.product);
        // A guest may be registered whose password has ended meanwhile.
        self.book.keep_users(|user| self.verifier.has_account(user) || self.guests.contains(user))
    }

    /// Gives a user a password that is good until then; see [`Verifier::admit`].
    pub fn admit(&mut self, user: &str, password: &Password, until: Micros, now: Micros) {
        self.verifier.admit(user, password, until, now);
    }

    /// Takes a REGISTER that came over `flow`.
    pub fn receive(&mut self, request: &Message, flow: &Flow, now: Micros, mint: &mut dyn Mint) -> Outcome {
        let mut events = self.book.expire(now);
        let asked = Asked::new(request, flow, now);
        let known = self.known(&asked).next().is_some();
        if self.throttle.is_silent(flow, known, now) {
            return Outcome { reply: None, events, handled: Handled::Silenced };
        }
        let (reply, handled) = match self.decide(&asked) {
            Ok((user, next)) => {
                events.extend(self.book.put(&user, next, Why::Unregistered));
                let writer = self.answers.bindings(request, flow, self.book.of(&user), now, mint);
                (Some(reply(200, writer, true)), Handled::Accepted)
            }
            Err(refusal) => {
                if refusal.is_failure() && !self.is_guests(request) {
                    self.throttle.failed(flow, known, now);
                }
                self.refuse(&asked, &refusal, mint)
            }
        };
        Outcome { reply, events, handled }
    }
    /// Whether a guest's password is answered with, right or wrong.
    fn is_guests(&self, request: &Message) -> bool {
        self.verifier.claimed_by(request).is_some_and(|user| self.guests.contains(user))
    }
    /// The bindings of that user over this very flow.
    fn known<'a>(&'a self, asked: &'a Asked<'_>) -> impl Iterator<Item = &'a BindingRecord> {
        let names = asked.claim.iter().flat_map(Claim::names);
        names.flat_map(|user| self.book.of(user)).filter(|binding| binding.flow == asked.home)
    }
    fn refuse(
        &mut self,
        asked: &Asked<'_>,
        refusal: &Refusal,
        mint: &mut dyn Mint,
    ) -> (Option<Reply>, Handled) {
        let Asked { request, flow, now, .. } = *asked;
        if refusal.is_of_a_stranger() && !self.throttle.may_ask(flow, now) {
            return (None, Handled::Silenced);
        }
        let mut writer = self.answers.start(request, flow, refusal.status(), mint);
        if let (Refusal::Denied(why), 401) = (refusal, refusal.status()) {
            let only = self.verifier.answered_by(request).or_else(|| self.without_choice(asked));
            self.verifier.challenge(&mut writer, *why, only, now, mint);
        }
        (Some(reply(refusal.status(), writer, !refusal.is_of_a_stranger())), refusal.handled())
    }
    /// What to offer alone to a phone that does not get over a choice. The libraries of browsers do not, and know MD5.
    fn without_choice(&mut self, asked: &Asked<'_>) -> Option<Algorithm> {
        let [_, .., last] = *self.verifier.offered() else { return None };
        if matches!(asked.flow.transport, Transport::Ws | Transport::Wss) {
            let md5 = self.verifier.offered().contains(&Algorithm::Md5);
            return Some(if md5 { Algorithm::Md5 } else { last });
        }
        let took_it = self.known(asked).any(|binding| binding.digest == last);
        let claim = asked.claim.as_ref()?;
        (took_it || self.stumbles.asks(asked.flow, &claim.user, asked.now)).then_some(last)
    }
    /// Whose bindings follow from a request, and which.
    fn decide(&mut self, asked: &Asked<'_>) -> Result<(Arc<str>, Vec<BindingRecord>), Refusal> {
        let Asked { request, now, .. } = *asked;
        if !request.uri().is_some_and(|uri| uri.is_sip()) {
            return Err(Refusal::Unable(416));
        }
        if unsupported(request).next().is_some() {
            return Err(Refusal::Unable(420));
        }
        let Verified { user, by } = self.verifier.verify(request, now).map_err(Refusal::Denied)?;
        let claim = asked.claim.as_ref().filter(|claim| claim.names().contains(&&*user));
        let claim = claim.ok_or(Refusal::NotHers)?;
        if self.verifier.offered().last() != Some(&by) {
            self.stumbles.chose(asked.flow, &claim.user);
        }
        let wish = contact::wish(request)?;
        let (call_id, path) = (contact::call_id(request)?, contact::path(request)?);
        let (cseq, flow) = (request.cseq().0, asked.home);
        let update = Update { user: Arc::clone(&user), call_id, cseq, path, digest: by, flow, now };
        let current = self.book.of(&user);
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
        let mut phones: Vec<(&BindingRecord, Target)> = Vec::new();
        for binding in bindings {
            // Flows of one phone, as it says itself (RFC 5626 §4.2).
            let same = |first: &BindingRecord| {
                let flows = binding.reg_id.is_some() && first.reg_id.is_some();
                flows && first.instance == binding.instance && first.path == binding.path
            };
            match phones.iter_mut().find(|(first, _)| same(first)) {
                Some((_, phone)) => phone.others.push(binding.flow),
                None => phones.push((binding, target(binding))),
            }
        }
        phones.into_iter().map(|(_, phone)| phone).collect()
    }
    /// Whether a phone is registered over this very flow.
    #[must_use]
    pub fn is_home(&self, flow: Flow) -> bool {
        self.book.has_flow(flow)
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

/// A REGISTER, and where it came from when.
struct Asked<'a> {
    request: &'a Message,
    flow: &'a Flow,
    /// Where an answer goes, and the phone is rung: so that one that asks for `rport` or came on a connection is reached
    /// through its NAT, and one that listens elsewhere than it sends from is reached as well.
    home: Flow,
    claim: Option<Claim>,
    now: Micros,
}

impl<'a> Asked<'a> {
    fn new(request: &'a Message, flow: &'a Flow, now: Micros) -> Self {
        Self { request, flow, home: flow.answer(&request.top_via()), claim: Claim::of(request), now }
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

/// Those who have no password of their own, which somebody could guess.
fn guests(realm: &Realm, mut guests: Vec<String>) -> BTreeSet<String> {
    guests.retain(|guest| realm.accounts.iter().all(|(user, _)| user != guest));
    guests.into_iter().collect()
}

fn reply(status: u16, mut writer: Writer, proven: bool) -> Reply {
    Reply { status, bytes: writer.finish(), proven }
}

fn target(binding: &BindingRecord) -> Target {
    Target { uri: binding.uri.clone(), flow: binding.flow, routes: binding.path.clone(), others: Vec::new() }
}
