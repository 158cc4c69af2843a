//! Reads `[[outside]]`: numbers that agents may transfer to, and over which gateway they are called.

use crate::{
    duration::Span,
    finding::Place,
    later::NOT_YET,
    model::Outside,
    name,
    table::{Check, Table, Wrong, quoted},
    uri::{self, Like},
};
use acd::{
    plan::OutsidePlan,
    target::{BadPattern, NumberPattern},
};
use std::net::SocketAddr;

const RING: Span = Span::ms(1_000, 300_000, 60_000);
const VIA_LIKE: &str = "write it like \"sip:192.0.2.30:5060\"";

/// Numbers outside as typed.
pub(crate) struct OutsideRead {
    pub plan: OutsidePlan,
    pub way: Outside,
    pub name: Place,
    pub via: Place,
}

/// Every `[[outside]]`; without one, nobody is transferred to the outside.
pub(crate) fn outside(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<OutsideRead> {
    root.tables("outside", "name", check).into_iter().map(|table| rule(table, check)).collect()
}

fn rule(mut table: Table<'_>, check: &mut Check<'_>) -> OutsideRead {
    let name = crate::needed_name(&mut table, "name", name::name, "name these numbers, for records", check);
    let numbers = numbers(&mut table, check);
    let via = table.place_of("via");
    let typed =
        table.needed_text("via", "name the gateway that calls them, such as \"sip:192.0.2.30\"", check);
    let way = typed.and_then(|text| text.read(gateway, check)).map(|way| way.value);
    let ring = table.duration("ring", RING, check).value;
    table.close(check);
    let (host, address) = way.unwrap_or_else(|| (String::new(), SocketAddr::from(([0, 0, 0, 0], 0))));
    OutsideRead {
        plan: OutsidePlan { name: name.value.clone(), numbers, ring },
        way: Outside { name: name.value, host, address },
        name: name.place,
        via,
    }
}

fn numbers(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<NumberPattern> {
    let place = table.place_of("numbers");
    let way_out = "name the numbers that may be called, such as [\"08*\", \"+62*\"]";
    let Some(typed) = table.texts("numbers", check) else {
        check.findings.missing(&place, way_out);
        return Vec::new();
    };
    if typed.is_empty() {
        check.findings.problem(&place, "allows no number", way_out);
    }
    typed.iter().filter_map(|number| Some(number.read(pattern, check)?.value)).collect()
}

fn pattern(text: &str) -> Result<NumberPattern, Wrong> {
    text.parse().map_err(|why: BadPattern| {
        Wrong::new(
            format!("{} is no number: {why}", quoted(text)),
            "write it like \"112\", \"08*\" or \"+62*\"",
        )
    })
}

/// The host part of a SIP URI and where it is. The number will be its user part.
fn gateway(text: &str) -> Result<(String, SocketAddr), Wrong> {
    if text.contains('@') {
        let what = format!("{} names a user, and that will be the number dialled", quoted(text));
        return Err(Wrong::new(what, VIA_LIKE));
    }
    let uri = uri::parse(text, Like("sip:192.0.2.30:5060"))?.uri;
    let later =
        |has: &str, way_out: &str| Wrong::new(format!("{} {has}, which is {NOT_YET}", quoted(text)), way_out);
    if !uri.is_udp() {
        return Err(later("has a transport of its own", "take it out: numbers outside are called over UDP"));
    }
    let address = uri.address().ok_or_else(|| later("has a host name", "name an IP address"))?;
    let host = text.split_once(':').map_or(text, |(_, host)| host);
    Ok((host.to_owned(), address))
}
