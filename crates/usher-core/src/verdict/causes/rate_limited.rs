//! A rate limit of Zoom's is reached.

use super::{Along, Profile, Share};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::RateLimited,
    party: Party::Integrator,
    prior: 0.5,
    codes: &[("3634", 0.4), ("3633", 0.15), ("3265", 0.05), ("1", 0.1)],
    along: &[
        (Along::Dim("role"), 0.45),
        (Along::Everybody, 0.2),
        (Along::Dim("account"), 0.25),
    ],
    share: Share::Part,
    change: None,
    heals_by_itself: 0.9,
    remedy: "Ask Zoom less often: keep ZAKs until they expire, spread imports, and look who else uses the account's limit.",
    tell_users: "Too many people are joining at once. Please try again in a minute.",
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    if figures.zoom.all() == 0 {
        return Vec::new();
    }
    if figures.limited >= 2 {
        let text = format!("Zoom answered {} of our calls with 429.", figures.limited);
        return vec![Term::new(Cause::RateLimited, log_lr(0.85, 0.02), text)];
    }
    let text = format!(
        "None of our {} calls to Zoom was answered with 429.",
        figures.zoom.all()
    );
    vec![Term::new(Cause::RateLimited, log_lr(0.2, 0.98), text)]
}
