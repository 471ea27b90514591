//! The page's SDK against the oldest version that Zoom lets join.

use jiff::Timestamp;
use usher_core::doctor::Finding;
use usher_core::join::dialect::SdkVersion;
use usher_core::verdict::Cause;

use super::Asked;
use crate::config::{Config, MinimumVersion};

/// Where Zoom announces it (reference 3.1).
const ANNOUNCED_AT: &str = "https://developers.zoom.us/docs/meeting-sdk/minimum-version";

pub(super) fn findings(asked: &Asked, config: Option<&Config>) -> Vec<Finding> {
    let Some(version) = asked
        .sdk_version
        .or(config.map(|config| config.sdk_version))
    else {
        return Vec::new();
    };
    let minimums = asked.minimum_versions(config);
    if minimums.is_empty() {
        return vec![not_told(version)];
    }
    let day = asked.day();
    if let Some(minimum) = in_force(&minimums, day).filter(|minimum| version < *minimum) {
        return vec![Finding::of_setup_error(
            "sdk_version_too_old",
            Some(Cause::SdkVersionTooOld),
            format!(
                "Web SDK {version} is older than {minimum}, the minimum that was given: joins end in 10000."
            ),
            format!("Update the page to {minimum} or later ({ANNOUNCED_AT})."),
        )];
    }
    let mut coming = minimums
        .iter()
        .filter(|minimum| !minimum.counts_at(day) && version < minimum.version);
    if let Some(MinimumVersion {
        version: minimum,
        from: Some(from),
    }) = coming.next()
    {
        return vec![Finding::of_setup_warning(
            "sdk_version_soon_too_old",
            Some(Cause::SdkVersionTooOld),
            format!(
                "Web SDK {version} is older than {minimum}, which is the minimum from {from} on: from then on, joins end in 10000."
            ),
            format!("Update the page to {minimum} or later before that day ({ANNOUNCED_AT})."),
        )];
    }
    vec![Finding::of_setup_info(
        "sdk_version_new_enough",
        format!("Web SDK {version} is not older than any minimum version that was given."),
        "",
    )]
}

fn not_told(version: SdkVersion) -> Finding {
    Finding::of_setup_info(
        "minimum_sdk_version_not_told",
        format!(
            "Whether Zoom still lets Web SDK {version} join was not checked: no minimum version was given, and Zoom raises it every quarter."
        ),
        format!(
            "Look it up at {ANNOUNCED_AT}, and give it with --minimum-sdk-version VERSION@DATE or as `minimum_sdk_version` in the configuration."
        ),
    )
}

/// The newest of the minimums that count on a day.
pub(super) fn in_force(minimums: &[MinimumVersion], day: Timestamp) -> Option<SdkVersion> {
    let count = minimums.iter().filter(|minimum| minimum.counts_at(day));
    count.map(|minimum| minimum.version).max()
}
