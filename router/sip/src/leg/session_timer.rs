//! How long a session lasts without a sign of life, and who gives it (RFC 4028).
//!
//! Each confirmed dialog has its own timer, so that a talk whose both ends have vanished ends by itself. Whoever
//! refreshes does so at half of the interval; whoever misses the refresh says BYE a little before its end. A peer that
//! knows no session timers is refreshed by us: then any answer at all shows that it is there.

use crate::{
    Micros, TimerRecord,
    compose::decimal,
    local::Local,
    wire::{Message, Name, Refresher, Writer},
};
use std::time::Duration;

/// The option tag.
const TIMER: &str = "timer";
/// No session is shorter (RFC 4028 §4), in seconds.
pub(crate) const LEAST_S: u32 = 90;
/// However long a peer wishes its session, in seconds: it would never end.
pub(crate) const LONGEST_S: u32 = 86_400;
/// The session is ended so long before its end, or a third of it (RFC 4028 §10), in seconds.
const MARGIN_S: u32 = 32;
/// Shortest pause before a refused refresh is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How often in a dialog we follow a peer that asks for a longer session.
const MAX_RAISES: u8 = 3;

/// Who refreshes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Ours,
    Peers,
}

/// What an INVITE of ours asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) interval_s: u32,
    /// Less is not agreed to.
    least_s: u32,
}

impl Terms {
    /// By the configuration; none when it wants no session timers.
    pub(crate) fn ours(local: &Local) -> Option<Self> {
        Some(Self { interval_s: local.session_s?, least_s: LEAST_S })
    }
    /// Those a peer asks for by its 422; none when they are not longer than these.
    pub(crate) fn raised(self, refusal: &Message) -> Option<Self> {
        let least_s = refusal.min_se_s()?.min(LONGEST_S);
        (least_s > self.interval_s).then_some(Self { interval_s: least_s, least_s })
    }
    /// Session-Expires, with who refreshes if that is agreed, and Min-SE.
    pub(crate) fn write(self, duty: Option<Duty>, writer: &mut Writer) {
        let refresher = duty.map(|duty| match duty {
            Duty::Ours => Refresher::Uac,
            Duty::Peers => Refresher::Uas,
        });
        session_expires(writer, self.interval_s, refresher);
        writer.header(Name::MinSe, decimal(self.least_s, &mut [0; 10]));
    }
}

fn session_expires(writer: &mut Writer, interval_s: u32, refresher: Option<Refresher>) {
    let mut digits = [0; 10];
    let interval = decimal(interval_s, &mut digits);
    match refresher {
        None => writer.header(Name::SessionExpires, interval),
        Some(refresher) => writer
            .header_parts(Name::SessionExpires, &[interval, b";refresher=", refresher.as_str().as_bytes()]),
    };
}

/// Whether a peer takes part in session timers.
fn takes_part(request: &Message) -> bool {
    request.lists(Name::Supported, TIMER) || request.lists(Name::Require, TIMER)
}

/// Whether a request asks for a session too short to be had: it gets 422 with our Min-SE. Who does not know that
/// status is given a longer session than it asks for.
pub(crate) fn is_too_short(request: &Message, local: &Local) -> bool {
    let short = request.session_expires().is_some_and(|wish| wish.interval_s < LEAST_S);
    short && local.session_s.is_some() && takes_part(request)
}

/// The timer of a confirmed dialog.
#[derive(Clone, Debug)]
pub(crate) struct SessionTimer {
    terms: Terms,
    duty: Duty,
    /// Whether the peer has agreed to it.
    agreed: bool,
    /// When we refresh, if we do.
    next: Micros,
    /// When the session is over, unless it is refreshed.
    ends: Micros,
    /// An UPDATE of ours that is out to refresh it.
    update: Option<u128>,
    /// How often the peer has asked for a longer session.
    raises: u8,
}

/// What is due in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A refresh by us.
    Refresh,
    /// Its end: nobody has refreshed it.
    End,
}

impl SessionTimer {
    fn start(terms: Terms, duty: Duty, agreed: bool, now: Micros) -> Self {
        let mut timer = Self { terms, duty, agreed, next: now, ends: now, update: None, raises: 0 };
        timer.refreshed(now);
        timer
    }
    /// As it was stored. What fell due meanwhile is made up for: a peer has as long again as a request of ours or its own
    /// may take. One that never agreed to any end may have been refreshed without a record of it.
    pub(crate) fn revived(record: TimerRecord, now: Micros) -> Self {
        let TimerRecord { interval_s, ours, agreed, ends } = record;
        let terms = Terms { interval_s: interval_s.clamp(LEAST_S, LONGEST_S), least_s: LEAST_S };
        let mut timer = Self::start(terms, if ours { Duty::Ours } else { Duty::Peers }, agreed, now);
        if agreed {
            let since_refresh = timer.ends.0 - now.0;
            let half = timer.next.0 - now.0;
            timer.next = Micros((ends.0.saturating_sub(since_refresh) + half).max(now.0));
            timer.ends = ends.max(now.after(Duration::from_secs(u64::from(MARGIN_S))));
        }
        timer
    }
    /// The session was refreshed `now`.
    pub(crate) fn refreshed(&mut self, now: Micros) {
        let interval_s = self.terms.interval_s;
        let after = |seconds| now.after(Duration::from_secs(u64::from(seconds)));
        self.next = after(interval_s / 2);
        self.ends = after(interval_s - MARGIN_S.min(interval_s / 3));
        self.update = None;
    }

    /// What we answer a peer that begins or refreshes a session by `request`; `before` is what was agreed so far. None
    /// without session timers.
    ///
    /// Source: RFC 4028 §9 and its table 2.
    pub(crate) fn answering(
        request: &Message,
        before: Option<&Self>,
        local: &Local,
        now: Micros,
    ) -> Option<Self> {
        let ours = local.session_s?;
        let agreed = takes_part(request);
        let wish = request.session_expires();
        let known_s = before.map_or(LEAST_S, |before| before.terms.least_s);
        let least_s = request.min_se_s().map_or(known_s, |least| least.clamp(known_s, LONGEST_S));
        let interval_s = wish.map_or(ours, |wish| wish.interval_s.min(ours)).max(least_s);
        let duty = match (agreed, wish.and_then(|wish| wish.refresher)) {
            (false, _) | (true, Some(Refresher::Uas)) => Duty::Ours,
            (true, Some(Refresher::Uac)) => Duty::Peers,
            (true, None) => before.map_or(Duty::Peers, |before| before.duty),
        };
        Some(Self::start(Terms { interval_s, least_s }, duty, agreed, now))
    }
    /// What a peer has agreed to by the 2xx to a request of ours that asked for `terms`.
    pub(crate) fn agreed(terms: Terms, response: &Message, now: Micros) -> Self {
        let Some(said) = response.session_expires() else {
            return Self::start(terms, Duty::Ours, false, now);
        };
        let duty = match said.refresher {
            Some(Refresher::Uas) => Duty::Peers,
            Some(Refresher::Uac) | None => Duty::Ours,
        };
        let terms = Terms { interval_s: said.interval_s.clamp(LEAST_S, LONGEST_S), ..terms };
        Self::start(terms, duty, true, now)
    }
    /// Writes it into a 2xx of ours.
    pub(crate) fn answer(&self, writer: &mut Writer) {
        let refresher = match self.duty {
            Duty::Ours => Refresher::Uas,
            Duty::Peers => Refresher::Uac,
        };
        session_expires(writer, self.terms.interval_s, Some(refresher));
        if self.agreed {
            writer.header(Name::Require, TIMER);
        }
    }
    /// Writes it into a request of ours, which refreshes the session whatever else it is for.
    pub(crate) fn ask(&self, writer: &mut Writer) {
        self.terms.write(Some(self.duty), writer);
    }
    /// A request of ours was accepted by `response`.
    pub(crate) fn accepted(&mut self, response: &Message, now: Micros) {
        *self = Self { raises: self.raises, ..Self::agreed(self.terms, response, now) };
    }
    /// The peer wants a longer session than a request of ours asked for (422): true when it may be asked again at once.
    pub(crate) fn raise(&mut self, refusal: &Message) -> bool {
        let wanted = refusal.status() == Some(422) && self.raises < MAX_RAISES;
        let Some(terms) = self.terms.raised(refusal).filter(|_| wanted) else { return false };
        (self.terms, self.raises) = (terms, self.raises + 1);
        true
    }
    /// A refresh of ours was refused, though not for want of a session. The session stays as it was; we try again, and
    /// its end stays what it was too. For a peer that never agreed to any end, its answer is as good as a refresh.
    pub(crate) fn refused(&mut self, now: Micros) {
        self.update = None;
        if self.agreed {
            let rest = Duration::from_micros(self.ends.0.saturating_sub(now.0));
            self.next = now.after((rest / 2).max(RETRY));
        } else {
            self.refreshed(now);
        }
    }
    /// The refresh is to be tried again as soon as may be.
    pub(crate) const fn again(&mut self, now: Micros) {
        self.update = None;
        self.next = now;
    }
    /// Our refresh left as an UPDATE under `branch`.
    pub(crate) const fn updating(&mut self, branch: u128) {
        self.update = Some(branch);
    }
    /// The UPDATE that is out.
    pub(crate) const fn update(&self) -> Option<u128> {
        self.update
    }
    /// As [`SessionTimer::update`]; it does not count any more.
    pub(crate) const fn take_update(&mut self) -> Option<u128> {
        self.update.take()
    }
    /// When something is due, as we may speak from `free` on; none when we may not.
    pub(crate) fn at(&self, free: Option<Micros>) -> Micros {
        match (self.duty, free) {
            (Duty::Ours, Some(free)) if self.update.is_none() => self.next.max(free).min(self.ends),
            (Duty::Ours | Duty::Peers, Some(_) | None) => self.ends,
        }
    }
    /// What is due `now`, as we may speak from `free` on. Whoever has slept over a refresh of ours sends it late: the peer
    /// has missed nothing, and has as long to answer as any request may take.
    pub(crate) fn due(&mut self, free: Option<Micros>, now: Micros) -> Option<Due> {
        if now >= self.ends {
            let slept = self.duty == Duty::Ours && self.update.is_none() && self.next < self.ends;
            if !slept || free.is_none_or(|free| free > now) {
                return Some(Due::End);
            }
            self.ends = now.after(Duration::from_secs(u64::from(MARGIN_S)));
            return Some(Due::Refresh);
        }
        (now >= self.at(free)).then_some(Due::Refresh)
    }
    /// What is to be stored of it.
    pub(crate) const fn record(&self) -> TimerRecord {
        TimerRecord {
            interval_s: self.terms.interval_s,
            ours: matches!(self.duty, Duty::Ours),
            agreed: self.agreed,
            ends: self.ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Micros {
        Micros(s * 1_000_000)
    }
    fn timer(interval_s: u32, duty: Duty, agreed: bool) -> SessionTimer {
        SessionTimer::start(Terms { interval_s, least_s: LEAST_S }, duty, agreed, at(0))
    }

    #[test]
    fn we_refresh_at_half_the_interval_and_the_session_ends_a_little_before_all_of_it() {
        for (interval_s, next_s, ends_s) in [(90, 45, 60), (96, 48, 64), (1_800, 900, 1_768)] {
            let ours = timer(interval_s, Duty::Ours, true);
            assert_eq!((ours.at(Some(at(0))), ours.at(None)), (at(next_s), at(ends_s)));
            assert_eq!(timer(interval_s, Duty::Peers, true).at(Some(at(0))), at(ends_s));
        }
    }

    #[test]
    fn a_refused_refresh_is_tried_again_ever_sooner_until_the_end() {
        let mut timer = timer(1_800, Duty::Ours, true);
        let mut tries = Vec::new();
        loop {
            let now = timer.at(Some(at(0)));
            match timer.due(Some(at(0)), now) {
                Some(Due::Refresh) => tries.push(now.0 / 1_000_000),
                Some(Due::End) => break,
                None => panic!("it was due"),
            }
            timer.refused(now);
        }
        assert_eq!(tries, [900, 1_334, 1_551, 1_659, 1_713, 1_740, 1_754, 1_761, 1_766]);
    }

    #[test]
    fn a_refresh_that_was_slept_over_is_sent_late_and_once() {
        let free = Some(at(0));
        let mut ours = timer(90, Duty::Ours, true);
        assert_eq!(ours.due(free, at(75)), Some(Due::Refresh));
        assert_eq!((ours.due(None, at(76)), ours.at(None)), (None, at(107)), "it is under way");
        assert_eq!(ours.due(None, at(107)), Some(Due::End));
        ours.refused(at(106));
        assert_eq!(ours.due(free, at(107)), Some(Due::End), "it was sent, and refused");
        assert_eq!(
            timer(90, Duty::Ours, true).due(Some(at(80)), at(75)),
            Some(Due::End),
            "its turn has not come"
        );
        assert_eq!(timer(90, Duty::Peers, true).due(free, at(75)), Some(Due::End), "it was theirs to send");
    }

    #[test]
    fn an_answer_of_a_peer_that_knows_no_timers_shows_that_it_is_there() {
        let mut timer = timer(90, Duty::Ours, false);
        timer.refused(at(45));
        assert_eq!(timer.at(Some(at(0))), at(90));
    }
}
