//! Zoom fails, for everybody.

use super::{Along, Profile, Share, tell};
use crate::verdict::figures::Figures;
use crate::verdict::term::{Term, log_lr};
use crate::verdict::{Cause, Party};
use crate::witness::Witness;

pub(super) const PROFILE: Profile = Profile {
    cause: Cause::ZoomOutage,
    party: Party::Zoom,
    prior: 1.5,
    // What fails at Zoom shows as anything: even as a signature that is called invalid.
    codes: &[
        ("3621", 0.15),
        ("4009", 0.1),
        ("403", 0.1),
        ("-3000", 0.1),
        ("3622", 0.05),
        ("1", 0.15),
        ("200", 0.15),
        ("3712", 0.06),
        ("4001", 0.03),
        ("3634", 0.03),
    ],
    along: &[(Along::Everybody, 0.85), (Along::Dim("account"), 0.03)],
    share: Share::Any,
    change: None,
    heals_by_itself: 0.95,
    remedy: "Open a ticket with Zoom, with the evidence bundle. Nothing has to be changed here.",
    tell_users: tell::ZOOM,
    more,
};

fn more(figures: &Figures<'_>) -> Vec<Term> {
    let mut terms = of_calls(figures);
    terms.extend(of_status(figures, Cause::ZoomOutage));
    terms.extend(of_own_changes(figures, Cause::ZoomOutage));
    terms
}

/// Our own calls to Zoom, unless our way out is to blame.
fn of_calls(figures: &Figures<'_>) -> Vec<Term> {
    let cause = Cause::ZoomOutage;
    let zoom = figures.zoom;
    if zoom.all() == 0 {
        return Vec::new();
    }
    let control = figures.control;
    if zoom.are_failing() {
        let text = format!(
            "{} of {} calls of ours to Zoom failed, too.",
            zoom.ill,
            zoom.all()
        );
        if control.are_failing() {
            let text = format!(
                "{text} So did {} of {} to a host that is not Zoom's.",
                control.ill,
                control.all()
            );
            return vec![Term::new(cause, log_lr(0.05, 1.0), text)];
        }
        // Without a control, our way out may be to blame.
        let otherwise = if control.all() > 0 { 0.02 } else { 0.1 };
        return vec![Term::new(cause, log_lr(0.6, otherwise), text)];
    }
    let text = format!(
        "{} of {} calls of ours to Zoom were answered as ever.",
        zoom.well,
        zoom.all()
    );
    vec![Term::new(cause, log_lr(0.45, 0.98), text)]
}

/// Zoom's own word. It is often late, so that a clean page says little.
pub(super) fn of_status(figures: &Figures<'_>, cause: Cause) -> Option<Term> {
    let status = figures.status.as_ref()?;
    if !status.is_reachable {
        return None;
    }
    if !status.matters.is_empty() {
        let names: Vec<&str> = status.matters.iter().copied().take(3).collect();
        let text = format!("Zoom's status page said so: {}.", names.join("; "));
        return Some(Term::new(cause, log_lr(0.6, 0.04), text));
    }
    let text = if status.others.is_empty() {
        "Zoom's status page was clean.".to_owned()
    } else {
        let names: Vec<&str> = status.others.iter().copied().take(3).collect();
        format!(
            "Zoom's status page was clean for what joining needs ({} is another matter).",
            names.join("; ")
        )
    };
    Some(Term::new(cause, log_lr(0.5, 0.96), text))
}

/// With nothing of ours changed, what changed is Zoom's.
pub(super) fn of_own_changes(figures: &Figures<'_>, cause: Cause) -> Option<Term> {
    if !figures.changes.is_empty() || !figures.was_watching(Witness::Change) {
        return None;
    }
    Some(Term::new(
        cause,
        log_lr(0.95, 0.75),
        "Nothing of ours had changed in the hour before.",
    ))
}
