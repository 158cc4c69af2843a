//! The desk side of the router: agents' desktops, wallboards and CRMs over `agentdesk.v1`, and the bundled pages.
//!
//! Carries: it turns commands into the brain's events and the brain's orders into messages, keeps a read model of the
//! floor from which a desktop that connects gets its picture, and shows cards as [`screenpop`] fills them. It decides
//! nothing about routing, and knows no SIP.

mod brain;
mod clock;
mod config;
mod desk;
mod floor;
mod gateway;
mod http;
mod outbox;
mod reception;
mod refusal;
mod socket;
mod words;

pub use brain::{Admitted, Brain, Busy, CallerKnown, DeskOrder, Full, ReplyTo, Transfer};
pub use config::{AgentAccess, BrowserPhones, GatewayConfig, NewStaff, Staff};
pub use gateway::{Gateway, GatewayError, GatewayHandle, MAX_ORDER_BATCHES};
pub use protocol;
pub use refusal::{DeskRefusal, OnRefusal};
