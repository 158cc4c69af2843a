//! What the INVITE to a phone says: who calls, by which call and queue, and what the trunk says beside.

use super::phone::Order;
use crate::{
    Display, LegKey, Phone,
    compose::{able, decimal},
    context::Ctx,
    local::Local,
    wire::{Header, Message, Name, Scheme, Writer},
};
use bytes::Bytes;

/// Longest user part and display name of a caller that a phone gets to see, in bytes; longer ones are left out.
const MAX_SHOWN: usize = 256;
/// Most headers of the caller's INVITE that a phone gets to see, and the longest value of one, in bytes.
const MAX_COPIED: usize = 24;
const MAX_VALUE: usize = 1_024;

/// Writes what does not change when the INVITE is sent again.
pub(super) fn write(
    writer: &mut Writer,
    (caller, order, phone): (&Message, &Order, &Phone),
    key: LegKey,
    ctx: &Ctx<'_>,
) {
    for route in &phone.routes {
        writer.header(Name::Route, route);
    }
    let mut digits = [0; 10];
    let hops = u32::from(caller.max_forwards().unwrap_or(70).saturating_sub(1).min(70));
    writer.header(Name::MaxForwards, decimal(hops, &mut digits));
    writer.header_parts(Name::To, &[b"<", phone.uri.as_bytes(), b">"]);
    able(writer, &ctx.net.local);
    if let Some(replaces) = &phone.replaces {
        // Without Require: a phone that cannot replace a call rings like any other.
        writer.header_text("Replaces", &**replaces);
    }
    describe(writer, caller, order, key, ctx);
}

/// From of the INVITE: the caller as she may be shown, at our host.
pub(super) fn from_header(caller: &Message, display: Display, tag: u128, ctx: &Ctx<'_>) -> Bytes {
    let tag = ctx.net.local.names.tag(tag);
    let anonymous: [&[u8]; 3] = [b"\"Anonymous\" <sip:anonymous@anonymous.invalid>", b";tag=", &tag];
    let from = caller.from();
    let user = from.parsed_uri().ok().and_then(|uri| match uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => uri.user.filter(|user| user.len() <= MAX_SHOWN),
        Scheme::Other => None,
    });
    let shown = if from.display.len() <= MAX_SHOWN { from.display } else { b"" };
    // Another party may have been put in the caller's place since the order was given.
    let display = if wants_privacy(caller) { Display::Anonymous } else { display };
    match (display, user) {
        (Display::Anonymous, _) => Bytes::from(anonymous.concat()),
        (Display::AsCaller, user) => {
            let host = ctx.net.local.host.as_bytes();
            let space: &[u8] = if shown.is_empty() { b"" } else { b" " };
            let at: &[u8] = if user.is_some() { b"@" } else { b"" };
            let user = user.unwrap_or_default();
            let parts = [shown, space, b"<sip:", user, at, host, b">;tag=", &tag];
            Bytes::from(parts.concat())
        }
    }
}

/// Whether an INVITE asks that its number is not shown (RFC 3323 §4.2, RFC 3325 §9.3).
fn wants_privacy(invite: &Message) -> bool {
    let kinds = invite.values(Name::Privacy).flat_map(|value| value.split(|&octet| octet == b';'));
    let hides = |kind: &[u8]| {
        [&b"id"[..], b"user", b"full"].iter().any(|hidden| kind.trim_ascii().eq_ignore_ascii_case(hidden))
    };
    kinds.into_iter().any(hides)
}

/// What the phone is told about the call beside From and the caller's media.
fn describe(writer: &mut Writer, caller: &Message, order: &Order, key: LegKey, ctx: &Ctx<'_>) {
    let local = &ctx.net.local;
    if !local.product.is_empty() {
        writer.header(Name::UserAgent, &local.product);
    }
    ctx.name_call(writer, key.call);
    if !order.queue.is_empty() {
        writer.header_text("X-Sambung-Queue", &order.queue);
    }
    if order.auto_answer {
        writer.header_parts(Name::CallInfo, &[b"<sip:", local.host.as_bytes(), b">;answer-after=0"]);
    }
    copy_headers(writer, caller, local);
}

/// What a trunk says beside: the headers of old, and those the configuration names.
fn copy_headers(writer: &mut Writer, caller: &Message, local: &Local) {
    let named = |header: &Header<'_>| {
        let is = |name: &String| header.text.eq_ignore_ascii_case(name.as_bytes());
        header.name == Name::Other && local.copied.iter().any(is)
    };
    let copied = |header: &Header<'_>| {
        matches!(header.name, Name::UserToUser | Name::Diversion | Name::HistoryInfo) || named(header)
    };
    let short = |header: &Header<'_>| header.value.len() <= MAX_VALUE;
    for header in caller.headers().filter(copied).filter(short).take(MAX_COPIED) {
        writer.header_text(header.text, header.value);
    }
}
