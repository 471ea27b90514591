//! The passcode is wrong: in one meeting's invitation, or as the product hands it over.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::WrongPassword,
    party: Party::Host,
    prior: 1.0,
    codes: &[("3004", 0.9), ("3714", 0.07)],
    along: &[
        (Along::Dim("meeting"), 0.75),
        (Along::Dim("host"), 0.1),
        (Along::Dim("release"), 0.05),
    ],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.4,
    remedy: "Compare the meeting's passcode at Zoom with the one in the invitation, and with the one that your product hands to join().",
    tell_users: tell::HOST,
    more,
};

/// Of many meetings at once, it is not the invitation.
fn more(figures: &Figures<'_>) -> Vec<Term> {
    let meetings = figures.meetings_failed;
    if meetings < 2 {
        return Vec::new();
    }
    let text = format!("{meetings} meetings are affected.");
    vec![Term::new(Cause::WrongPassword, log_lr(0.3, 0.8), text)]
}
