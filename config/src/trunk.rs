//! Reads trunks: where their calls come from, how they prove themselves, how many they may have.

use crate::{
    address, call_limit,
    finding::Place,
    login,
    machine::LOOPBACK,
    model::{CallLimit, Login, Network, Trunk},
    name,
    table::{Check, Table, Typed},
};
use std::net::Ipv6Addr;

/// Every `[[trunk]]`; without one, this machine itself may send calls.
pub(crate) fn trunks(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<TrunkRead> {
    let given = root.has("trunk");
    let tables = root.tables("trunk", "name", check);
    if !given {
        let networks = [
            Network { addr: LOOPBACK, prefix: 32 },
            Network { addr: Ipv6Addr::LOCALHOST.into(), prefix: 128 },
        ];
        let networks = networks.map(|value| Typed { value, place: root.place_of("trunk") });
        let name = Typed { value: "local".to_owned(), place: root.place_of("trunk") };
        return vec![TrunkRead {
            name,
            networks: networks.into(),
            requires: None,
            limit: CallLimit::default(),
        }];
    }
    tables.into_iter().map(|table| trunk(table, check)).collect()
}

/// A trunk as typed.
pub(crate) struct TrunkRead {
    pub name: Typed<String>,
    pub networks: Vec<Typed<Network>>,
    pub requires: Option<(Login, Place)>,
    pub limit: CallLimit,
}

impl TrunkRead {
    /// The trunk as meant.
    pub fn into_trunk(self) -> Trunk {
        Trunk {
            name: self.name.value,
            networks: self.networks.into_iter().map(|network| network.value).collect(),
            requires: self.requires.map(|(login, _)| login),
            limit: self.limit,
        }
    }
}

fn trunk(mut table: Table<'_>, check: &mut Check<'_>) -> TrunkRead {
    let name = crate::needed_name(&mut table, "name", name::name, "name the PBX or carrier", check);
    let place = table.place_of("networks");
    let way_out = "list where its packets come from, such as networks = [\"192.0.2.10\"]";
    let typed = table.texts("networks", check);
    if !table.has("networks") {
        check.findings.missing(&place, way_out);
    } else if typed.as_ref().is_some_and(Vec::is_empty) {
        check.findings.problem(&place, "is empty", way_out);
    }
    let requires = login::requires(&mut table, &name.value, check);
    let limit = call_limit::call_limit(&mut table, check);
    table.close(check);
    let typed = typed.unwrap_or_default();
    let networks = typed.iter().filter_map(|text| text.read(address::network, check)).collect();
    TrunkRead { name, networks, requires, limit }
}
