//! `kill -9` again and again in the middle of a busy hour: nobody is lost. Callers and phones are SIPp's, who log what they see.
//!
//! Three groups at once: some talk through all of it, some wait for few agents, and new ones come all the time. A short
//! version runs always; `SAMBUNG_KILLS=30 SAMBUNG_CROWD=200` is the full one.

use crate::hold::Ears;
use harness::{Agent, Desk, Router, Sipp, SippRun, Site, eventually, free_port, judge::Testimony, need_all};
use loadtest::{Desktops, DesktopsPlan, Journal, Seat, Spread, Tally, random::Dice};
use protocol::{AgentState, ClientMessage, ContactRef, ContactState};
use std::{
    env,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

/// New calls a second beside those that talk and wait.
const PER_SECOND: u32 = 30;
/// Agents for them.
const QUICK: usize = 60;
/// Those of them who have desktops, which connect again a second after each kill.
const AT_DESKS: usize = 20;
/// Agents for those who wait.
const FEW: usize = 3;
/// Whoever waits is moved to new music so soon after a kill, in microseconds.
const MUSIC_AGAIN: u64 = 4_000_000;
/// How long a caller who waits talks, and one of those that talk through all of it, after the last kill.
const TALK_MS: [u32; 2] = [1_000, 10_000];
/// A BYE is answered within this time.
const ANSWERED: u64 = 5_000_000;
/// Longest anybody has patience.
const PATIENCE_MS: u32 = 240_000;

fn number(name: &str, default: u32) -> u32 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Agents of three queues, each with a skill of its own.
fn site(crowd: u32, ports: [u16; 2]) -> Site {
    let mut text = String::new();
    for (queue, entry) in [("long", "1600"), ("wait", "1700")] {
        text += &format!(
            "[[queue]]\nname = \"{queue}\"\nneeds = \"{queue}\"\nwrap_up = \"0s\"\npop_budget = \"0ms\"\nrona_pause = \"300ms\"\nmax_wait = \"10m\"\n\
             [[entry]]\nnumber = \"{entry}\"\nqueue = \"{queue}\"\n"
        );
    }
    for (group, count) in [("long", crowd as usize), ("wait", FEW), ("main", QUICK)] {
        let port = ports[usize::from(group == "long")];
        for agent in 1..=count {
            let has_desk = group == "main" && agent <= AT_DESKS;
            let at = if has_desk {
                format!("token = \"t-{group}{agent}\"")
            } else {
                "presence = \"always\"".to_owned()
            };
            text += &format!(
                "[[agent]]\nid = \"{group}{agent}\"\nphone = \"sip:{group}{agent}@127.0.0.1:{port}\"\n{at}\nskills = {{ {group} = 5 }}\n"
            );
        }
    }
    Site::new().fixed_ports().queue("needs", "main").queue("max_wait", "10m").more(&text)
}

fn callers(name: &str, dial: &str, calls: u32, rate: u32) -> Sipp {
    let callers = Sipp::caller("caller_survives").patient().named(name).with("PATIENCE", PATIENCE_MS);
    callers.dial(dial).calls(calls, rate)
}

/// Desktops of those agents who have one.
fn desks(at: SocketAddr) -> DesktopsPlan {
    let seat = |agent: usize| Seat { agent: format!("main{agent}"), token: format!("t-main{agent}") };
    let back_after = Some(Spread::Fixed(Duration::from_millis(100)));
    let people = (1..=AT_DESKS).map(seat).collect();
    DesktopsPlan { desk: at, people, back_after, reconnect: true, ..DesktopsPlan::default() }
}

/// Kills and starts the router again, at random points. When it was killed, and how long it was away.
fn kill_often(router: &mut Router, kills: u32) -> Vec<(u64, Duration)> {
    let mut dice = Dice::new(1, 0);
    let mut away = Vec::new();
    for _ in 0..kills {
        // The pause is the point: the router is killed at whatever it happens to be doing.
        std::thread::sleep(Duration::from_millis(1_500 + dice.below(1_500) as u64));
        let (at, killed) =
            (SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap(), Instant::now());
        router.kill();
        router.start_again();
        away.push((u64::try_from(at.as_micros()).unwrap(), killed.elapsed()));
    }
    away
}

/// A time as SIPp writes it: whole numbers as 12.000000, and a zero left out.
fn micros(words: &[&str]) -> u64 {
    let part = |word: &str| word.parse::<f64>().expect("a number") as u64;
    part(words[0].trim_matches(['[', ']'])) * 1_000_000
        + words.get(1).map_or(0, |word| part(word.trim_matches(['[', ']'])))
}

/// Callers who waited over a kill and for longer than they should have to, and were not moved to new music in that time.
fn left_in_silence(callers: &str, kills: &[(u64, Duration)]) -> Vec<String> {
    let mut of: std::collections::BTreeMap<&str, (u64, Vec<u64>, u64)> = std::collections::BTreeMap::new();
    for words in callers.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        let ["C", caller, what, at @ ..] = &words[..] else { continue };
        let seen = of.entry(caller).or_insert((u64::MAX, Vec::new(), 0));
        match *what {
            "OK" => seen.0 = micros(at),
            "REINV" => seen.1.push(micros(&at[..2])),
            "BYE" => seen.2 = micros(at),
            _ => {}
        }
    }
    let mut silent = Vec::new();
    for (caller, (came, moved, left)) in &of {
        // The last move was to an agent.
        let talked = moved.last().copied().unwrap_or(*left);
        for (kill, _) in kills.iter().filter(|(kill, _)| came < kill && kill + MUSIC_AGAIN < talked) {
            if !moved.iter().any(|at| (*kill..kill + MUSIC_AGAIN).contains(at)) {
                silent.push(format!("{caller} after the kill at {kill}"));
            }
        }
    }
    silent
}

/// Microseconds from each agent's hanging up to the answer; those without an answer by themselves.
fn byes(log: &str) -> (Vec<u64>, Vec<String>) {
    let of = |what: &str| {
        let lines = log.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let found = lines.filter(|words| words.len() >= 6 && words[0] == "A" && words[4] == what);
        found
            .map(|words| (words[3].to_owned(), micros(&words[5..])))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (asked, answered) = (of("HANGUP"), of("HUNGUP"));
    let unanswered = asked.keys().filter(|call| !answered.contains_key(*call)).cloned().collect();
    let taken = asked.iter().filter_map(|(call, at)| Some(answered.get(call)?.saturating_sub(*at)));
    (taken.collect(), unanswered)
}

/// Callers whom not exactly one agent talked to until she hung up. A phone that answers while
/// nobody is there to hear it is hung up on, and its caller goes to another one.
fn not_talked_to_once(phones: &str, callers: &[String]) -> Vec<String> {
    let lines = phones.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let talks = lines.filter(|words| words.len() >= 6 && words[0] == "A" && words[4] == "HANGUP");
    let mut of: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    talks.for_each(|words| *of.entry(words[2].trim_matches(['[', ']']).to_owned()).or_default() += 1);
    let placed = callers.iter().flat_map(|log| log.lines()).filter(|line| line.contains(" INV "));
    placed.filter_map(|line| line.split_whitespace().nth(1)).for_each(|caller| {
        of.entry(caller.to_owned()).or_default();
    });
    let wrong = of.into_iter().filter(|(_, talks)| *talks != 1);
    wrong.map(|(caller, talks)| format!("{caller} was talked to {talks} times")).collect()
}

fn wait_for(what: &str, run: &SippRun, count: usize, word: &str) {
    let enough = || (run.log().lines().filter(|line| line.contains(word)).count() >= count).then_some(());
    eventually(what, Duration::from_secs(60), enough);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_killed_again_and_again_loses_nobody() {
    need_all(&["sipp", "sqlite3"]);
    let (kills, crowd) = (number("SAMBUNG_KILLS", 4), number("SAMBUNG_CROWD", 30));
    let ports = [free_port(), free_port()];
    let mut router = Router::start(&site(crowd, ports));
    let (to, folder): (SocketAddr, _) = (router.ready().sip_udp, router.folder().to_owned());
    let seconds = kills * 4 + 10;

    let phones = |at: usize| {
        let phones =
            Sipp::new("phone_survives").patient().port(ports[at]).with("RING", 100).with("TALK", TALK_MS[at]);
        phones.start(to, &folder)
    };
    let phones = [phones(0), phones(1)];
    let (switch, stop) = loadtest::stop();
    let tally = Tally::new(Journal::none());
    let mut desktops = Desktops::start(desks(router.ready().desk), 1, &tally, &stop).unwrap();
    assert!(desktops.all_ready(Duration::from_secs(20)).await, "everybody at a desk is ready");
    let long = callers("l", "1600", crowd, 50).start(to, &folder);
    wait_for("the long talks have begun", &long, crowd as usize, " OK ");
    let wait = callers("w", "1700", crowd, 100).start(to, &folder);
    wait_for("callers wait", &wait, crowd as usize, " OK ");
    let quick = callers("n", "1500", PER_SECOND * seconds, PER_SECOND).start(to, &folder);

    let away = kill_often(&mut router, kills);
    println!("up again after {:?}", away.iter().map(|(_, away)| away).collect::<Vec<_>>());

    let calls = u64::from(2 * crowd + PER_SECOND * seconds);
    let at_most = Duration::from_millis(PATIENCE_MS.into());
    let logs = [long, wait, quick].map(|run| run.finished(at_most));
    let phones = phones.map(SippRun::end).concat();
    let testimony = Testimony::read(&[&logs[0], &logs[1], &logs[2], &phones]);
    assert_eq!(not_talked_to_once(&phones, &logs), [""; 0]);
    assert_eq!(testimony.agents_with_two_calls(), [""; 0]);
    let waiting = Testimony::read(&[&logs[1], &phones]);
    assert_eq!(waiting.served_out_of_order(|_| 5), [""; 0]);
    assert_eq!(left_in_silence(&logs[1], &away), [""; 0]);
    let (taken, unanswered) = byes(&phones);
    assert!(unanswered.is_empty(), "BYEs without an answer: {unanswered:?}");
    assert!(taken.iter().all(|taken| *taken <= ANSWERED), "{:?}", taken.iter().max());

    let records = router.records();
    records.expect_count(calls);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), calls);
    router.expect_all_ready(crowd as usize + FEW + QUICK);
    let desks = tally.figures().desktops;
    assert!(desks.signed_in > AT_DESKS as u64, "they came back: {desks:?}");
    switch.stop();
    desktops.finished().await;
}

#[tokio::test]
async fn a_desk_finds_its_conversation_and_a_waiting_caller_hears_music_again() {
    need_all(&["sipp", "sqlite3"]);
    let (port, ears) = (free_port(), Ears::open());
    let mut router = Router::start(&Site::new().fixed_ports().agent(Agent::desk("ann", port)));
    let (to, folder) = (router.ready().sip_udp, router.folder().to_owned());
    let mut desk = Desk::sign_in(router.ready().desk, "ann").await;
    desk.be_ready().await;
    let phone = Sipp::new("phone_survives").patient().port(port).with("RING", 50).with("TALK", 60_000);
    let phone = phone.start(to, &folder);
    let talks = callers("t", "1500", 1, 1).start(to, &folder);
    desk.until_state(AgentState::Talking).await;
    let waits = callers("w", "1500", 1, 1).with("MEDIA", ears.port).start(to, &folder);
    let heard_more = |than: usize| (ears.packets() > than).then_some(());
    eventually("music", Duration::from_secs(10), || heard_more(50));

    router.kill();
    let (killed, heard) = (Instant::now(), ears.packets());
    router.start_again();
    eventually("music again", Duration::from_secs(10), || heard_more(heard + 5));
    println!("music again after {:?}", killed.elapsed());

    let mut desk = Desk::sign_in(router.ready().desk, "ann").await;
    let contact_id = desk.offer().await; // told anew what she has
    desk.until_contact(ContactState::Connected).await;
    desk.say(ClientMessage::HangUp(ContactRef { contact_id })).await;
    desk.until_contact(ContactState::Ended).await;
    talks.finished(Duration::from_secs(10));
    // She is ready again, and the one who waited has kept the place.
    let contact_id = desk.offer().await;
    desk.until_contact(ContactState::Connected).await;
    desk.say(ClientMessage::HangUp(ContactRef { contact_id })).await;
    waits.finished(Duration::from_secs(10));
    phone.end();
    router.records().expect_count(2);
}
