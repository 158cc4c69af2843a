//! Whether a trunk is up, or a phone there, told from the answers to its probes.
//!
//! ```text
//! Unknown ── an answer ──► Up ── 2 probes in a row unanswered ──► Down
//!    └─ 2 unanswered ──► Down        Down ── 2 answers in a row (a phone: 1) ──► Up
//! ```

/// Unanswered probes in a row that mean that a trunk is down: one may get lost.
const DOWN_AFTER: u8 = 2;
/// Answers in a row that mean that it is up again: a trunk that comes and goes is not up.
const UP_AFTER: u8 = 2;

/// Whether a trunk answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It is not asked, or not yet.
    #[default]
    Unknown,
    /// It does.
    Up,
    /// It does not.
    Down,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Up, Self::Down];

    /// What metrics and reports call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// Follows the probes of one trunk or phone.
#[derive(Debug)]
pub(crate) struct Watch {
    health: Health,
    /// Probes in a row that speak against it.
    contrary: u8,
    up_after: u8,
}

impl Default for Watch {
    fn default() -> Self {
        Self { health: Health::Unknown, contrary: 0, up_after: UP_AFTER }
    }
}

impl Watch {
    /// That of a phone: an agent waits for it, and one offer more or less that fails is no harm.
    pub(crate) fn of_phone() -> Self {
        Self { up_after: 1, ..Self::default() }
    }
    /// How it is.
    pub(crate) const fn health(&self) -> Health {
        self.health
    }
    /// A probe was answered, or not; what that changes.
    pub(crate) fn saw(&mut self, answered: bool) -> Option<Health> {
        let (says, after) = if answered { (Health::Up, self.up_after) } else { (Health::Down, DOWN_AFTER) };
        self.contrary = if says == self.health { 0 } else { self.contrary + 1 };
        // Nothing speaks against the very first answer.
        let enough = self.contrary >= after || (answered && self.health == Health::Unknown);
        if self.contrary == 0 || !enough {
            return None;
        }
        (self.health, self.contrary) = (says, 0);
        Some(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_is_down_after_two_lost_probes_and_up_after_two_answers() {
        let mut watch = Watch::default();
        let mut saw = |answers: &[bool]| answers.iter().map(|&yes| watch.saw(yes)).collect::<Vec<_>>();
        assert_eq!(saw(&[true]), [Some(Health::Up)]);
        assert_eq!(saw(&[false, true, false, true]), [None; 4], "one may get lost");
        assert_eq!(saw(&[false, false, false]), [None, Some(Health::Down), None]);
        assert_eq!(saw(&[true, false, true, false]), [None; 4], "coming and going is not up");
        assert_eq!(saw(&[true, true, true]), [None, Some(Health::Up), None]);
    }

    #[test]
    fn a_phone_is_there_again_with_its_first_answer() {
        let mut watch = Watch::of_phone();
        let saw = [true, false, false, true].map(|yes| watch.saw(yes));
        assert_eq!(saw, [Some(Health::Up), None, Some(Health::Down), Some(Health::Up)]);
    }

    #[test]
    fn a_trunk_that_was_never_there_is_down() {
        let mut watch = Watch::default();
        assert_eq!([watch.saw(false), watch.saw(false)], [None, Some(Health::Down)]);
    }
}
