//! Reads who relays media (`[media] rtpengine`, `relay`) and what phones in browsers need of it.

use crate::{
    Read, address,
    model::{Digest, Phone, Relay, Rtpengine},
    table::{Check, Table, Typed, Wrong, quoted},
};
use std::net::SocketAddr;

/// Whose media goes through the rtpengine.
const RELAYS: [(&str, Relay); 2] = [("all", Relay::All), ("browsers", Relay::Browsers)];
/// Longest address of a WebSocket.
const MAX_URL: usize = 200;

/// `rtpengine` and `relay` of `[media]`.
pub(crate) fn rtpengine(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<Typed<Rtpengine>> {
    let address = table.read("rtpengine", ng, check);
    let place = table.place_of("relay");
    let relay = table.choice("relay", &RELAYS, Relay::All, check);
    let Some(Typed { value: address, place: at }) = address else {
        if table.has("relay") && !table.has("rtpengine") {
            let what = "says what an rtpengine relays, and none is named";
            check.findings.problem(&place, what, "add rtpengine = \"127.0.0.1:2223\", or take it out");
        }
        return None;
    };
    Some(Typed { value: Rtpengine { address, relay }, place: at })
}

/// Where an rtpengine listens for its ng protocol.
fn ng(text: &str) -> Result<SocketAddr, Wrong> {
    let address = address::listen(text)?;
    if address.port() > 0 && !address.ip().is_unspecified() {
        return Ok(address);
    }
    let what = format!("{} is no address that can be sent to", quoted(text));
    Err(Wrong::new(what, "write what stands under listen-ng in rtpengine.conf, such as \"127.0.0.1:2223\""))
}

/// Where agents' browsers reach our SIP over WebSocket, as they have to write it: `wss://desk.example/sip`. It becomes
/// part of the page's policy, so that only plain characters are taken.
pub(crate) fn phone_url(text: &str) -> Result<String, Wrong> {
    const LIKE: &str = "write it like \"wss://desk.example/sip\"";
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:[]".contains(&byte);
    let rest = ["wss://", "ws://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest)
            if text.len() <= MAX_URL
                && !rest.is_empty()
                && !rest.starts_with(['/', ':'])
                && rest.bytes().all(plain) =>
        {
            Ok(text.to_owned())
        }
        Some(_) | None => Err(Wrong::new(format!("{} is no address of a WebSocket", quoted(text)), LIKE)),
    }
}

/// A phone in a browser speaks DTLS-SRTP, and SIP over WebSocket.
pub(crate) fn browsers(read: &Read, check: &mut Check<'_>) {
    let sip = &read.sip.value;
    let clear =
        read.desk.desk.phone_url.as_ref().filter(|url| read.desk.desk.tls && url.starts_with("ws://"));
    if let (Some(url), Some(place)) = (clear, &read.desk.phone_url) {
        let what =
            format!("{} is not encrypted, and no browser lets a page from HTTPS connect there", quoted(url));
        check.findings.problem(place, what, "write wss://, and let sip.wss or a proxy answer there");
    }
    for agent in &read.agents {
        match agent.access.phone {
            Phone::Browser => {}
            Phone::At(_) | Phone::Registered { .. } => continue,
        }
        if read.media.value.rtpengine.is_none() {
            let what = "\"browser\" needs an rtpengine, which turns its DTLS-SRTP into RTP";
            check.findings.problem(&agent.phone, what, "add [media] rtpengine = \"127.0.0.1:2223\"");
        }
        if sip.ws.is_none() && sip.wss.is_none() {
            let what = "\"browser\" needs SIP over WebSocket";
            check.findings.problem(&agent.phone, what, "add [sip] wss = \"0.0.0.0:7443\" and [tls]");
        }
        if read.desk.desk.tls && sip.ws.is_some() && sip.wss.is_none() && read.desk.desk.phone_url.is_none() {
            let what =
                "\"browser\" needs SIP over encrypted WebSocket, as her page comes over HTTPS (desk.tls)";
            check.findings.problem(&agent.phone, what, "add [sip] wss = \"0.0.0.0:7443\"");
        }
        if !sip.digest.contains(&Digest::Md5) {
            let what = "\"browser\" proves its password by md5, which digest does not offer";
            check.findings.problem(
                &agent.phone,
                what,
                "add \"md5\" to [sip] digest; her page's passwords are random and short-lived",
            );
        }
        if agent.access.token.is_none() {
            let what = "\"browser\" is a phone in the page of an agent who signs in, and she has no token";
            check.findings.problem(&agent.phone, what, "give her a token");
        }
    }
}
