//! One instance of ours does what the others don't.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::OurInstance,
    party: Party::Integrator,
    prior: 0.8,
    codes: &[("3712", 0.3), ("3705", 0.1), ("1", 0.1), ("200", 0.1)],
    along: &[(Along::Dim("instance"), 0.97)],
    share: Share::Any,
    change: Some((&[What::Start, What::Config, What::Secret], 0.5)),
    heals_by_itself: 0.25,
    remedy: "Take that instance out of service, and compare its configuration, clock and version with the others'.",
    tell_users: tell::OURS,
    more: nothing,
};
