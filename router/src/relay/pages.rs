//! Where the pages are that have a call: one that loses its connection comes back on another, and its call with it; one
//! that does not come back has hung up.
//!
//! Pure. A page is known by its user, and the user and host of its Contact, which it keeps for as long as it is open; so
//! where it has registered last is where its dialogs are. Nobody takes a dialog by registering another's Contact.

use acd::Timestamp;
use bytes::Bytes;
use sip::{
    Connection, Flow,
    registrar::BindingRecord,
    wire::{Message, Method, Name, Writer},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// How long a page has to come back: its library tries again after 15 s at the latest.
const GRACE: Duration = Duration::from_secs(20);
/// The number of a BYE that is said for a page: above all that it has used itself.
const LAST_SEQ: u32 = (1 << 31) - 2;

/// The pages.
#[derive(Debug, Default)]
pub struct Pages {
    /// Where a page has registered, by its user and its Contact.
    homes: HashMap<Known, Flow>,
    of_user: HashMap<Arc<str>, Vec<Bytes>>,
    /// Who has registered a Contact over a connection.
    users: HashMap<(Connection, Bytes), Arc<str>>,
    /// Those with a call, by Call-ID.
    talking: HashMap<Bytes, Page>,
    /// Those whose call is over, until its last words have been sent.
    leaving: HashMap<Bytes, Page>,
    /// Calls whose page has gone, and until when it may come back, in order.
    missing: VecDeque<(Timestamp, Bytes)>,
}

/// A user, and user and host of a Contact of hers.
type Known = (Arc<str>, Bytes);

#[derive(Debug)]
struct Page {
    /// Its 2xx, with both tags.
    answer: Message,
    /// None when nobody was registered where it spoke.
    known: Option<Known>,
    /// Where it spoke last.
    flow: Flow,
}

impl Pages {
    /// Where a user's phones are registered now.
    pub fn registered(&mut self, user: &Arc<str>, records: &[BindingRecord]) {
        for address in self.of_user.remove(user).unwrap_or_default() {
            let home = self.homes.remove(&(Arc::clone(user), address.clone()));
            if let Some(connection) = home.and_then(|home| home.connection) {
                self.users.remove(&(connection, address));
            }
        }
        let known = records.iter().filter(|record| super::is_browser(record.flow));
        let known: Vec<(Bytes, Flow)> =
            known.map(|record| (address(record.uri.as_bytes()), record.flow)).collect();
        if !known.is_empty() {
            self.of_user.insert(Arc::clone(user), known.iter().map(|(address, _)| address.clone()).collect());
            for (address, flow) in known {
                let over = flow.connection.map(|connection| (connection, address.clone()));
                self.users.extend(over.map(|over| (over, Arc::clone(user))));
                self.homes.insert((Arc::clone(user), address), flow);
            }
        }
    }
    /// A page has said something in a dialog.
    pub fn spoke(&mut self, message: &Message, flow: Flow) {
        let answers =
            message.method() == Method::Invite && message.status().is_some_and(|status| status / 100 == 2);
        match self.talking.get_mut(message.call_id()) {
            Some(page) => page.flow = flow,
            None if answers => {
                let known = self.known(message, flow);
                let page = Page { answer: message.clone(), known, flow };
                self.talking.insert(Bytes::copy_from_slice(message.call_id()), page);
            }
            None => {}
        }
    }
    /// Where a request in this dialog reaches its page, if it has registered elsewhere since it spoke.
    pub fn moved(&self, call_id: &[u8]) -> Option<Flow> {
        self.home(self.talking.get(call_id).or_else(|| self.leaving.get(call_id))?)
    }
    /// Whether no page has a call, nor one whose last words are still to be sent.
    pub fn is_empty(&self) -> bool {
        self.talking.is_empty() && self.leaving.is_empty()
    }
    /// A dialog is over; its page is still known to [`Pages::moved`] until [`Pages::all_sent`].
    pub fn over(&mut self, call_id: &[u8]) {
        self.leaving.extend(self.talking.remove_entry(call_id));
    }
    /// Whatever belongs to the calls that are over has been sent.
    pub fn all_sent(&mut self) {
        self.leaving.clear();
    }
    /// A connection is gone: that over which a page spoke last, or that on which it has come back.
    pub fn closed(&mut self, connection: Connection, now: Timestamp) {
        let was_there = |flow: Flow| flow.connection == Some(connection);
        let gone = self.talking.iter();
        let gone = gone.filter(|(_, page)| was_there(page.flow) || self.home(page).is_some_and(was_there));
        let gone: Vec<Bytes> = gone.map(|(call_id, _)| call_id.clone()).collect();
        self.missing.retain(|(_, call_id)| !gone.contains(call_id));
        self.missing.extend(gone.into_iter().map(|call_id| (now + GRACE, call_id)));
    }
    /// When [`Pages::hung_up`] has something to say.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.missing.front().map(|(until, _)| *until)
    }
    /// The next page that has not come back, as a BYE of its.
    pub fn hung_up(&mut self, now: Timestamp) -> Option<(Flow, Bytes)> {
        while let Some((_, call_id)) = self.missing.pop_front_if(|(until, _)| *until <= now) {
            let home = self.talking.get(&call_id).and_then(|page| self.home(page));
            match (home, self.talking.get_mut(&call_id)) {
                (Some(home), Some(page)) => page.flow = home,
                (None, Some(page)) => {
                    let said = (page.flow, bye(&page.answer, page.flow));
                    self.talking.remove(&call_id);
                    return Some(said);
                }
                (_, None) => {}
            }
        }
        None
    }
    /// Whose page speaks there.
    fn known(&self, answer: &Message, flow: Flow) -> Option<Known> {
        let over = (flow.connection?, address(answer.contact_uri()?));
        let user = Arc::clone(self.users.get(&over)?);
        Some((user, over.1))
    }
    fn home(&self, page: &Page) -> Option<Flow> {
        self.homes.get(page.known.as_ref()?).copied()
    }
}

/// User and host of a Contact: parameters differ between a registration and a dialog.
fn address(uri: &[u8]) -> Bytes {
    Bytes::copy_from_slice(uri.split(|&byte| byte == b';').next().unwrap_or_default())
}

fn bye(answer: &Message, flow: Flow) -> Bytes {
    let mut writer = Writer::request(Method::Bye, answer.from().uri);
    let via = format!("SIP/2.0/{} gone.invalid;branch=z9hG4bK-gone", flow.transport.as_str());
    writer.header(Name::Via, via).header(Name::MaxForwards, "70");
    writer.header(Name::From, answer.header(Name::To).unwrap_or_default());
    writer.header(Name::To, answer.header(Name::From).unwrap_or_default());
    writer.header(Name::CallId, answer.call_id());
    writer.header_fmt(Name::CSeq, format_args!("{LAST_SEQ} BYE"));
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::{Micros, Transport, auth::Algorithm};

    const CONTACT: &str = "sip:x7@y9.invalid;transport=ws";

    fn on(connection: u64) -> Flow {
        let connection = Some(Connection(connection));
        Flow { connection, ..Flow::to(Transport::Wss, ([192, 0, 2, 7], 50_000).into()) }
    }
    const fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }
    fn answer() -> Message {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/WSS h;branch=z9hG4bK1\r\nFrom: <sip:caller@us>;tag=us\r\nTo: <sip:a@b>;tag=her\r\n\
             Call-ID: c@d\r\nCSeq: 1 INVITE\r\nContact: <{CONTACT};ob>\r\nContent-Length: 0\r\n\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }
    fn registered(pages: &mut Pages, flow: Option<Flow>) {
        registered_by("ann", pages, flow);
    }
    fn registered_by(user: &str, pages: &mut Pages, flow: Option<Flow>) {
        let record = |flow| BindingRecord {
            user: user.into(),
            uri: CONTACT.to_owned(),
            q: 1_000,
            expires: Micros(0),
            refreshed: Micros(0),
            call_id: String::new(),
            cseq: 1,
            instance: None,
            reg_id: None,
            path: Vec::new(),
            digest: Algorithm::Md5,
            flow,
        };
        let records: Vec<_> = flow.into_iter().map(record).collect();
        pages.registered(&user.into(), &records);
    }

    #[test]
    fn a_page_that_does_not_come_back_has_hung_up() {
        let mut pages = Pages::default();
        registered(&mut pages, Some(on(1)));
        pages.spoke(&answer(), on(1));
        pages.closed(Connection(1), at(100));
        registered(&mut pages, None);
        assert_eq!((pages.next_deadline(), pages.hung_up(at(119))), (Some(at(120)), None));
        let (flow, bye) = pages.hung_up(at(120)).unwrap();
        let bye = Message::parse(bye).unwrap();
        assert_eq!((flow, bye.method(), bye.call_id()), (on(1), Method::Bye, &b"c@d"[..]));
        assert_eq!((bye.from_tag(), bye.to_tag()), (Some(&b"her"[..]), Some(&b"us"[..])));
        assert_eq!((pages.hung_up(at(200)), pages.next_deadline()), (None, None));
    }

    #[test]
    fn a_page_that_comes_back_is_reached_there_and_goes_on() {
        let mut pages = Pages::default();
        registered(&mut pages, Some(on(1)));
        pages.spoke(&answer(), on(1));
        pages.closed(Connection(1), at(100));
        registered(&mut pages, Some(on(2)));
        assert_eq!(pages.moved(b"c@d"), Some(on(2)));
        assert_eq!(pages.hung_up(at(120)), None);
        pages.over(b"c@d");
        assert_eq!(pages.moved(b"c@d"), Some(on(2)), "its BYE is still to be sent");
        pages.all_sent();
        assert_eq!(pages.moved(b"c@d"), None);
        pages.closed(Connection(2), at(130));
        assert_eq!(pages.next_deadline(), None);
    }

    #[test]
    fn another_with_the_same_contact_gets_nothing_of_her_call() {
        let mut pages = Pages::default();
        registered(&mut pages, Some(on(1)));
        pages.spoke(&answer(), on(1));
        registered_by("eve", &mut pages, Some(on(6)));
        assert_eq!(pages.moved(b"c@d"), Some(on(1)));
        registered_by("eve", &mut pages, None);
        assert_eq!(pages.moved(b"c@d"), Some(on(1)), "nor takes it from her");
        pages.closed(Connection(1), at(100));
        registered(&mut pages, None);
        registered_by("eve", &mut pages, Some(on(6)));
        assert!(pages.hung_up(at(120)).is_some());
    }

    #[test]
    fn a_page_that_came_back_and_goes_again_has_hung_up() {
        for looked_for in [false, true] {
            let mut pages = Pages::default();
            registered(&mut pages, Some(on(1)));
            pages.spoke(&answer(), on(1));
            pages.closed(Connection(1), at(100));
            registered(&mut pages, Some(on(2)));
            if looked_for {
                assert_eq!(pages.hung_up(at(120)), None);
                registered(&mut pages, None); // its registration has ended meanwhile
            }
            pages.closed(Connection(2), at(121));
            registered(&mut pages, None);
            assert_eq!((pages.next_deadline(), pages.hung_up(at(140))), (Some(at(141)), None));
            assert!(pages.hung_up(at(141)).is_some() && pages.next_deadline().is_none());
        }
    }
}
