//! How many agents: the formulas of Erlang, for one pool, Poisson arrivals and exponential service.
//!
//! Erlang B (nobody waits), Erlang C (nobody leaves) and Erlang A (callers have patience). Exact up to rounding:
//! recursions and series of positive terms, in logarithms where numbers grow large.

/// Most agents that are tried.
pub const MAX_AGENTS: u32 = 100_000;
/// Most arrivals within a caller's patience that are computed: the length of the series.
const MAX_ARRIVALS: f64 = 1e8;

/// What callers bring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Calls an hour.
    pub calls_per_hour: f64,
    /// Average handle time in seconds.
    pub aht_s: f64,
}

/// What callers then meet. Shares are of all arrivals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Share of their time that agents are busy.
    pub occupancy: f64,
    /// Share of callers who find all agents busy.
    pub p_wait: f64,
    /// Mean wait of all callers in seconds, those who leave and those who need not wait included.
    pub mean_wait_s: f64,
    /// Share answered within the threshold.
    pub served_within: f64,
    /// Share who leave.
    pub abandoned: f64,
    /// Share who leave within the threshold.
    pub abandoned_within: f64,
}

/// A question without an answer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StaffingError {
    /// A number that cannot be: negative, infinite, or a service level outside 0 to 1.
    #[error("{what} is {value}, which cannot be")]
    Nonsense {
        /// Which.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// Without patience, the queue would grow for ever.
    #[error("{agents} agents cannot serve {erlangs} erlangs: callers come faster than they are served")]
    Overloaded {
        /// How many.
        agents: u32,
        /// The load.
        erlangs: f64,
    },
    /// Even [`MAX_AGENTS`] are not enough.
    #[error("more than {MAX_AGENTS} agents would be needed")]
    TooMany,
}

impl Load {
    /// The offered load in erlangs: the agents that would be busy if nobody ever waited.
    #[must_use]
    pub fn erlangs(&self) -> f64 {
        self.calls_per_hour * self.aht_s / 3_600.0
    }
    fn check(&self) -> Result<(), StaffingError> {
        sound("calls_per_hour", self.calls_per_hour)?;
        sound("aht_s", self.aht_s)
    }
    /// Arrivals a second.
    fn arrivals(&self) -> f64 {
        self.calls_per_hour / 3_600.0
    }
}

fn sound(what: &'static str, value: f64) -> Result<(), StaffingError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(StaffingError::Nonsense { what, value }) }
}

/// Erlang B: the share of callers who find all agents busy, if they then go away. B(k) = aB/(k + aB).
#[must_use]
pub fn blocking(erlangs: f64, agents: u32) -> f64 {
    (1..=agents).fold(1.0, |blocked, agent| next_blocking(erlangs, agent, blocked))
}

fn next_blocking(erlangs: f64, agent: u32, blocked: f64) -> f64 {
    erlangs * blocked / (f64::from(agent) + erlangs * blocked)
}

/// Erlang C: everybody waits until served.
///
/// # Errors
/// [`StaffingError::Overloaded`] unless there are more agents than erlangs.
pub fn without_patience(load: &Load, agents: u32, threshold_s: f64) -> Result<Outlook, StaffingError> {
    load.check()?;
    let erlangs = load.erlangs();
    if f64::from(agents) <= erlangs {
        return Err(StaffingError::Overloaded { agents, erlangs });
    }
    Ok(outlook_c(load, agents, threshold_s, blocking(erlangs, agents)))
}

fn outlook_c(load: &Load, agents: u32, threshold_s: f64, blocked: f64) -> Outlook {
    let (n, erlangs) = (f64::from(agents), load.erlangs());
    let p_wait = n * blocked / (n - erlangs * (1.0 - blocked));
    let spare = (n - erlangs) / load.aht_s;
    Outlook {
        occupancy: erlangs / n,
        p_wait,
        mean_wait_s: p_wait / spare,
        served_within: 1.0 - p_wait * (-spare * threshold_s).exp(),
        abandoned: 0.0,
        abandoned_within: 0.0,
    }
}

/// The least number of agents whose Erlang C service level (share answered within the threshold) reaches a target.
///
/// # Errors
/// [`StaffingError::Nonsense`] for a target outside 0 to 1, [`StaffingError::TooMany`].
pub fn required_agents(load: &Load, threshold_s: f64, target: f64) -> Result<u32, StaffingError> {
    load.check()?;
    if !(0.0..1.0).contains(&target) {
        return Err(StaffingError::Nonsense { what: "target", value: target });
    }
    let erlangs = load.erlangs();
    let mut blocked = 1.0;
    for agents in 1..=MAX_AGENTS {
        blocked = next_blocking(erlangs, agents, blocked);
        let stable = f64::from(agents) > erlangs;
        if stable && outlook_c(load, agents, threshold_s, blocked).served_within >= target {
            return Ok(agents);
        }
    }
    Err(StaffingError::TooMany)
}

/// Erlang A: a caller's patience is exponential with this mean.
///
/// With x = nμ/θ, y = λ/θ and A = 1 + Σ yᵏ/((x+1)…(x+k)): P(wait) = AB/(1 + (A−1)B), P(leave | wait) = 1/(ρA) + 1 − 1/ρ.
///
/// # Errors
/// [`StaffingError::Nonsense`] for numbers that cannot be.
pub fn with_patience(
    load: &Load,
    agents: u32,
    patience_s: f64,
    threshold_s: f64,
) -> Result<Outlook, StaffingError> {
    load.check()?;
    sound("patience_s", patience_s)?;
    sound("agents", f64::from(agents))?;
    if load.arrivals() * patience_s > MAX_ARRIVALS {
        return Err(StaffingError::Nonsense { what: "patience_s", value: patience_s });
    }
    let (n, erlangs) = (f64::from(agents), load.erlangs());
    let (service, impatience) = (n / load.aht_s, 1.0 / patience_s);
    let ln_a = ln_series(service / impatience, load.arrivals() / impatience);
    let blocked = blocking(erlangs, agents);
    // AB/(1 + (A−1)B) = 1/(1 + (1−B)/(AB))
    let p_wait = 1.0 / (1.0 + (1.0 - blocked) * (-ln_a - blocked.ln()).exp());
    let rho = erlangs / n;
    let leave = (-ln_a).exp() / rho + 1.0 - 1.0 / rho;
    let abandoned = p_wait * leave;
    let waits = Waits { arrivals: load.arrivals(), service, impatience, ln_total: ln_a - service.ln() };
    let (within, leaving) = waits.until(threshold_s);
    Ok(Outlook {
        occupancy: rho * (1.0 - abandoned),
        p_wait,
        mean_wait_s: abandoned * patience_s,
        served_within: 1.0 - p_wait + p_wait * (within - leaving),
        abandoned,
        abandoned_within: p_wait * (leaving - (1.0 - within) * (-impatience * threshold_s).exp_m1()),
    })
}

/// ln(1 + Σ yᵏ/((x+1)…(x+k))), rescaled before it grows out of range.
fn ln_series(x: f64, y: f64) -> f64 {
    const LARGE: f64 = 1e250;
    let (mut sum, mut term, mut scale, mut k) = (1.0_f64, 1.0_f64, 0.0, 0.0);
    loop {
        k += 1.0;
        term *= y / (x + k);
        sum += term;
        if sum > LARGE {
            sum /= LARGE;
            term /= LARGE;
            scale += LARGE.ln();
        }
        if x + k > y && term < sum * 1e-17 * (1.0 - y / (x + k)) {
            return scale + sum.ln();
        }
    }
}

/// The wait that a caller who has to wait would have with endless patience: density ∝ exp(λ(1−e^−θt)/θ − nμt).
struct Waits {
    arrivals: f64,
    service: f64,
    impatience: f64,
    /// Logarithm of the density's integral.
    ln_total: f64,
}

impl Waits {
    fn density(&self, t: f64) -> f64 {
        let come = -self.arrivals / self.impatience * (-self.impatience * t).exp_m1();
        (come - self.service * t - self.ln_total).exp()
    }
    /// The share with a wait up to `until`, and the share that has such a wait and leaves before it is over.
    ///
    /// The second follows from the first: the density's derivative is (λe^−θt − nμ) times itself.
    fn until(&self, until: f64) -> (f64, f64) {
        let rate = self.service + self.arrivals;
        let panels = (until * rate / 2.0).ceil().clamp(1.0, 200_000.0);
        let width = until / panels;
        let mut within = 0.0;
        let mut panel = 0.0;
        while panel < panels {
            within += self.panel(panel * width, width);
            panel += 1.0;
        }
        let served = (self.density(until) - self.density(0.0) + self.service * within) / self.arrivals;
        (within, within - served)
    }
    /// Gauss–Legendre with ten points.
    fn panel(&self, from: f64, width: f64) -> f64 {
        const NODES: [(f64, f64); 5] = [
            (0.148_874_338_981_631_2, 0.295_524_224_714_752_9),
            (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
            (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
            (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
            (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
        ];
        let (middle, half) = (from + width / 2.0, width / 2.0);
        let pair = |(node, weight): (f64, f64)| {
            weight * (self.density(middle - half * node) + self.density(middle + half * node))
        };
        half * NODES.into_iter().map(pair).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHOR: Load = Load { calls_per_hour: 200.0, aht_s: 180.0 };

    fn near(ours: f64, given: f64, tolerance: f64) {
        assert!((ours - given).abs() <= tolerance, "{ours} is not {given}");
    }

    #[test]
    fn the_anchors_of_100_calls_in_half_an_hour_hold() {
        for (agents, p_wait, level, asa, occupancy, p_wait_a, abandoned) in [
            (11, 0.682, 39.0, 122.8, 0.909, 0.383, 9.4),
            (12, 0.449, 64.0, 40.4, 0.833, 0.280, 6.2),
            (13, 0.285, 79.6, 17.1, 0.769, 0.194, 3.8),
            (14, 0.174, 88.8, 7.8, 0.714, 0.127, 2.3),
        ] {
            let c = without_patience(&ANCHOR, agents, 20.0).unwrap();
            near(c.p_wait, p_wait, 5e-4);
            near(c.served_within * 100.0, level, 0.05);
            near(c.mean_wait_s, asa, 0.05);
            near(c.occupancy, occupancy, 5e-4);
            let a = with_patience(&ANCHOR, agents, 120.0, 20.0).unwrap();
            near(a.p_wait, p_wait_a, 5e-4);
            near(a.abandoned * 100.0, abandoned, 0.05);
        }
    }

    #[test]
    fn endless_patience_is_erlang_c() {
        let (a, c) =
            (with_patience(&ANCHOR, 12, 1e9, 20.0).unwrap(), without_patience(&ANCHOR, 12, 20.0).unwrap());
        near(a.p_wait, c.p_wait, 1e-6);
        near(a.served_within, c.served_within, 1e-6);
        near(a.mean_wait_s, c.mean_wait_s, 1e-3);
    }

    #[test]
    fn everybody_is_served_or_leaves() {
        for agents in [1, 5, 10, 20, 2_000] {
            let long = with_patience(&ANCHOR, agents, 90.0, 4_000.0).unwrap();
            near(long.served_within + long.abandoned, 1.0, 1e-9);
            near(long.abandoned_within, long.abandoned, 1e-9);
        }
    }

    #[test]
    fn a_queue_that_would_never_end_is_refused_and_patience_ends_it() {
        assert!(matches!(without_patience(&ANCHOR, 10, 20.0), Err(StaffingError::Overloaded { .. })));
        let crowd = Load { calls_per_hour: 2_000_000.0, aht_s: 180.0 };
        let outlook = with_patience(&crowd, 50_000, 120.0, 20.0).unwrap();
        near(outlook.abandoned, 0.5, 1e-9);
        near(outlook.p_wait, 1.0, 1e-12);
    }

    #[test]
    fn ten_thousand_erlangs_are_staffed_with_the_least_number() {
        let large = Load { calls_per_hour: 200_000.0, aht_s: 180.0 };
        let agents = required_agents(&large, 20.0, 0.8).unwrap();
        let level = |agents| without_patience(&large, agents, 20.0).unwrap().served_within;
        assert!(level(agents) >= 0.8 && level(agents - 1) < 0.8, "{agents}");
        assert_eq!(required_agents(&large, 20.0, 1.0).ok(), None);
        assert_eq!(required_agents(&Load { calls_per_hour: f64::NAN, ..large }, 20.0, 0.8).ok(), None);
    }
}
