//! Peers that took no connection when a long INVITE was tried there, so that the next one need not find out again.

use crate::Micros;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// How long that is believed: an administrator who opens the port sees it used soon.
const BELIEVED: Duration = Duration::from_secs(600);
/// Most peers remembered; of more, the one that has been known for longest is tried again.
const MOST: usize = 1_024;

/// Who takes no connections, and until when that is believed.
#[derive(Debug, Default)]
pub(crate) struct Streamless(BTreeMap<SocketAddr, Micros>);

impl Streamless {
    /// Nobody could be connected to there.
    pub(crate) fn note(&mut self, peer: SocketAddr, now: Micros) {
        if self.0.len() >= MOST && !self.0.contains_key(&peer) {
            let oldest = self.0.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| *peer);
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        self.0.insert(peer, now.after(BELIEVED));
    }
    /// Whether that is worth a try.
    pub(crate) fn may_connect(&self, peer: SocketAddr, now: Micros) -> bool {
        self.0.get(&peer).is_none_or(|until| *until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[test]
    fn who_takes_no_connection_is_tried_again_after_a_while_and_the_list_is_bounded() {
        let mut streamless = Streamless::default();
        streamless.note(peer(1), Micros(0));
        assert!(!streamless.may_connect(peer(1), Micros(599_999_999)));
        assert!(
            streamless.may_connect(peer(1), Micros(600_000_000))
                && streamless.may_connect(peer(2), Micros(0))
        );
        for port in 2..3_000 {
            streamless.note(peer(port), Micros(u64::from(port)));
        }
        assert_eq!(streamless.0.len(), MOST);
        assert!(
            streamless.may_connect(peer(1), Micros(0)) && !streamless.may_connect(peer(2_999), Micros(0))
        );
    }
}
