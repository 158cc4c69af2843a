//! A request of ours at a trunk or a phone, and what its answer says about a registration.

use super::Peering;
use crate::{
    Flow, Micros, Transport,
    auth::Attempt,
    compose::{SDP, able, cseq, decimal, own_via},
    context::Ctx,
    dialog::is_sips,
    local::Local,
    wire::{Message, Method, Name, NameAddr, Uri, Writer, number},
};
use bytes::Bytes;

/// What stays the same in all requests of one kind to one trunk (RFC 3261 §10.2.4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    call_id: u128,
    tag: u128,
    seq: u32,
}

impl Series {
    pub(super) fn new(ctx: &mut Ctx<'_>) -> Self {
        Self { call_id: ctx.mint.bits(), tag: ctx.mint.bits(), seq: 0 }
    }
}

/// A request that is out.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) branch: u128,
    /// Where it went.
    pub(super) to: Flow,
    /// The challenges it has met.
    pub(super) attempt: Attempt,
    /// When it is given up.
    pub(super) until: Micros,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    /// Whether the trunk is there.
    Options,
    /// A registration for so many seconds; 0 takes it back.
    Register(u32),
}

impl Ask {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Options => Method::Options,
            Self::Register(_) => Method::Register,
        }
    }
}

/// Writes a request, which takes these routes.
pub(super) fn write(
    ask: Ask,
    (peering, routes): (&Peering, &[String]),
    series: &mut Series,
    (branch, to): (u128, Flow),
    ctx: &mut Ctx<'_>,
) -> Bytes {
    let (local, method) = (&ctx.net.local, ask.method());
    series.seq += 1;
    let us = address_of_record(peering, local);
    let mut writer = Writer::request(method, &peering.uri);
    own_via(&mut writer, local, to.transport, branch);
    for route in routes {
        writer.header(Name::Route, route);
    }
    writer.header(Name::MaxForwards, "70");
    let tag = local.names.tag(series.tag);
    writer.header_parts(Name::From, &[b"<", us.as_bytes(), b">;tag=", &tag]);
    let them = if method == Method::Register { &us } else { &peering.uri };
    writer.header_parts(Name::To, &[b"<", them.as_bytes(), b">"]);
    writer.header(Name::CallId, local.names.call_id(series.call_id).as_str());
    cseq(&mut writer, series.seq, method);
    let contact = contact(peering, to.transport, local);
    writer.header_parts(Name::Contact, &[b"<", contact.as_bytes(), b">"]);
    match ask {
        Ask::Register(seconds) => writer.header(Name::Expires, decimal(seconds, &mut [0; 10])),
        Ask::Options => writer.header(Name::Accept, SDP),
    };
    able(&mut writer, local);
    if !local.product.is_empty() {
        writer.header(Name::UserAgent, &local.product);
    }
    ctx.net.accounts.sign(&peering.trunk, &mut writer, (method, peering.uri.as_bytes()), ctx.mint);
    writer.finish()
}

/// Who we are at the trunk: our user at its host, or without a login just our host.
fn address_of_record(peering: &Peering, local: &Local) -> String {
    let uri = Uri::parse(peering.uri.as_bytes()).ok();
    match (&peering.login, uri.and_then(|uri| std::str::from_utf8(uri.host).ok().map(str::to_owned))) {
        (Some((user, _)), Some(host)) if is_sips(peering.uri.as_bytes()) => format!("sips:{user}@{host}"),
        (Some((user, _)), Some(host)) => format!("sip:{user}@{host}"),
        (Some(_) | None, _) => format!("sip:{}", local.host),
    }
}

/// Where the trunk is to send calls for us.
fn contact(peering: &Peering, over: Transport, local: &Local) -> String {
    let own = String::from_utf8_lossy(local.contact(over, is_sips(peering.uri.as_bytes()))).into_owned();
    let own = own.trim_start_matches('<').trim_end_matches('>');
    match (&peering.login, own.split_once(':')) {
        (Some((user, _)), Some((scheme, rest))) => format!("{scheme}:{user}@{rest}"),
        (Some(_) | None, _) => own.to_owned(),
    }
}

/// For how many seconds the 2xx to a REGISTER that went over `over` registers us: what stands with our own Contact
/// counts, then Expires, then what was asked for (RFC 3261 §10.2.4).
pub(super) fn granted_s(
    answer: &Message,
    peering: &Peering,
    over: Transport,
    local: &Local,
    asked_s: u32,
) -> u32 {
    let ours = contact(peering, over, local);
    let ours = Uri::parse(ours.as_bytes()).ok();
    let is_ours = |value: &NameAddr<'_>| {
        let theirs = value.parsed_uri().ok();
        ours.zip(theirs).is_some_and(|(ours, theirs)| theirs.agrees_with(&ours))
    };
    let contacts = answer.values(Name::Contact).filter_map(|value| NameAddr::parse(value).ok());
    let own = contacts.filter(is_ours).find_map(|contact| seconds(contact.params.value("expires")?));
    own.or_else(|| seconds(answer.header(Name::Expires)?)).unwrap_or(asked_s)
}

/// A number of seconds in a header, if it can be read.
pub(super) fn seconds(text: &[u8]) -> Option<u32> {
    // Retry-After may go on with a comment or parameters.
    let digits = text.split(|byte| !byte.is_ascii_digit()).next().filter(|digits| !digits.is_empty())?;
    Some(number(digits).and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX))
}
