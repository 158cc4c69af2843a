//! The order of mercy: who goes without when there is too much to do.

/// Who is served no more. Calls, registrations and conversations that are alive go on, however much it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overload {
    /// Everybody is served.
    #[default]
    None,
    /// Strangers get no answer.
    Strangers,
    /// New calls get 503 with Retry-After, strangers nothing.
    NewCalls,
}
