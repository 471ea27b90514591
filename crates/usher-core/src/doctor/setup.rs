//! A set-up's findings, which whoever looked at it makes, and what they show together.

use super::report::{Clock, Severity, Weight};
use super::{Finding, Kind, Report};
use crate::verdict::{Cause, Party};

impl Finding {
    /// Something about a set-up that fails joins.
    pub fn of_setup_error(
        rule: &'static str,
        cause: Option<Cause>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            weight: Weight::Checked,
            ..Self::warning(rule, cause, message, remedy)
        }
    }

    /// Something about a set-up that may fail joins, or that could not be looked at.
    pub fn of_setup_warning(
        rule: &'static str,
        cause: Option<Cause>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::warning(rule, cause, message, remedy)
    }

    /// Something about a set-up that is well, or good to know.
    pub fn of_setup_info(
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::info(rule, message, remedy)
    }
}

impl Report {
    /// What findings about a set-up show together. They come in the order in which one thing rests on another, so that the first error
    /// with a cause is *the* cause: what comes later may only follow from it.
    ///
    /// `suspects` are neither shown nor ruled out by a finding that has no cause of its own.
    pub fn of_setup(mut findings: Vec<Finding>, suspects: &[Cause], clock: Option<Clock>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let explains =
            |finding: &&Finding| finding.severity == Severity::Error && finding.cause.is_some();
        let chosen = findings.iter().find(explains);
        let cause = chosen.and_then(|finding| finding.cause);
        let party = chosen.map_or(Party::Undetermined, |finding| finding.party);
        let seen = findings.iter().filter_map(|finding| finding.cause);
        let mut next_suspects: Vec<Cause> = Vec::new();
        for suspect in seen.chain(suspects.iter().copied()) {
            if Some(suspect) != cause && !next_suspects.contains(&suspect) {
                next_suspects.push(suspect);
            }
        }
        Self {
            kind: Kind::Setup,
            cause,
            party,
            findings,
            next_suspects,
            claims: None,
            clock,
            iat_offset_ms: None,
            shown: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn error(rule: &'static str, cause: Option<Cause>) -> Finding {
        Finding::of_setup_error(rule, cause, "It is.", "Do.")
    }

    #[test]
    fn the_first_error_with_a_cause_is_the_cause_and_the_others_are_suspects() {
        let warning =
            Finding::of_setup_warning("w", Some(Cause::MeetingStateOrSetting), "It may.", "Do.");
        let findings = vec![
            warning,
            error("nameless", None),
            error("first", Some(Cause::OauthFailing)).by(Party::Zoom),
            error("second", Some(Cause::SdkVersionTooOld)),
        ];
        let report = Report::of_setup(findings, &[Cause::OurEgress, Cause::OauthFailing], None);
        assert_eq!(report.cause, Some(Cause::OauthFailing));
        assert_eq!(report.party, Party::Zoom);
        assert_eq!(
            report.next_suspects,
            [
                Cause::SdkVersionTooOld,
                Cause::MeetingStateOrSetting,
                Cause::OurEgress
            ]
        );
        let rules: Vec<&str> = report.findings.iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["nameless", "first", "second", "w"]);
    }

    #[test]
    fn a_warning_shows_no_cause() {
        let warning = Finding::of_setup_warning("w", Some(Cause::ZakFailing), "It may.", "Do.");
        let report = Report::of_setup(vec![warning], &[], None);
        assert_eq!((report.cause, report.party), (None, Party::Undetermined));
        assert_eq!(report.next_suspects, [Cause::ZakFailing]);
    }

    #[test]
    fn a_set_up_has_the_shape_of_every_report() {
        let clock = Clock {
            offset_ms: [-5, 7],
            readings: 3,
        };
        let report = Report::of_setup(vec![error("e", None)], &[], Some(clock));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["kind"], "setup");
        assert_eq!(json["cause"], serde_json::Value::Null);
        assert_eq!(json["party"], "undetermined");
        assert_eq!(json["clock"]["offset_ms"], serde_json::json!([-5, 7]));
        assert_eq!(json["findings"][0]["remedy"], "Do.");
    }
}
