//! What the router's configuration says of each scene's corner: numbers, queues, agents, trunks, and where everybody is.

use super::stage::{AGENTS, Scene};
use harness::{Transport, free_port};
use std::fmt::Write as _;

/// What a phone proves that registers; SIPp knows no other digest than MD5.
pub(crate) const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";
/// Who we are at a carrier, and what proves it.
pub(crate) const USER: &str = "62215550100";
pub(crate) const CARRIERS_PASSWORD: &str = "Wq8-kk2-Vd5-p0";

/// Where somebody listens: as the router sees it, and where SIPp listens behind a tunnel.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) seen: u16,
    pub(super) behind: u16,
}

/// A corner as the configuration knows it.
pub(crate) struct Plan {
    nth: usize,
    transport: Transport,
    /// Of its agents, and then of others.
    pub(super) places: Vec<Place>,
    /// Its callers are a trunk of their own.
    pub(super) has_trunk: bool,
}

impl Plan {
    pub(super) fn new(nth: usize, scene: &Scene, transport: Transport) -> Self {
        let place = |_| Place { seen: free_port(), behind: free_port() };
        let places = (0..scene.agents + scene.others).map(place).collect();
        Self { nth, transport, places, has_trunk: scene.trunk.is_some() }
    }
    /// The number that leads here.
    pub(crate) fn number(&self) -> String {
        format!("16{:02}", self.nth)
    }
    /// A number that leads to [`Self::sales`].
    pub(crate) fn number_of_sales(&self) -> String {
        format!("17{:02}", self.nth)
    }
    /// A number outside.
    pub(crate) fn mobile(&self) -> String {
        format!("08{:02}1234", self.nth)
    }
    /// What this is called here: a queue, an agent, a trunk.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{name}{:02}", self.nth)
    }
    /// An agent's id.
    pub(crate) fn agent(&self, which: usize) -> String {
        self.name(AGENTS[which])
    }
    /// Behind the `@` of a URI that leads to this place.
    fn at(&self, which: usize) -> String {
        format!("127.0.0.1:{}{}", self.places[which].seen, self.transport.parameter())
    }
    /// Where callers come from, if they are a trunk of their own.
    pub(super) fn from(&self) -> Option<String> {
        self.has_trunk.then(|| format!("127.0.1.{}", self.nth + 1))
    }

    /// The trunk of a scene's own.
    pub(super) fn trunk(&self, scene: &Scene) -> String {
        let (name, from) = (self.name("branch"), self.from().unwrap_or_default());
        let keys = |keys| format!("[[trunk]]\nname = \"{name}\"\nnetworks = [\"{from}\"]\n{keys}");
        scene.trunk.map_or_else(String::new, keys)
    }
    /// Everything else.
    pub(super) fn corner(&self, scene: &Scene) -> String {
        let queue = self.name("queue");
        let mut text = format!("[[entry]]\nnumber = \"{}\"\nqueue = \"{queue}\"\ncalls = 2\n", self.number());
        text += &format!("[[queue]]\nname = \"{queue}\"\nneeds = \"{queue}\"\n");
        let usual = [("wrap_up", "0s"), ("pop_budget", "0ms"), ("rona_pause", "300ms")];
        let usual = usual.iter().filter(|(key, _)| scene.queue.iter().all(|(other, _)| other != key));
        for (key, value) in scene.queue.iter().chain(usual) {
            writeln!(text, "{key} = \"{value}\"").unwrap();
        }
        let presence = if scene.desks { "desk" } else { "always" };
        for which in 0..scene.agents {
            text += &self.works(which, presence, "queue");
        }
        text + &(scene.more)(self)
    }
    /// An agent who serves this queue of the corner.
    fn works(&self, which: usize, presence: &str, queue: &str) -> String {
        let (id, queue, at) = (self.agent(which), self.name(queue), self.at(which));
        format!(
            "[[agent]]\nid = \"{id}\"\npresence = \"{presence}\"\ntoken = \"t-{id}\"\nskills = {{ {queue} = 5 }}\n\
             phone = \"sip:{id}@{at}\"\n"
        )
    }

    /// Further: a queue that ben serves, whose phone is at the place behind ann's.
    pub(crate) fn sales(&self) -> String {
        let (sales, number) = (self.name("sales"), self.number_of_sales());
        format!(
            "[[entry]]\nnumber = \"{number}\"\nqueue = \"{sales}\"\n[[queue]]\nname = \"{sales}\"\nneeds = \"{sales}\"\n\
             wrap_up = \"0s\"\npop_budget = \"0ms\"\n{}",
            self.works(1, "always", "sales")
        )
    }
    /// Further: a gateway at the place behind those of agents.
    pub(crate) fn gateway(&self) -> String {
        self.outside(&format!("sip:{}", self.at(self.places.len() - 1)))
    }
    fn outside(&self, via: &str) -> String {
        let (name, begins) = (self.name("mobiles"), format!("08{:02}*", self.nth));
        format!("[[outside]]\nname = \"{name}\"\nnumbers = [\"{begins}\"]\nvia = \"{via}\"\nring = \"5s\"\n")
    }
    /// Further: a carrier at the place behind ann's, who knows us by a password and calls numbers outside.
    pub(crate) fn carrier(&self) -> String {
        self.outside(&format!("trunk:{}", self.name("carrier"))) + &self.peer(1, "")
    }
    /// Further: a carrier at which we register.
    pub(crate) fn registers(&self) -> String {
        self.peer(0, "register = \"1h\"\n")
    }
    /// Further: a trunk that we probe.
    pub(crate) fn probes(&self) -> String {
        self.peer(0, "probe = \"5s\"\n")
    }
    fn peer(&self, which: usize, keys: &str) -> String {
        let (name, at) = (self.name("carrier"), self.at(which));
        format!(
            "[[trunk]]\nname = \"{name}\"\nnetworks = [\"192.0.2.{}\"]\naddress = \"sip:{at}\"\nuser = \"{USER}\"\n\
             password = \"{CARRIERS_PASSWORD}\"\n{keys}",
            self.nth + 1
        )
    }
    /// Further: ann, whose phones register.
    pub(crate) fn registered(&self) -> String {
        let (id, queue) = (self.agent(0), self.name("queue"));
        format!(
            "[[agent]]\nid = \"{id}\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n\
             skills = {{ {queue} = 5 }}\n"
        )
    }
}
