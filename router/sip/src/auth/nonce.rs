//! Nonces: made without remembering them, good for five minutes, and each of their counts good once.
//!
//! A nonce is the time of its making, 64 unguessable bits and an HMAC of both. Only one that somebody has proven a
//! password with is remembered, with the count he has come to; so strangers cannot fill the memory.

use super::hash::Hex;
use crate::{Micros, Mint};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{collections::BTreeMap, time::Duration};
use subtle::ConstantTimeEq as _;

/// How long a nonce is good.
pub const LIFETIME: Duration = Duration::from_secs(300);
/// Most nonces whose count is remembered. Beyond it the oldest one is out, and those who use it are challenged anew.
pub const NONCES_IN_USE: usize = 65_536;

/// Time of making in microseconds, and bits that tell nonces of one moment apart.
type Stamp = (u64, u64);

/// Makes nonces and knows them again.
pub(crate) struct Nonces {
    key: Hmac<Sha256>,
    /// What was made before is stale: its counts may have been used under a former self.
    since: Micros,
    used: BTreeMap<Stamp, u32>,
    /// The last one that was put out for lack of room. Of it and all before it the count is unknown.
    forgotten: Option<Stamp>,
}

impl Nonces {
    pub(crate) fn new(secret: &[u8; 32], now: Micros) -> Self {
        let mut block = [0; 64];
        block[..secret.len()].copy_from_slice(secret);
        Self { key: Hmac::<Sha256>::new(&block.into()), since: now, used: BTreeMap::new(), forgotten: None }
    }
    /// A fresh one.
    pub(crate) fn make(&self, now: Micros, mint: &mut dyn Mint) -> Hex {
        self.text((now.0, mint.bits() as u64))
    }
    fn text(&self, stamp: Stamp) -> Hex {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&stamp.0.to_be_bytes());
        octets[8..16].copy_from_slice(&stamp.1.to_be_bytes());
        let mut mac = self.key.clone();
        mac.update(b"nonce:");
        mac.update(&octets[..16]);
        octets[16..].copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Hex::of(&octets)
    }
    /// Reads one of ours; `None` for any other text.
    pub(crate) fn read(&self, text: &[u8]) -> Option<Stamp> {
        let number = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let stamp = (number(text.get(..16)?)?, number(text.get(16..32)?)?);
        bool::from(self.text(stamp).ct_eq(text)).then_some(stamp)
    }
    /// Uses up `count` of a nonce, and all counts below. False when it is too old, or the count was used.
    pub(crate) fn spend(&mut self, stamp: Stamp, count: u32, now: Micros) -> bool {
        self.clean(now);
        let made = Micros(stamp.0);
        if made < self.since || made > now || made.after(LIFETIME) <= now {
            return false;
        }
        if let Some(last) = self.used.get_mut(&stamp) {
            let rises = count > *last;
            *last = count.max(*last);
            return rises;
        }
        if self.forgotten.is_some_and(|forgotten| stamp <= forgotten) {
            return false;
        }
        self.used.insert(stamp, count);
        if self.used.len() > NONCES_IN_USE {
            self.forgotten = self.used.pop_first().map(|(oldest, _)| oldest).max(self.forgotten);
        }
        true
    }
    /// Forgets what is too old to be used.
    fn clean(&mut self, now: Micros) {
        while let Some(oldest) = self.used.first_entry() {
            if Micros(oldest.key().0).after(LIFETIME) > now {
                return;
            }
            oldest.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallKey;

    struct Counter(u128);
    impl Mint for Counter {
        fn call(&mut self, _: Micros) -> CallKey {
            CallKey(0)
        }
        fn bits(&mut self) -> u128 {
            self.0 += 1;
            self.0
        }
        fn text(&self, _: CallKey) -> [u8; 26] {
            [b'0'; 26]
        }
    }

    const START: Micros = Micros(1_000_000);
    const fn at(seconds: u64) -> Micros {
        Micros(START.0 + seconds * 1_000_000)
    }
    fn made(nonces: &Nonces, now: Micros, mint: &mut Counter) -> Stamp {
        nonces.read(&nonces.make(now, mint)).unwrap()
    }

    #[test]
    fn a_nonce_is_known_again_by_its_maker_alone() {
        let (nonces, others) = (Nonces::new(&[7; 32], START), Nonces::new(&[8; 32], START));
        let text = nonces.make(START, &mut Counter(0)).to_vec();
        assert!(nonces.read(&text).is_some() && others.read(&text).is_none());
        for place in 0..text.len() {
            let mut forged = text.clone();
            forged[place] = if forged[place] == b'0' { b'1' } else { b'0' };
            assert!(nonces.read(&forged).is_none(), "{place}");
        }
        assert!(nonces.read(b"").is_none() && nonces.read(&text[..63]).is_none());
        assert!(nonces.read(&[&text[..], b"0"].concat()).is_none());
        assert!(nonces.read(&[b'+'; 64]).is_none());
    }

    #[test]
    fn each_count_of_a_nonce_is_good_once() {
        let mut nonces = Nonces::new(&[7; 32], START);
        let mut mint = Counter(0);
        let (one, other) = (made(&nonces, START, &mut mint), made(&nonces, START, &mut mint));
        let spent: Vec<bool> = [1, 1, 2, 9, 3, 10].map(|count| nonces.spend(one, count, START)).into();
        assert_eq!(spent, [true, false, true, true, false, true]);
        assert!(nonces.spend(other, 1, START), "each nonce counts for itself");
    }

    #[test]
    fn a_nonce_is_good_for_five_minutes_and_not_over_a_restart() {
        let mut nonces = Nonces::new(&[7; 32], START);
        let one = made(&nonces, START, &mut Counter(0));
        assert!(nonces.spend(one, 1, at(299)));
        assert!(!nonces.spend(one, 2, at(300)));
        assert!(nonces.used.is_empty());
        let mut restarted = Nonces::new(&[7; 32], at(10));
        assert!(!restarted.spend(one, 2, at(11)), "its counts may have been used before");
        assert!(!nonces.spend((u64::MAX, 0), 1, at(1)), "nor one from the future");
    }

    #[test]
    fn a_nonce_put_out_for_lack_of_room_is_not_good_again() {
        let mut nonces = Nonces::new(&[7; 32], START);
        let stamps: Vec<Stamp> = (0..=NONCES_IN_USE as u64).map(|bits| (START.0 + bits / 3, bits)).collect();
        assert!(stamps.iter().all(|&stamp| nonces.spend(stamp, 1, at(1))));
        assert_eq!(nonces.used.len(), NONCES_IN_USE);
        assert!(!nonces.spend(stamps[0], 1, at(1)) && !nonces.spend(stamps[0], 2, at(1)));
        assert!(nonces.spend(stamps[1], 2, at(1)));
    }
}
