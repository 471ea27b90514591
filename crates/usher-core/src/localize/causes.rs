//! One cause after the other.

use super::expectation::Frame;
use super::plan::Plan;
use super::search::{Scope, TIE_NATS, search};
use super::slice::{CONDITIONS_MAX, Candidate, Slice, sums};

/// Causes that are looked for.
const CAUSES_MAX: usize = 5;
/// Slices that a slice may be taken apart into.
const PARTS_MAX: usize = 3;
/// A slice is taken apart only if at least this share of its attempts lies outside the parts ...
const SOUND_SHARE_MIN: f64 = 0.1;
/// ... and their rate there is raised by at most this share of what it is raised by in the whole. Both tuned.
const SOUND_EXCESS_MAX: f64 = 0.2;

/// A cause, and what can't be told apart from it.
#[derive(Debug)]
pub(super) struct Cause {
    pub(super) best: Candidate,
    pub(super) ties: Vec<Candidate>,
}

/// The best slice; then, its attempts taken away from window and baseline, the best of the rest; as long as one stands out.
///
/// Each scan claims one by chance with a probability of at most 1 % ([`Plan::threshold`]).
pub(super) fn causes(frame: &Frame, plan: &Plan) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut rest = frame.clone();
    while causes.len() < CAUSES_MAX {
        let Some(cause) = cause(&rest, plan) else {
            break;
        };
        let found = match taken_apart(&cause.best, &rest, plan) {
            Some(parts) => parts,
            None => vec![cause],
        };
        for cause in found {
            rest = without(&rest, &cause.best.slice);
            causes.push(cause);
        }
    }
    causes.truncate(CAUSES_MAX);
    causes
}

fn cause(frame: &Frame, plan: &Plan) -> Option<Cause> {
    let found = search(Scope {
        frame,
        plan,
        within: &Slice::default(),
        is_whole_asked: true,
        score_min: f64::NEG_INFINITY,
    });
    ranked(found, frame, plan)
}

/// Slices that say the same in more words give way to the short ones; equals are sorted by how general they are.
fn ranked(found: Vec<Candidate>, frame: &Frame, plan: &Plan) -> Option<Cause> {
    const LOOKED_AT_MAX: usize = 64;
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found.into_iter().take(LOOKED_AT_MAX) {
        let shortest = shortest(candidate, frame);
        if !kept.iter().any(|other| other.slice == shortest.slice) {
            kept.push(shortest);
        }
    }
    kept.sort_by(|a, b| {
        let order =
            |candidate: &Candidate| (candidate.slice.len(), plan.values_of(&candidate.slice));
        let nearly = |score: f64| (score * 1e6).round();
        nearly(b.score)
            .total_cmp(&nearly(a.score))
            .then_with(|| order(a).cmp(&order(b)))
            .then_with(|| a.slice.conditions().cmp(b.slice.conditions()))
    });
    let mut kept = kept.into_iter();
    let best = kept.next()?;
    let ties = kept
        .filter(|tie| tie.score >= best.score - TIE_NATS)
        .collect();
    Some(Cause { best, ties })
}

/// The shortest slice of some of its conditions that has the very same attempts in the window and stands out as much: its baseline is
/// another, and may say that they fail as usual.
fn shortest(candidate: Candidate, frame: &Frame) -> Candidate {
    for shorter in candidate.slice.shorter() {
        let Some(sums) = sums(frame, &shorter) else {
            continue;
        };
        if sums.attempts == candidate.attempts {
            let same = sums.candidate(shorter);
            if same.score >= candidate.score - TIE_NATS {
                return same;
            }
        }
    }
    candidate
}

fn without(frame: &Frame, slice: &Slice) -> Frame {
    frame.filtered(|columns, group| !slice.has(columns, group))
}

/// Two causes that share a value can stand out most together, by that value, though most of its attempts are well: where failures are
/// rare, many of them count for more than where they are. So a slice is held against the best slices within it: if these say more, and
/// what they leave of it is sound, they are the causes.
fn taken_apart(whole: &Candidate, frame: &Frame, plan: &Plan) -> Option<Vec<Cause>> {
    if whole.slice.len() == CONDITIONS_MAX {
        return None;
    }
    let mut rest = frame.filtered(|columns, group| whole.slice.has(columns, group));
    let mut outside = frame.clone();
    let mut parts: Vec<Cause> = Vec::new();
    let mut score = 0.0;
    while parts.len() < PARTS_MAX {
        let found = search(Scope {
            frame: &rest,
            plan,
            within: &whole.slice,
            is_whole_asked: false,
            score_min: whole.score / PARTS_MAX as f64 / if parts.is_empty() { 1.0 } else { 10.0 },
        });
        let Some(part) = ranked(found, &outside, plan) else {
            break;
        };
        rest = without(&rest, &part.best.slice);
        outside = without(&outside, &part.best.slice);
        score += part.best.score;
        parts.push(part);
        if score > whole.score + TIE_NATS && is_sound(&rest, whole) {
            return Some(parts);
        }
    }
    None
}

/// Whether what is left of a slice is a good part of it and fails about as usual.
fn is_sound(left: &Frame, whole: &Candidate) -> bool {
    let Some(left) = sums(left, &whole.slice) else {
        return false;
    };
    let raised = |failed: u64, expected: f64| failed as f64 / expected - 1.0;
    let left_expected = left.attempts as f64 * left.rate();
    left.attempts as f64 >= SOUND_SHARE_MIN * whole.attempts as f64
        && raised(left.failed, left_expected)
            <= SOUND_EXCESS_MAX * raised(whole.failed, whole.expected)
}

/// Whether a slice's failures are spread over each dimension as was to be expected, but for their level.
pub(super) fn is_spread_evenly(whole: &Candidate, frame: &Frame, plan: &Plan) -> bool {
    if whole.slice.len() == CONDITIONS_MAX {
        return false;
    }
    let inside = frame
        .filtered(|columns, group| whole.slice.has(columns, group))
        .expecting(whole.failed as f64 / whole.expected);
    let inside = Scope {
        frame: &inside,
        plan,
        within: &whole.slice,
        is_whole_asked: false,
        score_min: f64::NEG_INFINITY,
    };
    search(inside).is_empty()
}
