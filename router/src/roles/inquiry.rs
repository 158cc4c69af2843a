//! Asks everything that a configuration names whether it is there, now, without starting a router.
//!
//! Trunks, phones and gateways by OPTIONS from a socket of its own, rtpengine by ping, sources of customers by their own
//! queries, certificates for their end. All at once, and within some seconds.

mod certificate;
mod options;

use super::{
    connections,
    desk::sources,
    places::{Sought, sought},
};
use crate::{
    metrics::Metrics,
    relay::{Question, Verdict, read_answer},
    resolve::{Finder, Names},
    streams::{Listeners, StreamNews, Streams},
};
use config::{Config, Phone};
use options::Asked;
use screenpop::{ScreenPop, caller::Region};
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UdpSocket, runtime::Handle, sync::mpsc, time::timeout};

/// How long an answer is waited for.
const WITHIN: Duration = Duration::from_secs(2);
/// A ping is sent again after so long: a datagram may get lost.
const PING_AGAIN: Duration = Duration::from_millis(500);
/// How long all sources together may take.
const SOURCES_WITHIN: Duration = Duration::from_millis(4_500);
/// Messages of connections that wait to be looked at.
const NEWS: usize = 256;

/// What was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What: `trunk pbx`, `phone of ann`.
    pub what: String,
    /// How it is, or why it is of no use.
    pub found: Result<String, String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Ok(text) | Err(text)) = &self.found;
        write!(f, "{}: {text}", self.what)
    }
}

/// Asks; a line each, in the order of the configuration.
pub async fn inquire(config: &Config, runtime: &Handle) -> Vec<Line> {
    let (certificate, relay, sip, customers) = tokio::join!(
        async { end_of_certificate(config) },
        relay(config),
        sip(config, runtime),
        customers(config)
    );
    certificate.into_iter().chain(sip).chain(relay).chain(customers).collect()
}

fn end_of_certificate(config: &Config) -> Option<Line> {
    let files = config.tls.identity.as_ref()?;
    let what = format!("certificate {}", files.certificate.display());
    let found = match config.tls.load() {
        Err(error) => Err(error.to_string()),
        Ok(credentials) => {
            let first = credentials.identity.as_ref().and_then(|identity| identity.cert.first().cloned());
            told_of(first.and_then(|der| certificate::ends(&der)), jiff::Timestamp::now())
        }
    };
    Some(Line { what, found })
}

fn told_of(ends: Option<jiff::Timestamp>, now: jiff::Timestamp) -> Result<String, String> {
    match ends {
        None => Err("its end cannot be read".to_owned()),
        Some(ends) if ends <= now => Err(format!("ended on {}", ends.strftime("%Y-%m-%d"))),
        Some(ends) => Ok(format!("ok, ends on {}", ends.strftime("%Y-%m-%d"))),
    }
}

async fn relay(config: &Config) -> Option<Line> {
    let address = config.media.rtpengine.as_ref()?.address;
    let found = ping(address).await.unwrap_or_else(|error| Err(format!("cannot be asked: {error}")));
    Some(Line { what: format!("rtpengine {address}"), found })
}

async fn ping(address: SocketAddr) -> std::io::Result<Result<String, String>> {
    const COOKIE: &str = "check";
    let socket = UdpSocket::bind(any(address.is_ipv6())).await?;
    socket.connect(address).await?;
    let mut buffer = vec![0; 2_048];
    let mut again = tokio::time::interval(PING_AGAIN);
    let heard = async {
        loop {
            let length = tokio::select! {
                _ = again.tick() => {
                    socket.send(&Question::Ping.datagram(COOKIE)).await?;
                    continue;
                }
                length = socket.recv(&mut buffer) => length?,
            };
            if let Some((COOKIE, verdict)) = read_answer(&buffer[..length]) {
                return Ok(verdict);
            }
        }
    };
    Ok(match timeout(WITHIN, heard).await {
        Err(_) => Err(no_answer()),
        Ok(Err(error)) => return Err(error),
        Ok(Ok(Verdict::Done | Verdict::Rewritten(_))) => Ok("ok".to_owned()),
        Ok(Ok(Verdict::Refused(why))) => Err(format!("refused: {why}")),
    })
}

async fn customers(config: &Config) -> Vec<Line> {
    let line = |name: &str, found| Line { what: format!("source {name}"), found };
    let opened = Region::new(&config.site.region).map_err(|error| error.to_string());
    let opened =
        opened.and_then(|region| ScreenPop::open(sources(config), region).map_err(|error| error.to_string()));
    match opened {
        Err(error) => config.sources.iter().map(|source| line(&source.name, Err(error.clone()))).collect(),
        Ok(screenpop) => {
            let tried = screenpop.try_out(SOURCES_WITHIN).await;
            tried.into_iter().map(|(name, found)| line(&name, found.map(|()| "ok".to_owned()))).collect()
        }
    }
}

/// Trunks, gateways and phones at fixed places.
async fn sip(config: &Config, runtime: &Handle) -> Vec<Line> {
    let parties = parties(config);
    let asked: Vec<_> = parties.iter().filter_map(|(_, uri)| uri.clone()).collect();
    let answers = if asked.is_empty() { Ok(Vec::new()) } else { ask(config, &asked, runtime).await };
    let mut answers = match answers {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); asked.len()],
    }
    .into_iter();
    let line = |(what, uri): (String, Option<config::SipUri>)| {
        let found = match uri {
            Some(_) => answers.next().unwrap_or_else(|| Err(no_answer())),
            None => Ok("not asked (probe = off)".to_owned()),
        };
        Line { what, found }
    };
    parties.into_iter().map(line).collect()
}

/// Who is asked by OPTIONS, and by which URI; none where the router asks nothing either, as not all answer.
fn parties(config: &Config) -> Vec<(String, Option<config::SipUri>)> {
    let trunk = |trunk: &config::Trunk| {
        let uri = trunk.address.clone()?;
        Some((format!("trunk {}", trunk.name), trunk.probe.map(|_| uri)))
    };
    let phone = |agent: &config::AgentAccess| match &agent.phone {
        Phone::At(uri) => Some((format!("phone of {}", agent.id), agent.probe.map(|_| uri.clone()))),
        // They come to us.
        Phone::Registered { .. } | Phone::Browser => None,
    };
    let names = config.plan.outside.iter().map(|rule| format!("gateway of {}", rule.name));
    // Those over a trunk are that trunk's address.
    let gateways = names.zip(&config.outside).filter(|(_, way)| way.trunk.is_none());
    let gateways = gateways.map(|(what, way)| (what, Some(way.gateway.clone())));
    let trunks = config.trunks.iter().filter_map(trunk);
    trunks.chain(gateways).chain(config.agents.iter().filter_map(phone)).collect()
}

async fn ask(
    config: &Config,
    parties: &[config::SipUri],
    runtime: &Handle,
) -> Result<Vec<Result<String, String>>, String> {
    let (told, news) = mpsc::channel(NEWS);
    let hand_in = move |news: StreamNews| {
        // What finds no room is as good as unanswered.
        let _lost = told.try_send(news);
        Ok(())
    };
    let text = |error: &dyn fmt::Display| error.to_string();
    let metrics = Arc::new(Metrics::new([]).map_err(|error| text(&error))?);
    let ways = connections(config, config.desk.listen);
    let streams = Streams::start(Listeners::default(), ways, metrics, runtime, hand_in)
        .map_err(|error| text(&error))?;
    let (mut names, mut asked) = (Names::default(), Vec::new());
    for uri in parties {
        asked.push((uri.text.clone(), sought(uri, config.sip.udp)));
    }
    let places: Vec<_> = asked
        .into_iter()
        .map(|(uri, sought)| match sought {
            Sought::At(flow) => (uri, Ok(flow)),
            Sought::Name(wanted) => (uri, Err(names.place(wanted))),
        })
        .collect();
    let finder = Finder::new(&config.sip.dns, names, streams.clone()).map_err(|error| text(&error))?;
    let mut found = BTreeMap::new();
    if let Some(finder) = finder {
        found.extend(finder.first(0).await.into_iter().map(|found| (found.place, found.flows)));
    }
    let asked = places.into_iter().map(|(uri, place)| Asked {
        uri,
        flows: place.map_or_else(|name| found.get(&name).cloned(), |flow| Some(vec![flow])),
    });
    let socket = UdpSocket::bind(SocketAddr::new(config.sip.udp.ip(), 0));
    let socket = socket.await.map_err(|error| format!("no socket at {}: {error}", config.sip.udp.ip()))?;
    let answers = options::ask(asked.collect(), &socket, &streams, news, WITHIN).await;
    streams.stop().await;
    answers.map_err(|error| text(&error))
}

fn no_answer() -> String {
    format!("no answer within {} s", WITHIN.as_secs())
}

const fn any(ipv6: bool) -> SocketAddr {
    let ip = if ipv6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    SocketAddr::new(ip, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_when_it_ends_or_that_it_has() {
        let now: jiff::Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let told = |ends: &str| told_of(ends.parse().ok(), now);
        assert_eq!(told("2027-01-02T03:04:05Z"), Ok("ok, ends on 2027-01-02".to_owned()));
        assert_eq!(told("2026-11-21T23:59:59Z"), Err("ended on 2026-11-21".to_owned()));
        assert!(told_of(None, now).is_err());
    }
}
