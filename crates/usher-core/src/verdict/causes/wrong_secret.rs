//! The secret that signs does not belong to the key.

use super::{Along, Profile, Share, signature_finding, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::Term;
use crate::verdict::{Cause, Party};
use crate::witness::What;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::WrongSecretOrKeyPair,
    party: Party::Integrator,
    prior: 1.0,
    codes: &[("3712", 0.85), ("3704", 0.1)],
    along: &[
        (Along::Everybody, 0.4),
        (Along::Dim("app"), 0.35),
        (Along::Dim("instance"), 0.1),
        (Along::Dim("release"), 0.1),
    ],
    share: Share::All,
    // It does not become wrong by itself: somebody rotated it here or in the Marketplace, or deployed another.
    change: Some((
        &[What::Secret, What::Config, What::Release, What::Start],
        0.75,
    )),
    heals_by_itself: 0.08,
    remedy: "Take key and secret from one app in Zoom's Marketplace, and see who regenerated the secret there.",
    tell_users: tell::OURS,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    let terms = signature_finding::terms(figures, Cause::WrongSecretOrKeyPair);
    // That the HMAC is by the configured secret does not show that the Marketplace still has the same: it is no evidence against.
    terms.into_iter().filter(|term| term.log_lr > 0.0).collect()
}
