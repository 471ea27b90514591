//! The person for whom an OBF token acts is not in the meeting.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ObfOwnerNotInMeeting,
    party: Party::Host,
    prior: 0.5,
    codes: &[("4017", 0.9)],
    along: &[
        (Along::Dim("meeting"), 0.5),
        (Along::Dim("host"), 0.2),
        (Along::Everybody, 0.2),
    ],
    share: Share::All,
    change: None,
    heals_by_itself: 0.7,
    remedy: "The person who authorised the app has to be in the meeting first, and to stay.",
    tell_users: tell::HOST,
    more: nothing,
};
