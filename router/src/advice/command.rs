//! The command line of `sambung suggest`.

use super::{file, json, read, words};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use suggest::{Day, Model, Purchase, Rules, Settings, StoreError, evaluate, value::ValueRules};

/// The model's file if nobody says otherwise.
const MODEL: &str = "suggestions.model";

/// What is asked.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Learn from order lines, and write the model that cards read.
    ///
    /// A model that is there already is replaced; what was noted of suggestions in it is kept, and its contacts unless
    /// --contacts names others.
    Train {
        /// Which order lines.
        #[command(flatten)]
        lines: Lines,
        /// What agents have handled, also CSV: customer, date, minutes.
        #[arg(long, value_name = "FILE")]
        contacts: Option<PathBuf>,
        /// Where to write the model.
        #[arg(long, value_name = "FILE", default_value = MODEL)]
        model: PathBuf,
    },
    /// Show what would be suggested to a customer, why, and what the customer is worth.
    Show {
        /// The customer's id, as in the order lines.
        #[arg(value_name = "CUSTOMER")]
        customer: String,
        /// The model; by default the configuration's, or suggestions.model.
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
        /// The configuration that says what classes, values and priorities go by; their defaults if not given.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// As of this day; today if not given.
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// One object of JSON.
        #[arg(long)]
        json: bool,
    },
    /// How well it would have served: learnt up to a day, and tried on what customers ordered next.
    ///
    /// Each list stands beside what everybody would be told without it, the most popular products, with bounds of 95 %
    /// confidence.
    Evaluate {
        /// Which order lines.
        #[command(flatten)]
        lines: Lines,
        /// The last day to learn from; three months before --to if not given.
        #[arg(long, value_name = "DATE")]
        learn_to: Option<Date>,
        /// The last day to try; the last one in the file if not given.
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
        /// One object of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where order lines are, and which of them count.
#[derive(Clone, Debug, clap::Args)]
pub struct Lines {
    /// CSV, also compressed (.gz): order, product, description, quantity, date, price (of a piece), customer.
    #[arg(value_name = "LINES")]
    pub file: PathBuf,
    /// One more code that is no product, such as postage; may be given several times.
    #[arg(long, value_name = "CODE")]
    pub not_goods: Vec<String>,
    /// What stands before the digits of a cancelled order's number; "" where no number says so.
    #[arg(long, value_name = "PREFIX", default_value = "C")]
    pub cancelled: String,
    /// Learn from no day before this one.
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AdviceError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Configuration(#[from] config::Problems),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file has no lines as they should be.
    #[error("{path}: {error}")]
    Lines {
        /// Which.
        path: PathBuf,
        /// Why.
        error: suggest::lines::LineError,
    },
    /// Too many lines cannot be read.
    #[error("{path}: {wrong} of {all} lines cannot be read, more than one in a hundred; the first: {first}")]
    TooManyWrong {
        /// Which.
        path: PathBuf,
        /// How many.
        wrong: u64,
        /// Of how many.
        all: u64,
        /// What is wrong with the first.
        first: String,
    },
    /// Nothing that counts.
    #[error("{path}: no line counts as a purchase; {why}")]
    NothingBought {
        /// Which.
        path: PathBuf,
        /// What the lines are instead.
        why: String,
    },
    /// No model.
    #[error("{path}: {error}")]
    Model {
        /// Which.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// Somebody else's file.
    #[error("{0}: it is no model of suggestions, and is left as it is; name another with --model")]
    Foreign(PathBuf),
    /// Nobody to show.
    #[error("nothing is known of customer {customer:?}; {path} knows {known} customers")]
    NoSuchCustomer {
        /// Who.
        customer: String,
        /// The model.
        path: PathBuf,
        /// How many it knows.
        known: usize,
    },
    /// Days in the wrong sequence.
    #[error(
        "there are no orders to try between {after} and {to}; the file ends on {last}: choose --learn-to and --to before"
    )]
    NothingToTry {
        /// Learnt up to.
        after: Day,
        /// Tried up to.
        to: Day,
        /// The last day there is.
        last: Day,
    },
    /// It cannot be written. Our own defect.
    #[error("the answer cannot be shown: {0}")]
    Json(#[from] serde_json::Error),
}

impl AdviceError {
    /// Whether the question is at fault.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Configuration(_)
            | Self::Foreign(_)
            | Self::NoSuchCustomer { .. }
            | Self::NothingToTry { .. } => true,
            Self::Io { .. }
            | Self::Lines { .. }
            | Self::TooManyWrong { .. }
            | Self::NothingBought { .. }
            | Self::Model { .. }
            | Self::Json(_) => false,
        }
    }
}

/// Does what is asked; the text to show. `tell` hears a line now and then while it takes.
///
/// # Errors
/// [`AdviceError`].
pub fn run(command: &Command, tell: impl Fn(&str)) -> Result<String, AdviceError> {
    match command {
        Command::Train { lines, contacts, model } => train(lines, contacts.as_deref(), model, &tell),
        Command::Show { customer, model, config, on, json } => {
            let (path, rules) = goes_by(model.as_deref(), config.as_deref())?;
            show(customer, &path, &rules, *on, *json)
        }
        Command::Evaluate { lines, learn_to, to, json } => try_out(lines, *learn_to, *to, *json, &tell),
    }
}

fn train(
    from: &Lines,
    contacts: Option<&Path>,
    to: &Path,
    tell: &impl Fn(&str),
) -> Result<String, AdviceError> {
    let before = file::load_to_replace(to, tell)?;
    let lines = read::lines(&from.file, tell)?;
    let handled = contacts.map(|path| read::contacts(path, tell)).transpose()?;
    tell(&format!("learning from {} lines", lines.len()));
    let mut model = Model::train(Settings::default(), from.rules(), lines);
    something_bought(&model, &from.file)?;
    let today = today();
    for contact in handled.iter().flatten().filter(|one| !one.customer.is_empty() && one.day <= today) {
        model.contacted(&contact.customer, contact.day, contact.minutes);
    }
    if let Some(before) = before {
        model.take_over_outcomes(&before);
        if handled.is_none() {
            model.take_over_contacts(&before);
        }
    }
    let bytes = file::save(&model, to)?;
    Ok(words::trained(&model, to, bytes))
}

fn something_bought(model: &Model, path: &Path) -> Result<(), AdviceError> {
    if model.counts().bought > 0 {
        return Ok(());
    }
    let why = words::counts(&model.counts());
    Err(AdviceError::NothingBought { path: path.to_owned(), why })
}

/// The model and the rules that a configuration names, or those there are without one.
fn goes_by(model: Option<&Path>, file: Option<&Path>) -> Result<(PathBuf, ValueRules), AdviceError> {
    let configured = match file {
        Some(file) => config::load(file)?.0.suggestions,
        None => None,
    };
    let rules = configured.as_ref().map_or_else(ValueRules::default, super::rules);
    let model = model.map(Path::to_owned).or_else(|| configured.map(|of| of.model));
    Ok((model.unwrap_or_else(|| PathBuf::from(MODEL)), rules))
}

fn show(
    customer: &str,
    path: &Path,
    rules: &ValueRules,
    on: Option<Date>,
    as_json: bool,
) -> Result<String, AdviceError> {
    let model = file::load(path)?;
    let today = on.map_or_else(today, Day::of);
    let Some(standing) = model.standing(customer, today, rules) else {
        let known = model.size().0;
        return Err(AdviceError::NoSuchCustomer { customer: customer.into(), path: path.into(), known });
    };
    let shown = words::Shown {
        customer,
        priority: model.ladder(today, rules).priority(&standing),
        standing,
        likely_next: model.likely_next(customer, today, evaluate::LENGTH),
        fits_with: model.fits_with(customer, today, evaluate::LENGTH),
    };
    if as_json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&json::shown(&shown))?));
    }
    Ok(shown.text())
}

fn try_out(
    from: &Lines,
    learn_to: Option<Date>,
    to: Option<Date>,
    as_json: bool,
    tell: &impl Fn(&str),
) -> Result<String, AdviceError> {
    let lines = read::lines(&from.file, tell)?;
    let rules = from.rules();
    let last = last_day(&lines, &rules, &from.file)?;
    let tested_to = to.map_or(last, Day::of).min(last);
    let trained_to = learn_to.map_or_else(|| tested_to.plus(-THREE_MONTHS), Day::of);
    tell(&format!("learning up to {trained_to}, trying up to {tested_to}"));
    let split = evaluate::Split { trained_to, tested_to };
    let found = evaluate::evaluate(&Settings::default(), &rules, &lines, split);
    if found.likely_next.list.hit.of == 0 {
        return Err(AdviceError::NothingToTry { after: trained_to, to: tested_to, last });
    }
    if as_json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&json::evaluated(split, &found))?));
    }
    Ok(words::evaluated(split, &found))
}

/// Days that are tried if nobody says otherwise.
const THREE_MONTHS: i32 = 91;

fn last_day(lines: &[Purchase], rules: &Rules, path: &Path) -> Result<Day, AdviceError> {
    let mut counts = suggest::Counts::default();
    let mut last = None;
    for line in lines {
        let kind = rules.kind(line);
        counts.count(kind);
        if kind == suggest::Kind::Bought {
            last = last.max(Some(line.day));
        }
    }
    let nothing = || AdviceError::NothingBought { path: path.to_owned(), why: words::counts(&counts) };
    last.ok_or_else(nothing)
}

fn today() -> Day {
    Day::of(jiff::Zoned::now().date())
}

impl Lines {
    fn rules(&self) -> Rules {
        let mut rules = Rules { cancelled: self.cancelled.to_uppercase(), ..Rules::default() };
        rules.not_goods.extend(self.not_goods.iter().map(|code| code.to_uppercase()));
        rules.not_before = self.since.map_or(rules.not_before, Day::of);
        rules.not_after = today();
        rules
    }
}
