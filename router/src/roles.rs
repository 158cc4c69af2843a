//! Which parts run in this process and how they are joined.
//!
//! One thread for SIP, brain and log; one for music; a few for desktops, look-ups, records and the operator's HTTP.

mod accounts;
mod desk;
pub mod inquiry;
mod places;
mod rules;

use crate::{
    announcer::{Announcer, QueueSpeech},
    brain::{Brain, BrainError, BrainParts, DOOR, Pulse},
    changes_file::ChangesError,
    clock::SystemDials,
    control::Control,
    desks::Desks,
    drain::Drain,
    follower::Floor,
    inbox::{Door, Incoming, inbox},
    live::{LiveError, LiveFile},
    log::LogError,
    media::{Media, Ports, Sound, SoundError, Sounds},
    metrics::{Metrics, MetricsError},
    recovery::{Recovered, Start, oldest_start, recover, start_clock},
    relay::Relay,
    reload::{Given, Reloader},
    resolve::{Finder, Names},
    secret::SecretError,
    sip_edge::{CallbackSide, OutsideSide, PhonePlace, PhoneSide, QueueSide, SipEdge, SipParts, UdpEdge},
    streams::{self, Listeners, StreamError, Streams},
    timetable::{HoursBoard, Timetable},
    trunks::TrunkBoard,
};
use accounts::registry;
use acd::{CallId, Plan, Timestamp};
use agent_gateway::{Gateway, GatewayError, OnRefusal};
use config::{Config, Durability};
use desk::{advice, desk_config, sources};
use places::{peering, trunk_names, whereabouts};
use porter::Entrance;
pub use rules::{Prepared, Remains, Workshop};
use screenpop::{ScreenPop, caller::Region};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tokio::runtime::Handle;

/// Our name in `User-Agent` and `Server`.
pub const PRODUCT: &str = concat!("Sambung/", env!("CARGO_PKG_VERSION"));

/// Name of this node, in branches and tags.
const NODE: &str = "n1";

/// Why the house cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error("{key} = {address:?}: {error}; name a free address of this machine, or port 0 for any")]
    Bind {
        /// The key in the configuration.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The live file.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The node's secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Numbers' region.
    #[error("[site] region: {0}")]
    Region(#[from] screenpop::caller::RegionError),
    /// Music.
    #[error("music: {0}")]
    Sound(#[from] SoundError),
    /// Connections.
    #[error(transparent)]
    Streams(#[from] StreamError),
    /// Names of trunks or phones, and no DNS server to ask.
    #[error("the system names no DNS server to ask ({0}); write one under [sip] dns")]
    Names(hickory_resolver::net::NetError),
    /// A source of customers.
    #[error(transparent)]
    Source(#[from] screenpop::OpenError),
    /// The desks.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The brain.
    #[error(transparent)]
    Brain(#[from] BrainError),
    /// What was changed by API.
    #[error(transparent)]
    Changes(#[from] ChangesError),
    /// A thread or a waker.
    #[error("the system gives no more: {0}")]
    System(#[from] io::Error),
}

/// The addresses in use, as told on standard output.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// SIP over UDP.
    pub sip_udp: SocketAddr,
    /// SIP over connections, by transport: `sip_tcp`, `sip_tls`, `sip_ws`, `sip_wss`.
    #[serde(flatten)]
    pub sip_streams: BTreeMap<&'static str, SocketAddr>,
    /// Agents' desktops.
    pub desk: SocketAddr,
    /// The operator's HTTP.
    pub operator: SocketAddr,
}

/// A running house.
pub struct House {
    /// Where it listens.
    pub ready: Ready,
    door: Door,
    drain: Drain,
    pulse: Pulse,
    brain: JoinHandle<Result<(), BrainError>>,
    reloader: Arc<Reloader>,
    control: Option<Control>,
    desks: agent_gateway::GatewayHandle,
    streams: Streams,
    office: crate::office::Office,
}

struct Sockets {
    sip: UdpEdge,
    streams: Listeners,
    sip_address: SocketAddr,
    desk: TcpListener,
    operator: TcpListener,
}

impl House {
    /// Starts everything by rules that are not changed while it runs; calls are taken when this returns.
    ///
    /// # Errors
    /// [`StartError`]: nothing runs then.
    pub async fn start(config: Config, runtime: &Handle) -> Result<Self, StartError> {
        Self::start_by(Given::fixed(config), runtime).await
    }

    /// Starts everything; calls are taken when this returns.
    ///
    /// # Errors
    /// [`StartError`]: nothing runs then.
    pub async fn start_by(given: Given, runtime: &Handle) -> Result<Self, StartError> {
        let config = given.config().clone();
        let sockets = Sockets::bind(&config)?;
        let Recovered { acd, mut log, last } = recover(&config.store.path)?;
        if config.store.durability == Durability::Power {
            log.survive_power_loss();
        }
        let last_entry = log.last();
        let secret = crate::secret::load(&config.store.path)?;
        let (mut live, mut left) = LiveFile::open(&config.store.path)?;
        let plan = plan_of(&config);
        let metrics = Arc::new(Metrics::new(plan.queues.iter().map(|queue| queue.answer_within))?);
        metrics.upkeep.stored_in(config.store.path.clone());
        let at_trunks = config.trunks.iter().map(|trunk| (trunk.name.clone(), trunk.register.is_some()));
        at_trunks.clone().for_each(|(trunk, registers)| metrics.trunks.learn(&trunk, registers));
        let trunks = Arc::new(TrunkBoard::new(at_trunks));
        let region = Region::new(&config.site.region)?;
        let screenpop = ScreenPop::open_with(sources(&config), region.clone(), advice(&config))?;
        let mut directory = acd.directory().clone();
        directory.learn(&plan);

        let clock = start_clock(SystemDials, &acd, last, &left, &mut live);
        let hand = clock.hand();
        if config.store.durability == Durability::Power {
            live.survive_power_loss();
        }
        let poll = mio::Poll::new()?;
        let (door, inbox) = inbox(mio::Waker::new(poll.registry(), DOOR)?);
        let sip_config = sip_config(&config, &sockets);
        let sip_streams: BTreeMap<_, _> =
            sockets.streams.addresses().map(|(over, at)| (ready_key(over), at)).collect();
        let connections = connections(&config, sockets.desk.local_addr()?);
        let news = {
            let door = door.clone();
            move |news| door.stream(news)
        };
        let streams = Streams::start(sockets.streams, connections, Arc::clone(&metrics), runtime, news)?;
        let entrance = |encrypted: bool| match encrypted {
            true => Entrance::encrypted(streams.certificate()),
            false => Entrance::open(),
        };
        let counts = Arc::clone(&metrics);
        let on_refusal: OnRefusal = Arc::new(move |why| counts.desk.refused(why));
        let desk = (sockets.desk, entrance(config.desk.tls), on_refusal);
        let desk_config = desk_config(&config, &directory, desk, &sip_streams, screenpop);
        let gateway = Gateway::start(desk_config, Arc::new(door.clone()), runtime)?;
        let mut sip = SipEdge::new(SipParts {
            stack: sip::Stack::new(sip_config),
            secret,
            started: clock.now(),
            region,
            ports: Box::new(Ports::new(config.media.address, &config.media.ports)),
            media: Box::new(Media::start(keys_heard(door.clone()))?),
            metrics: Arc::clone(&metrics),
            trunks: Arc::clone(&trunks),
            relay: relay(&config, &metrics, clock.now())?,
        });
        let (mut sounds, now) = (Sounds::default(), clock.now());
        let announcer = announcer(&config, &directory, &mut sounds)?;
        let names = acquaint(&mut sip, &config, &directory, &mut sounds, now)?;
        sip.sign_in(registry(&config, &secret, now), std::mem::take(&mut left.phones), now);
        let finder =
            Finder::new(&config.sip.dns, names.clone(), streams.clone()).map_err(StartError::Names)?;
        if let Some(finder) = &finder {
            finder.first(0).await.into_iter().for_each(|found| sip.found(found, now));
        }
        let (drain, hours) = (Drain::default(), Arc::new(HoursBoard::default()));
        let floor = Arc::new(Floor::default());
        let mut brain = Brain::new(BrainParts {
            acd,
            last,
            log,
            live,
            clock,
            sip,
            socket: sockets.sip,
            streams: streams.clone(),
            desks: Desks::new(Some(gateway.clone())),
            inbox,
            announcer,
            timetable: Timetable::new(config.hours.clone(), Arc::clone(&hours), Arc::clone(&metrics)),
            outlook: Arc::clone(floor.outlook()),
            metrics: Arc::clone(&metrics),
            drain: drain.clone(),
        });
        brain.register(&poll)?;
        brain.begin(plan, left)?;
        let pulse = brain.pulse();
        let workshop = Workshop {
            door: door.clone(),
            gateway: gateway.clone(),
            streams: streams.clone(),
            sip_streams: sip_streams.clone(),
            directory,
            names,
            finder: finder.clone(),
            sounds,
            runtime: runtime.clone(),
        };
        let reloader = Arc::new(Reloader::new(given, workshop, secret, Arc::clone(&metrics)));
        let office = crate::office::Office::open(
            &config,
            (metrics, floor),
            (drain.clone(), trunks, hours, hand, Arc::clone(&reloader)),
            door.clone(),
            last_entry,
            (sockets.operator, entrance(config.operator.tls)),
            runtime,
        )?;
        let ready = Ready {
            sip_udp: sockets.sip_address,
            sip_streams,
            desk: gateway.address(),
            operator: office.address(),
        };
        let brain = std::thread::Builder::new().name("brain".to_owned()).spawn(move || brain.run(poll))?;
        if let Some(finder) = finder {
            finder.keep_asking(0, &door, runtime);
        }
        let control = Control::open(&config.store.path, &reloader, runtime);
        office.set_ready();
        Ok(Self { ready, door, drain, pulse, brain, reloader, control, desks: gateway, streams, office })
    }

    /// Stops: the log is written, desktops are told, records are brought up to the log.
    ///
    /// # Errors
    /// When the brain had stopped by itself, the reason.
    pub async fn stop(self) -> Result<(), BrainError> {
        drop(self.control);
        self.desks.stop();
        // A full queue empties within milliseconds; a brain that is gone takes nothing, and is joined below.
        while self.door.put(Incoming::Stop).is_err() && !self.brain.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let brain = self.brain;
        let ended = tokio::task::spawn_blocking(move || brain.join()).await;
        self.streams.stop().await; // what the brain has sent last leaves first
        self.office.close().await;
        match ended {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(BrainError::Poll(io::Error::other("the brain's thread broke down"))),
        }
    }

    /// New calls are refused until the process ends, and this becomes of callers who wait, unless an operator has asked
    /// for something stricter; everything else is served.
    pub fn refuse_new_calls(&self, waiting: config::Waiting) {
        self.drain.begin_last(waiting);
    }

    /// Calls that are alive, as the floor shows them.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.office.live_calls()
    }

    /// Changes the rules while the house runs.
    #[must_use]
    pub fn reloader(&self) -> Arc<Reloader> {
        Arc::clone(&self.reloader)
    }

    /// The brain's pulse.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether the brain still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.brain.is_finished()
    }
}

impl Sockets {
    fn bind(config: &Config) -> Result<Self, StartError> {
        let error = |key, address| move |error| StartError::Bind { key, address, error };
        let sip = UdpEdge::bind(config.sip.udp).map_err(error("sip.udp", config.sip.udp))?;
        let desk = TcpListener::bind(config.desk.listen).map_err(error("desk.listen", config.desk.listen))?;
        let operator = TcpListener::bind(config.operator.listen)
            .map_err(error("operator.listen", config.operator.listen))?;
        let streams = Listeners::bind(&config.sip)?;
        let sip_address = sip.address()?;
        Ok(Self { sip, streams, sip_address, desk, operator })
    }
}

/// The plan as the brain takes it: without a source of customers no ring waits for a card.
fn plan_of(config: &Config) -> Plan {
    let mut plan = config.plan.clone();
    if config.sources.is_empty() {
        plan.queues.iter_mut().for_each(|queue| queue.pop_budget = Duration::ZERO);
    }
    plan
}

/// What connections need to know.
fn connections(config: &Config, desk: SocketAddr) -> streams::Config {
    streams::Config {
        tls: config.tls.clone(),
        origins: config.desk.origins.clone(),
        desk,
        // What peers see us connect from is where they may connect to.
        source: Some(config.sip.tcp.or(config.sip.tls).unwrap_or(config.sip.udp).ip()),
        connections: config.limits.connections as usize,
        times: streams::Times::default(),
    }
}

/// The name in the ready line.
const fn ready_key(over: sip::Transport) -> &'static str {
    match over {
        sip::Transport::Udp => "sip_udp",
        sip::Transport::Tcp => "sip_tcp",
        sip::Transport::Tls => "sip_tls",
        sip::Transport::Ws => "sip_ws",
        sip::Transport::Wss => "sip_wss",
    }
}

fn sip_config(config: &Config, sockets: &Sockets) -> sip::Config {
    sip_rules(config, sockets.sip_address, sockets.streams.addresses().collect())
}

/// Who may call, and how much at once; we listen at `address`, and for connections at `streams`.
fn sip_rules(
    config: &Config,
    address: SocketAddr,
    streams: Vec<(sip::Transport, SocketAddr)>,
) -> sip::Config {
    // A socket that listens everywhere has no address that a peer could be told.
    let told = |at: SocketAddr| {
        let ip = if at.ip().is_unspecified() { config.media.address } else { at.ip() };
        SocketAddr::new(ip, at.port())
    };
    let network = |network: &config::Network| sip::Network { address: network.addr, prefix: network.prefix };
    let limit = |limit: &config::CallLimit| sip::Limit { calls: limit.calls, per_second: limit.per_second };
    let trunk = |trunk: &config::Trunk| sip::Trunk {
        name: trunk.name.clone(),
        networks: trunk.networks.iter().map(network).collect(),
        limit: limit(&trunk.limit),
    };
    let numbers = config.plan.entries.iter().map(|entry| entry.number.clone());
    let entries = sip::Entries {
        rest: config.plan.entries.iter().any(|entry| entry.number == "*"),
        numbers: numbers.filter(|number| number != "*").collect(),
        limits: config.entry_limits.iter().map(|(number, of)| (number.clone(), limit(of))).collect(),
    };
    let fixed_phones = config.agents.iter().filter_map(|agent| agent.phone.address());
    sip::Config {
        address: told(address),
        streams: streams.into_iter().map(|(over, at)| (over, told(at))).collect(),
        media: config.media.address,
        user_agent: PRODUCT.to_owned(),
        node: NODE.to_owned(),
        trunks: config.trunks.iter().map(trunk).collect(),
        phones: fixed_phones.map(|address| sip::Network::host(address.ip())).collect(),
        entries,
        max_calls: config.limits.calls as usize,
        max_calls_per_second: config.limits.calls_per_second,
        copied_headers: Vec::new(),
        max_datagram: config.sip.max_datagram as usize,
        session_expires_s: config
            .sip
            .session_expires
            .map(|time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX)),
    }
}

fn phones(config: &Config, directory: &acd::Directory, names: &mut Names) -> Vec<Option<PhoneSide>> {
    let mut phones = vec![None; directory.agent_count()];
    for agent in &config.agents {
        if let Some(no) = directory.agent_no(&agent.id) {
            phones[no.index()] = Some(phone_side(agent, config.sip.udp, names));
        }
    }
    phones
}

fn phone_side(agent: &config::AgentAccess, udp: SocketAddr, names: &mut Names) -> PhoneSide {
    let at = match &agent.phone {
        config::Phone::At(uri) => PhonePlace::At { uri: uri.text.clone(), at: whereabouts(uri, udp, names) },
        config::Phone::Registered { .. } | config::Phone::Browser => PhonePlace::Registered(agent.id.clone()),
    };
    PhoneSide { id: agent.id.clone(), at, probe: agent.probe }
}

fn queue_names(directory: &acd::Directory) -> Vec<String> {
    (0..directory.queue_count())
        .filter_map(|no| u32::try_from(no).ok())
        .map(|no| directory.queue_name(acd::QueueNo(no)).to_owned())
        .collect()
}

/// Tells the edge of phones, queues, gateways and trunks; the names that have to be found.
fn acquaint(
    sip: &mut SipEdge,
    config: &Config,
    directory: &acd::Directory,
    sounds: &mut Sounds,
    now: Timestamp,
) -> Result<Names, SoundError> {
    let mut names = Names::default();
    let phones = phones(config, directory, &mut names);
    let outside = outside(config, &mut names);
    sip.learn(phones, queue_sides(config, directory, sounds)?, outside);
    sip.learn_attributes(config.attributes.clone());
    sip.seek(trunk_names(config, &mut names));
    sip.meet(config.trunks.iter().filter_map(peering).collect(), now);
    Ok(names)
}

/// Keys of waiting callers go to the brain.
fn keys_heard(door: Door) -> impl Fn(CallId, char) + Send {
    move |call, key| {
        if door.put(Incoming::Key(call, key)).is_err() {
            tracing::debug!(%call, "a key was not heard: the brain is busy");
        }
    }
}

/// Our side of the rtpengine, if one is configured.
fn relay(config: &Config, metrics: &Arc<Metrics>, now: Timestamp) -> io::Result<Option<Relay>> {
    let Some(config::Rtpengine { address, relay }) = config.media.rtpengine else { return Ok(None) };
    let all = relay == config::Relay::All;
    Relay::open(address, all, Arc::clone(metrics), now).map(Some)
}

/// How a queue calls back, with the numbers that its rules take, and what is spoken to who has asked for it.
fn callback_side(
    way: &config::CallbackWay,
    (told, config): (Option<&config::Told>, &Config),
    sounds: &mut Sounds,
) -> Result<CallbackSide, SoundError> {
    let clip = told.filter(|told| told.callback.is_some());
    let clip = clip.map(|told| told.folder.join(format!("{}.wav", config::speech::KEPT)));
    let kept = clip.map_or_else(|| Ok(Arc::new(Sound::chime())), |clip| sounds.get(Some(&clip)))?;
    let rule = |name: &String| config.plan.outside.iter().find(|rule| rule.name == *name);
    let numbers = way.rules.iter().filter_map(rule).map(|rule| (rule.name.clone(), rule.numbers.clone()));
    Ok(CallbackSide { way: way.clone(), numbers: numbers.collect(), kept })
}

/// Every queue with its music and its welcome.
fn queue_sides(
    config: &Config,
    directory: &acd::Directory,
    sounds: &mut Sounds,
) -> Result<Vec<QueueSide>, SoundError> {
    let media = &config.media;
    let side = |name: String| {
        let file = media.queue_music.get(&name).or(media.music.as_ref());
        let announce = media.announce.get(&name);
        let welcome = announce.and_then(|announce| announce.welcome.as_ref());
        let welcome = welcome.map(|file| sounds.get(Some(file))).transpose()?;
        let told = announce.and_then(|announce| announce.told.as_ref());
        let way = config.callbacks.get(&name);
        let callback = way.map(|way| callback_side(way, (told, config), sounds)).transpose()?;
        Ok(QueueSide { music: sounds.get(file)?, welcome, name, callback })
    };
    queue_names(directory).into_iter().map(side).collect()
}

/// What is told in every queue.
fn announcer(
    config: &Config,
    directory: &acd::Directory,
    sounds: &mut Sounds,
) -> Result<Announcer, SoundError> {
    let mut speech = |name: String| {
        let told = config.media.announce.get(&name).and_then(|announce| announce.told.clone());
        told.map(|told| QueueSpeech::load(told, sounds)).transpose()
    };
    let queues = queue_names(directory).into_iter().map(&mut speech).collect::<Result<_, _>>()?;
    Ok(Announcer::new(queues))
}

fn outside(config: &Config, names: &mut Names) -> Vec<OutsideSide> {
    let side = |way: &config::Outside| OutsideSide {
        way: way.clone(),
        at: whereabouts(&way.gateway, config.sip.udp, names),
        trunk: way.trunk.as_deref().map(Arc::from),
    };
    config.outside.iter().map(side).collect()
}

/// Decides a log again.
///
/// # Errors
/// When the log cannot be read, or there is none.
pub fn replay(folder: &Path) -> Result<Replayed, LogError> {
    if crate::log::segments(folder)?.is_empty() {
        return Err(LogError::Empty { path: folder.to_owned() });
    }
    let Start { mut reader, mut acd, state } = oldest_start(folder)?;
    let after = state.map_or(0, |state| state.number);
    let mut replayed = Replayed { after, entries: 0, difference: None, hash: None };
    loop {
        let entries = reader.read(1_000)?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            replayed.entries += 1;
            if let Err(difference) = acd.replay(entry) {
                replayed.difference.get_or_insert(difference);
            }
        }
    }
    replayed.hash = acd.state_hash().ok();
    Ok(replayed)
}

/// What deciding a log again came to.
#[derive(Debug)]
pub struct Replayed {
    /// The entry behind which the log is kept; 0 when it is kept from the first one.
    pub after: u64,
    /// Entries read.
    pub entries: u64,
    /// The first one decided differently.
    pub difference: Option<acd::Difference>,
    /// SHA-256 of the state after the last one.
    pub hash: Option<String>,
}
