//! `sambung`: the command line.

use clap::{Parser, Subcommand};
use config::speech::{self, Language, Tells};
use router::{
    advice::command as advice,
    backup::{self, BackupError},
    changes_file,
    control::{self, Outcome},
    demo, duplicates,
    inspect::{self, InspectError},
    logging,
    process::{self, Ending, Failure},
    reload::Given,
    roles, supervisor,
    whatif::command as whatif,
    why::command as why,
};
use std::{
    future::Future,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Exit status for a wrong configuration, or a command that cannot be what was meant (`EX_USAGE`).
const WRONG_CONFIGURATION: u8 = 64;

#[derive(Parser)]
#[command(name = "sambung", version, about, long_about = LONG, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const LONG: &str = "Sambung puts callers through. PBXs and SIP trunks forward calls to it; it queues the callers, \
gives each call to the idle agent who fits best, shows her who is calling before her phone rings, and records what a \
workforce planner needs.";

const EXAMPLES: &str = "\
Examples:
  sambung demo                        a whole contact centre on this machine, to look at
  sambung check sambung.toml          every problem in a configuration, with its line and the way out
  sambung check --live sambung.toml   and whether its trunks, phones, databases and certificates are there now
  sambung run --config sambung.toml   the real thing
  sambung reload --config sambung.toml   the router that runs goes by the file as it is now; calls go on
  sambung log sambung-data            what happened and what was decided, an entry a line
  sambung why 01M81ZMPPD609MY4NS1F4PPFE9   why a call went to whom it went, and to nobody before
  sambung why ann --since 10m         what an agent was offered, and why not the rest
  sambung replay sambung-data         decide a recorded log again and compare
  sambung replay sambung-data --with other.toml   a recorded time under other rules, beside those of then
  sambung backup sambung-data copy    copy a store while a router writes it
  sambung duplicates find cards.csv   which cards of a customer table are one person's
  sambung suggest train orders.csv    learn what to suggest to customers; evaluate says how well that would have served

Logging: RUST_LOG=info (default), debug for callers' numbers; SAMBUNG_LOG=json for an object of JSON a line.";

#[derive(Subcommand)]
enum Command {
    /// Route calls.
    ///
    /// Without --config: every number leads to one queue, served by one phone at 127.0.0.1:5910.
    /// Prints one line of JSON with the addresses in use as soon as calls are taken.
    Run {
        /// The configuration, a TOML file (see `sambung check --reference`).
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Play a contact centre: 12 agents in 3 queues, sample customers, callers with patience, all over real SIP.
    ///
    /// Open the address it prints and sign in as one of the agents to take calls yourself.
    Demo {
        /// Stop after this many seconds; 0 runs until Ctrl-C.
        #[arg(long, default_value_t = 0, value_name = "SECONDS")]
        seconds: u64,
        /// Callers a minute.
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=600))]
        calls: u32,
        /// Same seed, same callers and customers.
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
        /// Keep the log and records here instead of in a temporary folder.
        #[arg(long, value_name = "FOLDER")]
        store: Option<PathBuf>,
    },
    /// List every problem in a configuration file; exit 64 if there is one. Binds and starts nothing.
    Check {
        /// The file.
        #[arg(required_unless_present_any = ["reference", "clips"], value_name = "FILE")]
        file: Option<PathBuf>,
        /// Ask every trunk, phone, gateway, rtpengine, source and certificate of a sound file now.
        ///
        /// A line each, within five seconds; exit 1 if one of them is of no use. Starts nothing: OPTIONS go from a free
        /// port, so a router may run meanwhile. Phones that register, and those in browsers, come to the router and are
        /// not asked.
        #[arg(long, conflicts_with_all = ["reference", "clips"])]
        live: bool,
        /// Print every key with its default instead.
        #[arg(long)]
        reference: bool,
        /// Print every clip that announcements are joined of, with the words to record, instead.
        #[arg(long, conflicts_with = "reference")]
        clips: bool,
    },
    /// Have the router that runs read its configuration again; calls go on. Exit 64 when it is wrong, and nothing has changed.
    ///
    /// Says what has changed. What cannot change while a router runs, such as the addresses it listens on, is refused by
    /// name, with everything else of that file. What was changed by API stays over the file unless --discard is given.
    Reload {
        /// The file the router was started with: it names the store, where the router is asked.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Throw away what was changed by API, and go by the file alone.
        #[arg(long)]
        discard: bool,
    },
    /// Show a log: an entry a line, what happened and what was decided. Works while a router writes it.
    Log {
        /// A store's folder.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Begin with the entry of this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        from: u64,
        /// At most so many entries; 0 for all.
        #[arg(long, default_value_t = 0, value_name = "COUNT")]
        count: u64,
        /// Only what concerns this call (its X-Sambung-Call).
        #[arg(long, value_name = "CALL")]
        call: Option<acd::CallId>,
        /// A whole entry as JSON in each line.
        #[arg(long)]
        json: bool,
    },
    /// Why a call went to whom it went, or why an agent was offered what she was and not the rest.
    ///
    /// Recomputed from the log, as far back as it is kept, also while a router writes it: candidates with their scores, what
    /// kept whom from the call, which call went first and why. Exits 1 when the log does not tell, 64 for a question that
    /// cannot be read.
    Why(why::Args),
    /// Decide a recorded log again: prints the hash of the state and the first difference, if there is one (exit 1).
    ///
    /// With --with: what if other rules had been in force? The callers on record are played under the rules of then and
    /// under the others, and both are shown side by side, for planners.
    Replay {
        /// A store's folder, or one segment in it.
        #[arg(value_name = "FOLDER")]
        log: PathBuf,
        #[command(flatten)]
        what_if: whatif::Args,
    },
    /// Copy a store, also while a router writes it: log, snapshots, records, secret. Put in a store's place, a router starts
    /// from the copy.
    ///
    /// Closed segments of the log are linked where the disk is the same. Exits 64 when it refuses, with nothing done,
    /// and 1 when what is in the target is no whole copy.
    Backup {
        /// The store's folder.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// A folder that is empty, or not there yet.
        #[arg(value_name = "TARGET")]
        target: PathBuf,
        /// The live file too: addresses and numbers of calls under way. Only when no router runs.
        #[arg(long)]
        live: bool,
    },
    /// Find which cards of a customer table are one person's, ask about those in doubt, and take decisions back.
    ///
    /// The table is only read. Decisions stand in a file of their own, a line each with who and when; a merge is a rule
    /// there, and taking it back undoes it. Exits 64 for a table or a decision that cannot be used.
    #[command(subcommand)]
    Duplicates(duplicates::command::Command),
    /// Learn from order lines what to suggest to customers and what they are worth; look at it, and try it out.
    ///
    /// Cards show it where the configuration names the model (see `[suggestions]` in `sambung check --reference`).
    Suggest {
        #[command(subcommand)]
        command: advice::Command,
    },
}

fn main() -> ExitCode {
    if let Err(error) = logging::start() {
        eprintln!("sambung: {error}");
        return ExitCode::from(WRONG_CONFIGURATION);
    }
    match Cli::parse().command {
        Command::Check { reference: true, .. } => show(&config::reference()),
        Command::Check { clips: true, .. } => show(&clips()),
        Command::Check { file, live, .. } => check(&file.unwrap_or_default(), live),
        Command::Reload { config, discard } => reload(&config, discard),
        Command::Log { folder, from, count, call, json } => {
            inspect(&folder, inspect::Wanted { from, count, call, json })
        }
        Command::Why(args) => explain(&args),
        Command::Replay { log, what_if } => match &what_if.with {
            Some(other) => replay_with(&folder_of(log), other, &what_if),
            None => replay(&folder_of(log)),
        },
        Command::Backup { folder, target, live } => {
            back_up(backup::Wanted { store: &folder, target: &target, live })
        }
        Command::Duplicates(command) => look_for_duplicates(&command),
        Command::Suggest { command } => advise(&command),
        Command::Run { config } => with_runtime(run(config)),
        Command::Demo { seconds, calls, seed, store } => {
            with_runtime(demo::run(demo::Options { seconds, calls_per_minute: calls, seed, store }))
        }
    }
}

fn with_runtime(task: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    // Two threads: desktops, look-ups and records never wait for the brain, which has a thread of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(task),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Configuration(problems)) => {
            eprintln!("{problems}");
            ExitCode::from(WRONG_CONFIGURATION)
        }
        Err(error) => {
            eprintln!("sambung: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(file: Option<PathBuf>) -> Result<(), Failure> {
    let mut ending = Ending::listen()?;
    let given = Given::read(file)?;
    given.warn();
    let house = roles::House::start_by(given, &tokio::runtime::Handle::current()).await?;
    process::reload_at_hangup(&house)?;
    process::announce(&house.ready)?;
    supervisor::ready(house.pulse());
    ending.wait(&house, None).await?;
    let drain = house.reloader().drain();
    ending.drain(&house, drain).await;
    house.stop().await?;
    Ok(())
}

/// Every clip with its words, a line each.
fn clips() -> String {
    let of = |language: Language| {
        let clips = speech::clips(language, Tells::ALL);
        clips.into_iter().map(move |(name, words)| format!("{}/{name}.wav\t{words}\n", language.code()))
    };
    let head = "# Below [media] clips; WAV of any rate, with little silence at both ends.\n".to_owned();
    head + &[Language::Indonesian, Language::English].into_iter().flat_map(of).collect::<String>()
}

/// Prints a long text, for a reader who may stop reading (`| head`).
fn show(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("sambung: {error}");
            ExitCode::FAILURE
        }
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

fn check(file: &Path, live: bool) -> ExitCode {
    let (config, mut warnings) = match checked(file) {
        Ok(sound) => sound,
        Err(problems) => {
            println!("{problems}");
            return ExitCode::from(WRONG_CONFIGURATION);
        }
    };
    warnings.iter_mut().for_each(|warning| warning.insert_str(0, "warning: "));
    let count = warnings.len();
    warnings.push(format!("{}: no problem found, {count} warnings", file.display()));
    warnings.iter().for_each(|line| println!("{line}"));
    if live { inquire(&config) } else { ExitCode::SUCCESS }
}

/// A file, with what was changed by API over it: so will it be gone by.
fn checked(file: &Path) -> Result<(config::Config, Vec<String>), config::Problems> {
    let (config, warnings) = config::load(file)?;
    let mut lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    match changes_file::load(&config.store.path) {
        Ok(changes) if changes.is_empty() => {}
        Ok(changes) => {
            let rules = config::load_rules(Some(file), changes)?;
            let over =
                rules.changes.names().map(|name| format!("not as the file says, changed by API: {name}"));
            let lines = rules.warnings.iter().map(ToString::to_string).chain(over).collect();
            return Ok((rules.config, lines));
        }
        Err(error) => lines.push(format!("it is not known what was changed by API: {error}")),
    }
    Ok((config, lines))
}

fn reload(file: &Path, discard: bool) -> ExitCode {
    let store = match config::load(file) {
        Ok((config, _)) => config.store.path,
        Err(problems) => {
            println!("{problems}");
            return ExitCode::from(WRONG_CONFIGURATION);
        }
    };
    match control::ask_to_reload(&store, discard) {
        Ok((outcome, text)) => {
            let told = show(&text);
            match outcome {
                Outcome::Done => told,
                Outcome::Refused => ExitCode::from(WRONG_CONFIGURATION),
                Outcome::Failed => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("sambung: no router answers on the store {}: {error}", store.display());
            ExitCode::FAILURE
        }
    }
}

/// A line for everything that was asked.
fn inquire(config: &config::Config) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sambung: {error}");
            return ExitCode::FAILURE;
        }
    };
    let lines = runtime.block_on(roles::inquiry::inquire(config, runtime.handle()));
    runtime.shutdown_background(); // a database that hangs holds nobody up
    let shown: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let all_there = lines.iter().all(|line| line.found.is_ok());
    let told = show(&shown);
    if all_there { told } else { ExitCode::FAILURE }
}

fn inspect(folder: &Path, wanted: inspect::Wanted) -> ExitCode {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let shown = inspect::show(folder, wanted, &mut out).and_then(|()| Ok(out.flush()?));
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(InspectError::Out(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sambung: {error}");
            ExitCode::FAILURE
        }
    }
}

fn explain(args: &why::Args) -> ExitCode {
    match why::run(args) {
        Ok(text) => show(&text),
        Err(error) => {
            eprintln!("sambung: {error}");
            if error.is_refusal() { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn look_for_duplicates(command: &duplicates::command::Command) -> ExitCode {
    match duplicates::command::perform(command, &|line| eprintln!("{line}")) {
        Ok(text) => show(&text),
        Err(error) => {
            eprintln!("sambung: {error}");
            if error.is_refusal() { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn back_up(wanted: backup::Wanted<'_>) -> ExitCode {
    let tell = |file: &str| eprintln!("{file}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(backup::back_up(wanted, tell)),
        Err(error) => Err(BackupError::Io { path: wanted.target.to_owned(), error }),
    };
    match done {
        Ok(backup::Summary { first, last, records, .. }) => {
            let filled = records.map_or("without records".to_owned(), |upto| format!("records up to {upto}"));
            show(&format!("{}: entries {first} to {last}, {filled}\n", wanted.target.display()))
        }
        Err(error) => {
            eprintln!("sambung: {error}");
            if error.is_refusal() {
                return ExitCode::from(WRONG_CONFIGURATION);
            }
            eprintln!("sambung: what is in {} is no whole copy; remove it", wanted.target.display());
            ExitCode::FAILURE
        }
    }
}

fn advise(command: &advice::Command) -> ExitCode {
    match advice::run(command, |line| eprintln!("{line}")) {
        Ok(text) => show(&text),
        Err(error) => {
            eprintln!("sambung: {error}");
            if error.is_refusal() { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

/// A segment stands for its folder: entries before it are needed to know the state.
fn folder_of(log: PathBuf) -> PathBuf {
    if log.is_file() { log.parent().map(Path::to_owned).unwrap_or_default() } else { log }
}

fn replay_with(folder: &Path, other: &Path, what_if: &whatif::Args) -> ExitCode {
    match whatif::run(folder, other, what_if, |line| eprintln!("{line}")) {
        Ok(text) => show(&text),
        Err(error) => {
            eprintln!("sambung: {error}");
            if error.is_refusal() { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn replay(folder: &Path) -> ExitCode {
    match roles::replay(folder) {
        Err(error) => {
            eprintln!("sambung: {error}");
            ExitCode::FAILURE
        }
        Ok(done) => {
            if done.after > 0 {
                println!("from a snapshot behind entry {}: older entries are not kept", done.after);
            }
            println!("entries {}", done.entries);
            println!("state {}", done.hash.unwrap_or_else(|| "cannot be encoded".to_owned()));
            match done.difference {
                None => {
                    println!("decided again without a difference");
                    ExitCode::SUCCESS
                }
                Some(difference) => {
                    println!("first difference: {difference}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}
