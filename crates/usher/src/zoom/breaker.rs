//! The circuit breaker: whether to ask a host that has lately not been answering. Pure; time is an argument.
//!
//! One per account and host. What counts is whether Zoom works, not whether it liked the request: see [`Health`].

use std::time::Duration;

use jiff::Timestamp;

/// As many attempts in a row without a usable answer open the breaker. One call makes at most three, so it takes two calls to
/// agree: a single unlucky call does not lock everybody out.
const FAILURES_TO_OPEN: u32 = 5;
/// How long the breaker stays open at first: longer than a load balancer takes to drop a dead backend, short enough that a host who
/// tries again a moment later is served.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// It doubles with every failed probe, up to this: the longest that Zoom's recovery goes unnoticed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The probe of a caller that went away never reports. After this long (the limit of one attempt is 3 s) the next may probe.
const PROBE_LOST_AFTER: Duration = Duration::from_secs(5);
/// Zoom's longest limits are daily and end at 00:00 UTC (reference 5.3). A longer wait is a mistake, ours or theirs.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// What one attempt says about the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered as a working API does. Refusals (4xx, and a 429 that can be waited for) belong here.
    Well,
    /// Unreachable, timed out, 5xx, or an answer that is no answer.
    Ill,
    /// It asked for no further calls until then, and the caller could not wait that long.
    AskedToWait { until: Timestamp },
}

/// A span during which no call goes out. A moment before `since` is outside: when the clock was set back, the span is void
/// instead of endless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    since: Timestamp,
    until: Timestamp,
}

impl Span {
    fn starting(now: Timestamp, length: Duration) -> Self {
        Self {
            since: now,
            until: later(now, length),
        }
    }

    fn holds(self, now: Timestamp) -> bool {
        (self.since..self.until).contains(&now)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls go out; so many attempts in a row have failed.
    Closed { failures: u32 },
    /// No calls go out. `failed_probes` in a row came before.
    Open { span: Span, failed_probes: u32 },
    /// Half-open: one call is out to see whether the host works again. No other goes out while the span holds.
    Probing { span: Span, failed_probes: u32 },
}

/// The breaker of one account and host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Breaker(State);

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed { failures: 0 })
    }
}

impl Breaker {
    /// Whether an attempt may go out now; if not, until when. Whoever is admitted reports by [`Breaker::record`].
    pub(super) fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self.0 {
            State::Closed { .. } => Ok(()),
            State::Open { span, .. } | State::Probing { span, .. } if span.holds(now) => {
                Err(span.until)
            }
            State::Open { failed_probes, .. } | State::Probing { failed_probes, .. } => {
                let span = Span::starting(now, PROBE_LOST_AFTER);
                self.0 = State::Probing {
                    span,
                    failed_probes,
                };
                Ok(())
            }
        }
    }

    /// Whether the host was well when it was last heard of.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.0, State::Closed { .. })
    }

    /// Takes in how an attempt ended.
    pub(super) fn record(&mut self, now: Timestamp, health: Health) {
        self.0 = match (self.0, health) {
            (state, Health::AskedToWait { until }) => asked_to_wait(state, now, until),
            // An answer to an attempt that began before the breaker opened: the probe will tell more.
            (state @ State::Open { .. }, Health::Well | Health::Ill) => state,
            (State::Closed { .. } | State::Probing { .. }, Health::Well) => {
                State::Closed { failures: 0 }
            }
            (State::Closed { failures }, Health::Ill) if failures + 1 < FAILURES_TO_OPEN => {
                State::Closed {
                    failures: failures + 1,
                }
            }
            (State::Closed { .. }, Health::Ill) => open(now, 0),
            (State::Probing { failed_probes, .. }, Health::Ill) => {
                open(now, failed_probes.saturating_add(1))
            }
        };
    }
}

fn open(now: Timestamp, failed_probes: u32) -> State {
    let pause = FIRST_PAUSE
        .saturating_mul(1 << failed_probes.min(8))
        .min(LONGEST_PAUSE);
    State::Open {
        span: Span::starting(now, pause),
        failed_probes,
    }
}

/// Of two waits the longer one counts.
fn asked_to_wait(state: State, now: Timestamp, until: Timestamp) -> State {
    let until = until.min(later(now, LONGEST_WAIT));
    match state {
        State::Open { span, .. } if span.holds(now) && span.until >= until => state,
        State::Closed { .. } => State::Open {
            span: Span { since: now, until },
            failed_probes: 0,
        },
        State::Open { failed_probes, .. } | State::Probing { failed_probes, .. } => State::Open {
            span: Span { since: now, until },
            failed_probes,
        },
    }
}

/// `now` plus `length`, at most the end of time.
fn later(now: Timestamp, length: Duration) -> Timestamp {
    now.saturating_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn opened_at(second: i64) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert_eq!(breaker.admit(at(second)), Ok(()));
            breaker.record(at(second), Health::Ill);
        }
        breaker
    }

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.record(at(0), Health::Ill);
        }
        assert_eq!(breaker.admit(at(0)), Ok(()));
        breaker.record(at(0), Health::Well);
        for _ in 0..4 {
            breaker.record(at(0), Health::Ill);
            assert_eq!(breaker.admit(at(0)), Ok(()));
        }
        breaker.record(at(0), Health::Ill);
        assert_eq!(breaker.admit(at(0)), Err(at(5)));
    }

    #[test]
    fn half_open_it_lets_a_single_probe_through() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.admit(at(4)), Err(at(5)));
        assert_eq!(breaker.admit(at(5)), Ok(()));
        assert_eq!(breaker.admit(at(6)), Err(at(10)));
        breaker.record(at(7), Health::Well);
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn every_failed_probe_doubles_the_pause_up_to_a_minute() {
        let mut breaker = opened_at(0);
        let mut now = 5;
        for pause in [10, 20, 40, 60, 60, 60] {
            assert_eq!(breaker.admit(at(now)), Ok(()));
            breaker.record(at(now), Health::Ill);
            assert_eq!(breaker.admit(at(now)), Err(at(now + pause)));
            now += pause;
        }
    }

    #[test]
    fn a_probe_that_never_reports_makes_room_for_the_next() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.admit(at(5)), Ok(()));
        assert_eq!(breaker.admit(at(9)), Err(at(10)));
        assert_eq!(breaker.admit(at(10)), Ok(()));
    }

    #[test]
    fn a_late_answer_from_before_it_opened_changes_nothing() {
        for health in [Health::Well, Health::Ill] {
            let mut breaker = opened_at(0);
            breaker.record(at(1), health);
            assert_eq!(breaker, opened_at(0));
        }
    }

    #[test]
    fn a_wait_that_zoom_asked_for_opens_it_until_then() {
        let mut breaker = Breaker::default();
        breaker.record(at(0), Health::AskedToWait { until: at(3600) });
        assert_eq!(breaker.admit(at(3599)), Err(at(3600)));
        breaker.record(at(10), Health::AskedToWait { until: at(20) });
        assert_eq!(
            breaker.admit(at(3599)),
            Err(at(3600)),
            "the longer wait counts"
        );
        assert_eq!(breaker.admit(at(3600)), Ok(()));
    }

    #[test]
    fn a_wait_beyond_a_day_is_cut_to_a_day() {
        let mut breaker = Breaker::default();
        breaker.record(
            at(0),
            Health::AskedToWait {
                until: Timestamp::MAX,
            },
        );
        assert_eq!(breaker.admit(at(0)), Err(at(24 * 3600)));
    }

    #[test]
    fn a_clock_set_back_does_not_lock_it_open() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.admit(at(-3600)), Ok(()));
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Admit,
        Record(Health),
        AskToWait(i64),
        Pass(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Admit),
            4 => Just(Step::Record(Health::Ill)),
            1 => Just(Step::Record(Health::Well)),
            1 => (-100_i64..200_000).prop_map(Step::AskToWait),
            2 => (-100_i64..100).prop_map(Step::Pass),
        ]
    }

    /// Runs the steps, during which the clock may be set back, and returns the breaker and the latest second it was shown.
    fn run(steps: &[Step]) -> (Breaker, i64) {
        let (mut breaker, mut now, mut latest) = (Breaker::default(), 0, 0);
        for step in steps {
            match *step {
                Step::Admit => drop(breaker.admit(at(now))),
                Step::Record(health) => breaker.record(at(now), health),
                Step::AskToWait(seconds) => {
                    breaker.record(
                        at(now),
                        Health::AskedToWait {
                            until: at(now + seconds),
                        },
                    );
                }
                Step::Pass(seconds) => now += seconds,
            }
            latest = latest.max(now);
        }
        (breaker, latest)
    }

    proptest! {
        #[test]
        fn whatever_happened_a_day_later_it_admits(steps in prop::collection::vec(step(), 0..60)) {
            let (mut breaker, now) = run(&steps);
            prop_assert_eq!(breaker.admit(at(now + 24 * 3600 + 1)), Ok(()));
        }

        #[test]
        fn a_refusal_names_the_very_moment_from_which_it_admits(steps in prop::collection::vec(step(), 0..60)) {
            let (mut breaker, now) = run(&steps);
            if let Err(until) = breaker.admit(at(now)) {
                prop_assert!(until > at(now));
                let just_before = until.saturating_add(jiff::SignedDuration::from_millis(-1)).unwrap();
                prop_assert_eq!(breaker.admit(just_before.max(at(now))), Err(until));
                prop_assert_eq!(breaker.admit(until), Ok(()));
            }
        }

        #[test]
        fn once_it_refused_only_one_is_admitted_until_a_report(
            steps in prop::collection::vec(step(), 0..60), within_s in 0_i64..5,
        ) {
            let (mut breaker, now) = run(&steps);
            if let Err(until) = breaker.admit(at(now)) {
                prop_assert_eq!(breaker.admit(until), Ok(()));
                let soon = until.saturating_add(jiff::SignedDuration::from_secs(within_s)).unwrap();
                prop_assert!(breaker.admit(soon).is_err());
            }
        }

        #[test]
        fn a_host_that_answers_is_never_refused(passes in prop::collection::vec(-100_i64..100, 0..60)) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for seconds in passes {
                now += seconds;
                prop_assert_eq!(breaker.admit(at(now)), Ok(()));
                breaker.record(at(now), Health::Well);
            }
        }
    }
}
