//! No usable ZAK: Zoom gives none, or refuses the one that it gave.

use super::{Along, Profile, Share, oauth_failing, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::Term;
use crate::verdict::{Cause, Party};
use crate::witness::Call;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ZakFailing,
    party: Party::Integrator,
    prior: 0.6,
    codes: &[("3265", 0.35), ("3623", 0.35), ("3003", 0.1), ("3008", 0.1)],
    along: &[
        (Along::Dim("role"), 0.6),
        (Along::Dim("host"), 0.2),
        (Along::Dim("account"), 0.1),
    ],
    share: Share::All,
    change: None,
    heals_by_itself: 0.4,
    remedy: "Run `usher check --host USER`: it says whether a ZAK can be fetched, and which scope is missing.",
    tell_users: tell::OURS,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    // The ZAK that Zoom refuses may have been fetched well: that calls go well says little against it.
    let terms = oauth_failing::of_call(figures, Cause::ZakFailing, Call::Zak, "for a ZAK");
    let halved = terms.into_iter().map(|term| Term {
        log_lr: if term.log_lr < 0.0 {
            term.log_lr / 4.0
        } else {
            term.log_lr
        },
        ..term
    });
    halved.collect()
}
