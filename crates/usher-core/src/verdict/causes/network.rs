//! A network blocks or loses the connection.

use super::{Along, Profile, Share, nothing};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::Network,
    party: Party::Network,
    prior: 1.0,
    codes: &[
        ("-3000", 0.35),
        ("4001", 0.1),
        ("3622", 0.15),
        ("403", 0.1),
        ("3635", 0.15),
        ("1", 0.05),
    ],
    along: &[(Along::Dim("network"), 0.9)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.6,
    remedy: "Ask whoever runs that network to let *.zoom.us pass: TCP 443, 8801-8802, UDP 443, 3478-3479, 8801-8810, and no opening of TLS on the way.",
    tell_users: "Zoom can't be reached from this network. Please try another one.",
    more: nothing,
};
