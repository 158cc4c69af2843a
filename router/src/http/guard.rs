//! Who may ask: a request must name the host that it reached.
//!
//! A page of somebody else that a browser on this machine has open can point its own name at our address (DNS
//! rebinding); its requests carry that name in `Host` and are refused. No cross-origin access is granted.

use super::{
    HttpState,
    error::{ApiError, Refusal},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{net::IpAddr, sync::Arc};

/// Refuses foreign hosts, and forbids every answer to be guessed at, framed or kept.
pub async fn guard(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let refused = |why, error: ApiError| {
        state.metrics.operator.refused(why);
        error.into_response()
    };
    let mut response = match host_of(request.uri(), request.headers()) {
        Some(host) if !is_ours(&state, host) => refused(Refusal::WrongHost, wrong_host(host)),
        None => refused(Refusal::WrongHost, wrong_host("")),
        Some(host) if changes(request.method()) && !is_same_site(request.headers(), host) => {
            refused(Refusal::CrossSite, cross_site())
        }
        Some(_) => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    // A page says itself what it may have beside.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if state.entrance.is_encrypted() {
        let strict = HeaderValue::from_static(porter::STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, strict);
    }
    response
}

/// Whether a request may change something.
pub(super) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a request comes from a program, or from a page of ours. A browser sends the credentials of HTTP Basic with
/// whatever any page makes it ask; it also says which page that was (Fetch Metadata), or at least of which origin.
fn is_same_site(headers: &HeaderMap, host: &str) -> bool {
    let sites = headers.get_all("sec-fetch-site");
    let ours = |site: &HeaderValue| site == "same-origin" || site == "none";
    let named = |origin: &HeaderValue| {
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        authority.is_some_and(|(_, authority)| without_port(authority).eq_ignore_ascii_case(host))
    };
    match sites.iter().next() {
        Some(_) => sites.iter().all(ours),
        None => headers.get_all(header::ORIGIN).iter().all(named),
    }
}

fn cross_site() -> ApiError {
    let message = "a page from elsewhere may not change anything here; send the request from a program";
    ApiError::new(StatusCode::FORBIDDEN, "cross_site", message)
}

fn wrong_host(host: &str) -> ApiError {
    let host: String = host.chars().take(100).collect();
    let message = format!(
        "host `{host}` is not served here; ask by the address that [operator] listen names, or by one of its hosts"
    );
    ApiError::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message)
}

/// The one host that the request names, without its port.
fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return None;
    }
    let named = uri.authority().map(|authority| authority.as_str()).or_else(|| first?.to_str().ok())?;
    Some(without_port(named))
}

fn without_port(named: &str) -> &str {
    match (named.strip_prefix('[').and_then(|rest| rest.split_once(']')), named.rsplit_once(':')) {
        (Some((address, _)), _) => address,
        (None, Some((host, port))) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        (None, Some(_) | None) => named,
    }
}

fn is_ours(state: &HttpState, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        // An address cannot be rebound; whoever reached us by one meant us.
        let named = || state.hosts.iter().any(|known| known.parse() == Ok(address));
        return address.is_loopback() || state.listen.is_unspecified() || address == state.listen || named();
    }
    host.eq_ignore_ascii_case("localhost") || state.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_with_and_without_a_port_and_in_brackets() {
        for (named, host) in [
            ("localhost", "localhost"),
            ("localhost:8081", "localhost"),
            ("127.0.0.1:8081", "127.0.0.1"),
            ("[::1]:8081", "::1"),
            ("::1", ":"),
        ] {
            assert_eq!(without_port(named), host);
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().unwrap());
        headers.append(header::HOST, "evil.example".parse().unwrap());
        assert_eq!(host_of(&"/".parse().unwrap(), &headers), None);
    }

    #[test]
    fn programs_and_pages_of_ours_may_change_something_and_other_pages_may_not() {
        let same = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            headers.iter().for_each(|(name, value)| {
                map.append(*name, value.parse().unwrap());
            });
            is_same_site(&map, "router.example")
        };
        const SITE: &str = "sec-fetch-site";
        assert!(same(&[]), "a program");
        assert!(
            same(&[(SITE, "none")]) && same(&[(SITE, "same-origin"), ("origin", "https://router.example")])
        );
        assert!(same(&[("origin", "https://Router.example:8081")]), "a browser without Fetch Metadata");
        for site in ["cross-site", "same-site", "", "x"] {
            assert!(!same(&[(SITE, site)]) && !same(&[(SITE, "none"), (SITE, site)]), "{site}");
        }
        for origin in ["https://evil.example", "https://router.example.evil.example", "null", ""] {
            assert!(!same(&[("origin", origin)]), "{origin}");
        }
    }
}
