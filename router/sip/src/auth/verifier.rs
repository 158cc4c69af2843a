//! Challenges those who come to us, and checks what they answer.
//!
//! Nobody learns from an answer, or from the time it takes, whether a user exists. What a user may do is decided by
//! those who ask, and so is how often a source may fail.

use super::{
    hash::{Algorithm, Hex},
    header::{Credentials, Params, is_plain},
    nonce::Nonces,
    password::Password,
};
use crate::{
    Micros, Mint,
    wire::{Message, Name, Uri, Writer},
};
use std::{collections::BTreeMap, sync::Arc};
use subtle::ConstantTimeEq as _;

/// Who is known, and how they are asked.
#[derive(Clone, Debug)]
pub struct Realm {
    /// What users are told they sign in to. Quotes, backslashes and controls are left out.
    pub name: String,
    /// What is offered, each in a challenge of its own, in this order. Many phones in the field give up when one of them
    /// is not MD5.
    pub algorithms: Vec<Algorithm>,
    /// Users and their passwords.
    pub accounts: Vec<(String, Password)>,
}

/// Why a request is not from somebody we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It answers no challenge of this realm: the usual first request. Challenge it.
    #[error("no answer to a challenge of this realm")]
    Unanswered,
    /// The password is right, but the nonce is too old or its count was used before. Challenge it; the phone answers
    /// without asking a person.
    #[error("an answer to a challenge that is stale")]
    Stale,
    /// The answer cannot be read, is to no challenge of ours, or by an algorithm or `qop` that we did not offer.
    /// Challenge it.
    #[error("an answer to no challenge of ours")]
    Unusable,
    /// No such user, or not the password. Challenge it.
    #[error("the wrong user or password")]
    Wrong,
    /// It is the answer for another Request-URI (RFC 3261 §22.4 rule 5). Answer with 400.
    #[error("an answer for another Request-URI")]
    OtherUri,
}

/// Somebody who has proven who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who.
    pub user: Arc<str>,
    /// By which algorithm.
    pub by: Algorithm,
}

impl Denied {
    /// The status such a request is answered with by a server that is no proxy.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Unanswered | Self::Stale | Self::Unusable | Self::Wrong => 401,
            Self::OtherUri => 400,
        }
    }
    /// Was it tried, and failed?
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Unanswered | Self::Stale => false,
            Self::Unusable | Self::Wrong | Self::OtherUri => true,
        }
    }
}

/// Knows the users of one realm.
pub struct Verifier {
    realm: Vec<u8>,
    algorithms: Vec<Algorithm>,
    accounts: BTreeMap<Arc<str>, Account>,
    /// Users of passwords that end by themselves, and when they do; the last one first.
    guests: BTreeMap<Arc<str>, [Option<(Account, Micros)>; GUEST_PASSWORDS]>,
    nonces: Nonces,
}

/// Passwords of a guest's that are good at the same time: her last answer may be lost, and she may have two pages.
const GUEST_PASSWORDS: usize = 2;

/// HA1 by [`Algorithm`].
type Account = [Option<Hex>; Algorithm::ALL.len()];

impl Verifier {
    /// Nonces are made under `secret`. Those made before `now`, by another verifier under the same secret, are stale.
    #[must_use]
    pub fn new(secret: &[u8; 32], realm: Realm, now: Micros) -> Self {
        let mut verifier = Self {
            realm: Vec::new(),
            algorithms: Vec::new(),
            accounts: BTreeMap::new(),
            guests: BTreeMap::new(),
            nonces: Nonces::new(secret, now),
        };
        verifier.configure(realm);
        verifier
    }
    /// Replaces what is known; challenges that are out stay good.
    pub fn configure(&mut self, realm: Realm) {
        let Realm { name, algorithms, accounts } = realm;
        self.realm = name.into_bytes().into_iter().filter(|&byte| is_plain(&[byte])).collect();
        self.algorithms = algorithms;
        let account = |(user, password): (String, Password)| {
            let hashed = |algorithm| password.hashed(algorithm, user.as_bytes(), &self.realm);
            (Arc::from(user.as_str()), Algorithm::ALL.map(hashed))
        };
        self.accounts = accounts.into_iter().map(account).collect();
    }
    /// Gives a user a password that is good until then; of those before, the last one stays good until its own end. A user
    /// with an account of her own keeps that, and gets none.
    pub fn admit(&mut self, user: &str, password: &Password, until: Micros, now: Micros) {
        self.guests.retain(|_, given| given.iter().flatten().any(|(_, ends)| *ends > now));
        if !self.accounts.contains_key(user) {
            let hashed = |algorithm| password.hashed(algorithm, user.as_bytes(), &self.realm);
            let given = self.guests.entry(Arc::from(user)).or_default();
            given.rotate_right(1);
            given[0] = Some((Algorithm::ALL.map(hashed), until));
        }
    }
    /// All users with an account of their own, in order.
    pub fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.accounts.keys()
    }
    /// Whether a user has an account of her own.
    #[must_use]
    pub fn has_account(&self, name: &str) -> bool {
        self.accounts.contains_key(name)
    }
    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<Arc<str>> {
        let guest = || self.guests.get_key_value(name).map(|(user, _)| user);
        self.accounts.get_key_value(name).map(|(user, _)| user).or_else(guest).map(Arc::clone)
    }
    /// A user, and the HA1 of each of her passwords that is good now.
    fn account(
        &self,
        name: &str,
        by: Algorithm,
        now: Micros,
    ) -> Option<(&Arc<str>, [Option<Hex>; GUEST_PASSWORDS])> {
        if let Some((user, account)) = self.accounts.get_key_value(name) {
            return Some((user, [account[place(by)], None]));
        }
        let (user, given) = self.guests.get_key_value(name)?;
        let good = |&(account, ends): &(Account, Micros)| account[place(by)].filter(|_| ends > now);
        Some((user, given.each_ref().map(|given| given.as_ref().and_then(good))))
    }

    /// What is offered to somebody who has not answered yet.
    #[must_use]
    pub fn offered(&self) -> &[Algorithm] {
        &self.algorithms
    }
    /// The algorithm by which a request answers a challenge of this realm, right or wrong; none when it does not.
    #[must_use]
    pub fn answered_by(&self, request: &Message) -> Option<Algorithm> {
        self.answer_in(request).ok().map(|(_, algorithm)| algorithm)
    }
    /// The user a request says it is from, right or wrong, in its answer to a challenge of this realm.
    #[must_use]
    pub fn claimed_by<'a>(&self, request: &'a Message) -> Option<&'a str> {
        let (answer, _) = self.answer_in(request).ok()?;
        std::str::from_utf8(answer.user).ok()
    }
    /// Who `request` is from. Its count is used up: ask once for each request, not for each of its retransmissions.
    ///
    /// # Errors
    ///
    /// [`Denied`], which says how to answer.
    ///
    /// Source: RFC 3261 §22, RFC 7616 §3.4 and §3.3 (`nc`, `stale`).
    pub fn verify(&mut self, request: &Message, now: Micros) -> Result<Verified, Denied> {
        let (answer, by) = self.answer_in(request)?;
        let proof = answer.proof(request.method_text()).ok_or(Denied::Unusable)?;
        let stamp = self.nonces.read(answer.nonce).ok_or(Denied::Unusable)?;
        if !is_for(request, answer.uri) {
            return Err(Denied::OtherUri);
        }
        let account = std::str::from_utf8(answer.user).ok().and_then(|user| self.account(user, by, now));
        let given = Hex::read(answer.response).unwrap_or_else(|| Hex::of(&[]));
        // A user who is not there is given passwords that nobody knows, so that the answer takes as long.
        let right = account.map_or([None; GUEST_PASSWORDS], |(_, hashes)| hashes).map(|ha1| {
            let expected = proof.response(by, &ha1.unwrap_or_else(|| Hex::of(&[0; 32])));
            expected.ct_eq(&given) & subtle::Choice::from(u8::from(ha1.is_some()))
        });
        let right = bool::from(right[0] | right[1]);
        let (Some((user, _)), true) = (account, right) else { return Err(Denied::Wrong) };
        let verified = Verified { user: Arc::clone(user), by };
        // Without qop there is no count: such a nonce is good for one request.
        let count = answer.qop.map_or(Some(u32::MAX), |_| answer.count()).ok_or(Denied::Unusable)?;
        if self.nonces.spend(stamp, count, now) { Ok(verified) } else { Err(Denied::Stale) }
    }
    /// The answer in this realm. A phone may send one for each challenge, and others for proxies on the way.
    fn answer_in<'a>(&self, request: &'a Message) -> Result<(Credentials<'a>, Algorithm), Denied> {
        let mut outcome = Denied::Unanswered;
        for value in request.headers_named(Name::Authorization) {
            let Some(answer) = Credentials::parse(value) else {
                outcome = Denied::Unusable;
                continue;
            };
            if answer.realm != self.realm {
                continue;
            }
            match Algorithm::of_header(answer.algorithm).filter(|known| self.algorithms.contains(known)) {
                Some(algorithm) => return Ok((answer, algorithm)),
                None => outcome = Denied::Unusable,
            }
        }
        Err(outcome)
    }

    /// Adds the challenges to a 401: all that are offered, or that of `only` one algorithm, as for a phone that has shown
    /// that it knows it.
    ///
    /// Source: RFC 3261 §22.4, RFC 8760 §2.3.
    pub fn challenge(
        &self,
        writer: &mut Writer,
        why: Denied,
        only: Option<Algorithm>,
        now: Micros,
        mint: &mut dyn Mint,
    ) {
        let nonce = self.nonces.make(now, mint);
        let only = only.filter(|only| self.algorithms.contains(only));
        for algorithm in
            self.algorithms.iter().filter(|&&algorithm| only.is_none_or(|only| only == algorithm))
        {
            let params = Params::digest().quoted("realm", &self.realm).quoted("nonce", &nonce);
            let params = params.token("algorithm", algorithm.as_str().as_bytes()).quoted("qop", b"auth");
            let params = if why == Denied::Stale { params.token("stale", b"true") } else { params };
            writer.header(Name::WwwAuthenticate, params.text());
        }
    }
}

/// Is `uri`, for which the answer was made, where the request goes to? Phones and PBXs leave out the user or the port, or
/// name a port that the Request-URI does not; what they name must agree.
fn is_for(request: &Message, uri: &[u8]) -> bool {
    uri == request.request_uri()
        || matches!((request.uri(), Uri::parse(uri)), (Some(to), Ok(uri)) if uri.agrees_with(&to))
}

const fn place(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Sha256 => 0,
        Algorithm::Md5 => 1,
    }
}
