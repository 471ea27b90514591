//! How each cause shows: one file per cause.

mod app_deactivated;
mod browser;
mod clock_behind;
mod clock_margin;
mod device;
mod exp_in_past;
mod external_account;
mod host_account;
mod iat_in_future;
mod meeting_state;
mod mn_mismatch;
mod network;
mod oauth_failing;
mod obf_owner;
mod obf_required;
mod our_egress;
mod our_instance;
mod our_release;
mod rate_limited;
mod registration;
mod sdk_version;
mod signature_finding;
mod wrong_init_parameter;
mod wrong_password;
mod wrong_secret;
mod zak_failing;
mod zoom_outage;
mod zoom_partial;

use super::figures::Figures;
use super::term::Term;
use super::{Cause, Party};
use crate::witness::What;

/// Along what a cause shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    /// Nobody is spared.
    Everybody,
    /// A value of this dimension.
    Dim(&'static str),
}

/// How much of the slice fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// Nearly all of it: a rule that applies, applies to all.
    All,
    /// Not all of it.
    Part,
    /// Either.
    Any,
}

/// How a cause shows, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Profile {
    pub(super) cause: Cause,
    pub(super) party: Party,
    /// Before anything is known: how common it is among incidents, relative to the others.
    pub(super) prior: f64,
    /// Codes that it ends with, with their shares; the rest is anything.
    pub(super) codes: &'static [(&'static str, f64)],
    /// Where it shows, with shares; the rest is anything.
    pub(super) along: &'static [(Along, f64)],
    pub(super) share: Share,
    /// A change of ours that comes before it, and how sure that is.
    pub(super) change: Option<(&'static [What], f64)>,
    /// The chance that it ends within hours and nobody here did anything.
    pub(super) heals_by_itself: f64,
    /// Of the operator's side.
    pub(super) remedy: &'static str,
    pub(super) tell_users: &'static str,
    /// What speaks for or against it besides.
    pub(super) more: fn(&Figures<'_>) -> Vec<Term>,
}

/// Every cause that a verdict can name.
pub(super) const ALL: &[Profile] = &[
    app_deactivated::PROFILE,
    browser::PROFILE,
    clock_behind::PROFILE,
    device::PROFILE,
    exp_in_past::PROFILE,
    external_account::PROFILE,
    host_account::PROFILE,
    iat_in_future::PROFILE,
    meeting_state::PROFILE,
    mn_mismatch::PROFILE,
    network::PROFILE,
    oauth_failing::PROFILE,
    obf_owner::PROFILE,
    obf_required::PROFILE,
    our_egress::PROFILE,
    our_instance::PROFILE,
    our_release::PROFILE,
    rate_limited::PROFILE,
    registration::PROFILE,
    sdk_version::PROFILE,
    wrong_init_parameter::PROFILE,
    wrong_password::PROFILE,
    wrong_secret::PROFILE,
    zak_failing::PROFILE,
    zoom_outage::PROFILE,
    zoom_partial::PROFILE,
    signature_finding::IAT_IN_MILLISECONDS,
    signature_finding::EXP_TOO_SHORT,
    signature_finding::EXP_TOO_LONG,
    signature_finding::MISSING_CLAIM,
    signature_finding::WRONG_CLAIM_TYPE,
    signature_finding::ROLE_MISMATCH,
    signature_finding::TOKEN_EXP_OUT_OF_RANGE,
];

/// Nothing besides.
fn nothing(_: &Figures<'_>) -> Vec<Term> {
    Vec::new()
}

/// What people are told when they can do nothing.
mod tell {
    pub(super) const OURS: &str = "Joining meetings fails because of a fault on our side. We are working on it; please try again later.";
    pub(super) const ZOOM: &str =
        "Zoom has a problem at the moment, so joining may fail. Please try again in some minutes.";
    pub(super) const HOST: &str =
        "This meeting does not let people in at the moment. Please ask its host.";
}
