//! The command line of `sambung duplicates`.

use super::{DuplicatesError, ledger, read, results, review, run, words};
use duplicates::{
    Act, Cards, Doubt, Verdict,
    reasons::Language,
    sample::{self, Errors, Wanted},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Find which cards of a table are one person's: people.csv, doubts.csv and review.html. Changes nothing.
    Find {
        /// Which table.
        #[command(flatten)]
        table: Table,
        /// Where the results go; unless given, cards.csv has cards-duplicates.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Of the reasons.
        #[arg(long, value_enum, default_value_t = Tongue::En)]
        language: Tongue,
    },
    /// Ask about the pairs in doubt, those first from which most is learnt.
    Review {
        /// Which table.
        #[command(flatten)]
        table: Table,
        /// Who decides.
        #[command(flatten)]
        by: By,
        /// Of the reasons.
        #[arg(long, value_enum, default_value_t = Tongue::En)]
        language: Tongue,
    },
    /// Why two cards are taken for one person's, or not.
    Why {
        /// Which table.
        #[command(flatten)]
        table: Table,
        /// A card.
        one: String,
        /// Another.
        other: String,
        /// Of the reasons.
        #[arg(long, value_enum, default_value_t = Tongue::En)]
        language: Tongue,
    },
    /// Rule on cards: `same` merges them, `different` keeps them apart. Every later run goes by it.
    Decide {
        /// Which table.
        #[command(flatten)]
        table: Table,
        /// How.
        #[arg(value_enum)]
        verdict: Ruling,
        /// Two or more cards, by their ids.
        #[arg(num_args = 2.., required = true, value_name = "CARD")]
        cards: Vec<String>,
        /// Who decides.
        #[command(flatten)]
        by: By,
    },
    /// Take a decision back, by its number.
    Undo {
        /// Which table.
        #[command(flatten)]
        table: Table,
        /// Which.
        decision: u64,
        /// Who decides.
        #[command(flatten)]
        by: By,
    },
    /// List the decisions: who, when, what, and whether it is in force.
    Decisions {
        /// Which table.
        #[command(flatten)]
        table: Table,
    },
    /// Invent loyalty cards whose truth is known: cards.csv, and truth.csv beside it.
    Sample {
        /// Where to.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Rows.
        #[arg(long, default_value_t = 70_000, value_name = "N")]
        cards: usize,
        /// People; each has at least one card.
        #[arg(long, default_value_t = 40_000, value_name = "N")]
        people: usize,
        /// The same seed invents the same.
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
        /// Times the usual number of errors.
        #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
        errors: f64,
    },
}

/// A table of cards.
#[derive(Clone, Debug, clap::Args)]
pub struct Table {
    /// CSV with headings, a card a row. It is never changed.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What a column is, where its heading does not say it: id, name, phone, email, born, identity, street, place,
    /// postcode, sex, or none to leave it alone.
    #[arg(long = "column", value_name = "ROLE=HEADING")]
    pub columns: Vec<String>,
    /// Where decisions stand; unless given, cards.csv has cards.decisions.jsonl.
    #[arg(long, value_name = "FILE")]
    pub decisions: Option<PathBuf>,
    /// Draws the pairs that show what strangers share.
    #[arg(long, default_value_t = 1, value_name = "N", hide = true)]
    pub seed: u64,
}

/// Who decides.
#[derive(Clone, Debug, clap::Args)]
pub struct By {
    /// Who decides; unless given, who is logged in.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tongue {
    /// English.
    En,
    /// Indonesian.
    Id,
}

/// What cards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ruling {
    /// One person's.
    Same,
    /// Different people's.
    Different,
    /// Nobody can tell: not asked about again.
    Unsure,
}

/// Does it; the text to show. `tell` hears a line now and then while it takes.
///
/// # Errors
/// [`DuplicatesError`].
pub fn perform(command: &Command, tell: &dyn Fn(&str)) -> Result<String, DuplicatesError> {
    match command {
        Command::Find { table, out, language } => find(table, out.as_deref(), language.spoken(), tell),
        Command::Review { table, by, language } => asked(table, by, language.spoken(), tell),
        Command::Why { table, one, other, language } => why(table, [one, other], language.spoken(), tell),
        Command::Decide { table, verdict, cards, by } => decide(table, *verdict, cards, by),
        Command::Undo { table, decision, by } => undo(table, *decision, by),
        Command::Decisions { table } => decisions(table),
        Command::Sample { folder, cards, people, seed, errors } => invent(
            folder,
            &Wanted { cards: *cards, people: *people, seed: *seed, errors: Errors::USUAL.times(*errors) },
        ),
    }
}

impl Tongue {
    const fn spoken(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Id => Language::Indonesian,
        }
    }
}

impl Table {
    fn ledger(&self) -> PathBuf {
        self.decisions.clone().unwrap_or_else(|| ledger::beside(&self.file))
    }
}

impl By {
    fn name(&self) -> Result<String, DuplicatesError> {
        let name = self.by.clone().or_else(|| std::env::var("USER").ok());
        name.filter(|name| !name.trim().is_empty()).ok_or(DuplicatesError::Nobody)
    }
}

fn find(
    table: &Table,
    out: Option<&Path>,
    language: Language,
    tell: &dyn Fn(&str),
) -> Result<String, DuplicatesError> {
    let cards = read(&table.file, &table.columns)?;
    let rulings = ledger::load(&table.ledger())?.rulings(&cards);
    let found = run(&cards, &rulings, table.seed, tell);
    let folder = out.map_or_else(|| results::beside(&table.file), Path::to_owned);
    results::write(&folder, &cards, &found, language)?;
    let summary = results::summary(&cards, &found, &rulings.left_out, rulings.gone);
    let shown = folder.display();
    Ok(format!("{summary}{shown}: {}, {}, {}\n", results::PEOPLE, results::DOUBTS, results::REVIEW))
}

fn asked(table: &Table, by: &By, language: Language, tell: &dyn Fn(&str)) -> Result<String, DuplicatesError> {
    let by = by.name()?;
    let cards = read(&table.file, &table.columns)?;
    let path = table.ledger();
    let rulings = ledger::load(&path)?.rulings(&cards);
    let found = run(&cards, &rulings, table.seed, tell);
    let (answers, out) = (io::stdin().lock(), io::stdout().lock());
    let decided = review::ask(&cards, &found, (&path, &by), language, answers, out)?;
    let left = found.doubts.len() - decided;
    Ok(format!("{} decided, {} left.\n", words::count(decided), words::count(left)))
}

fn why(
    table: &Table,
    ids: [&String; 2],
    language: Language,
    tell: &dyn Fn(&str),
) -> Result<String, DuplicatesError> {
    let cards = read(&table.file, &table.columns)?;
    let [one, other] = ids.map(|id| place(&cards, &table.file, id));
    let (one, other) = (one?, other?);
    let rulings = ledger::load(&table.ledger())?.rulings(&cards);
    let found = run(&cards, &rulings, table.seed, tell);
    let together = found.person_of[one as usize] == found.person_of[other as usize];
    let doubt = Doubt { one, other, probability: found.probability(one, other), together };
    let taken = match (language, together) {
        (Language::English, true) => "taken for one person's",
        (Language::English, false) => "taken for two people's",
        (Language::Indonesian, true) => "dianggap satu orang",
        (Language::Indonesian, false) => "dianggap dua orang",
    };
    Ok(format!("{}  {taken}\n", review::shown(&cards, &found, &doubt, language)))
}

fn place(cards: &Cards, path: &Path, id: &str) -> Result<u32, DuplicatesError> {
    let at = cards.cards.iter().position(|card| card.id == id);
    let missing = || DuplicatesError::NoSuchCard { path: path.to_owned(), id: id.to_owned() };
    at.and_then(|at| u32::try_from(at).ok()).ok_or_else(missing)
}

fn decide(table: &Table, verdict: Ruling, ids: &[String], by: &By) -> Result<String, DuplicatesError> {
    let by = by.name()?;
    let cards = read(&table.file, &table.columns)?;
    for id in ids {
        place(&cards, &table.file, id)?;
    }
    let verdict = match verdict {
        Ruling::Same => Verdict::Same,
        Ruling::Different => Verdict::Different,
        Ruling::Unsure => Verdict::Unsure,
    };
    let path = table.ledger();
    let n = ledger::add(&path, &by, Act::Decide { verdict, cards: ids.to_vec() })?;
    Ok(format!("decision {n} in {}; the next run goes by it\n", path.display()))
}

fn undo(table: &Table, decision: u64, by: &By) -> Result<String, DuplicatesError> {
    let path = table.ledger();
    let n = ledger::add(&path, &by.name()?, Act::Undo { entry: decision })?;
    Ok(format!("decision {decision} is taken back by {n}, in {}\n", path.display()))
}

fn decisions(table: &Table) -> Result<String, DuplicatesError> {
    let ledger = ledger::load(&table.ledger())?;
    let mut text = String::new();
    for (entry, in_force) in ledger.entries() {
        let act = match &entry.act {
            Act::Decide { verdict: Verdict::Same, cards } => format!("same: {}", cards.join(" ")),
            Act::Decide { verdict: Verdict::Different, cards } => format!("different: {}", cards.join(" ")),
            Act::Decide { verdict: Verdict::Unsure, cards } => format!("unsure: {}", cards.join(" ")),
            Act::Undo { entry } => format!("takes back {entry}"),
        };
        let standing = if in_force { "" } else { " (taken back)" };
        let (by, act) = (words::plain(&entry.by), words::plain(&act));
        text.push_str(&format!("{} {} {by} {act}{standing}\n", entry.n, words::plain(&entry.at)));
    }
    Ok(if text.is_empty() { "no decisions\n".to_owned() } else { text })
}

fn invent(folder: &Path, wanted: &Wanted) -> Result<String, DuplicatesError> {
    if wanted.people == 0 || wanted.cards < wanted.people || wanted.cards > duplicates::MAX_CARDS {
        return Err(DuplicatesError::Sample);
    }
    fs::create_dir_all(folder).map_err(DuplicatesError::io(folder))?;
    let invented = sample::invent(wanted);
    let truth: String = invented
        .truth
        .iter()
        .enumerate()
        .map(|(at, person)| format!("V{:06},P{person:06}\n", at + 1))
        .collect();
    let (table, answers) = (folder.join("cards.csv"), folder.join("truth.csv"));
    results::put(&table, &invented.table)?;
    results::put(&answers, &format!("card_no,person\n{truth}"))?;
    Ok(format!("{} and {}\n", table.display(), answers.display()))
}
