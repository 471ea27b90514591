//! Should we expect it again? How often incidents of a kind come, and whether they come at a certain time.
//!
//! The rate has a Gamma posterior (Jeffreys' prior, shape ½) after so many incidents in so many days; what comes next is then Poisson with
//! a rate that is not known exactly. A period is claimed only from five incidents on, by Rayleigh's test (Rayleigh 1919; Mardia and Jupp,
//! "Directional Statistics", 2000) on the times of day and week, warped by traffic: incidents are found when people join, so that mere office
//! hours are no period.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Gamma};

/// With fewer incidents no period is claimed.
pub const PERIODIC_FROM: usize = 5;
/// The chance that a period is claimed for nothing, over all that are tried.
const CHANCE_MAX: f64 = 0.01;
/// An incident that begins so soon after a change of ours may come of it.
const SOON: SignedDuration = SignedDuration::from_hours(1);
/// The periods that are tried, with their names.
const PERIODS: [(i64, &str); 3] = [(3600, "hour"), (24 * 3600, "day"), (7 * 24 * 3600, "week")];
/// A log that somebody hands in because something happened is no fair sample if it is short.
const RATE_FROM_DAYS: f64 = 7.0;
const DAY_S: f64 = 24.0 * 3600.0;

/// What is to be expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recurrence {
    /// What counts as the same.
    pub kind: String,
    /// Incidents of the kind in thirty days: 5 %, 50 % and 95 % of what the rate can be.
    pub rate_per_30d: [f64; 3],
    /// The chance of at least one within seven days.
    pub p_7d: f64,
    /// ... within thirty.
    pub p_30d: f64,
    /// When they come, if they come at a certain time.
    pub period: Option<Period>,
    /// All of it in a sentence or two.
    pub text: String,
}

/// That incidents come at a certain time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// `hour`, `day` or `week`.
    pub every: &'static str,
    /// When it is expected next.
    pub next_at: Timestamp,
    /// The chance that this is by chance, over all periods that were tried.
    pub chance: f64,
}

/// What is known of the incidents of one kind.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// What counts as the same.
    pub kind: &'a str,
    /// When each began, in order.
    pub onsets: &'a [Timestamp],
    /// The span that was watched.
    pub from: Timestamp,
    /// Its end: what is expected, is expected from then on.
    pub to: Timestamp,
    /// When attempts began, in order: some of them will do.
    pub traffic: &'a [Timestamp],
    /// When we changed something.
    pub changes: &'a [Timestamp],
}

impl Recurrence {
    /// What the history lets expect; none of a span without length.
    pub fn of(history: &History<'_>) -> Option<Self> {
        let days = history.to.duration_since(history.from).as_secs_f64() / DAY_S;
        if days <= 0.0 {
            return None;
        }
        let shape = history.onsets.len() as f64 + 0.5;
        let posterior = Gamma::new(shape, days).ok()?;
        let per_30d = |quantile: f64| posterior.inverse_cdf(quantile) * 30.0;
        // The Poisson chance of none, averaged over what the rate can be.
        let at_least_one = |next_days: f64| 1.0 - (days / (days + next_days)).powf(shape);
        let period = period(history);
        let mut recurrence = Self {
            kind: history.kind.to_owned(),
            rate_per_30d: [0.05, 0.5, 0.95].map(per_30d),
            p_7d: at_least_one(7.0),
            p_30d: at_least_one(30.0),
            period,
            text: String::new(),
        };
        recurrence.text = recurrence.sentence(history, days);
        Some(recurrence)
    }

    fn sentence(&self, history: &History<'_>, days: f64) -> String {
        let count = history.onsets.len();
        let times = if count == 1 {
            "once".to_owned()
        } else {
            format!("{count} times")
        };
        let [lo, _, hi] = self.rate_per_30d;
        let mut sentences = vec![if days < RATE_FROM_DAYS {
            format!("Seen {times} in {days:.1} days, which is too short a time to say how often.")
        } else {
            format!(
                "Seen {times} in {days:.1} days, so between {lo:.1} and {hi:.1} times in thirty days; within seven days again with {:.0} %.",
                self.p_7d * 100.0
            )
        }];
        if let Some(period) = &self.period {
            let (every, next_at) = (period.every, period.next_at);
            sentences.push(format!(
                "They come at a certain time of the {every}: next at {next_at:.0}."
            ));
        } else if count < PERIODIC_FROM {
            let too_few = "Too few to say whether they come at a certain time.";
            sentences.push(too_few.to_owned());
        }
        let after_change = after_changes(history);
        if count >= 2 && after_change * 2 > count {
            sentences.push(format!(
                "{after_change} of {count} began within an hour of a change of ours."
            ));
        }
        sentences.join(" ")
    }
}

fn after_changes(history: &History<'_>) -> usize {
    let follows = |onset: &&Timestamp| {
        let mut changes = history.changes.iter();
        changes.any(|change| {
            let since = onset.duration_since(*change);
            !since.is_negative() && since <= SOON
        })
    };
    history.onsets.iter().filter(follows).count()
}

fn period(history: &History<'_>) -> Option<Period> {
    if history.onsets.len() < PERIODIC_FROM {
        return None;
    }
    let days = history.to.duration_since(history.from).as_secs_f64();
    let tried = PERIODS
        .into_iter()
        .filter(|(seconds, _)| days >= 3.0 * *seconds as f64);
    let tried: Vec<(i64, &str)> = tried.collect();
    // What comes at a time of the day comes at one of the hour, too: the longest says most.
    tried.iter().rev().find_map(|&(seconds, every)| {
        let (chance, mean) = rayleigh(history, seconds);
        let chance = (chance * tried.len() as f64).min(1.0);
        (chance <= CHANCE_MAX).then_some(Period {
            every,
            next_at: next(history.to, seconds, mean)?,
            chance,
        })
    })
}

/// The chance of phases that lie together like this if incidents came like traffic, and where they lie: seconds into the period.
fn rayleigh(history: &History<'_>, period_s: i64) -> (f64, f64) {
    let phase = |at: &Timestamp| at.as_second().rem_euclid(period_s);
    let mut traffic: Vec<i64> = history.traffic.iter().map(phase).collect();
    traffic.sort_unstable();
    // Where in a period's traffic an onset lies, from 0 to 1.
    let warped = |at: &Timestamp| {
        if traffic.is_empty() {
            return phase(at) as f64 / period_s as f64;
        }
        let before = traffic.partition_point(|other| *other < phase(at));
        before as f64 / traffic.len() as f64
    };
    let direction = |turn: f64| (turn * std::f64::consts::TAU).sin_cos();
    let sum = |turns: &mut dyn Iterator<Item = f64>| {
        turns
            .map(direction)
            .fold((0.0, 0.0), |(s, c), (sin, cos)| (s + sin, c + cos))
    };
    let n = history.onsets.len() as f64;
    let (sin, cos) = sum(&mut history.onsets.iter().map(warped));
    let z = (sin * sin + cos * cos) / n;
    // Wilkie 1983: good to a hundredth from n = 5 on.
    let chance = (-z).exp() * (1.0 + (2.0 * z - z * z) / (4.0 * n));
    let on_the_clock = |at: &Timestamp| phase(at) as f64 / period_s as f64;
    let (sin, cos) = sum(&mut history.onsets.iter().map(on_the_clock));
    let mean = sin.atan2(cos) / std::f64::consts::TAU;
    (
        chance.clamp(0.0, 1.0),
        mean.rem_euclid(1.0) * period_s as f64,
    )
}

/// The first moment after `to` that lies so far into a period.
fn next(to: Timestamp, period_s: i64, into_s: f64) -> Option<Timestamp> {
    let start = to.as_second().div_euclid(period_s) * period_s;
    let into = SignedDuration::try_from_secs_f64(into_s).ok()?;
    let at = start + into.as_secs();
    let at = if at > to.as_second() {
        at
    } else {
        at + period_s
    };
    Timestamp::from_second(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: f64) -> Timestamp {
        Timestamp::from_second(1_700_006_400).unwrap() + SignedDuration::from_secs_f64(day * DAY_S)
    }

    fn history<'a>(
        onsets: &'a [Timestamp],
        traffic: &'a [Timestamp],
        changes: &'a [Timestamp],
    ) -> History<'a> {
        History {
            kind: "zoom_outage",
            onsets,
            from: day(0.0),
            to: day(30.0),
            traffic,
            changes,
        }
    }

    #[test]
    fn one_incident_in_a_month_says_little_and_says_so() {
        let onsets = [day(10.0)];
        let found = Recurrence::of(&history(&onsets, &[], &[])).unwrap();
        let [lo, mid, hi] = found.rate_per_30d;
        assert!(
            lo < 0.3 && (0.9..1.6).contains(&mid) && hi > 3.0,
            "{found:?}"
        );
        assert!(
            (found.p_7d - 0.27).abs() < 0.02 && found.p_30d > found.p_7d,
            "{found:?}"
        );
        assert!(found.text.contains("Too few"), "{}", found.text);
    }

    #[test]
    fn incidents_of_one_hour_of_the_day_are_periodic_and_the_next_is_told() {
        let onsets: Vec<Timestamp> = (0..8).map(|n| day(f64::from(n) * 3.0 + 0.5)).collect();
        let traffic: Vec<Timestamp> = (0..3000).map(|n| day(f64::from(n) / 100.0)).collect();
        let found = Recurrence::of(&history(&onsets, &traffic, &[])).unwrap();
        let period = found.period.unwrap();
        assert_eq!(period.every, "day");
        assert!(period.next_at.duration_since(day(30.5)).abs() < SignedDuration::from_mins(5));
    }

    #[test]
    fn office_hours_are_no_period() {
        // Joins from 9 to 15 only, and incidents as joins are.
        let at = |n: u32, of: u32| day(f64::from(n) + (9.0 + 6.0 * f64::from(of) / 10.0) / 24.0);
        let traffic: Vec<Timestamp> = (0..30)
            .flat_map(|n| (0..10).map(move |of| at(n, of)))
            .collect();
        let onsets: Vec<Timestamp> = [(1, 0), (4, 9), (7, 3), (12, 6), (16, 1), (20, 8), (25, 5)]
            .map(|(n, of)| at(n, of))
            .to_vec();
        assert_eq!(
            Recurrence::of(&history(&onsets, &traffic, &[]))
                .unwrap()
                .period,
            None
        );
        // By the clock alone they would be one.
        assert!(
            Recurrence::of(&history(&onsets, &[], &[]))
                .unwrap()
                .period
                .is_some()
        );
    }

    #[test]
    fn what_follows_our_changes_is_said_to() {
        let onsets = [day(3.0), day(9.0), day(20.0)];
        let changes = onsets.map(|onset| onset - SignedDuration::from_mins(10));
        let found = Recurrence::of(&history(&onsets, &[], &changes)).unwrap();
        assert!(
            found.text.contains("3 of 3 began within an hour"),
            "{}",
            found.text
        );
        assert_eq!(
            Recurrence::of(&History {
                to: day(0.0),
                ..history(&onsets, &[], &[])
            }),
            None
        );
    }
}
