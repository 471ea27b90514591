//! The meeting's state or one of its settings keeps people out: not started, full, locked, ended, deleted, login required.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::MeetingStateOrSetting,
    party: Party::Host,
    prior: 1.0,
    codes: &[
        ("3008", 0.2),
        ("4005", 0.12),
        ("4006", 0.12),
        ("4004", 0.12),
        ("3610", 0.1),
        ("3001", 0.04),
        ("3100", 0.08),
        ("3000", 0.05),
        ("3009", 0.03),
        ("3603", 0.04),
        ("3611", 0.03),
    ],
    along: &[(Along::Dim("meeting"), 0.8), (Along::Dim("host"), 0.15)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.6,
    remedy: "Look at the meeting's settings and state: `usher check --meeting N`.",
    tell_users: tell::HOST,
    more: nothing,
};
