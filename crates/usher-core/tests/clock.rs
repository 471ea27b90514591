//! The clock witness in worlds whose clocks are known: what it says must hold there.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use usher_core::clock::{ClockWitness, Interval, NoReading, Reading, send_at};

/// A world in microseconds of Zoom's time since its beginning.
#[derive(Debug, Clone)]
struct World {
    /// Our clock minus Zoom's at the beginning.
    offset_us: i64,
    /// What our clock gains.
    drift_ppm: i32,
    /// When our clock was set, and by how much.
    steps: Vec<(i64, i64)>,
    answers: Vec<Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    server: usize,
    /// Since the answer before.
    after_us: i64,
    there_us: i64,
    back_us: i64,
}

const BEGIN_S: i64 = 1_790_000_000;

impl World {
    fn offset_at(&self, time_us: i64) -> i64 {
        let steps = self.steps.iter().filter(|(at, _)| *at <= time_us);
        self.offset_us
            + time_us * i64::from(self.drift_ppm) / 1_000_000
            + steps.map(|(_, by)| by).sum::<i64>()
    }

    fn ours(&self, time_us: i64) -> Timestamp {
        Timestamp::from_microsecond(BEGIN_S * 1_000_000 + time_us + self.offset_at(time_us))
            .unwrap()
    }

    /// The readings, each with the moment of Zoom's time at which it is complete. `lies_us` is what each server's clock is off by.
    fn readings(&self, lies_us: &[i64]) -> Vec<(i64, Reading)> {
        let mut time_us = 0;
        let reading = |answer: &Answer| {
            time_us += answer.after_us;
            let sent_at = self.ours(time_us);
            time_us += answer.there_us;
            let lie = lies_us.get(answer.server).copied().unwrap_or(0);
            let date = BEGIN_S + (time_us + lie).div_euclid(1_000_000);
            time_us += answer.back_us;
            let reading = Reading {
                server: format!("host{}.zoom.us", answer.server),
                is_verified: true,
                sent_at,
                received_at: self.ours(time_us),
                date: Timestamp::from_second(date).unwrap(),
            };
            (time_us, reading)
        };
        self.answers.iter().map(reading).collect()
    }

    fn holds(&self, interval: Interval, time_us: i64) -> bool {
        // The world rounds to microseconds.
        let truth = self.offset_at(time_us);
        let [lo, hi] =
            [interval.lo, interval.hi].map(|end| i64::try_from(end.as_micros()).unwrap());
        lo - 2 <= truth && truth <= hi + 2
    }
}

fn answers(servers: usize) -> impl Strategy<Value = Vec<Answer>> {
    let answer = (
        0..servers,
        1_000_000..900_000_000_i64,
        500..400_000_i64,
        500..2_000_000_i64,
    )
        .prop_map(|(server, after_us, there_us, back_us)| Answer {
            server,
            after_us,
            there_us,
            back_us,
        });
    prop::collection::vec(answer, 1..60)
}

fn world(servers: usize) -> impl Strategy<Value = World> {
    let hours = 4 * 3600 * 1_000_000_i64;
    (-hours..hours, -490..490_i32, answers(servers)).prop_map(|(offset_us, drift_ppm, answers)| {
        World {
            offset_us,
            drift_ppm,
            steps: Vec::new(),
            answers,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_true_offset_lies_in_the_interval_and_stays_there_without_news(
        world in world(3),
        later_us in 0..40_000_000_000_i64,
    ) {
        let mut witness = ClockWitness::default();
        for (time_us, reading) in world.readings(&[]) {
            prop_assert!(witness.add(&reading).is_none());
            for time_us in [time_us, time_us + later_us] {
                let estimate = witness.estimate(world.ours(time_us));
                prop_assert!(world.holds(estimate.offset.unwrap(), time_us), "{estimate:?}");
                prop_assert!(estimate.dissenting().is_empty());
            }
        }
    }

    #[test]
    fn a_server_that_is_wrong_does_not_move_what_three_others_say(
        world in world(4),
        lie_s in prop_oneof![-9000..-15_i64, 15..9000_i64],
    ) {
        let mut witness = ClockWitness::default();
        let lies = [lie_s * 1_000_000, 0, 0, 0];
        let mut heard = [0; 4];
        for (answer, (time_us, reading)) in world.answers.iter().zip(world.readings(&lies)) {
            witness.add(&reading);
            heard[answer.server] += 1;
            let estimate = witness.estimate(world.ours(time_us));
            // One that lies beside one that does not: both may be right, and it says so.
            prop_assert!(
                (heard[1..].iter().all(|count| *count == 0))
                    || world.holds(estimate.offset.unwrap(), time_us),
                "{estimate:?}"
            );
            if heard[1..].iter().filter(|count| **count > 0).count() >= 2 && heard[0] > 0 {
                prop_assert_eq!(&estimate.dissenting()[0].server, "host0.zoom.us");
            }
        }
    }

    #[test]
    fn a_step_that_is_told_is_followed_at_once(
        world in world(2),
        at_permille in 0..1000_i64,
        by_us in -20_000_000_000..20_000_000_000_i64,
    ) {
        let mut world = world;
        let end_us: i64 = world.answers.iter().map(|a| a.after_us + a.there_us + a.back_us).sum();
        let (quiet, steps_at) = quiet_moment(&world, end_us / 1000 * at_permille);
        prop_assume!(quiet);
        world.steps.push((steps_at, by_us));
        let mut witness = ClockWitness::default();
        let mut is_told = false;
        for (time_us, reading) in world.readings(&[]) {
            if !is_told && time_us >= steps_at {
                let error = SignedDuration::from_millis(1);
                let by = SignedDuration::from_micros(by_us);
                witness.step(world.ours(steps_at), Interval { lo: by - error, hi: by + error });
                is_told = true;
            }
            prop_assert!(witness.add(&reading).is_none());
            let estimate = witness.estimate(world.ours(time_us));
            prop_assert!(world.holds(estimate.offset.unwrap(), time_us), "{estimate:?}");
        }
    }

    #[test]
    fn a_step_that_nobody_tells_is_kept_open_and_then_found(
        world in world(1),
        at_permille in 0..1000_i64,
        by_s in prop_oneof![-9000..-30_i64, 30..9000_i64],
    ) {
        let mut world = world;
        let end_us: i64 = world.answers.iter().map(|a| a.after_us + a.there_us + a.back_us).sum();
        let (quiet, steps_at) = quiet_moment(&world, end_us / 1000 * at_permille);
        prop_assume!(quiet);
        world.steps.push((steps_at, by_s * 1_000_000));
        let mut witness = ClockWitness::default();
        let mut found = Vec::new();
        let readings = world.readings(&[]);
        let after = readings.iter().filter(|(time_us, _)| *time_us >= steps_at).count();
        for (time_us, reading) in &readings {
            found.extend(witness.add(reading));
            let estimate = witness.estimate(world.ours(*time_us));
            prop_assert!(world.holds(estimate.offset.unwrap(), *time_us), "{estimate:?}");
        }
        prop_assert_eq!(found.len(), usize::from(after >= 2 && after < readings.len()));
        for jump in found {
            prop_assert!(jump.by.contains(SignedDuration::from_secs(by_s)));
        }
    }

    #[test]
    fn the_drift_is_told_with_its_bounds(
        world in world(2),
    ) {
        let mut witness = ClockWitness::default();
        for (time_us, reading) in world.readings(&[]) {
            witness.add(&reading);
            if let Some([lo, hi]) = witness.estimate(world.ours(time_us)).drift_ppm {
                let truth = f64::from(world.drift_ppm);
                // It is told per second of our clock, not of Zoom's.
                prop_assert!(lo - 1.0 <= truth && truth <= hi + 1.0, "{lo} {truth} {hi}");
            }
        }
    }
}

/// Whether no request is under way then, and the moment.
fn quiet_moment(world: &World, at_us: i64) -> (bool, i64) {
    let mut time_us = 0;
    for answer in &world.answers {
        let sent_us = time_us + answer.after_us;
        time_us = sent_us + answer.there_us + answer.back_us;
        if at_us <= sent_us {
            return (true, at_us);
        }
        if at_us <= time_us {
            return (false, at_us);
        }
    }
    (false, at_us)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn one_answer_bounds_the_offset_by_its_round_trip_and_a_second() {
    let reading = Reading::of_answer(
        "api.zoom.us",
        true,
        (at("2026-11-24T10:00:00.2Z"), at("2026-11-24T10:00:00.5Z")),
        Some("Tue, 24 Nov 2026 09:50:00 GMT"),
        None,
    )
    .unwrap();
    assert_eq!(reading.offset().as_millis(), [599_200, 600_500]);
}

#[test]
fn what_is_not_the_servers_own_clock_is_no_reading() {
    let asked = (at("2026-11-24T10:00:00Z"), at("2026-11-24T10:00:01Z"));
    let read = |times, date, age| Reading::of_answer("api.zoom.us", true, times, date, age);
    let date = Some("Tue, 24 Nov 2026 10:00:00 GMT");
    assert_eq!(read(asked, date, Some("0")), Err(NoReading::FromCache));
    assert_eq!(read(asked, None, None), Err(NoReading::NoDate));
    for odd in [
        "",
        "yesterday",
        "2026-11-24T10:00:00Z",
        "Tue, 24 Nov 2026 10:00:00 +0900",
    ] {
        assert_eq!(
            read(asked, Some(odd), None),
            Err(NoReading::MalformedDate),
            "{odd}"
        );
    }
    let backwards = (asked.1, asked.0);
    assert_eq!(read(backwards, date, None), Err(NoReading::SetBack));
}

fn reading(server: &str, is_verified: bool, offset_s: i64, at_s: i64) -> Reading {
    let ours = Timestamp::from_second(BEGIN_S + at_s).unwrap();
    let rtt = SignedDuration::from_millis(50);
    Reading {
        server: server.to_owned(),
        is_verified,
        sent_at: ours,
        received_at: ours + rtt,
        date: Timestamp::from_second(BEGIN_S + at_s - offset_s).unwrap(),
    }
}

fn correction_ms(readings: &[Reading]) -> i128 {
    let mut witness = ClockWitness::default();
    for reading in readings {
        witness.add(reading);
    }
    let now = readings
        .last()
        .map_or(Timestamp::UNIX_EPOCH, |last| last.received_at);
    witness.estimate(now).bearing().correction().as_millis()
}

#[test]
fn one_host_moves_a_signature_by_a_minute_at_most_and_never_later() {
    assert_eq!(correction_ms(&[]), 0);
    assert_eq!(correction_ms(&[reading("a", true, 20, 0)]), 20_050);
    assert_eq!(correction_ms(&[reading("a", true, 600, 0)]), 60_000);
    assert_eq!(correction_ms(&[reading("a", true, -600, 0)]), 0);
}

#[test]
fn two_proven_hosts_that_agree_move_it_as_far_as_it_needs() {
    let two = |verified, a, b| {
        let of_a = [reading("a", true, a, 0), reading("a", true, a, 2)];
        let of_b = [reading("b", verified, b, 1), reading("b", verified, b, 3)];
        [of_a, of_b].concat()
    };
    assert_eq!(correction_ms(&two(true, 600, 600)), 600_050);
    assert_eq!(correction_ms(&two(true, -10_800, -10_800)), -10_799_949);
    assert_eq!(correction_ms(&two(false, 600, 600)), 60_000);
    assert_eq!(correction_ms(&two(false, -10_800, -10_800)), 0);
    // They contradict each other: neither is believed for more than a minute.
    assert_eq!(correction_ms(&two(true, 600, 0)), 60_000);
}

#[test]
fn a_step_is_not_acted_on_until_a_second_answer_says_so() {
    let before = [reading("a", true, 0, 0), reading("b", true, 0, 1)];
    let once = reading("a", true, 7200, 7205);
    let mut readings = before.to_vec();
    readings.push(once);
    // The two agree on what the first half of a's contradiction says, which is two hours old by our clock.
    assert_eq!(correction_ms(&readings), 3_652);
    readings.push(reading("a", true, 7200, 7206));
    readings.push(reading("b", true, 7200, 7207));
    assert_eq!(correction_ms(&readings), 60_000);
    readings.push(reading("b", true, 7200, 7208));
    assert_eq!(correction_ms(&readings), 7_200_050);
}

#[test]
fn a_well_timed_request_halves_what_is_not_known() {
    let (mut time_us, round_trip) = (0, 40_000);
    let world = World {
        offset_us: 123_456_789,
        drift_ppm: 0,
        steps: Vec::new(),
        answers: Vec::new(),
    };
    let mut witness = ClockWitness::default();
    for _ in 0..8 {
        let now = world.ours(time_us);
        let sent_at = match witness.estimate(now).offset {
            Some(offset) => send_at(now, offset, SignedDuration::from_micros(round_trip)),
            None => now,
        };
        time_us += i64::try_from(sent_at.duration_since(now).as_micros()).unwrap();
        let server_us = time_us + round_trip / 2;
        time_us += round_trip;
        witness.add(&Reading {
            server: "a".to_owned(),
            is_verified: true,
            sent_at,
            received_at: world.ours(time_us),
            date: Timestamp::from_second(BEGIN_S + server_us.div_euclid(1_000_000)).unwrap(),
        });
    }
    let width = witness
        .estimate(world.ours(time_us))
        .offset
        .unwrap()
        .width();
    // A second and the round trip at first; then half of it each time, but never less than the round trip.
    assert!(width < SignedDuration::from_millis(70), "{width:?}");
}

proptest! {
    /// Behind one name stand several machines, and some keep the text of `Date` for a while.
    #[test]
    fn machines_behind_a_name_that_differ_a_little_cost_no_correction(
        edges_ms in prop::collection::vec(-150_i64..150, 4),
        asked in prop::collection::vec((0_usize..2, 0_usize..4, 1_i64..90, 0_i64..500, 5_i64..200), 20..120),
    ) {
        let offset = SignedDuration::from_secs(600);
        let mut witness = ClockWitness::default();
        let mut ours = Timestamp::from_second(BEGIN_S).unwrap();
        let mut dates = [BTreeSet::new(), BTreeSet::new()];
        for (host, edge, pause_s, stale_ms, round_trip_ms) in asked {
            ours += SignedDuration::from_secs(pause_s);
            let received_at = ours + SignedDuration::from_millis(round_trip_ms);
            let middle = ours + SignedDuration::from_millis(round_trip_ms / 2);
            let theirs = middle - offset + SignedDuration::from_millis(edges_ms[edge] - stale_ms);
            witness.add(&Reading {
                server: format!("host{host}.zoom.us"),
                is_verified: true,
                sent_at: ours,
                received_at,
                date: Timestamp::from_second(theirs.as_second()).unwrap(),
            });
            ours = received_at;
            dates[host].insert(theirs.as_second());
            if dates.iter().all(|dates| dates.len() >= 2) {
                let bearing = witness.estimate(ours).bearing();
                prop_assert!(bearing.is_corroborated);
                let correction = bearing.correction();
                // As much as is needed but for what the machines differ by, and not much more.
                prop_assert!(correction >= offset - SignedDuration::from_millis(200), "{correction:?}");
                prop_assert!(correction <= offset + SignedDuration::from_secs(3), "{correction:?}");
            }
        }
    }
}

#[test]
fn what_is_silent_for_a_day_is_forgotten() {
    let mut witness = ClockWitness::default();
    for at_s in 0..2 {
        witness.add(&reading("a", true, 600, at_s));
        witness.add(&reading("b", true, 600, at_s));
    }
    let after =
        |hours| Timestamp::from_second(BEGIN_S).unwrap() + SignedDuration::from_hours(hours);
    let (soon, late) = (after(23), after(25));
    assert!(witness.estimate(soon).offset.is_some());
    assert_eq!(witness.estimate(late).offset, None);
    let held = witness.estimate(after(1)).bearing();
    assert!(held.as_of(soon).is_corroborated);
    assert_eq!(held.as_of(after(26)).correction(), SignedDuration::ZERO);
}

#[test]
fn one_odd_answer_does_not_undo_what_two_hosts_agree_on() {
    let mut witness = ClockWitness::default();
    for at_s in 0..3 {
        witness.add(&reading("a", true, 600, at_s));
        witness.add(&reading("b", true, 600, at_s));
    }
    witness.add(&reading("a", true, 0, 4));
    let estimate = witness.estimate(Timestamp::from_second(BEGIN_S + 5).unwrap());
    let statement = &estimate.statements[0];
    assert!(
        estimate.is_corroborated && statement.is_contradicted,
        "{estimate:?}"
    );
    assert_eq!(estimate.bearing().correction().as_secs(), 600);
    // What is said is honest: either may be right.
    assert!(
        estimate
            .statements
            .iter()
            .any(|one| one.offset.contains(SignedDuration::ZERO))
    );
}

#[test]
fn a_date_that_stands_still_is_no_clock() {
    let frozen = |server: &str, at_s| Reading {
        date: Timestamp::from_second(BEGIN_S - 4000).unwrap(),
        ..reading(server, true, 0, at_s)
    };
    // From the beginning, and after it was a clock.
    for begins_well in [false, true] {
        let mut witness = ClockWitness::default();
        for at_s in 0..40 {
            for server in ["a", "b"] {
                let reading = if begins_well && at_s < 3 {
                    reading(server, true, 0, at_s)
                } else {
                    frozen(server, at_s)
                };
                witness.add(&reading);
                witness.add(&reading);
            }
        }
        let estimate = witness.estimate(Timestamp::from_second(BEGIN_S + 40).unwrap());
        let correction = estimate.bearing().correction();
        assert!(correction <= SignedDuration::from_secs(60), "{estimate:?}");
        assert_eq!(estimate.is_corroborated, begins_well);
    }
}
