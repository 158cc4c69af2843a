//! One end of a call's dialog (RFC 3261 §12): what in-dialog requests are made of.

use crate::message::{self, Body, Text};
use bytes::Bytes;
use sip::wire::{Message, Name};
use std::net::SocketAddr;

/// One end of a dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    call_id: String,
    /// Our From, tag included.
    local: String,
    /// Their To, tag included.
    remote: String,
    user: String,
    address: SocketAddr,
    cseq: u32,
    target: String,
    routes: Vec<String>,
    /// Where requests go.
    peer: SocketAddr,
    /// Version of our session description.
    pub(crate) sdp_version: u32,
}

impl Dialog {
    /// The dialog of an INVITE of ours that `answer` (from `from`) accepted.
    pub(crate) fn of_caller(answer: &Message, user: &str, address: SocketAddr, from: SocketAddr) -> Self {
        let mut dialog = Self::start(answer, Name::From, Name::To, user, address, from);
        dialog.routes.reverse(); // RFC 3261 §12.1.2: the caller's route set is in reverse order
        dialog.settle_peer(from);
        dialog
    }
    /// The dialog of an INVITE to us that we accept with `tag`.
    pub(crate) fn of_phone(
        invite: &Message,
        tag: &str,
        user: &str,
        address: SocketAddr,
        from: SocketAddr,
    ) -> Self {
        let mut dialog = Self::start(invite, Name::To, Name::From, user, address, from);
        dialog.local = format!("{};tag={tag}", dialog.local);
        dialog.cseq = 0;
        dialog
    }
    fn start(
        message: &Message,
        local: Name,
        remote: Name,
        user: &str,
        address: SocketAddr,
        from: SocketAddr,
    ) -> Self {
        let mut dialog = Self {
            call_id: message::text(message, Name::CallId).to_owned(),
            local: message::text(message, local).to_owned(),
            remote: message::text(message, remote).to_owned(),
            user: user.to_owned(),
            address,
            cseq: message.cseq().0,
            target: contact_uri(message),
            routes: message
                .headers_named(Name::RecordRoute)
                .map(|route| String::from_utf8_lossy(route).into_owned())
                .collect(),
            peer: from,
            sdp_version: 1,
        };
        dialog.settle_peer(from);
        dialog
    }
    /// Requests go to the first route or to the contact; to a name, or off this machine, to where the answer came from.
    fn settle_peer(&mut self, from: SocketAddr) {
        let next = self.routes.first().map_or(self.target.as_str(), String::as_str);
        self.peer = message::literal_address(next).filter(|at| at.ip().is_loopback()).unwrap_or(from);
    }
    /// The ACK of our INVITE's 2xx.
    pub(crate) fn ack(&self, cseq: u32, branch: &str, sdp: Option<&str>) -> (SocketAddr, Bytes) {
        (self.peer, self.write("ACK", cseq, branch).finish(sdp.map_or(Body::Empty, Body::Sdp)))
    }
    /// A BYE.
    pub(crate) fn bye(&mut self, branch: &str) -> (SocketAddr, Bytes) {
        self.cseq += 1;
        (self.peer, self.write("BYE", self.cseq, branch).finish(Body::Empty))
    }
    fn write(&self, method: &str, cseq: u32, branch: &str) -> Text {
        let mut text = Text::request(method, &self.target, self.address, branch);
        for route in &self.routes {
            text = text.header("Route", route);
        }
        text.header("From", &self.local)
            .header("To", &self.remote)
            .header("Call-ID", &self.call_id)
            .header("CSeq", &format!("{cseq} {method}"))
            .contact(&self.user, self.address)
    }
    /// Follows the other end's new contact, if a target refresh request brings one (RFC 3261 §12.2.2).
    pub(crate) fn refresh(&mut self, request: &Message, from: SocketAddr) {
        let target = contact_uri(request);
        if !target.is_empty() {
            self.target = target;
            self.settle_peer(from);
        }
    }
}

fn contact_uri(message: &Message) -> String {
    let contact = message::text(message, Name::Contact);
    let uri = match contact.split_once('<') {
        Some((_display, rest)) => rest.split('>').next().unwrap_or_default(),
        None => contact.split(';').next().unwrap_or_default(),
    };
    uri.trim().to_owned()
}
