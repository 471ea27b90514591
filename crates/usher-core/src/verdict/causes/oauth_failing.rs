//! Zoom's OAuth gives no access token, so hosts get no ZAK.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};
use crate::witness::{Call, Line, Witness};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::OauthFailing,
    party: Party::Integrator,
    prior: 0.6,
    codes: &[("3003", 0.2), ("3008", 0.2), ("3265", 0.15), ("3623", 0.15)],
    along: &[(Along::Dim("role"), 0.75), (Along::Dim("account"), 0.2)],
    share: Share::All,
    change: None,
    heals_by_itself: 0.4,
    remedy: "Run `usher check`: it says which of account id, client id, secret, activation and scopes is wrong.",
    tell_users: tell::OURS,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    of_call(
        figures,
        Cause::OauthFailing,
        Call::OAuth,
        "for an access token",
    )
}

/// Without these calls failing it can't be.
pub(super) fn of_call(figures: &Figures<'_>, cause: Cause, call: Call, what: &str) -> Vec<Term> {
    let calls = figures.calls.get(&call).copied().unwrap_or_default();
    if calls.all() == 0 {
        let has_api_lines = figures
            .case
            .lines
            .iter()
            .any(|line| matches!(line, Line::Api(_)));
        if has_api_lines && figures.was_watching(Witness::Api) {
            let text = format!("No call {what} failed: none was made.");
            return vec![Term::new(cause, log_lr(0.2, 1.0), text)];
        }
        return Vec::new();
    }
    if calls.are_failing() && figures.control.are_failing() {
        let text = format!("Calls {what} failed, and so did those to a host that is not Zoom's.");
        return vec![Term::new(cause, log_lr(0.03, 1.0), text)];
    }
    if calls.are_failing() {
        let text = format!("{} of {} calls {what} failed.", calls.ill, calls.all());
        return vec![Term::new(cause, log_lr(0.95, 0.02), text)];
    }
    let text = format!("{} of {} calls {what} went well.", calls.well, calls.all());
    vec![Term::new(cause, log_lr(0.03, 0.95), text)]
}
