//! Decides whether a page may connect, by where it comes from.
//!
//! Programs send no `Origin`; browsers always do on a WebSocket (RFC 6455 §10.2), and pages cannot forge it.

use hyper::{HeaderMap, header};

/// Whether the request's `Origin` is absent, our own, or on the list.
pub(crate) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let origin = origin.to_str().unwrap_or_default();
            is_ours(origin, headers) || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        }
        (Some(_), Some(_)) => false,
    }
}

fn is_ours(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&'static str], list: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "desk.example:8080".parse().unwrap());
        origins.iter().for_each(|origin| {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        });
        is_allowed(&headers, &list.iter().map(|&origin| origin.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn our_own_page_and_programs_may_connect() {
        assert!(allowed(&[], &[]));
        assert!(allowed(&["http://desk.example:8080"], &[]));
        assert!(allowed(&["https://Desk.Example:8080"], &[]));
    }

    #[test]
    fn other_pages_may_only_if_listed() {
        assert!(!allowed(&["https://crm.example"], &[]));
        assert!(allowed(&["https://crm.example"], &["https://crm.example"]));
        assert!(!allowed(&["http://crm.example"], &["https://crm.example"]));
        assert!(!allowed(&["null"], &[]));
        assert!(!allowed(&["http://desk.example"], &[]), "another port is another origin");
        assert!(!allowed(&["http://desk.example:8080.evil.example"], &[]));
        assert!(
            !allowed(&["http://desk.example:8080", "https://evil.example"], &[]),
            "two origins are a trick"
        );
    }
}
