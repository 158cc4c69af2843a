//! Header names, resolved without allocating.
//!
//! A name is read eight octets at a time, put into lower case and looked up in a hash table made at compile time: one
//! probe for nearly every name. Compact forms (`v`, `f`, …) share the variant of the long name.

macro_rules! names {
    ($($variant:ident $text:literal $(/ $compact:literal)?,)*) => {
        /// A header we know by name; everything else is [`Name::Other`] and keeps its text in the message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Name { $($variant,)* Other }

        impl Name {
            /// The name as we write it; empty for [`Name::Other`].
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Other => "" }
            }
        }

        const SPELLINGS: &[(&str, Name)] = &[$(($text, Name::$variant), $(($compact, Name::$variant),)?)*];
    };
}

names! {
    Via "Via" / "v",
    From "From" / "f",
    To "To" / "t",
    CallId "Call-ID" / "i",
    CSeq "CSeq",
    MaxForwards "Max-Forwards",
    Contact "Contact" / "m",
    ContentLength "Content-Length" / "l",
    ContentType "Content-Type" / "c",
    Route "Route",
    RecordRoute "Record-Route",
    Accept "Accept",
    AcceptContact "Accept-Contact" / "a",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" / "u",
    AnswerMode "Answer-Mode",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallInfo "Call-Info",
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" / "e",
    ContentLanguage "Content-Language",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" / "o",
    Expires "Expires",
    HistoryInfo "History-Info",
    Identity "Identity" / "y",
    InReplyTo "In-Reply-To",
    Join "Join",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    RSeq "RSeq",
    Reason "Reason",
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" / "r",
    ReferredBy "Referred-By" / "b",
    RejectContact "Reject-Contact" / "j",
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" / "d",
    Require "Require",
    RetryAfter "Retry-After",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" / "x",
    Subject "Subject" / "s",
    SubscriptionState "Subscription-State",
    Supported "Supported" / "k",
    TargetDialog "Target-Dialog",
    Timestamp "Timestamp",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    UserToUser "User-to-User",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// A name in lower case, in words of eight octets, the rest zero.
type Key = [u64; WORDS];
const WORDS: usize = 3;
/// No name we know is longer.
const LONGEST: usize = WORDS * 8;

#[derive(Clone, Copy)]
struct Slot {
    key: Key,
    /// 0 in an empty slot.
    len: u8,
    name: Name,
}

const SLOTS: usize = 512;
static TABLE: [Slot; SLOTS] = table();

const fn table() -> [Slot; SLOTS] {
    let mut table = [Slot { key: [0; WORDS], len: 0, name: Name::Other }; SLOTS];
    let mut place = 0;
    while place < SPELLINGS.len() {
        let (text, name) = SPELLINGS[place];
        let key = key(text.as_bytes());
        let mut slot = hash(key);
        while table[slot].len != 0 {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = Slot { key, len: text.len() as u8, name };
        place += 1;
    }
    table
}

/// Puts up to [`LONGEST`] octets into words.
const fn key(text: &[u8]) -> Key {
    let mut key = [0; WORDS];
    let mut at = 0;
    while at < text.len() {
        key[at / 8] |= (text[at].to_ascii_lowercase() as u64) << (at % 8 * 8);
        at += 1;
    }
    key
}

const fn hash([a, b, c]: Key) -> usize {
    // Multiplying spreads every octet into the upper bits.
    let mixed = (a ^ b.rotate_left(29) ^ c.rotate_left(41)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

fn find(key: Key, len: usize) -> Name {
    let mut at = hash(key);
    loop {
        let slot = &TABLE[at % SLOTS];
        // The length tells a name from the same name with zero octets behind it.
        if slot.key == key && usize::from(slot.len) == len {
            return slot.name;
        }
        if slot.len == 0 {
            return Name::Other;
        }
        at += 1;
    }
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Puts eight octets into lower case; only `A` to `Z` change.
const fn lower(word: u64) -> u64 {
    let low = word & !HIGHS;
    let from_a = low + ONES * (0x80 - b'A' as u64);
    let beyond_z = low + ONES * (0x7f - b'Z' as u64);
    word | ((from_a ^ beyond_z) & !word & HIGHS) >> 2
}

impl Name {
    /// Resolves a header name in any case, long or compact; without allocating, in constant time.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Self {
        if text.len() > LONGEST { Self::Other } else { find(key(text), text.len()) }
    }

    /// Resolves the name at the start of `text` and says where its colon is.
    ///
    /// `None` for what wants a closer look: an unknown name, a space before the colon, or the end of `text` too near.
    #[inline]
    pub(crate) fn at_start(text: &[u8]) -> Option<(Self, usize)> {
        let text: &[u8; LONGEST] = text.first_chunk()?;
        let a = word(text, 0);
        if let Some((mask, colon)) = up_to_colon(a) {
            return known([lower(a & mask), 0, 0], colon);
        }
        let b = word(text, 8);
        if let Some((mask, colon)) = up_to_colon(b) {
            return known([lower(a), lower(b & mask), 0], 8 + colon);
        }
        let c = word(text, 16);
        let (mask, colon) = up_to_colon(c)?;
        known([lower(a), lower(b), lower(c & mask)], 16 + colon)
    }
}

fn known(key: Key, len: usize) -> Option<(Name, usize)> {
    let name = find(key, len);
    (name != Name::Other).then_some((name, len))
}

const fn word(text: &[u8; LONGEST], at: usize) -> u64 {
    let t = text;
    u64::from_le_bytes([t[at], t[at + 1], t[at + 2], t[at + 3], t[at + 4], t[at + 5], t[at + 6], t[at + 7]])
}

/// A mask for the octets before the first colon of a word, and its place.
const fn up_to_colon(word: u64) -> Option<(u64, usize)> {
    // Marks the highest bit of every colon; above the first mark there may be wrong ones.
    let zero = word ^ (ONES * b':' as u64);
    let marks = zero.wrapping_sub(ONES) & !zero & HIGHS;
    if marks == 0 {
        return None;
    }
    let first = marks & marks.wrapping_neg();
    Some(((first >> 7) - 1, first.trailing_zeros() as usize / 8))
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Name, SLOTS, SPELLINGS, TABLE, lower};

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (text, name) in SPELLINGS {
            assert!(text.len() <= LONGEST, "{text}");
            for typed in [(*text).to_owned(), text.to_ascii_uppercase(), text.to_ascii_lowercase()] {
                assert_eq!(Name::from_text(typed.as_bytes()), *name, "{typed}");
                let line = format!("{typed}: value and more behind");
                assert_eq!(Name::at_start(line.as_bytes()), Some((*name, typed.len())), "{line}");
            }
        }
    }

    #[test]
    fn unknown_names_are_other() {
        for text in [
            "",
            "X-Sambung-Call",
            "C%6Fntact",
            "Vi",
            "Via ",
            "Via\0",
            "\0",
            "q",
            "Content-Lengthy",
            "\u{fffd}",
            "v\0\0",
        ] {
            assert_eq!(Name::from_text(text.as_bytes()), Name::Other, "{text}");
            assert_eq!(
                Name::at_start(format!("{text}: a value and more behind it").as_bytes()),
                None,
                "{text}"
            );
        }
        assert_eq!(Name::from_text(&[b'a'; 70_000]), Name::Other);
        assert_eq!(Name::at_start(&[b'a'; 70_000]), None);
    }

    #[test]
    fn lower_case_is_exact_for_every_octet() {
        for byte in 0..=255_u8 {
            assert_eq!(lower(u64::from(byte) << 8) >> 8, u64::from(byte.to_ascii_lowercase()), "{byte}");
        }
    }

    #[test]
    fn no_look_up_walks_far() {
        let run = |start: usize| (0..SLOTS).take_while(|step| TABLE[(start + step) % SLOTS].len != 0).count();
        let longest = (0..SLOTS).map(run).max().unwrap();
        assert!(longest <= 6, "{longest} occupied slots in a row");
    }
}
