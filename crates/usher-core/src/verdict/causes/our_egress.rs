//! Our own way out: nothing reaches Zoom from here, nor anybody else.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::OurEgress,
    party: Party::Integrator,
    prior: 0.4,
    codes: &[],
    along: &[
        (Along::Everybody, 0.4),
        (Along::Dim("instance"), 0.35),
        (Along::Dim("role"), 0.2),
    ],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.6,
    remedy: "Look at the network of the machines that Usher runs on: DNS, proxy, firewall, route.",
    tell_users: tell::OURS,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    let cause = Cause::OurEgress;
    let (zoom, control) = (figures.zoom, figures.control);
    if zoom.all() == 0 && control.all() == 0 {
        return Vec::new();
    }
    if control.are_failing() && (zoom.all() == 0 || zoom.are_failing()) {
        let text = format!(
            "{} of {} calls to a host that is not Zoom's failed, and {} of {} to Zoom.",
            control.ill,
            control.all(),
            zoom.ill,
            zoom.all()
        );
        return vec![Term::new(cause, log_lr(0.9, 0.01), text)];
    }
    if zoom.are_failing() {
        let text = format!(
            "{} of {} calls of ours to Zoom failed.",
            zoom.ill,
            zoom.all()
        );
        let mut terms = vec![Term::new(cause, log_lr(0.95, 0.1), text)];
        if control.all() > 0 {
            let text = format!(
                "{} of {} calls to a host that is not Zoom's were answered.",
                control.well,
                control.all()
            );
            terms.push(Term::new(cause, log_lr(0.02, 0.98), text));
        }
        return terms;
    }
    let text = format!(
        "{} of {} calls of ours to Zoom were answered.",
        zoom.well,
        zoom.all()
    );
    vec![Term::new(cause, log_lr(0.03, 0.95), text)]
}
