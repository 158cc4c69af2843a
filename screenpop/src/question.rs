//! What is asked on behalf of one call: its numbers, its deadlines, and what is bound to a query's parameters.

use crate::caller::{Caller, Privacy, Validity};
use crate::matching::{Choice, Customer};
use crate::sources::params::{Param, Rewritten};
use crate::sources::sqlite::{Bind, Limit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A query ready to run.
#[derive(Debug)]
pub(crate) struct Query {
    pub sql: Arc<str>,
    params: Vec<Param>,
}

impl Query {
    /// How many parameters it has.
    pub const fn parameters(&self) -> usize {
        self.params.len()
    }
    /// Whether it is about one customer; otherwise the number is enough.
    pub fn needs_customer(&self) -> bool {
        self.params.contains(&Param::Customer)
    }
}

impl From<Rewritten> for Query {
    fn from(rewritten: Rewritten) -> Self {
        Self { sql: rewritten.sql.into(), params: rewritten.params }
    }
}

/// What is asked on behalf of one call.
pub(crate) struct Question {
    e164: Option<Arc<str>>,
    national: Option<Arc<str>>,
    called: Arc<str>,
    pub withheld: bool,
    pub validity: Validity,
    pub choice: Option<Choice>,
    started: Instant,
    cancelled: Arc<AtomicBool>,
}

impl Question {
    pub fn new(caller: &Caller, called: &str, choice: Option<Choice>) -> Self {
        let withheld = caller.privacy == Privacy::Withheld;
        let number = |text: &Option<String>| text.as_deref().filter(|_| !withheld).map(Arc::from);
        Self {
            e164: number(&caller.e164),
            national: number(&caller.national),
            called: called.into(),
            withheld,
            validity: caller.validity,
            choice,
            started: Instant::now(),
            cancelled: Arc::default(),
        }
    }

    /// Whether there is a number to look up.
    pub const fn is_worth_asking(&self) -> bool {
        self.e164.is_some() || self.national.is_some()
    }

    /// When a source with this deadline has to stop.
    pub fn limit(&self, deadline: Duration) -> Limit {
        Limit { deadline: self.started + deadline, cancelled: Arc::clone(&self.cancelled) }
    }

    /// Nobody wants the answer any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Since the look-up started.
    pub fn elapsed_ms(&self) -> u32 {
        u32::try_from(self.started.elapsed().as_millis()).unwrap_or(u32::MAX)
    }

    /// The values of a query's parameters; `None` if every number it goes by is missing.
    pub fn binds(&self, query: &Query, customer: Option<&Customer>) -> Option<Vec<Bind>> {
        let is_number = |param: &&Param| matches!(param, Param::E164 | Param::National);
        let mut numbers = query.params.iter().filter(is_number).peekable();
        if numbers.peek().is_some() && numbers.all(|param| self.bind(*param, customer) == Bind::Null) {
            return None;
        }
        Some(query.params.iter().map(|param| self.bind(*param, customer)).collect())
    }

    fn bind(&self, param: Param, customer: Option<&Customer>) -> Bind {
        let text = |text: Option<&Arc<str>>| text.map_or(Bind::Null, |text| Bind::Text(Arc::clone(text)));
        match param {
            Param::E164 => text(self.e164.as_ref()),
            Param::National => text(self.national.as_ref()),
            Param::Called => text(Some(&self.called)),
            // An id goes back as what it was: a text would not equal a number in every query.
            Param::Customer => customer.map_or(Bind::Null, |customer| match customer.id.as_i64() {
                Some(id) => Bind::Int(id),
                None => Bind::Text(customer.id_text.as_str().into()),
            }),
        }
    }
}
