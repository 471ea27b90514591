//! The app may not join meetings of other accounts.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ExternalAccountNotAllowedOrUnpublishedApp,
    party: Party::Integrator,
    prior: 0.8,
    codes: &[("4011", 0.8), ("200", 0.12)],
    along: &[(Along::Dim("account"), 0.7), (Along::Dim("app"), 0.2)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.1,
    remedy: "Have the app reviewed and published by Zoom, or join meetings of your own account only.",
    tell_users: tell::OURS,
    more: nothing,
};
