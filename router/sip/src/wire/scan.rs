//! The single pass over a message: where its lines are, and whether the headers we act on can be read.
//!
//! The pass goes on behind a fault, so that the fault can be answered with what else is there. Folds (RFC 3261 §7.3.1)
//! are turned into spaces of the same length, in a copy made only then: every later reader sees one line per header.

use super::chars::{TOKEN, is_space, number, trim, trim_end, trim_start};
use super::{Method, Name, Scheme, Uri, limits};
use crate::error::{FaultKind, UriError};
use bytes::{Bytes, BytesMut};
use std::ops::Range;

/// A part of a message, by place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// The place of `part` in `whole`, of which it must be a slice; the empty part has no place.
    pub(crate) fn of(whole: &[u8], part: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        Self::from_range(start..start + part.len())
    }
    fn from_range(range: Range<usize>) -> Self {
        // Both fit: `limits::MESSAGE` was checked before anything was indexed.
        Self { start: range.start as u32, len: range.len() as u32 }
    }
    pub(crate) fn in_text(self, whole: &[u8]) -> &[u8] {
        &whole[self.start as usize..(self.start + self.len) as usize]
    }
}

/// One header line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) name: Name,
    name_len: u16,
    value_len: u16,
    start: u32,
    value_start: u32,
}

impl Line {
    pub(crate) fn name_text(self, whole: &[u8]) -> &[u8] {
        let start = self.start as usize;
        &whole[start..start + usize::from(self.name_len)]
    }
    pub(crate) fn value(self, whole: &[u8]) -> &[u8] {
        let start = self.value_start as usize;
        &whole[start..start + usize::from(self.value_len)]
    }
}

/// The first line, as far as it can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StartLine {
    Request { method: Method, method_text: Span, uri: Span },
    Response { code: u16, reason: Span },
    Unreadable,
}

/// A scanned message, sound or not.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) bytes: Bytes,
    pub(crate) start: StartLine,
    pub(crate) lines: Vec<Line>,
    pub(crate) body: Span,
}

/// Messages are personal data and must not slip into a log: only what tells them apart in a test is shown.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (octets, headers) = (self.bytes.len(), self.lines.len());
        write!(f, "Head {{ {:?}, {headers} headers, {octets} octets }}", self.start)
    }
}

impl Head {
    pub(crate) fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().filter(move |line| line.name == name).map(|line| line.value(&self.bytes))
    }
    pub(crate) fn value(&self, name: Name) -> Option<&[u8]> {
        self.values(name).next()
    }
    pub(crate) const fn request_method(&self) -> Option<Method> {
        match self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } | StartLine::Unreadable => None,
        }
    }
}

/// Headers of a usual INVITE fit without growing.
const USUAL_HEADERS: usize = 24;

/// Scans a message: the index of what is there, and the first thing wrong with it.
pub(crate) fn scan(bytes: Bytes) -> (Head, Option<FaultKind>) {
    if bytes.len() > limits::MESSAGE {
        let head = Head { bytes, start: StartLine::Unreadable, lines: Vec::new(), body: Span::default() };
        return (head, Some(FaultKind::MessageTooLarge));
    }
    let mut scanner = Scanner::new(&bytes);
    let start = scanner.start_line();
    scanner.headers();
    if scanner.at > limits::HEAD {
        scanner.note(FaultKind::MessageTooLarge);
    }
    let Scanner { at, fault, folds, lines, .. } = scanner;
    let bytes = if folds.is_empty() { bytes } else { unfold(bytes, &folds) };
    let mut head = Head { bytes, start, lines, body: Span::default() };
    let body = body(&head, at);
    let fault = fault.or(body.as_ref().err().copied());
    if let Ok(body) = body {
        head.bytes.truncate(body.end); // what follows the body in a datagram is nobody's
        head.body = Span::from_range(body);
    }
    (head, fault)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    fault: Option<FaultKind>,
    folds: Vec<usize>,
    lines: Vec<Line>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a [u8]) -> Self {
        // RFC 3261 §7.5: line ends before the message are passed over.
        let first = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let lines = Vec::with_capacity(USUAL_HEADERS);
        Self { text, at: first, fault: None, folds: Vec::new(), lines }
    }

    fn note(&mut self, fault: FaultKind) {
        self.fault.get_or_insert(fault);
    }

    /// The next line without its CRLF; `None` when the text runs out first.
    ///
    /// A CR or LF alone is a fault: elsewhere it passes for a part of the value, so that a stranger could hide a header
    /// behind it that a trusted neighbour of ours never saw.
    fn line(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut from = start;
        loop {
            let Some(step) = memchr::memchr2(b'\r', b'\n', &self.text[from..]) else {
                self.at = self.text.len();
                return None;
            };
            let end = from + step;
            if self.text[end] == b'\r' && self.text.get(end + 1) == Some(&b'\n') {
                self.at = end + 2;
                return Some(start..end);
            }
            self.note(FaultKind::StrayLineEnd);
            from = end + 1;
        }
    }

    fn start_line(&mut self) -> StartLine {
        let Some(line) = self.line() else {
            self.note(if self.text.iter().all(|&byte| is_space(byte)) {
                FaultKind::Empty
            } else {
                FaultKind::NotSip
            });
            return StartLine::Unreadable;
        };
        if line.len() > limits::LINE {
            self.note(FaultKind::LineTooLong);
            return StartLine::Unreadable;
        }
        let (start, fault) = read_start(self.text, &self.text[line]);
        if let Some(fault) = fault {
            self.note(fault);
        }
        start
    }

    /// The next header line with its folds; `None` at the blank line, or when the text runs out first.
    #[inline]
    fn header_line(&mut self) -> Option<Range<usize>> {
        let Some(mut line) = self.line() else {
            self.note(FaultKind::Unterminated);
            return None;
        };
        if line.is_empty() {
            return None;
        }
        while matches!(self.text.get(self.at), Some(b' ' | b'\t')) {
            self.folds.push(line.end);
            let Some(more) = self.line() else {
                self.note(FaultKind::Unterminated);
                return None;
            };
            line.end = more.end;
        }
        Some(line)
    }

    fn headers(&mut self) {
        while let Some(line) = self.header_line() {
            if self.lines.len() == limits::HEADERS {
                return self.note(FaultKind::TooManyHeaders);
            }
            if line.len() > limits::LINE {
                self.note(FaultKind::LineTooLong);
            } else if let Some(header) = self.header(line) {
                self.lines.push(header);
            } else {
                self.note(FaultKind::HeaderLine);
            }
        }
    }

    fn header(&self, line: Range<usize>) -> Option<Line> {
        let text = &self.text[line.clone()];
        // Reading a little further than the line spares short ones the slow way.
        let known = Name::at_start(&self.text[line.start..]).filter(|(_, colon)| *colon < line.len());
        let (name, name_len, colon) = match known {
            Some((name, colon)) => (name, colon, colon),
            None => {
                let colon = memchr::memchr(b':', text)?;
                let name_text = trim_end(&text[..colon]);
                let folded = memchr::memchr(b'\r', &text[..colon]).is_some();
                let sound = TOKEN.all(name_text) && !folded;
                sound.then(|| (Name::from_text(name_text), name_text.len(), colon))?
            }
        };
        let value = trim_end(&text[colon + 1..]);
        let spaces = value.len() - trim_start(value).len();
        // All of these fit: the line is within `limits::LINE`, the message within `limits::MESSAGE`.
        Some(Line {
            name,
            name_len: name_len as u16,
            value_len: (value.len() - spaces) as u16,
            start: line.start as u32,
            value_start: (line.start + colon + 1 + spaces) as u32,
        })
    }
}

/// Overwrites the line ends of folds with spaces. Copies the message unless nobody else holds it.
fn unfold(bytes: Bytes, folds: &[usize]) -> Bytes {
    let mut text = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    for &fold in folds {
        text[fold..fold + 2].fill(b' ');
    }
    text.freeze()
}

/// Reads the first line; a fault does not keep the method from being known.
fn read_start(whole: &[u8], line: &[u8]) -> (StartLine, Option<FaultKind>) {
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return read_status_line(whole, line)
            .map_or_else(|fault| (StartLine::Unreadable, Some(fault)), |s| (s, None));
    }
    let words = line.iter().position(|&b| b == b' ').zip(trim(line).iter().rposition(|&b| b == b' '));
    let Some((first, last)) = words.filter(|&(first, _)| TOKEN.all(&line[..first])) else {
        return (StartLine::Unreadable, Some(FaultKind::NotSip));
    };
    let version = trim(&line[last..]);
    if !version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return (StartLine::Unreadable, Some(FaultKind::NotSip));
    }
    let method_text = &line[..first];
    let uri = line.get(first + 1..last).unwrap_or_default();
    let start = StartLine::Request {
        method: Method::from_text(method_text),
        method_text: Span::of(whole, method_text),
        uri: Span::of(whole, uri),
    };
    let exact = last + 1 + version.len() == line.len();
    (start, request_line_fault(uri, version, exact))
}

fn request_line_fault(uri: &[u8], version: &[u8], exact: bool) -> Option<FaultKind> {
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Some(FaultKind::Version);
    }
    if !exact {
        return Some(FaultKind::StartLine);
    }
    if uri.len() > limits::URI {
        return Some(FaultKind::UriTooLong);
    }
    match Uri::parse(uri) {
        Ok(uri) if uri.headers.is_some() && uri.scheme != Scheme::Other => {
            Some(FaultKind::RequestUri(UriError::Headers))
        }
        Ok(_) => None,
        Err(error) => Some(FaultKind::RequestUri(error)),
    }
}

fn read_status_line(whole: &[u8], line: &[u8]) -> Result<StartLine, FaultKind> {
    let (version, rest) = super::chars::split_at_byte(line, b' ').ok_or(FaultKind::NotSip)?;
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(FaultKind::Version);
    }
    let (code, reason) = super::chars::split_at_byte(rest, b' ').unwrap_or((rest, b""));
    let code = number(code).filter(|_| code.len() == 3).ok_or(FaultKind::StartLine)?;
    let code =
        u16::try_from(code).ok().filter(|code| (100..700).contains(code)).ok_or(FaultKind::StartLine)?;
    Ok(StartLine::Response { code, reason: Span::of(whole, reason) })
}

/// The body's place: as long as Content-Length says, else the rest of the datagram.
fn body(head: &Head, start: usize) -> Result<Range<usize>, FaultKind> {
    let there = head.bytes.len() - start;
    let length = content_length(head.values(Name::ContentLength))?;
    if length.unwrap_or(there) > limits::BODY {
        return Err(FaultKind::BodyTooLarge);
    }
    match length {
        None => Ok(start..head.bytes.len()),
        Some(length) if length <= there => Ok(start..start + length),
        Some(_) => Err(FaultKind::BodyCutShort),
    }
}

/// What all Content-Lengths of a message say together; `usize::MAX` for whatever is larger.
fn content_length<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<usize>, FaultKind> {
    let mut declared = None;
    for value in values {
        let length = number(value).ok_or(FaultKind::Malformed(Name::ContentLength))?;
        if declared.is_some_and(|before| before != length) {
            return Err(FaultKind::Repeated(Name::ContentLength));
        }
        declared = Some(length);
    }
    Ok(declared.map(|length| usize::try_from(length).unwrap_or(usize::MAX)))
}

/// How many octets of body follow a whole head. On a stream nothing but Content-Length tells (RFC 3261 §18.3), so all
/// of them are read, also those behind the last header or in a longer line than a message may have.
pub(super) fn body_on_stream(head: &[u8]) -> Result<usize, FaultKind> {
    let mut scanner = Scanner::new(head);
    scanner.line(); // the first line
    let mut lengths = Vec::new();
    while let Some(line) = scanner.header_line() {
        let header = scanner.header(line).filter(|header| header.name == Name::ContentLength);
        lengths.extend(header.map(|header| header.value(head)));
    }
    match content_length(lengths.into_iter())? {
        None => Err(FaultKind::Missing(Name::ContentLength)),
        Some(length) if length > limits::BODY => Err(FaultKind::BodyTooLarge),
        Some(length) => Ok(length),
    }
}
