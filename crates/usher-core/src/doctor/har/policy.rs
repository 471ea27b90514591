//! A page's Content-Security-Policy, as far as it decides whether the SDK may ask Zoom to join.

/// The directives that say where a page may send requests, and load scripts from (JSONP is a script).
pub(super) fn forbids_zoom(policy: &str, asks_for_call: bool) -> Option<&'static str> {
    let name = if asks_for_call {
        "script-src"
    } else {
        "connect-src"
    };
    // Several policies in one header are separated by commas; each must allow it.
    policy
        .split(',')
        .any(|policy| sources(policy, name).is_some_and(|sources| !allows_zoom(&sources)))
        .then_some(name)
}

/// The sources of a directive, or of the one that stands for it.
fn sources<'a>(policy: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let directive = |name: &str| {
        policy.split(';').find_map(|directive| {
            let mut words = directive.split_ascii_whitespace();
            words
                .next()
                .filter(|word| word.eq_ignore_ascii_case(name))
                .map(|_| words.collect())
        })
    };
    directive(name).or_else(|| directive("default-src"))
}

fn allows_zoom(sources: &[&str]) -> bool {
    sources.iter().any(|source| {
        let source = source.to_ascii_lowercase();
        let host = source.strip_prefix("https://").unwrap_or(&source);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        matches!(source.as_str(), "*" | "https:" | "'strict-dynamic'")
            || matches!(host, "zoom.us" | "*.zoom.us")
    })
}

/// The policy with nothing in it but keywords and Zoom's hosts.
pub(super) fn redacted(policy: &str) -> String {
    let word = |word: &str| {
        let is_keyword = word.ends_with(':') || word == "*" || word.ends_with("-src");
        let is_known_quote = matches!(
            word,
            "'self'"
                | "'none'"
                | "'unsafe-inline'"
                | "'unsafe-eval'"
                | "'wasm-unsafe-eval'"
                | "'strict-dynamic'"
        );
        if is_keyword || is_known_quote || allows_zoom(&[word]) {
            word.to_owned()
        } else {
            "elsewhere.invalid".to_owned()
        }
    };
    let directive = |directive: &str| {
        let words: Vec<String> = directive.split_ascii_whitespace().map(word).collect();
        words.join(" ")
    };
    let policies = policy.split(',').map(|policy| {
        let directives: Vec<String> = policy.split(';').map(directive).collect();
        directives.join("; ")
    });
    policies.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_forbids_zoom_where_no_source_of_it_is_zooms() {
        for (policy, post, script) in [
            ("default-src 'self'", true, true),
            (
                "connect-src 'self' https://*.zoom.us; script-src 'self'",
                false,
                true,
            ),
            ("script-src https://zoom.us", false, false),
            ("connect-src *", false, false),
            ("img-src 'none'", false, false),
            ("connect-src https:, connect-src 'self'", true, false),
        ] {
            assert_eq!(forbids_zoom(policy, false).is_some(), post, "{policy}");
            assert_eq!(forbids_zoom(policy, true).is_some(), script, "{policy}");
        }
    }

    #[test]
    fn a_redacted_policy_forbids_the_same_and_names_nobody() {
        for policy in [
            "default-src 'self' https://shop.example 'nonce-abc'; connect-src https://*.zoom.us wss://x.example",
            "script-src 'self' blob:; report-uri https://a.example/csp?token=1",
        ] {
            let redacted = redacted(policy);
            assert!(
                !redacted.contains("example") && !redacted.contains("abc"),
                "{redacted}"
            );
            for asks_for_call in [false, true] {
                assert_eq!(
                    forbids_zoom(&redacted, asks_for_call),
                    forbids_zoom(policy, asks_for_call)
                );
            }
        }
    }
}
