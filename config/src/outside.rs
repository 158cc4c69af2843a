//! Reads `[[outside]]`: numbers that agents may transfer to, and over which gateway they are called.

use crate::{
    duration::Span,
    finding::Place,
    model::{Outside, SipUri},
    name,
    table::{Check, Table, Wrong, quoted},
    trunk::TrunkRead,
    uri::{self, Like},
};
use acd::{
    plan::OutsidePlan,
    target::{BadPattern, NumberPattern},
};
const RING: Span = Span::ms(1_000, 300_000, 60_000);
const VIA_LIKE: &str = "write it like \"trunk:carrier\" or \"sip:192.0.2.30:5060\"";
/// What a trunk's name stands behind.
const TRUNK: &str = "trunk:";

/// Numbers outside as typed.
pub(crate) struct OutsideRead {
    pub plan: OutsidePlan,
    pub way: Option<Way>,
    pub name: Place,
    pub via: Place,
}

/// What calls them.
pub(crate) enum Way {
    /// A gateway that we call without a login.
    Gateway(SipUri),
    /// A trunk, by its name.
    Trunk(String),
}

impl OutsideRead {
    /// The rule, and how its numbers are called; none for one that leads nowhere, which is a problem.
    pub fn into_outside(self, trunks: &[TrunkRead]) -> (OutsidePlan, Option<Outside>) {
        let name = self.plan.name.clone();
        let outside = match self.way {
            None => None,
            Some(Way::Gateway(gateway)) => Some(Outside { name, gateway, trunk: None }),
            Some(Way::Trunk(trunk)) => {
                let address = trunks.iter().find(|read| read.name.value == trunk);
                let address = address.and_then(|read| read.outgoing.address.as_ref());
                address.map(|address| Outside { name, gateway: address.value.clone(), trunk: Some(trunk) })
            }
        };
        (self.plan, outside)
    }
}

/// Every `[[outside]]`; without one, nobody is transferred to the outside.
pub(crate) fn outside(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<OutsideRead> {
    root.tables("outside", "name", check).into_iter().map(|table| rule(table, check)).collect()
}

fn rule(mut table: Table<'_>, check: &mut Check<'_>) -> OutsideRead {
    let name = crate::needed_name(&mut table, "name", name::name, "name these numbers, for records", check);
    let numbers = numbers(&mut table, check);
    let via = table.place_of("via");
    let typed = table.needed_text(
        "via",
        "name what calls them, such as \"trunk:carrier\" or \"sip:192.0.2.30\"",
        check,
    );
    let way = typed.and_then(|text| text.read(way, check)).map(|way| way.value);
    let ring = table.duration("ring", RING, check).value;
    table.close(check);
    OutsideRead { plan: OutsidePlan { name: name.value, numbers, ring }, way, name: name.place, via }
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

/// A trunk, or a gateway as a SIP URI whose user part will be the number.
fn way(text: &str) -> Result<Way, Wrong> {
    if let Some(trunk) = text.strip_prefix(TRUNK) {
        return Ok(Way::Trunk(name::name(trunk.trim())?));
    }
    if text.contains('@') {
        let what = format!("{} names a user, and that will be the number dialled", quoted(text));
        return Err(Wrong::new(what, VIA_LIKE));
    }
    Ok(Way::Gateway(uri::parse(text, Like("sip:192.0.2.30:5060"))?.uri))
}
