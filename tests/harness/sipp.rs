//! SIPp: a SIP user agent that is not ours.

use crate::{ports::free_port, tools::need};
use std::{
    fs,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How a scenario includes one of `tests/sip/parts`.
const INCLUDE: &str = "<include part=\"";

/// The RTP port callers name, where nobody listens to them.
const CALLERS_RTP: u16 = 40_000;
/// And that phones name.
const PHONES_RTP: u16 = 42_000;

/// A SIPp to be started on one of the scenarios in `tests/sip`.
#[derive(Clone, Debug)]
pub struct Sipp {
    scenario: String,
    /// What it plays when it is called itself.
    when_called: Option<String>,
    /// Any free one, unless it is told.
    port: Option<u16>,
    ip: String,
    transport: String,
    values: Vec<(String, String)>,
    arguments: Vec<String>,
    /// Over TLS: the port by which others know it, where that is not its own.
    tunnel: Option<Option<u16>>,
    /// What callers' names begin with.
    named: String,
}

/// A SIPp at work; dropping it ends it.
#[derive(Debug)]
pub struct SippRun {
    child: Child,
    name: String,
    folder: PathBuf,
}

impl Sipp {
    /// SIPp with `tests/sip/NAME.xml`, on a free port.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            scenario: name.to_owned(),
            when_called: None,
            port: None,
            ip: "127.0.0.1".to_owned(),
            transport: "u1".to_owned(),
            values: Vec::new(),
            arguments: Vec::new(),
            tunnel: None,
            named: "q".to_owned(),
        }
        .with("MEDIA", CALLERS_RTP)
        .with("RTP", PHONES_RTP)
        .with("USER", "ann")
        .with("AT", "[local_ip]:[local_port]")
        .with("SPEAKS", "RTP/AVP 8")
        .with("LINE", "")
        .with("HEADERS", "")
        .with("ALLOW", "")
    }
    /// Through a tunnel of TLS (see [`crate::Stunnel`]): one connection for all calls, and its messages speak of TLS; a
    /// phone's also of the port where the tunnel begins.
    #[must_use]
    pub fn tunnelled(mut self, port: Option<u16>) -> Self {
        self.tunnel = Some(port);
        self.over("t1")
    }
    /// While it plays its own scenario it also takes calls: those go as `tests/sip/NAME.xml` says.
    #[must_use]
    pub fn when_called(mut self, name: &str) -> Self {
        self.when_called = Some(name.to_owned());
        self
    }
    /// Every message goes to a file; [`SippRun::trace_file`].
    #[must_use]
    pub fn traced(self) -> Self {
        self.argument("-trace_msg")
    }
    /// What it did not expect it answers as a phone would, or passes over, and plays on.
    #[must_use]
    pub fn patient(self) -> Self {
        self.argument("-aa").argument("-default_behaviors").argument("all,-abortunexp")
    }
    /// It answers whoever asks whether it is there. Such a question counts as a call: the first one is none then.
    #[must_use]
    pub fn answers_probes(self) -> Self {
        self.argument("-aa")
    }
    /// Over this transport, as SIPp calls it: `u1` UDP, `t1` one TCP connection for all calls, `tn` one for each, `l1`
    /// and `ln` the same over TLS.
    #[must_use]
    pub fn over(mut self, transport: &str) -> Self {
        transport.clone_into(&mut self.transport);
        self
    }
    /// On this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
    /// Callers are called `name` and a number, and not `q`, so that several groups can be told apart.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.named);
        self
    }
    /// From this address.
    #[must_use]
    pub fn ip(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self.argument("-bind_local")
    }
    /// A caller; it shows no name.
    #[must_use]
    pub fn caller(name: &str) -> Self {
        Self::new(name).with("DISPLAY", "")
    }
    /// Phones that ring `ring_ms`, talk `talk_ms` and hang up; the first call of all is treated as `first` says:
    /// `answers`, `busy`, `silent`, `dead` or `late` (see `tests/sip/parts/first-*.xml`).
    #[must_use]
    pub fn phones(port: u16, ring_ms: u32, talk_ms: u32, first: &str) -> Self {
        Self::new("phone").port(port).with("RING", ring_ms).with("TALK", talk_ms).with("FIRST", first)
    }
    /// Puts `value` where the scenario has `@NAME@`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        let name = format!("@{name}@");
        self.values.retain(|(other, _)| *other != name);
        self.values.push((name, value.to_string()));
        self
    }
    /// Dials `number`.
    #[must_use]
    pub fn dial(self, number: &str) -> Self {
        self.argument("-s").argument(number)
    }
    /// Places `calls` at `rate` a second and ends.
    #[must_use]
    pub fn calls(self, calls: u32, rate: u32) -> Self {
        let (calls, rate) = (calls.to_string(), rate.to_string());
        self.argument("-m").argument(&calls).argument("-r").argument(&rate).argument("-l").argument(&calls)
    }
    fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }
    /// Starts it against `target`; logs go to `folder`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(&self, target: SocketAddr, folder: &Path) -> SippRun {
        let program = need("sipp");
        let port = self.port.unwrap_or_else(free_port);
        let name = format!("{}-{port}", self.scenario);
        let file = folder.join(format!("{name}.xml"));
        let text = self.filled_in(&self.scenario);
        fs::write(&file, &text).unwrap();
        let at = |ending: &str| folder.join(format!("{name}.{ending}"));
        let child = Command::new(program)
            .arg(target.to_string())
            .arg("-sf")
            .arg(&file)
            .args(["-i", &self.ip, "-mi", &self.ip, "-p", &port.to_string()])
            .args(["-mp", &free_port().to_string(), "-t", &self.transport, "-max_socket", "1000", "-nostdin"])
            .arg("-trace_logs")
            .arg("-log_file")
            .arg(at("log"))
            .arg("-message_file")
            .arg(at("msg"))
            .arg("-trace_err")
            .arg("-error_file")
            .arg(at("err"))
            // SIPp ends itself when the machine is busy unless its watchdog is told to be patient.
            .args(["-watchdog_minor_maxtriggers", "100000", "-watchdog_major_maxtriggers", "100000"])
            .args(&self.arguments)
            .args(self.when_called.iter().flat_map(|called| {
                let file = folder.join(format!("{name}-called.xml"));
                fs::write(&file, self.filled_in(called)).unwrap();
                ["-oocsf".into(), file.into_os_string()]
            }))
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut run = SippRun { child, name, folder: folder.to_owned() };
        // What is sent before it listens is lost. It may also have done its work already.
        // Over a stream only those listen who wait to be called.
        let waits = text.find("<recv").is_some_and(|recv| text.find("<send").is_none_or(|send| recv < send));
        let at = (self.ip.as_str(), port);
        let listens = || match self.transport.starts_with('u') {
            true => UdpSocket::bind(at).is_err(),
            false => !waits || TcpListener::bind(at).is_err(),
        };
        let mut begun = || (listens() || run.child.try_wait().unwrap().is_some()).then_some(());
        crate::eventually("SIPp listens", Duration::from_secs(10), &mut begun);
        run.expect_no_failure();
        run
    }
    /// Starts it and waits until it has played its calls.
    ///
    /// # Panics
    ///
    /// When a call did not go as the scenario says, or not within `at_most`.
    pub fn run(&self, target: SocketAddr, folder: &Path, at_most: Duration) -> String {
        self.start(target, folder).finished(at_most)
    }
    fn filled_in(&self, scenario: &str) -> String {
        let mut text = read(scenario);
        self.put_values(&mut text);
        while let Some(at) = text.find(INCLUDE) {
            let end = at + text[at..].find("/>").expect("an include ends with />") + "/>".len();
            let mut attributes = attributes(&text[at..end]);
            let (_, part) = attributes.remove(0);
            let mut included = read(&format!("parts/{part}"));
            for (name, value) in attributes {
                put(&mut included, &format!("@{name}@"), &value);
            }
            text.replace_range(at..end, included.trim_end());
            self.put_values(&mut text);
        }
        text = text.replace("q[call_number]", &format!("{}[call_number]", self.named));
        if let Some(port) = self.tunnel {
            text = text.replace("[transport]", "TLS");
            text = port.map_or(text.clone(), |port| text.replace("[local_port]", &port.to_string()));
        }
        text
    }
    fn put_values(&self, text: &mut String) {
        for (name, value) in &self.values {
            put(text, name, value);
        }
    }
}

/// Names and values of an element's attributes.
fn attributes(element: &str) -> Vec<(String, String)> {
    let pairs = element.split("=\"").zip(element.split("=\"").skip(1));
    let name = |before: &str| before.rsplit(char::is_whitespace).next().unwrap_or_default().to_owned();
    let value = |after: &str| after.split('"').next().unwrap_or_default().replace("&#10;", "\n");
    pairs.map(|(before, after)| (name(before), value(after))).collect()
}

/// Puts `value` where `text` has `name`; a line of its own is left out when there is nothing to put.
fn put(text: &mut String, name: &str, value: &str) {
    if value.is_empty() {
        *text = text.replace(&format!("\n{name}\n"), "\n");
    }
    *text = text.replace(name, value);
}

fn read(name: &str) -> String {
    let path = format!("{}/sip/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl SippRun {
    /// Waits until it has played its calls; what it logged.
    ///
    /// # Panics
    ///
    /// When a call did not go as the scenario says, or not within `at_most`.
    pub fn finished(mut self, at_most: Duration) -> String {
        let end = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let code = status.code();
                assert!(code == Some(0), "SIPp {}: exit code {code:?}\n{}", self.name, self.problems());
                return self.log();
            }
            assert!(
                Instant::now() < end,
                "SIPp {} has not ended in {at_most:?}\n{}",
                self.name,
                self.problems()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap_or_default()
    }
    /// The file of the messages it sent and got, if it was told to keep them.
    #[must_use]
    pub fn trace_file(&self) -> PathBuf {
        self.folder.join(format!("{}.msg", self.name))
    }
    fn expect_no_failure(&mut self) {
        let code = self.child.try_wait().unwrap().and_then(|status| status.code());
        assert!(
            code.is_none_or(|code| code == 0),
            "SIPp {}: exit code {code:?}\n{}",
            self.name,
            self.problems()
        );
    }
    fn problems(&self) -> String {
        let read = |ending: &str| {
            fs::read_to_string(self.folder.join(format!("{}.{ending}", self.name))).unwrap_or_default()
        };
        let text = format!("{}\n{}\nlog:\n{}", read("err"), read("stderr"), self.log());
        text.chars().take(6_000).collect()
    }
    /// Ends it as an operator does (SIGTERM), so that its log is complete; what it logged.
    ///
    /// # Panics
    ///
    /// When it has failed before, or does not end.
    pub fn end(mut self) -> String {
        self.expect_no_failure();
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        crate::eventually("SIPp ends", Duration::from_secs(10), || self.child.try_wait().unwrap());
        self.log()
    }
}

impl Drop for SippRun {
    fn drop(&mut self) {
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dials the phones directly: both are foreign user agents, so what they cannot do here no router can help.
    fn dial(caller: &Sipp, first: &str, talk_ms: u32) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        let phones = Sipp::phones(port, 50, talk_ms, first).start(target, folder.path());
        let log = caller.clone().dial("a001").calls(1, 1).run(target, folder.path(), Duration::from_secs(20));
        (log, phones.end())
    }

    #[test]
    fn the_ordinary_caller_and_phone_go_through_a_call() {
        let (caller, phone) = dial(&Sipp::caller("caller"), "answers", 200);
        for (log, seen) in [(&caller, ["INV", "OK", "BYE"]), (&phone, ["INV", "ANS", "HANGUP"])] {
            assert!(seen.iter().all(|what| log.contains(&format!(" {what} "))), "{log}");
        }
    }

    #[test]
    fn a_caller_who_cancels_reaches_a_silent_phone() {
        let (caller, phone) = dial(&Sipp::caller("caller_cancels").with("WAIT", 100), "silent", 200);
        assert!(caller.contains(" INV ") && phone.contains(" CANCEL "), "{caller}{phone}");
    }

    #[test]
    fn a_caller_who_hangs_up_first_is_understood() {
        let (caller, phone) = dial(&Sipp::caller("caller_gives_up").with("WAIT", 100), "answers", 20_000);
        assert!(caller.contains(" HANGUP ") && phone.contains(" BYE "), "{caller}{phone}");
    }

    #[test]
    fn a_refusal_is_acknowledged() {
        dial(&Sipp::caller("caller_refused").with("STATUS", 486), "busy", 200);
    }
}
