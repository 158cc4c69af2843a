//! Errors as the operator sees them: `{"error":{"code","message"}}`.

use super::output;
use crate::records::{ReadError, report::ReportError};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// An answer that is no result.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// Why somebody was refused, before it was looked at what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many connections of one address.
    Full,
    /// The TLS handshake did not come about.
    Tls,
    /// The host that was named is not ours.
    WrongHost,
    /// A page from elsewhere wanted to change something.
    CrossSite,
    /// No token was shown.
    NoToken,
    /// A wrong one was.
    WrongToken,
    /// Too many wrong ones were.
    TooMany,
    /// The user may not do this.
    Role,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Full,
        Self::Tls,
        Self::WrongHost,
        Self::CrossSite,
        Self::NoToken,
        Self::WrongToken,
        Self::TooMany,
        Self::Role,
    ];
    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tls => "tls",
            Self::WrongHost => "wrong_host",
            Self::CrossSite => "cross_site",
            Self::NoToken => "no_token",
            Self::WrongToken => "wrong_token",
            Self::TooMany => "too_many",
            Self::Role => "role",
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
}

impl ApiError {
    /// An error with its own words.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
    /// A parameter that cannot be used: its name, what was given, what is accepted.
    pub fn parameter(name: &str, value: &str, accepted: &str) -> Self {
        let value: String = value.chars().take(100).collect();
        let message = format!("parameter `{name}`: `{value}` cannot be used; {accepted}");
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", message)
    }
    /// Nothing is here.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }
    /// Not now.
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Body { error: Inner { code: self.code, message: &self.message } };
        output::json(self.status, &body)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        tracing::warn!(%error, "the records cannot be read");
        Self::unavailable("records_unavailable", error.to_string())
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        let message = error.to_string();
        match error {
            ReportError::Cut(_) => {
                Self::new(StatusCode::BAD_REQUEST, "bad_range", format!("from, to: {message}"))
            }
            ReportError::Unknown { .. } => Self::new(StatusCode::BAD_REQUEST, "bad_parameter", message),
            ReportError::TooLarge { .. } => Self::new(StatusCode::BAD_REQUEST, "too_large", message),
            ReportError::CatchingUp => Self::unavailable("catching_up", message),
            ReportError::Read(error) => error.into(),
            ReportError::Broken => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message),
        }
    }
}
