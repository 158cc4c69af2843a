//! `loadtest`: plays callers, phones and desktops against a call router on this machine, and tells what they saw.

mod overload;

use clap::{Parser, Subcommand};
use loadtest::{
    Arrivals, CallersPlan, DesktopsPlan, Journal, Manners, PhonesPlan, Report, Scenario, Spread, play,
};
use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

/// Plays PBX callers, agents' phones and agents' desktops against a SIP call router, and tells what they saw.
///
/// Without a scenario it plays callers (--rate, --for or --calls) and phones; with --agents also as many desktops.
/// The router must ring agents at the phones' address: one socket plays all phones, and the user part of the
/// Request-URI names the agent. Only addresses of this machine are called. Defaults stand at the end of each option.
///
/// Latencies come from HDR histograms: caller INVITE → agent INVITE counts callers who did not have to queue;
/// agent 200 → caller 200 those who were answered by the agent; agent 200 → caller re-INVITE those who had music.
///
/// Exit codes: 0 all well; 1 something happened that should not (see "Failures") or fewer callers than --at-least
/// were connected; 64 the arguments or the scenario are wrong; 70 the run could not begin.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Plays a scenario file (TOML; see loadtest/scenarios); options below that say what to play change it.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The router's SIP address (UDP); 127.0.0.1:5060.
    #[arg(long, value_name = "IP:PORT")]
    target: Option<SocketAddr>,
    /// Number dialled; 1500.
    #[arg(long, value_name = "NUMBER")]
    dial: Option<String>,
    /// New calls a second; 10.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    /// How long new calls are placed.
    #[arg(long = "for", value_name = "TIME", value_parser = loadtest::random::parse_duration)]
    during: Option<Duration>,
    /// How many calls are placed.
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Arrivals at random (Poisson) instead of at equal distances.
    #[arg(long)]
    poisson: bool,
    /// How long a caller waits for an agent, 60s: "60s", "exp 60s" (mean), "5s..60s".
    #[arg(long, value_name = "TIME")]
    patience: Option<Spread>,
    /// Callers count the RTP they hear while they wait.
    #[arg(long)]
    media: bool,
    /// Where the phones listen; 127.0.0.1:5910.
    #[arg(long, value_name = "IP:PORT")]
    phones: Option<SocketAddr>,
    /// The phones are played by somebody else.
    #[arg(long, conflicts_with = "phones")]
    no_phones: bool,
    /// How long a phone rings; 20ms.
    #[arg(long, value_name = "TIME")]
    ring: Option<Spread>,
    /// How long an agent talks before she hangs up; 1s.
    #[arg(long, value_name = "TIME")]
    talk: Option<Spread>,
    /// The router's desk address; 127.0.0.1:8080.
    #[arg(long, value_name = "IP:PORT")]
    desk: Option<SocketAddr>,
    /// Desktops that sign in, as a001, a002, …
    #[arg(long, value_name = "N")]
    agents: Option<usize>,
    /// Their token, change-me; {id} becomes the agent's name.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// The same seed gives the same arrivals, patience and talk times.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The router's process, to tell its processor time per 1,000 calls.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Fails unless this share of the callers was connected, such as 0.999.
    #[arg(long, value_name = "SHARE")]
    at_least: Option<f64>,
    /// Prints the report as JSON instead of as a table.
    #[arg(long)]
    json: bool,
    /// Writes the report as an HTML page with charts.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Writes what everybody saw, line by line, for a checker.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Crowd(overload::Crowd),
}

const EXAMPLES: &str = "Examples:
  loadtest --rate 50 --for 20s --pid $(pidof sambung)
  loadtest --rate 20 --calls 600 --agents 50 --patience \"exp 60s\" --report run.html
  loadtest --scenario loadtest/scenarios/morning.toml --json
  loadtest crowd --rates 100,1000,100 --each 10s";

/// Something went wrong in the run.
const FAILED: u8 = 1;
/// What was typed is wrong (`EX_USAGE`).
const USAGE: u8 = 64;
/// The run could not begin or its result not be written (`EX_SOFTWARE`).
const BROKEN: u8 = 70;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => return tell(&told),
    };
    if let Some(Command::Crowd(crowd)) = arguments.command {
        return crowd_of(crowd).await;
    }
    let scenario = match scenario(&arguments) {
        Ok(scenario) => scenario,
        Err(problem) => return complain(&problem, USAGE),
    };
    let journal = match arguments.journal.as_deref().map(Journal::create).transpose() {
        Ok(journal) => journal.unwrap_or_default(),
        Err(error) => return complain(&format!("the journal cannot be made: {error}"), BROKEN),
    };
    let (switch, stop) = loadtest::stop();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("hanging up; the report follows");
            switch.stop();
        }
    });
    let report = match play(scenario, arguments.pid, journal.clone(), stop).await {
        Ok(report) => report,
        Err(error) => return complain(&error.to_string(), BROKEN),
    };
    match journal.flush().map_err(|error| error.to_string()).and_then(|()| deliver(&report, &arguments)) {
        Ok(()) => verdict(&report, &arguments),
        Err(problem) => complain(&problem, BROKEN),
    }
}

async fn crowd_of(crowd: overload::Crowd) -> ExitCode {
    let json = crowd.json;
    let told = match crowd.play().await {
        Ok(figures) if json => serde_json::to_string(&figures).map_err(|error| error.to_string()),
        Ok(figures) => Ok(figures.to_string()),
        Err(problem) => Err(problem),
    };
    match told {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(problem) => complain(&problem, BROKEN),
    }
}

/// Help and version are no mistakes; whatever else clap has to say is one.
fn tell(told: &clap::Error) -> ExitCode {
    if told.print().is_err() {
        return ExitCode::from(BROKEN);
    }
    if told.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

fn complain(problem: &str, code: u8) -> ExitCode {
    eprintln!("loadtest: {problem}");
    ExitCode::from(code)
}

fn deliver(report: &Report, arguments: &Arguments) -> Result<(), String> {
    if arguments.json {
        println!("{}", serde_json::to_string(report).map_err(|error| error.to_string())?);
    } else {
        print!("{report}");
    }
    match &arguments.report {
        Some(file) => {
            fs::write(file, report.to_html()).map_err(|error| format!("{}: {error}", file.display()))
        }
        None => Ok(()),
    }
}

fn verdict(report: &Report, arguments: &Arguments) -> ExitCode {
    let too_few = arguments.at_least.is_some_and(|share| report.connected_ratio.unwrap_or(0.0) < share);
    if too_few {
        eprintln!("loadtest: fewer callers than asked for were connected");
    }
    if too_few || report.figures.has_failures() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

/// The scenario of the file, if one was named, changed by what else was typed.
fn scenario(arguments: &Arguments) -> Result<Scenario, String> {
    let mut scenario = match &arguments.scenario {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            Scenario::read(&text).map_err(|problems| format!("{}:\n{problems}", file.display()))?
        }
        None => Scenario {
            name: String::new(),
            seed: 1,
            callers: CallersPlan::default(),
            phones: Some(PhonesPlan::default()),
            desktops: None,
        },
    };
    let written = scenario.clone();
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    change_callers(&mut scenario.callers, arguments);
    change_agents(&mut scenario, arguments);
    if scenario != written && !scenario.name.is_empty() {
        scenario.name.push_str(" (changed on the command line)");
    }
    if scenario.callers.calls.is_none() && scenario.callers.during.is_none() {
        return Err("say how many calls (--calls) or how long (--for)".to_owned());
    }
    scenario.check().map_err(|problems| problems.to_string())?;
    Ok(scenario)
}

fn change_callers(callers: &mut CallersPlan, arguments: &Arguments) {
    callers.target = arguments.target.unwrap_or(callers.target);
    callers.rate = arguments.rate.unwrap_or(callers.rate);
    callers.patience = arguments.patience.unwrap_or(callers.patience);
    callers.media |= arguments.media;
    if callers.media {
        callers.max_live = callers.max_live.min(loadtest::plan::MAX_EARS);
    }
    if arguments.poisson {
        callers.arrivals = Arrivals::Poisson;
    }
    if let Some(dial) = &arguments.dial {
        callers.dial = vec![dial.clone()];
    }
    if arguments.calls.is_some() || arguments.during.is_some() {
        (callers.calls, callers.during) = (arguments.calls, arguments.during);
    }
}

fn change_agents(scenario: &mut Scenario, arguments: &Arguments) {
    if arguments.no_phones {
        scenario.phones = None;
    } else if let Some(listen) = arguments.phones {
        scenario.phones.get_or_insert_default().listen = listen;
    }
    if let Some(PhonesPlan { manners: Manners { ring, talk, .. }, .. }) = &mut scenario.phones {
        *ring = arguments.ring.unwrap_or(*ring);
        *talk = arguments.talk.or(*talk);
    }
    if let Some(agents) = arguments.agents {
        scenario.desktops.get_or_insert_default().agents = agents;
    }
    if let Some(DesktopsPlan { desk, token, .. }) = &mut scenario.desktops {
        *desk = arguments.desk.unwrap_or(*desk);
        if let Some(typed) = &arguments.token {
            token.clone_from(typed);
        }
    }
}
