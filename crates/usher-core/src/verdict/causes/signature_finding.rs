//! Signatures that the doctor finds fault with: what is wrong stands in the claims, so they are judged and not guessed.

use super::{Along, Profile, Share, nothing, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};
use crate::witness::What;

/// A signature that can't work fails: this many that worked all the same would be a mistake of the rule.
const WORKS_ALL_THE_SAME: f64 = 0.002;

/// What the doctor's finding says, if any signature was kept: found in those that failed and not in those that did not.
pub(super) fn terms(figures: &Figures<'_>, cause: Cause) -> Vec<Term> {
    let (failed, well) = figures.found(cause);
    let all: u64 = figures.signed_failed.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return Vec::new();
    }
    if failed == 0 {
        let text = format!("None of {all} failing signatures has this fault.");
        return vec![Term::new(cause, log_lr(0.02, 1.0), text).of(all, 0)];
    }
    let share = failed as f64 / all as f64;
    let text = format!(
        "{failed} of {all} failing signatures have this fault, and {well} of those that worked."
    );
    let works = if well > failed {
        1.0
    } else {
        WORKS_ALL_THE_SAME
    };
    vec![Term::new(cause, log_lr(share.max(0.05), works), text).of(all, failed)]
}

const fn profile(
    cause: Cause,
    remedy: &'static str,
    more: fn(&Figures<'_>) -> Vec<Term>,
) -> Profile {
    Profile {
        cause,
        party: Party::Integrator,
        prior: 0.15,
        codes: &[("3712", 0.8), ("3704", 0.05), ("3705", 0.05)],
        along: &[
            (Along::Everybody, 0.4),
            (Along::Dim("release"), 0.4),
            (Along::Dim("app"), 0.1),
        ],
        share: Share::All,
        change: Some((&[What::Release, What::Config], 0.7)),
        heals_by_itself: 0.05,
        remedy,
        tell_users: tell::OURS,
        more,
    }
}

pub(super) const IAT_IN_MILLISECONDS: Profile = profile(
    Cause::IatInMilliseconds,
    "Give times in seconds since 1970.",
    |figures| terms(figures, Cause::IatInMilliseconds),
);
pub(super) const EXP_TOO_SHORT: Profile = profile(
    Cause::ExpTooShort,
    "Let a signature live for more than 1800 s.",
    |figures| terms(figures, Cause::ExpTooShort),
);
pub(super) const EXP_TOO_LONG: Profile = profile(
    Cause::ExpTooLong,
    "Let a signature live for at most 48 hours.",
    |figures| terms(figures, Cause::ExpTooLong),
);
pub(super) const MISSING_CLAIM: Profile = profile(
    Cause::MissingClaim,
    "Sign all claims that Zoom asks for; `usher doctor` names the one that is missing.",
    |figures| terms(figures, Cause::MissingClaim),
);
pub(super) const WRONG_CLAIM_TYPE: Profile = profile(
    Cause::WrongClaimType,
    "Give each claim the JSON type that Zoom asks for; `usher doctor` names the one that has another.",
    |figures| terms(figures, Cause::WrongClaimType),
);
pub(super) const ROLE_MISMATCH: Profile = Profile {
    codes: &[("3708", 0.6), ("3711", 0.2), ("3003", 0.1)],
    ..profile(
        Cause::RoleMismatch,
        "Sign role 0 for attendees, and role 1 with a ZAK for the host.",
        nothing,
    )
};
pub(super) const TOKEN_EXP_OUT_OF_RANGE: Profile = profile(
    Cause::TokenExpOutOfRange,
    "Set tokenExp to exp.",
    |figures| terms(figures, Cause::TokenExpOutOfRange),
);
