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
