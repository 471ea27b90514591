//! A kind of device, or of its system, can't.

use super::{Along, Profile, Share, nothing};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::Device,
    party: Party::User,
    prior: 0.5,
    codes: &[("1", 0.3), ("200", 0.2), ("3635", 0.3)],
    along: &[(Along::Dim("os"), 0.85), (Along::Dim("device"), 0.1)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.3,
    remedy: "See what that system changed; until then offer the Zoom app.",
    tell_users: "Joining fails on this kind of device. Please use another one, or the Zoom app.",
    more: nothing,
};
