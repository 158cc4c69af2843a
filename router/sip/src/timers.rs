//! The one clockwork of the stack: which timer is due next.
//!
//! An owner keeps the time it asked for in an [`Alarm`] and sets it through [`Timers`], so that a timer that is not
//! wanted any more is really gone and causes no wake-up.

use crate::{CallKey, Micros};
use std::collections::BTreeSet;

/// Whose timer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A client transaction's.
    Client(ClientId),
    /// A server transaction's.
    Server(ServerId),
    /// A call's: 18x again, a re-INVITE after glare.
    Call(CallKey),
    /// A trunk's, by its place: what we have to do there.
    Peer(u32),
    /// That of the phones we follow.
    Phones,
}

/// A client transaction: the unguessable part of its branch, and whether it is the CANCEL of that branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId {
    pub branch: u128,
    pub cancel: bool,
}

/// A server transaction, numbered in order of arrival from 1 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerId(pub u64);

/// When an owner wants to be called, if at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarm(Option<Micros>);

/// All alarms, earliest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Micros, Timer)>,
}

impl Timers {
    /// How many are set.
    pub fn len(&self) -> usize {
        self.due.len()
    }
    /// Moves `alarm`, which belongs to `timer`, to `at`; `None` takes it away.
    pub(crate) fn set(&mut self, alarm: &mut Alarm, timer: Timer, at: Option<Micros>) {
        if alarm.0 == at {
            return;
        }
        if let Some(old) = alarm.0 {
            self.due.remove(&(old, timer));
        }
        if let Some(new) = at {
            self.due.insert((new, timer));
        }
        alarm.0 = at;
    }
    /// The earliest time of all.
    pub(crate) fn next(&self) -> Option<Micros> {
        self.due.first().map(|&(at, _)| at)
    }
    /// Takes the earliest timer that is due at `now`. Its owner finds its alarm spent, by [`Alarm::spend`].
    pub(crate) fn pop(&mut self, now: Micros) -> Option<Timer> {
        let &(at, _) = self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first().map(|(_, timer)| timer)
    }
}

impl Alarm {
    /// Not set.
    pub(crate) const fn new() -> Self {
        Self(None)
    }
    /// Notes that the alarm has gone off.
    pub(crate) fn spend(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_off_in_order_and_only_when_wanted() {
        let mut timers = Timers::default();
        let (mut a, mut b) = (Alarm::default(), Alarm::default());
        let (first, second) = (Timer::Server(ServerId(1)), Timer::Server(ServerId(2)));
        timers.set(&mut a, first, Some(Micros(30)));
        timers.set(&mut b, second, Some(Micros(20)));
        assert_eq!(timers.next(), Some(Micros(20)));
        timers.set(&mut b, second, Some(Micros(40)));
        assert_eq!(timers.pop(Micros(29)), None);
        assert_eq!(timers.pop(Micros(50)), Some(first));
        a.spend();
        timers.set(&mut b, second, None);
        assert_eq!((timers.next(), timers.pop(Micros(99))), (None, None));
    }
}
