//! A release of the embedding product.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::OurRelease,
    party: Party::Integrator,
    prior: 1.2,
    // Whatever a release breaks.
    codes: &[
        ("3", 0.15),
        ("4003", 0.12),
        ("2", 0.05),
        ("3712", 0.1),
        ("3705", 0.04),
        ("3706", 0.05),
        ("3004", 0.05),
        ("1", 0.1),
        ("200", 0.1),
        ("3635", 0.05),
    ],
    along: &[
        (Along::Dim("release"), 0.7),
        (Along::Everybody, 0.2),
        (Along::Dim("environment"), 0.05),
    ],
    share: Share::Any,
    change: Some((&[What::Release], 0.95)),
    heals_by_itself: 0.12,
    remedy: "Roll the release back, and compare what it hands to join() with the one before.",
    tell_users: tell::OURS,
    more,
};

/// Taking it back and being well again is the best proof there is.
fn more(figures: &Figures<'_>) -> Vec<Term> {
    let is_release = |change: &&&crate::witness::Change| change.what == What::Release;
    let at_end = figures.changes_at_end.iter().find(is_release);
    let (Some(_), Some(change)) = (figures.case.until, at_end) else {
        return Vec::new();
    };
    let text = format!("It ended when something was released: {}", change.text);
    vec![Term::new(Cause::OurRelease, log_lr(0.6, 0.1), text)]
}
