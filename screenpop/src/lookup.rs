//! Carries one look-up: asks all sources at once and fills the card as they answer.
//!
//! Every source keeps its own deadline and none waits for another. Whose number it is decides [`crate::matching`];
//! how a database is asked, [`crate::sources`].

mod trial;

use crate::advice::{self, AdviceSpec, Adviser};
use crate::board::Board;
use crate::caller::{Caller, Region};
use crate::card::{Card, Match, MatchKind, Section, SectionStatus};
use crate::matching::{self, Choice, Customer};
use crate::question::{Query, Question};
use crate::sources::sqlite::{SourceError, Sqlite};
use crate::sources::{self, OpenError, Rows, SourceSpec};
use futures_util::future::{join, join_all};
use std::sync::{Arc, Once};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// Look-ups at the same time. Beyond it a call gets a card whose sections say `error`, at once.
pub const MAX_LOOK_UPS: usize = 1_024;

/// The configured sources, ready to be asked. One for the whole process.
#[derive(Debug)]
pub struct ScreenPop {
    sources: Vec<Source>,
    region: Region,
    runtime: Handle,
    permits: Arc<Semaphore>,
    adviser: Option<Arc<Adviser>>,
}

#[derive(Debug)]
struct Source {
    spec: SourceSpec,
    find: Query,
    sections: Vec<SectionPlan>,
    sqlite: Arc<Sqlite>,
    /// The log says once, not at every call, that `find` is wrong.
    told_no_id: Once,
}

#[derive(Debug)]
struct SectionPlan {
    name: String,
    role: Option<String>,
    query: Query,
}

/// A customer that is not on the card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No candidate has this id.
    #[error("customer {0:?} is not among the candidates of this card")]
    NotACandidate(String),
    /// Ids belong to sources, and several sources use this one.
    #[error("customer {0:?} exists in several sources; say which by \"source\"")]
    Ambiguous(String),
}

impl ScreenPop {
    /// Checks the sources. Databases are opened when the first call needs them; one that is missing is no error here.
    ///
    /// # Errors
    ///
    /// The first of [`ScreenPop::problems`], or [`OpenError::NoRuntime`] outside a tokio runtime.
    pub fn open(sources: Vec<SourceSpec>, region: Region) -> Result<Arc<Self>, OpenError> {
        Self::open_with(sources, region, None)
    }

    /// The same, with suggestions beside what the sources know.
    ///
    /// # Errors
    ///
    /// As [`ScreenPop::open`]; or [`OpenError::DuplicateSection`] where a source fills a section of the suggestions, and
    /// [`OpenError::NoSuchSource`] where theirs is none.
    pub fn open_with(
        sources: Vec<SourceSpec>,
        region: Region,
        advice: Option<AdviceSpec>,
    ) -> Result<Arc<Self>, OpenError> {
        let mut problems = Self::problems(&sources);
        problems
            .extend(advice.as_ref().into_iter().flat_map(|spec| sources::advice_problems(&sources, spec)));
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        let runtime = Handle::try_current().map_err(|_| OpenError::NoRuntime)?;
        let sources = sources.into_iter().map(Source::open).collect::<Result<_, _>>()?;
        let adviser = advice.map(|spec| Adviser::start(spec, &runtime));
        let permits = Arc::new(Semaphore::new(MAX_LOOK_UPS));
        Ok(Arc::new(Self { sources, region, runtime, permits, adviser }))
    }

    /// Whether a card may say that its call goes before others.
    #[must_use]
    pub fn has_priorities(&self) -> bool {
        self.adviser.as_ref().is_some_and(|adviser| adviser.has_priorities())
    }

    /// Everything that is wrong with these sources; asks no database.
    #[must_use]
    pub fn problems(sources: &[SourceSpec]) -> Vec<OpenError> {
        sources::problems(sources)
    }

    /// Whether there is anything to ask: without sources a call need not wait for its card.
    #[must_use]
    pub const fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// The region in which numbers without a country code are read.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// Starts a look-up. The card is there at once, with its sections pending, and changes as sources answer.
    ///
    /// `complete` is set with the last change, after which the sender is gone. Dropping the receiver cancels the
    /// queries that still run. A withheld caller is not looked up. Callable from any thread.
    #[must_use]
    pub fn look_up(self: &Arc<Self>, caller: &Caller, called: &str) -> watch::Receiver<Card> {
        self.start(Question::new(caller, called, None), 1)
    }

    /// Loads the card anew for the candidate that the agent chose; of a card with one candidate, reloads it.
    ///
    /// `source` is the candidate's; it may be left out while no other source has the same id. Revisions go on.
    ///
    /// # Errors
    ///
    /// [`SelectError`] if the card has no such candidate, or several.
    pub fn select(
        self: &Arc<Self>,
        caller: &Caller,
        called: &str,
        card: &Card,
        source: Option<&str>,
        customer_id: &str,
    ) -> Result<watch::Receiver<Card>, SelectError> {
        let candidates = &card.matched.candidates;
        let mut wanted = candidates
            .iter()
            .filter(|one| one.customer_id == customer_id && source.is_none_or(|source| source == one.source));
        let chosen = wanted.next().ok_or_else(|| SelectError::NotACandidate(customer_id.to_owned()))?;
        if wanted.next().is_some() {
            return Err(SelectError::Ambiguous(customer_id.to_owned()));
        }
        let choice = (candidates.len() > 1).then(|| Choice {
            source: chosen.source.clone(),
            customer_id: chosen.customer_id.clone(),
            name: chosen.display_name.clone(),
        });
        Ok(self.start(Question::new(caller, called, choice), card.rev.saturating_add(1)))
    }

    fn start(self: &Arc<Self>, question: Question, rev: u32) -> watch::Receiver<Card> {
        let (card, receiver) = watch::channel(self.blank(&question, rev));
        if card.borrow().complete {
            return receiver;
        }
        let names = self.sources.iter().map(|source| source.spec.name.clone());
        let advised = self.adviser.iter().flat_map(|_| advice::SECTIONS);
        let of_customer = self.sources.iter().flat_map(Source::customer_sections).chain(advised);
        let of_customer = of_customer.map(str::to_owned).collect();
        let board = Board::new(question, card, names, of_customer);
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => {
                let pop = Arc::clone(self);
                self.runtime.spawn(async move {
                    pop.run(&board).await;
                    drop(permit);
                });
            }
            Err(_full) => self.refuse(&board),
        }
        receiver
    }

    /// Too many look-ups at once: every section says so.
    fn refuse(&self, board: &Board) {
        for source in &self.sources {
            board.answered();
            board.settle(source.sections.iter().map(|plan| plan.name.as_str()), SectionStatus::Error);
        }
        if self.adviser.is_some() {
            board.settle(advice::SECTIONS, SectionStatus::Error);
        }
    }

    /// The card before anybody answers; already complete if nobody will be asked.
    fn blank(&self, question: &Question, rev: u32) -> Card {
        let asked = question.is_worth_asking() && self.has_sources();
        let advised = self.adviser.iter().flat_map(|adviser| adviser.blank_sections(asked));
        let sections = self.sources.iter().flat_map(|source| source.blank_sections(asked)).chain(advised);
        let sections = sections.collect();
        let kind = if question.withheld { MatchKind::Withheld } else { MatchKind::None };
        let matched = Match { kind, confidence: 0.0, candidates: Vec::new() };
        Card { rev, complete: !asked, matched, sections, priority: None }
    }

    /// Asks everybody; stops when nobody holds the card any more.
    async fn run(&self, board: &Board) {
        let sources = self.sources.iter().enumerate();
        let everybody = join_all(sources.map(|(at, source)| source.ask(at, board, self.adviser_of(source))));
        tokio::select! {
            _ = everybody => {}
            () = board.abandoned() => board.question.cancel(),
        }
    }

    /// Who goes by this source's ids.
    fn adviser_of(&self, source: &Source) -> Option<&Adviser> {
        self.adviser.as_deref().filter(|adviser| adviser.knows_ids_of(&source.spec.name))
    }
}

impl Source {
    fn open(spec: SourceSpec) -> Result<Self, OpenError> {
        let find = Query::from(sources::find_query(&spec)?);
        let plan = |section| {
            let query = Query::from(sources::section_query(&spec, section)?);
            Ok(SectionPlan { name: section.name.clone(), role: section.role.clone(), query })
        };
        let sections = spec.sections.iter().map(plan).collect::<Result<_, _>>()?;
        let sqlite = Arc::new(Sqlite::new(&spec.name, spec.path.clone(), spec.deadline));
        Ok(Self { spec, find, sections, sqlite, told_no_id: Once::new() })
    }

    fn blank_sections(&self, asked: bool) -> impl Iterator<Item = (String, Section)> {
        self.sections.iter().map(move |plan| {
            let mut section = Section::pending(&self.spec.name, plan.role.as_deref());
            if !asked {
                section.status = SectionStatus::Empty;
            }
            (plan.name.clone(), section)
        })
    }

    /// Sections that go by the number alone are read beside `find`; the others wait for it.
    async fn ask(&self, at: usize, board: &Board, adviser: Option<&Adviser>) {
        let by_number = self.sections.iter().filter(|plan| !plan.query.needs_customer());
        let by_number = join_all(by_number.map(|plan| self.fill(plan, None, board)));
        join(by_number, self.ask_for_customer(at, board, adviser)).await;
    }

    async fn ask_for_customer(&self, at: usize, board: &Board, adviser: Option<&Adviser>) {
        let found = self.find(board).await;
        let advised = adviser.iter().flat_map(|_| advice::SECTIONS);
        match found {
            Ok(found) => match board.found(at, found) {
                Some(customer) => {
                    if let Some(adviser) = adviser {
                        board.advise(adviser.advise(&customer.id_text));
                    }
                    let plans = self.sections.iter().filter(|plan| plan.query.needs_customer());
                    join_all(plans.map(|plan| self.fill(plan, Some(&customer), board))).await;
                }
                None => board.settle(self.customer_sections().chain(advised), SectionStatus::Empty),
            },
            Err(failure) => {
                board.answered();
                board.settle(self.customer_sections().chain(advised), failure.status());
            }
        }
    }

    fn customer_sections(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().filter(|plan| plan.query.needs_customer()).map(|plan| plan.name.as_str())
    }

    async fn find(&self, board: &Board) -> Result<Vec<Customer>, Failure> {
        let rows = self.rows(&self.find, None, board).await?;
        matching::customers(&rows).ok_or_else(|| {
            self.told_no_id.call_once(|| {
                tracing::warn!(
                    source = self.spec.name,
                    "find returns a row without id: name a column \"id\""
                );
            });
            Failure::Error
        })
    }

    async fn fill(&self, plan: &SectionPlan, customer: Option<&Customer>, board: &Board) {
        match self.rows(&plan.query, customer, board).await {
            Ok(rows) => board.fill(&plan.name, rows),
            Err(failure) => board.settle([plan.name.as_str()], failure.status()),
        }
    }

    /// No rows, without asking, if the query goes by a number that the caller does not have.
    async fn rows(&self, query: &Query, customer: Option<&Customer>, board: &Board) -> Result<Rows, Failure> {
        let Some(binds) = board.question.binds(query, customer) else { return Ok(Rows::default()) };
        let limit = board.question.limit(self.spec.deadline);
        self.sqlite.rows(Arc::clone(&query.sql), binds, limit).await.map_err(|error| match error {
            SourceError::Timeout => Failure::Timeout,
            SourceError::Database(_) | SourceError::Task(_) => Failure::Error,
        })
    }
}

enum Failure {
    Timeout,
    Error,
}

impl Failure {
    const fn status(&self) -> SectionStatus {
        match self {
            Self::Timeout => SectionStatus::Timeout,
            Self::Error => SectionStatus::Error,
        }
    }
}
