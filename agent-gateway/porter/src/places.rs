//! How many may be there at the same time: in all, and of one address.

use crate::Refused;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// So many places. One address has at most half of them, except this machine's own, where a proxy may be.
#[derive(Debug)]
pub struct Places {
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
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
    pub fn new(all: usize) -> Arc<Self> {
        Arc::new(Self { all, taken: Mutex::default() })
    }
    /// A place for somebody at this address.
    ///
    /// # Errors
    /// [`Refused::Full`] and [`Refused::AddressFull`].
    pub fn take(self: &Arc<Self>, from: IpAddr) -> Result<Place, Refused> {
        let from = from.to_canonical();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.all {
            return Err(Refused::Full);
        }
        let of_address = taken.by_address.get(&from).copied().unwrap_or(0);
        if of_address >= self.all.div_ceil(2) && !from.is_loopback() {
            return Err(Refused::AddressFull);
        }
        taken.all += 1;
        taken.by_address.insert(from, of_address + 1);
        Ok(Place { among: Arc::clone(self), from })
    }
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all.max(taken.by_address.len())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.among.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(count) = taken.by_address.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn one_address_has_half_of_the_places() {
        let places = Places::new(8);
        let other = |n| IpAddr::V4(Ipv4Addr::new(192, 0, 2, n));
        let crowd: Vec<_> = (0..4).map(|_| places.take(other(1)).unwrap()).collect();
        assert_eq!(places.take(other(1)).unwrap_err(), Refused::AddressFull);
        let others = [2, 3, 4, 5].map(|n| places.take(other(n)).unwrap());
        assert_eq!(places.take(other(9)).unwrap_err(), Refused::Full);
        drop((crowd, others));
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn a_proxy_on_this_machine_may_have_all() {
        let places = Places::new(4);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let all: Vec<_> = std::iter::from_fn(|| places.take(here).ok()).collect();
        assert_eq!(all.len(), 4);
    }
}
