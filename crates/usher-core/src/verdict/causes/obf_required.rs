//! A meeting of another account needs a ZAK or an OBF token since 2 March 2026 (reference 4.3).

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ObfRequired,
    party: Party::Integrator,
    prior: 0.8,
    codes: &[("4012", 0.6), ("4013", 0.3)],
    along: &[(Along::Dim("account"), 0.75), (Along::Everybody, 0.15)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.05,
    remedy: "Pass a ZAK or an OBF token for meetings of other accounts.",
    tell_users: tell::OURS,
    more: nothing,
};
