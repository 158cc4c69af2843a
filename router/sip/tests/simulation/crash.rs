//! The process dies between any two effects, and begins again with what is stored.
//!
//! A batch is everything that one datagram or the clock sets off. It is stored as a whole, with what the brain has
//! decided, before anything of it leaves: so a crash forgets the batch, or lets a part of its datagrams leave.

use crate::{
    edge::Edge,
    network::Chance,
    rig::{Store, text},
    ua::State,
    world::{Weather, World},
};
use sip::{Command, Keep, LegKey, Micros, Output, Send, Stack, wire::Message};
use std::collections::{HashMap, VecDeque};

const SECOND: u64 = 1_000_000;

/// At which step from its time on the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Any,
    /// One at which something is stored.
    Store,
    /// One at which a leg ends.
    End,
}

impl At {
    fn is_met_by(self, keep: &[Keep]) -> bool {
        let ends = |change: &Keep| match change {
            Keep::CallerLeg(_, record) => record.ended.is_some(),
            Keep::ForgetLeg(_) | Keep::ForgetCall(_) => true,
            Keep::Leg(..) | Keep::Phones(..) => false,
        };
        match self {
            Self::Any => true,
            Self::Store => !keep.is_empty(),
            Self::End => keep.iter().any(ends),
        }
    }
}

/// When the process dies, and what outlives it.
#[derive(Default)]
pub struct Crashes {
    plan: VecDeque<(Micros, At)>,
    /// What is stored.
    pub store: Store,
    /// The batch in which it dies.
    dying: Option<Dying>,
    /// When it begins again.
    pub down_until: Option<Micros>,
    /// When it asks whether peers are there.
    probe_at: Option<Micros>,
    pub restarts: usize,
    /// Callers who heard music again.
    pub heard_again: usize,
    /// Phones' legs, by Call-ID.
    legs: HashMap<String, LegKey>,
    /// Since when somebody is in a conversation that the brain knows nothing of, by Call-ID.
    forgotten: HashMap<String, Micros>,
}

/// The last batch of a process.
struct Dying {
    planned: (Micros, At),
    /// The brain as it was before.
    edge: Edge,
    /// What was stored before.
    store: Store,
    keep: Vec<Keep>,
    sends: Vec<Send>,
}

impl Crashes {
    pub fn planned(chance: &mut Chance, start: Micros) -> Self {
        let count = 1 + chance.below(4);
        let step = |chance: &mut Chance| {
            let at = Micros(start.0 + chance.between_ms(100, 160_000) * 1_000);
            (at, chance.pick(&[(1, At::Any), (1, At::Store), (1, At::End)]))
        };
        let mut plan: Vec<(Micros, At)> = (0..count).map(|_| step(chance)).collect();
        plan.sort_unstable();
        Self { plan: plan.into(), ..Self::default() }
    }
    pub fn due(&self) -> Option<Micros> {
        let up = self.probe_at.filter(|_| self.down_until.is_none());
        [self.down_until, up].into_iter().flatten().min()
    }
    /// Takes what is to be stored and sent; gives what may leave now.
    pub fn keep(&mut self, keep: Vec<Keep>, sends: Vec<Send>) -> Vec<Send> {
        for change in &keep {
            if let Keep::Leg(key, record) = change {
                let rings = record.others.iter().map(|other| &other.invite);
                for invite in std::iter::once(&record.invite).chain(rings) {
                    let invite = Message::parse(invite.clone()).unwrap();
                    self.legs.insert(text(invite.call_id()).to_owned(), *key);
                }
            }
        }
        match &mut self.dying {
            None => {
                self.store.keep(keep);
                sends
            }
            Some(dying) => {
                dying.keep.extend(keep);
                dying.sends.extend(sends);
                Vec::new()
            }
        }
    }
}

impl World {
    pub fn begin_batch(&mut self) {
        let due = self.crashes.plan.front().copied().filter(|(at, _)| *at <= self.now);
        if let (Some(planned), None) = (due, self.crashes.down_until) {
            self.crashes.plan.pop_front();
            let (edge, store) = (self.edge.clone(), self.crashes.store.clone());
            let (keep, sends) = (Vec::new(), Vec::new());
            self.crashes.dying = Some(Dying { planned, edge, store, keep, sends });
        }
    }
    pub fn end_batch(&mut self) {
        let Some(Dying { planned, edge, store, keep, sends }) = self.crashes.dying.take() else { return };
        if !planned.1.is_met_by(&keep) {
            self.crashes.plan.push_front(planned);
            self.crashes.store.keep(keep);
            sends.iter().for_each(|send| self.send(send));
            return;
        }
        if self.chance.percent(30) {
            (self.edge, self.crashes.store) = (edge, store);
        } else {
            self.crashes.store.keep(keep);
            let left = self.chance.below(sends.len() as u64 + 1) as usize;
            for send in sends.iter().take(left) {
                self.send(send);
            }
        }
        if self.loud {
            println!("{:>9.3} DIES", self.second());
        }
        let down_ms = self.chance.pick(&[(1, 0), (3, 300), (3, 1_500), (1, 4_000)]);
        self.crashes.down_until = Some(Micros(self.now.0 + down_ms * 1_000));
    }
    /// The process begins again, if it is time, and asks after a while who is there.
    pub fn may_come_back(&mut self) {
        if self.crashes.down_until.is_some_and(|at| at <= self.now) {
            self.crashes.down_until = None;
            self.come_back();
        }
        if self.crashes.down_until.is_none() && self.crashes.probe_at.is_some_and(|at| at <= self.now) {
            self.crashes.probe_at = None;
            let probes = self.edge.known().map(|call| Command::Probe { call }).collect();
            self.begin_batch();
            self.command(probes);
            self.end_batch();
        }
        self.check_music();
        self.check_forgotten();
    }
    fn come_back(&mut self) {
        if self.loud {
            println!("{:>9.3} COMES BACK", self.second());
        }
        self.crashes.restarts += 1;
        self.crashes.probe_at = Some(Micros(self.now.0 + self.chance.between_ms(0, 6_000) * 1_000));
        self.watch.restarted(&self.crashes.store);
        self.stack = Stack::new(self.config.clone());
        self.meet();
        self.begin_batch();
        let left = std::mem::take(&mut self.crashes.store);
        let mut out = Output::default();
        let (now, seed) = (self.now, self.seed);
        self.edge.forgets(&left, seed);
        for call in self.edge.known().collect::<Vec<_>>() {
            let remains = left.remains(call).expect("a call that is known is stored");
            let talks_to = self.edge.talks_to(call);
            let revived = self.stack.revive(remains, talks_to, now, &mut self.mint, &mut out);
            assert!(revived.is_ok(), "seed {seed}: {revived:?}");
        }
        for (call, record) in left.callers.iter().filter(|(call, _)| !self.edge.knows(**call)) {
            self.stack.bury_caller(*call, record, now, &mut self.mint, &mut out);
        }
        for (leg, record) in left.legs.iter().filter(|(leg, _)| !self.edge.knows(leg.call)) {
            self.stack.bury(*leg, record, now, &mut self.mint, &mut out);
        }
        self.carry(out);
        let orders = self.edge.returned(now, &mut self.chance);
        self.command(orders);
        self.end_batch();
    }
    /// Nobody stays in a conversation that is over for the brain.
    fn check_forgotten(&mut self) {
        if self.weather != Weather::Fair {
            return;
        }
        for (name, ua) in &self.uas {
            let leg = self.crashes.legs.get(name);
            let wanted = match leg {
                Some(leg) => self.edge.wants(*leg),
                None => self.edge.known().any(|call| format!("{:026}", call.0) == ua.call),
            };
            if wanted || ua.state != State::Up || ua.vanished {
                self.crashes.forgotten.remove(name);
                continue;
            }
            let since = *self.crashes.forgotten.entry(name.clone()).or_insert(self.now);
            let long = self.now.0 - since.0 > 40 * SECOND;
            assert!(!long, "seed {}: {name} ({leg:?}) was forgotten in a conversation", self.seed);
        }
    }
    /// A caller who waits hears music again, some time after a restart.
    fn check_music(&mut self) {
        if self.weather != Weather::Fair || self.crashes.down_until.is_some() {
            return;
        }
        for (call, since) in self.edge.hear_again() {
            let name = format!("{:026}", call.0);
            let caller = self.uas.values().find(|ua| !ua.is_phone() && ua.call == name);
            let comes = |ua: &crate::ua::Ua| ua.succeeds && (ua.call.is_empty() || ua.call == name);
            if self.uas.values().any(comes) {
                continue; // somebody else takes the caller's place
            }
            let Some(caller) = caller.filter(|ua| ua.takes_music()) else { continue };
            if self.now.0 - since.0.max(caller.joined_since.0) > 8 * SECOND {
                let hears = caller.hears == Some(crate::rig::MUSIC_PORT) && !caller.way.told_silence;
                assert!(hears && self.edge.plays(call), "seed {}: {name} hears nothing", self.seed);
                self.crashes.heard_again += 1;
            }
        }
    }
}
