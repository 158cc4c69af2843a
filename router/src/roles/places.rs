//! Where trunks and phones are, and what we do at trunks, as the configuration says.

use crate::{
    resolve::Names,
    sip_edge::{Place, Whereabouts},
};
use config::Config;
use sip::locate::Wanted;
use std::net::SocketAddr;

/// Where a URI leads, as the edge knows it.
pub(super) fn whereabouts(uri: &config::SipUri, udp: SocketAddr, names: &mut Names) -> Whereabouts {
    let to = match sought(uri, udp) {
        Sought::At(to) => Place::At(to),
        Sought::Name(wanted) => Place::Named(names.place(wanted)),
    };
    Whereabouts { to, any_transport: uri.transport.is_none() }
}

/// Where a URI leads: somewhere, or it has to be asked.
pub(super) enum Sought {
    At(sip::Flow),
    Name(Wanted),
}

pub(super) fn sought(uri: &config::SipUri, udp: SocketAddr) -> Sought {
    let transport = uri.transport.map(|transport| match transport {
        config::Transport::Udp => sip::Transport::Udp,
        config::Transport::Tcp => sip::Transport::Tcp,
        config::Transport::Tls => sip::Transport::Tls,
    });
    match (uri.address(), &uri.host) {
        (None, config::Host::Name(host)) => {
            Sought::Name(Wanted { host: host.clone(), port: uri.port, transport, udp_is_ipv6: udp.is_ipv6() })
        }
        (Some(address), _) => Sought::At(sip::Flow::to(transport.unwrap_or(sip::Transport::Udp), address)),
        // An address leads somewhere.
        (None, config::Host::Address(ip)) => Sought::At(sip::Flow::udp(SocketAddr::new(*ip, 5060))),
    }
}

/// Trunks whose addresses have to be found.
pub(super) fn trunk_names(config: &Config, names: &mut Names) -> Vec<(String, usize)> {
    let sought = |trunk: &config::Trunk| match sought(trunk.address.as_ref()?, config.sip.udp) {
        Sought::At(_) => None,
        Sought::Name(wanted) => Some((trunk.name.clone(), names.place(wanted))),
    };
    config.trunks.iter().filter_map(sought).collect()
}

/// What we do at a trunk of our own accord, if anything.
pub(super) fn peering(trunk: &config::Trunk) -> Option<sip::peering::Peering> {
    let address = trunk.address.as_ref()?;
    let password = |login: &config::Login| sip::auth::Password::plain(login.password.expose());
    Some(sip::peering::Peering {
        trunk: trunk.name.clone(),
        uri: address.text.clone(),
        login: trunk.login.as_ref().map(|login| (login.user.clone(), password(login))),
        probe_every: trunk.probe,
        register_for: trunk.register,
    })
}
