//! Answers the challenges of those we go to.
//!
//! Only for a trunk that is configured with a password, which whoever asks has to make sure of: a phone of an agent's, or
//! any other that challenges us, is never answered, since whoever can make us answer can try passwords at leisure.

use super::{
    accounts::Shown,
    hash::{Algorithm, Hex, Proof},
    header::{Challenge, Params, is_plain},
    password::Password,
};
use crate::{
    Mint,
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;

/// Challenges answered for one request.
pub const MAX_TRIES: usize = 2;
/// Realms remembered, of proxies on the way and of the trunk itself.
pub const MAX_SPACES: usize = 4;
/// Octets of realm, nonce and opaque together.
const MAX_TEXT: usize = 1_024;

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The response is no 401 or 407, or brings no challenge that can be read.
    #[error("no challenge that can be read")]
    NoChallenge,
    /// None of its challenges is by an algorithm and `qop` that we speak, or we know no hash for it.
    #[error("no challenge by an algorithm that we speak")]
    Unsupported,
    /// What we answered was refused: the user or the password is wrong.
    #[error("the user or the password is refused")]
    Refused,
    /// The request was challenged again and again.
    #[error("challenged more than {MAX_TRIES} times")]
    TooOften,
}

/// What one request has gone through; a new one for each request.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    answered: Vec<(Place, Vec<u8>)>,
    tries: usize,
}

/// Who challenges: a proxy (407) or the server itself (401).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Proxy,
    Server,
}

impl Place {
    const fn of_status(status: u16) -> Option<Self> {
        match status {
            401 => Some(Self::Server),
            407 => Some(Self::Proxy),
            _ => None,
        }
    }
    const fn challenge(self) -> Name {
        match self {
            Self::Proxy => Name::ProxyAuthenticate,
            Self::Server => Name::WwwAuthenticate,
        }
    }
    const fn answer(self) -> Name {
        match self {
            Self::Proxy => Name::ProxyAuthorization,
            Self::Server => Name::Authorization,
        }
    }
}

/// Signs in to one trunk, and remembers how it asked, so that further requests are not challenged.
pub struct Client {
    user: String,
    password: Password,
    spaces: Vec<Space>,
}

/// A realm that has challenged us.
struct Space {
    place: Place,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    ha1: Hex,
    qop: bool,
    /// Answers given under this nonce.
    count: u32,
}

impl Client {
    /// Signs in as `user`, whose octets that cannot stand between quotes are left out.
    #[must_use]
    pub fn new(user: &str, password: Password) -> Self {
        let user = user.chars().filter(|c| is_plain(c.to_string().as_bytes())).collect();
        Self { user, password, spaces: Vec::new() }
    }

    /// Takes the challenges of a 401 or 407. When that goes well, send the request once more, with the next CSeq, a
    /// new branch and [`Client::authorize`]. Every request begins with an [`Attempt`] of its own.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`]: the refusal stands.
    ///
    /// Source: RFC 3261 §22.2 and §22.3. Of several challenges of a realm the strongest is taken, whatever their order:
    /// the order can be changed on the way (RFC 8760 §3).
    pub fn challenged(&mut self, response: &Message, attempt: &mut Attempt) -> Result<(), NoAnswer> {
        let place = response.status().and_then(Place::of_status).ok_or(NoAnswer::NoChallenge)?;
        let spaces = self.spaces_of(place, response)?;
        let refused = |(space, stale): &&(Space, bool)| attempt.has(place, &space.realm) && !stale;
        if let Some((refused, _)) = spaces.iter().find(refused) {
            self.spaces.retain(|space| !space.is_of(place, &refused.realm));
            return Err(NoAnswer::Refused);
        }
        if attempt.tries >= MAX_TRIES {
            return Err(NoAnswer::TooOften);
        }
        attempt.tries += 1;
        for (space, _) in spaces {
            attempt.answered.push((place, space.realm.clone()));
            self.spaces.retain(|old| !old.is_of(place, &space.realm));
            self.spaces.push(space);
        }
        let too_many = self.spaces.len().saturating_sub(MAX_SPACES);
        self.spaces.drain(..too_many);
        Ok(())
    }
    /// The realms that challenge us, each with its strongest challenge, and whether that is because of a stale nonce.
    fn spaces_of(&self, place: Place, response: &Message) -> Result<Vec<(Space, bool)>, NoAnswer> {
        let mut why = NoAnswer::NoChallenge;
        let mut spaces: Vec<(Space, bool)> = Vec::new();
        for value in response.headers_named(place.challenge()) {
            let Some(challenge) = Challenge::parse(value).filter(Challenge::is_short) else { continue };
            why = NoAnswer::Unsupported;
            let Some(space) = self.space(place, &challenge) else { continue };
            let other = spaces.iter().position(|(other, _)| other.realm == space.realm);
            match other {
                // The enum begins with the strongest.
                Some(other) if space.algorithm < spaces[other].0.algorithm => {
                    spaces[other] = (space, challenge.stale);
                }
                None if spaces.len() < MAX_SPACES => spaces.push((space, challenge.stale)),
                Some(_) | None => {}
            }
        }
        if spaces.is_empty() { Err(why) } else { Ok(spaces) }
    }
    fn space(&self, place: Place, challenge: &Challenge<'_>) -> Option<Space> {
        let (algorithm, qop) = challenge.offer()?;
        let ha1 = self.password.hashed(algorithm, self.user.as_bytes(), challenge.realm)?;
        // The same nonce once more goes on counting.
        let old = self.spaces.iter().find(|old| old.is_of(place, challenge.realm));
        let count = old.filter(|old| old.nonce == challenge.nonce).map_or(0, |old| old.count);
        let opaque = challenge.opaque.map(<[u8]>::to_vec);
        let (realm, nonce) = (challenge.realm.to_vec(), challenge.nonce.to_vec());
        Some(Space { place, realm, nonce, opaque, algorithm, ha1, qop, count })
    }

    /// Adds to a request for `uri` what is to be said to every realm that has challenged us: nothing before the first
    /// challenge. The ACK of a 2xx repeats the headers of its INVITE, and a CANCEL has none (RFC 3261 §22.1).
    pub fn authorize(&mut self, writer: &mut Writer, method: Method, uri: &[u8], mint: &mut dyn Mint) {
        self.sign(writer, method, uri, mint);
    }
    /// As [`Client::authorize`]; gives what was added.
    pub(crate) fn sign(
        &mut self,
        writer: &mut Writer,
        method: Method,
        uri: &[u8],
        mint: &mut dyn Mint,
    ) -> Shown {
        let mut shown = Shown::new();
        for space in &mut self.spaces {
            let answer = space.answer(&self.user, method, uri, mint.bits());
            writer.header(space.place.answer(), answer.text());
            shown.push((space.place.answer(), Bytes::copy_from_slice(answer.text())));
        }
        shown
    }
}

impl Space {
    fn is_of(&self, place: Place, realm: &[u8]) -> bool {
        self.place == place && self.realm == realm
    }
    fn answer(&mut self, user: &str, method: Method, uri: &[u8], bits: u128) -> Params {
        self.count = self.count.saturating_add(1);
        let (nc, cnonce) = (format!("{:08x}", self.count), Hex::of(&bits.to_be_bytes()));
        let counted = self.qop.then_some((nc.as_bytes(), &*cnonce));
        let proof = Proof { method: method.as_str().as_bytes(), uri, nonce: &self.nonce, counted };
        let response = proof.response(self.algorithm, &self.ha1);
        let params = Params::digest().quoted("username", user.as_bytes()).quoted("realm", &self.realm);
        let params = params.quoted("nonce", &self.nonce).quoted("uri", uri).quoted("response", &response);
        let mut params = params.token("algorithm", self.algorithm.as_str().as_bytes());
        if let Some((nc, cnonce)) = counted {
            params = params.token("qop", b"auth").token("nc", nc).quoted("cnonce", cnonce);
        }
        match &self.opaque {
            Some(opaque) => params.quoted("opaque", opaque),
            None => params,
        }
    }
}

impl Attempt {
    fn has(&self, place: Place, realm: &[u8]) -> bool {
        self.answered.iter().any(|(of, answered)| *of == place && answered == realm)
    }
}

impl Challenge<'_> {
    /// Is it short enough to be remembered?
    fn is_short(&self) -> bool {
        self.realm.len() + self.nonce.len() + self.opaque.unwrap_or_default().len() <= MAX_TEXT
    }
}
