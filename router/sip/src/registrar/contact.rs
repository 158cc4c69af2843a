//! What a REGISTER wants, read in one go: all of it can be done, or nothing is (RFC 3261 §10.3 step 7).

use super::limits::{self, DEFAULT_EXPIRES_S, MAX_EXPIRES_S, MAX_PER_USER, MIN_EXPIRES_S};
use crate::wire::{Message, Name, NameAddr, chars::number};

/// What a REGISTER wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To be told what there is.
    Ask,
    /// `Contact: *`: that nothing is left.
    Clear,
    /// To add, refresh and remove.
    Set(Vec<Contact>),
}

/// One Contact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) uri: String,
    pub(crate) q: u16,
    /// Seconds granted; zero removes it.
    pub(crate) expires_s: u32,
    pub(crate) instance: Option<String>,
    pub(crate) reg_id: Option<u32>,
}

/// Why a wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// 400.
    Malformed,
    /// 403: more contacts than a user may have.
    TooMany,
    /// 423.
    TooBrief,
}

impl Unfit {
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::TooMany => 403,
            Self::TooBrief => 423,
        }
    }
}

/// Reads the contacts of a REGISTER.
pub(crate) fn wish(request: &Message) -> Result<Wish, Unfit> {
    let values: Vec<&[u8]> = request.values(Name::Contact).take(MAX_PER_USER + 1).collect();
    let header = request.header(Name::Expires);
    match values.as_slice() {
        [] => Ok(Wish::Ask),
        [b"*"] if header.and_then(number) == Some(0) => Ok(Wish::Clear),
        values if values.iter().any(|value| value.starts_with(b"*")) => Err(Unfit::Malformed),
        values if values.len() > MAX_PER_USER => Err(Unfit::TooMany),
        values => values.iter().map(|value| contact(value, header)).collect::<Result<_, _>>().map(Wish::Set),
    }
}

fn contact(value: &[u8], header: Option<&[u8]>) -> Result<Contact, Unfit> {
    let addr = NameAddr::parse(value).map_err(|_| Unfit::Malformed)?;
    let sip = addr.parsed_uri().is_ok_and(|uri| uri.is_sip());
    let uri = text(addr.uri, limits::URI).filter(|_| sip && addr.params.quotes_close());
    let expires_s = grant_expiry(addr.params.value("expires").or(header))?;
    let instance = addr.params.value("+sip.instance").and_then(instance);
    // A reg-id means nothing without its instance (RFC 5626 §6).
    let reg_id = addr.params.value("reg-id").filter(|_| instance.is_some()).and_then(reg_id);
    let q = addr.params.value("q").map_or(Q_OF_NONE, thousandths);
    Ok(Contact { uri: uri.ok_or(Unfit::Malformed)?, q, expires_s, instance, reg_id })
}

/// Grants the lifetime of a binding, in seconds, for `asked`, the text of a Contact's `expires` or of Expires.
///
/// None asks for [`DEFAULT_EXPIRES_S`], and so does what is no number; a longer wish than [`MAX_EXPIRES_S`] is cut to
/// it, zero asks for removal.
///
/// # Errors
///
/// [`Unfit::TooBrief`] for a wish below [`MIN_EXPIRES_S`]; answer it with 423 and `Min-Expires`.
///
/// Source: RFC 3261 §10.3 step 7, §20.10, §20.19, §20.23.
fn grant_expiry(asked: Option<&[u8]>) -> Result<u32, Unfit> {
    let asked = asked.and_then(number).unwrap_or_else(|| u64::from(DEFAULT_EXPIRES_S));
    match u32::try_from(asked).unwrap_or(u32::MAX) {
        0 => Ok(0),
        brief if brief < MIN_EXPIRES_S => Err(Unfit::TooBrief),
        asked => Ok(asked.min(MAX_EXPIRES_S)),
    }
}

/// The Path of a REGISTER, in order.
pub(crate) fn path(request: &Message) -> Result<Vec<String>, Unfit> {
    let values: Vec<&[u8]> = request.values(Name::Path).take(limits::PATH + 1).collect();
    if values.len() > limits::PATH {
        return Err(Unfit::Malformed);
    }
    let route = |value: &&[u8]| {
        let sound = NameAddr::parse(value).is_ok_and(|addr| addr.parsed_uri().is_ok_and(|uri| uri.is_sip()));
        text(value, limits::PATH_VALUE).filter(|_| sound).ok_or(Unfit::Malformed)
    };
    values.iter().map(route).collect()
}

/// The Call-ID of a REGISTER.
pub(crate) fn call_id(request: &Message) -> Result<String, Unfit> {
    text(request.call_id(), limits::CALL_ID).ok_or(Unfit::Malformed)
}

/// A copy of its own: what is kept must not hold the datagram it came in.
fn text(octets: &[u8], most: usize) -> Option<String> {
    let text = std::str::from_utf8(octets).ok().filter(|text| text.len() <= most)?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// `"<urn:uuid:…>"` with its quotes; what is none, or too long for one, names no phone.
fn instance(value: &[u8]) -> Option<String> {
    let inner = value.strip_prefix(b"\"<").and_then(|rest| rest.strip_suffix(b">\""))?;
    text(inner, limits::INSTANCE).filter(|urn| !urn.is_empty() && !urn.contains(['"', '\\', '<', '>']))
}

/// 1 to 2³¹ − 1 (RFC 5626 §4.2).
fn reg_id(value: &[u8]) -> Option<u32> {
    let id = u32::try_from(number(value)?).ok()?;
    (1..1 << 31).contains(&id).then_some(id)
}

/// A contact that says nothing is rung first.
const Q_OF_NONE: u16 = 1_000;

/// `0.75` as 750; what is no `qvalue` says nothing (RFC 3261 §25.1).
fn thousandths(value: &[u8]) -> u16 {
    let read = || {
        let (whole, part) = match value.split_first()? {
            (whole @ (b'0' | b'1'), []) => (whole, &b""[..]),
            (whole @ (b'0' | b'1'), [b'.', part @ ..]) if part.len() <= 3 => (whole, part),
            _ => return None,
        };
        let digit = |place: usize| match part.get(place).copied().unwrap_or(b'0') {
            digit @ b'0'..=b'9' => Some(u16::from(digit - b'0')),
            _ => None,
        };
        let sum = u16::from(whole - b'0') * 1_000 + digit(0)? * 100 + digit(1)? * 10 + digit(2)?;
        (sum <= 1_000).then_some(sum)
    };
    read().unwrap_or(Q_OF_NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn request(lines: &str) -> Message {
        let text = format!(
            "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:a@h>\r\n\
             Call-ID: c\r\nCSeq: 7 REGISTER\r\n{lines}\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }
    fn read(lines: &str) -> Result<Wish, Unfit> {
        wish(&request(lines))
    }
    fn one(lines: &str) -> Contact {
        match read(lines) {
            Ok(Wish::Set(mut contacts)) if contacts.len() == 1 => contacts.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_contact_may_say_how_gladly_how_long_and_which_phone() {
        let contact = one("m: \"Ann\" <sip:ann@192.0.2.7:5062;transport=tcp>;q=0.75;expires=600;reg-id=1;\
             +sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"\r\n");
        assert_eq!((contact.uri.as_str(), contact.q), ("sip:ann@192.0.2.7:5062;transport=tcp", 750));
        assert_eq!((contact.expires_s, contact.reg_id), (600, Some(1)));
        assert_eq!(contact.instance.as_deref(), Some("urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"));
    }

    #[test]
    fn the_lifetime_is_the_contact_s_or_the_header_s_or_an_hour() {
        let granted = |lines: &str| one(&format!("{lines}\r\n")).expires_s;
        assert_eq!(granted("Contact: <sip:a@h>;expires=120\r\nExpires: 600"), 120);
        assert_eq!(granted("Contact: <sip:a@h>\r\nExpires: 600"), 600);
        assert_eq!(granted("Contact: sip:a@h"), 3_600);
        assert_eq!(granted("Contact: <sip:a@h>;expires=soon"), 3_600);
        assert_eq!(granted("Contact: <sip:a@h>;expires=-5"), 3_600);
        assert_eq!(granted("Contact: <sip:a@h>;expires=0"), 0);
        assert_eq!(granted("Contact: <sip:a@h>;expires=60"), 60);
    }

    #[test]
    fn a_long_lifetime_is_cut_and_a_brief_one_refused() {
        assert_eq!(one("Contact: <sip:a@h>;expires=86400\r\n").expires_s, 7_200);
        assert_eq!(one("Contact: <sip:a@h>;expires=99999999999\r\n").expires_s, 7_200);
        assert_eq!(read("Contact: <sip:a@h>;expires=59\r\n"), Err(Unfit::TooBrief));
        assert_eq!(read("Contact: <sip:a@h>;expires=600, <sip:b@h>;expires=1\r\n"), Err(Unfit::TooBrief));
        assert_eq!(Unfit::TooBrief.status(), 423);
    }

    #[test]
    fn a_star_stands_alone_and_with_expires_zero() {
        assert_eq!(read(""), Ok(Wish::Ask));
        assert_eq!(read("Contact: *\r\nExpires: 0\r\n"), Ok(Wish::Clear));
        for lines in [
            "Contact: *\r\n",
            "Contact: *\r\nExpires: 60\r\n",
            "Contact: *;expires=0\r\n",
            "Contact: *, <sip:a@h>\r\nExpires: 0\r\n",
            "Contact: <sip:a@h>\r\nContact: *\r\nExpires: 0\r\n",
            "Contact: *\r\nContact: *\r\nExpires: 0\r\n",
        ] {
            assert_eq!(read(lines), Err(Unfit::Malformed), "{lines}");
        }
    }

    #[test]
    fn one_bad_contact_spoils_all() {
        for bad in
            ["", "<sip:a@h", "<tel:+62811>", "<mailto:a@h>", "<sip:a b@h>", "<sip:>", "<sip:a@h>;x=\"y"]
        {
            assert_eq!(read(&format!("Contact: <sip:a@h>, {bad}\r\n")), Err(Unfit::Malformed), "{bad}");
        }
        let long = format!("Contact: <sip:{}@h>\r\n", "a".repeat(600));
        assert_eq!(read(&long), Err(Unfit::Malformed));
        let nine: Vec<String> = (0..9).map(|n| format!("<sip:a@h{n}>")).collect();
        assert_eq!(read(&format!("Contact: {}\r\n", nine.join(", "))), Err(Unfit::TooMany));
    }

    #[test]
    fn a_qvalue_has_three_digits_at_most() {
        let all = [("0", 0), ("1", 1_000), ("0.5", 500), ("0.05", 50), ("1.000", 1_000), ("0.", 0)];
        assert!(all.iter().all(|&(text, q)| thousandths(text.as_bytes()) == q));
        for odd in ["", "2", "0.1234", "1.001", "0,5", "-1", "0.x"] {
            assert_eq!(thousandths(odd.as_bytes()), Q_OF_NONE, "{odd}");
        }
    }

    #[test]
    fn an_odd_instance_or_reg_id_names_no_phone() {
        let named = |params: &str| {
            let contact = one(&format!("Contact: <sip:a@h>;{params}\r\n"));
            (contact.instance.is_some(), contact.reg_id)
        };
        assert_eq!(named("+sip.instance=\"<urn:x>\";reg-id=2"), (true, Some(2)));
        assert_eq!(named("+sip.instance=\"<urn:x>\";reg-id=0"), (true, None));
        assert_eq!(named("+sip.instance=\"<urn:x>\";reg-id=2147483648"), (true, None));
        assert_eq!(named("+sip.instance=\"<>\";reg-id=2"), (false, None));
        assert_eq!(named("+sip.instance=urn;reg-id=2"), (false, None));
        assert_eq!(named("reg-id=2"), (false, None));
    }

    #[test]
    fn a_path_is_kept_in_order_and_bounded() {
        let read = |lines: &str| path(&request(lines));
        assert_eq!(
            read("Path: <sip:p1.h;lr>, <sip:p2.h;lr;ob>\r\nPath: <sip:p3.h;lr>\r\n").unwrap(),
            ["<sip:p1.h;lr>", "<sip:p2.h;lr;ob>", "<sip:p3.h;lr>"]
        );
        assert_eq!(read("Path: <tel:1>\r\n"), Err(Unfit::Malformed));
        assert_eq!(read(&"Path: <sip:p.h;lr>\r\n".repeat(9)), Err(Unfit::Malformed));
    }
}
