//! Who is registered where: bindings by user, found by the time they end, by the flow and the connection they came on.

use super::{
    limits::MAX_BINDINGS,
    outcome::{Event, Why},
    record::BindingRecord,
};
use crate::{Connection, Flow, Micros};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All bindings.
#[derive(Default)]
pub(crate) struct Book {
    /// No list is empty.
    users: BTreeMap<Arc<str>, Vec<BindingRecord>>,
    /// Of each user the binding that ends first.
    due: BTreeSet<(Micros, Arc<str>)>,
    connections: BTreeSet<(Connection, Arc<str>)>,
    flows: BTreeSet<(Flow, Arc<str>)>,
    total: usize,
}

impl Book {
    /// The bindings of a user; those that have ended since the last [`Book::expire`] are among them.
    pub(crate) fn of(&self, user: &str) -> &[BindingRecord] {
        self.users.get(user).map_or(&[], Vec::as_slice)
    }
    /// Whether a binding came over this very flow.
    pub(crate) fn has_flow(&self, flow: Flow) -> bool {
        self.flows.range((flow, Arc::from(""))..).next().is_some_and(|(first, _)| *first == flow)
    }
    /// Bindings and users who have one.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.total, self.users.len())
    }
    /// Whether a user may have as many bindings as that.
    pub(crate) fn has_room(&self, user: &str, bindings: usize) -> bool {
        self.total - self.of(user).len() + bindings <= MAX_BINDINGS
    }
    /// Replaces the bindings of a user. `why` is told when none is left.
    pub(crate) fn put(&mut self, user: &Arc<str>, next: Vec<BindingRecord>, why: Why) -> Option<Event> {
        let before = self.users.remove(user).unwrap_or_default();
        self.due.remove(&(first_end(&before), Arc::clone(user)));
        for connection in connections(&before) {
            self.connections.remove(&(connection, Arc::clone(user)));
        }
        for binding in &before {
            self.flows.remove(&(binding.flow, Arc::clone(user)));
        }
        self.total = self.total - before.len() + next.len();
        let event = event(user, &before, &next, why);
        if !next.is_empty() {
            self.due.insert((first_end(&next), Arc::clone(user)));
            self.connections.extend(connections(&next).map(|connection| (connection, Arc::clone(user))));
            self.flows.extend(next.iter().map(|binding| (binding.flow, Arc::clone(user))));
            self.users.insert(Arc::clone(user), next);
        }
        event
    }
    /// Removes what has ended.
    pub(crate) fn expire(&mut self, now: Micros) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((_, user)) = self.due.first().filter(|(at, _)| *at <= now).cloned() {
            events.extend(self.keep(&user, Why::Expired, |binding| binding.expires > now));
        }
        events
    }
    /// When [`Book::expire`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Micros> {
        self.due.first().map(|(at, _)| *at)
    }
    /// Removes what came on a connection.
    pub(crate) fn closed(&mut self, connection: Connection) -> Vec<Event> {
        let next = Connection(connection.0.saturating_add(1));
        let range = (connection, Arc::from(""))..(next, Arc::from(""));
        let users: Vec<Arc<str>> = self.connections.range(range).map(|(_, user)| Arc::clone(user)).collect();
        let lost = |user| self.keep(user, Why::Lost, |binding| binding.flow.connection != Some(connection));
        users.iter().filter_map(lost).collect()
    }
    /// Removes everything of users who are not `wanted`.
    pub(crate) fn keep_users(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<Event> {
        let gone: Vec<Arc<str>> = self.users.keys().filter(|user| !wanted(user)).cloned().collect();
        gone.iter().filter_map(|user| self.put(user, Vec::new(), Why::Removed)).collect()
    }
    fn keep(&mut self, user: &Arc<str>, why: Why, wanted: impl Fn(&BindingRecord) -> bool) -> Option<Event> {
        let next = self.of(user).iter().filter(|binding| wanted(binding)).cloned().collect();
        self.put(user, next, why)
    }
}

fn event(user: &Arc<str>, before: &[BindingRecord], next: &[BindingRecord], why: Why) -> Option<Event> {
    let user = Arc::clone(user);
    match (before.is_empty(), next.is_empty()) {
        (true, false) => Some(Event::Registered { user }),
        (false, true) => Some(Event::Gone { user, why }),
        (false, false) if before != next => Some(Event::Changed { user }),
        (true, true) | (false, false) => None,
    }
}

fn first_end(bindings: &[BindingRecord]) -> Micros {
    bindings.iter().map(|binding| binding.expires).min().unwrap_or_default()
}

fn connections(bindings: &[BindingRecord]) -> impl Iterator<Item = Connection> {
    bindings.iter().filter_map(|binding| binding.flow.connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    fn binding(user: &Arc<str>, connection: u64, expires: u64) -> BindingRecord {
        let peer = std::net::SocketAddr::from(([203, 0, 113, 7], 5060));
        BindingRecord {
            user: Arc::clone(user),
            uri: "sip:ann@10.0.0.7".to_owned(),
            q: 1_000,
            expires: Micros(expires),
            refreshed: Micros(0),
            call_id: "c".to_owned(),
            cseq: 1,
            instance: None,
            reg_id: None,
            path: Vec::new(),
            digest: crate::auth::Algorithm::Md5,
            flow: Flow { transport: Transport::Tcp, peer, connection: Some(Connection(connection)) },
        }
    }

    #[test]
    fn nothing_is_left_behind_of_what_was_replaced() {
        let (mut book, ann) = (Book::default(), Arc::from("ann"));
        for round in 1..100 {
            book.put(&ann, vec![binding(&ann, round, round), binding(&ann, round + 1, round + 5)], Why::Lost);
            assert_eq!((book.due.len(), book.connections.len(), book.flows.len()), (1, 2, 2));
            let flow = |connection| binding(&ann, connection, 0).flow;
            assert!(
                book.has_flow(flow(round))
                    && book.has_flow(flow(round + 1))
                    && !book.has_flow(flow(round - 1))
            );
        }
        assert!(book.closed(Connection(7)).is_empty(), "an old connection is nobody's");
        assert_eq!(book.expire(Micros(99)), [Event::Changed { user: Arc::clone(&ann) }]);
        assert_eq!(book.closed(Connection(100)), [Event::Gone { user: ann, why: Why::Lost }]);
        assert!(
            book.users.is_empty() && book.due.is_empty() && book.connections.is_empty() && book.total == 0
        );
    }

    #[test]
    fn there_is_room_for_so_many_bindings_and_no_more() {
        let (mut book, ann) = (Book::default(), Arc::from("ann"));
        book.put(&ann, vec![binding(&ann, 1, 1); 8], Why::Lost);
        book.total = MAX_BINDINGS;
        assert!(book.has_room("ann", 8) && !book.has_room("ann", 9) && !book.has_room("ben", 1));
    }
}
