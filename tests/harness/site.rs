//! A site to try: its configuration as an administrator would write it.

use crate::{kamailio::TlsFiles, ports::free_port};
use std::fmt::Write;

/// A configuration in the making: one queue `main` that every number leads to, and agents.
#[derive(Clone, Debug)]
pub struct Site {
    queue: Vec<(String, String)>,
    agents: Vec<Agent>,
    networks: String,
    entries: Vec<(String, u8)>,
    sip_port: u16,
    desk_port: u16,
    operator_port: u16,
    sip: String,
    desk: String,
    operator: String,
    more: String,
}

/// An agent of a site.
#[derive(Clone, Debug)]
pub struct Agent {
    id: String,
    phone_port: u16,
    presence: &'static str,
    answer: &'static str,
}

impl Agent {
    /// A phone without a desktop at this port, always ready.
    #[must_use]
    pub fn phone(id: &str, phone_port: u16) -> Self {
        Self { id: id.to_owned(), phone_port, presence: "always", answer: "phone" }
    }
    /// An agent with a desktop (token `t-ID`) who answers at her phone.
    #[must_use]
    pub fn desk(id: &str, phone_port: u16) -> Self {
        Self { presence: "desk", ..Self::phone(id, phone_port) }
    }
    /// An agent with a desktop (token `t-ID`) who answers there.
    #[must_use]
    pub fn answers_at_desk(id: &str, phone_port: u16) -> Self {
        Self { answer: "desk", ..Self::desk(id, phone_port) }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// A site without agents: music, no wrap-up, no waiting for cards.
    #[must_use]
    pub fn new() -> Self {
        let site = Self {
            queue: Vec::new(),
            agents: Vec::new(),
            networks: "127.0.0.0/8".to_owned(),
            entries: vec![("1500".to_owned(), 5)],
            sip_port: 0,
            desk_port: 0,
            operator_port: 0,
            sip: String::new(),
            desk: String::new(),
            operator: String::new(),
            more: String::new(),
        };
        site.queue("wrap_up", "0s").queue("pop_budget", "0ms").queue("rona_pause", "300ms")
    }
    /// Sets a key of the queue, such as `ring`, to a text.
    #[must_use]
    pub fn queue(mut self, key: &str, value: &str) -> Self {
        self.queue.retain(|(other, _value)| other != key);
        self.queue.push((key.to_owned(), value.to_owned()));
        self
    }
    /// Adds an agent.
    #[must_use]
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agents.push(agent);
        self
    }
    /// Adds `count` agents a001, a002, …, made by `make` of their id.
    #[must_use]
    pub fn agents(mut self, count: usize, make: impl Fn(&str) -> Agent) -> Self {
        let width = count.to_string().len().max(3);
        self.agents.extend((1..=count).map(|number| make(&format!("a{number:0width$}"))));
        self
    }
    /// Adds a number that leads to the queue with this priority.
    #[must_use]
    pub fn entry(mut self, number: &str, priority: u8) -> Self {
        self.entries.push((number.to_owned(), priority));
        self
    }
    /// Takes calls from this network only.
    #[must_use]
    pub fn trunk(mut self, network: &str) -> Self {
        network.clone_into(&mut self.networks);
        self
    }
    /// Listens on ports that stay the same over a restart.
    #[must_use]
    pub fn fixed_ports(mut self) -> Self {
        (self.sip_port, self.desk_port, self.operator_port) = (free_port(), free_port(), free_port());
        self
    }
    /// Sets a key of `[sip]`, such as `tcp`, to a text.
    #[must_use]
    pub fn sip(mut self, key: &str, value: &str) -> Self {
        writeln!(self.sip, "{key} = \"{value}\"").unwrap();
        self
    }
    /// Serves desk and operator over HTTPS, and shows this certificate.
    #[must_use]
    pub fn https(mut self, files: &TlsFiles) -> Self {
        self.desk.push_str("tls = true\n");
        self.operator.push_str("tls = true\n");
        let (certificate, key) = (files.certificate.display(), files.key.display());
        writeln!(self.more, "[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"").unwrap();
        self
    }
    /// Lets a user of this role ask the operator's port (token `token-of-NAME`).
    #[must_use]
    pub fn user(self, name: &str, role: &str) -> Self {
        let user =
            format!("[[operator.user]]\nname = \"{name}\"\nrole = \"{role}\"\ntoken = \"token-of-{name}\"\n");
        self.more(&user)
    }
    /// Appends to the file.
    #[must_use]
    pub fn more(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }
    /// How many agents there are.
    #[must_use]
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }
    /// The file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // SIPp counts a probe as a call. Tests that want phones to be asked say so.
        let probes = if self.sip.contains("probe_phones") { "" } else { "probe_phones = \"off\"\n" };
        let mut text = format!(
            "[site]\nzone = \"Asia/Jakarta\"\nregion = \"ID\"\n[sip]\nudp = \"127.0.0.1:{}\"\n{probes}{}[media]\nports = \"0\"\n[desk]\nlisten = \"127.0.0.1:{}\"\n{}\
             [operator]\nlisten = \"127.0.0.1:{}\"\n{}[store]\npath = \"store\"\n\
             [[trunk]]\nname = \"pbx\"\nnetworks = [\"{}\"]\n",
            self.sip_port,
            self.sip,
            self.desk_port,
            self.desk,
            self.operator_port,
            self.operator,
            self.networks
        );
        for (number, priority) in &self.entries {
            writeln!(text, "[[entry]]\nnumber = \"{number}\"\nqueue = \"main\"\npriority = {priority}")
                .unwrap();
        }
        text.push_str("[[queue]]\nname = \"main\"\n");
        for (key, value) in &self.queue {
            writeln!(text, "{key} = \"{value}\"").unwrap();
        }
        for Agent { id, phone_port, presence, answer } in &self.agents {
            writeln!(
                text,
                "[[agent]]\nid = \"{id}\"\ntoken = \"t-{id}\"\nphone = \"sip:{id}@127.0.0.1:{phone_port}\"\n\
                 presence = \"{presence}\"\nanswer = \"{answer}\""
            )
            .unwrap();
        }
        text + &self.more
    }
}
