//! A Content-Security-Policy against what the SDK does.
//!
//! What it needs is Zoom's list "for any Zoom SDK for web"; there is none for the Meeting SDK alone, and its minimum is unverified
//! (reference 9). <https://developers.zoom.us/docs/contact-center/web/get-started>

use usher_core::doctor::Finding;
use usher_core::verdict::{Cause, Party};

/// One policy: its directives, the first of a name counting.
struct Policy(Vec<(String, Vec<String>)>);

impl Policy {
    fn parse(text: &str) -> Self {
        let directives = text.split(';').filter_map(|directive| {
            let mut words = directive.split_whitespace().map(str::to_ascii_lowercase);
            Some((words.next()?, words.collect()))
        });
        Self(directives.collect())
    }

    /// The sources of the first of these directives that there is; none if nothing limits this.
    fn sources(&self, directives: &[&str]) -> Option<&[String]> {
        let find = |name: &&str| self.0.iter().find(|(other, _)| other == name);
        let (_, sources) = directives.iter().find_map(find)?;
        Some(sources)
    }

    fn has(&self, directives: &[&str], wanted: &[&str]) -> bool {
        self.sources(directives).is_none_or(|sources| {
            sources
                .iter()
                .any(|source| wanted.contains(&source.as_str()))
        })
    }

    /// Whether something may be loaded of, or connected to at, a host.
    fn reaches(&self, directives: &[&str], scheme: &str, host: &str) -> bool {
        let is_let_through = |source: &String| reaches(source, scheme, host);
        self.sources(directives)
            .is_none_or(|sources| sources.iter().any(is_let_through))
    }
}

/// Whether one source of a policy is this scheme and host (<https://www.w3.org/TR/CSP3/#match-url-to-source-expression>); ports and
/// paths, which nobody writes for Zoom, count as matching.
fn reaches(source: &str, scheme: &str, host: &str) -> bool {
    if source == "*" || source.strip_suffix(':') == Some(scheme) {
        return true;
    }
    // Without a scheme it is the page's, which also stands for its WebSockets.
    let (is_scheme, pattern) = match source.split_once("://") {
        Some((given, rest)) => (
            given == scheme || (given, scheme) == ("http", "https"),
            rest,
        ),
        None => (true, source),
    };
    let pattern = pattern.split(['/', ':']).next().unwrap_or_default();
    let is_host = match pattern.strip_prefix("*.") {
        _ if pattern == "*" => true,
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.')),
        None => pattern == host,
    };
    is_scheme && is_host
}

const CONNECT: &[&str] = &["connect-src", "default-src"];
const SCRIPT: &[&str] = &["script-src", "default-src"];
const SCRIPT_ELEMENT: &[&str] = &["script-src-elem", "script-src", "default-src"];
const WORKER: &[&str] = &["worker-src", "child-src", "script-src", "default-src"];
const STYLE: &[&str] = &["style-src", "default-src"];

/// Something that the SDK does.
struct Need {
    is_met: fn(&Policy) -> bool,
    /// What the policy lacks.
    lacks: &'static str,
    /// Without it no join succeeds. Where it may, the page may have the SDK at home, or another version of it may do without.
    fails_joins: bool,
}

const NEEDS: &[Need] = &[
    Need {
        is_met: |policy| policy.reaches(CONNECT, "https", "zoom.us"),
        lacks: "connect-src https://zoom.us",
        fails_joins: true,
    },
    Need {
        // A regional host that Zoom names; any stands for them.
        is_met: |policy| policy.reaches(CONNECT, "wss", "any.zoom.us"),
        lacks: "connect-src wss://*.zoom.us",
        fails_joins: true,
    },
    Need {
        is_met: |policy| policy.reaches(CONNECT, "https", "any.zoom.us"),
        lacks: "connect-src https://*.zoom.us",
        fails_joins: true,
    },
    Need {
        is_met: |policy| policy.has(SCRIPT, &["'unsafe-eval'", "'wasm-unsafe-eval'"]),
        lacks: "script-src 'unsafe-eval'",
        fails_joins: true,
    },
    Need {
        is_met: |policy| {
            policy.has(SCRIPT_ELEMENT, &["'strict-dynamic'"])
                || policy.reaches(SCRIPT_ELEMENT, "https", "source.zoom.us")
        },
        lacks: "script-src https://source.zoom.us",
        fails_joins: false,
    },
    Need {
        is_met: |policy| {
            policy.has(SCRIPT_ELEMENT, &["'strict-dynamic'"])
                || policy.reaches(SCRIPT_ELEMENT, "https", "zoom.us")
        },
        lacks: "script-src https://zoom.us (SDKs that ask by JSONP)",
        fails_joins: false,
    },
    Need {
        is_met: |policy| policy.has(WORKER, &["blob:", "*"]),
        lacks: "worker-src blob:",
        fails_joins: false,
    },
    Need {
        is_met: |policy| policy.has(STYLE, &["'unsafe-inline'"]),
        lacks: "style-src 'unsafe-inline'",
        fails_joins: false,
    },
];

/// What the policies, all of which count, keep the SDK from doing.
pub(super) fn findings(page: &str, policies: &[String]) -> Vec<Finding> {
    let parts = policies.iter().flat_map(|policy| policy.split(','));
    let policies: Vec<Policy> = parts.map(Policy::parse).collect();
    let is_missing = |need: &&Need| policies.iter().any(|policy| !(need.is_met)(policy));
    let lacking = |fails_joins| {
        let needs = NEEDS
            .iter()
            .filter(|need| need.fails_joins == fails_joins)
            .filter(is_missing);
        needs.map(|need| need.lacks).collect::<Vec<_>>().join(", ")
    };
    let (fails, may_fail) = (lacking(true), lacking(false));
    let remedy = "Add it to the policy; Zoom's list is at https://developers.zoom.us/docs/contact-center/web/get-started.";
    let mut findings = Vec::new();
    if !fails.is_empty() {
        let message = format!(
            "The Content-Security-Policy of {page} keeps the SDK from joining: it lacks {fails}."
        );
        findings.push(Finding::of_setup_error(
            "csp_blocks_sdk",
            Some(Cause::Browser),
            message,
            remedy,
        ));
    }
    if !may_fail.is_empty() {
        let message = format!(
            "The Content-Security-Policy of {page} lacks {may_fail}: which of that the page needs depends on how it loads the SDK."
        );
        findings.push(Finding::of_setup_warning(
            "csp_may_block_sdk",
            Some(Cause::Browser),
            message,
            remedy,
        ));
    }
    if findings.is_empty() {
        let message = format!(
            "The Content-Security-Policy of {page} allows what Zoom's SDKs are documented to need."
        );
        findings.push(Finding::of_setup_info("csp_allows_sdk", message, ""));
    }
    findings
        .into_iter()
        .map(|finding| finding.by(Party::Integrator))
        .collect()
}

/// Policies that stand in the page itself: `<meta http-equiv="Content-Security-Policy" content="…">`.
pub(super) fn in_html(html: &str) -> Vec<String> {
    // The same length as `html`, so that what is found in one is at the same place in the other.
    let lower = html.to_ascii_lowercase();
    let metas = lower.match_indices("<meta").filter_map(|(start, _)| {
        let end = start + lower[start..].find('>')?;
        let tag = &lower[start..end];
        if !tag.contains("http-equiv")
            || !tag.contains("content-security-policy\"")
                && !tag.contains("content-security-policy'")
        {
            return None;
        }
        let value = start + tag.find("content=")? + "content=".len();
        let quote = html[value..]
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        let inside = &html[value + 1..];
        Some(inside[..inside.find(quote)?].to_owned())
    });
    metas.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(policies: &[&str]) -> Vec<&'static str> {
        let policies: Vec<String> = policies.iter().map(ToString::to_string).collect();
        findings("https://x.example/", &policies)
            .iter()
            .map(|finding| finding.rule)
            .collect()
    }

    const ZOOMS: &str = "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: https://zoom.us https://*.zoom.us; \
        connect-src https://zoom.us https://*.zoom.us wss://*.zoom.us; worker-src blob:; style-src 'unsafe-inline'";

    #[test]
    fn zooms_own_list_is_enough_and_so_is_a_policy_about_something_else() {
        assert_eq!(rules(&[ZOOMS]), ["csp_allows_sdk"]);
        assert_eq!(rules(&["frame-ancestors 'self'"]), ["csp_allows_sdk"]);
    }

    #[test]
    fn what_keeps_the_sdk_from_asking_zoom_is_an_error_that_names_it() {
        let found = findings("https://x.example/", &["default-src 'self'".to_owned()]);
        assert_eq!(found[0].rule, "csp_blocks_sdk");
        for part in [
            "connect-src https://zoom.us",
            "wss://*.zoom.us",
            "'unsafe-eval'",
        ] {
            assert!(found[0].message.contains(part), "{}", found[0].message);
        }
        assert_eq!(found[1].rule, "csp_may_block_sdk");
    }

    #[test]
    fn every_policy_has_to_allow_it_and_a_comma_begins_another() {
        assert_eq!(rules(&[ZOOMS, "connect-src 'self'"]), ["csp_blocks_sdk"]);
        assert_eq!(
            rules(&[&format!("{ZOOMS}, connect-src 'self'")]),
            ["csp_blocks_sdk"]
        );
    }

    #[test]
    fn sources_are_matched_as_browsers_match_them() {
        for (source, scheme, host, is_reached) in [
            ("https://*.zoom.us", "https", "eu01.zoom.us", true),
            ("https://*.zoom.us", "https", "zoom.us", false),
            ("*.zoom.us", "wss", "eu01.zoom.us", true),
            ("https://*.zoom.us", "wss", "eu01.zoom.us", false),
            ("wss:", "wss", "eu01.zoom.us", true),
            ("https:", "https", "zoom.us", true),
            ("https:", "wss", "zoom.us", false),
            ("*", "https", "zoom.us", true),
            ("zoom.us:443", "https", "zoom.us", true),
            ("https://zoom.us/wc/", "https", "zoom.us", true),
            ("'self'", "https", "zoom.us", false),
            ("evilzoom.us", "https", "zoom.us", false),
            ("*.zoom.us", "https", "evilzoom.us", false),
        ] {
            assert_eq!(
                reaches(source, scheme, host),
                is_reached,
                "{source} {scheme}://{host}"
            );
        }
    }

    #[test]
    fn a_policy_in_the_page_is_found() {
        let html = "<META HTTP-EQUIV=\"Content-Security-Policy\" CONTENT=\"connect-src 'self'\"><meta name=x content='y'>";
        assert_eq!(in_html(html), ["connect-src 'self'"]);
        assert_eq!(
            in_html("<meta http-equiv='content-security-policy'"),
            Vec::<String>::new()
        );
    }
}
