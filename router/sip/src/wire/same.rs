//! Whether two URIs mean the same.

use super::{Uri, ip_literal, percent_decoded};

/// Parameters that make a difference even where only one of two URIs has them (RFC 3261 §19.1.4).
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri<'_> {
    /// Does this agree with `other` as far as it goes: scheme and host, the user if it names one, the port if both name
    /// one? Parameters and headers do not count.
    #[must_use]
    pub fn agrees_with(&self, other: &Uri<'_>) -> bool {
        self.is_sip()
            && self.scheme == other.scheme
            && same_host(self.host, other.host)
            && (self.user.is_none() || same_user(self, other))
            && (self.port.is_none() || other.port.is_none() || self.port == other.port)
    }
    /// Are both the same address, so that a binding to one is a binding to the other? Of a URI that is none of SIP's,
    /// only its own octets are the same.
    ///
    /// Source: RFC 3261 §19.1.4.
    #[must_use]
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        if self.text == other.text || !self.is_sip() || !other.is_sip() {
            return self.text == other.text;
        }
        self.scheme == other.scheme
            && same_user(self, other)
            && self.password == other.password
            && same_host(self.host, other.host)
            && self.port == other.port
            && self.headers == other.headers
            && covers(self, other)
            && covers(other, self)
    }
}

fn same_user(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    a.user.map(percent_decoded) == b.user.map(percent_decoded)
}

fn same_host(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b) || ip_literal(a).is_some_and(|ip| ip_literal(b) == Some(ip))
}

/// Does `b` agree with every parameter of `a` that it has, or must have? As many are compared as count, and no more.
fn covers(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    const MOST: usize = 32;
    let telling = |name: &[u8]| TELLING.iter().any(|telling| telling.as_bytes().eq_ignore_ascii_case(name));
    a.params.into_iter().count() <= MOST
        && a.params.into_iter().all(|param| {
            let theirs = b.params.into_iter().find(|other| other.name.eq_ignore_ascii_case(param.name));
            match theirs {
                Some(theirs) => {
                    let (ours, theirs) = (param.value.unwrap_or_default(), theirs.value.unwrap_or_default());
                    percent_decoded(ours).eq_ignore_ascii_case(&percent_decoded(theirs))
                }
                None => !telling(param.name),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::Uri;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_equivalent_uris_of_rfc_3261_are_so() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
        ] {
            assert!(uri(a).is_equivalent(&uri(b)) && uri(b).is_equivalent(&uri(a)), "{a} {b}");
        }
    }

    #[test]
    fn the_different_uris_of_rfc_3261_are_so() {
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ] {
            assert!(!uri(a).is_equivalent(&uri(b)) && !uri(b).is_equivalent(&uri(a)), "{a} {b}");
        }
    }

    #[test]
    fn a_uri_agrees_with_another_as_far_as_it_goes() {
        let agrees = |a: &str, b: &str| uri(a).agrees_with(&uri(b));
        assert!(agrees("sip:Example.com:5060", "sip:ann@example.com;transport=tcp"));
        assert!(agrees("sips:%61nn@h", "sips:ann@h:5061") && agrees("sip:[::1]:5060", "sip:[0::1]"));
        assert!(!agrees("sip:ann@h", "sip:h") && !agrees("sip:Ann@h", "sip:ann@h"));
        assert!(
            !agrees("sip:h", "sips:h") && !agrees("sip:h:5070", "sip:h:5060") && !agrees("urn:a", "urn:a")
        );
    }
}
