//! What the rules of a day would do to recent attempts: those of the last week, as the journal has them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

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
    /// It does, if the meeting is another account's, which the journal does not say.
    MayBreak,
    /// The journal does not say what the rule goes by.
    NotKnown,
}

/// Attempts of one kind: app, release, SDK version.
type MadeBy = [String; 3];

#[derive(Debug, Default)]
struct Tally {
    broken: BTreeMap<MadeBy, u64>,
    maybe_broken: BTreeMap<MadeBy, u64>,
    not_known: u64,
}

impl Tally {
    fn count(&mut self, verdict: Verdict, made_by: &MadeBy) {
        match verdict {
            Verdict::Fine => {}
            Verdict::Breaks => *self.broken.entry(made_by.clone()).or_default() += 1,
            Verdict::MayBreak => *self.maybe_broken.entry(made_by.clone()).or_default() += 1,
            Verdict::NotKnown => self.not_known += 1,
        }
    }
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
            let dims = story.dimensions();
            let made_by = made_by(&dims);
            for (rule, tally) in rules.iter().zip(&mut tallies) {
                tally.count(rule.judge(config, &dims, story.origin), &made_by);
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

type Dims<'a> = BTreeMap<&'a str, &'a str>;

fn made_by(dims: &Dims<'_>) -> MadeBy {
    ["app", "release", "sdk_version"].map(|name| {
        dims.get(name)
            .map_or("-".to_owned(), |value| escape_hidden(value))
    })
}

impl Rule {
    fn judge(self, config: &Config, dims: &Dims<'_>, origin: Option<&Origin>) -> Verdict {
        let breaks = match self {
            Rule::External => return external(config, dims, origin),
            Rule::SdkVersion(minimum) => {
                let said = dims
                    .get("sdk_version")
                    .and_then(|said| SdkVersion::find(said));
                said.map(|version| version < minimum)
            }
            Rule::AppKey => claims(origin).map(|claims| claims.get("appKey").is_none()),
            Rule::LifetimeMin(min_s) => lifetime_s(origin).map(|life_s| life_s < min_s),
            Rule::LifetimeMax(max_s) => lifetime_s(origin).map(|life_s| life_s > max_s),
        };
        match breaks {
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

fn external(config: &Config, dims: &Dims<'_>, origin: Option<&Origin>) -> Verdict {
    let account = dims.get("account");
    let is_own = |account: &&str| {
        *account == "own" || config.accounts.iter().any(|own| own.name == *account)
    };
    let shape = origin.and_then(|origin| origin.join_shape.as_ref());
    let has_token = shape.map(|shape| {
        shape
            .keys()
            .any(|(key, _)| matches!(key, "zak" | "obfToken"))
    });
    match (account, has_token) {
        (_, Some(true)) => Verdict::Fine,
        (Some(account), _) if is_own(account) => Verdict::Fine,
        (Some(_), Some(false)) => Verdict::Breaks,
        (None, Some(false)) => Verdict::MayBreak,
        (_, None) => Verdict::NotKnown,
    }
}

fn claims(origin: Option<&Origin>) -> Option<Value> {
    claims_of(origin?).filter(Value::is_object)
}

fn lifetime_s(origin: Option<&Origin>) -> Option<i64> {
    let claims = claims(origin)?;
    Some(claims.get("exp")?.as_i64()? - claims.get("iat")?.as_i64()?)
}

fn finding(rule: Rule, tally: &Tally, count: u64, as_of: Timestamp) -> Finding {
    let says = format!("On {}, {}", as_of.strftime("%Y-%m-%d"), rule.text());
    let [broken, maybe_broken] =
        [&tally.broken, &tally.maybe_broken].map(|kinds| kinds.values().sum::<u64>());
    let not_known = match tally.not_known {
        0 => String::new(),
        not_known => format!(" Of {not_known} the journal does not say enough to tell."),
    };
    let may_fail = match maybe_broken {
        0 => String::new(),
        count => format!(
            " {count} have neither, and the journal does not say whose meeting it was; {}.",
            listed(&tally.maybe_broken)
        ),
    };
    if broken > 0 {
        let message = format!(
            "{says}: {broken} of the last {count} attempts would fail; {}.{may_fail}{not_known}",
            listed(&tally.broken)
        );
        let cause = Some(rule.cause());
        return Finding::of_setup_error("rule_broken", cause, message, rule.remedy());
    }
    let message = format!(
        "{says}: none of the last {count} attempts is known to break that.{may_fail}{not_known}"
    );
    if maybe_broken > 0 {
        let remedy = "Import the meetings of your own accounts (`usher meeting import`), so that they are told from others'.";
        return Finding::of_setup_warning(
            "rule_may_be_broken",
            Some(rule.cause()),
            message,
            remedy,
        );
    }
    Finding::of_setup_info("rule_kept", message, "")
}

/// The kinds with the most attempts.
fn listed(kinds: &BTreeMap<MadeBy, u64>) -> String {
    let mut sorted: Vec<(&MadeBy, &u64)> = kinds.iter().collect();
    sorted.sort_by_key(|(_, count)| Reverse(**count));
    let shown = sorted.iter().take(LISTED_MAX);
    let mut shown: Vec<String> = shown
        .map(|([app, release, version], count)| format!("{app}/{release}/{version} {count}"))
        .collect();
    let more = sorted.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        shown.push(format!("{more} kinds more"));
    }
    format!("by app/release/SDK: {}", shown.join(", "))
}
