//! The clock that signs is so far behind that signatures are expired when they arrive.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ClockBehind,
    party: Party::Integrator,
    prior: 0.4,
    codes: &[("3705", 0.95)],
    along: &[(Along::Everybody, 0.55), (Along::Dim("instance"), 0.4)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.4,
    remedy: "Keep the signing machine's clock right (chrony or another NTP client).",
    tell_users: tell::OURS,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    // Time that was left on Zoom's clock: ours is behind it by minus the offset.
    let margin = super::clock_margin::of(figures, |signed| signed.exp_in_ms).mirrored();
    super::clock_margin::terms(
        Cause::ClockBehind,
        &margin,
        "`exp` past on Zoom's clock",
        log_lr(0.95, 0.02),
    )
}
