//! One trunk and what we have to do with it.

use super::{
    NotRegistered, Peering, TrunkNews,
    health::Watch,
    registering::Registering,
    request::{Ask, Errand, Series, granted_s, seconds, write},
    targets::Targets,
};
use crate::{
    Flow, Micros, Notice,
    auth::{Attempt, NoAnswer},
    context::{Ctx, Net},
    timers::{Alarm, Timer},
    transaction::Then,
    wire::{Message, Name},
};
use std::time::Duration;

/// How long an answer to a probe is waited for: three repetitions over UDP, or a connection.
pub(super) const PROBE_PATIENCE: Duration = Duration::from_secs(4);
/// How long an answer to a REGISTER is waited for.
const REGISTER_PATIENCE: Duration = Duration::from_secs(8);

/// One trunk.
pub(crate) struct Peer {
    /// Its place among the peers.
    place: u32,
    peering: Peering,
    targets: Targets,
    watch: Watch,
    probes: Chore,
    registers: Chore,
    /// When to probe next.
    probe_at: Option<Micros>,
    registering: Option<Registering>,
    /// We are taking our registration back.
    leaving: bool,
    /// It is no trunk of ours any more.
    departed: bool,
    alarm: Alarm,
}

/// Requests of one kind, one at a time.
#[derive(Default)]
struct Chore {
    series: Option<Series>,
    out: Option<Errand>,
}

impl Peer {
    pub(crate) fn new(place: u32, peering: Peering, targets: Vec<Flow>, now: Micros) -> Self {
        let registering = peering.register_for.filter(|_| peering.login.is_some());
        let mut peer = Self {
            place,
            targets: Targets::default(),
            watch: Watch::default(),
            probes: Chore::default(),
            registers: Chore::default(),
            probe_at: peering.probe_every.map(|_| now),
            registering: registering.map(|wish| Registering::new(wish, now)),
            leaving: false,
            departed: false,
            alarm: Alarm::new(),
            peering,
        };
        peer.targets.set(targets);
        peer
    }
    pub(crate) fn name(&self) -> &str {
        &self.peering.trunk
    }
    /// Whether it is to be dealt with as `peering` says.
    pub(crate) fn is(&self, peering: &Peering) -> bool {
        !self.departed && self.peering == *peering
    }
    /// Whether it is no trunk of ours any more.
    pub(crate) const fn has_departed(&self) -> bool {
        self.departed
    }
    /// It is no trunk of ours any more, or another one has its name; that one registers in its place, if one of `others`
    /// registers there.
    pub(crate) fn depart(&mut self, others: &[Peering], ctx: &mut Ctx<'_>) {
        let same = |other: &Peering| other.trunk == self.peering.trunk && other.uri == self.peering.uri;
        if others.iter().any(|other| same(other) && other.register_for.is_some()) {
            self.registering = None; // taking it back would take back the other's
        }
        self.departed = true;
        self.leave(ctx);
    }
    /// Its addresses are these from now on.
    pub(crate) fn found_at(&mut self, targets: Vec<Flow>, now: Micros) {
        let was_lost = self.targets.current().is_none();
        self.targets.set(targets);
        let is_found = was_lost && self.targets.current().is_some() && !self.leaving;
        if let Some(registering) = self.registering.as_mut().filter(|_| is_found) {
            registering.at_once(now);
        }
    }
    /// Whether our registration there is taken back, if there was one.
    pub(crate) fn has_left(&self) -> bool {
        !self.leaving || self.registers.out.is_none()
    }
    /// Takes our registration back, and does nothing more there.
    pub(crate) fn leave(&mut self, ctx: &mut Ctx<'_>) {
        self.probe_at = None;
        for chore in [&mut self.probes, &mut self.registers] {
            if let Some(out) = chore.out.take() {
                ctx.net.clients.abandoned(out.branch, ctx.now, &mut ctx.net.timers);
            }
        }
        let registered = self.registering.as_ref().is_some_and(|state| state.good_until().is_some());
        self.registering.iter_mut().for_each(Registering::over);
        if registered && !self.leaving {
            self.leaving = true;
            self.ask(Ask::Register(0), Attempt::default(), ctx);
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        let late =
            |chore: &Chore| chore.out.as_ref().filter(|out| out.until <= ctx.now).map(|out| out.branch);
        for branch in [late(&self.probes), late(&self.registers)].into_iter().flatten() {
            ctx.net.clients.abandoned(branch, ctx.now, &mut ctx.net.timers);
            self.heard(branch, None, ctx);
        }
        if self.registering.as_mut().is_some_and(|registering| registering.lapses(ctx.now)) {
            self.tell(TrunkNews::Lapsed, ctx);
        }
        if self.probes.out.is_none() && self.probe_at.is_some_and(|at| at <= ctx.now) {
            self.probe(ctx);
        }
        let asks = self.registering.as_ref().filter(|state| state.due() <= ctx.now).map(Registering::asks_s);
        if let Some(asks_s) = asks.filter(|_| self.registers.out.is_none()) {
            self.register(asks_s, ctx);
        }
    }
    /// Sets the alarm for what comes next.
    pub(crate) fn close(&mut self, net: &mut Net) {
        let probing = self.probes.out.as_ref().map(|out| out.until).or(self.probe_at);
        let registering = self.registering.as_ref();
        let registers = self.registers.out.as_ref().map(|out| out.until);
        let registers = registers.or_else(|| registering.map(Registering::due));
        let lapses = registering.and_then(Registering::good_until);
        let due = [probing, registers, lapses].into_iter().flatten().min().filter(|at| at.0 < u64::MAX);
        net.timers.set(&mut self.alarm, Timer::Peer(self.place), due);
    }
    /// The alarm has gone off.
    pub(crate) fn spend(&mut self) {
        self.alarm.spend();
    }

    fn probe(&mut self, ctx: &mut Ctx<'_>) {
        if self.targets.current().is_some() {
            return self.ask(Ask::Options, Attempt::default(), ctx);
        }
        self.probed(false, ctx); // its address is not known: nobody could reach it
    }
    fn register(&mut self, asks_s: u32, ctx: &mut Ctx<'_>) {
        if self.targets.current().is_some() {
            return self.ask(Ask::Register(asks_s), Attempt::default(), ctx);
        }
        self.not_registered(NotRegistered::NoAddress, None, ctx);
    }
    /// Sends a request to the address that is asked at present.
    fn ask(&mut self, ask: Ask, attempt: Attempt, ctx: &mut Ctx<'_>) {
        let Some(to) = self.targets.current() else { return };
        let (chore, patience) = match ask {
            Ask::Options => (&mut self.probes, PROBE_PATIENCE),
            Ask::Register(_) => (&mut self.registers, REGISTER_PATIENCE),
        };
        let branch = ctx.mint.bits();
        let mut series = chore.series.unwrap_or_else(|| Series::new(ctx));
        let request = write(ask, (&self.peering, &[]), &mut series, (branch, to), ctx);
        chore.series = Some(series);
        chore.out = Some(Errand { branch, to, attempt, until: ctx.now.after(patience) });
        let Net { clients, timers, .. } = &mut *ctx.net;
        let then = Then::Peer(self.place);
        clients.request(branch, ask.method(), (request, to), then, ctx.now, (timers, ctx.out));
    }

    /// The request under `branch` has its final answer, or will have none.
    pub(crate) fn heard(&mut self, branch: u128, answer: Option<&Message>, ctx: &mut Ctx<'_>) {
        if let Some(out) = self.probes.out.take_if(|out| out.branch == branch) {
            self.probe_heard(out, answer, ctx);
        } else if let Some(out) = self.registers.out.take_if(|out| out.branch == branch) {
            self.register_heard(out, answer, ctx);
        }
    }
    fn probe_heard(&mut self, mut out: Errand, answer: Option<&Message>, ctx: &mut Ctx<'_>) {
        if let Some(Ok(())) = self.challenged(&mut out, answer, ctx) {
            return self.ask(Ask::Options, out.attempt, ctx);
        }
        if says_nothing(answer) && self.targets.missed() {
            return self.probe(ctx);
        }
        self.probed(!says_nothing(answer), ctx);
    }
    fn probed(&mut self, answered: bool, ctx: &mut Ctx<'_>) {
        if answered {
            self.targets.answered();
        }
        if let Some(every) = self.peering.probe_every {
            // A tenth sooner at most, so that many trunks are not asked at once for ever.
            let every_us = u64::try_from(every.as_micros()).unwrap_or(u64::MAX);
            let sooner_us = (ctx.mint.bits() % u128::from(every_us / 10 + 1)) as u64;
            self.probe_at = Some(Micros(ctx.now.0.saturating_add(every_us - sooner_us)));
        }
        if let Some(health) = self.watch.saw(answered) {
            self.tell(TrunkNews::Health(health), ctx);
        }
    }
    fn register_heard(&mut self, mut out: Errand, answer: Option<&Message>, ctx: &mut Ctx<'_>) {
        let challenged = self.challenged(&mut out, answer, ctx);
        let asks_s = if self.leaving { 0 } else { self.registering.as_ref().map_or(0, Registering::asks_s) };
        match (challenged, answer.and_then(Message::status)) {
            (Some(Ok(())), _) => self.ask(Ask::Register(asks_s), out.attempt, ctx),
            (Some(Err(why)), _) => self.refused(NotRegistered::Login(why), ctx),
            (None, Some(200..=299)) if self.leaving => self.tell(TrunkNews::Unregistered, ctx),
            (None, _) if self.leaving => {}
            (None, Some(200..=299)) => self.registered(&out, answer, asks_s, ctx),
            (None, Some(423)) => self.too_brief(answer, ctx),
            (None, Some(status @ (408 | 500..=599))) => {
                let after_s = answer.and_then(|answer| seconds(answer.header(Name::RetryAfter)?));
                self.not_registered(NotRegistered::Refused(status), after_s, ctx);
            }
            (None, Some(status)) => self.refused(NotRegistered::Refused(status), ctx),
            (None, None) => self.not_registered(NotRegistered::NoAnswer, None, ctx),
        }
    }
    fn registered(&mut self, out: &Errand, answer: Option<&Message>, asked_s: u32, ctx: &mut Ctx<'_>) {
        let Some((answer, registering)) = answer.zip(self.registering.as_mut()) else { return };
        let for_s = granted_s(answer, &self.peering, out.to.transport, &ctx.net.local, asked_s);
        registering.granted(for_s, ctx.now);
        self.targets.answered();
        self.tell(TrunkNews::Registered { for_s }, ctx);
    }
    fn too_brief(&mut self, answer: Option<&Message>, ctx: &mut Ctx<'_>) {
        let least_s = answer.and_then(|answer| seconds(answer.header(Name::MinExpires)?));
        if self.registering.as_mut().is_some_and(|registering| registering.too_brief(least_s, ctx.now)) {
            return self.expire(ctx);
        }
        self.refused(NotRegistered::Interval, ctx);
    }
    /// Somebody else may do it, or the same one later.
    fn not_registered(&mut self, why: NotRegistered, after_s: Option<u32>, ctx: &mut Ctx<'_>) {
        let elsewhere = self.targets.missed();
        let (now, bits) = (ctx.now, ctx.mint.bits());
        if let Some(registering) = &mut self.registering {
            if elsewhere {
                registering.at_once(now);
                return self.expire(ctx);
            }
            registering.failed(after_s, bits, now);
        }
        self.tell(TrunkNews::NotRegistered(why), ctx);
    }
    fn refused(&mut self, why: NotRegistered, ctx: &mut Ctx<'_>) {
        let bits = ctx.mint.bits();
        if let Some(registering) = self.registering.as_mut().filter(|_| !self.leaving) {
            registering.refused(bits, ctx.now);
            self.tell(TrunkNews::NotRegistered(why), ctx);
        }
    }
    /// Whether an answer is a challenge, and whether we have something to say to it.
    fn challenged(
        &self,
        out: &mut Errand,
        answer: Option<&Message>,
        ctx: &mut Ctx<'_>,
    ) -> Option<Result<(), NoAnswer>> {
        let answer = answer.filter(|answer| matches!(answer.status(), Some(401 | 407)))?;
        ctx.net.accounts.challenged(&self.peering.trunk, answer, &mut out.attempt)
    }
    fn tell(&self, news: TrunkNews, ctx: &mut Ctx<'_>) {
        ctx.out.notices.push(Notice::Trunk { trunk: self.peering.trunk.clone(), news });
    }
}

/// Whether an answer means that no one is there who could take a call: any other shows that somebody is.
pub(super) fn says_nothing(answer: Option<&Message>) -> bool {
    matches!(answer.and_then(Message::status), None | Some(408 | 503))
}
