//! Means of independent replications, and how sure they are.

/// Independent replications of each case.
pub const REPLICATIONS: usize = 20;
/// What chance may leave outside, of all measures of a table together.
const RISK: f64 = 0.01;

/// One measure of one case: what theory says, and what each replication found.
pub struct Measure {
    /// Case and measure, for the reader.
    pub name: String,
    /// The exact value.
    pub expected: f64,
    /// The mean of each replication.
    pub found: Vec<f64>,
}

impl Measure {
    fn mean(&self) -> f64 {
        self.found.iter().sum::<f64>() / self.found.len() as f64
    }
    fn standard_error(&self) -> f64 {
        let (mean, n) = (self.mean(), self.found.len() as f64);
        let squares: f64 = self.found.iter().map(|found| (found - mean) * (found - mean)).sum();
        (squares / (n - 1.0) / n).sqrt()
    }
    /// How many standard errors the simulation is off.
    fn t(&self) -> f64 {
        let (off, error) = (self.mean() - self.expected, self.standard_error());
        if off.abs() < 1e-12 { 0.0 } else { off / error.max(1e-300) }
    }
    fn line(&self, bound: f64) -> String {
        let half = bound * self.standard_error();
        let (name, mean, expected, t) = (&self.name, self.mean(), self.expected, self.t());
        format!("{name:28} {expected:12.5} {mean:12.5} ± {half:9.5} t {t:6.2}")
    }
}

/// What came of a table.
pub struct Judgement {
    /// Outside the interval that all measures together lie in at 99 %.
    pub wrong: Vec<String>,
    /// Outside their own 99 % interval.
    pub outside: usize,
    /// How many measures.
    pub measures: usize,
}

/// Judges a table and prints it.
pub fn judge(measures: &[Measure]) -> Judgement {
    let each = t_quantile(REPLICATIONS - 1, RISK);
    let all = t_quantile(REPLICATIONS - 1, RISK / measures.len() as f64);
    let mut wrong = Vec::new();
    println!("{:28} {:>12} {:>12}   half of the 99 % interval", "case", "theory", "brain");
    for measure in measures {
        println!("{}", measure.line(each));
        if measure.t().abs() > all {
            wrong.push(measure.line(all));
        }
    }
    let outside = measures.iter().filter(|measure| measure.t().abs() > each).count();
    println!(
        "{outside} of {} outside their 99 % interval, {} outside that of all",
        measures.len(),
        wrong.len()
    );
    Judgement { wrong, outside, measures: measures.len() }
}

/// A table agrees: nothing outside the interval of all, and no more outside their own than chance leaves there.
pub fn assert_agrees(measures: &[Measure]) {
    let judged = judge(measures);
    assert!(judged.wrong.is_empty(), "the brain contradicts theory:\n{}", judged.wrong.join("\n"));
    // The number outside is about Poisson with this mean; more than 4 σ and one above it is not chance.
    let chance = RISK * judged.measures as f64;
    assert!(judged.outside as f64 <= chance + 4.0 * chance.sqrt() + 1.0, "{} outside", judged.outside);
}

/// The t of so many degrees of freedom beyond which, on both sides together, lies this share.
fn t_quantile(freedom: usize, share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 50.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if 1.0 - 2.0 * between_zero_and(middle, freedom as f64) > share {
            low = middle
        } else {
            high = middle
        }
    }
    (low + high) / 2.0
}

/// Integral of Student's density from 0 (Simpson's rule).
fn between_zero_and(t: f64, freedom: f64) -> f64 {
    let constant = libm::lgamma((freedom + 1.0) / 2.0)
        - libm::lgamma(freedom / 2.0)
        - 0.5 * (freedom * std::f64::consts::PI).ln();
    let density = |x: f64| (constant - (freedom + 1.0) / 2.0 * (x * x / freedom).ln_1p()).exp();
    let (steps, mut sum) = (2_000, density(0.0) + density(t));
    let width = t / f64::from(steps);
    for i in 1..steps {
        sum += density(f64::from(i) * width) * if i % 2 == 1 { 4.0 } else { 2.0 };
    }
    sum * width / 3.0
}

#[test]
fn t_is_that_of_the_tables() {
    for (freedom, share, t) in [(19, 0.01, 2.860_935), (19, 0.05, 2.093_024), (9, 0.001, 4.780_913)] {
        assert!((t_quantile(freedom, share) - t).abs() < 1e-5, "{}", t_quantile(freedom, share));
    }
}
