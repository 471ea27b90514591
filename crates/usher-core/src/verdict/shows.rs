//! What every cause is asked: do the codes fit, the slice, the share that fails, and what we changed?

use jiff::SignedDuration;

use super::Case;
use super::causes::{Along, Profile, Share};
use super::figures::Figures;
use super::term::{Term, log_lr};
use crate::localize::Condition;
use crate::witness::{Line, What, Witness};

/// A code that a cause does not name is still possible under it.
const OTHER_CODES: f64 = 0.06;
/// Dimensions whose values differ from person to person; that all are of one value is rare.
const OF_PEOPLE: [&str; 6] = ["browser", "os", "network", "meeting", "host", "role"];
const ONE_VALUE_FOR_ALL: f64 = 0.1;
/// A slice, likewise.
const OTHER_SLICES: f64 = 0.03;
/// An incident has one code or another of its cause's, and sticks to it: a thousand times the same says little more than once. So the
/// Dirichlet distribution of codes has this concentration, in attempts.
const CONCENTRATION: f64 = 0.05;
/// From here on "nearly all" fail.
const NEARLY_ALL: f64 = 0.9;
/// With fewer, shares are noise.
const SHARE_OF_MIN: u64 = 8;
/// What lasts longer is not said to have ended by itself.
const HOURS: SignedDuration = SignedDuration::from_hours(6);
/// Codes are counted up to so many: beyond, they only say the same again.
const COUNTED_MAX: u64 = 200;

pub(super) fn terms(profile: &Profile, figures: &Figures<'_>) -> Vec<Term> {
    let mut terms = Vec::new();
    terms.extend(codes(profile, figures));
    terms.extend(slice(profile, figures));
    terms.extend(share(profile, figures));
    terms.extend(change(profile, figures));
    terms.extend(recovery(profile, figures));
    terms.extend((profile.more)(figures));
    terms
}

/// How common a code is among failures of causes that nobody thought of.
fn usual(code: &str) -> f64 {
    match code {
        "1" | "200" => 0.12,
        "3712" => 0.06,
        "3004" | "3008" | "3705" => 0.04,
        _ => 0.02,
    }
}

fn codes(profile: &Profile, figures: &Figures<'_>) -> Option<Term> {
    if profile.codes.is_empty() || figures.codes.is_empty() {
        return None;
    }
    let named = |code: &str| {
        let share = profile.codes.iter().find(|(name, _)| *name == code);
        share.map_or(0.0, |(_, share)| *share)
    };
    let under_cause = |code: &str| named(code) + OTHER_CODES * usual(code);
    let all: u64 = figures.codes.values().sum();
    let scale = (COUNTED_MAX as f64 / all as f64).min(1.0);
    let counts = || {
        let counts = figures.codes.iter();
        counts.map(move |(code, count)| (*code, (*count as f64 * scale).max(1.0)))
    };
    let log_lr = dirichlet(
        counts().map(|(code, count)| (under_cause(code), count)),
        CONCENTRATION,
    ) - dirichlet(
        counts().map(|(code, count)| (usual(code), count)),
        CONCENTRATION,
    );
    let fitting: u64 = figures
        .codes
        .iter()
        .filter(|(code, _)| named(code) > 0.0)
        .map(|(_, count)| count)
        .sum();
    let mut most: Vec<(&&str, &u64)> = figures.codes.iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown: Vec<String> = most
        .iter()
        .take(3)
        .map(|(code, count)| format!("{code} ({count})"))
        .collect();
    let text = format!(
        "{fitting} of {all} failures ended with a code that this gives; the most were {}.",
        shown.join(", ")
    );
    Some(Term::new(profile.cause, log_lr, text).of(all, fitting))
}

/// The logarithm of a Dirichlet-multinomial probability, up to what does not depend on the base.
fn dirichlet(counts: impl Iterator<Item = (f64, f64)>, concentration: f64) -> f64 {
    let mut total = 0.0;
    let mut log = 0.0;
    for (base, count) in counts {
        log += rising(concentration * base, count);
        total += count;
    }
    log - rising(concentration, total)
}

/// ln of x (x + 1) … (x + n − 1).
fn rising(x: f64, n: f64) -> f64 {
    let mut log = 0.0;
    let mut step = 0.0;
    while step < n {
        log += (x + step).ln();
        step += 1.0;
    }
    log
}

fn slice(profile: &Profile, figures: &Figures<'_>) -> Option<Term> {
    let case = figures.case;
    if profile.along.is_empty() {
        return None;
    }
    let slices = std::iter::once(case.slice).chain(case.tied.iter().map(Vec::as_slice));
    let (mut under_cause, mut otherwise) = (0.0, 0.0);
    for slice in slices {
        under_cause += along(profile, figures, slice);
        otherwise += usual_slice(case, slice);
    }
    let text = match case.slice {
        [] => "Everybody is affected, along no recorded dimension.".to_owned(),
        conditions => {
            let conditions: Vec<String> = conditions
                .iter()
                .map(|condition| format!("{} {}", condition.dim, condition.value))
                .collect();
            format!("Those of {} are affected.", conditions.join(" and "))
        }
    };
    Some(Term::new(
        profile.cause,
        log_lr(under_cause, otherwise),
        text,
    ))
}

/// The chance of this slice under the cause. What a cause would show along a dimension that is not recorded shows as everybody.
fn along(profile: &Profile, figures: &Figures<'_>, slice: &[Condition]) -> f64 {
    let case = figures.case;
    let share = |is_it: &dyn Fn(Along) -> bool| -> f64 {
        profile
            .along
            .iter()
            .filter(|(along, _)| is_it(*along))
            .map(|(_, share)| share)
            .sum()
    };
    let named = if slice.is_empty() {
        let shares = profile.along.iter().map(|(along, share)| match along {
            Along::Dim(dim) if case.tells_apart(dim) => 0.0,
            // People are of many browsers, networks and meetings: if nearly all fail, it is hardly one of those.
            Along::Dim(dim) if OF_PEOPLE.contains(dim) && figures.inside.share() >= NEARLY_ALL => {
                *share * ONE_VALUE_FOR_ALL
            }
            Along::Everybody | Along::Dim(_) => *share,
        });
        shares.sum()
    } else {
        let of =
            |condition: &Condition| share(&|along| along == Along::Dim(name_of(&condition.dim)));
        slice.iter().map(of).fold(0.0, f64::max)
    };
    named + OTHER_SLICES * usual_slice(case, slice)
}

/// The names that causes know; the product's own dimensions are none of them.
fn name_of(dim: &str) -> &'static str {
    const KNOWN: [&str; 13] = [
        "app",
        "account",
        "host",
        "role",
        "view",
        "sdk_version",
        "browser",
        "os",
        "network",
        "environment",
        "release",
        "instance",
        "meeting",
    ];
    KNOWN
        .into_iter()
        .find(|known| *known == dim)
        .unwrap_or_default()
}

/// Of causes that nobody thought of.
fn usual_slice(case: &Case<'_>, slice: &[Condition]) -> f64 {
    if slice.is_empty() {
        return 0.4;
    }
    let told_apart = case
        .dims
        .iter()
        .filter(|(_, values)| *values > 1)
        .count()
        .max(1);
    // Any dimension, and ever less likely with each further condition.
    0.6 / told_apart.max(4) as f64 * 0.3_f64.powi(i32::try_from(slice.len()).unwrap_or(3) - 1)
}

fn share(profile: &Profile, figures: &Figures<'_>) -> Option<Term> {
    let inside = figures.inside;
    if profile.share == Share::Any || inside.attempts < SHARE_OF_MIN {
        return None;
    }
    // Where it would show is not recorded: then it does not tell how much of it fails.
    let hidden = |along: Along| matches!(along, Along::Dim(dim) if !figures.case.tells_apart(dim));
    if figures.case.slice.is_empty()
        && profile
            .along
            .iter()
            .any(|(along, share)| hidden(*along) && *share > 0.3)
    {
        return None;
    }
    let is_nearly_all = inside.share() >= NEARLY_ALL;
    let fits = is_nearly_all == (profile.share == Share::All);
    let text = format!(
        "{} of {} attempts of the slice failed.",
        inside.failed, inside.attempts
    );
    let lr = if fits {
        log_lr(0.9, 0.5)
    } else {
        log_lr(0.06, 0.5)
    };
    Some(Term::new(profile.cause, lr, text).of(inside.attempts, inside.failed))
}

fn change(profile: &Profile, figures: &Figures<'_>) -> Option<Term> {
    let (whats, sure) = profile.change?;
    let near = figures
        .changes
        .iter()
        .find(|change| whats.contains(&change.what));
    let by_chance = chance_of(whats, figures.case);
    match near {
        Some(change) => {
            let text = format!(
                "It began after a change of ours, at {:.0}: {}",
                change.at, change.text
            );
            Some(Term::new(profile.cause, log_lr(sure, by_chance), text))
        }
        None if figures.was_watching(Witness::Change) => {
            let text = "Nothing of ours had changed in the hour before that could be this.";
            Some(Term::new(
                profile.cause,
                log_lr(1.0 - sure, 1.0 - by_chance),
                text,
            ))
        }
        None => None,
    }
}

/// It ended, and nobody here did anything.
fn recovery(profile: &Profile, figures: &Figures<'_>) -> Option<Term> {
    let case = figures.case;
    let lasted = case.until?.duration_since(case.since);
    if lasted > HOURS || !figures.changes_at_end.is_empty() {
        return None;
    }
    let is_known = figures.was_watching(Witness::Change);
    // Somebody may have done something that nobody wrote down.
    let under_cause = if is_known {
        profile.heals_by_itself
    } else {
        f64::midpoint(profile.heals_by_itself, 0.5)
    };
    let minutes = lasted.as_mins();
    let text = if is_known {
        format!("It ended after {minutes} minutes, and nothing of ours had changed.")
    } else {
        format!("It ended after {minutes} minutes; of a change of ours nothing is known.")
    };
    Some(Term::new(profile.cause, log_lr(under_cause, 0.5), text))
}

/// How likely such a change is within any 65 minutes, by how often there were some.
fn chance_of(whats: &[What], case: &Case<'_>) -> f64 {
    const LEAST: f64 = 0.03;
    const MOST: f64 = 0.7;
    let times = case.lines.iter().filter_map(|line| match line {
        Line::Change(change) if whats.contains(&change.what) && change.at < case.since => {
            Some(change.at)
        }
        _ => None,
    });
    let (count, first) = times.fold((0_u32, case.since), |(count, first), at| {
        (count + 1, first.min(at))
    });
    let hours = case.since.duration_since(first).as_secs_f64() / 3600.0;
    // Those in the last hour are what is to be explained.
    if count < 2 || hours < 6.0 {
        return LEAST;
    }
    (f64::from(count - 1) / hours).clamp(LEAST, MOST)
}
