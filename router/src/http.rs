//! The operator's HTTP: health, metrics, floor, calls, reports.
//!
//! Carries questions to the records and the floor, and answers as JSON or CSV; counts nothing itself. Loopback
//! unless told otherwise; requests must name a host of ours, no other origin is let in, and where there are users only
//! they are answered.

mod accept;
mod callbacks;
mod draining;
mod error;
mod floor;
mod guard;
mod health;
mod history;
mod hours;
mod output;
mod params;
mod reports;
mod rules;
mod sign_in;
mod staff;
mod stamp;
mod trunks;
mod why;

pub use accept::serve;
pub use error::Refusal;
pub(crate) use params::read_instant;
pub use sign_in::Users;
pub(crate) use stamp::stamp;
pub use why::Historian;

use crate::{
    clock::Hand, drain::Drain, follower::Floor, inbox::Door, metrics::Metrics, records::Reader,
    reload::Reloader, timetable::HoursBoard, trunks::TrunkBoard,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode},
    middleware,
    routing::{MethodRouter, delete, get, post},
};
use error::ApiError;
use jiff::tz::TimeZone;
use porter::Entrance;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The description of this interface, served and tested against the routes.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the answers are made from.
pub struct HttpState {
    /// The records.
    pub records: Reader,
    /// The floor.
    pub floor: Arc<Floor>,
    /// How trunks are.
    pub trunks: Arc<TrunkBoard>,
    /// Which hours are open.
    pub hours: Arc<HoursBoard>,
    /// The series.
    pub metrics: Arc<Metrics>,
    /// The brain's clock: whoever sets the wall's makes no wait longer or shorter.
    pub clock: Hand,
    /// Whether calls are taken.
    pub ready: AtomicBool,
    /// Whether new calls are refused.
    pub drain: Drain,
    /// The site's zone.
    pub zone: TimeZone,
    /// The address that is listened on.
    pub listen: IpAddr,
    /// Names, beside `localhost` and addresses, by which this host may be asked.
    pub hosts: Vec<String>,
    /// How connections come in.
    pub entrance: Entrance,
    /// Who may ask.
    pub users: Arc<Users>,
    /// The way to the brain; none where there is none.
    pub brain: Option<Door>,
    /// Changes the rules; none where nobody may.
    pub rules: Option<Arc<Reloader>>,
    /// Reads the log for whoever asks why.
    pub historian: Historian,
}

impl HttpState {
    /// Calls are taken from now on, or no longer.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
    /// The brain's time, but never before the last entry, which may be a little ahead.
    fn now(&self) -> acd::Timestamp {
        self.clock.now().max(self.floor.at())
    }
}

/// Every path with what answers it.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<HttpState>>)> {
    vec![
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(health::metrics)),
        ("/v1/drain", get(draining::state).put(draining::begin).delete(draining::end)),
        ("/v1/floor", get(floor::floor)),
        ("/v1/agents", get(floor::agents)),
        (
            "/v1/agents/{id}",
            get(rules::agent::show)
                .put(rules::agent::put)
                .patch(rules::agent::patch)
                .delete(rules::agent::retire),
        ),
        ("/v1/agents/{id}/state", post(staff::force)),
        ("/v1/audit", get(staff::audit)),
        ("/v1/callbacks", get(callbacks::list).post(callbacks::make)),
        ("/v1/callbacks/{id}", delete(callbacks::withdraw)),
        (
            "/v1/queues/{name}",
            get(rules::queue::show)
                .put(rules::queue::put)
                .patch(rules::queue::patch)
                .delete(rules::queue::retire),
        ),
        (
            "/v1/entries/{number}",
            get(rules::entry::show)
                .put(rules::entry::put)
                .patch(rules::entry::patch)
                .delete(rules::entry::retire),
        ),
        ("/v1/plan", get(rules::plan)),
        ("/v1/reload", post(rules::reload)),
        ("/v1/trunks", get(trunks::trunks)),
        ("/v1/hours", get(hours::hours)),
        ("/v1/calls", get(history::calls)),
        ("/v1/calls/{id}", get(history::call)),
        ("/v1/calls/{id}/why", get(why::call)),
        ("/v1/agents/{id}/why", get(why::agent)),
        ("/v1/reports/intervals", get(reports::intervals)),
        ("/v1/reports/agents", get(reports::agents)),
        ("/v1/openapi.json", get(health::openapi)),
    ]
}

/// The paths that are answered.
#[must_use]
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// The application, for a server or a test.
pub fn app(state: Arc<HttpState>) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, (path, route)| router.route(path, route));
    router
        .fallback(async || ApiError::not_found("there is nothing here; /v1/openapi.json lists what there is"))
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "bad_method",
                format!("{method} is not served here; /v1/openapi.json lists what is"),
            )
        })
        .layer(DefaultBodyLimit::max(rules::MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), sign_in::sign_in))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), guard::guard))
        .layer(middleware::from_fn(accept::close_behind_strangers))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_description_and_the_routes_name_the_same_paths() {
        let described: serde_json::Value = serde_json::from_str(super::OPENAPI).unwrap();
        let described: BTreeSet<&str> =
            described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let served: BTreeSet<&str> = super::paths().into_iter().collect();
        assert_eq!(described, served);
    }
}
