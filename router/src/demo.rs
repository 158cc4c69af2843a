//! `sambung demo`: a whole contact centre on one machine, over real SIP and WebSocket on loopback.

use crate::{
    process::{Ending, Failure, announce},
    roles::{House, Ready},
};
use std::{
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// How the demo is played.
#[derive(Clone, Debug)]
pub struct Options {
    /// Stop after so many seconds; 0 runs until stopped.
    pub seconds: u64,
    /// Callers a minute.
    pub calls_per_minute: u32,
    /// Same seed, same callers and customers.
    pub seed: u64,
    /// Where to keep log and records; a temporary folder if not said.
    pub store: Option<PathBuf>,
}

/// Plays.
///
/// # Errors
/// [`Failure`].
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut ending = Ending::listen()?;
    let folder = Folder::of(options.store.as_ref())?;
    let sample = screenpop::sample::write(&folder.path.join("customers"), options.seed, CUSTOMERS).await?;
    let (switch, stop) = loadtest::stop();
    let tally = loadtest::Tally::new(loadtest::Journal::none());
    let phones = loadtest::Phones::start(phones(), options.seed, &tally, &stop)?;
    let text = configuration(&folder.path, phones.address(0));
    let (config, _) = config::parse(&text, &folder.path, &|_| None)?;
    let house = House::start(config, &tokio::runtime::Handle::current()).await?;
    let desktops = loadtest::Desktops::start(desktops(house.ready.desk), options.seed, &tally, &stop)?;
    let callers = callers(&house.ready, &options, sample.customers);
    let callers = loadtest::Callers::start(callers, options.seed, tally.clone(), vec![phones.media()], stop)?;
    invite(&house.ready);
    announce(&house.ready)?;
    let time = (options.seconds > 0).then(|| Duration::from_secs(options.seconds));
    let result = ending.wait(&house, time).await;
    switch.stop();
    callers.finished().await;
    desktops.finished().await;
    phones.finished().await;
    house.stop().await?;
    let figures = tally.figures();
    eprintln!("{} callers, {} connected, {} gave up", figures.placed, figures.connected, figures.abandoned);
    result
}

/// Customers in the sample databases.
const CUSTOMERS: usize = 400;
/// Whom a person at the keyboard plays best: she accepts at the desk, and her phone answers by itself.
const GUEST: &str = "ann";
/// Agents: id, name, skills.
const AGENTS: [(&str, &str, &str); 12] = [
    ("ann", "Ann Wijaya", "billing = 7, sales = 5, support = 5, indonesian = 9, english = 8"),
    ("budi", "Budi Hartono", "billing = 8, indonesian = 9"),
    ("citra", "Citra Lestari", "billing = 6, sales = 4, indonesian = 9, english = 5"),
    ("dewi", "Dewi Anggraini", "billing = 4, indonesian = 9"),
    ("eko", "Eko Prasetyo", "sales = 8, indonesian = 9, english = 7"),
    ("fitri", "Fitri Handayani", "sales = 6, support = 3, indonesian = 9"),
    ("gita", "Gita Permata", "sales = 5, indonesian = 9, english = 9"),
    ("hadi", "Hadi Santoso", "sales = 3, billing = 3, indonesian = 9"),
    ("indah", "Indah Kusuma", "support = 9, indonesian = 9, english = 6"),
    ("joko", "Joko Susilo", "support = 7, indonesian = 9"),
    ("kartika", "Kartika Sari", "support = 5, billing = 2, indonesian = 9"),
    ("lukas", "Lukas Tan", "support = 4, sales = 4, english = 9"),
];

/// Where the demo keeps its files; a temporary folder goes with it.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn of(named: Option<&PathBuf>) -> std::io::Result<Self> {
        let path = named
            .cloned()
            .unwrap_or_else(|| std::env::temp_dir().join(format!("sambung-demo-{}", std::process::id())));
        std::fs::create_dir_all(&path)?;
        // Sources are named relative to the folder, so it has to be absolute.
        Ok(Self { path: path.canonicalize()?, temporary: named.is_none() })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "the temporary folder stays behind");
        }
    }
}

fn configuration(folder: &Path, phones: SocketAddr) -> String {
    let sip = free_udp(5060);
    let (desk, operator) = (free_tcp(8080), free_tcp(8081));
    let mut text = format!(
        r#"[site]
zone = "Asia/Jakarta"
region = "ID"
[sip]
udp = "{sip}"
[desk]
listen = "{desk}"
[operator]
listen = "{operator}"
[store]
path = "store"
[[trunk]]
name = "pbx"
networks = ["127.0.0.0/8"]
"#
    );
    for (number, name, needs, strategy) in QUEUES {
        let _ = write!(
            text,
            r#"
[[entry]]
number = "{number}"
queue = "{name}"
[[queue]]
name = "{name}"
needs = "{needs}"
strategy = "{strategy}"
wrap_up = "8s"
max_wait = "3m"
"#
        );
    }
    for (id, name, skills) in AGENTS {
        let answer = if id == GUEST { "desk" } else { "phone" };
        let _ = write!(
            text,
            r#"
[[agent]]
id = "{id}"
name = "{name}"
token = "{}"
phone = "sip:{id}@{phones}"
answer = "{answer}"
roles = ["agent", "credit", "supervisor"]
skills = {{ {skills} }}
"#,
            token(id)
        );
    }
    text.push_str(&screenpop::sample::toml(&folder.join("customers")));
    text
}

/// Number, queue, needs, strategy.
const QUEUES: [(&str, &str, &str, &str); 3] = [
    ("1500", "billing", "billing >= 2", "longest-idle"),
    ("1501", "sales", "sales >= 3", "least-occupied"),
    ("1502", "support", "support >= 3 and (indonesian or english)", "longest-idle"),
];

fn token(agent: &str) -> String {
    format!("demo-{agent}")
}

/// The usual port, or any free one.
fn free_udp(port: u16) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], port));
    let free = std::net::UdpSocket::bind(usual).is_ok();
    if free { usual } else { SocketAddr::from(([127, 0, 0, 1], 0)) }
}

fn free_tcp(port: u16) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], port));
    let free = std::net::TcpListener::bind(usual).is_ok();
    if free { usual } else { SocketAddr::from(([127, 0, 0, 1], 0)) }
}

const fn seconds(least: u64, most: u64) -> loadtest::Spread {
    loadtest::Spread::Uniform(Duration::from_secs(least), Duration::from_secs(most))
}

fn phones() -> loadtest::PhonesPlan {
    let manners = loadtest::Manners {
        ring: seconds(1, 4),
        talk: Some(seconds(12, 45)),
        silent: 0.02,
        busy: 0.02,
        ..Default::default()
    };
    // The guest's phone does what the desktop says, and leaves hanging up to her or the caller for a good while.
    let guest = loadtest::Manners { talk: Some(seconds(40, 90)), ..Default::default() };
    loadtest::PhonesPlan {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        manners,
        of: [(GUEST.to_owned(), guest)].into(),
        ..Default::default()
    }
}

fn desktops(desk: SocketAddr) -> loadtest::DesktopsPlan {
    let seat = |(id, _, _): (&str, _, _)| loadtest::Seat { agent: id.to_owned(), token: token(id) };
    loadtest::DesktopsPlan {
        desk,
        people: AGENTS.map(seat).to_vec(),
        accept: Some(seconds(1, 3)),
        wrap_up: Some(seconds(3, 7)),
        dispositions: vec!["done".to_owned(), "callback".to_owned()],
        back_after: Some(seconds(3, 10)),
        ..Default::default()
    }
}

fn callers(
    ready: &Ready,
    options: &Options,
    customers: Vec<screenpop::sample::SampleCustomer>,
) -> loadtest::CallersPlan {
    let person = |customer: screenpop::sample::SampleCustomer| loadtest::Person {
        number: customer.dialled,
        name: customer.name,
    };
    loadtest::CallersPlan {
        target: ready.sip_udp,
        dial: QUEUES.map(|(number, ..)| number.to_owned()).to_vec(),
        rate: f64::from(options.calls_per_minute) / 60.0,
        arrivals: loadtest::Arrivals::Poisson,
        patience: loadtest::Spread::Exponential(Duration::from_secs(90)),
        people: customers.into_iter().map(person).collect(),
        strangers: 0.1,
        prefix: "+628111".to_owned(),
        ..Default::default()
    }
}

/// Says what there is to see.
fn invite(ready: &Ready) {
    eprintln!(
        "\nSambung is putting callers through: 12 agents, 3 queues, {CUSTOMERS} customers.\n\n  \
         Take calls yourself   http://{desk}/            sign in with the token {guest}\n  \
         Wallboard             http://{desk}/wallboard   (the same token)\n  \
         Floor as JSON         http://{operator}/v1/floor\n  \
         Interval report       http://{operator}/v1/reports/intervals?format=csv\n  \
         Metrics               http://{operator}/metrics\n  \
         SIP                   {sip} (dial 1500, 1501 or 1502)\n\n\
         Ctrl-C ends it.\n",
        desk = ready.desk,
        operator = ready.operator,
        sip = ready.sip_udp,
        guest = token(GUEST),
    );
}
