//! Every key with its default, as a commented file.

/// A configuration file that names every key, with its default or an example, and says what it is for.
#[must_use]
pub fn reference() -> String {
    include_str!("reference.toml").to_owned()
}
