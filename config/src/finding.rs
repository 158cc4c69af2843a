//! What was found in a file: problems and warnings, each under the key that was typed.

use std::{collections::BTreeSet, fmt};

/// One thing found: where, under which key, what is wrong with which value, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file as it was named.
    pub file: String,
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// The key as typed, such as `queue[billing].max_wait`.
    pub key: String,
    /// What is wrong, with the value.
    pub what: String,
    /// What to do about it.
    pub way_out: String,
}

/// Something that works but hardly as meant.
pub type Warning = Finding;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.what, self.way_out)
    }
}

/// Everything that keeps a file from being used: at least one problem, sorted by line. Displayed one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// Never empty: only made of a file that has one.
    found: Vec<Finding>,
    warnings: Vec<Warning>,
}

impl Problems {
    /// The problems in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter()
    }
    /// How many there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }
    /// What was found beside them.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
    /// The problems, of whatever file, without lines: it is not one that anybody typed.
    pub(crate) fn without_lines(mut self) -> Self {
        self.found.iter_mut().chain(&mut self.warnings).for_each(|finding| finding.line = 0);
        self
    }
    /// One problem.
    pub(crate) fn of(problem: Finding) -> Self {
        Self { found: vec![problem], warnings: Vec::new() }
    }
    /// A file that cannot be used as a whole.
    pub(crate) fn of_file(file: &str, what: String, way_out: &str) -> Self {
        let way_out = way_out.to_owned();
        let problem = Finding { file: file.to_owned(), line: 0, key: String::new(), what, way_out };
        Self { found: vec![problem], warnings: Vec::new() }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.found.iter().enumerate().try_for_each(|(i, problem)| {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")
        })
    }
}

impl std::error::Error for Problems {}

/// A place in the text: the full key and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub key: String,
    /// Byte offset into the text.
    pub at: usize,
}

impl Place {
    /// The place of something below this key, at the same spot unless it was typed itself.
    pub fn below(&self, key: &str) -> Self {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) };
        Self { key, at: self.at }
    }
}

/// Collects what is found while a text is read.
pub(crate) struct Findings {
    file: String,
    /// Byte offsets at which lines start.
    lines: Vec<usize>,
    problems: Vec<Finding>,
    warnings: Vec<Finding>,
    /// The text was read in part: what is absent may only be unreadable.
    partial: bool,
}

impl Findings {
    /// For a text that came from `file`; `partial` when some of it could not be read.
    pub fn new(file: &str, text: &str, partial: bool) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { file: file.to_owned(), lines, problems: Vec::new(), warnings: Vec::new(), partial }
    }
    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|&start| start <= at)
    }
    /// Notes something that keeps the file from being used.
    pub fn problem(&mut self, place: &Place, what: impl Into<String>, way_out: impl Into<String>) {
        let finding = self.finding(place, what.into(), way_out.into());
        self.problems.push(finding);
    }
    /// Notes something that works but hardly as meant.
    pub fn warn(&mut self, place: &Place, what: impl Into<String>, way_out: impl Into<String>) {
        let finding = self.finding(place, what.into(), way_out.into());
        self.warnings.push(finding);
    }
    /// Notes a key that must be there.
    pub fn missing(&mut self, place: &Place, way_out: &str) {
        if !self.partial {
            self.problem(place, "is missing", way_out);
        }
    }
    /// Notes what TOML itself cannot read. Of each line the first is kept, and nothing else that is found there.
    pub fn unreadable(&mut self, mistakes: Vec<(Place, String, String)>) {
        let mut lines: BTreeSet<usize> = BTreeSet::new();
        let found = std::mem::take(&mut self.problems);
        for (place, what, way_out) in mistakes {
            if lines.insert(self.line(place.at)) {
                self.problem(&place, what, way_out);
            }
        }
        self.problems.extend(found.into_iter().filter(|problem| !lines.contains(&problem.line)));
    }
    /// Whether the whole text was read, so that what is absent may be spoken of.
    pub fn is_whole(&self) -> bool {
        !self.partial
    }
    fn finding(&self, place: &Place, what: String, way_out: String) -> Finding {
        Finding { file: self.file.clone(), line: self.line(place.at), key: place.key.clone(), what, way_out }
    }
    /// The outcome: warnings alone, or problems.
    pub fn close(mut self) -> Result<Vec<Warning>, Problems> {
        self.problems.sort_by_key(|finding| finding.line);
        self.warnings.sort_by_key(|finding| finding.line);
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        Err(Problems { found: self.problems, warnings: self.warnings })
    }
}
