//! The command `loadtest crowd`: more calls than a router can or may take.

use clap::Args;
use loadtest::{
    CrowdFigures, CrowdPlan, Journal, Manners, Phones, PhonesPlan, Spread, Stage, Tally, play_crowd,
};
use std::{net::SocketAddr, time::Duration};

/// Plays a crowd of callers, rendered beforehand, in stages of different rates, and agents' phones beside it.
///
/// Nothing is sent twice, and every second caller hangs up after the talk; agents hang up on the others. To try an
/// overload, limit the calls a second of the router's trunk, and let the rates rise above that and come back.
#[derive(Debug, Args)]
pub struct Crowd {
    /// The router's SIP address (UDP).
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5060")]
    target: SocketAddr,
    /// Where calls come from; another address of 127.0.0.0/8 is another source to the router.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    from: SocketAddr,
    /// Number dialled.
    #[arg(long, value_name = "NUMBER", default_value = "1500")]
    dial: String,
    /// Calls a second, one stage after the other.
    #[arg(long, value_name = "RATE,…", value_delimiter = ',', default_value = "100,200,500,1000,100")]
    rates: Vec<f64>,
    /// How long each stage takes.
    #[arg(long, value_name = "TIME", value_parser = loadtest::random::parse_duration, default_value = "20s")]
    each: Duration,
    /// Where the phones listen.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5910")]
    phones: SocketAddr,
    /// The phones are played by somebody else.
    #[arg(long, conflicts_with = "phones")]
    no_phones: bool,
    /// How long a phone rings.
    #[arg(long, value_name = "TIME", default_value = "20ms")]
    ring: Spread,
    /// How long they talk.
    #[arg(long, value_name = "TIME", value_parser = loadtest::random::parse_duration, default_value = "1s")]
    talk: Duration,
    /// Prints the figures as JSON instead of as a table.
    #[arg(long)]
    pub json: bool,
}

impl Crowd {
    /// Plays it.
    ///
    /// # Errors
    /// In words, when it cannot begin.
    pub async fn play(self) -> Result<CrowdFigures, String> {
        let (switch, stop) = loadtest::stop();
        let tally = Tally::new(Journal::none());
        let manners = Manners { ring: self.ring, talk: Some(Spread::Fixed(self.talk)), ..Manners::default() };
        let plan = PhonesPlan { listen: self.phones, manners, ..PhonesPlan::default() };
        let phones = (!self.no_phones).then(|| Phones::start(plan, 1, &tally, &stop)).transpose();
        let phones = phones.map_err(|error| error.to_string())?;
        let stages = self.rates.iter().map(|rate| Stage { rate: *rate, during: self.each }).collect();
        let plan = CrowdPlan {
            target: self.target,
            from: self.from,
            dial: self.dial,
            stages,
            talk: self.talk,
            grace: self.talk + Duration::from_secs(5),
        };
        // Callers have a thread of their own; phones are played on this one.
        let played = tokio::task::spawn_blocking(move || play_crowd(&plan)).await;
        switch.stop();
        if let Some(phones) = phones {
            phones.finished().await;
        }
        played.map_err(|panic| panic.to_string())?.map_err(|error| error.to_string())
    }
}
