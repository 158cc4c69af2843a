//! The `o=` line under which we send descriptions of our own and of others.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Who a description is from, as one leg is told: user, session and address stay, the version counts its changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The user; what may not stand there is written as `-`.
    pub user: String,
    /// The session id, never changed within a leg.
    pub session: u64,
    /// Goes up by one with each changed description.
    pub version: u64,
    /// Our address.
    pub address: IpAddr,
}

impl Origin {
    /// The first version of a session.
    #[must_use]
    pub fn new(user: impl Into<String>, session: u64, address: IpAddr) -> Self {
        Self { user: user.into(), session, version: 1, address }
    }
    /// Counts a change.
    pub const fn advance(&mut self) {
        self.version = self.version.saturating_add(1);
    }
}

/// `IP4` or `IP6`, as `o=` and `c=` want it.
pub(super) const fn address_type(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}

/// The value of the `o=` line.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user: String = self.user.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect();
        let user = if user.is_empty() { "-" } else { &user };
        let Self { session, version, address, .. } = self;
        write!(f, "{user} {session} {version} IN {} {address}", address_type(*address))
    }
}

/// Puts our `o=` line in place of the peer's; everything else stays byte for byte.
///
/// A body without one gets it behind its first line.
#[must_use]
pub fn with_origin(body: &Bytes, origin: &Origin) -> Bytes {
    let line = format!("o={origin}");
    let replaced =
        |before: &[u8], line: &str, after: &[u8]| Bytes::from([before, line.as_bytes(), after].concat());
    if let Some(range) = origin_line(body) {
        return replaced(&body[..range.start], &line, &body[range.end..]);
    }
    match body.iter().position(|&byte| byte == b'\n') {
        Some(end) => replaced(&body[..=end], &format!("{line}\r\n"), &body[end + 1..]),
        None => replaced(body, &format!("\r\n{line}\r\n"), b""),
    }
}

/// Whether two descriptions have the same `o=` line: the same version of the same session.
#[must_use]
pub fn same_origin(a: &[u8], b: &[u8]) -> bool {
    let line = |body: &[u8]| origin_line(body).map(|range| body[range].to_vec());
    line(a).is_some() && line(a) == line(b)
}

/// Session id and version in the `o=` line, if they are numbers.
#[must_use]
pub fn session_of(body: &[u8]) -> Option<(u64, u64)> {
    let line = std::str::from_utf8(&body[origin_line(body)?]).ok()?;
    let mut words = line.split(' ').skip(1);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Where the `o=` line stands, without its end.
fn origin_line(body: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for line in body.split(|&byte| byte == b'\n') {
        if line.starts_with(b"o=") {
            return Some(start..start + line.strip_suffix(b"\r").unwrap_or(line).len());
        }
        start += line.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Origin, with_origin};
    use bytes::Bytes;

    #[test]
    fn only_the_origin_line_changes() {
        let mut ours = Origin::new("sambung", 77, "192.0.2.9".parse().unwrap());
        ours.advance();
        let body = Bytes::from_static(b"v=0\r\no=x 1 2 IN IP6 ::1\r\ns=\xff\no=again\r\nm=audio 1 RTP/AVP 0");
        let changed = with_origin(&body, &ours);
        assert_eq!(
            &changed[..],
            b"v=0\r\no=sambung 77 2 IN IP4 192.0.2.9\r\ns=\xff\no=again\r\nm=audio 1 RTP/AVP 0"
        );
        assert_eq!(with_origin(&changed, &ours), changed);
    }

    #[test]
    fn line_ends_stay_as_they_were() {
        let ours = Origin::new("", 1, "::1".parse().unwrap());
        assert_eq!(
            &with_origin(&Bytes::from_static(b"v=0\no=x\ns=-\n"), &ours)[..],
            b"v=0\no=- 1 1 IN IP6 ::1\ns=-\n"
        );
    }

    #[test]
    fn a_description_without_origin_gets_one() {
        let ours = Origin::new("a b\r\n", 1, "::1".parse().unwrap());
        let body = Bytes::from_static(b"v=0\r\ns=-\r\n");
        assert_eq!(&with_origin(&body, &ours)[..], b"v=0\r\no=a-b-- 1 1 IN IP6 ::1\r\ns=-\r\n");
        let body = Bytes::from_static(b"v=0");
        assert_eq!(&with_origin(&body, &ours)[..], b"v=0\r\no=a-b-- 1 1 IN IP6 ::1\r\n");
    }
}
