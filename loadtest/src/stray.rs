//! Requests that belong to no call of ours.

use crate::{
    engine::Turn,
    message::{Body, Text},
};
use sip::wire::{Message, Method};
use std::net::SocketAddr;

/// OPTIONS asks whether we are there: 200. Anything else speaks of a call that we have forgotten: 481.
pub(crate) fn answer(from: SocketAddr, message: &Message, turn: &mut Turn) {
    if !message.is_request() || message.method() == Method::Ack {
        return;
    }
    let (status, reason) = match message.method() == Method::Options {
        true => (200, "OK"),
        false => (481, "Call/Transaction Does Not Exist"),
    };
    turn.send(from, Text::response(message, status, reason, "stray").finish(Body::Empty));
}
