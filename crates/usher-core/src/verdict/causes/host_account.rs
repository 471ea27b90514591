//! The account of one host keeps people out.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::HostAccount,
    party: Party::Host,
    prior: 0.7,
    codes: &[("3625", 0.6), ("3702", 0.1), ("6603", 0.15), ("3603", 0.05)],
    along: &[(Along::Dim("host"), 0.8), (Along::Dim("account"), 0.15)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.2,
    remedy: "Ask the host to look at their Zoom account: is it active, is it licensed, does its admin block the app?",
    tell_users: tell::HOST,
    more: nothing,
};
