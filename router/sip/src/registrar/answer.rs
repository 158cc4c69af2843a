//! The answers to REGISTER, complete.

use super::{limits::MIN_EXPIRES_S, record::BindingRecord};
use crate::{
    Flow, Micros, Mint,
    names::Names,
    wire::{Message, Name, Writer, reason_phrase},
};

/// Writes answers in our name.
pub(crate) struct Answers {
    names: Names,
    product: String,
}

/// Least seconds after which a phone that found no room may come again.
const RETRY_S: u128 = 30;

impl Answers {
    pub(crate) fn new(node: &str, product: String) -> Self {
        Self { names: Names::new(node), product }
    }
    /// Starts the answer with `status`, and what that has to say.
    pub(crate) fn start(&self, request: &Message, flow: &Flow, status: u16, mint: &mut dyn Mint) -> Writer {
        let tag = self.names.tag(mint.bits());
        let mut writer = Writer::response_to(request, status, reason_phrase(status), tag.as_str(), flow.peer);
        if !self.product.is_empty() {
            writer.header(Name::Server, &self.product);
        }
        match status {
            420 => {
                let unknown: Vec<&[u8]> = unsupported(request).collect();
                writer.header(Name::Unsupported, unknown.join(&b", "[..]));
            }
            423 => {
                writer.header_fmt(Name::MinExpires, format_args!("{MIN_EXPIRES_S}"));
            }
            503 => {
                // So that those who were sent away together do not come back together.
                let seconds = RETRY_S + mint.bits() % RETRY_S;
                writer.header_fmt(Name::RetryAfter, format_args!("{seconds}"));
            }
            _ => {}
        }
        writer
    }
    /// The 200 that tells what there is (RFC 3261 §10.3 step 8; RFC 3327 §5.3).
    pub(crate) fn bindings(
        &self,
        request: &Message,
        flow: &Flow,
        bindings: &[BindingRecord],
        now: Micros,
        mint: &mut dyn Mint,
    ) -> Writer {
        let mut writer = self.start(request, flow, 200, mint);
        for binding in bindings {
            writer.header_fmt(Name::Contact, format_args!("<{}>{}", binding.uri, params(binding, now)));
        }
        writer.copy_all(request, Name::Path);
        writer
    }
}

/// What a request needs of us that we do not do.
pub(crate) fn unsupported(request: &Message) -> impl Iterator<Item = &[u8]> {
    request.values(Name::Require).filter(|tag| !tag.is_empty() && !tag.eq_ignore_ascii_case(b"path"))
}

fn params(binding: &BindingRecord, now: Micros) -> String {
    // Never zero: that would say that it is gone.
    let left_s = binding.expires.0.saturating_sub(now.0).div_ceil(1_000_000);
    let mut params = format!(";expires={left_s}");
    if binding.q < 1_000 {
        params += &format!(";q=0.{:03}", binding.q);
    }
    if let Some(instance) = &binding.instance {
        params += &format!(";+sip.instance=\"<{instance}>\"");
    }
    if let Some(reg_id) = binding.reg_id {
        params += &format!(";reg-id={reg_id}");
    }
    params
}
