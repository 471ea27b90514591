//! `mn` in the signature is not the number that is joined.

use super::signature_finding;
use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::Term;
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::MnMismatchOrFormat,
    party: Party::Integrator,
    prior: 0.7,
    codes: &[("3706", 0.5), ("3707", 0.2), ("3712", 0.25)],
    along: &[(Along::Dim("release"), 0.5), (Along::Everybody, 0.3)],
    share: Share::All,
    change: Some((&[What::Release], 0.6)),
    heals_by_itself: 0.1,
    remedy: "Sign for the very number that join() gets, as a string of digits.",
    tell_users: tell::OURS,
    more: found,
};

fn found(figures: &Figures<'_>) -> Vec<Term> {
    signature_finding::terms(figures, Cause::MnMismatchOrFormat)
}
