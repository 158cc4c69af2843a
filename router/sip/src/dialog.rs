//! One peer-to-peer relation (RFC 3261 §12): names, numbers, and where its requests go.
//!
//! A request belongs to a dialog only by exact Call-ID and both tags. Route set and remote target are honoured only
//! where they are literal addresses, else the peer's own source address is used: we look no name up and follow nobody
//! to a place that only a stranger named outside a dialog.

use crate::{
    DialogRecord, Flow,
    context::Partner,
    transaction::Owner,
    wire::{Message, Method, Name, NameAddr, Uri},
};
use bytes::Bytes;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Most Record-Route entries we take over; more makes no sense with 70 hops to go.
const MAX_ROUTES: usize = 32;
/// More requests than one dialog sees between two records of it.
const JUMP: u32 = 1 << 16;
/// CSeq numbers are below 2³¹ (RFC 3261 §8.1.1.5), with room for a last conversation.
const MAX_SEQ: u32 = (1 << 31) - 2 * JUMP;

/// A dialog, early or confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    /// The bits of our tag: what finds the dialog.
    pub(crate) tag: u128,
    pub(crate) call_id: Bytes,
    /// From of our requests, with our tag.
    pub(crate) local: Bytes,
    /// To of our requests, with the peer's tag if it has one.
    pub(crate) remote: Bytes,
    remote_tag: Bytes,
    /// Last CSeq number we used; 0 when none.
    pub(crate) local_seq: u32,
    /// Last CSeq number the peer used; 0 when none.
    pub(crate) remote_seq: u32,
    target: Bytes,
    routes: Vec<Bytes>,
    peer: Flow,
    /// Where a peer behind a NAT believes that it is: its registration told, and is reached elsewhere.
    believed: Option<SocketAddr>,
    /// Whether the peer takes UPDATE, as far as it has said.
    pub(crate) takes_update: bool,
    /// Whether it has had a REFER that was accepted.
    pub(crate) referred: bool,
    /// Every hop of it has to be encrypted (`sips:`).
    pub(crate) secure: bool,
    /// The trunk whose login signs our requests; none: no challenge is answered.
    pub(crate) trunk: Option<Arc<str>>,
}

/// The first line and the routes of a request in a dialog.
pub(crate) struct Path<'a> {
    pub(crate) uri: &'a [u8],
    pub(crate) routes: Vec<&'a [u8]>,
    /// The last route of a strict router, in brackets still to be written.
    pub(crate) last: Option<&'a [u8]>,
    pub(crate) to: Flow,
}

impl Dialog {
    /// The dialog an INVITE from `peer` makes, answered with the tag `bits`, written `tag`.
    pub(crate) fn as_server(invite: &Message, peer: Flow, bits: u128, tag: &[u8]) -> Self {
        let local = invite.header(Name::To).unwrap_or_default();
        let remote = invite.header(Name::From).unwrap_or_default();
        Self {
            tag: bits,
            call_id: invite.share(invite.call_id()),
            local: Bytes::from([local, b";tag=", tag].concat()),
            remote: invite.share(remote),
            remote_tag: share(invite, invite.from_tag()),
            local_seq: 0,
            remote_seq: invite.cseq().0,
            target: share(invite, invite.contact_uri()),
            routes: invite.record_routes().take(MAX_ROUTES).map(|route| invite.share(route)).collect(),
            peer,
            believed: None,
            takes_update: takes_update(invite),
            referred: false,
            secure: is_secure(invite),
            trunk: None,
        }
    }
    /// The dialog that a response from `peer` to our INVITE makes; `local` is From of that INVITE.
    pub(crate) fn as_client(bits: u128, local: Bytes, seq: u32, response: &Message, peer: Flow) -> Self {
        let remote = response.header(Name::To).unwrap_or_default();
        let routes = response.record_routes().take(MAX_ROUTES).map(|route| response.share(route));
        let mut routes: Vec<Bytes> = routes.collect();
        routes.reverse();
        Self {
            tag: bits,
            call_id: response.share(response.call_id()),
            local,
            remote: response.share(remote),
            remote_tag: share(response, response.to_tag()),
            local_seq: seq,
            remote_seq: 0,
            target: share(response, response.contact_uri()),
            routes,
            peer,
            believed: None,
            takes_update: takes_update(response),
            referred: false,
            secure: false,
            trunk: None,
        }
    }
    /// The same with a peer whom our INVITE found at `to`. If that is not where its URI leads, as with a phone that registered
    /// through a NAT, then a Contact there tells nothing new.
    pub(crate) fn found_at(self, to: Flow) -> Self {
        let named = Uri::parse(remote_uri(&self.remote)).ok().and_then(|uri| Flow::named(&uri));
        let believed = named.map(|named| named.peer).filter(|named| *named != to.peer);
        Self { believed, ..self }
    }
    /// The same, with every hop encrypted or not.
    pub(crate) fn over_tls(self, secure: bool) -> Self {
        Self { secure, ..self }
    }
    /// The same as it was stored. What was used since is not known, so our number jumps: a lower one would be refused.
    pub(crate) fn revived(self, record: &DialogRecord) -> Self {
        let target = if record.target.is_empty() { self.target } else { record.target.clone() };
        let remote_seq = self.remote_seq.max(record.remote_seq);
        Self { local_seq: jump(record.local_seq), remote_seq, target, ..self }
    }
    /// Where our requests go by the peer's last Contact.
    pub(crate) const fn target(&self) -> &Bytes {
        &self.target
    }
    /// The same with a trunk whose login signs our requests.
    pub(crate) fn signed_by(self, trunk: Option<Arc<str>>) -> Self {
        Self { trunk, ..self }
    }
    /// The trunk whose login signs our next request: none when that goes past the trunk, to where a Contact or a
    /// Record-Route leads. Whoever is there is not told who we are, and what it asks is not answered.
    pub(crate) fn signer(&self) -> Option<&Arc<str>> {
        let home = self.peer.peer.ip().to_canonical();
        self.trunk.as_ref().filter(|_| self.path().to.peer.ip().to_canonical() == home)
    }
    /// Whether a request with our tag really is the peer's in this dialog.
    pub(crate) fn owns(&self, request: &Message) -> bool {
        request.call_id() == self.call_id && request.from_tag().unwrap_or_default() == self.remote_tag
    }
    /// Whether this Call-ID and tag of the peer are exactly its own.
    pub(crate) fn is_named(&self, call_id: &[u8], remote_tag: &[u8]) -> bool {
        call_id == self.call_id && remote_tag == self.remote_tag
    }
    /// What is left of it behind our BYE, which ends the leg `of`.
    pub(crate) fn ended(&self, of: Option<Owner>) -> Partner {
        Partner::Ended { call_id: self.call_id[..].into(), remote_tag: self.remote_tag[..].into(), of }
    }
    /// Takes the number of a request; false when it is lower than one before (RFC 3261 §12.2.2).
    pub(crate) const fn advance(&mut self, seq: u32) -> bool {
        let in_order = seq >= self.remote_seq;
        if in_order {
            self.remote_seq = seq;
        }
        in_order
    }
    /// The number of our next request.
    pub(crate) fn next_seq(&mut self) -> u32 {
        self.local_seq += 1;
        self.local_seq
    }
    /// A re-INVITE or UPDATE, or its 2xx, may move the remote target (RFC 3261 §12.2) and name other methods.
    pub(crate) fn refresh(&mut self, message: &Message) {
        if let Some(uri) = message.contact_uri() {
            self.target = message.share(uri);
        }
        if message.header(Name::Allow).is_some() {
            self.takes_update = takes_update(message);
        }
    }
    /// How a request of ours is addressed (RFC 3261 §12.2.1.1).
    pub(crate) fn path(&self) -> Path<'_> {
        let target: &[u8] = if self.target.is_empty() { remote_uri(&self.remote) } else { &self.target };
        let Some((first, rest)) = self.routes.split_first() else {
            // The URI of From or To alone says nothing about where the peer is.
            return Path { uri: target, routes: Vec::new(), last: None, to: self.reach(&self.target) };
        };
        let hop = NameAddr::parse(first).map_or(&b""[..], |route| route.uri);
        let loose = Uri::parse(hop).is_ok_and(|uri| uri.params.has("lr"));
        if loose {
            let routes = self.routes.iter().map(|route| &route[..]).collect();
            return Path { uri: target, routes, last: None, to: self.reach(hop) };
        }
        let routes = rest.iter().map(|route| &route[..]).collect();
        Path { uri: hop, routes, last: Some(target), to: self.reach(hop) }
    }
    /// A literal address is gone to, unless the peer is there already: on the connection that is open to it, or behind
    /// a NAT that the address knows nothing of.
    fn reach(&self, uri: &[u8]) -> Flow {
        let named = Uri::parse(uri).ok().and_then(|uri| Flow::named(&uri));
        let Some(named) = named else { return self.peer };
        let same = named.transport == self.peer.transport;
        let here = self.peer.connection.is_some()
            || self.believed == Some(named.peer)
            || is_private(named.peer.ip()) && !is_private(self.peer.peer.ip());
        if same && here { self.peer } else { named }
    }
}

/// A number above all that were used before a restart, of which `stored` is one: the next multiple of [`JUMP`].
pub(crate) const fn jump(stored: u32) -> u32 {
    let next = (stored / JUMP + 1).saturating_mul(JUMP);
    if next > MAX_SEQ { stored } else { next }
}

/// Whether an address means something only in its own network (RFC 1918, RFC 6598, RFC 4193, link-local).
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            ip.is_private() || ip.is_link_local() || ip.is_loopback() || shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

/// Whether what an INVITE begins has to be encrypted on every hop (RFC 3261 §12.1.1).
pub(crate) fn is_secure(invite: &Message) -> bool {
    let next =
        invite.record_routes().next().and_then(|route| NameAddr::parse(route).ok()).map(|route| route.uri);
    [Some(invite.request_uri()), next.or_else(|| invite.contact_uri())].into_iter().flatten().any(is_sips)
}

/// Whether a URI says that every hop has to be encrypted.
pub(crate) fn is_sips(uri: &[u8]) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}

fn takes_update(message: &Message) -> bool {
    message.lists(Name::Allow, Method::Update.as_str())
}

fn remote_uri(remote: &[u8]) -> &[u8] {
    NameAddr::parse(remote).map_or(b"sip:invalid.invalid", |remote| remote.uri)
}

fn share(message: &Message, part: Option<&[u8]>) -> Bytes {
    part.map_or_else(Bytes::new, |part| message.share(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    fn invite(lines: &str) -> Message {
        let text = format!(
            "INVITE sip:1500@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: <sip:ann@192.0.2.7>;tag=f\r\n\
             To: <sip:1500@198.51.100.1>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }
    fn dialog(lines: &str) -> Dialog {
        Dialog::as_server(&invite(lines), Flow::udp("203.0.113.9:5070".parse().unwrap()), 1, b"ours")
    }
    fn goes_to(lines: &str) -> String {
        dialog(lines).path().to.peer.to_string()
    }

    #[test]
    fn a_literal_target_is_followed_and_a_name_is_not() {
        assert_eq!(goes_to("Contact: <sip:ann@192.0.2.8:5080>\r\n"), "192.0.2.8:5080");
        assert_eq!(goes_to("Contact: <sip:ann@pbx.example.com>\r\n"), "203.0.113.9:5070");
        assert_eq!(goes_to(""), "203.0.113.9:5070");
        assert_eq!(goes_to("Contact: <sip:ann@[2001:db8::1]>\r\n"), "[2001:db8::1]:5060");
    }

    #[test]
    fn a_contact_behind_a_nat_is_reached_where_it_came_from() {
        assert_eq!(goes_to("Contact: <sip:ann@10.0.0.7:5080>\r\n"), "203.0.113.9:5070");
        assert_eq!(goes_to("Contact: <sip:ann@10.0.0.7:5080;transport=tcp>\r\n"), "10.0.0.7:5080");
        let lan = Flow::udp("10.0.0.1:5060".parse().unwrap());
        let dialog = Dialog::as_server(&invite("Contact: <sip:ann@10.0.0.7:5080>\r\n"), lan, 1, b"ours");
        assert_eq!(dialog.path().to, Flow::udp("10.0.0.7:5080".parse().unwrap()));
    }

    #[test]
    fn a_phone_that_registered_through_a_nat_is_reached_where_it_was_found() {
        let at = |address: &str| Flow::udp(address.parse().unwrap());
        let dialog = |contact: &str, asked: &str| {
            let text = format!(
                "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:1500@10.0.0.1>;tag=f\r\n\
                 To: <sip:ann@192.168.1.7:5080>;tag=t\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:ann@{contact}>\r\n\
                 Content-Length: 0\r\n\r\n"
            );
            let answer = Message::parse(Bytes::from(text)).unwrap();
            let from = at("10.0.0.9:40000");
            Dialog::as_client(1, Bytes::new(), 1, &answer, from).found_at(at(asked)).path().to
        };
        assert_eq!(dialog("192.168.1.7:5080", "10.0.0.9:40000"), at("10.0.0.9:40000"), "behind the NAT");
        assert_eq!(dialog("10.0.0.8:5060", "10.0.0.9:40000"), at("10.0.0.8:5060"), "something new");
        assert_eq!(dialog("192.168.1.7:5080", "192.168.1.7:5080"), at("192.168.1.7:5080"), "no NAT");
    }

    #[test]
    fn an_open_connection_is_used_again() {
        let peer = "203.0.113.9:40000".parse().unwrap();
        let open = Flow { transport: Transport::Tcp, peer, connection: Some(crate::Connection(3)) };
        let to = |contact: &str| Dialog::as_server(&invite(contact), open, 1, b"ours").path().to;
        assert_eq!(to("Contact: <sip:ann@192.0.2.8:5060;transport=tcp>\r\n"), open);
        assert_eq!(to("Contact: <sip:ann@192.0.2.8>\r\n"), Flow::udp("192.0.2.8:5060".parse().unwrap()));
    }

    #[test]
    fn the_first_route_comes_before_the_target() {
        let contact = "Contact: <sip:ann@192.0.2.8>\r\n";
        assert_eq!(
            goes_to(&format!("{contact}Record-Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21;lr>\r\n")),
            "192.0.2.20:5060"
        );
        assert_eq!(
            goes_to(&format!("{contact}Record-Route: <sip:proxy.example.com;lr>\r\n")),
            "203.0.113.9:5070"
        );
    }

    #[test]
    fn a_strict_router_gets_its_own_uri_and_the_target_last() {
        let dialog =
            dialog("Contact: <sip:ann@192.0.2.8>\r\nRecord-Route: <sip:192.0.2.20>, <sip:192.0.2.21;lr>\r\n");
        let path = dialog.path();
        assert_eq!(path.uri, b"sip:192.0.2.20");
        assert_eq!(path.routes, [b"<sip:192.0.2.21;lr>"]);
        assert_eq!(path.last, Some(&b"sip:ann@192.0.2.8"[..]));
    }

    #[test]
    fn requests_have_to_rise() {
        let mut dialog = dialog("");
        assert!(dialog.owns(&invite("")));
        assert!(!dialog.advance(6) && dialog.advance(7) && dialog.advance(9) && !dialog.advance(8));
        assert_eq!((dialog.next_seq(), dialog.next_seq()), (1, 2));
    }
}
