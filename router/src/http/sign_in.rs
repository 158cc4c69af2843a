//! Who asks, and whether they may: users of `[[operator.user]]` show their token by HTTP Basic or Bearer.
//!
//! Without users everybody is answered. Whether the router is alive and ready is told to everybody in any case: that
//! is asked by balancers and supervisors, and shows nothing of anybody; a token shown there tells them more.

use super::{
    HttpState,
    accept::Visitor,
    callbacks,
    error::{ApiError, Refusal},
    guard,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use config::{OperatorRole, OperatorUser};
use porter::{Guesses, Keyring, Verdict};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};

/// Wrong tokens that one address may show in a minute.
const MAX_WRONG: u32 = 10;
/// What everybody may ask.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// How to sign in (RFC 7617, RFC 6750). Basic comes first: it is what a browser asks its user for.
const CHALLENGES: [&str; 2] = ["Basic realm=\"Sambung\", charset=\"UTF-8\"", "Bearer realm=\"Sambung\""];

/// Who may ask, by their tokens.
#[derive(Debug)]
pub struct Users {
    keyring: RwLock<Keyring<User>>,
    guesses: Guesses,
}

/// Who asks; every request that is answered carries this.
#[derive(Clone, Debug)]
pub(super) struct Asker(Option<User>);

impl Asker {
    /// As the log has it.
    pub(super) fn signature(&self) -> String {
        self.0.as_ref().map_or_else(|| "api".to_owned(), |user| format!("api: {}", user.name))
    }
    /// Whether this role is among the asker's; everybody has all where there are no users.
    ///
    /// # Errors
    /// With the words for whoever lacks it.
    pub(super) fn needs(&self, needs: OperatorRole) -> Result<(), ApiError> {
        match &self.0 {
            Some(user) if user.role < needs => Err(lacks(&user.name, user.role, needs)),
            Some(_) | None => Ok(()),
        }
    }
}

#[derive(Clone, Debug)]
struct User {
    name: String,
    role: OperatorRole,
}

/// What somebody shows: a token, and with HTTP Basic also whose it is.
struct Shown {
    name: Option<String>,
    token: String,
}

impl Users {
    /// Those of the configuration; their tokens are not kept.
    #[must_use]
    pub fn new(users: &[OperatorUser]) -> Self {
        Self { keyring: RwLock::new(keyring(users)), guesses: Guesses::new(MAX_WRONG) }
    }
    /// These from now on.
    pub fn replace(&self, users: &[OperatorUser]) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring(users);
    }
    /// Whether there are none, and everybody is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.known().is_empty()
    }
    fn known(&self) -> RwLockReadGuard<'_, Keyring<User>> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// Whether this may be asked.
    fn admit(
        &self,
        (method, path): (&Method, &str),
        headers: &HeaderMap,
        from: IpAddr,
    ) -> Result<User, Unwelcome> {
        let shown = shown(headers).ok_or(Unwelcome::NoToken)?;
        let user = self.known().find(&shown.token).cloned();
        let user = user.filter(|user| shown.name.is_none_or(|name| name == user.name));
        match self.guesses.judge(from, user.is_some(), Instant::now()) {
            Verdict::Welcome | Verdict::Wrong => {}
            Verdict::FirstWrong => {
                tracing::info!(source = %from, "a token at the operator's port is not known; told once a minute for a source");
            }
            Verdict::Wait(time) => return Err(Unwelcome::TooMany(time)),
        }
        let user = user.ok_or(Unwelcome::WrongToken)?;
        let needs = needed(method, path);
        if user.role < needs {
            return Err(Unwelcome::Role { name: user.name, has: user.role, needs });
        }
        Ok(user)
    }
}

/// Whoever changes the router is an operator; a supervisor sets agents' states and asks for callbacks, and no more.
fn needed(method: &Method, path: &str) -> OperatorRole {
    let of_agent = path.strip_prefix("/v1/agents/").and_then(|rest| rest.strip_suffix("/state"));
    let sets_state = of_agent.is_some_and(|id| !id.is_empty() && !id.contains('/'));
    if !guard::changes(method) {
        OperatorRole::Reader
    } else if (*method == Method::POST && sets_state) || callbacks::are_meant(path) {
        OperatorRole::Supervisor
    } else {
        OperatorRole::Operator
    }
}

fn keyring(users: &[OperatorUser]) -> Keyring<User> {
    let user = |user: &OperatorUser| User { name: user.name.clone(), role: user.role };
    Keyring::new(users.iter().map(|one| (one.token.expose(), user(one))))
}

fn lacks(name: &str, has: OperatorRole, needs: OperatorRole) -> ApiError {
    let (has, needs) = (has.as_str(), needs.as_str());
    let message = format!("this needs the role {needs}, and {name} has the role {has}");
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
}

/// Why somebody is not answered.
enum Unwelcome {
    NoToken,
    WrongToken,
    TooMany(Duration),
    Role { name: String, has: OperatorRole, needs: OperatorRole },
}

impl Unwelcome {
    const fn why(&self) -> Refusal {
        match self {
            Self::NoToken => Refusal::NoToken,
            Self::WrongToken => Refusal::WrongToken,
            Self::TooMany(_) => Refusal::TooMany,
            Self::Role { .. } => Refusal::Role,
        }
    }
}

impl IntoResponse for Unwelcome {
    fn into_response(self) -> Response {
        match self {
            // No token, a wrong one, and that of somebody else are not told apart.
            Self::NoToken | Self::WrongToken => unknown(),
            Self::TooMany(time) => wait(time),
            Self::Role { name, has, needs } => lacks(&name, has, needs).into_response(),
        }
    }
}

/// Answers those who may ask.
pub async fn sign_in(State(state): State<Arc<HttpState>>, mut request: Request, next: Next) -> Response {
    if state.users.is_empty() {
        request.extensions_mut().insert(Asker(None));
        return next.run(request).await;
    }
    let open = OPEN.contains(&request.uri().path());
    let visitor = request.extensions().get::<Visitor>().cloned();
    let from = visitor.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |visitor| visitor.from);
    match state.users.admit((request.method(), request.uri().path()), request.headers(), from) {
        Ok(user) => {
            visitor.inspect(Visitor::sign_in);
            request.extensions_mut().insert(Asker(Some(user)));
            next.run(request).await
        }
        Err(Unwelcome::NoToken) if open => next.run(request).await,
        Err(unwelcome) => {
            state.metrics.operator.refused(unwelcome.why());
            if open { next.run(request).await } else { unwelcome.into_response() }
        }
    }
}

/// What the request's one `Authorization` shows; none when there is nothing that can be read.
fn shown(headers: &HeaderMap) -> Option<Shown> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(one), None) = (all.next(), all.next()) else { return None };
    let (scheme, rest) = one.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown { name: None, token: rest.trim().to_owned() });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = data_encoding::BASE64.decode(rest.trim().as_bytes()).ok()?;
    let (name, token) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Shown { name: Some(name.to_owned()), token: token.to_owned() })
}

fn unknown() -> Response {
    let message =
        "sign in with the name and token of an [[operator.user]] (Basic), or the token alone (Bearer)";
    let mut response = ApiError::new(StatusCode::UNAUTHORIZED, "sign_in", message).into_response();
    for challenge in CHALLENGES {
        response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

fn wait(time: Duration) -> Response {
    // Rounded up, so that whoever comes then is not early.
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let message = format!("too many tokens from this address were wrong; try again in {seconds} s");
    let mut response = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
