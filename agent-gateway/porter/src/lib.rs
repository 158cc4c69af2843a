//! Stands at the HTTP ports of desk and operator: encrypts what comes in, knows tokens by their hashes, and limits who
//! guesses.
//!
//! What is asked for there, and who may ask for what, is left to those who serve the port.

mod entrance;
mod guesses;
mod keyring;
mod places;
mod site;

pub use entrance::{
    Certificate, Entrance, HANDSHAKE_WITHIN, HANDSHAKES, Line, Refused, STRICT_TRANSPORT, Socket,
};
pub use guesses::{Guesses, SOURCES, Verdict, WINDOW};
pub use keyring::{Keyring, hash};
pub use places::{Place, Places, Shares};
