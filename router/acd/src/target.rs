//! Whom an agent may transfer to, and how she names them.

use crate::{Acd, AgentNo, CommandError, QueueNo, Target};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Longest number that is dialled, in characters.
pub const MAX_NUMBER: usize = 32;

/// What may be dialled: one number, or every number that begins like one (`+62*`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NumberPattern {
    begins: String,
    more: bool,
}

/// A text that is no [`NumberPattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number has 1 to {MAX_NUMBER} digits, `+` in front if need be; a `*` at its end stands for any more digits"
)]
pub struct BadPattern;

impl NumberPattern {
    /// Whether this number, as [`dialable`] gives it, is among them.
    #[must_use]
    pub fn takes(&self, number: &str) -> bool {
        match number.strip_prefix(self.begins.as_str()) {
            Some(rest) => rest.is_empty() || self.more,
            None => false,
        }
    }
}

impl FromStr for NumberPattern {
    type Err = BadPattern;
    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let (begins, more) = text.strip_suffix('*').map_or((text, false), |begins| (begins, true));
        let digits = begins.strip_prefix('+').unwrap_or(begins);
        let sound = digits.bytes().all(|byte| byte.is_ascii_digit())
            && begins.len() <= MAX_NUMBER
            && (more || !digits.is_empty());
        if sound { Ok(Self { begins: begins.to_owned(), more }) } else { Err(BadPattern) }
    }
}

impl TryFrom<String> for NumberPattern {
    type Error = BadPattern;
    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl From<NumberPattern> for String {
    fn from(pattern: NumberPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.begins, if self.more { "*" } else { "" })
    }
}

/// A number as people write it, as it is dialled: without spaces, dots, hyphens, slashes and brackets. None for what is
/// no number, so that nothing but digits and a leading `+` ever gets into a URI.
#[must_use]
pub fn dialable(text: &str) -> Option<String> {
    let number: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | '-' | '/' | '(' | ')'))
        .take(MAX_NUMBER + 1)
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let sound =
        !digits.is_empty() && number.len() <= MAX_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit());
    sound.then_some(number)
}

/// A target, and the number to dial if it is outside.
pub type Found = (Target, Option<String>);

impl Acd {
    /// Whom an agent means. `queue:NAME`, `agent:ID` and `number:DIGITS` say which kind; without that a queue, an entry's
    /// number, an agent and a number outside are looked for, in this order. `phone` knows agents by what their phones are
    /// called.
    ///
    /// # Errors
    /// [`CommandError::NoSuchTarget`]; [`CommandError::NumberRefused`] for a number that no rule allows.
    pub fn target(&self, text: &str, phone: impl Fn(&str) -> Option<AgentNo>) -> Result<Found, CommandError> {
        let text = text.trim();
        let found = match text.split_once(':') {
            Some(("queue", name)) => self.queue_called(name),
            Some(("agent", id)) => self.agent_called(id, &phone),
            Some(("number", number)) => return self.outside(number),
            Some(_) => None,
            None => self
                .queue_called(text)
                .or_else(|| self.queue_behind(text))
                .or_else(|| self.agent_called(text, &phone)),
        };
        match found {
            Some(target) => Ok((target, None)),
            None if text.contains(':') => Err(CommandError::NoSuchTarget),
            None => self.outside(text),
        }
    }
    fn queue_called(&self, name: &str) -> Option<Target> {
        let queue = self.directory.queue_no(name).filter(|queue| self.is_in_force(*queue))?;
        Some(Target::Queue { queue })
    }
    /// Only a number of its own leads to a queue: `*` would take every slip of the keys.
    fn queue_behind(&self, number: &str) -> Option<Target> {
        let entry = self.plan.entries.iter().find(|entry| entry.number == number && number != "*")?;
        self.queue_called(&entry.queue)
    }
    fn agent_called(&self, id: &str, phone: impl Fn(&str) -> Option<AgentNo>) -> Option<Target> {
        let agent =
            self.directory.agent_no(id).or_else(|| phone(id)).filter(|agent| !self.is_retired(*agent))?;
        Some(Target::Agent { agent })
    }
    fn outside(&self, text: &str) -> Result<Found, CommandError> {
        let number = dialable(text).ok_or(CommandError::NoSuchTarget)?;
        let allows =
            |rule: &&crate::plan::OutsidePlan| rule.numbers.iter().any(|pattern| pattern.takes(&number));
        let rule = self.plan.outside.iter().find(allows).ok_or(CommandError::NumberRefused)?;
        Ok((Target::Outside { rule: rule.name.clone() }, Some(number)))
    }
    pub(crate) fn is_in_force(&self, queue: QueueNo) -> bool {
        let name = self.directory.queue_name(queue);
        self.plan.queues.iter().any(|plan| plan.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_number_or_the_beginning_of_some() {
        let takes = |pattern: &str, number: &str| pattern.parse::<NumberPattern>().unwrap().takes(number);
        assert!(takes("+62*", "+62811") && takes("+62*", "+62") && !takes("+62*", "+6"));
        assert!(takes("112", "112") && !takes("112", "1123") && takes("*", "5") && takes("+*", "+5"));
        for text in ["", "+", "a*", "1*2", "**", "1 2", "1;2*"] {
            assert_eq!(text.parse::<NumberPattern>(), Err(BadPattern), "{text}");
        }
    }

    #[test]
    fn only_digits_are_dialled() {
        assert_eq!(dialable("(0811) 123-45.6/7").as_deref(), Some("08111234567"));
        assert_eq!(dialable("+62 811").as_deref(), Some("+62811"));
        for text in ["", "+", "12@evil", "1;x=y", "1\r\n", "1+2", "٣", &"1".repeat(33)] {
            assert_eq!(dialable(text), None, "{text}");
        }
    }
}
