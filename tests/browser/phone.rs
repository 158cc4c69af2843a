//! A phone in an agent's page: Chromium with a tone for a voice, rtpengine between it and a foreign caller.

use crate::devtools::Browser;
use harness::{Baresip, Hears, Router, Rtpengine, Site, eventually_is, free_port, need_all, tone};
use std::{fs, path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);
const AGENTS_VOICE: u32 = 440;
const CALLERS_VOICE: u32 = 600;
const COLLEAGUES_VOICE: u32 = 880;
const CALLER: &str = "<sip:+622155501@127.0.0.1:@PORT@>;regint=0";

/// Keeps what the page's phone is made of within reach. A tone is no speech: nothing is to be cleaned out of it.
const WITHIN_REACH: &str = "(() => { \
    const Connection = RTCPeerConnection; window.connections = []; \
    window.RTCPeerConnection = class extends Connection { \
        constructor(...more) { super(...more); window.connections.push(this); } }; \
    const media = MediaDevices.prototype.getUserMedia; \
    MediaDevices.prototype.getUserMedia = function (wanted) { \
        const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }; \
        return media.call(this, wanted.audio ? { ...wanted, audio: raw } : wanted); }; \
    })()";

/// The strongest frequency that comes out of the page's last call, in Hz; 0 for silence.
const LOUDEST: &str = "(async () => { \
    const [receiver] = window.connections.at(-1).getReceivers(); \
    window.ears ??= new AudioContext(); await ears.resume(); \
    const source = ears.createMediaStreamSource(new MediaStream([receiver.track])); \
    const analyser = new AnalyserNode(ears, { fftSize: 16384, smoothingTimeConstant: 0 }); \
    source.connect(analyser); \
    await new Promise((done) => setTimeout(done, 600)); \
    const bins = new Float32Array(analyser.frequencyBinCount); \
    analyser.getFloatFrequencyData(bins); source.disconnect(); \
    const loudest = bins.indexOf(Math.max(...bins)); \
    return bins[loudest] < -60 ? 0 : Math.round(loudest * ears.sampleRate / 16384); })()";

/// A browser whose microphone hears a tone.
async fn browser(folder: &Path) -> Browser {
    let voice = folder.join("voice.wav");
    fs::write(&voice, tone(AGENTS_VOICE, 20.0)).unwrap();
    let arguments = [
        "--use-fake-device-for-media-stream".to_owned(),
        "--use-fake-ui-for-media-stream".to_owned(),
        format!("--use-file-for-fake-audio-capture={}", voice.display()),
        "--allow-loopback-in-peer-connection".to_owned(),
        "--disable-features=WebRtcHideLocalIpsWithMdns".to_owned(),
        "--autoplay-policy=no-user-gesture-required".to_owned(),
    ];
    let mut browser = Browser::start_with(&arguments).await;
    browser.before_pages(WITHIN_REACH).await;
    browser
}

/// Ann, whose phone is in her page and who accepts `answer`.
fn start(relay: &Rtpengine, answer: &str) -> Router {
    start_with(relay, answer, "")
}

/// As [`start`], with `more` in the configuration.
fn start_with(relay: &Rtpengine, answer: &str, more: &str) -> Router {
    let agent = format!(
        "[[agent]]\nid = \"ann\"\ntoken = \"t-ann\"\nphone = \"browser\"\nanswer = \"{answer}\"\nskills = {{ main = 5 }}\n"
    );
    let site = Site::new()
        .fixed_ports()
        .sip("ws", &format!("127.0.0.1:{}", free_port()))
        .queue("wrap_up", "2s")
        .queue("needs", "main")
        .more(&agent)
        .more(more)
        .to_toml();
    let relayed =
        format!("digest = [\"md5\"]\n[media]\nrelay = \"browsers\"\nrtpengine = \"{}\"", relay.ng());
    let router = Router::start_on(&site.replacen("[media]", &relayed, 1));
    eventually_is("rtpengine is there", PATIENCE, &Some(1.0), || router.metric("sambung_rtpengine_up"));
    router
}

fn phone_is(state: &str) -> String {
    format!("document.querySelector('.phone')?.dataset.phone === '{state}'")
}

fn call_is(state: &str) -> String {
    format!("document.querySelector('.phone')?.dataset.call === '{state}'")
}

/// Waits until somebody hears this.
fn until(who: &str, phone: &Baresip, wanted: Hears) {
    eventually_is(&format!("what {who} hears"), PATIENCE, &wanted, || phone.hears());
}

async fn until_heard(browser: &mut Browser, hz: u32) {
    let near = format!("(async () => Math.abs(await {LOUDEST} - {hz}) <= 15)()");
    let end = std::time::Instant::now() + PATIENCE;
    while browser.eval(&near).await != true {
        let loudest = browser.eval(LOUDEST).await;
        assert!(std::time::Instant::now() < end, "she hears {loudest} Hz");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_with_nothing_but_a_browser_talks_holds_mutes_and_hangs_up() {
    need_all(&["chromium", "baresip", "rtpengine", "sqlite3"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let router = start(&relay, "phone");
    let mut browser = browser(folder.path()).await;
    browser.sign_in(router.ready().desk, "t-ann").await;
    browser.until("her phone is ready", &phone_is("ready")).await;
    assert_eq!(router.metric("sambung_phones_registered"), Some(1.0));
    browser.be_ready().await;

    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    browser.until("it rings", &call_is("ringing")).await;
    browser.press("phone-answer").await;
    browser.until("she talks", &call_is("talking")).await;
    browser.until_call("connected", PATIENCE).await;
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until_heard(&mut browser, CALLERS_VOICE).await;
    browser.screenshot(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/desktop-phone.png")).await;
    let calls = relay.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");

    browser.press("phone-mute").await;
    until("the caller, while she is muted,", &caller, Hears::Silence);
    browser.press("phone-mute").await;
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));

    browser.press("hold").await;
    until("the held caller", &caller, Hears::Else);
    browser.until_call("held", PATIENCE).await;
    browser.press("hold").await;
    until("the caller taken back", &caller, Hears::Tone(AGENTS_VOICE));
    until_heard(&mut browser, CALLERS_VOICE).await;

    browser.press("phone-hang-up").await;
    browser.until_call("ended", PATIENCE).await;
    browser.until("the phone is free", &call_is("none")).await;
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    router.records().expect(&["answered||ann|1|1"], &["ann|accepted"]);
    assert_eq!(browser.complaints(), [""; 0], "the page complained");
    let log = router.log();
    assert!(!log.contains("c=IN") && !log.contains("+6221"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn she_accepts_at_her_desk_the_caller_hangs_up_and_the_next_call_finds_her_again() {
    need_all(&["chromium", "baresip", "rtpengine", "sqlite3"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let mut router = start(&relay, "desk");
    let mut browser = browser(folder.path()).await;
    browser.sign_in(router.ready().desk, "t-ann").await;
    browser.until("her phone is ready", &phone_is("ready")).await;

    // The password she has is gone with the process that gave it.
    router.kill();
    browser.until("she is told", &phone_is("lost")).await;
    router.start_again();
    browser.until("her phone is back", &phone_is("ready")).await;
    eventually_is("her phone is registered", PATIENCE, &Some(1.0), || {
        router.metric("sambung_phones_registered")
    });
    let failed = router.metric("sambung_registrations_total{outcome=\"failed\"}");
    assert_eq!(failed, Some(0.0), "she asks for a new password first");
    browser.be_ready().await;

    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    browser.press("accept").await;
    browser.until("she talks", &call_is("talking")).await;
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    until_heard(&mut browser, CALLERS_VOICE).await;
    caller.command("hangup", "");
    browser.until("the phone is free", &call_is("none")).await;
    browser.until_call("ended", PATIENCE).await;
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    router.records().expect(&["answered||ann|1|1"], &["ann|accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_rtpengine_her_phone_is_refused_and_the_caller_waits() {
    need_all(&["chromium", "baresip", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let router = start(&relay, "phone");
    let mut browser = browser(folder.path()).await;
    browser.sign_in(router.ready().desk, "t-ann").await;
    browser.until("her phone is ready", &phone_is("ready")).await;
    browser.be_ready().await;
    drop(relay);
    eventually_is("rtpengine is gone", PATIENCE, &Some(0.0), || router.metric("sambung_rtpengine_up"));
    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    until("the waiting caller", &caller, Hears::Else);
    let refused = "sambung_rtpengine_bypassed_total{how=\"refused\"}";
    eventually_is("refused phones", PATIENCE, &true, || router.metric(refused) >= Some(1.0));
}

#[tokio::test]
async fn a_page_without_a_microphone_says_so_and_is_not_rung() {
    need_all(&["chromium", "rtpengine"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let router = start(&relay, "phone");
    let mut browser = Browser::start_with(&["--deny-permission-prompts".to_owned()]).await;
    browser.sign_in(router.ready().desk, "t-ann").await;
    let told = "['denied', 'absent', 'taken'].includes(document.querySelector('.phone').dataset.phone)";
    browser.until("she is told", told).await;
    browser
        .until("she can try again", "document.querySelector('button[data-key=phone-again]').offsetParent")
        .await;
    assert_eq!(router.metric("sambung_phones_registered"), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn she_asks_a_colleague_at_a_desk_phone_and_puts_the_caller_through() {
    need_all(&["chromium", "baresip", "rtpengine", "sqlite3"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let ben = "[[agent]]\nid = \"ben\"\nphone = \"registered\"\nphone_password = \"b7-Kw29-Lp0x-Qd\"\npresence = \"always\"\n";
    let router = start_with(&relay, "phone", ben);
    let ready = router.ready();
    let mut browser = browser(folder.path()).await;
    browser.sign_in(ready.desk, "t-ann").await;
    browser.until("her phone is ready", &phone_is("ready")).await;
    browser.be_ready().await;
    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", ready.sip_udp));
    browser.until_within("it rings", &call_is("ringing"), PATIENCE).await;
    browser.press("phone-answer").await;
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));

    let account = format!(
        "<sip:ben@{}>;auth_user=ben;auth_pass=b7-Kw29-Lp0x-Qd;answermode=auto;regint=60",
        ready.sip_udp
    );
    let ben = Baresip::start("ben", &account, COLLEAGUES_VOICE, router.folder());
    eventually_is("phones registered", PATIENCE, &Some(2.0), || router.metric("sambung_phones_registered"));
    browser.press("transfer").await;
    let whom = "(() => { const whom = document.querySelector('#transfer-whom'); whom.value = 'agent:ben'; \
                whom.dispatchEvent(new Event('change')); return whom.value; })()";
    assert_eq!(browser.eval(whom).await, "agent:ben");
    browser.press("consult").await;
    until("the colleague who is asked", &ben, Hears::Tone(AGENTS_VOICE));
    until("the caller meanwhile", &caller, Hears::Else);
    until_heard(&mut browser, COLLEAGUES_VOICE).await;
    browser.press("complete").await;
    until("the caller put through", &caller, Hears::Tone(COLLEAGUES_VOICE));
    until("the colleague", &ben, Hears::Tone(CALLERS_VOICE));
    browser.until("the phone is free", &call_is("none")).await;
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    caller.command("hangup", "");
    router.records().expect_count(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_browser_that_dies_leaves_nobody_in_silence() {
    need_all(&["chromium", "baresip", "rtpengine", "sqlite3"]);
    let folder = tempfile::tempdir().unwrap();
    let relay = Rtpengine::start(folder.path());
    let router = start(&relay, "phone");
    let mut browser = browser(folder.path()).await;
    browser.sign_in(router.ready().desk, "t-ann").await;
    browser.until("her phone is ready", &phone_is("ready")).await;
    browser.be_ready().await;
    let caller = Baresip::start("caller", CALLER, CALLERS_VOICE, router.folder());
    caller.command("dial", &format!("sip:1500@{}", router.ready().sip_udp));
    browser.until("it rings", &call_is("ringing")).await;
    browser.press("phone-answer").await;
    until("the caller", &caller, Hears::Tone(AGENTS_VOICE));
    drop(browser);
    eventually_is("rtpengine's calls", PATIENCE, &0, || relay.calls().len());
    router.records().expect_count(1);
    assert!(caller.log().contains("terminated"), "{}", caller.log());
}
