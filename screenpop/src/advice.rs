//! What to offer the caller and what they are worth, from the model that `sambung suggest train` has written.
//!
//! The model is read beside calls and looked at again every second, so that a nightly training reaches the cards by
//! itself; a look-up only asks what is in memory. A file that is missing or damaged costs a card these sections, and
//! nothing else. What is suggested, and why, decides [`suggest`].

use crate::card::{Section, SectionStatus};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use suggest::value::{CallPriority, Ladder, ValueRules};
use suggest::{Day, Model};
use tokio::runtime::Handle;

/// Suggestions on each list of a card: what an agent can read while a caller speaks.
pub const SUGGESTIONS: usize = 5;
/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Largest model that is read, in bytes.
const MAX_MODEL: u64 = 2 << 30;

/// Names on the card of what this fills.
pub(crate) const SECTIONS: [&str; 3] = [LIKELY_NEXT, FITS_WITH, VALUE];
const LIKELY_NEXT: &str = "likely_next";
const FITS_WITH: &str = "fits_with";
const VALUE: &str = "value";
/// Where these sections come from, for a reader.
pub(crate) const SOURCE: &str = "suggestions";

/// Suggestions as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct AdviceSpec {
    /// The model's file. It need not exist yet.
    pub model: PathBuf,
    /// The source whose id of a customer the model knows.
    pub customers: String,
    /// Who may see what to offer; everybody if `None`.
    pub role: Option<String>,
    /// Who may see what the customer is worth; everybody if `None`.
    pub value_role: Option<String>,
    /// What classes and priorities go by.
    pub rules: ValueRules,
    /// When a day begins.
    pub zone: TimeZone,
}

/// The model in memory.
#[derive(Debug)]
pub(crate) struct Adviser {
    spec: AdviceSpec,
    known: RwLock<Arc<Known>>,
}

/// A model as it was read, with what follows from it on one day.
#[derive(Debug, Default)]
struct Known {
    /// Which file it is.
    identity: Option<Identity>,
    model: Option<Arc<Model>>,
    ladder: Ladder,
    /// None before the first look.
    today: Option<Day>,
}

/// Device, inode, time of change and size: a file put in another's place differs, and one written anew.
type Identity = (u64, u64, i64, i64, u64);

/// What is to be said of one customer.
pub(crate) struct Advice {
    /// By section; null where there is nothing to say.
    pub sections: [(&'static str, Value); 3],
    pub priority: Option<CallPriority>,
}

impl Adviser {
    /// Reads the model, and again whenever its file changes, until nobody holds the adviser any more.
    pub fn start(spec: AdviceSpec, runtime: &Handle) -> Arc<Self> {
        let adviser = Arc::new(Self { spec, known: RwLock::default() });
        adviser.look(); // the first call has its advice, too
        runtime.spawn(keep_up(Arc::downgrade(&adviser)));
        adviser
    }

    /// Whether this source's ids are those of the model.
    pub fn knows_ids_of(&self, source: &str) -> bool {
        self.spec.customers == source
    }

    /// Whether it may say that a call goes before others.
    pub const fn has_priorities(&self) -> bool {
        !self.spec.rules.ladder.is_empty()
    }

    /// Its sections before anybody has answered.
    pub fn blank_sections(&self, asked: bool) -> impl Iterator<Item = (String, Section)> {
        SECTIONS.into_iter().map(move |name| {
            let role = if name == VALUE { &self.spec.value_role } else { &self.spec.role };
            let mut section = Section::pending(SOURCE, role.as_deref());
            if !asked {
                section.status = SectionStatus::Empty;
            }
            (name.to_owned(), section)
        })
    }

    /// What is to be said of a customer; none while there is no model.
    pub fn advise(&self, customer: &str) -> Option<Advice> {
        let known = self.known();
        let (model, today) = (known.model.as_ref()?, known.today?);
        let standing = model.standing(customer, today, &self.spec.rules);
        let priority = standing.as_ref().and_then(|standing| known.ladder.priority(standing));
        let list = |list: Vec<suggest::Suggestion>| match list.is_empty() {
            true => Value::Null,
            false => json!({ "rows": list }),
        };
        // What everybody buys is no advice about somebody of whom nothing is known.
        let likely_next = match standing {
            Some(_) => model.likely_next(customer, today, SUGGESTIONS),
            None => Vec::new(),
        };
        let fits_with = model.fits_with(customer, today, SUGGESTIONS);
        let value = standing.map_or(Value::Null, |standing| json!(standing));
        let sections = [(LIKELY_NEXT, list(likely_next)), (FITS_WITH, list(fits_with)), (VALUE, value)];
        Some(Advice { sections, priority })
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file if it is another than the one in memory, and turns the page when a day begins.
    fn look(&self) {
        let before = self.known();
        let identity = self.identity();
        let today = Some(Day::of(jiff::Timestamp::now().to_zoned(self.spec.zone.clone()).date()));
        let model = if identity != before.identity || before.today.is_none() {
            self.read(identity).map(Arc::new)
        } else if today != before.today {
            before.model.clone()
        } else {
            return;
        };
        let ladder = model.as_ref().zip(today).map(|(model, today)| model.ladder(today, &self.spec.rules));
        let known = Known { identity, model, ladder: ladder.unwrap_or_default(), today };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    fn identity(&self) -> Option<Identity> {
        let of = std::fs::metadata(&self.spec.model).ok()?;
        Some((of.dev(), of.ino(), of.mtime(), of.mtime_nsec(), of.len()))
    }

    /// The log hears once of every file that cannot be used.
    fn read(&self, identity: Option<Identity>) -> Option<Model> {
        let path = self.spec.model.display();
        match self.try_read(identity) {
            Ok(model) => {
                let (customers, products) = model.size();
                tracing::info!(%path, customers, products, "suggestions go by this model");
                Some(model)
            }
            Err(why) => {
                tracing::warn!(%path, why, "no suggestions on cards until sambung suggest train writes a model");
                None
            }
        }
    }

    fn try_read(&self, identity: Option<Identity>) -> Result<Model, String> {
        match identity {
            None => Err("it is not there".to_owned()),
            Some((.., bytes)) if bytes > MAX_MODEL => Err(format!("{bytes} bytes are too many")),
            Some(_) => {
                let bytes = std::fs::read(&self.spec.model).map_err(|error| error.to_string())?;
                Model::from_bytes(&bytes).map_err(|error| error.to_string())
            }
        }
    }
}

async fn keep_up(adviser: Weak<Adviser>) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(adviser) = adviser.upgrade() else { return };
        // Off the path of calls: a large model takes a second to read.
        if let Err(error) = tokio::task::spawn_blocking(move || adviser.look()).await {
            tracing::warn!(%error, "the model of suggestions could not be looked at; it is tried again");
        }
    }
}
