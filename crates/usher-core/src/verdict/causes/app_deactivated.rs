//! Zoom has switched the app or its key off.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::AppDeactivated,
    party: Party::Integrator,
    prior: 0.6,
    codes: &[("3710", 0.85), ("3704", 0.1)],
    along: &[(Along::Everybody, 0.5), (Along::Dim("app"), 0.45)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.1,
    remedy: "Look at the app in Zoom's Marketplace: activate it again, or ask Zoom why it is deactivated.",
    tell_users: tell::OURS,
    more: nothing,
};
