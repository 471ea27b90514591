//! A part of Zoom fails: one zone behind a load balancer, one data centre, one feature.

use super::{Along, Profile, Share, tell, zoom_outage};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ZoomPartialOutage,
    party: Party::Zoom,
    prior: 1.0,
    codes: zoom_outage::PROFILE.codes,
    along: &[
        (Along::Everybody, 0.55),
        (Along::Dim("account"), 0.1),
        (Along::Dim("host"), 0.05),
        (Along::Dim("network"), 0.08),
        (Along::Dim("view"), 0.05),
    ],
    share: Share::Part,
    change: None,
    heals_by_itself: 0.95,
    remedy: zoom_outage::PROFILE.remedy,
    tell_users: tell::ZOOM,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    let cause = Cause::ZoomPartialOutage;
    let mut terms = Vec::new();
    let zoom = figures.zoom;
    if zoom.all() > 0 {
        let text = format!(
            "{} of {} calls of ours to Zoom failed.",
            zoom.ill,
            zoom.all()
        );
        let share = zoom.ill as f64 / zoom.all() as f64;
        let before = figures.zoom_before;
        let usual = (before.ill as f64 + 0.5) / (before.all() as f64 + 50.0);
        if zoom.ill >= 2 && share < 0.9 && share > 3.0 * usual && !figures.control.are_failing() {
            terms.push(Term::new(cause, log_lr(0.4, 0.04), text));
        } else if share >= 0.9 && zoom.ill >= 3 {
            terms.push(Term::new(cause, log_lr(0.1, 0.3), text));
        }
    }
    terms.extend(zoom_outage::of_status(figures, cause));
    terms.extend(zoom_outage::of_own_changes(figures, cause));
    terms
}
