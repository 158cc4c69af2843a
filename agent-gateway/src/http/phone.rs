//! Phones in browsers: what an agent's page is told so that it can register, and what its browser lets it do.
//!
//! A page never gets a password that lasts: each time it asks, with its agent's token, it gets one made of random
//! numbers that is good for a while, and for nothing but to register her phone.

use super::{Shared, Source, routes};
use crate::{brain::Admitted, config::BrowserPhones};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use protocol::{ErrorCode, Fault};
use serde_json::json;
use std::{fmt::Write as _, io::Read as _, time::Duration};

/// Where a page asks.
pub(super) const PATH: &str = "/v1/desk/phone";
/// How long a password is good. The page asks for the next one in half of it.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// Random bytes of a password.
const STRENGTH: usize = 24;
/// Longest host that becomes part of a policy.
const MAX_HOST: usize = 255;

/// `POST /v1/desk/phone`: how her page registers as her phone. 204 for an agent whose phone is elsewhere.
pub(super) async fn phone(
    State(shared): State<Shared>,
    Extension(from): Extension<Source>,
    headers: HeaderMap,
) -> Response<Body> {
    let agent = match routes::bearer(&shared, &headers, from) {
        Ok(agent) => agent,
        Err(turned) => return routes::turned_away(turned),
    };
    let roster = shared.hub.reception.roster();
    let phones = roster.phones.as_ref().filter(|phones| phones.agents.contains(&agent));
    let (Some(phones), Some(known)) = (phones, roster.agent(agent)) else {
        let mut nothing = Response::new(Body::empty());
        *nothing.status_mut() = StatusCode::NO_CONTENT;
        return nothing;
    };
    let busy = || {
        let fault = Fault::new(ErrorCode::Busy, "no password can be given now; ask again");
        routes::failed(StatusCode::SERVICE_UNAVAILABLE, None, fault)
    };
    let password = match password() {
        Ok(password) => password,
        Err(error) => {
            tracing::error!(%error, agent = known.id, "the system gives no random numbers: phones in browsers cannot register");
            return busy();
        }
    };
    let admitted = Admitted { agent, password: password.clone(), good_for: GOOD_FOR };
    if shared.hub.brain.try_admit(admitted).is_err() {
        return busy();
    }
    let BrowserPhones { agents: _, url, ws, wss } = phones;
    let told = json!({
        "user": known.id, "password": password, "good_for_s": GOOD_FOR.as_secs(), "url": url, "ws_port": ws, "wss_port": wss,
    });
    routes::private(StatusCode::OK, told)
}

fn password() -> std::io::Result<String> {
    let mut bytes = [0; STRENGTH];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    }))
}

/// Lets the pages of a site with such phones speak SIP to us, and use the microphone.
pub(super) fn permit(phones: &BrowserPhones, host: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let places = places(phones, host.and_then(|host| host.to_str().ok()));
    let policy =
        policy.map(|policy| policy.replacen("connect-src 'self'", &format!("connect-src 'self'{places}"), 1));
    if let Some(Ok(policy)) = policy.map(HeaderValue::try_from) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    const MICROPHONE: &str = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()";
    headers.insert("permissions-policy", HeaderValue::from_static(MICROPHONE));
}

/// Where the page may connect, each with a space before it.
fn places(phones: &BrowserPhones, host: Option<&str>) -> String {
    if let Some(url) = &phones.url {
        let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
        return format!(" {}", origin.join("/"));
    }
    // What the browser says it connected to; nothing else gets into the policy.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let Some(host) = host.filter(|host| host.len() <= MAX_HOST && host.bytes().all(plain)) else {
        return String::new();
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        Some(_) | None => host,
    };
    let place = |scheme: &str, port: Option<u16>| {
        port.map(|port| format!(" {scheme}://{name}:{port}")).unwrap_or_default()
    };
    place("ws", phones.ws) + &place("wss", phones.wss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_connect_to_our_sip_and_nowhere_else() {
        let phones = BrowserPhones { ws: Some(7080), wss: Some(7443), ..BrowserPhones::default() };
        let at = |host| places(&phones, Some(host));
        assert_eq!(at("127.0.0.1:8080"), " ws://127.0.0.1:7080 wss://127.0.0.1:7443");
        assert_eq!(at("[::1]:8080"), " ws://[::1]:7080 wss://[::1]:7443");
        assert_eq!(at("desk.example"), " ws://desk.example:7080 wss://desk.example:7443");
        assert_eq!(at("a; script-src *"), "");
        let named = BrowserPhones { url: Some("wss://desk.example:1/sip/x".into()), ..phones };
        assert_eq!(places(&named, Some("desk.example")), " wss://desk.example:1");
    }

    #[test]
    fn no_two_passwords_are_alike() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert!(one != two && one.len() == 2 * STRENGTH);
    }
}
