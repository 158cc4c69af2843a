//! Which agents may serve a queue: expressions over skills and proficiencies.
//!
//! `not`, `and`, `or` bind in this order; `billing >= 3` compares; a bare `billing` means `billing >= 1`; a skill
//! that an agent does not have is 0. Parentheses group. An empty text is served by everybody. `$language >= 5` asks for
//! the skill that is named by the call's attribute `language`.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The highest proficiency.
pub const MAX_LEVEL: u8 = 10;
/// Longest expression read, in bytes.
const MAX_TEXT: usize = 2_000;
/// Deepest nesting read.
const MAX_DEPTH: usize = 32;

/// A requirement on an agent's skills. Written and stored as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Requirement(Node);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Anybody,
    Compare { skill: String, how: Comparison, level: u8 },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
    Exactly,
    Other,
}

/// A requirement that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkillError {
    /// Something else was expected here.
    #[error("expected {expected} at `{at}`")]
    Expected {
        /// What could stand there.
        expected: &'static str,
        /// The rest of the text, shortened.
        at: String,
    },
    /// A level above 10.
    #[error("proficiency {level} is outside 0 to {MAX_LEVEL}")]
    Level {
        /// The level as typed.
        level: String,
    },
    /// Too long or too deeply nested.
    #[error("longer than {MAX_TEXT} bytes or nested deeper than {MAX_DEPTH}")]
    TooLarge,
}

impl Requirement {
    /// Everybody may serve.
    #[must_use]
    pub const fn anybody() -> Self {
        Self(Node::Anybody)
    }
    /// Whether somebody with these skills may serve.
    #[must_use]
    pub fn is_met_by(&self, skills: &BTreeMap<String, u8>) -> bool {
        self.0.is_met_by(skills)
    }
    /// The skills it speaks of, each once, in alphabetical order; without its variables.
    #[must_use]
    pub fn skills(&self) -> Vec<&str> {
        self.names().into_iter().filter(|name| !name.starts_with(VARIABLE)).collect()
    }
    /// The attributes of the call it speaks of, each once, in alphabetical order.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        self.names().into_iter().filter_map(|name| name.strip_prefix(VARIABLE)).collect()
    }
    fn names(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.collect(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
    /// The requirement with skills in the place of its variables; those without a value stay.
    #[must_use]
    pub fn resolve<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Self {
        let mut resolved = self.clone();
        resolved.0.resolve(&value);
        resolved
    }
    /// How skilled somebody is in what is asked for: the highest proficiency over the skills it asks for, not those
    /// it excludes; 0 when it asks for none.
    #[must_use]
    pub fn fit(&self, skills: &BTreeMap<String, u8>) -> u8 {
        self.0.fit(skills, true)
    }
}

/// What an attribute of the call stands behind.
const VARIABLE: char = '$';

impl Node {
    fn is_met_by(&self, skills: &BTreeMap<String, u8>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Compare { skill, how, level } => {
                let has = skills.get(skill).copied().unwrap_or(0);
                how.holds(has, *level)
            }
            Self::Not(inner) => !inner.is_met_by(skills),
            Self::And(all) => all.iter().all(|node| node.is_met_by(skills)),
            Self::Or(any) => any.iter().any(|node| node.is_met_by(skills)),
        }
    }
    fn resolve<'a>(&mut self, value: &impl Fn(&str) -> Option<&'a str>) {
        match self {
            Self::Anybody => {}
            Self::Compare { skill, .. } => {
                if let Some(named) = skill.strip_prefix(VARIABLE).and_then(value) {
                    named.clone_into(skill);
                }
            }
            Self::Not(inner) => inner.resolve(value),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter_mut().for_each(|node| node.resolve(value)),
        }
    }
    fn fit(&self, skills: &BTreeMap<String, u8>, asks: bool) -> u8 {
        match self {
            Self::Anybody => 0,
            Self::Compare { skill, how, .. } if how.asks() == asks => skills.get(skill).copied().unwrap_or(0),
            Self::Compare { .. } => 0,
            Self::Not(inner) => inner.fit(skills, !asks),
            Self::And(nodes) | Self::Or(nodes) => {
                nodes.iter().map(|node| node.fit(skills, asks)).max().unwrap_or(0)
            }
        }
    }
    fn collect<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Anybody => {}
            Self::Compare { skill, .. } => found.push(skill),
            Self::Not(inner) => inner.collect(found),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.collect(found)),
        }
    }
    fn strength(&self) -> u8 {
        match self {
            Self::Or(_) => 0,
            Self::And(_) => 1,
            Self::Not(_) => 2,
            Self::Anybody | Self::Compare { .. } => 3,
        }
    }
    fn write(&self, within: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrap = self.strength() < within;
        if wrap {
            f.write_str("(")?;
        }
        match self {
            Self::Anybody => {}
            Self::Compare { skill, how, level } => write!(f, "{skill} {} {level}", how.sign())?,
            Self::Not(inner) => {
                f.write_str("not ")?;
                inner.write(2, f)?;
            }
            Self::And(nodes) => write_joined(nodes, " and ", 2, f)?,
            Self::Or(nodes) => write_joined(nodes, " or ", 1, f)?,
        }
        if wrap { f.write_str(")") } else { Ok(()) }
    }
}

fn write_joined(nodes: &[Node], word: &str, within: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    nodes.iter().enumerate().try_for_each(|(i, node)| {
        if i > 0 {
            f.write_str(word)?;
        }
        node.write(within, f)
    })
}

impl Comparison {
    const fn holds(self, has: u8, level: u8) -> bool {
        match self {
            Self::AtLeast => has >= level,
            Self::MoreThan => has > level,
            Self::AtMost => has <= level,
            Self::LessThan => has < level,
            Self::Exactly => has == level,
            Self::Other => has != level,
        }
    }
    /// Whether it wants the skill, and does not only bear it.
    const fn asks(self) -> bool {
        match self {
            Self::AtLeast | Self::MoreThan | Self::Exactly => true,
            Self::AtMost | Self::LessThan | Self::Other => false,
        }
    }
    const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::MoreThan => ">",
            Self::AtMost => "<=",
            Self::LessThan => "<",
            Self::Exactly => "==",
            Self::Other => "!=",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(0, f)
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.to_string()
    }
}

impl TryFrom<String> for Requirement {
    type Error = SkillError;
    fn try_from(text: String) -> Result<Self, SkillError> {
        text.parse()
    }
}

impl FromStr for Requirement {
    type Err = SkillError;
    fn from_str(text: &str) -> Result<Self, SkillError> {
        if text.len() > MAX_TEXT {
            return Err(SkillError::TooLarge);
        }
        let mut reader = Reader { rest: text.trim() };
        if reader.rest.is_empty() {
            return Ok(Self::anybody());
        }
        let node = reader.any_of(0)?;
        if reader.rest.is_empty() { Ok(Self(node)) } else { Err(reader.expected("`and`, `or` or the end")) }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn any_of(&mut self, depth: usize) -> Result<Node, SkillError> {
        let mut nodes = vec![self.all_of(depth)?];
        while self.word("or") {
            nodes.push(self.all_of(depth)?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<Node, SkillError> {
        let mut nodes = vec![self.negated(depth)?];
        while self.word("and") {
            nodes.push(self.negated(depth)?);
        }
        Ok(one_or(nodes, Node::And))
    }

    fn negated(&mut self, depth: usize) -> Result<Node, SkillError> {
        if depth > MAX_DEPTH {
            return Err(SkillError::TooLarge);
        }
        if self.word("not") {
            return Ok(Node::Not(Box::new(self.negated(depth + 1)?)));
        }
        if self.sign("(") {
            let inner = self.any_of(depth + 1)?;
            return if self.sign(")") { Ok(inner) } else { Err(self.expected("`)`")) };
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Node, SkillError> {
        let skill = self.name();
        if skill.is_empty() || ["and", "or", "not"].contains(&skill) {
            return Err(self.expected("a skill, `not` or `(`"));
        }
        let skill = skill.to_owned();
        self.rest = self.rest[skill.len()..].trim_start();
        for how in [
            Comparison::AtLeast,
            Comparison::AtMost,
            Comparison::Exactly,
            Comparison::Other,
            Comparison::MoreThan,
            Comparison::LessThan,
        ] {
            if self.sign(how.sign()) {
                let level = self.level()?;
                return Ok(Node::Compare { skill, how, level });
            }
        }
        Ok(Node::Compare { skill, how: Comparison::AtLeast, level: 1 })
    }

    fn level(&mut self) -> Result<u8, SkillError> {
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (level, rest) = self.rest.split_at(digits);
        if level.is_empty() {
            return Err(self.expected("a proficiency from 0 to 10"));
        }
        self.rest = rest.trim_start();
        level
            .parse()
            .ok()
            .filter(|&level| level <= MAX_LEVEL)
            .ok_or_else(|| SkillError::Level { level: level.chars().take(10).collect() })
    }

    /// A skill or a variable; empty when there is neither.
    fn name(&self) -> &str {
        let start = if self.rest.starts_with(VARIABLE) { VARIABLE.len_utf8() } else { 0 };
        let length = self.rest[start..].find(|c: char| !is_name_char(c)).unwrap_or(self.rest.len() - start);
        if length == 0 { "" } else { &self.rest[..start + length] }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.name() == word;
        if found {
            self.rest = self.rest[word.len()..].trim_start();
        }
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.rest.strip_prefix(sign).map(str::trim_start);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expected(&self, expected: &'static str) -> SkillError {
        let at =
            if self.rest.is_empty() { "the end".to_owned() } else { self.rest.chars().take(20).collect() };
        SkillError::Expected { expected, at }
    }
}

fn one_or(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { join(nodes) }
}

/// Whether a character may stand in the name of a skill.
#[must_use]
pub fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str, skills: &[(&str, u8)]) -> bool {
        let skills = skills.iter().map(|&(name, level)| (name.to_owned(), level)).collect();
        text.parse::<Requirement>().unwrap().is_met_by(&skills)
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert!(met("a or b and c", &[("a", 1)]));
        assert!(!met("(a or b) and c", &[("a", 1)]));
        assert!(met("not a and b", &[("b", 1)]));
        assert!(!met("not (a or b)", &[("b", 1)]));
    }

    #[test]
    fn a_bare_skill_is_at_least_one_and_an_absent_one_is_zero() {
        assert!(met("billing", &[("billing", 1)]));
        assert!(!met("billing", &[]));
        assert!(met("billing <= 0", &[]));
        assert!(met("billing >= 3", &[("billing", 3)]));
        assert!(!met("billing > 3", &[("billing", 3)]));
        assert!(met("", &[]));
    }

    #[test]
    fn what_was_read_is_written_so_that_it_reads_the_same() {
        for text in
            ["a or b and not c", "(a or b) and c >= 3", "not (a and b)", "not not a", "", "a != 4 or b < 2"]
        {
            let read: Requirement = text.parse().unwrap();
            assert_eq!(read.to_string().parse::<Requirement>().unwrap(), read, "{text} → {read}");
        }
    }

    #[test]
    fn a_variable_stands_for_the_skill_named_by_the_call() {
        let needs: Requirement = "billing >= 3 and $language >= 5".parse().unwrap();
        assert_eq!((needs.skills(), needs.variables()), (vec!["billing"], vec!["language"]));
        let of =
            |value: &'static str| needs.resolve(|name| (name == "language").then_some(value)).to_string();
        assert_eq!(of("english"), "billing >= 3 and english >= 5");
        assert_eq!(needs.resolve(|_| None), needs);
        assert_eq!(needs.to_string().parse(), Ok(needs));
        assert!("$ >= 5".parse::<Requirement>().is_err() && "$$a".parse::<Requirement>().is_err());
    }

    #[test]
    fn how_skilled_somebody_is_counts_what_is_asked_for_and_not_what_is_excluded() {
        let skills =
            [("billing", 4), ("sales", 9), ("trainee", 10)].map(|(name, level)| (name.to_owned(), level));
        let fit = |text: &str| text.parse::<Requirement>().unwrap().fit(&skills.clone().into());
        assert_eq!(fit("billing and not trainee"), 4);
        assert_eq!(fit("billing or sales >= 3"), 9);
        assert_eq!(fit("not (sales < 5) and trainee <= 10"), 9);
        assert_eq!((fit(""), fit("french")), (0, 0));
    }

    #[test]
    fn mistakes_are_named_where_they_stand() {
        let error = |text: &str| text.parse::<Requirement>().unwrap_err().to_string();
        assert_eq!(error("billing >= eleven"), "expected a proficiency from 0 to 10 at `eleven`");
        assert_eq!(error("billing >= 11"), "proficiency 11 is outside 0 to 10");
        assert_eq!(error("billing and"), "expected a skill, `not` or `(` at `the end`");
        assert_eq!(error("(billing"), "expected `)` at `the end`");
        assert_eq!(error("billing sales"), "expected `and`, `or` or the end at `sales`");
        assert_eq!(error(&"(".repeat(1_000)), SkillError::TooLarge.to_string());
    }
}
