//! Replaces: the dialog whose place an INVITE takes (RFC 3891 §6.1).

use super::chars::trim;
use super::{Message, Name, Params};

/// The value of Replaces, as the one who gets it sees the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// Its Call-ID.
    pub call_id: &'a [u8],
    /// Our tag in it.
    pub to_tag: &'a [u8],
    /// The other side's tag.
    pub from_tag: &'a [u8],
    /// Only as long as it has no final response.
    pub early_only: bool,
}

impl<'a> Replaces<'a> {
    /// Reads `425928@bobster.example.org;to-tag=7743;from-tag=6472`. None without both tags, or with one of them twice.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let end = value.iter().position(|&byte| byte == b';')?;
        let (call_id, params) = (trim(&value[..end]), Params::new(&value[end..]));
        let one = |name: &str| {
            let mut named =
                params.into_iter().filter(|param| param.name.eq_ignore_ascii_case(name.as_bytes()));
            let tag = named.next()?.value.filter(|tag| !tag.is_empty())?;
            named.next().is_none().then_some(tag)
        };
        let (to_tag, from_tag) = (one("to-tag")?, one("from-tag")?);
        let sound = !call_id.is_empty() && !call_id.contains(&b',') && !call_id.contains(&b' ');
        sound.then_some(Self { call_id, to_tag, from_tag, early_only: params.has("early-only") })
    }
}

impl Message {
    /// The dialog whose place this INVITE takes; none without such a header.
    ///
    /// # Errors
    ///
    /// 400 for what cannot be read, for two of them, and together with Join (RFC 3891 §3).
    pub fn replaces(&self) -> Result<Option<Replaces<'_>>, u16> {
        let mut values = self.headers_named(Name::Replaces);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) if self.header(Name::Join).is_none() => {
                Replaces::parse(value).map(Some).ok_or(400)
            }
            (Some(_), _) => Err(400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_its_call_id_and_both_tags() {
        let read =
            Replaces::parse(b" 425928@bobster.example.org ;to-tag=7743; From-Tag = 6472 ;early-only;x=y");
        let named = Replaces {
            call_id: b"425928@bobster.example.org",
            to_tag: b"7743",
            from_tag: b"6472",
            early_only: true,
        };
        assert_eq!(read, Some(named));
        assert!(!Replaces::parse(b"a;to-tag=0;from-tag=1").unwrap().early_only);
    }

    #[test]
    fn anything_less_names_none() {
        for text in [
            "",
            "a",
            "a;to-tag=1",
            "a;from-tag=1",
            ";to-tag=1;from-tag=2",
            "a;to-tag=;from-tag=2",
            "a;to-tag=1;from-tag=2;to-tag=3",
            "a b;to-tag=1;from-tag=2",
            "a,b;to-tag=1;from-tag=2",
        ] {
            assert_eq!(Replaces::parse(text.as_bytes()), None, "{text}");
        }
    }
}
