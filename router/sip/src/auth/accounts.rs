//! Who we are at trunks: one login each, with what its challenges have taught, for every request that goes there.

use super::client::{Attempt, Client, NoAnswer};
use crate::{
    Mint,
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc};

/// Headers by which a request was signed: the ACK of its 2xx repeats them (RFC 3261 §22.1).
pub(crate) type Shown = Vec<(Name, Bytes)>;

/// Repeats them.
pub(crate) fn show(writer: &mut Writer, shown: &Shown) {
    for (name, value) in shown {
        writer.header(*name, value);
    }
}

/// Logins by the name of their trunk.
#[derive(Default)]
pub(crate) struct Accounts(BTreeMap<Arc<str>, Client>);

impl Accounts {
    /// These from now on; nothing is remembered of the challenges of others.
    pub(crate) fn replace(&mut self, logins: impl IntoIterator<Item = (Arc<str>, Client)>) {
        self.0 = logins.into_iter().collect();
    }
    /// This login at a trunk from now on; none: no challenge there is answered any more.
    pub(crate) fn change(&mut self, trunk: Arc<str>, login: Option<Client>) {
        match login {
            Some(client) => drop(self.0.insert(trunk, client)),
            None => drop(self.0.remove(&trunk)),
        }
    }
    /// Takes the challenges of `response` to a request that went to `trunk`, and has gone through `attempt`. None
    /// without a login there.
    pub(crate) fn challenged(
        &mut self,
        trunk: &str,
        response: &Message,
        attempt: &mut Attempt,
    ) -> Option<Result<(), NoAnswer>> {
        Some(self.0.get_mut(trunk)?.challenged(response, attempt))
    }
    /// Signs a request to `trunk` for every realm that has challenged us there.
    pub(crate) fn sign(
        &mut self,
        trunk: &str,
        writer: &mut Writer,
        (method, uri): (Method, &[u8]),
        mint: &mut dyn Mint,
    ) -> Shown {
        self.0.get_mut(trunk).map(|client| client.sign(writer, method, uri, mint)).unwrap_or_default()
    }
}
