//! Begins the process on the machine, as `roles` does on a real one: by the product's own recovery.

use crate::{
    machine::{DiskLive, DiskLog, Machine, PlayedPorts, Simulated},
    plan::House,
    sabotage::{self, Sabotage},
    shelf::{Follower, Shelf},
};
use acd::Directory;
use router::{
    announcer::Announcer,
    brain::{Brain, BrainParts},
    desks::Desks,
    drain::Drain,
    inbox::{Door, inbox},
    live::LiveFile,
    media::Sound,
    metrics::Metrics,
    recovery::{Recovered, recover, start_clock},
    sip_edge::{PhonePlace, PhoneSide, Place, QueueSide, SipEdge, SipParts, Whereabouts},
    timetable::Timetable,
    trunks::TrunkBoard,
};
use screenpop::caller::Region;
use sip::{Flow, Stack};
use std::{
    net::UdpSocket,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

/// A process that runs.
pub struct Process {
    pub brain: Brain<Simulated>,
    pub door: Door,
    pub follower: Follower,
    /// Counts callers' ports.
    ports: Arc<UdpSocket>,
    _poll: mio::Poll,
}

impl Process {
    /// RTP ports in use.
    pub fn ports(&self) -> usize {
        Arc::strong_count(&self.ports) - 2 // ours, and that of whoever gives them out
    }
    /// What it would come to if the machine stopped here: the folder is the same for every process.
    pub fn begin(machine: &Machine, folder: &Path, house: &House, shelf: &Shelf) -> Self {
        let (sabotage, now) = {
            let mut state = machine.state();
            state.begin();
            (state.sabotage, state.now)
        };
        match sabotage {
            Some(Sabotage::PlaceLost) => sabotage::lose_the_first_place(folder),
            Some(Sabotage::DeadlineLost) => sabotage::lose_deadlines(folder),
            _ => {}
        }
        let Recovered { acd, log, last } = recover(folder).unwrap();
        let (mut live, mut left) = LiveFile::open(folder).unwrap();
        live.forget([], sabotage::on_what_is_left(sabotage, &mut left));
        let clock = start_clock(machine.clone(), &acd, last, &left, &mut live);
        let live = Arc::new(Mutex::new(live));
        let poll = mio::Poll::new().unwrap();
        let (door, inbox) = inbox(mio::Waker::new(poll.registry(), router::brain::DOOR).unwrap());
        let ports = PlayedPorts::new();
        let socket = Arc::clone(&ports.socket);
        let metrics = metrics();
        let mut sip = SipEdge::new(SipParts {
            stack: Stack::new(house.sip.clone()),
            secret: [7; 32],
            started: clock.now(),
            region: region(),
            ports: Box::new(ports),
            media: Box::new(machine.clone()),
            metrics: Arc::clone(&metrics),
            trunks: Arc::new(TrunkBoard::new(Vec::new())),
            relay: None,
        });
        let mut directory = acd.directory().clone();
        directory.learn(&house.plan);
        acquaint(&mut sip, &directory);
        let mut brain = Brain::new(BrainParts {
            acd,
            last,
            log: DiskLog::new(machine.clone(), folder, log, Arc::clone(&live)),
            live: DiskLive::new(machine.clone(), folder, live),
            clock,
            sip,
            socket: machine.clone(),
            streams: machine.clone(),
            desks: Desks::new(Some(machine.clone())),
            inbox,
            announcer: Announcer::default(),
            timetable: Timetable::new(Vec::new(), Arc::default(), Arc::clone(&metrics)),
            outlook: Arc::default(),
            metrics,
            drain: Drain::default(),
        });
        brain.begin(house.plan.clone(), left).unwrap();
        if sabotage == Some(Sabotage::EffectsNotMuted) {
            sabotage::carry_out_again(folder, &mut brain);
        }
        let follower = Follower::begin(folder, shelf, now);
        Self { brain, door, follower, ports: socket, _poll: poll }
    }
}

/// Agent `no` of the plan is `a<no>`, and her phone is called like her.
fn acquaint(sip: &mut SipEdge, directory: &Directory) {
    let at = Whereabouts {
        to: Place::At(Flow::udp(crate::rig::address(crate::rig::PHONE))),
        any_transport: false,
    };
    let names = (0..directory.agent_count()).map(|no| directory.agent_id(acd::AgentNo(no as u32)).to_owned());
    let place = |name: &str| PhonePlace::At { uri: format!("sip:{name}@{}", crate::rig::PHONE), at };
    let phone = |id: String| Some(PhoneSide { at: place(&id), id, probe: None });
    let queues = (0..directory.queue_count()).map(|no| QueueSide {
        name: directory.queue_name(acd::QueueNo(no as u32)).to_owned(),
        music: tune(),
        welcome: None,
        callback: None,
    });
    sip.learn(names.map(phone).collect(), queues.collect(), Vec::new());
}

fn metrics() -> Arc<Metrics> {
    static METRICS: OnceLock<Arc<Metrics>> = OnceLock::new();
    Arc::clone(METRICS.get_or_init(|| Arc::new(Metrics::new([]).unwrap())))
}

fn region() -> Region {
    static REGION: OnceLock<Region> = OnceLock::new();
    REGION.get_or_init(|| Region::new("ID").unwrap()).clone()
}

fn tune() -> Arc<Sound> {
    static TUNE: OnceLock<Arc<Sound>> = OnceLock::new();
    Arc::clone(TUNE.get_or_init(|| router::media::Sounds::default().get(None).unwrap()))
}

/// The records of legs that stand in the live file, as the stack's watcher reads them.
pub fn stored(folder: &Path) -> crate::rig::Store {
    let (_, left) = LiveFile::open(folder).unwrap();
    crate::rig::Store { callers: left.callers, legs: left.legs }
}
