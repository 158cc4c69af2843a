//! Which extensions of SIP we have, by their option tags (RFC 3261 §19.2).

use crate::{
    local::Local,
    wire::{Message, Name},
};

/// What we say in `Supported` towards any peer; none when there is nothing to say.
///
/// Reliable provisional responses are not among it: of a phone that rings we only want to know that it does.
pub(crate) const fn supported(local: &Local) -> Option<&'static str> {
    if local.session_s.is_some() { Some("timer") } else { None }
}

/// What we say in `Supported` to a caller, and what a request may require.
pub(crate) const fn supported_for_callers(local: &Local) -> &'static str {
    if local.session_s.is_some() { "timer, 100rel, replaces" } else { "100rel, replaces" }
}

/// What a request requires and we do not have.
pub(crate) fn missing<'a>(request: &'a Message, local: &Local) -> impl Iterator<Item = &'a [u8]> {
    let ours = supported_for_callers(local);
    // A phone that wants no reports on its REFER may insist that we know of that (RFC 4488).
    let ours = ours.split(", ").chain(["norefersub"]);
    let has = move |tag: &[u8]| ours.clone().any(|own| tag.eq_ignore_ascii_case(own.as_bytes()));
    request.values(Name::Require).filter(move |tag| !tag.is_empty() && !has(tag))
}
