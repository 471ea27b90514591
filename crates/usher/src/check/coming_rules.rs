//! What the rules of a day would do to recent attempts: those of the last week, as the journal has them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::Event;
use usher_core::attempt::origin::Origin;
use usher_core::attempt::story::Story;
use usher_core::audit::claims_of;
use usher_core::doctor::Finding;
use usher_core::join::dialect::SdkVersion;
use usher_core::text::escape_hidden;
use usher_core::verdict::Cause;

use super::{Asked, Looked, meeting, sdk_version};
use crate::config::Config;
use crate::store::{AttemptFilter, LIMIT_MAX, Store, StoreError};

/// Long enough to hold a week's rhythm.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Newest first; more would tell the same, and take longer than somebody waits.
const ATTEMPTS_MAX: usize = 10_000;
/// Kinds of attempts that are listed with a rule.
const LISTED_MAX: usize = 5;

/// How long a signature may be valid, as a rule to come may say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lifetime {
    pub(crate) min_s: Option<i64>,
    pub(crate) max_s: Option<i64>,
}

/// A rule that attempts are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    External,
    SdkVersion(SdkVersion),
    AppKey,
    LifetimeMin(i64),
    LifetimeMax(i64),
}

/// What became of an attempt under a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Breaks,
    /// The journal does not say what the rule goes by.
    NotKnown,
}

/// Attempts of one kind: app, release, SDK version.
type MadeBy = [String; 3];

#[derive(Debug, Default)]
struct Tally {
    broken: BTreeMap<MadeBy, u64>,
    not_known: u64,
}

pub(super) async fn look(
    asked: &Asked,
    config: &Config,
    as_of: Timestamp,
    store: &Store,
) -> Looked<()> {
    let rules = rules(asked, config, as_of);
    let findings = match read(asked, config, &rules, store).await {
        Ok((0, _)) => vec![Finding::of_setup_info(
            "no_recent_attempts",
            "The journal has no attempts of the last seven days that could be held against the rules of that day.",
            "",
        )],
        Ok((count, tallies)) => {
            let told = rules.iter().zip(&tallies);
            told.map(|(rule, tally)| finding(*rule, tally, count, as_of))
                .collect()
        }
        Err(error) => vec![Finding::of_setup_warning(
            "journal_not_read",
            None,
            format!("Recent attempts could not be held against the rules of that day: {error}."),
            "Put the database right first.",
        )],
    };
    (findings, ())
}

fn rules(asked: &Asked, config: &Config, as_of: Timestamp) -> Vec<Rule> {
    let external = meeting::external_rule_counts_at(as_of).then_some(Rule::External);
    let minimum = sdk_version::in_force(&asked.minimum_versions(Some(config)), as_of);
    let Lifetime { min_s, max_s } = asked.lifetime;
    external
        .into_iter()
        .chain(minimum.map(Rule::SdkVersion))
        .chain([Rule::AppKey])
        .chain(min_s.map(Rule::LifetimeMin))
        .chain(max_s.map(Rule::LifetimeMax))
        .collect()
}

/// How many attempts were read, and for each rule what became of them.
async fn read(
    asked: &Asked,
    config: &Config,
    rules: &[Rule],
    store: &Store,
) -> Result<(u64, Vec<Tally>), StoreError> {
    // What was read by then is told, instead of nothing.
    let deadline = Instant::now() + asked.limit.mul_f64(0.8);
    let now = (asked.now)();
    let mut filter = AttemptFilter {
        from: Some(now - RECENT),
        ..AttemptFilter::default()
    };
    let mut tallies: Vec<Tally> = rules.iter().map(|_| Tally::default()).collect();
    let mut count = 0;
    while count < ATTEMPTS_MAX && Instant::now() < deadline {
        let page = store.attempts(&filter, LIMIT_MAX, now).await?;
        let ids: Vec<AttemptId> = page.attempts.iter().map(|row| row.id).collect();
        count += ids.len();
        for story in stories(&store.events_of_all(&ids).await?) {
            let Some(origin) = story.origin else {
                tallies.iter_mut().for_each(|tally| tally.not_known += 1);
                continue;
            };
            let made_by = made_by(&story);
            for (rule, tally) in rules.iter().zip(&mut tallies) {
                match rule.judge(config, origin, &story) {
                    Verdict::Fine => {}
                    Verdict::Breaks => *tally.broken.entry(made_by.clone()).or_default() += 1,
                    Verdict::NotKnown => tally.not_known += 1,
                }
            }
        }
        match page.next {
            Some(next) => filter.before = Some(next),
            None => break,
        }
    }
    Ok((count as u64, tallies))
}

fn stories(events: &[Event]) -> Vec<Story<'_>> {
    let mut told: BTreeMap<AttemptId, Vec<&Event>> = BTreeMap::new();
    for event in events {
        told.entry(event.attempt).or_default().push(event);
    }
    told.into_values().filter_map(Story::of).collect()
}

fn made_by(story: &Story<'_>) -> MadeBy {
    let dims: BTreeMap<&str, &str> = story.dimensions().into_iter().collect();
    ["app", "release", "sdk_version"].map(|name| {
        dims.get(name)
            .map_or("-".to_owned(), |value| escape_hidden(value))
    })
}

impl Rule {
    fn judge(self, config: &Config, origin: &Origin, story: &Story<'_>) -> Verdict {
        let verdict = match self {
            Rule::External => breaks_external(config, origin),
            Rule::SdkVersion(minimum) => {
                let said = story
                    .client
                    .sdk_version
                    .as_ref()
                    .or(origin.sdk_version.as_ref());
                said.and_then(|version| SdkVersion::find(version))
                    .map(|version| version < minimum)
            }
            Rule::AppKey => claims(origin).map(|claims| claims.get("appKey").is_none()),
            Rule::LifetimeMin(min_s) => lifetime_s(origin).map(|life_s| life_s < min_s),
            Rule::LifetimeMax(max_s) => lifetime_s(origin).map(|life_s| life_s > max_s),
        };
        match verdict {
            None => Verdict::NotKnown,
            Some(true) => Verdict::Breaks,
            Some(false) => Verdict::Fine,
        }
    }

    fn text(self) -> String {
        match self {
            Rule::External => "another account's meeting is joined with a ZAK or an OBF token (else 4012)".to_owned(),
            Rule::SdkVersion(minimum) => format!("the Web SDK is {minimum} or later (else 10000)"),
            Rule::AppKey => "the signature has `appKey`, and not `sdkKey` alone (SDKs from 5.0.0 on; when for others is not announced)".to_owned(),
            Rule::LifetimeMin(min_s) => format!("a signature lives for at least {min_s} s"),
            Rule::LifetimeMax(max_s) => format!("a signature lives for at most {max_s} s"),
        }
    }

    fn cause(self) -> Cause {
        match self {
            Rule::External => Cause::ObfRequired,
            Rule::SdkVersion(_) => Cause::SdkVersionTooOld,
            Rule::AppKey => Cause::MissingClaim,
            Rule::LifetimeMin(_) => Cause::ExpTooShort,
            Rule::LifetimeMax(_) => Cause::ExpTooLong,
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Rule::External => {
                "Fetch an OBF token of somebody who is in the meeting, or pass the person's ZAK, and have the app reviewed by Zoom."
            }
            Rule::SdkVersion(_) => "Update these pages before that day.",
            Rule::AppKey => {
                "Mint with Usher, which puts both in, or add `appKey` where these are minted."
            }
            Rule::LifetimeMin(_) | Rule::LifetimeMax(_) => {
                "Change `expires_in_s` where these are asked for."
            }
        }
    }
}

/// None where it is not known whose meeting it is, or with what it was joined.
fn breaks_external(config: &Config, origin: &Origin) -> Option<bool> {
    let account = origin.account.as_deref()?;
    if account == "own" || config.accounts.iter().any(|own| own.name == account) {
        return Some(false);
    }
    let mut keys = origin.join_shape.as_ref()?.keys();
    Some(!keys.any(|(key, _)| matches!(key, "zak" | "obfToken")))
}

fn claims(origin: &Origin) -> Option<Value> {
    claims_of(origin).filter(Value::is_object)
}

fn lifetime_s(origin: &Origin) -> Option<i64> {
    let claims = claims(origin)?;
    Some(claims.get("exp")?.as_i64()? - claims.get("iat")?.as_i64()?)
}

fn finding(rule: Rule, tally: &Tally, count: u64, as_of: Timestamp) -> Finding {
    let day = as_of.strftime("%Y-%m-%d");
    let broken: u64 = tally.broken.values().sum();
    let not_known = match tally.not_known {
        0 => String::new(),
        not_known => format!(" Of {not_known} the journal does not say what it goes by."),
    };
    let rule_text = rule.text();
    if broken == 0 {
        let message = format!(
            "On {day}, {rule_text}: none of the last {count} attempts breaks that.{not_known}"
        );
        return Finding::of_setup_info("rule_kept", message, "");
    }
    let mut kinds: Vec<(&MadeBy, &u64)> = tally.broken.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut message = format!(
        "On {day}, {rule_text}: {broken} of the last {count} attempts would fail.{not_known} By app, release and SDK:"
    );
    for ([app, release, version], count) in kinds.iter().take(LISTED_MAX) {
        let _ = write!(message, " {app}, {release}, {version}: {count};");
    }
    let more = kinds.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        let _ = write!(message, " and {more} kinds more;");
    }
    message.pop();
    message.push('.');
    Finding::of_setup_error("rule_broken", Some(rule.cause()), message, rule.remedy())
}
