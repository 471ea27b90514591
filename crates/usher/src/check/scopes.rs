//! The scopes that an access token has, against what Usher does with it.

use usher_core::doctor::Finding;
use usher_core::verdict::Cause;

/// Something that Usher asks Zoom for, and what allows it.
struct Need {
    /// What is not possible without it.
    what: &'static str,
    /// What to ask for.
    wanted: &'static str,
    /// Names that allow it: granular ones, then classic ones, without their `:admin` or `:master`.
    allow: &'static [&'static str],
    /// What joins then fail by.
    cause: Option<Cause>,
}

/// Reference 4.1, 6 and 10; the classic names for meetings and reports are from common use (unverified).
const ZAK: Need = Need {
    what: "a host's ZAK can't be fetched",
    wanted: "user:read:token:admin",
    allow: &["user:read:token", "user:read"],
    cause: Some(Cause::ZakFailing),
};
const MEETING: Need = Need {
    what: "meetings can't be imported or brought up to date",
    wanted: "meeting:read:meeting:admin",
    allow: &["meeting:read:meeting", "meeting:read"],
    cause: None,
};
const REPORT: Need = Need {
    what: "joins can't be confirmed by report",
    wanted: "report:read:list_meeting_participants:admin",
    allow: &["report:read:list_meeting_participants", "report:read"],
    cause: None,
};

impl Need {
    fn is_met(&self, granted: &str) -> bool {
        granted
            .split([' ', ','])
            .map(|scope| scope.trim_end_matches(":admin").trim_end_matches(":master"))
            .any(|scope| self.allow.contains(&scope))
    }
}

pub(super) fn findings(account: &str, granted: Option<&str>) -> Vec<Finding> {
    let Some(granted) = granted.filter(|granted| !granted.trim().is_empty()) else {
        return vec![Finding::of_setup_info(
            "scopes_not_told",
            format!("Zoom's answer does not say which scopes account `{account}` has."),
            "Compare the app's scopes with docs/check.md.",
        )];
    };
    let missing: Vec<&Need> = [&ZAK, &MEETING, &REPORT]
        .into_iter()
        .filter(|need| !need.is_met(granted))
        .collect();
    if missing.is_empty() {
        return vec![Finding::of_setup_info(
            "scopes_suffice",
            format!(
                "Account `{account}` has the scopes for all that Usher asks: ZAKs, meetings, reports."
            ),
            "",
        )];
    }
    // A meeting's start_url carries its host's ZAK, too (reference 4.1): without both, no host gets one.
    let has_no_zak = !ZAK.is_met(granted) && !MEETING.is_met(granted);
    missing
        .into_iter()
        .map(|need| missing_scope(account, need, has_no_zak))
        .collect()
}

fn missing_scope(account: &str, need: &Need, has_no_zak: bool) -> Finding {
    let message = format!(
        "The app of account `{account}` lacks a scope: {} ({}).",
        need.what, need.wanted
    );
    let remedy = format!(
        "Add {} to the app's scopes in Zoom's Marketplace and activate it again.",
        need.wanted
    );
    if has_no_zak && need.cause.is_some() {
        return Finding::of_setup_error("scope_missing", need.cause, message, remedy);
    }
    Finding::of_setup_warning("scope_missing", need.cause, message, remedy)
}

#[cfg(test)]
mod tests {
    use usher_core::doctor::Severity;

    use super::*;

    fn severities(granted: &str) -> Vec<Severity> {
        findings("a", Some(granted))
            .iter()
            .map(|finding| finding.severity)
            .collect()
    }

    #[test]
    fn granular_and_classic_names_allow_the_same() {
        for granted in [
            "user:read:token:admin meeting:read:meeting:admin report:read:list_meeting_participants:admin",
            "user:read:token meeting:read:meeting:master report:read:list_meeting_participants:master",
            "user:read:admin meeting:read:admin report:read:admin",
            "report:read:admin,meeting:read:admin,user:read:admin",
        ] {
            assert_eq!(severities(granted), [Severity::Info], "{granted}");
        }
    }

    #[test]
    fn what_is_missing_is_an_error_only_if_no_way_to_a_zak_is_left() {
        assert_eq!(
            severities("meeting:read:meeting:admin report:read:admin"),
            [Severity::Warning]
        );
        assert_eq!(
            severities("user:read:user:admin"),
            [Severity::Error, Severity::Warning, Severity::Warning]
        );
        assert_eq!(findings("a", None)[0].rule, "scopes_not_told");
    }
}
