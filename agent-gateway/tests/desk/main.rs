//! The gateway with real WebSocket clients, and brains of two kinds: one that only listens, and the real one.

mod house;
mod small_brain;
mod visitor;

mod asyncapi;
mod cards;
mod commands;
mod http;
mod offers;
mod pages;
mod sign_in;
mod slow;
mod transcript;
