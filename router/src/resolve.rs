//! Finds where the names of trunks and phones lead, away from the path of calls.
//!
//! What to ask, and in which order what is found is tried, is decided by [`sip::locate`]. Every name has a task that asks
//! again when its records have run out. While nothing can be learnt, what was known last stays good: a DNS server that is
//! down must not take a house down with it.

use crate::{
    inbox::{Door, Incoming},
    streams::Streams,
};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{RData, RecordType},
    },
};
use sip::{
    Flow, Transport,
    locate::{Answer, Naptr, Places, Question, Search, Srv, Wanted},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet, time::timeout};

/// How long one search may take, with all its questions.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long a start waits for names: calls that come before a name is known cannot be put through there.
pub const FIRST: Duration = Duration::from_secs(3);
/// When a search that failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// When what was found is offered again to a brain that was too busy to take it.
const BUSY: Duration = Duration::from_secs(1);
/// Searches at the same time.
const AT_ONCE: usize = 16;
/// Seconds for which it is believed that a name has no such record.
const NOTHING_S: u32 = 60;

/// Names to be found, each known by its place among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Wanted>);

/// What was found of the name at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which name.
    pub place: usize,
    /// Where it leads, in the order in which that is to be tried.
    pub flows: Vec<Flow>,
}

impl Names {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
    /// The place of a name, which is new or known.
    pub fn place(&mut self, wanted: Wanted) -> usize {
        if let Some(known) = self.0.iter().position(|known| *known == wanted) {
            return known;
        }
        self.0.push(wanted);
        self.0.len() - 1
    }
}

/// Asks for names.
#[derive(Clone)]
pub struct Finder {
    resolver: TokioResolver,
    names: Arc<Names>,
    streams: Streams,
    turns: Arc<Semaphore>,
}

impl Finder {
    /// Asks `servers`, or those of the system when there are none; none when there is no name to ask for.
    ///
    /// # Errors
    /// When the system's servers are not known.
    pub fn new(servers: &[SocketAddr], names: Names, streams: Streams) -> Result<Option<Self>, NetError> {
        if names.0.is_empty() {
            return Ok(None);
        }
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Some(Self { resolver: builder.build()?, names: Arc::new(names), streams, turns }))
    }
    /// Asks for these names too. Those it asks for already keep their places.
    #[must_use]
    pub fn with(&self, names: Names) -> Self {
        Self { names: Arc::new(names), ..self.clone() }
    }
    /// Asks for all names from this place on at once and waits a while; what was found until then.
    pub async fn first(&self, from: usize) -> Vec<Found> {
        let (mut searches, mut found) = (JoinSet::new(), Vec::new());
        for place in from..self.names.0.len() {
            let finder = self.clone();
            searches.spawn(async move { (place, finder.find(place).await) });
        }
        let all = async {
            while let Some(done) = searches.join_next().await {
                if let Ok((place, Some(places))) = done {
                    found.push(Found { place, flows: places.flows });
                }
            }
        };
        if timeout(FIRST, all).await.is_err() {
            tracing::warn!("some names of trunks or phones are not found yet; they are asked for on");
        }
        found
    }
    /// Goes on asking, each name from this place on when its records have run out, until the brain has gone.
    pub fn keep_asking(&self, from: usize, door: &Door, runtime: &Handle) {
        for place in from..self.names.0.len() {
            runtime.spawn(self.clone().follow(place, door.clone()));
        }
    }

    async fn follow(self, place: usize, door: Door) {
        let mut known: Option<Vec<Flow>> = None;
        loop {
            let places = self.find(place).await;
            self.tell_change(place, &known, places.as_ref());
            let wait = places.as_ref().map_or(AGAIN, |places| Duration::from_secs(places.good_for_s.into()));
            if let Some(Places { flows, .. }) = places {
                while door.put(Incoming::Found(Found { place, flows: flows.clone() })).is_err() {
                    tokio::time::sleep(BUSY).await;
                }
                known = Some(flows);
            }
            tokio::time::sleep(wait).await;
        }
    }
    fn tell_change(&self, place: usize, known: &Option<Vec<Flow>>, now: Option<&Places>) {
        let Some(Wanted { host, .. }) = self.names.0.get(place) else { return };
        match (known, now) {
            (Some(before), Some(now)) if *before == now.flows => {}
            (_, Some(now)) if now.flows.is_empty() => {
                tracing::warn!(%host, "the name leads nowhere; it is asked for again");
            }
            (_, Some(now)) => tracing::info!(%host, places = now.flows.len(), "the name is found"),
            (_, None) => {} // told where it failed
        }
    }
    /// None when nothing could be learnt.
    async fn find(&self, place: usize) -> Option<Places> {
        let wanted = self.names.0.get(place)?.clone();
        let host = wanted.host.clone();
        let _turn = self.turns.acquire().await.ok()?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // Spreads load among equals; nobody gains by guessing it.
        let mut search = Search::new(wanted, since.as_nanos() ^ (place as u128) << 64);
        let asking = async {
            while let Some(question) = search.question() {
                let (answer, ttl_s) = self.ask(&question).await?;
                search.answer(answer, ttl_s);
            }
            Ok::<_, NetError>(search.places())
        };
        match timeout(DEADLINE, asking).await {
            Ok(Ok(places)) => {
                for flow in places.flows.iter().filter(|flow| flow.transport == Transport::Tls) {
                    // The certificate is for the name that was typed, not for where DNS leads (RFC 5922 §4).
                    self.streams.name(flow.peer, &host);
                }
                Some(places)
            }
            Ok(Err(error)) => {
                tracing::warn!(%host, %error, "the name cannot be asked for; what was known of it stays");
                None
            }
            Err(_) => {
                tracing::warn!(%host, "no answer about the name in time; what was known of it stays");
                None
            }
        }
    }
    async fn ask(&self, question: &Question) -> Result<(Answer, u32), NetError> {
        let nothing = match question {
            Question::Naptr(_) => Answer::Naptr(Vec::new()),
            Question::Srv(_) => Answer::Srv(Vec::new()),
            Question::Addresses(_) => Answer::Addresses(Vec::new()),
        };
        let answered = match question {
            Question::Naptr(name) => self.records(name, RecordType::NAPTR).await.map(|lookup| {
                (
                    Answer::Naptr(lookup.answers().iter().filter_map(|record| naptr(&record.data)).collect()),
                    left_s(&lookup),
                )
            }),
            Question::Srv(name) => self.records(name, RecordType::SRV).await.map(|lookup| {
                (
                    Answer::Srv(lookup.answers().iter().filter_map(|record| srv(&record.data)).collect()),
                    left_s(&lookup),
                )
            }),
            Question::Addresses(name) => self.addresses(name).await,
        };
        match answered {
            Err(error) if error.is_no_records_found() => Ok((nothing, NOTHING_S)),
            // Servers there are that refuse what they have never heard of; without NAPTR there is a way on.
            // One that merely fails now (SERVFAIL) must not make us take another way than NAPTR would have told.
            Err(NetError::Dns(DnsError::ResponseCode(
                ResponseCode::NotImp | ResponseCode::FormErr | ResponseCode::Refused,
            ))) if matches!(question, Question::Naptr(_)) => Ok((nothing, NOTHING_S)),
            answered => answered,
        }
    }
    async fn records(&self, name: &str, kind: RecordType) -> Result<Lookup, NetError> {
        self.resolver.lookup(whole(name), kind).await
    }
    async fn addresses(&self, name: &str) -> Result<(Answer, u32), NetError> {
        let found = self.resolver.lookup_ip(whole(name)).await?;
        let ips: Vec<IpAddr> = found.iter().collect();
        Ok((Answer::Addresses(ips), left_s(&Lookup::from(found))))
    }
}

/// A name with dots is whole; one without may be of this site's domain.
fn whole(name: &str) -> String {
    let name = name.trim_end_matches('.');
    if name.contains('.') { format!("{name}.") } else { name.to_owned() }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server
        .connections
        .iter_mut()
        .for_each(|connection: &mut ConnectionConfig| connection.port = address.port());
    server
}

/// Seconds for which an answer is still good.
fn left_s(lookup: &Lookup) -> u32 {
    let left = lookup.valid_until().saturating_duration_since(Instant::now());
    u32::try_from(left.as_secs()).unwrap_or(u32::MAX)
}

fn naptr(data: &RData) -> Option<Naptr> {
    let RData::NAPTR(record) = data else { return None };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(Naptr {
        order: record.order,
        preference: record.preference,
        flags: text(&record.flags),
        service: text(&record.services),
        replacement: record.replacement.to_ascii().trim_end_matches('.').to_owned(),
    })
}

fn srv(data: &RData) -> Option<Srv> {
    let RData::SRV(record) = data else { return None };
    Some(Srv {
        priority: record.priority,
        weight: record.weight,
        port: record.port,
        target: record.target.to_ascii().trim_end_matches('.').to_owned(),
    })
}
