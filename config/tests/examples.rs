//! The example files, the defaults and the reference say what the reader does.
#![allow(clippy::unwrap_used, clippy::panic)]

use acd::{Treatment, limits::Limits, plan::*, routing::Sequence};
use config::{Config, Warning};
use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn parse(text: &str) -> (Config, Vec<Warning>) {
    let env = |name: &str| Some(format!("token-of-{name}"));
    config::parse(text, &examples(), &env).unwrap_or_else(|problems| panic!("{problems}"))
}

fn example(name: &str) -> (Config, Vec<Warning>) {
    parse(&std::fs::read_to_string(examples().join(name)).unwrap())
}

#[test]
fn every_example_works_as_it_stands() {
    let files: Vec<PathBuf> =
        std::fs::read_dir(examples()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3);
    for file in files {
        let (_, warnings) = example(file.file_name().unwrap().to_str().unwrap());
        for warning in warnings {
            let to_change = warning.what.ends_with("is absent") || warning.what.contains("guessed first");
            assert!(to_change, "{}: {warning}", file.display());
        }
    }
}

#[test]
fn the_sample_is_read_as_it_is_written() {
    let (config, warnings) = example("sample.toml");
    let keys: Vec<&str> = warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["agent[ann].token", "source[accounting].url"]);
    assert_eq!((config.site.zone_name.as_str(), config.site.region.as_str()), ("Asia/Jakarta", "ID"));
    assert_eq!(config.sip.udp.to_string(), "127.0.0.1:5060");
    assert_eq!(config.media.ports, 20_000..=29_999);
    assert!(config.trunks[0].contains(IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9))));
    let queue = &config.plan.queues[0];
    assert_eq!((queue.name.as_str(), queue.needs.to_string().as_str()), ("billing", "billing >= 3"));
    assert_eq!(
        (queue.strategy, queue.treatment, &queue.then),
        (Strategy::LongestIdle, Treatment::Music, &Then::Refuse)
    );
    assert_eq!((queue.max_wait, queue.pop_budget), (Duration::from_secs(600), Duration::from_millis(40)));
    let entry =
        EntryPlan { number: "1500".to_owned(), queue: "billing".to_owned(), priority: 5, hours: None };
    assert_eq!(config.plan.entries, [entry]);
    let (plan, access) = (&config.plan.agents[0], &config.agents[0]);
    assert_eq!((plan.id.as_str(), plan.presence, plan.answer), ("ann", Presence::Desk, Answer::Phone));
    assert_eq!(plan.skills.get("indonesian"), Some(&9));
    assert_eq!((access.name.as_str(), access.phone.address().unwrap().port()), ("ann", 5910));
    assert!(access.token.as_ref().unwrap().matches("change-me"));
    assert!(!format!("{config:?}").contains("change-me"));
    let source = &config.sources[0];
    assert_eq!(
        (source.url.as_path(), source.deadline),
        (examples().join("accounting.db").as_path(), Duration::from_millis(150))
    );
    assert_eq!(source.sections[0].role.as_deref(), Some("agent"));
}

#[test]
fn a_file_of_a_few_lines_is_a_whole_machine() {
    let text = std::fs::read_to_string(examples().join("minimal.toml")).unwrap();
    assert!(text.lines().count() < 15);
    let (config, warnings) = parse(&text);
    assert_eq!(warnings, []);
    assert_eq!(config.plan.entries[0].number, "*");
    assert_eq!(config.plan.entries[0].queue, "main");
    assert!(config.trunks[0].contains(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    assert!(config.agents[0].token.is_none());
}

#[test]
fn without_a_file_one_machine_runs() {
    let config = Config::default_machine();
    assert_eq!(config.plan.queues[0].name, "main");
    assert_eq!(config.plan.agents[0].presence, Presence::Always);
    assert_eq!(config.store.path, Path::new("sambung-data"));
    assert_eq!(config.desk.codes, ["done", "callback", "escalated"]);
    assert_eq!(config.site.region, config::Site::NO_REGION);
    assert!(config.sip.udp.ip().is_loopback() && config.desk.listen.ip().is_loopback());
}

#[test]
fn an_empty_file_has_a_queue_for_every_number_and_nobody_to_serve_it() {
    let (config, warnings) = parse("");
    assert_eq!(config.plan.entries[0].queue, config.plan.queues[0].name);
    assert_eq!(warnings.iter().map(|warning| warning.key.as_str()).collect::<Vec<_>>(), ["agent"]);
}

#[test]
fn every_port_may_be_chosen_by_the_system() {
    let (config, _) = parse(
        "[sip]\nudp = '127.0.0.1:0'\n[media]\nports = '0'\n[desk]\nlisten = '127.0.0.1:0'\n[operator]\nlisten = '127.0.0.1:0'",
    );
    assert_eq!((config.sip.udp.port(), config.desk.listen.port(), config.operator.listen.port()), (0, 0, 0));
    assert_eq!(config.media.ports, 0..=0);
}

#[test]
fn media_is_where_sip_is_unless_told_otherwise() {
    let (config, _) = parse("[sip]\nudp = '192.0.2.10:5060'");
    assert_eq!(config.media.address, config.sip.udp.ip());
}

#[test]
fn sessions_end_after_half_an_hour_without_a_sign_of_life_unless_told_otherwise() {
    let session = |key: &str| parse(&format!("[sip]\n{key}")).0.sip.session_expires;
    assert_eq!(session(""), Some(Duration::from_secs(1_800)));
    assert_eq!(session("session_expires = '90s'"), Some(Duration::from_secs(90)));
    assert_eq!(session("session_expires = 'off'"), None);
}

#[test]
fn agents_of_one_address_differ_by_their_user() {
    let agent = |id: &str| {
        format!("[[agent]]\nid = '{id}'\npresence = 'always'\nphone = 'sip:{id}@127.0.0.1:5910'\n")
    };
    let (config, _) = parse(&(agent("a001") + &agent("a002")));
    assert_eq!(config.agents[0].phone.address(), config.agents[1].phone.address());
}

#[test]
fn tokens_come_from_the_file_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ann.token"), "from-a-file\n").unwrap();
    let agent = |id: &str, token: &str| {
        format!("[[agent]]\nid = '{id}'\n{token}\nphone = 'sip:{id}@127.0.0.1:5910'\n")
    };
    let text = agent("ann", "token_file = 'ann.token'")
        + &agent("ben", "token_env = 'BEN'")
        + &agent("cid", "token = 'c'");
    let env = |name: &str| (name == "BEN").then(|| "from-env".to_owned());
    let (config, _) = config::parse(&text, folder.path(), &env).unwrap();
    let tokens: Vec<&str> =
        config.agents.iter().map(|agent| agent.token.as_ref().unwrap().expose()).collect();
    assert_eq!(tokens, ["from-a-file", "from-env", "c"]);
}

#[test]
fn a_phone_that_registers_has_a_password_and_no_address() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ben.phone"), "Ben-4-random-words\n").unwrap();
    let agent = |id: &str, password: &str| {
        format!("[[agent]]\nid = '{id}'\npresence = 'always'\nphone = 'registered'\n{password}\n")
    };
    let text = agent("ann", "phone_password = 'Ann-4-random-words'")
        + &agent("ben", "phone_password_file = 'ben.phone'")
        + &agent("cid", "phone_password_env = 'CID'");
    let env = |name: &str| (name == "CID").then(|| "Cid-4-random-words".to_owned());
    let (config, _) = config::parse(&text, folder.path(), &env).unwrap();
    let passwords = config.agents.iter().map(|agent| match &agent.phone {
        config::Phone::Registered { password } => password.expose(),
        config::Phone::At(_) | config::Phone::Browser => "not by itself",
    });
    assert_eq!(
        passwords.collect::<Vec<_>>(),
        ["Ann-4-random-words", "Ben-4-random-words", "Cid-4-random-words"]
    );
    assert!(config.agents.iter().all(|agent| agent.phone.address().is_none()));
    assert!(!format!("{config:?}").contains("random-words"));
}

#[test]
fn a_trunk_signs_in_to_us_by_a_password_of_its_own() {
    let trunk = "[[trunk]]\nname = 'pbx'\nnetworks = ['192.0.2.10']\n";
    let login = |keys: &str| {
        let (config, _) = parse(&format!("{trunk}{keys}"));
        config.trunks[0].requires.as_ref().map(|login| format!("{}:{}", login.user, login.password.expose()))
    };
    assert_eq!(login(""), None);
    let from_env = login("requires = 'digest'\npeer_password_env = 'PEER'");
    assert_eq!(from_env.as_deref(), Some("pbx:token-of-PEER"));
    let named = login("requires = 'digest'\npeer_user = 'them'\npeer_password = 'theirs'");
    assert_eq!(named.as_deref(), Some("them:theirs"));
}

#[test]
fn a_digest_is_offered_in_the_order_written() {
    let (config, _) = parse("[sip]\nrealm = 'Office, 2nd floor'\ndigest = ['md5']");
    assert_eq!(
        (config.sip.realm.as_str(), config.sip.digest),
        ("Office, 2nd floor", vec![config::Digest::Md5])
    );
    assert_eq!(parse("").0.sip.digest, [config::Digest::Sha256, config::Digest::Md5]);
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ann.token");
    std::fs::write(&file, "k8Wq2xLm9Rt4Zp7v").unwrap();
    let text = "[[agent]]\nid = 'ann'\ntoken_file = 'ann.token'\nphone = 'sip:ann@127.0.0.1:5910'\n";
    let warnings = |mode: u32| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        config::parse(text, folder.path(), &|_| None).unwrap().1.len()
    };
    assert_eq!((warnings(0o644), warnings(0o600)), (1, 0));
}

#[test]
fn a_file_is_named_in_what_is_said_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sambung.toml");
    let said = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        config::load(&file).unwrap_err().to_string()
    };
    let name = file.display();
    assert_eq!(
        said(b"[site]\nzone = 'UCT+7'"),
        format!(
            "{name}:2: site.zone: \"UCT+7\" is no time zone; write an IANA name, such as \"Asia/Jakarta\" or \"UTC\""
        )
    );
    assert_eq!(said(b"a\n\xff"), format!("{name}: is not UTF-8 in line 2; save it as UTF-8"));
    std::fs::remove_file(&file).unwrap();
    assert!(config::load(&file).unwrap_err().to_string().starts_with(&format!("{name}: cannot be read: ")));
}

#[test]
fn databases_are_looked_for_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(examples().join("sample.toml"), folder.path().join("sambung.toml")).unwrap();
    std::fs::write(folder.path().join("accounting.db"), "").unwrap();
    let (config, warnings) = config::load(&folder.path().join("sambung.toml")).unwrap();
    assert!(warnings.iter().all(|warning| warning.key == "agent[ann].token"), "{warnings:?}");
    assert_eq!(config.store.path, folder.path().join("sambung-data"));
}

#[test]
fn numbers_outside_are_called_over_their_gateway() {
    let (config, _) = example("helpdesk.toml");
    let (plan, way) = (&config.plan.outside[0], &config.outside[0]);
    assert_eq!((plan.name.as_str(), plan.ring), ("field-engineers", Duration::from_secs(40)));
    assert!(plan.numbers[0].takes("08119990123") && !plan.numbers[0].takes("0811999"));
    assert_eq!(
        (way.name.as_str(), way.uri("08119990123").as_str()),
        ("field-engineers", "sip:08119990123@192.0.2.20")
    );
    assert_eq!(way.gateway.address().unwrap().to_string(), "192.0.2.20:5060");
    let (other, _) = parse(
        "[[agent]]\nid = 'ann'\ntoken = 'x'\nphone = 'sip:ann@127.0.0.1:5910'\n\
         [[outside]]\nname = 'all'\nnumbers = ['*']\nvia = 'sip:127.0.0.2:5080;user=phone'",
    );
    assert_eq!(other.outside[0].uri("112"), "sip:112@127.0.0.2:5080;user=phone");
    assert_eq!(other.plan.outside[0].ring, Duration::from_secs(60));
    assert!(example("minimal.toml").0.outside.is_empty(), "nobody is called who was not named");
}

#[test]
fn numbers_outside_are_called_over_a_trunk_with_its_login_or_encrypted_or_by_name() {
    let over = |via: &str| {
        let (config, _) = parse(&format!(
            "[[agent]]\nid = 'ann'\ntoken = 'x'\nphone = 'sips:ann@pbx.example'\n\
             [[trunk]]\nname = 'carrier'\nnetworks = ['192.0.2.0/24']\naddress = 'sip:192.0.2.7:5070'\nuser = 'u'\n\
             password = 'p'\n[[outside]]\nname = 'all'\nnumbers = ['*']\nvia = '{via}'"
        ));
        config.outside[0].clone()
    };
    let carrier = over("trunk:carrier");
    assert_eq!(
        (carrier.uri("112").as_str(), carrier.trunk.as_deref()),
        ("sip:112@192.0.2.7:5070", Some("carrier"))
    );
    let secure = over("sips:gate.example");
    assert_eq!(
        (secure.uri("112").as_str(), secure.trunk),
        ("sips:112@gate.example".to_owned().as_str(), None)
    );
    assert_eq!(secure.gateway.transport, Some(config::Transport::Tls));
    assert_eq!(over("sip:gate.example;transport=tcp").uri("112"), "sip:112@gate.example;transport=tcp");
}

#[test]
fn what_the_brain_routes_by_is_read_as_it_was_written() {
    let (config, warnings) = parse(
        r#"
[routing]
ageing = "1m"
order = "service-objective"
rest = "3s"
max_occupancy = 0.9
[[attribute]]
name = "language"
header = "X-Language"
values = ["indonesian", "english"]
[[queue]]
name = "billing"
needs = "billing >= 5 and $language"
strategy = "least-skilled"
steps = [{ after = "20s", needs = "billing" }, { after = "1m", needs = "" }]
prefer_last_agent = "30s"
keep_place = "5m"
[[agent]]
id = "ann"
presence = "always"
phone = "sip:ann@127.0.0.1:5910"
weight = 3
rest = "0s"
max_occupancy = 1
skills = { billing = 7, indonesian = 9, english = 2 }
[[agent]]
id = "ben"
presence = "always"
phone = "sip:ben@127.0.0.1:5911"
skills = { billing = 2 }
[[agent]]
id = "cho"
presence = "always"
phone = "sip:cho@127.0.0.1:5912"
"#,
    );
    assert!(warnings.is_empty(), "{warnings:?}");
    let (routing, queue, ann) = (&config.plan.routing, &config.plan.queues[0], &config.plan.agents[0]);
    assert_eq!((routing.ageing, routing.rest), (Some(Duration::from_secs(60)), Duration::from_secs(3)));
    assert_eq!((routing.order, routing.max_occupancy), (Sequence::ServiceObjective, Some(900)));
    assert_eq!((queue.strategy, queue.keep_place), (Strategy::LeastSkilled, Some(Duration::from_secs(300))));
    let steps: Vec<(u64, String)> =
        queue.steps.iter().map(|step| (step.after.as_secs(), step.needs.to_string())).collect();
    assert_eq!(steps, [(20, "billing >= 1".to_owned()), (60, String::new())]);
    let prefer = queue.prefer.unwrap();
    assert_eq!((prefer.patience.as_secs(), prefer.within.as_secs()), (30, 7 * 86_400));
    assert_eq!((ann.weight, ann.rest, ann.max_occupancy), (3, Some(Duration::ZERO), Some(1_000)));
    assert_eq!(config.plan.attributes[0].default, "indonesian");
}

#[test]
fn a_header_says_a_declared_value_or_nothing() {
    let (config, _) = parse(
        "[[attribute]]\nname = 'language'\nheader = 'X-Language'\nvalues = ['indonesian', 'english']\n",
    );
    let said = |name: &str, value: &str| {
        config.attributes[0].said_in(&[(name.to_owned(), value.to_owned())]).map(str::to_owned)
    };
    assert_eq!(said("x-language", " English ").as_deref(), Some("english"));
    assert_eq!(said("X-Language", "klingon"), None);
    assert_eq!(said("X-Lang", "english"), None);
}

#[test]
fn the_reference_is_a_file_that_works_and_shows_the_defaults() {
    let (shown, _) = parse(&config::reference());
    let (default, _) = parse("");
    assert_eq!(
        format!("{:?}", (&shown.site, &shown.sip, &shown.tls, &shown.media)),
        format!("{:?}", (&default.site, &default.sip, &default.tls, &default.media))
    );
    assert_eq!(
        format!("{:?}", (&shown.desk, config::Operator { users: Vec::new(), ..shown.operator.clone() })),
        format!("{:?}", (&default.desk, &default.operator))
    );
    assert_eq!(
        format!("{:?}", (&shown.store, shown.limits)),
        format!("{:?}", (&default.store, default.limits))
    );
    let queue = QueuePlan { name: "billing".to_owned(), ..default.plan.queues[0].clone() };
    assert_eq!(shown.plan.queues, [queue]);
    assert_eq!(shown.plan.entries[0].priority, default.plan.entries[0].priority);
    let (bare, _) = parse("[[agent]]\nid = 'ann'\ntoken = 'x'\nphone = 'sip:ann@127.0.0.1:5910'");
    assert_eq!((&shown.plan.agents, &shown.agents[0].roles), (&bare.plan.agents, &bare.agents[0].roles));
}

#[test]
fn the_reference_names_every_key_and_no_other() {
    let reference = config::reference();
    for header in reference.lines().filter(|line| line.starts_with('[')) {
        let probed = reference.replacen(header, &format!("{header}\nxyzzyxyzzyxyzzy = 1"), 1);
        let problems = config::parse(&probed, &examples(), &|_| None).unwrap_err();
        let known = problems.iter().find_map(|problem| problem.way_out.strip_prefix("known here: ")).unwrap();
        let section = reference.split_once(&format!("{header}\n")).unwrap().1;
        let section = section.lines().take_while(|line| !line.starts_with('['));
        let named: Vec<&str> = section.filter_map(key_named).collect();
        // Sections and users stand under headers of their own.
        let own = |key: &&str| *key != "sections" && !(header == "[operator]" && *key == "user");
        let known: Vec<&str> = known.split(", ").filter(own).collect();
        let sorted = |mut keys: Vec<&str>| {
            keys.sort_unstable();
            keys.join(" ")
        };
        assert_eq!(sorted(named), sorted(known), "{header}");
    }
}

#[test]
fn the_alternatives_of_the_reference_are_accepted() {
    // A certificate and its key go together, and what listens for TLS needs both; who announces needs clips; what is
    // relayed needs somebody who does it.
    let together = ["certificate", "key", "clips", "rtpengine"];
    let reference = together.iter().fold(config::reference().to_owned(), |reference, key| {
        reference.replace(&format!("\n# {key} ="), &format!("\n{key} ="))
    });
    for line in reference.lines().filter(|line| line.starts_with("# ") && key_named(line).is_some()) {
        let chosen = without_plain_secret(&reference, line).replace(line, &line[2..]);
        let outcome = config::parse(&chosen, &examples(), &|_| Some("a-token".to_owned()));
        let said = outcome.err().map(|problems| problems.to_string()).unwrap_or_default();
        // The files it names are not there.
        let is_absent = |problem: &str| problem.contains("cannot be read") || problem.contains("lacks clips");
        assert!(said.lines().all(is_absent), "{line}: {said}");
    }
}

/// The reference without the secret that `line` is another way to give.
fn without_plain_secret(reference: &str, line: &str) -> String {
    let key = key_named(line).unwrap();
    let plain = ["_file", "_env", "_hash"].iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key);
    let place = reference.find(line).unwrap();
    let given = |at: &usize| reference[*at + 1..].starts_with(&format!("{plain} = "));
    // The one in the same section is the last before it.
    let Some(at) = reference[..place].rmatch_indices('\n').map(|(at, _)| at).find(given) else {
        return reference.to_owned();
    };
    let end = reference[at + 1..].find('\n').unwrap();
    format!("{}{}", &reference[..at], &reference[at + 1 + end..])
}

/// The key a line sets, also when the line is commented out.
fn key_named(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
    key.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(key)
}

#[test]
fn limits_are_read_as_written() {
    let (config, _) = parse(
        "[[queue]]\nname = 'billing'\nmax_waiting = 0\nfull = 'queue:rest'\nunstaffed = 'refuse'\n[[queue]]\nname = 'rest'\nunstaffed = 'wait'\n[[entry]]\nnumber = '*'\nqueue = 'billing'\n",
    );
    let [billing, rest] = &config.plan.queues[..] else { panic!("{:?}", config.plan.queues) };
    let full = Then::Queue("rest".to_owned());
    let wanted = Limits { max_waiting: Some(0), full, unstaffed: Some(Then::Refuse) };
    assert_eq!((&billing.limits, &rest.limits), (&wanted, &Limits::default()));
}

#[test]
fn whoever_helps_is_let_in_by_a_step_and_by_each_that_comes_later() {
    let spilled = |keys: &str| {
        let (config, _) = parse(&format!(
            "[[queue]]\nname = 'billing'\nneeds = 'billing >= 3'\n{keys}\n[[queue]]\nname = 'sales'\nneeds = 'sales'\n[[entry]]\nnumber = '*'\nqueue = 'billing'\n[[entry]]\nnumber = '1'\nqueue = 'sales'\n"
        ));
        let queue = &config.plan.queues[0];
        let steps = queue.steps.iter().map(|step| (step.after.as_secs(), step.needs.to_string()));
        [(0, queue.needs.to_string())].into_iter().chain(steps).collect::<Vec<_>>()
    };
    let own = (0, "billing >= 3".to_owned());
    let both = "billing >= 3 or sales >= 1".to_owned();
    assert_eq!(spilled("spill = ['sales']"), [own.clone(), (30, both.clone())]);
    assert_eq!(spilled("spill = ['sales']\nspill_after = '0s'"), [(0, both)]);
    let steps = "steps = [{ after = '20s', needs = 'billing' }, { after = '1m', needs = '' }]";
    let relaxed = (20, "billing >= 1".to_owned());
    let wide = (30, "billing >= 1 or sales >= 1".to_owned());
    let all = [own, relaxed, wide, (60, String::new())];
    assert_eq!(spilled(&format!("{steps}\nspill = ['sales']")), all);
}

#[test]
fn entries_go_by_hours_in_the_sites_zone_or_their_own() {
    let (config, warnings) = parse(
        "[site]\nzone = 'Asia/Jakarta'\n[[entry]]\nnumber = '*'\nqueue = 'main'\nhours = 'office'\nclosed = 'queue:night'\n[[entry]]\nnumber = '1'\nqueue = 'night'\nhours = 'east'\n[[queue]]\nname = 'main'\n[[queue]]\nname = 'night'\n[[agent]]\nid = 'ann'\nphone = 'sip:ann@127.0.0.1:5910'\npresence = 'always'\n[[hours]]\nname = 'office'\nopen = { mon-fri = ['08:00-12:00', '13:00-17:00'], sat-sun = [] }\nholidays = [2199-12-25, { date = '2199-12-24', open = ['08:00-12:00'] }]\n[[hours]]\nname = 'east'\nzone = 'Asia/Jayapura'\nopen = { sun-mon = ['22:00-06:00'] }\n",
    );
    assert_eq!(warnings, []);
    let [office, east] = &config.hours[..] else { panic!("{:?}", config.hours) };
    let at = |text: &str| text.parse::<jiff::Zoned>().unwrap().timestamp();
    assert!(office.is_open(at("2026-11-23T08:00[Asia/Jakarta]")));
    assert!(!office.is_open(at("2026-11-23T12:30[Asia/Jakarta]")));
    assert!(!office.is_open(at("2199-12-25T10:00[Asia/Jakarta]")));
    assert!(office.is_open(at("2199-12-24T11:00[Asia/Jakarta]")));
    assert!(!office.is_open(at("2199-12-24T14:00[Asia/Jakarta]")));
    assert_eq!((office.zone_name.as_str(), east.zone_name.as_str()), ("Asia/Jakarta", "Asia/Jayapura"));
    assert!(
        east.is_open(at("2026-11-22T23:00[Asia/Jayapura]"))
            && east.is_open(at("2026-11-24T05:59[Asia/Jayapura]"))
    );
    assert!(!east.is_open(at("2026-11-24T23:00[Asia/Jayapura]")));
    let closed = config.plan.entries.iter().map(|entry| entry.hours.clone().unwrap().closed);
    assert_eq!(closed.collect::<Vec<_>>(), [Then::Queue("night".to_owned()), Then::Refuse]);
}
