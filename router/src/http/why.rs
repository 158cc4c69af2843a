//! Why a call went to whom it went, and why an agent got none: `/v1/calls/{id}/why`, `/v1/agents/{id}/why`.
//!
//! Off the path of calls, one question at a time and not for long: who cannot be answered now is told when to ask again.

mod page;

use super::{HttpState, error::ApiError, output, params::Params};
use crate::why::{self, Answer, Question, WhyError, json, words};
use acd::{CallId, Timestamp};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;
use std::{
    path::{Path as FilePath, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Longest time that is spent on one question.
const LIMIT: Duration = Duration::from_secs(10);
/// When to ask again, in seconds.
const AGAIN_S: u64 = 5;
/// The time of an agent that is told of unless another is asked for.
const SINCE: Duration = Duration::from_secs(600);
/// The longest time of an agent that is told of in one answer.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Reads the log for whoever asks, one question at a time.
#[derive(Clone, Debug)]
pub struct Historian {
    store: PathBuf,
    free: Arc<Semaphore>,
}

impl Historian {
    /// Of a store's folder.
    #[must_use]
    pub fn new(store: &FilePath) -> Self {
        Self { store: store.to_owned(), free: Arc::new(Semaphore::new(1)) }
    }

    async fn ask(&self, question: Question) -> Result<Answer, Unanswered> {
        let Ok(turn) = Arc::clone(&self.free).try_acquire_owned() else { return Err(Unanswered::Busy) };
        let store = self.store.clone();
        let until = Instant::now() + LIMIT;
        let asked = tokio::task::spawn_blocking(move || {
            let _turn = turn; // given back when it is done, and not when nobody waits for it any more
            why::ask(&store, question, || Instant::now() < until)
        });
        asked.await.map_err(|_| Unanswered::Broken)?.map_err(Unanswered::Why)
    }
}

/// Why there is no answer.
enum Unanswered {
    /// Somebody else is being answered.
    Busy,
    /// The thread ended.
    Broken,
    /// The log does not say.
    Why(WhyError),
}

impl From<Unanswered> for ApiError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Busy => {
                Self::unavailable("busy", "another question is being answered; ask again in a few seconds")
            }
            Unanswered::Broken => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the answer was lost")
            }
            Unanswered::Why(error @ (WhyError::NoSuchCall { .. } | WhyError::NoSuchAgent { .. })) => {
                Self::not_found(error.to_string())
            }
            Unanswered::Why(error @ WhyError::Aged { .. }) => {
                Self::new(StatusCode::GONE, "aged", error.to_string())
            }
            Unanswered::Why(error @ WhyError::TooLong) => Self::unavailable("too_long", error.to_string()),
            Unanswered::Why(WhyError::Log(error)) => {
                tracing::warn!(%error, "the log cannot be read for an answer");
                Self::unavailable("log_unavailable", error.to_string())
            }
        }
    }
}

/// How the answer is to look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Json,
    Page,
}

/// The tale of a call.
pub async fn call(
    State(state): State<Arc<HttpState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["zone", "format"])?;
    let (zone, look) = (params.zone(&state)?, look(&params, &headers)?);
    let id: CallId =
        id.parse().map_err(|error: acd::BadCallId| ApiError::parameter("id", &id, &error.to_string()))?;
    answer(&state, Question::Call(id), look, &zone).await
}

/// The tale of an agent over a time: the last ten minutes, `since` such a time, or `from` and `to`.
pub async fn agent(
    State(state): State<Arc<HttpState>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let params = Params::of(&uri, &["since", "from", "to", "zone", "format"])?;
    let (zone, look) = (params.zone(&state)?, look(&params, &headers)?);
    let (from, to) = period(&params, &zone, state.now())?;
    answer(&state, Question::Agent { id, from, to }, look, &zone).await
}

fn period(params: &Params, zone: &TimeZone, now: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
    let since = match params.text("since") {
        Some(text) => why::length(text)
            .ok_or_else(|| ApiError::parameter("since", text, "accepted are 90s, 10m, 2h and the like"))?,
        None => SINCE,
    };
    // What happens in this very moment is asked for as well.
    let to = params.instant("to", zone)?.unwrap_or_else(|| now + Duration::from_secs(1));
    let from = params.instant("from", zone)?.unwrap_or_else(|| to.before(since));
    if from >= to || to.since(from) > LONGEST + Duration::from_secs(1) {
        let message = "from, to, since: accepted is a time of a day at most, from before to";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_range", message));
    }
    Ok((from, to))
}

async fn answer(
    state: &HttpState,
    question: Question,
    look: Look,
    zone: &TimeZone,
) -> Result<Response, ApiError> {
    let answer = match state.historian.ask(question).await {
        Ok(answer) => answer,
        Err(why) => return Ok(later(why.into())),
    };
    match look {
        Look::Page => Ok(page::page(&answer, &words::lines(&answer, zone), zone)),
        Look::Json => match json::object(&answer, zone) {
            Ok(object) => Ok(output::json(StatusCode::OK, &object)),
            Err(error) => {
                let message = format!("JSON: {error}");
                Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message))
            }
        },
    }
}

/// An error; when it may be none in a while, with the time to ask again.
fn later(error: ApiError) -> Response {
    let mut response = error.into_response();
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(AGAIN_S));
    }
    response
}

/// `format=json|html`, else whichever of them `Accept` names first, else JSON.
fn look(params: &Params, headers: &HeaderMap) -> Result<Look, ApiError> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepts.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or("").trim());
    Ok(match params.one_of("format", &["json", "html"])? {
        Some("html") => Look::Page,
        Some(_) => Look::Json,
        None => match kinds.find(|kind| matches!(*kind, "text/html" | "application/json")) {
            Some("text/html") => Look::Page,
            Some(_) | None => Look::Json,
        },
    })
}
