//! Zoom has raised the least SDK version.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::SdkVersionTooOld,
    party: Party::Integrator,
    prior: 0.8,
    codes: &[("10000", 0.95)],
    along: &[
        (Along::Dim("sdk_version"), 0.6),
        (Along::Everybody, 0.25),
        (Along::Dim("view"), 0.05),
    ],
    share: Share::All,
    change: None,
    heals_by_itself: 0.05,
    remedy: "Update the Web SDK in the page to a version that Zoom still takes.",
    tell_users: tell::OURS,
    more: nothing,
};
