//! `iat` is ahead of Zoom's clock: the clock that signs is ahead, by more than the back-dating.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::IatInFutureClockSkew,
    party: Party::Integrator,
    prior: 1.5,
    // Zoom's tolerance is unverified, and reports say that it refuses some of them at random (reference 1.2).
    codes: &[("3712", 0.95)],
    along: &[(Along::Everybody, 0.55), (Along::Dim("instance"), 0.4)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.5,
    remedy: "Keep the signing machine's clock right (chrony or another NTP client), and date `iat` back by 30 s or more.",
    tell_users: tell::OURS,
    more,
};

/// The margins that failing and working signatures had, and what is known of the clock.
fn more(figures: &Figures<'_>) -> Vec<Term> {
    let margin = super::clock_margin::of(figures, |signed| signed.iat_age_ms);
    super::clock_margin::terms(
        Cause::IatInFutureClockSkew,
        &margin,
        "`iat` ahead of Zoom's clock",
        // At some unknown tolerance of Zoom's beyond it.
        log_lr(0.9, 0.02),
    )
}
