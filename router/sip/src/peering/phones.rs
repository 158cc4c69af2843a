//! Whether agents' phones are there: told from the answers to OPTIONS, and of those that register from their bindings.
//!
//! ```text
//! there ── not answered ──► asked again at once ── not answered ──► not there ── an answer ──► there
//! ```
//!
//! One that is not there is asked every [`AGAIN`], and when it has missed [`LONG_GONE`] questions, as seldom as the others:
//! it is switched off, and nobody waits for it.
//!
//! A phone that registers is not there while it has no binding, and is there while one of them came on a connection: who
//! loses that loses the binding. One that registers over UDP is asked as one at a fixed address is.
//!
//! Whose phone it is, and what it means that it is gone, is left to others.

use super::{
    Peering,
    health::{Health, Watch},
    peer::{PROBE_PATIENCE, says_nothing},
    request::{Ask, Errand, Series, seconds, write},
    rota::Rota,
    targets::Targets,
};
use crate::{
    Flow, Micros, Notice, Phone,
    auth::Attempt,
    context::{Ctx, Net},
    timers::{Alarm, Timer},
    transaction::Then,
    wire::{Message, Name},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Within this time every phone is asked for the first time.
const FIRST_ROUND: Duration = Duration::from_secs(2);
/// A phone that is not there is asked again so soon: somebody waits for it. [`super::MAX_ASKED`] sees to it that many are
/// not.
const AGAIN: Duration = Duration::from_secs(2);
/// Questions in a row that a phone has missed which is gone for long.
const LONG_GONE: u32 = 10;
/// No phone is asked twice within this time: what refuses at once must not be asked as fast as it refuses.
const APART: Duration = Duration::from_secs(1);
/// A phone that wants to be left alone (`Retry-After`) is, but not longer.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A phone to follow.
#[derive(Clone, Debug)]
pub struct Followed {
    /// What the caller calls it.
    pub phone: u32,
    /// Where it is.
    pub home: Home,
    /// How often it is asked whether it is there; none: never, so that only what registers can be missed.
    pub every: Option<Duration>,
    /// What was known of it last.
    pub reachable: bool,
}

/// Where a phone is.
#[derive(Clone, Debug)]
pub enum Home {
    /// At these addresses, the preferred one first; none: they are not known yet.
    At {
        /// Its Request-URI.
        uri: String,
        /// The addresses.
        flows: Vec<Flow>,
    },
    /// Wherever this user has registered.
    Registered(Arc<str>),
}

/// All phones that are followed.
#[derive(Default)]
pub(crate) struct Phones {
    all: Vec<State>,
    /// Places in `all`.
    users: BTreeMap<Arc<str>, usize>,
    numbers: BTreeMap<u32, usize>,
    /// Users whose bindings have changed.
    changed: BTreeSet<Arc<str>>,
    rota: Rota,
    begun: Micros,
    alarm: Alarm,
}

/// One phone.
struct State {
    phone: u32,
    every: Option<Duration>,
    /// Where it is; without the addresses, which change.
    home: Home,
    spots: Vec<Spot>,
    targets: Targets,
    watch: Watch,
    series: Option<Series>,
    out: Option<Errand>,
    due: Option<Micros>,
    /// It is not asked before.
    rests_until: Micros,
    /// Questions in a row that it has missed.
    missed: u32,
    /// What was told of it last.
    reachable: bool,
    /// Its bindings have been looked at.
    looked_at: bool,
}

/// Where a phone is asked, and by which URI.
struct Spot {
    uri: String,
    flow: Flow,
    routes: Vec<String>,
}

impl Phones {
    /// These from now on, in place of all before. What is known of one that stays where it was is kept.
    pub(crate) fn follow(&mut self, followed: Vec<Followed>, ctx: &mut Ctx<'_>) {
        let mut before = self.lay_down(ctx);
        self.begun = ctx.now;
        let count = followed.len();
        for (place, one) in followed.into_iter().enumerate() {
            self.numbers.insert(one.phone, place);
            let known = before.remove(&one.phone).filter(|state| state.is(&one));
            if let Home::Registered(user) = &one.home {
                self.users.insert(Arc::clone(user), place);
                if known.is_none() {
                    self.changed.insert(Arc::clone(user));
                }
            }
            let first = ctx.now.after(share(FIRST_ROUND, place, count));
            let mut state = known.unwrap_or_else(|| State::new(one, first));
            let due = state.due.take();
            self.all.push(state);
            self.put_off(place, due);
        }
    }
    /// Asks nobody any more. Gives what is known of everybody; who was being asked is to be asked again at once.
    fn lay_down(&mut self, ctx: &mut Ctx<'_>) -> BTreeMap<u32, State> {
        let mut all = std::mem::take(&mut self.all);
        for state in &mut all {
            if let Some(out) = state.out.take() {
                ctx.net.clients.abandoned(out.branch, ctx.now, &mut ctx.net.timers);
                state.due = Some(ctx.now);
            }
        }
        self.users.clear();
        self.numbers.clear();
        self.rota = Rota::default();
        all.into_iter().map(|state| (state.phone, state)).collect()
    }
    /// Nobody any more.
    pub(crate) fn stop(&mut self, ctx: &mut Ctx<'_>) {
        for out in self.all.iter_mut().filter_map(|state| state.out.take()) {
            ctx.net.clients.abandoned(out.branch, ctx.now, &mut ctx.net.timers);
        }
        self.all.clear();
        self.users.clear();
        self.numbers.clear();
        self.changed.clear();
        self.rota = Rota::default();
    }
    /// The addresses of a phone at a fixed place, the preferred one first; none: they are not known. One that was missed
    /// elsewhere is asked there at once.
    pub(crate) fn found(&mut self, phone: u32, uri: &str, flows: &[Flow]) {
        let Some(&place) = self.numbers.get(&phone) else { return };
        let Some(state) = self.all.get_mut(place) else { return };
        let moved = !state.spots.iter().map(|spot| spot.flow).eq(flows.iter().copied());
        state.settle_at(flows.iter().map(|flow| Spot::plain(uri, *flow)).collect());
        if moved && !state.reachable && state.due.is_some() {
            (state.missed, state.rests_until) = (0, Micros(0));
            self.put_off(place, Some(Micros(0)));
        }
    }
    /// There is reason to think that a phone is not there: it is asked at once.
    pub(crate) fn doubted(&mut self, phone: u32, now: Micros) {
        let Some(&place) = self.numbers.get(&phone) else { return };
        let Some(state) = self.all.get(place).filter(|state| state.out.is_none()) else { return };
        if state.due.is_some_and(|at| at > now) {
            self.put_off(place, Some(now));
        }
    }
    /// The bindings of a user have changed. Does nothing but remember that.
    pub(crate) fn registration(&mut self, user: &Arc<str>, net: &mut Net) {
        if self.users.contains_key(user) {
            self.changed.insert(Arc::clone(user));
            self.close(net);
        }
    }
    /// The users of whom [`Phones::registered`] has to be told.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.changed)
    }
    /// A user is registered at these phones now.
    pub(crate) fn registered(&mut self, user: &str, phones: Vec<Phone>, ctx: &mut Ctx<'_>) {
        let Some(&place) = self.users.get(user) else { return };
        let Some(state) = self.all.get_mut(place) else { return };
        let is_new = state.spots.is_empty() && std::mem::replace(&mut state.looked_at, true);
        let spots = phones.into_iter().flat_map(Spot::of_binding).collect();
        state.settle_at(spots);
        let stays = state.spots.iter().any(|spot| spot.flow.connection.is_some());
        if state.spots.is_empty() || stays || state.every.is_none() {
            let (there, known) = (!state.spots.is_empty(), state.reachable);
            state.watch = Watch::of_phone(); // what was asked there says nothing about the next binding
            (state.missed, state.rests_until) = (0, Micros(0));
            self.give_up(place, ctx);
            self.put_off(place, None);
            if there != known {
                self.tell(place, there, ctx);
            }
        } else if is_new {
            // It has just spoken to us.
            self.probed(place, true, ctx);
        } else if self.all[place].due.is_none() && self.all[place].out.is_none() {
            let first = share(FIRST_ROUND, place, self.all.len());
            self.put_off(place, Some(self.begun.after(first).max(ctx.now)));
        } else if !self.all[place].reachable {
            self.doubted(self.all[place].phone, ctx.now);
        }
    }

    /// Notes that the alarm has gone off.
    pub(crate) fn spend(&mut self) {
        self.alarm.spend();
    }
    /// Does what is due.
    pub(crate) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(place) = self.rota.overdue(ctx.now) {
            self.give_up(place, ctx);
            self.silent(place, ctx);
        }
        while let Some(place) = self.rota.turn(ctx.now) {
            self.ask(place, ctx);
        }
    }
    /// Sets the alarm for what comes next.
    pub(crate) fn close(&mut self, net: &mut Net) {
        let at_once = (!self.changed.is_empty()).then_some(Micros(0));
        let next = [self.rota.next(), at_once].into_iter().flatten().min();
        net.timers.set(&mut self.alarm, Timer::Phones, next);
    }
    /// The request under `branch` to the phone at this place has its final answer, or will have none.
    pub(crate) fn heard(&mut self, place: u32, branch: u128, answer: Option<&Message>, ctx: &mut Ctx<'_>) {
        let place = place as usize;
        let Some(state) = self.all.get_mut(place) else { return };
        let Some(out) = state.out.take_if(|out| out.branch == branch) else { return };
        self.rota.asked(place, out.until);
        if says_nothing(answer) {
            state.rests(answer, ctx.now);
            self.silent(place, ctx);
        } else {
            state.targets.answered();
            self.probed(place, true, ctx);
        }
    }

    /// Nobody answers at the address that was asked; perhaps at another one.
    fn silent(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        if self.all.get_mut(place).is_some_and(|state| state.targets.missed()) {
            self.ask(place, ctx);
        } else {
            self.probed(place, false, ctx);
        }
    }
    fn ask(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        self.put_off(place, None);
        let Some(state) = self.all.get_mut(place) else { return };
        let Some(until) = state.ask(u32::try_from(place).unwrap_or(u32::MAX), ctx) else {
            return self.probed(place, false, ctx); // its address is not known: nobody could reach it
        };
        state.rests_until = state.rests_until.max(ctx.now.after(APART));
        self.rota.asks(place, until, state.is_gone());
    }
    fn probed(&mut self, place: usize, answered: bool, ctx: &mut Ctx<'_>) {
        let (count, begun) = (self.all.len(), self.begun);
        let Some(state) = self.all.get_mut(place) else { return };
        let news = state.watch.saw(answered);
        state.missed = if answered { 0 } else { state.missed.saturating_add(1) };
        let every = state.every.unwrap_or(AGAIN);
        let next = match (answered, state.watch.health()) {
            (true, _) => turn(begun, every, share(every, place, count), ctx.now),
            (false, Health::Down) if state.missed >= LONG_GONE => {
                turn(begun, every, share(every, place, count), ctx.now)
            }
            (false, Health::Down) => ctx.now.after(AGAIN.min(every)),
            // One may get lost.
            (false, Health::Up | Health::Unknown) => ctx.now,
        };
        let told = state.reachable;
        self.put_off(place, Some(next));
        match news {
            Some(Health::Up) if !told => {
                self.tell(place, true, ctx);
                self.neighbours(place, ctx.now);
            }
            Some(Health::Down) if told => self.tell(place, false, ctx),
            Some(Health::Up | Health::Down | Health::Unknown) | None => {}
        }
    }
    /// Who is missed at the address of one that is back may be back as well: a PBX that was restarted.
    fn neighbours(&mut self, of: usize, now: Micros) {
        let at = self.all.get(of).and_then(|state| state.targets.current());
        let missed = |(_, state): &(usize, &State)| {
            !state.reachable && state.due.is_some_and(|at| at > now) && state.targets.current() == at
        };
        let places: Vec<usize> = self.all.iter().enumerate().filter(missed).map(|(place, _)| place).collect();
        for place in places {
            self.put_off(place, Some(now));
        }
    }
    /// The phone is to be asked then, or when it has rested.
    fn put_off(&mut self, place: usize, until: Option<Micros>) {
        let Some(state) = self.all.get_mut(place) else { return };
        let until = until.map(|at| at.max(state.rests_until));
        let before = std::mem::replace(&mut state.due, until);
        self.rota.put_off(place, before, until, state.is_gone());
    }
    /// Nobody waits for its answer any more.
    fn give_up(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        if let Some(out) = self.all.get_mut(place).and_then(|state| state.out.take()) {
            self.rota.asked(place, out.until);
            ctx.net.clients.abandoned(out.branch, ctx.now, &mut ctx.net.timers);
        }
    }
    fn tell(&mut self, place: usize, reachable: bool, ctx: &mut Ctx<'_>) {
        if let Some(state) = self.all.get_mut(place) {
            state.reachable = reachable;
            ctx.out.notices.push(Notice::Phone { phone: state.phone, reachable });
        }
    }
}

impl State {
    /// Of a phone at a fixed place, to be asked at `first`, or of one that registers.
    fn new(followed: Followed, first: Micros) -> Self {
        let Followed { phone, home, every, reachable } = followed;
        let mut state = Self {
            phone,
            every,
            home: Home::At { uri: String::new(), flows: Vec::new() },
            spots: Vec::new(),
            targets: Targets::default(),
            watch: Watch::of_phone(),
            series: None,
            out: None,
            due: None,
            rests_until: Micros(0),
            missed: 0,
            reachable,
            looked_at: false,
        };
        state.home = match home {
            Home::At { uri, flows } => {
                state.settle_at(flows.into_iter().map(|flow| Spot::plain(&uri, flow)).collect());
                state.due = every.map(|_| first);
                Home::At { uri, flows: Vec::new() }
            }
            Home::Registered(user) => Home::Registered(user),
        };
        state
    }
    /// Whether it is to be followed as before. Where a URI leads is found out elsewhere.
    fn is(&self, followed: &Followed) -> bool {
        let same = match (&self.home, &followed.home) {
            (Home::At { uri, .. }, Home::At { uri: other, .. }) => uri == other,
            (Home::Registered(user), Home::Registered(other)) => user == other,
            (Home::At { .. }, Home::Registered(_)) | (Home::Registered(_), Home::At { .. }) => false,
        };
        same && self.every == followed.every
    }
    /// Whether it was not there lately. One that is only in doubt is not gone.
    const fn is_gone(&self) -> bool {
        match self.watch.health() {
            Health::Up => false,
            Health::Unknown => !self.reachable,
            Health::Down => true,
        }
    }
    /// It is left alone as long as it wishes (RFC 3261 §20.33), within reason.
    fn rests(&mut self, answer: Option<&Message>, now: Micros) {
        let wish_s = answer.and_then(|answer| seconds(answer.header(Name::RetryAfter)?)).unwrap_or(0);
        let rest = Duration::from_secs(u64::from(wish_s)).min(LONGEST_REST);
        self.rests_until = self.rests_until.max(now.after(rest));
    }
    fn settle_at(&mut self, spots: Vec<Spot>) {
        self.targets.set(spots.iter().map(|spot| spot.flow).collect());
        self.spots = spots;
    }
    /// Asks it where it answered last; until when an answer is waited for, or none when nobody knows where it is.
    fn ask(&mut self, place: u32, ctx: &mut Ctx<'_>) -> Option<Micros> {
        let to = self.targets.current()?;
        let spot = self.spots.iter().find(|spot| spot.flow == to)?;
        let peering = Peering {
            trunk: String::new(), // no trunk's login is for a phone
            uri: spot.uri.clone(),
            login: None,
            probe_every: None,
            register_for: None,
        };
        let branch = ctx.mint.bits();
        let mut series = self.series.unwrap_or_else(|| Series::new(ctx));
        let request = write(Ask::Options, (&peering, &spot.routes), &mut series, (branch, to), ctx);
        self.series = Some(series);
        let until = ctx.now.after(PROBE_PATIENCE);
        self.out = Some(Errand { branch, to, attempt: Attempt::default(), until });
        let Net { clients, timers, .. } = &mut *ctx.net;
        let method = Ask::Options.method();
        clients.request(branch, method, (request, to), Then::Phone(place), ctx.now, (timers, ctx.out));
        Some(until)
    }
}

impl Spot {
    fn plain(uri: &str, flow: Flow) -> Self {
        Self { uri: uri.to_owned(), flow, routes: Vec::new() }
    }
    fn of_binding(phone: Phone) -> impl Iterator<Item = Self> {
        let Phone { uri, to, others, routes, .. } = phone;
        let spot = move |flow| Self { uri: uri.clone(), flow, routes: routes.clone() };
        std::iter::once(to).chain(others).map(spot)
    }
}

/// The part of `time` that has passed when it is the turn of number `place` of `count`.
fn share(time: Duration, place: usize, count: usize) -> Duration {
    let (place, count) = (u32::try_from(place).unwrap_or(u32::MAX), u32::try_from(count).unwrap_or(u32::MAX));
    time.saturating_mul(place) / count.max(1)
}

/// The next turn after `now` of one whose turn is once in `every`, `offset` after its beginning; so that the phones of a
/// house are asked one after the other for ever.
fn turn(begun: Micros, every: Duration, offset: Duration, now: Micros) -> Micros {
    let every_us = u64::try_from(every.as_micros()).unwrap_or(u64::MAX).max(1);
    let first = begun.after(offset).0;
    let rounds = now.0.saturating_sub(first) / every_us + u64::from(now.0 >= first);
    Micros(first.saturating_add(rounds.saturating_mul(every_us)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(60);

    #[test]
    fn turns_are_spread_evenly_and_stay_so() {
        let at = |seconds: u64| Micros(seconds * 1_000_000);
        let next = |place, now| turn(at(100), EVERY, share(EVERY, place, 6), at(now));
        assert_eq!([0, 1, 5].map(|place| next(place, 100)), [160, 110, 150].map(at));
        assert_eq!([0, 1, 5].map(|place| next(place, 155)), [160, 170, 210].map(at));
        assert_eq!(next(1, 110), at(170), "not twice at the same moment");
    }
}
