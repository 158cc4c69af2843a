//! Applies a REGISTER to the bindings of one user.

use super::{contact::Contact, limits::MAX_PER_USER, record::BindingRecord};
use crate::{Flow, Micros, auth::Algorithm, wire::Uri};
use std::{sync::Arc, time::Duration};

/// A request of an earlier time than the last one of its Call-ID (RFC 3261 §10.3 step 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

/// The REGISTER that is applied.
pub(crate) struct Update {
    pub(crate) user: Arc<str>,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) path: Vec<String>,
    pub(crate) digest: Algorithm,
    pub(crate) flow: Flow,
    pub(crate) now: Micros,
}

impl Update {
    /// The bindings that follow from `current`. Beyond [`MAX_PER_USER`] those refreshed longest ago are out.
    pub(crate) fn apply(
        &self,
        current: &[BindingRecord],
        contacts: Vec<Contact>,
    ) -> Result<Vec<BindingRecord>, OutOfOrder> {
        let named = |old: &&BindingRecord| contacts.iter().any(|contact| self.replaces(contact, old));
        self.in_order(current.iter().filter(named))?;
        let mut next = current.to_vec();
        for contact in contacts {
            next.retain(|old| !self.replaces(&contact, old));
            if contact.expires_s > 0 {
                next.push(self.binding(contact));
            }
        }
        while next.len() > MAX_PER_USER {
            let oldest = next.iter().enumerate().min_by_key(|(_, binding)| binding.refreshed);
            let Some((place, _)) = oldest else { break };
            next.remove(place);
        }
        Ok(next)
    }
    /// Whether this request comes after those that made `bindings`.
    pub(crate) fn in_order<'a>(
        &self,
        mut bindings: impl Iterator<Item = &'a BindingRecord>,
    ) -> Result<(), OutOfOrder> {
        let late = |old: &BindingRecord| old.call_id == self.call_id && old.cseq >= self.cseq;
        if bindings.any(late) { Err(OutOfOrder) } else { Ok(()) }
    }
    /// Whether `contact` is about the phone of `old`: the same address, or the same flow of the same phone. A phone
    /// that has no flows but has been started anew, as its Call-ID tells, is at its new address alone.
    fn replaces(&self, contact: &Contact, old: &BindingRecord) -> bool {
        let same_phone = contact.instance.is_some() && contact.instance == old.instance;
        let same_flow = match (contact.reg_id, old.reg_id) {
            (Some(new), Some(old)) => new == old,
            (None, None) => old.call_id != self.call_id,
            (Some(_), None) | (None, Some(_)) => false,
        };
        (same_phone && same_flow) || same_address(&contact.uri, &old.uri)
    }
    fn binding(&self, contact: Contact) -> BindingRecord {
        BindingRecord {
            user: Arc::clone(&self.user),
            uri: contact.uri,
            q: contact.q,
            expires: self.now.after(Duration::from_secs(contact.expires_s.into())),
            refreshed: self.now,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            instance: contact.instance,
            reg_id: contact.reg_id,
            path: self.path.clone(),
            digest: self.digest,
            flow: self.flow,
        }
    }
}

fn same_address(a: &str, b: &str) -> bool {
    match (Uri::parse(a.as_bytes()), Uri::parse(b.as_bytes())) {
        (Ok(a), Ok(b)) => a.is_equivalent(&b),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => a == b,
    }
}
