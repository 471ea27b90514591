//! Signatures are used after they have expired: cached, or made long before the join.

use super::{Along, Profile, Share, signature_finding};
use crate::verdict::figures::Figures;
use crate::verdict::term::Term;
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ExpInPast,
    party: Party::Integrator,
    prior: 0.7,
    codes: &[("3705", 0.93)],
    along: &[
        (Along::Everybody, 0.5),
        (Along::Dim("release"), 0.25),
        (Along::Dim("instance"), 0.1),
    ],
    share: Share::Any,
    change: Some((&[What::Release, What::Config], 0.5)),
    heals_by_itself: 0.4,
    remedy: "Make a signature for each join, right before it; keep none in a cache.",
    tell_users: "Please reload the page and join again.",
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    signature_finding::terms(figures, Cause::ExpInPast)
}
