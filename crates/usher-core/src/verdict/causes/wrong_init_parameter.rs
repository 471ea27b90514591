//! The page hands `join()` something that it does not take.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::WrongInitParameter,
    party: Party::Integrator,
    prior: 0.7,
    codes: &[("3", 0.4), ("4003", 0.35), ("2", 0.1), ("5013", 0.1)],
    along: &[
        (Along::Dim("release"), 0.4),
        (Along::Dim("view"), 0.2),
        (Along::Dim("sdk_version"), 0.1),
    ],
    share: Share::All,
    change: Some((&[What::Release], 0.6)),
    heals_by_itself: 0.05,
    remedy: "Look at what the page hands to join(): `usher doctor --join FILE` judges it.",
    tell_users: tell::OURS,
    more: nothing,
};
