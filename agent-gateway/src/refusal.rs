//! Why somebody got nothing at the desk's port: for whoever counts.

use std::sync::Arc;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskRefusal {
    /// No place for another connection, in all or of this address.
    Full,
    /// The TLS handshake did not come about.
    Tls,
    /// The token is nobody's.
    WrongToken,
    /// Too many tokens from this address were wrong.
    TooMany,
}

/// Hears of each of them; must not wait.
pub type OnRefusal = Arc<dyn Fn(DeskRefusal) + Send + Sync>;

impl DeskRefusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Full, Self::Tls, Self::WrongToken, Self::TooMany];
    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tls => "tls",
            Self::WrongToken => "wrong_token",
            Self::TooMany => "too_many",
        }
    }
}
