//! Writes messages by appending to one buffer.
//!
//! Nothing a stranger wrote can end a line: CR and LF in a value become spaces, octets no URI may hold are escaped, and
//! Content-Length is always ours.

use super::chars::{TOKEN, trim};
use super::{Head, Message, Method, Name, NameAddr, Rport, Values, Via};
use bytes::Bytes;
use std::fmt::{self, Write as _};
use std::net::SocketAddr;

/// A message being written. Start with [`Writer::request`], [`Writer::response_to`] or [`Writer::response`].
#[derive(Clone)]
pub struct Writer {
    out: Vec<u8>,
    body: Option<Bytes>,
}

/// A message with a session description fits without growing.
const USUAL_LENGTH: usize = 1_536;

impl Writer {
    fn empty() -> Self {
        Self { out: Vec::with_capacity(USUAL_LENGTH), body: None }
    }

    /// Starts a request. Octets that would break the request line are percent-escaped.
    #[must_use]
    pub fn request(method: Method, uri: impl AsRef<[u8]>) -> Self {
        let mut writer = Self::empty();
        writer.raw(method.as_str()).raw(b" ");
        for &byte in uri.as_ref() {
            match byte {
                0..=b' ' | 0x7f => writer.format(format_args!("%{byte:02X}")),
                _ => writer.out.push(byte),
            }
        }
        writer.raw(b" SIP/2.0\r\n");
        writer
    }

    /// Starts a response with nothing but its status line. An empty `reason` is allowed.
    #[must_use]
    pub fn response(status: u16, reason: &str) -> Self {
        let mut writer = Self::empty();
        writer.raw(b"SIP/2.0 ").format(format_args!("{status} "));
        writer.safe(reason.as_bytes()).raw(b"\r\n");
        writer
    }

    /// Starts the response to `request`, which came from `source`: all its Vias (the first with `received` and `rport`
    /// filled in), From, To with `to_tag` if it has no tag yet, Call-ID and CSeq, byte for byte. An empty `to_tag` adds
    /// none, as in a 100.
    ///
    /// Source: RFC 3261 §8.2.6.2, §18.2.1; RFC 3581 §4.
    #[must_use]
    pub fn response_to(
        request: &Message,
        status: u16,
        reason: &str,
        to_tag: &str,
        source: SocketAddr,
    ) -> Self {
        Self::reply_to_head(request.head(), status, reason, to_tag, source)
    }

    pub(crate) fn reply_to_head(
        head: &Head,
        status: u16,
        reason: &str,
        to_tag: &str,
        source: SocketAddr,
    ) -> Self {
        let mut writer = Self::response(status, reason);
        for (place, line) in head.values(Name::Via).enumerate() {
            match place {
                0 => writer.first_via(line, source),
                _ => writer.header(Name::Via, line),
            };
        }
        for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
            for value in head.values(name).take(1) {
                writer.raw(name.as_str()).raw(b": ").safe(value);
                if name == Name::To && !to_tag.is_empty() && NameAddr::parse(value).is_ok_and(takes_tag) {
                    writer.raw(b";tag=").safe(to_tag.as_bytes());
                }
                writer.raw(b"\r\n");
            }
        }
        writer
    }

    /// The first Via line of a response. What it claims to have been received from is replaced by what we saw.
    fn first_via(&mut self, line: &[u8], source: SocketAddr) -> &mut Self {
        let value = Values::new(line).next().unwrap_or_default();
        let Some(via) = Via::parse(value) else { return self.header(Name::Via, line) };
        let before_params = value.len() - via.params.text().len();
        self.raw(b"Via: ").safe(&value[..before_params]);
        for param in via.params {
            if param.name.eq_ignore_ascii_case(b"rport") {
                self.format(format_args!(";rport={}", source.port()));
            } else if !param.name.eq_ignore_ascii_case(b"received") {
                self.raw(b";").safe(param.text);
            }
        }
        let (seen, told) =
            (source.ip().to_canonical(), via.sent_by().map(|sent_by| sent_by.ip().to_canonical()));
        if via.rport() != Rport::Absent || told != Some(seen) {
            self.format(format_args!(";received={seen}"));
        }
        let behind = &line[value.as_ptr() as usize - line.as_ptr() as usize + value.len()..];
        self.safe(behind).raw(b"\r\n")
    }

    /// Adds a header. `Content-Length` is left out: [`Writer::finish`] writes it; so is [`Name::Other`], which has no
    /// text ([`Writer::header_text`] takes one).
    pub fn header(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut Self {
        self.header_parts(name, &[value.as_ref()])
    }
    /// Adds a header whose value is put together from `parts`.
    pub fn header_parts(&mut self, name: Name, parts: &[&[u8]]) -> &mut Self {
        if !matches!(name, Name::ContentLength | Name::Other) {
            self.line(name.as_str().as_bytes(), parts);
        }
        self
    }
    /// Adds a header with a formatted value: `writer.header_fmt(Name::CSeq, format_args!("{n} ACK"))`.
    pub fn header_fmt(&mut self, name: Name, value: fmt::Arguments<'_>) -> &mut Self {
        if !matches!(name, Name::ContentLength | Name::Other) {
            self.raw(name.as_str()).raw(b": ").format(value);
            self.raw(b"\r\n");
        }
        self
    }
    /// Adds a header by its text, such as `X-Sambung-Call`; octets no name may hold become `-`.
    pub fn header_text(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        let name = name.as_ref();
        if !name.is_empty() && Name::from_text(name) != Name::ContentLength {
            self.line(name, &[value.as_ref()]);
        }
        self
    }
    /// Adds `Name: "display" <uri>params`. The display name is quoted, `params` (empty, or `;tag=…`) stand as they are.
    pub fn address(&mut self, name: Name, display: &str, uri: impl AsRef<[u8]>, params: &str) -> &mut Self {
        let display = if display.is_empty() { String::new() } else { format!("{} ", quoted(display)) };
        let uri: Vec<u8> = uri.as_ref().iter().copied().filter(|byte| !matches!(byte, b'<' | b'>')).collect();
        self.header_parts(name, &[display.as_bytes(), b"<", &uri, b">", params.as_bytes()])
    }
    /// Adds every header of this name that `message` has, in order, byte for byte.
    pub fn copy_all(&mut self, message: &Message, name: Name) -> &mut Self {
        for value in message.headers_named(name) {
            self.header(name, value);
        }
        self
    }
    /// Adds every header of `message` with this name as typed, for headers without a [`Name`].
    pub fn copy_text(&mut self, message: &Message, name: &str) -> &mut Self {
        for value in message.headers_by_text(name) {
            self.header_text(name, value);
        }
        self
    }
    /// Sets the body; a later one replaces it, though not the Content-Type line.
    pub fn body(&mut self, content_type: impl AsRef<[u8]>, body: Bytes) -> &mut Self {
        self.header(Name::ContentType, content_type);
        self.body = Some(body);
        self
    }
    /// Ends the message with Content-Length, the blank line and the body. The writer is empty afterwards.
    pub fn finish(&mut self) -> Bytes {
        let body = self.body.take().unwrap_or_default();
        self.format(format_args!("Content-Length: {}", body.len()));
        self.raw(b"\r\n\r\n").raw(&body);
        Bytes::from(std::mem::take(&mut self.out))
    }

    fn line(&mut self, name: &[u8], parts: &[&[u8]]) {
        self.out.extend(name.iter().map(|&byte| if TOKEN.has(byte) { byte } else { b'-' }));
        self.raw(b": ");
        for part in parts {
            self.safe(part);
        }
        self.raw(b"\r\n");
    }
    fn raw(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.out.extend_from_slice(text.as_ref());
        self
    }
    /// Appends a value that may be a stranger's: no line ends in it.
    fn safe(&mut self, text: &[u8]) -> &mut Self {
        match memchr::memchr2(b'\r', b'\n', text) {
            None => self.out.extend_from_slice(text),
            Some(_) => {
                self.out.extend(text.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }))
            }
        }
        self
    }
    fn format(&mut self, text: fmt::Arguments<'_>) {
        // `Safe` never fails, and the numbers and texts formatted here do not either.
        let _ = Safe(self).write_fmt(text);
    }
}

fn takes_tag(to: NameAddr<'_>) -> bool {
    to.tag().is_none() && to.params.quotes_close()
}

/// Lets `format_args!` append through [`Writer::safe`].
struct Safe<'a>(&'a mut Writer);

impl fmt::Write for Safe<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.safe(text.as_bytes());
        Ok(())
    }
}

/// A display name as a quoted string: quotes and backslashes escaped, controls left out (RFC 3261 §25.1).
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in trim_text(text).chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn trim_text(text: &str) -> &str {
    std::str::from_utf8(trim(text.as_bytes())).unwrap_or(text)
}
