//! What an administrator installs: the Debian package, the unit with what systemd hears, the health check of the
//! container.

use harness::{Agent, Router, Site, ask, eventually, need, need_all, sambung};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PACKAGING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../router/packaging");
/// What `systemd-analyze security` may find at most, in tenths: network and addresses are what a router is for.
const EXPOSURE: &str = "15";

/// Standard output and error of a program that has to succeed.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// The package, and what is in it.
struct Package {
    folder: TempDir,
    file: PathBuf,
}

impl Package {
    fn build() -> Self {
        need_all(&["dpkg-deb", "readelf"]);
        let folder = tempfile::tempdir().unwrap();
        let mut deb = Command::new(format!("{PACKAGING}/deb"));
        let told = said(deb.arg(sambung()).arg(folder.path()).env("DEB_LEVEL", "1"));
        let file = PathBuf::from(told.lines().last().unwrap());
        said(Command::new("dpkg-deb").arg("--raw-extract").arg(&file).arg(folder.path().join("tree")));
        Self { folder, file }
    }
    /// A file of it, extracted.
    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join("tree").join(inside)
    }
    fn text(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }
    fn field(&self, name: &str) -> String {
        said(Command::new("dpkg-deb").arg("--field").arg(&self.file).arg(name)).trim().to_owned()
    }
}

#[test]
fn the_debian_package_installs_a_router_that_runs_as_it_stands() {
    let package = Package::build();
    expect_sound(&package);
    expect_licences(&package);
    expect_unit(&package);
    expect_user(&package);
    expect_runs(&package);
    expect_installed_upgraded_and_removed(&package);
}

fn expect_sound(package: &Package) {
    let version = said(Command::new(sambung()).arg("--version"));
    assert_eq!(version.trim(), format!("sambung {}", package.field("Version").replace('~', "-")));
    assert!(package.field("Depends").contains("libc6 (>= 2."), "{}", package.field("Depends"));
    assert_eq!(package.text("DEBIAN/conffiles"), "/etc/sambung/sambung.toml\n");
    for script in ["postinst", "prerm", "postrm"] {
        said(Command::new("sh").arg("-n").arg(package.path("DEBIAN").join(script)));
    }
    let listed = said(Command::new("dpkg-deb").arg("--contents").arg(&package.file));
    let foreign: Vec<_> = listed.lines().filter(|line| !line.contains(" root/root ")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let secret =
        |path: &str| listed.lines().any(|line| line.starts_with("-rw-r----- ") && line.ends_with(path));
    assert!(secret("./etc/sambung/sambung.toml"), "passwords stand there:\n{listed}");
    said(Command::new("md5sum").args(["--check", "--quiet", "DEBIAN/md5sums"]).current_dir(package.path("")));
}

fn expect_licences(package: &Package) {
    let copyright = package.text("usr/share/doc/sambung/copyright");
    assert!(copyright.contains("MIT or Apache-2.0") && copyright.contains("Permission is hereby granted"));
    let packed = package.path("usr/share/doc/sambung/third-party.gz");
    let others = said(Command::new("gzip").arg("-cd").arg(packed));
    for name in
        ["\ntokio v", "\nrustls v", "\nsqlx v", "JsSIP", "Apache License", "Permission is hereby granted"]
    {
        assert!(others.contains(name), "{name:?} is not among the licences");
    }
    assert!(!others.lines().any(|line| line.starts_with("acd v")), "our own crates are in the other file");
}

fn expect_unit(package: &Package) {
    let unit = package.text("usr/lib/systemd/system/sambung.service");
    // systemd-analyze looks whether the program is there, and it is not installed on this machine.
    let program = package.path("usr/bin/sambung").display().to_string();
    let file = package.folder.path().join("sambung.service");
    fs::write(&file, unit.replace("=/usr/bin/sambung ", &format!("={program} "))).unwrap();
    let analyze = || Command::new(need("systemd-analyze"));
    let verified = said(analyze().args(["verify", "--man=no"]).arg(&file));
    let about_us: Vec<_> = verified.lines().filter(|line| line.contains("sambung")).collect();
    assert!(about_us.is_empty(), "{about_us:?}");
    said(analyze().args(["security", "--offline=true", "--threshold", EXPOSURE]).arg(&file));
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    assert_eq!((value("Type"), value("Restart")), (Some("notify"), Some("always")));
    let reload = value("ExecReload").and_then(|line| line.strip_prefix("/usr/bin/sambung "));
    assert_eq!(reload, Some("reload --config /etc/sambung/sambung.toml"));
    assert_eq!(value("StartLimitIntervalSec"), Some("0"), "systemd never gives up");
    assert_eq!(value("ProcSubset"), None, "the clock reads the machine's start in /proc/sys");
}

fn expect_user(package: &Package) {
    let root = package.folder.path().join("root");
    for folder in ["etc", "usr/lib/sysusers.d"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let file = "usr/lib/sysusers.d/sambung.conf";
    fs::copy(package.path(file), root.join(file)).unwrap();
    said(Command::new(need("systemd-sysusers")).arg("--root").arg(&root));
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(users.lines().any(|user| user.starts_with("sambung:") && user.contains(":/var/lib/sambung:")));
}

fn expect_runs(package: &Package) {
    let program = package.path("usr/bin/sambung");
    let file = package.path("etc/sambung/sambung.toml");
    let checked = said(Command::new(&program).arg("check").arg(&file));
    assert!(checked.contains("no problem found, 0 warnings"), "{checked}");
    // The same file, on ports and in a folder that nobody else on this machine has.
    let mut configuration = package.text("etc/sambung/sambung.toml");
    for (theirs, ours) in
        [(":5060\"", ":0\""), (":8080\"", ":0\""), (":8081\"", ":0\""), ("/var/lib/sambung", "store")]
    {
        assert!(configuration.contains(theirs), "{theirs}");
        configuration = configuration.replacen(theirs, ours, 1);
    }
    let mut router = Router::start_binary(&program, &configuration);
    assert_eq!(router.operator("/readyz").status, 200);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
}

/// A system of its own over this one, in which nothing that is changed stays: `$1` is a folder for it, `$2` the package.
/// In it `systemctl` only says how it was called.
const SYSTEM: &str = r#"set -e
mount -t tmpfs tmpfs "$1"
cd "$1" && mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount --bind /proc root/proc && mount --bind /dev root/dev
cp "$2" root/root/sambung.deb
printf '#!/bin/sh\necho "systemctl $*"\n' >root/usr/local/bin/systemctl
chmod 755 root/usr/local/bin/systemctl && mkdir -p root/run/systemd/system
cp /dev/stdin root/root/play
exec chroot root sh /root/play 2>&1"#;

/// An administrator's year with the package.
const YEAR: &str = r"PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin
export PATH DEBIAN_FRONTEND=noninteractive
echo '== install'; dpkg --force-depends -i /root/sambung.deb
su -s /bin/sh sambung -c 'cat /etc/sambung/sambung.toml >/dev/null' && echo 'the router may read its file'
su -s /bin/sh nobody -c 'cat /etc/sambung/sambung.toml 2>/dev/null' || echo 'others may not'
echo '== upgrade'; dpkg --force-depends -i /root/sambung.deb
echo 'nonsense = 1' >>/etc/sambung/sambung.toml
echo '== upgrade with a wrong file'; dpkg --force-depends --force-confold -i /root/sambung.deb
mkdir -p /var/lib/sambung
echo '== remove'; dpkg -r sambung
echo '== purge'; dpkg -P sambung
[ -d /var/lib/sambung ] && echo 'records stay'
";

fn expect_installed_upgraded_and_removed(package: &Package) {
    let (system, play) = (package.folder.path().join("system"), package.folder.path().join("play"));
    fs::create_dir(&system).unwrap();
    fs::write(&play, YEAR).unwrap();
    let mut shell = Command::new(need("unshare"));
    shell
        .args(["--mount", "--propagation", "private", "sh", "-c", SYSTEM, "sh"])
        .arg(&system)
        .arg(&package.file);
    let output = shell.stdin(fs::File::open(&play).unwrap()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !text.contains("== install") {
        println!("SKIPPED: only root may try a package: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let part = |name: &str| {
        let rest = text.split(&format!("== {name}\n")).nth(1).unwrap_or_else(|| panic!("{name}: {text}"));
        rest.split("\n== ").next().unwrap().to_owned()
    };
    let install = part("install");
    assert!(install.contains("the router may read its file\nothers may not"), "{text}");
    assert!(install.contains("then: systemctl enable --now sambung"), "it says what to do: {text}");
    assert!(!install.contains("systemctl start") && !install.contains("systemctl restart"), "{text}");
    assert!(
        part("upgrade").contains("no problem found, 0 warnings\nsystemctl restart --no-block sambung"),
        "{text}"
    );
    let wrong = part("upgrade with a wrong file");
    assert!(wrong.contains("nonsense") && wrong.contains("the old version goes on"), "{text}");
    assert!(!wrong.contains("systemctl restart --no-block"), "a router that runs is left running: {text}");
    assert!(part("remove").contains("systemctl disable --now sambung"), "{text}");
    assert!(part("purge").contains("records stay"), "{text}");
}

#[test]
fn the_containers_health_check_follows_readiness() {
    let router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    let operator = router.ready().operator;
    let healthy = |port: u16| {
        let check = Command::new(format!("{PACKAGING}/healthcheck")).arg(port.to_string()).output().unwrap();
        check.status.success()
    };
    assert!(healthy(operator.port()));
    let named = |address: &str| {
        let mut check = Command::new(format!("{PACKAGING}/healthcheck"));
        check.env("SAMBUNG_OPERATOR", address).output().unwrap().status.success()
    };
    assert!(named(&operator.to_string()) && !named("[::1]:9"));
    assert_eq!(ask(operator, "PUT", "/v1/drain", "*/*").status, 200);
    eventually("it drains", Duration::from_secs(5), || (!healthy(operator.port())).then_some(()));
    assert!(!healthy(harness::free_port()), "nobody listens there");
}

/// What a supervisor hears.
struct Supervisor {
    socket: UnixDatagram,
    path: PathBuf,
    _folder: TempDir,
}

impl Supervisor {
    fn listen() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { socket, path, _folder: folder }
    }
    fn path(&self) -> &Path {
        &self.path
    }
    fn next(&self) -> String {
        let mut bytes = [0; 1_024];
        let length = self.socket.recv(&mut bytes).expect("a word within 10 s");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    }
    /// Reads on until a word begins so.
    fn until(&self, begins: &str) -> String {
        std::iter::repeat_with(|| self.next()).find(|word| word.starts_with(begins)).unwrap()
    }
}

#[test]
fn a_supervisor_hears_that_calls_are_taken_that_the_brain_turns_and_that_we_go() {
    const WATCHDOG: Duration = Duration::from_millis(400);
    let supervisor = Supervisor::listen();
    let (path, timeout) = (supervisor.path().to_str().unwrap(), WATCHDOG.as_micros().to_string());
    let site = Site::new().agent(Agent::phone("a001", 5910)).more("[drain]\ndeadline = \"90s\"\n");
    let environment = [("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", &timeout)];
    let mut router = Router::start_with(&site.to_toml(), &environment);
    assert_eq!(supervisor.next(), "READY=1");
    let began = Instant::now();
    let alive = (0..10).filter(|_| supervisor.next() == "WATCHDOG=1").count();
    assert_eq!(alive, 10, "nothing else is said while it runs");
    assert!(began.elapsed() < WATCHDOG * 10, "each comes before the time is over");
    let ended = router.stop();
    assert_eq!(supervisor.until("STOPPING=1"), "STOPPING=1");
    let asked = supervisor.until("EXTEND_TIMEOUT_USEC=");
    let micros: u64 = asked.trim_start_matches("EXTEND_TIMEOUT_USEC=").parse().unwrap();
    assert!(
        Duration::from_micros(micros) > Duration::from_secs(90),
        "the time to drain, and some more: {asked}"
    );
    assert_eq!(ended, Some(0), "{}", router.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_asked_to_end_serves_the_call_that_is_alive_and_asks_for_time_meanwhile() {
    let supervisor = Supervisor::listen();
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners { talk: Some(Spread::Fixed(Duration::from_secs(7))), ..Manners::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones = PhonesPlan { listen, manners, ..PhonesPlan::default() };
    let phones = Phones::start(phones, 1, &tally, &stop).unwrap();
    let agent = Agent::phone("a001", phones.address(0).port());
    let site = Site::new().agent(agent).more("[drain]\ndeadline = \"90s\"\n");
    let environment = [("NOTIFY_SOCKET", supervisor.path().to_str().unwrap())];
    let mut router = Router::start_with(&site.to_toml(), &environment);
    let plan =
        CallersPlan { target: router.ready().sip_udp, rate: 10.0, calls: Some(1), ..CallersPlan::default() };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop.clone()).unwrap();
    eventually("she talks", Duration::from_secs(10), || (tally.figures().connected == 1).then_some(()));
    eventually("the floor shows it", Duration::from_secs(5), || {
        (router.metric("sambung_agents{state=\"talking\"}") == Some(1.0)).then_some(())
    });
    let asked = Instant::now();
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    let served = asked.elapsed();
    callers.finished().await;
    switch.stop();
    phones.finished().await;
    assert!(
        served > Duration::from_secs(1) && served < Duration::from_secs(20),
        "until the call was over: {served:?}"
    );
    assert_eq!(supervisor.until("STOPPING=1"), "STOPPING=1");
    assert!(supervisor.until("EXTEND_TIMEOUT_USEC=").len() > "EXTEND_TIMEOUT_USEC=".len());
    for _ in 0..2 {
        assert_eq!(supervisor.until("STATUS="), "STATUS=draining: 1 calls left");
        assert_eq!(supervisor.next(), "EXTEND_TIMEOUT_USEC=15000000", "again and again");
    }
    assert_eq!(router.records().calls(), ["answered||a001|1|1"]);
}
