//! Seeded bugs: a test puts each of them into the brain and shows that the simulated shifts find it.
//!
//! Only with the feature `mutants`, which no build of the product has; without it `bug!` is false and costs nothing.

use std::cell::Cell;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is told where it strikes")]
pub enum Mutant {
    TiesGoByNumber,
    PlaceLostWhenOfferFails,
    StepNeverRelaxed,
    StepsPauseWhileRinging,
    ExclusionForgotten,
    AgeingSignWrong,
    ObjectiveForgotten,
    RestIgnored,
    RestCountsFromTheAnswer,
    CeilingIgnored,
    RestedAgentNotListed,
    PreferenceNeverReleased,
    PreferenceKeptAfterRefusal,
    PreferenceIgnored,
    OwnCallsOverlooked,
    LastAgentRememberedForEver,
    CountsNotReset,
    UndoneAnswerCounts,
    WeightIgnored,
    MostSkilledReversed,
    LeastSkilledReversed,
    OnlyAnsweredOffersTakeATurn,
    FileOrderReversed,
    PaceOfWrapUpForgotten,
    PriorityNotRanked,
    ValuesIgnored,
    PlaceGivenTwice,
    PlaceKeptForEver,
    PlaceLostInSnapshot,
    NewRulesKeepOldSteps,
    KeptPlaceIsNew,
    KeptStepsBeginAnew,
    CustomerCalledForEver,
    NoPauseBetweenAttempts,
    CalledBackThoughHere,
    TakenPlaceIsNew,
    RestartCountsAsAttempt,
    OneMoreThanTheLimit,
    NobodyIsMissed,
    NobodyGoesHome,
    LaterStepsCountAsUnstaffed,
    ClosedEntryTakesCalls,
    HoursForgottenInSnapshot,
    LosersRingOn,
    LoserGetsRona,
    LosersIdleTimeLost,
    PhonesUnbounded,
    PromotedRingNeverEnds,
    ForcedWishForgotten,
    WrapUpWithoutEnd,
}

impl Mutant {
    /// Every bug there is.
    pub const ALL: [Self; 50] = [
        Self::TiesGoByNumber,
        Self::PlaceLostWhenOfferFails,
        Self::StepNeverRelaxed,
        Self::StepsPauseWhileRinging,
        Self::ExclusionForgotten,
        Self::AgeingSignWrong,
        Self::ObjectiveForgotten,
        Self::RestIgnored,
        Self::RestCountsFromTheAnswer,
        Self::CeilingIgnored,
        Self::RestedAgentNotListed,
        Self::PreferenceNeverReleased,
        Self::PreferenceKeptAfterRefusal,
        Self::PreferenceIgnored,
        Self::OwnCallsOverlooked,
        Self::LastAgentRememberedForEver,
        Self::CountsNotReset,
        Self::UndoneAnswerCounts,
        Self::WeightIgnored,
        Self::MostSkilledReversed,
        Self::LeastSkilledReversed,
        Self::OnlyAnsweredOffersTakeATurn,
        Self::FileOrderReversed,
        Self::PaceOfWrapUpForgotten,
        Self::PriorityNotRanked,
        Self::ValuesIgnored,
        Self::PlaceGivenTwice,
        Self::PlaceKeptForEver,
        Self::PlaceLostInSnapshot,
        Self::NewRulesKeepOldSteps,
        Self::KeptPlaceIsNew,
        Self::KeptStepsBeginAnew,
        Self::CustomerCalledForEver,
        Self::NoPauseBetweenAttempts,
        Self::CalledBackThoughHere,
        Self::TakenPlaceIsNew,
        Self::RestartCountsAsAttempt,
        Self::OneMoreThanTheLimit,
        Self::NobodyIsMissed,
        Self::NobodyGoesHome,
        Self::LaterStepsCountAsUnstaffed,
        Self::ClosedEntryTakesCalls,
        Self::HoursForgottenInSnapshot,
        Self::LosersRingOn,
        Self::LoserGetsRona,
        Self::LosersIdleTimeLost,
        Self::PhonesUnbounded,
        Self::PromotedRingNeverEnds,
        Self::ForcedWishForgotten,
        Self::WrapUpWithoutEnd,
    ];
}

thread_local! {
    static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Whether a bug is in the brains of this thread.
#[must_use]
pub fn is_on(mutant: Mutant) -> bool {
    ON.get() == Some(mutant)
}

/// Puts a bug into the brains of this thread, or takes it out again.
pub fn set(mutant: Option<Mutant>) {
    ON.set(mutant);
}
