//! Which extensions of SIP we have, by their option tags (RFC 3261 §19.2).

use crate::{
    leg::session_timer::TIMER,
    local::Local,
    wire::{Message, Name},
};

/// What we say in `Supported`; none when we have nothing to say there.
pub(crate) const fn supported(local: &Local) -> Option<&'static str> {
    if local.session_s.is_some() { Some(TIMER) } else { None }
}

/// What a request requires and we do not have.
pub(crate) fn missing<'a>(request: &'a Message, local: &Local) -> impl Iterator<Item = &'a [u8]> {
    let ours = supported(local).unwrap_or_default();
    let has = move |tag: &[u8]| ours.split(", ").any(|own| tag.eq_ignore_ascii_case(own.as_bytes()));
    request.values(Name::Require).filter(move |tag| !tag.is_empty() && !has(tag))
}
