//! How many connections there may be: in all, of one address, and of ours to others.

use super::{
    bounds::{ADDRESS_SHARE, FILE_SHARE, IPV6_SITE, OUR_SHARE},
    reasons::Refused,
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Who has a place.
#[derive(Debug)]
pub(super) struct Places {
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    theirs: usize,
    ours: usize,
    by_site: HashMap<IpAddr, usize>,
}

/// A place among them, until dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// Whose, unless it is one of ours.
    site: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self { all, taken: Mutex::default() })
    }
    /// A place for somebody who connected.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refused> {
        let site = site(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.theirs + taken.ours >= self.all || taken.theirs >= self.all - self.all / OUR_SHARE {
            return Err(Refused::Full);
        }
        let of_site = taken.by_site.get(&site).copied().unwrap_or(0);
        if of_site >= self.all.div_ceil(ADDRESS_SHARE) {
            return Err(Refused::AddressFull);
        }
        taken.by_site.insert(site, of_site + 1);
        taken.theirs += 1;
        Ok(Place { places: Arc::clone(self), site: Some(site) })
    }
    /// A place for a connection of ours, if there is one.
    pub(super) fn take_ours(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.theirs + taken.ours >= self.all {
            return None;
        }
        taken.ours += 1;
        Some(Place { places: Arc::clone(self), site: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(site) = self.site else {
            taken.ours -= 1;
            return;
        };
        taken.theirs -= 1;
        if let Some(count) = taken.by_site.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                taken.by_site.remove(&site);
            }
        }
    }
}

/// What counts as one address: an IPv4 address, or the network one customer has of IPv6.
fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << (128 - IPV6_SITE))))
        }
    }
}

/// Asks the system for the files that so many connections need; how many it lets us have.
pub(super) fn with_files(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let (share, of) = FILE_SHARE;
    let wanted = connections as u64 * of / share;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let reachable = maximum.unwrap_or(u64::MAX).min(wanted);
    let mut files = current.unwrap_or(u64::MAX);
    if files < reachable {
        match setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum }) {
            Ok(()) => files = reachable,
            Err(error) => tracing::debug!(%error, "the limit of open files cannot be raised"),
        }
    }
    let allowed = usize::try_from(files.saturating_mul(share) / of).unwrap_or(usize::MAX).max(1);
    if allowed < connections {
        tracing::warn!(
            files,
            allowed,
            "the system lets us open too few files for limits.connections; raise LimitNOFILE (ulimit -n)"
        );
    }
    allowed.min(connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_half_others_three_quarters_and_we_the_rest() {
        let places = Places::new(8);
        let crowd: Vec<_> = (0..4).map(|_| places.take(address("192.0.2.1")).unwrap()).collect();
        assert_eq!(places.take(address("192.0.2.1")).unwrap_err(), Refused::AddressFull);
        assert_eq!(places.take(address("::ffff:192.0.2.1")).unwrap_err(), Refused::AddressFull);
        let others = [2, 3].map(|host| places.take(IpAddr::from([192, 0, 2, host])).unwrap());
        assert_eq!(places.take(address("192.0.2.4")).unwrap_err(), Refused::Full);
        let ours: Vec<_> = std::iter::from_fn(|| places.take_ours()).collect();
        assert_eq!(ours.len(), 2);
        drop(crowd);
        assert!(places.take(address("192.0.2.1")).is_ok());
        drop((others, ours));
        let taken = places.taken.lock().unwrap();
        assert_eq!((taken.theirs, taken.ours, taken.by_site.len()), (0, 0, 0));
    }

    #[test]
    fn those_we_open_may_take_every_free_place() {
        let places = Places::new(4);
        let ours: Vec<_> = std::iter::from_fn(|| places.take_ours()).collect();
        assert_eq!(ours.len(), 4);
        assert_eq!(places.take(address("192.0.2.1")).unwrap_err(), Refused::Full);
    }

    #[test]
    fn a_customer_s_ipv6_network_is_one_address() {
        let places = Places::new(2);
        let first = places.take(address("2001:db8:1:2::3")).unwrap();
        assert_eq!(places.take(address("2001:db8:1:2:ffff::9")).unwrap_err(), Refused::AddressFull);
        assert!(places.take(address("2001:db8:1:3::3")).is_ok());
        drop(first);
    }

    #[test]
    fn one_place_is_one_place() {
        let places = Places::new(1);
        let only = places.take(address("192.0.2.1")).unwrap();
        assert!(places.take_ours().is_none());
        drop(only);
        assert!(places.take_ours().is_some());
    }
}
