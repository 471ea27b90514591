//! The registrant's token is missing.

use super::{Along, Profile, Share, nothing};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::RegistrationTokenMissing,
    party: Party::Integrator,
    prior: 0.5,
    codes: &[("3099", 0.85), ("3135", 0.1)],
    along: &[(Along::Dim("meeting"), 0.7), (Along::Dim("host"), 0.15)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.2,
    remedy: "Pass the registrant's tk (`registrant_token`) for meetings with registration.",
    tell_users: "This meeting needs registration. Please register, or ask its host.",
    more: nothing,
};
