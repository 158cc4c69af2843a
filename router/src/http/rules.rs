//! The rules: read, set piece by piece, and read again from the file.
//!
//! What is right and what counts is decided elsewhere ([`crate::reload`]); here are the words of HTTP for it.

use super::{HttpState, error::ApiError, output, params::Params, sign_in::Asker};
use crate::reload::{Condition, Edit, Refused, Reloader, Shown};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use config::{Finding, Kind, OperatorRole};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Longest body, in bytes: an agent with hundreds of skills fits.
pub const MAX_BODY: usize = 64 * 1024;
const TOML: HeaderValue = HeaderValue::from_static("application/toml; charset=utf-8");
const HEAD: &str = "# Queues, entries and agents as they are now; the rest of the file is not changed by API. Tokens stand here as their\n\
                    # SHA-256. Passwords of phones that stand in the file itself are left out.\n\n";

#[derive(Serialize)]
struct Plan<'a> {
    queues: Vec<Piece<'a>>,
    entries: Vec<Piece<'a>>,
    agents: Vec<Piece<'a>>,
    retired: Vec<String>,
}

/// A queue, an entry or an agent.
#[derive(Serialize)]
struct Piece<'a> {
    name: &'a str,
    origin: &'a str,
    etag: &'a str,
    has_secret: bool,
    rules: &'a toml::Table,
}

impl<'a> From<&'a Shown> for Piece<'a> {
    fn from(shown: &'a Shown) -> Self {
        let Shown { kind: _, name, origin, tag, has_secret, rules } = shown;
        Self { name, origin: origin.as_str(), etag: tag, has_secret: *has_secret, rules }
    }
}

/// All rules that can be changed here.
pub async fn plan(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["format"])?;
    let reloader = reloader(&state)?;
    if params.one_of("format", &["json", "toml"])? == Some("toml") {
        asker.needs(OperatorRole::Operator)?; // hashes of tokens are for those who could set them
        let text = format!("{HEAD}{}", reloader.as_file().await);
        return Ok(([(header::CONTENT_TYPE, TOML)], text).into_response());
    }
    let (shown, retired) = reloader.shown().await;
    let of = |kind: Kind| shown.iter().filter(|shown| shown.kind == kind).map(Piece::from).collect();
    let plan = Plan {
        queues: of(Kind::Queue),
        entries: of(Kind::Entry),
        agents: of(Kind::Agent),
        retired: retired.iter().map(|(kind, name)| format!("{} {name}", kind.as_str())).collect(),
    };
    Ok(output::json(StatusCode::OK, &plan))
}

/// Reads the file again. `changes=discard` throws away what was changed here.
pub async fn reload(
    State(state): State<Arc<HttpState>>,
    Extension(asker): Extension<Asker>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["changes"])?;
    let discard = params.one_of("changes", &["keep", "discard"])? == Some("discard");
    Ok(match reloader(&state)?.reload(&asker.signature(), discard).await {
        Ok(report) => output::json(StatusCode::OK, &report.body()),
        Err(refused) => refusal(&refused),
    })
}

/// The path of one thing, with what may be done to it.
macro_rules! handlers {
    ($module:ident, $kind:expr) => {
        /// One kind of thing.
        pub mod $module {
            use super::*;

            /// How it is.
            pub async fn show(
                state: State<Arc<HttpState>>,
                name: Path<String>,
            ) -> Result<Response, ApiError> {
                super::show(&state, $kind, &name).await
            }
            /// It is so from now on.
            pub async fn put(
                state: State<Arc<HttpState>>,
                asker: Extension<Asker>,
                name: Path<String>,
                headers: HeaderMap,
                body: Bytes,
            ) -> Result<Response, ApiError> {
                super::edit(&state, &asker, ($kind, &name), Edit::Put(super::object(&body)?), &headers).await
            }
            /// These keys are so from now on.
            pub async fn patch(
                state: State<Arc<HttpState>>,
                asker: Extension<Asker>,
                name: Path<String>,
                headers: HeaderMap,
                body: Bytes,
            ) -> Result<Response, ApiError> {
                super::edit(&state, &asker, ($kind, &name), Edit::Patch(super::object(&body)?), &headers)
                    .await
            }
            /// It is there no more.
            pub async fn retire(
                state: State<Arc<HttpState>>,
                asker: Extension<Asker>,
                name: Path<String>,
                headers: HeaderMap,
            ) -> Result<Response, ApiError> {
                super::edit(&state, &asker, ($kind, &name), Edit::Retire, &headers).await
            }
        }
    };
}

handlers!(queue, Kind::Queue);
handlers!(entry, Kind::Entry);
handlers!(agent, Kind::Agent);

async fn show(state: &HttpState, kind: Kind, name: &str) -> Result<Response, ApiError> {
    let shown = reloader(state)?.one(kind, name).await;
    let shown =
        shown.ok_or_else(|| ApiError::not_found(format!("there is no {} of this name", kind.as_str())))?;
    let mut response = output::json(StatusCode::OK, &Piece::from(&shown));
    tag(&mut response, &shown.tag);
    Ok(response)
}

async fn edit(
    state: &HttpState,
    asker: &Asker,
    (kind, name): (Kind, &str),
    edit: Edit,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let reloader = reloader(state)?;
    let condition = condition(headers)?;
    match reloader.edit(&asker.signature(), (kind, name), edit, condition).await {
        Ok(report) => {
            let mut response = output::json(StatusCode::OK, &report.body());
            if let Some(shown) = reloader.one(kind, name).await {
                tag(&mut response, &shown.tag);
            }
            Ok(response)
        }
        Err(refused) => Ok(refusal(&refused)),
    }
}

fn reloader(state: &HttpState) -> Result<&Arc<Reloader>, ApiError> {
    let rules = state.rules.as_ref().filter(|rules| !rules.is_fixed());
    rules.ok_or_else(|| {
        ApiError::not_found("this router was not started by `sambung run`: its rules stay as they are")
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let bad = |why: String| ApiError::new(StatusCode::BAD_REQUEST, "bad_body", why);
    serde_json::from_slice(body).map_err(|error| bad(format!("the body is no JSON object of keys: {error}")))
}

/// `If-Match` and `If-None-Match` (RFC 9110 §13.1).
fn condition(headers: &HeaderMap) -> Result<Condition, ApiError> {
    let text =
        |name: HeaderName| headers.get(name).map(|value| value.to_str().map(str::to_owned)).transpose();
    let bad = |_| ApiError::new(StatusCode::BAD_REQUEST, "bad_condition", "If-Match is not readable");
    let if_none = text(header::IF_NONE_MATCH).map_err(bad)?;
    if if_none.as_ref().is_some_and(|tag| tag.trim() != "*") {
        let why = "If-None-Match is understood as * alone: only if there is none";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_condition", why));
    }
    Ok(Condition { if_match: text(header::IF_MATCH).map_err(bad)?, if_none: if_none.is_some() })
}

fn tag(response: &mut Response, tag: &str) {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    key: &'a str,
    what: &'a str,
    way_out: &'a str,
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { file, line, key, what, way_out } = finding;
        Self { file, line: Some(*line).filter(|line| *line > 0), key, what, way_out }
    }
}

fn refusal(refused: &Refused) -> Response {
    let (status, code) = match refused {
        Refused::Problems(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_rules"),
        Refused::NotReady(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_usable"),
        Refused::Restart(_) => (StatusCode::CONFLICT, "restart"),
        Refused::Fixed => (StatusCode::CONFLICT, "fixed"),
        Refused::Unreadable { .. } => (StatusCode::BAD_REQUEST, "bad_body"),
        Refused::NotThere { .. } => (StatusCode::NOT_FOUND, "not_found"),
        Refused::Changed { .. } => (StatusCode::PRECONDITION_FAILED, "changed"),
        Refused::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store"),
        Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        Refused::Gone => (StatusCode::SERVICE_UNAVAILABLE, "gone"),
    };
    let inner =
        Inner { code, message: refused.brief(), findings: refused.findings().map(Found::from).collect() };
    let mut response = output::json(status, &Body { error: inner });
    if let Refused::Changed { tag: Some(now) } = refused {
        tag(&mut response, now);
    }
    response
}
