//! A sound message: every header that any message needs has been read, everything else is looked up when asked for.

use super::chars::{SCHEME, number, split_at_byte, trim};
use super::scan::{Head, Line, Span, StartLine, scan};
use super::{
    Method, Name, NameAddr, Params, Protocol, RAck, SessionExpires, Uri, Values, Via, limits, rack, session,
};
use crate::error::{Fault, FaultKind};
use bytes::Bytes;
use std::sync::Arc;

/// A parsed message. A clone shares it. Its `Debug` shows nothing that a person said or is called.
#[derive(Clone, Debug)]
pub struct Message(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    head: Head,
    essentials: Essentials,
}

/// The first line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// `INVITE sip:… SIP/2.0`
    Request {
        /// The method; [`Message::method_text`] has the name of an unknown one.
        method: Method,
        /// The Request-URI as written.
        uri: &'a [u8],
    },
    /// `SIP/2.0 200 OK`
    Response {
        /// 100 to 699.
        code: u16,
        /// The reason phrase, possibly empty, any octets.
        reason: &'a [u8],
    },
}

/// One header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name resolved; compact forms count as the long ones.
    pub name: Name,
    /// The name as typed.
    pub text: &'a [u8],
    /// The value, trimmed, folds turned into spaces.
    pub value: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Essentials {
    call_id: Span,
    cseq: u32,
    cseq_method: Method,
    cseq_method_text: Span,
    from: AddrSpans,
    to: AddrSpans,
    via: ViaSpans,
    max_forwards: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct AddrSpans {
    display: Span,
    uri: Span,
    params: Span,
    tag: Option<Span>,
}

#[derive(Clone, Copy, Debug)]
struct ViaSpans {
    transport: Protocol,
    host: Span,
    port: Option<u16>,
    params: Span,
}

impl Message {
    /// Reads one datagram. The body is cut to Content-Length; octets behind it are ignored.
    ///
    /// # Errors
    ///
    /// A [`Fault`] for whatever RFC 3261 calls malformed in the start line, the framing, Via (the first), From, To,
    /// Call-ID, CSeq and Max-Forwards, and for what passes [`limits`]. Other headers are read by those who need them.
    pub fn parse(datagram: Bytes) -> Result<Self, Fault> {
        let (head, fault) = scan(datagram);
        if let Some(kind) = fault {
            return Err(Fault::new(kind, head));
        }
        match Essentials::read(&head) {
            Ok(essentials) => Ok(Self(Arc::new(Parsed { head, essentials }))),
            Err(kind) => Err(Fault::new(kind, head)),
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.0.head
    }
    fn text(&self, span: Span) -> &[u8] {
        span.in_text(&self.0.head.bytes)
    }
    fn header_of(&self, line: Line) -> Header<'_> {
        let bytes = &self.0.head.bytes;
        Header { name: line.name, text: line.name_text(bytes), value: line.value(bytes) }
    }

    /// The first line.
    #[must_use]
    pub fn start(&self) -> Start<'_> {
        match self.0.head.start {
            StartLine::Request { method, uri, .. } => Start::Request { method, uri: self.text(uri) },
            StartLine::Response { code, reason } => Start::Response { code, reason: self.text(reason) },
            // A message with such a line is a fault; it never gets here.
            StartLine::Unreadable => Start::Response { code: 0, reason: b"" },
        }
    }
    /// Is this a request?
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start(), Start::Request { .. })
    }
    /// The request's method, or the one of CSeq in a response.
    #[must_use]
    pub fn method(&self) -> Method {
        self.0.essentials.cseq_method
    }
    /// The method as written, which tells unknown ones apart.
    #[must_use]
    pub fn method_text(&self) -> &[u8] {
        self.text(self.0.essentials.cseq_method_text)
    }
    /// The status code of a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start() {
            Start::Response { code, .. } => Some(code),
            Start::Request { .. } => None,
        }
    }
    /// The Request-URI as written; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        match self.start() {
            Start::Request { uri, .. } => uri,
            Start::Response { .. } => b"",
        }
    }
    /// The Request-URI in its parts; `None` for a response.
    #[must_use]
    pub fn uri(&self) -> Option<Uri<'_>> {
        Uri::parse(self.request_uri()).ok()
    }

    /// All headers in order, unknown ones included.
    pub fn headers(&self) -> impl DoubleEndedIterator<Item = Header<'_>> {
        self.0.head.lines.iter().map(|&line| self.header_of(line))
    }
    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: Name) -> Option<&[u8]> {
        self.0.head.value(name)
    }
    /// The values of all header lines of this name, each line as it stands.
    pub fn headers_named(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.0.head.values(name)
    }
    /// The value of the first header with this name as typed, whatever its case; for headers without a [`Name`].
    #[must_use]
    pub fn header_by_text(&self, name: &str) -> Option<&[u8]> {
        self.headers_by_text(name).next()
    }
    /// As [`Message::header_by_text`], all of them.
    pub fn headers_by_text(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers().filter(move |h| h.text.eq_ignore_ascii_case(name.as_bytes())).map(|h| h.value)
    }
    /// The single values of all headers of this name, lists split at their commas.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.headers_named(name).flat_map(Values::new)
    }
    /// Is `token` among the comma-separated values of this header (`Supported`, `Require`, `Allow`, …)?
    #[must_use]
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.values(name).any(|value| value.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &[u8] {
        self.text(self.0.essentials.call_id)
    }
    /// Number (below 2³¹) and method of CSeq.
    #[must_use]
    pub fn cseq(&self) -> (u32, Method) {
        (self.0.essentials.cseq, self.0.essentials.cseq_method)
    }
    fn addr(&self, spans: AddrSpans) -> NameAddr<'_> {
        let params = Params::new(self.text(spans.params));
        NameAddr { display: self.text(spans.display), uri: self.text(spans.uri), params }
    }
    /// From.
    #[must_use]
    pub fn from(&self) -> NameAddr<'_> {
        self.addr(self.0.essentials.from)
    }
    /// To.
    #[must_use]
    pub fn to(&self) -> NameAddr<'_> {
        self.addr(self.0.essentials.to)
    }
    /// The tag of From; RFC 2543 phones may have none.
    #[must_use]
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.0.essentials.from.tag.map(|tag| self.text(tag))
    }
    /// The tag of To; a request with one belongs to a dialog.
    #[must_use]
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.0.essentials.to.tag.map(|tag| self.text(tag))
    }
    /// The first Via: who handed us the request, or ourselves in a response.
    #[must_use]
    pub fn top_via(&self) -> Via<'_> {
        let ViaSpans { transport, host, port, params } = self.0.essentials.via;
        Via { transport, host: self.text(host), port, params: Params::new(self.text(params)) }
    }
    /// All Via values in order, as written.
    pub fn via_values(&self) -> impl Iterator<Item = &[u8]> {
        self.values(Name::Via)
    }
    /// The first Contact, if there is one that can be read.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.values(Name::Contact).next()?).ok()
    }
    /// The URI of the first Contact.
    #[must_use]
    pub fn contact_uri(&self) -> Option<&[u8]> {
        self.contact().map(|contact| contact.uri)
    }
    /// Max-Forwards; `None` where an old phone sent none.
    #[must_use]
    pub fn max_forwards(&self) -> Option<u8> {
        self.0.essentials.max_forwards
    }
    /// The Record-Route values in order, as written (`<sip:…;lr>`).
    pub fn record_routes(&self) -> impl Iterator<Item = &[u8]> {
        self.values(Name::RecordRoute)
    }
    /// The Route values in order, as written.
    pub fn routes(&self) -> impl Iterator<Item = &[u8]> {
        self.values(Name::Route)
    }
    /// Session-Expires; `None` for one that cannot be read.
    #[must_use]
    pub fn session_expires(&self) -> Option<SessionExpires> {
        SessionExpires::parse(self.header(Name::SessionExpires)?)
    }
    /// Min-SE in seconds; `None` for one that cannot be read.
    #[must_use]
    pub fn min_se_s(&self) -> Option<u32> {
        session::min_se(self.header(Name::MinSe)?)
    }
    /// RSeq, from 1 on; `None` for one that cannot be read.
    #[must_use]
    pub fn rseq(&self) -> Option<u32> {
        rack::rseq(self.header(Name::RSeq)?)
    }
    /// RAck; `None` for one that cannot be read.
    #[must_use]
    pub fn rack(&self) -> Option<RAck> {
        RAck::parse(self.header(Name::RAck)?)
    }
    /// Content-Type as written.
    #[must_use]
    pub fn content_type(&self) -> Option<&[u8]> {
        self.header(Name::ContentType)
    }
    /// Is the body of this media type (`application/sdp`), whatever its parameters and case?
    #[must_use]
    pub fn content_is(&self, media_type: &str) -> bool {
        let essence =
            |value: &[u8]| trim(value.split(|&b| b == b';').next().unwrap_or_default()).to_ascii_lowercase();
        self.content_type().is_some_and(|value| essence(value) == media_type.as_bytes())
    }
    /// The body, empty without one; shares the datagram.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.share(self.text(self.0.head.body))
    }
    /// Makes an owned, shared copy of `part`, which must be a slice of this message (anything an accessor returned).
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.0.head.bytes.slice_ref(part)
    }
    /// The whole message, folds turned into spaces and what followed the body cut off.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.head.bytes
    }
}

impl Essentials {
    fn read(head: &Head) -> Result<Self, FaultKind> {
        let mut found = Found::default();
        for line in &head.lines {
            found.take(line.name, line.value(&head.bytes))?;
        }
        let needed = |value: Option<_>, name| value.ok_or(FaultKind::Missing(name));
        let whole = &head.bytes[..];
        let via = via(whole, needed(found.via, Name::Via)?)?;
        let from = addr(whole, needed(found.from, Name::From)?).ok_or(FaultKind::Malformed(Name::From))?;
        let to = addr(whole, needed(found.to, Name::To)?).ok_or(FaultKind::Malformed(Name::To))?;
        let call_id = needed(found.call_id, Name::CallId)?;
        if !is_one_word(call_id) {
            return Err(FaultKind::Malformed(Name::CallId));
        }
        let (cseq, method_text) =
            cseq(needed(found.cseq, Name::CSeq)?).ok_or(FaultKind::Malformed(Name::CSeq))?;
        let mut max_forwards = None;
        if let StartLine::Request { method_text: in_start, .. } = head.start {
            if in_start.in_text(whole) != method_text {
                return Err(FaultKind::MethodMismatch);
            }
            max_forwards = found.max_forwards.map(hops).transpose()?;
        }
        let call_id = Span::of(whole, call_id);
        let (cseq_method, cseq_method_text) = (Method::from_text(method_text), Span::of(whole, method_text));
        Ok(Self { call_id, cseq, cseq_method, cseq_method_text, from, to, via, max_forwards })
    }
}

/// The values of the headers every message needs, while its lines are walked.
#[derive(Default)]
struct Found<'a> {
    via: Option<&'a [u8]>,
    vias: usize,
    from: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
    call_id: Option<&'a [u8]>,
    cseq: Option<&'a [u8]>,
    max_forwards: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn take(&mut self, name: Name, value: &'a [u8]) -> Result<(), FaultKind> {
        #[allow(clippy::wildcard_enum_match_arm)] // the other seventy are not looked at here
        let place = match name {
            Name::Via => return self.take_vias(value),
            Name::From => &mut self.from,
            Name::To => &mut self.to,
            Name::CallId => &mut self.call_id,
            Name::CSeq => &mut self.cseq,
            Name::MaxForwards => &mut self.max_forwards,
            _ => return Ok(()),
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(FaultKind::Repeated(name)),
        }
    }

    fn take_vias(&mut self, line: &'a [u8]) -> Result<(), FaultKind> {
        for value in Values::new(line) {
            self.via.get_or_insert(value);
            self.vias += 1;
            if self.vias > limits::VIAS {
                return Err(FaultKind::TooManyVias);
            }
        }
        Ok(())
    }
}

fn via(whole: &[u8], value: &[u8]) -> Result<ViaSpans, FaultKind> {
    let Via { transport, host, port, params } = Via::parse(value).ok_or(FaultKind::Malformed(Name::Via))?;
    Ok(ViaSpans { transport, host: Span::of(whole, host), port, params: Span::of(whole, params.text()) })
}

/// From or To: any URI will do, but it must have a scheme; and a tag of ours must not end up in an open quote.
fn addr(whole: &[u8], value: &[u8]) -> Option<AddrSpans> {
    let addr = NameAddr::parse(value).ok()?;
    let (scheme, _) = split_at_byte(addr.uri, b':')?;
    let tag = addr.tag().filter(|tag| !tag.is_empty());
    let sound = SCHEME.all(scheme) && addr.params.quotes_close() && tag.is_none_or(is_one_word);
    sound.then(|| AddrSpans {
        display: Span::of(whole, addr.display),
        uri: Span::of(whole, addr.uri),
        params: Span::of(whole, addr.params.text()),
        tag: tag.map(|tag| Span::of(whole, tag)),
    })
}

/// What names a dialog has no space in it: on its way through others, a space could become two, or a fold.
fn is_one_word(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(|&byte| super::chars::is_space(byte))
}

/// Number and method; the number stays below 2³¹ (RFC 3261 §8.1.1.5).
fn cseq(value: &[u8]) -> Option<(u32, &[u8])> {
    let end = value.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, method) = value.split_at(end);
    let number = u32::try_from(number(digits)?).ok().filter(|&n| n < 1 << 31)?;
    let spaced = method.first().is_some_and(|&byte| super::chars::is_space(byte));
    let method = trim(method);
    (spaced && super::chars::TOKEN.all(method)).then_some((number, method))
}

fn hops(value: &[u8]) -> Result<u8, FaultKind> {
    let hops = number(value).and_then(|hops| u8::try_from(hops).ok());
    hops.ok_or(FaultKind::Malformed(Name::MaxForwards))
}
