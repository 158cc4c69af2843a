//! What user agents say in SIP. Reading is `sip::wire`'s; writing is plain text of our own, so that the router is
//! tried with messages that its own writer did not make.

use bytes::Bytes;
use sip::wire::{Message, Name};
use std::{fmt::Write, net::SocketAddr};

/// RFC 3261 §8.1.1.7: every branch begins with it.
const COOKIE: &str = "z9hG4bK";
const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO\r\n";
const AGENT: &str = concat!("User-Agent: sambung-loadtest/", env!("CARGO_PKG_VERSION"), "\r\n");

/// The text of one header; empty when it is absent or not UTF-8.
pub(crate) fn text(message: &Message, name: Name) -> &str {
    message.header(name).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}

/// The user part of a header's URI, as it stands there.
pub(crate) fn user_of(value: &str) -> &str {
    let uri = value.rsplit_once('<').map_or(value, |(_display, uri)| uri);
    let uri = uri.split_once(':').map_or(uri, |(_scheme, rest)| rest);
    let end = uri.find(['@', ';', '>']).unwrap_or(uri.len());
    &uri[..end]
}

/// Where a URI points, when it says so by number.
pub(crate) fn literal_address(uri: &str) -> Option<SocketAddr> {
    let uri = uri.rsplit_once('<').map_or(uri, |(_display, uri)| uri);
    let rest = uri.split_once(':').map_or(uri, |(_scheme, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_user, host)| host);
    let host = &host[..host.find([';', '>', '?']).unwrap_or(host.len())];
    host.parse()
        .or_else(|_no_port| host.trim_matches(['[', ']']).parse().map(|ip| SocketAddr::new(ip, 5060)))
        .ok()
}

/// A body and its type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body<'a> {
    /// None.
    Empty,
    /// A session description.
    Sdp(&'a str),
}

/// A message being written.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    /// A request with its Via.
    pub(crate) fn request(method: &str, uri: &str, local: SocketAddr, branch: &str) -> Self {
        let mut text = String::with_capacity(1_024);
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch={COOKIE}{branch};rport\r\nMax-Forwards: 70\r\n"
        );
        Self(text)
    }
    /// A response to `request`, with `tag` on its To when that has none.
    pub(crate) fn response(request: &Message, status: u16, reason: &str, tag: &str) -> Self {
        let mut text = Self(String::with_capacity(1_024));
        let _infallible = write!(text.0, "SIP/2.0 {status} {reason}\r\n");
        text.copy(request, Name::Via, "Via");
        if (101..300).contains(&status) {
            text.copy(request, Name::RecordRoute, "Record-Route");
        }
        text.copy(request, Name::From, "From");
        text = text.header("To", self::text(request, Name::To));
        if request.to_tag().is_none() && status > 100 {
            text.0.truncate(text.0.len() - 2);
            let _infallible = write!(text.0, ";tag={tag}\r\n");
        }
        text.copy(request, Name::CallId, "Call-ID");
        text.copy(request, Name::CSeq, "CSeq");
        text
    }
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let _infallible = write!(self.0, "{name}: {value}\r\n");
        self
    }
    pub(crate) fn contact(self, user: &str, local: SocketAddr) -> Self {
        self.header("Contact", &format!("<sip:{user}@{local}>"))
    }
    pub(crate) fn finish(mut self, body: Body<'_>) -> Bytes {
        self.0.push_str(ALLOW);
        self.0.push_str(AGENT);
        let _infallible = match body {
            Body::Empty => write!(self.0, "Content-Length: 0\r\n\r\n"),
            Body::Sdp(sdp) => {
                write!(self.0, "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
            }
        };
        Bytes::from(self.0)
    }
    fn copy(&mut self, from: &Message, name: Name, as_name: &str) {
        for value in from.headers_named(name) {
            let _infallible = write!(self.0, "{as_name}: {}\r\n", String::from_utf8_lossy(value));
        }
    }
}

/// A display name as a quoted string; line breaks would end the header and are left out.
pub(crate) fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for c in name.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')) {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

/// A session description that sends and receives G.711 at `media`.
pub(crate) fn sdp(media: SocketAddr, version: u32) -> String {
    let (ip, port) = (media.ip(), media.port());
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=loadtest 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// Where a session description wants its audio.
pub(crate) fn media_of(body: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(body).ok()?;
    let mut session_ip = None;
    let mut port = None;
    for line in text.lines() {
        if let Some(address) = line.strip_prefix("c=IN IP4 ").or_else(|| line.strip_prefix("c=IN IP6 ")) {
            // The media's own address, where it has one, follows its m= line and wins.
            session_ip = address.trim().parse().ok();
        } else if let Some(media) = line.strip_prefix("m=") {
            if port.is_some() {
                break;
            }
            port = media.strip_prefix("audio ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        }
    }
    Some(SocketAddr::new(session_ip?, port?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_addresses_are_read_from_headers() {
        assert_eq!(user_of("\"A <b>\" <sip:+62811@10.0.0.1:5060;user=phone>;tag=1"), "+62811");
        assert_eq!(user_of("sip:ann@127.0.0.1"), "ann");
        assert_eq!(user_of("<tel:+62811>"), "+62811");
        assert_eq!(literal_address("<sip:ann@127.0.0.1:5910;ob>"), "127.0.0.1:5910".parse().ok());
        assert_eq!(literal_address("sip:127.0.0.1"), "127.0.0.1:5060".parse().ok());
        assert_eq!(literal_address("<sip:ann@[::1]:5070>"), "[::1]:5070".parse().ok());
        assert_eq!(literal_address("sip:ann@example.org"), None);
    }

    #[test]
    fn a_display_name_cannot_end_its_header() {
        assert_eq!(quoted("Budi \"x\" \\ \r\nVia: y"), r#""Budi \"x\" \\ Via: y""#);
    }

    #[test]
    fn audio_is_found_where_the_description_puts_it() {
        let media = "127.0.0.1:30000".parse().ok();
        assert_eq!(media_of(sdp("127.0.0.1:30000".parse().unwrap(), 1).as_bytes()), media);
        let own = b"v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 30000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 99\r\n";
        assert_eq!(media_of(own), media);
        assert_eq!(media_of(b"v=0\r\n"), None);
    }
}
