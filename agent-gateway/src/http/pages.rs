//! The bundled pages, as they lie in `web/`, with headers that let them do what they need and nothing else.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web"]
struct Web;

/// Scripts, styles and connections of our own, nothing inline, nothing from elsewhere, nobody around us; and the
/// browser itself refuses to make markup of a text. The policy `desk` makes one address, that of the page's worker.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types desk";

/// On every response of the desk's port.
pub(super) const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// The file at `path` under `web/`; 304 if the client has it, 404 if there is none.
pub(super) fn page(path: &str, request: &HeaderMap) -> Response<Body> {
    match Web::get(path) {
        Some(file) => unless_known(path, file, request),
        None => plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
    }
}

/// A line of text with a status.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn unless_known(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response<Body> {
    let tag = etag(&file);
    let known =
        |value: &HeaderValue| value.to_str().is_ok_and(|tags| tags.split(',').any(|one| one.trim() == tag));
    let is_known = request.get_all(header::IF_NONE_MATCH).iter().any(known);
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(file.data) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    // Names carry no hash, so a browser asks each time whether it still has the right file.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = tag.parse() {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The first half of the file's SHA-256, quoted.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("\"{hex}\"")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}
