//! Reads trunks: where their calls come from, how they prove themselves, how many they may have, and what we do
//! at them of our own accord.

use crate::{
    address, call_limit,
    duration::{self, Span},
    finding::Place,
    login,
    machine::LOOPBACK,
    model::{CallLimit, Login, Network, SipUri, Trunk},
    name,
    table::{Check, Table, Typed},
};
use std::{net::Ipv6Addr, time::Duration};

/// How often a trunk may be asked whether it is there.
const PROBE: Span = Span::ms(5_000, 3_600_000, 30_000);
/// How long a registration may last.
const REGISTER: Span = Span::ms(60_000, 24 * 3_600_000, 3_600_000);

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
            outgoing: Outgoing::default(),
        }];
    }
    tables.into_iter().map(|table| trunk(table, check)).collect()
}

/// What we do there of our own accord, as typed.
#[derive(Default)]
pub(crate) struct Outgoing {
    pub address: Option<Typed<SipUri>>,
    pub probe: Option<Duration>,
    pub login: Option<Login>,
    pub register: Option<Duration>,
}

/// A trunk as typed.
pub(crate) struct TrunkRead {
    pub name: Typed<String>,
    pub networks: Vec<Typed<Network>>,
    pub requires: Option<(Login, Place)>,
    pub limit: CallLimit,
    pub outgoing: Outgoing,
}

impl TrunkRead {
    /// The trunk as meant.
    pub fn into_trunk(self) -> Trunk {
        Trunk {
            name: self.name.value,
            networks: self.networks.into_iter().map(|network| network.value).collect(),
            requires: self.requires.map(|(login, _)| login),
            limit: self.limit,
            address: self.outgoing.address.map(|address| address.value),
            probe: self.outgoing.probe,
            login: self.outgoing.login,
            register: self.outgoing.register,
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
    let outgoing = outgoing(&mut table, check);
    table.close(check);
    let typed = typed.unwrap_or_default();
    let networks = typed.iter().filter_map(|text| text.read(address::network, check)).collect();
    TrunkRead { name, networks, requires, limit, outgoing }
}

/// `address`, `probe`, `user`, `password`, `register`.
fn outgoing(table: &mut Table<'_>, check: &mut Check<'_>) -> Outgoing {
    let given = table.has("address");
    let address = table.read("address", address::trunk, check);
    let probe = duration_or_off(table, "probe", PROBE, check);
    let login = login::ours(table, check);
    let register = duration_or_off(table, "register", REGISTER, check);
    let wants = ["probe", "user", "password", "password_file", "password_env", "register"];
    for key in wants.into_iter().filter(|key| !given && table.has(key)) {
        let way_out = "add where the trunk is, such as address = \"sip:192.0.2.10\", or take this out";
        check.findings.problem(&table.place_of(key), "leads nowhere without address", way_out);
    }
    let password = ["password", "password_file", "password_env"].iter().any(|key| table.has(key));
    if register.is_some() && !table.has("user") && !password {
        let way_out = "say who we register as, with a password";
        check.findings.missing(&table.place_of("user"), way_out);
    }
    Outgoing { address, probe, login, register }
}

/// A length of time; none when it is "off", or absent.
fn duration_or_off(
    table: &mut Table<'_>,
    key: &'static str,
    span: Span,
    check: &mut Check<'_>,
) -> Option<Duration> {
    let typed = table.value(key).filter(|typed| typed.value.as_str() != Some("off"))?;
    let value = duration::of_value(&typed, check)?;
    Some(span.check(value, &typed.place, check))
}
