//! From terms to a verdict.

use serde::Serialize;

use super::case::Case;
use super::causes::{self, Along, Profile};
use super::figures::Figures;
use super::shows;
use super::term::Term;
use super::{Cause, Party};
use crate::clock::Interval;
use crate::failure::FaultClass;
use crate::witness::{Call, What, Witness};

/// Before anything is known: that it is a cause that nobody thought of, relative to a common one.
const NOBODY_THOUGHT_OF: f64 = 3.0;
/// How much likelier than the runner-up a cause has to be for a verdict.
const ODDS_MIN: f64 = 10.0;
/// A cause is ruled out by a fact that is so much less likely under it, and only if little else is left of it.
const RULED_OUT_BELOW: f64 = -2.3;
const RULED_OUT_POSTERIOR: f64 = 0.05;
const LEADING_MAX: usize = 5;

/// What is thought of an incident, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// None: undetermined.
    pub cause: Option<Cause>,
    /// Who must act.
    pub party: Party,
    /// The posterior of the cause; of the leading one, where none is given.
    pub confidence: f64,
    /// The likeliest causes.
    pub leading: Vec<Leading>,
    /// The evidence on the leading causes, the strongest first.
    pub terms: Vec<Term>,
    /// What it was not.
    pub ruled_out: Vec<RuledOut>,
    /// What would tell the leading causes apart.
    pub would_settle: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// What to say to the people who can't join.
    pub tell_users: String,
}

/// One of the likeliest causes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leading {
    /// Which.
    pub cause: Cause,
    /// Who would have to act.
    pub party: Party,
    /// How likely it is, given everything.
    pub posterior: f64,
}

/// A cause that it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuledOut {
    /// Which.
    pub cause: Cause,
    /// The strongest fact against it.
    pub because: String,
}

struct Weighed {
    profile: &'static Profile,
    terms: Vec<Term>,
    log_weight: f64,
    posterior: f64,
}

/// Weighs every cause. `ODDS_MIN` to one over the runner-up, also over "nobody thought of it", makes a verdict.
pub fn verdict(case: &Case<'_>) -> Verdict {
    let figures = Figures::of(case);
    let mut weighed: Vec<Weighed> = causes::ALL
        .iter()
        .map(|profile| {
            let terms = shows::terms(profile, &figures);
            let evidence: f64 = terms.iter().map(|term| term.log_lr).sum();
            Weighed {
                profile,
                terms,
                log_weight: profile.prior.ln() + evidence,
                posterior: 0.0,
            }
        })
        .collect();
    let unknown = normalise(&mut weighed);
    weighed.sort_by(|a, b| b.posterior.total_cmp(&a.posterior));
    let best = &weighed[0];
    let rivals = weighed[1..]
        .iter()
        .filter(|other| are_rivals(best.profile, other.profile));
    let runner_up = rivals.map(|rival| rival.posterior).fold(unknown, f64::max);
    let is_given =
        best.posterior >= ODDS_MIN * runner_up && best.terms.iter().any(|term| term.log_lr > 0.0);
    let leading = leading(&weighed, &figures);
    let would_settle = if is_given {
        Vec::new()
    } else {
        would_settle(&weighed, &figures)
    };
    Verdict {
        cause: is_given.then_some(best.profile.cause),
        party: if is_given {
            party(best.profile, &figures)
        } else {
            Party::Undetermined
        },
        confidence: best.posterior,
        terms: shown_terms(&weighed),
        ruled_out: ruled_out(&weighed),
        remedy: remedy(best.profile, is_given, &would_settle),
        tell_users: tell_users(best.profile, is_given),
        leading,
        would_settle,
    }
}

/// Two causes that can be true together are no rivals: a release hands a wrong parameter over, an instance has a wrong clock. Nor are Zoom's
/// outages in whole and in part, between which nobody has to choose before acting.
fn are_rivals(one: &Profile, other: &Profile) -> bool {
    let comes_with = |through: &Profile, cause: &Profile| match through.cause {
        Cause::OurRelease => cause
            .change
            .is_some_and(|(whats, _)| whats.contains(&What::Release)),
        Cause::OurInstance => cause
            .along
            .iter()
            .any(|(along, _)| *along == Along::Dim("instance")),
        Cause::ZoomOutage => cause.cause == Cause::ZoomPartialOutage,
        _ => false,
    };
    !comes_with(one, other) && !comes_with(other, one)
}

/// Posteriors, and that of a cause that nobody thought of.
fn normalise(weighed: &mut [Weighed]) -> f64 {
    let unknown = NOBODY_THOUGHT_OF.ln();
    let most = weighed
        .iter()
        .map(|one| one.log_weight)
        .fold(unknown, f64::max);
    let weight = |log: f64| (log - most).exp();
    let sum: f64 = weighed
        .iter()
        .map(|one| weight(one.log_weight))
        .sum::<f64>()
        + weight(unknown);
    for one in weighed.iter_mut() {
        one.posterior = weight(one.log_weight) / sum;
    }
    weight(unknown) / sum
}

fn leading(weighed: &[Weighed], figures: &Figures<'_>) -> Vec<Leading> {
    let likely = weighed
        .iter()
        .take(LEADING_MAX)
        .filter(|one| one.posterior >= 0.01);
    likely
        .map(|one| Leading {
            cause: one.profile.cause,
            party: party(one.profile, figures),
            posterior: one.posterior,
        })
        .collect()
}

fn shown_terms(weighed: &[Weighed]) -> Vec<Term> {
    let likely = weighed
        .iter()
        .enumerate()
        .filter(|(rank, one)| *rank == 0 || one.posterior >= 0.05);
    let mut terms: Vec<Term> = likely
        .flat_map(|(_, one)| one.terms.iter().cloned())
        .collect();
    terms.sort_by(|a, b| b.log_lr.abs().total_cmp(&a.log_lr.abs()));
    terms
}

fn ruled_out(weighed: &[Weighed]) -> Vec<RuledOut> {
    let mut out = Vec::new();
    for one in weighed
        .iter()
        .filter(|one| one.posterior <= RULED_OUT_POSTERIOR)
    {
        let worst = one
            .terms
            .iter()
            .min_by(|a, b| a.log_lr.total_cmp(&b.log_lr));
        if let Some(term) = worst.filter(|term| term.log_lr <= RULED_OUT_BELOW) {
            out.push(RuledOut {
                cause: one.profile.cause,
                because: term.text.clone(),
            });
        }
    }
    out
}

/// Who must act, where that depends on the evidence.
fn party(profile: &Profile, figures: &Figures<'_>) -> Party {
    match profile.cause {
        Cause::WrongPassword => passcode_party(figures),
        Cause::OauthFailing => calls_party(figures, Call::OAuth),
        Cause::ZakFailing => calls_party(figures, Call::Zak),
        _ => profile.party,
    }
}

/// Of whoever supplied the passcode (the failure's class says it).
fn passcode_party(figures: &Figures<'_>) -> Party {
    let count = |class: FaultClass| -> u64 {
        let failing = figures.case.attempts.iter();
        failing
            .filter(|attempt| attempt.is_inside && attempt.class == class)
            .map(|attempt| attempt.failed)
            .sum()
    };
    let (user, app, meeting) = (
        count(FaultClass::User),
        count(FaultClass::App),
        count(FaultClass::Meeting),
    );
    if app > user.max(meeting)
        || figures.meetings_failed > 1
            && figures
                .case
                .slice
                .iter()
                .any(|condition| condition.dim == "release")
    {
        Party::Integrator
    } else {
        Party::Host
    }
}

/// Zoom's, if it did not refuse but fail.
fn calls_party(figures: &Figures<'_>, call: Call) -> Party {
    let (failed, refused) = figures.failed_and_refused(call);
    if failed > refused {
        Party::Zoom
    } else {
        Party::Integrator
    }
}

fn would_settle(weighed: &[Weighed], figures: &Figures<'_>) -> Vec<String> {
    let is_leading = |causes: &[Cause]| {
        let leading = weighed
            .iter()
            .take(LEADING_MAX)
            .filter(|one| one.posterior >= 0.02);
        leading
            .into_iter()
            .any(|one| causes.contains(&one.profile.cause))
    };
    let mut missing = Vec::new();
    if figures.inside.failed > 0 && figures.told * 2 < figures.inside.failed {
        missing.push("The code and text of the SDK's errors, as the page got them (Usher's browser client reports them).".to_owned());
    }
    let clock = [Cause::IatInFutureClockSkew, Cause::ClockBehind];
    if figures
        .clocks
        .values()
        .copied()
        .reduce(Interval::hull)
        .is_none()
        && is_leading(&clock)
    {
        missing.push("How far the signing clock was from Zoom's in that time: readings of the clock witness, or a HAR file of a failing join.".to_owned());
    }
    if figures.signed_failed.is_empty()
        && is_leading(&[
            clock[0],
            clock[1],
            Cause::WrongSecretOrKeyPair,
            Cause::ExpInPast,
        ])
    {
        missing.push(
            "The claims of failing and of working signatures (`iat`, `exp`), side by side."
                .to_owned(),
        );
    }
    let zoom = [
        Cause::ZoomOutage,
        Cause::ZoomPartialOutage,
        Cause::OurEgress,
    ];
    if figures.zoom.all() == 0 && is_leading(&zoom) {
        missing.push("Whether calls to Zoom's API worked from here in that time, and calls to somebody else (the API witness, with a control).".to_owned());
    }
    if figures.status.is_none() && is_leading(&zoom[..2]) {
        missing.push(
            "What Zoom's status page said in that time, and what Zoom's support says now."
                .to_owned(),
        );
    }
    if !figures.was_watching(Witness::Change) {
        missing.push("What was changed in the hour before: releases, configuration, secrets (the change log).".to_owned());
    }
    for dim in ["instance", "release", "network"] {
        if figures.case.dims.iter().all(|(name, _)| name != dim) {
            missing.push(format!("Which {dim} the attempts were of."));
        }
    }
    missing
}

fn remedy(best: &Profile, is_given: bool, would_settle: &[String]) -> String {
    if is_given {
        return best.remedy.to_owned();
    }
    match would_settle.first() {
        Some(first) => format!("Change nothing on suspicion. Find out first: {first}"),
        None => "Change nothing on suspicion. Look at the attempts of the slice beside others."
            .to_owned(),
    }
}

fn tell_users(best: &Profile, is_given: bool) -> String {
    if is_given {
        return best.tell_users.to_owned();
    }
    "Joining meetings fails for some people at the moment. We are looking into it; please try again in some minutes.".to_owned()
}
