//! A browser, or a version of it, can't.

use super::{Along, Profile, Share, nothing};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::Browser,
    party: Party::User,
    prior: 1.0,
    codes: &[("1", 0.3), ("200", 0.2), ("3635", 0.3), ("4003", 0.05)],
    along: &[(Along::Dim("browser"), 0.9)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.3,
    remedy: "See what that browser changed, and which Web SDK supports it; until then offer another browser, or the Zoom app.",
    tell_users: "Joining fails in this browser. Please use another one, or the Zoom app.",
    more: nothing,
};
