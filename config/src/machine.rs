//! Reads what concerns the machine: site, SIP, media, store, limits.

use crate::{
    address, audio, call_limit,
    duration::{self, Span},
    finding::Place,
    login,
    model::{Drain, Durability, Limits, Media, Sip, Site, Store, Waiting},
    name, rtpengine,
    table::{Check, Table, Typed, quoted},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Port of SIP when none is configured.
const SIP_PORT: u16 = 5060;
const MEDIA_PORTS: std::ops::RangeInclusive<u16> = 20_000..=29_999;
const REALM: &str = "sambung";
const STORE_PATH: &str = "sambung-data";
const ZONE: &str = "UTC";
/// Bounds and defaults of `[limits]`: least, most, default.
const CALLS: (u32, u32, u32) = (1, 100_000, 10_000);
const DESKTOPS: (u32, u32, u32) = (1, 50_000, 2_000);
const CONNECTIONS: (u32, u32, u32) = (1, 200_000, 12_000);
/// Octets of an INVITE that a datagram may have: least, most, and what RFC 3261 §18.1.1 names.
const DATAGRAM: (u32, u32, u32) = (500, 65_507, 1_300);
/// 90 s is the least that RFC 4028 allows.
const SESSION_EXPIRES: Span = Span::ms(90_000, 24 * 3_600_000, 30 * 60_000);

/// How often an agent's phone may be asked whether it is there.
pub(crate) const PROBE_PHONES: Span = Span::ms(5_000, 3_600_000, 60_000);

/// What `store.durability` may say.
const DURABILITIES: [(&str, Durability); 2] =
    [("process", Durability::Process), ("power", Durability::Power)];
/// How long the log is kept: a day to ten years.
const KEEP_LOG: Span = Span::ms(86_400_000, 3_650 * 86_400_000, 35 * 86_400_000);
/// How long a process may take to end.
const DRAIN: Span = Span::ms(0, 24 * 3_600_000, 0);
/// What becomes of callers who wait.
const WAITING: [(&str, Waiting); 2] = [("keep", Waiting::Keep), ("end", Waiting::End)];
/// How much of it is kept, in MiB: one segment to 16 TiB.
const KEEP_LOG_MIB: (u32, u32, u32) = (64, 16 << 20, 20 << 10);

/// `[site]`.
pub(crate) fn site(root: &mut Table<'_>, check: &mut Check<'_>) -> Site {
    let mut table = root.table("site", check);
    let typed = table.text("zone", check);
    let zone = typed.as_ref().and_then(|zone| zone.read(name::zone, check));
    let region = table.read("region", name::region, check);
    table.close(check);
    Site {
        zone_name: typed.map_or(ZONE, |zone| zone.value).to_owned(),
        zone: zone.map_or(jiff::tz::TimeZone::UTC, |zone| zone.value),
        region: region.map_or_else(|| Site::NO_REGION.to_owned(), |region| region.value),
    }
}

/// Where SIP connections are taken.
pub(crate) struct Listen {
    /// The key in `[sip]`.
    pub key: &'static str,
    pub address: SocketAddr,
    pub place: Place,
}

impl Listen {
    /// Whether a certificate is shown there.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.key, "tls" | "wss")
    }
}

/// `[sip]`, and where it takes connections.
pub(crate) fn sip(root: &mut Table<'_>, check: &mut Check<'_>) -> (Typed<Sip>, Vec<Listen>) {
    let mut table = root.table("sip", check);
    let udp = listen(&mut table, "udp", SIP_PORT, check);
    let mut streams = Vec::new();
    let [tcp, tls, ws, wss] = ["tcp", "tls", "ws", "wss"].map(|key| {
        let Typed { value: address, place } = table.read(key, address::listen, check)?;
        streams.push(Listen { key, address, place });
        Some(address)
    });
    let session_expires = duration::or_off(&mut table, "session_expires", SESSION_EXPIRES, check);
    let max_datagram = table.whole("max_datagram", DATAGRAM.2, (DATAGRAM.0, DATAGRAM.1), check);
    let realm = table.read("realm", name::realm, check);
    let digest = login::digest(&mut table, check);
    let probe_phones = duration::or_off(&mut table, "probe_phones", PROBE_PHONES, check);
    let dns = table.texts("dns", check).unwrap_or_default();
    let dns = dns.iter().filter_map(|server| Some(server.read(address::dns, check)?.value)).collect();
    table.close(check);
    let realm = realm.map_or_else(|| REALM.to_owned(), |realm| realm.value);
    let sip = Sip {
        udp: udp.value,
        tcp,
        tls,
        ws,
        wss,
        session_expires,
        realm,
        dns,
        max_datagram,
        probe_phones,
        digest,
    };
    (Typed { value: sip, place: udp.place }, streams)
}

/// `[media]`. Without an address of its own it takes the one SIP listens on.
pub(crate) fn media(root: &mut Table<'_>, sip: &Typed<Sip>, check: &mut Check<'_>) -> Typed<Media> {
    let mut table = root.table("media", check);
    let address = table.read("address", address::media, check);
    let ports = table.read("ports", address::ports, check);
    let place = table.place_of("ports");
    let heard = sip.value.udp.ip();
    let default = if heard.is_unspecified() { LOOPBACK } else { heard };
    let media = Media {
        address: address.map_or(default, |address| address.value),
        ports: ports.map_or(MEDIA_PORTS, |ports| ports.value),
        music: audio::wav(&mut table, "music", check),
        queue_music: BTreeMap::new(),
        clips: table.read("clips", crate::path, check).map(|folder| check.folder.join(folder.value)),
        announce: BTreeMap::new(),
        rtpengine: rtpengine::rtpengine(&mut table, check).map(|rtpengine| rtpengine.value),
    };
    if media.address.is_loopback() && !heard.is_loopback() {
        let what = format!("\"{}\" is loopback, while SIP listens on {}", media.address, sip.value.udp);
        let way_out = "name the address of this machine that callers reach, or nobody else hears the music";
        check.findings.warn(&table.place_of("address"), what, way_out);
    }
    table.close(check);
    Typed { value: media, place }
}

/// `[store]`.
pub(crate) fn store(root: &mut Table<'_>, check: &mut Check<'_>) -> Store {
    let mut table = root.table("store", check);
    let path = table.text("path", check);
    let durability = table.choice("durability", &DURABILITIES, Durability::Process, check);
    let keep_log = table.duration("keep_log", KEEP_LOG, check).value;
    let keep_log_mib = table.whole("keep_log_mib", KEEP_LOG_MIB.2, (KEEP_LOG_MIB.0, KEEP_LOG_MIB.1), check);
    table.close(check);
    let path = path.and_then(|path| path.read(crate::path, check));
    let store = check.folder.join(path.as_ref().map_or(PathBuf::from(STORE_PATH), |path| path.value.clone()));
    if let Some(path) = path.filter(|_| store.exists() && !store.is_dir()) {
        let what = format!("{} is a file", quoted(&store.display().to_string()));
        check.findings.problem(&path.place, what, "name a folder, which is made when it is absent");
    }
    Store { path: store, durability, keep_log, keep_log_mib }
}

/// `[drain]`.
pub(crate) fn drain(root: &mut Table<'_>, check: &mut Check<'_>) -> Drain {
    let mut table = root.table("drain", check);
    let deadline = table.duration("deadline", DRAIN, check).value;
    let waiting = table.choice("waiting", &WAITING, Waiting::Keep, check);
    table.close(check);
    Drain { deadline, waiting }
}

/// `[limits]`.
pub(crate) fn limits(root: &mut Table<'_>, check: &mut Check<'_>) -> Limits {
    let mut table = root.table("limits", check);
    let limits = Limits {
        calls: table.whole("calls", CALLS.2, (CALLS.0, CALLS.1), check),
        calls_per_second: call_limit::rate(&mut table, check),
        desktops: table.whole("desktops", DESKTOPS.2, (DESKTOPS.0, DESKTOPS.1), check),
        connections: table.whole("connections", CONNECTIONS.2, (CONNECTIONS.0, CONNECTIONS.1), check),
    };
    table.close(check);
    limits
}

/// Where something listens; on loopback at `port` unless told otherwise.
pub(crate) fn listen(
    table: &mut Table<'_>,
    key: &'static str,
    port: u16,
    check: &mut Check<'_>,
) -> Typed<SocketAddr> {
    let default = SocketAddr::new(LOOPBACK, port);
    let place = table.place_of(key);
    table.read(key, address::listen, check).unwrap_or(Typed { value: default, place })
}
