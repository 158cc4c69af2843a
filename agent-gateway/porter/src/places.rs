//! How many may be there at the same time: in all, of one site, and of everybody but this machine.

use crate::{Refused, site::site};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// How places are given out. This machine itself, where a proxy may be, is bound by `all` alone.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// So many places there are.
    pub all: usize,
    /// The most of one IPv4 address, or of one /64 of IPv6.
    pub of_site: usize,
    /// The last ones, which only this machine may take: health checks and a local Prometheus always get in.
    pub kept: usize,
}

/// So many places.
#[derive(Debug)]
pub struct Places {
    shares: Shares,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_site: HashMap<IpAddr, usize>,
}

/// One of them, until dropped.
#[derive(Debug)]
pub struct Place {
    among: Arc<Places>,
    from: IpAddr,
}

impl Places {
    /// So many, none of them taken.
    #[must_use]
    pub fn new(shares: Shares) -> Arc<Self> {
        Arc::new(Self { shares, taken: Mutex::default() })
    }
    /// A place for somebody at this address.
    ///
    /// # Errors
    /// [`Refused::Full`] and [`Refused::AddressFull`].
    pub fn take(self: &Arc<Self>, from: IpAddr) -> Result<Place, Refused> {
        let from = site(from);
        let (here, Shares { all, of_site, kept }) = (from.is_loopback(), self.shares);
        let open = if here { all } else { all.saturating_sub(kept) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= open {
            return Err(Refused::Full);
        }
        let already = taken.by_site.get(&from).copied().unwrap_or(0);
        if already >= of_site && !here {
            return Err(Refused::AddressFull);
        }
        taken.all += 1;
        taken.by_site.insert(from, already + 1);
        Ok(Place { among: Arc::clone(self), from })
    }
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all.max(taken.by_site.len())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.among.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(count) = taken.by_site.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                taken.by_site.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: usize, of_site: usize, kept: usize) -> Arc<Places> {
        Places::new(Shares { all, of_site, kept })
    }
    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn one_address_has_its_share_of_the_places() {
        let places = of(8, 4, 0);
        let crowd: Vec<_> = (0..4).map(|_| places.take(at("192.0.2.1")).unwrap()).collect();
        assert_eq!(places.take(at("192.0.2.1")).unwrap_err(), Refused::AddressFull);
        let others =
            ["192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"].map(|other| places.take(at(other)).unwrap());
        assert_eq!(places.take(at("192.0.2.9")).unwrap_err(), Refused::Full);
        drop((crowd, others));
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn a_customer_s_ipv6_network_has_one_share() {
        let places = of(8, 2, 0);
        let crowd = ["2001:db8:1:2::3", "2001:db8:1:2:ffff::9"].map(|one| places.take(at(one)).unwrap());
        assert_eq!(places.take(at("2001:db8:1:2::4")).unwrap_err(), Refused::AddressFull);
        assert!(places.take(at("2001:db8:1:3::4")).is_ok());
        drop(crowd);
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn a_proxy_on_this_machine_may_have_all() {
        let places = of(4, 1, 2);
        let all: Vec<_> = std::iter::from_fn(|| places.take(at("127.0.0.1")).ok()).collect();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn this_machine_gets_in_when_strangers_have_taken_what_they_can() {
        let places = of(6, 2, 2);
        let mut strangers = (1..=9).map(|n| IpAddr::from([192, 0, 2, n]));
        let crowd: Vec<_> = strangers.by_ref().map_while(|one| places.take(one).ok()).collect();
        assert_eq!(crowd.len(), 4);
        let here = ["127.0.0.1", "::1"].map(|one| places.take(at(one)).unwrap());
        assert_eq!(places.take(at("127.0.0.1")).unwrap_err(), Refused::Full);
        drop(here);
    }
}
