//! How often the localizer names exactly the slices in which failures were made, and how long it takes for a million attempts.
//!
//! Cubes are generated: dimensions of 2 to 30 values of uneven weight, a rate of failure that differs from value to value, then one or two
//! slices in which more attempts fail; rows of counts beside single attempts (`counted`). Precision: of the causes claimed, those that were made, exactly. Recall: of those made, the claimed
//! ones. First: the first slice listed is one of those made. In brackets 95 % intervals (Wilson 1927).
//! `cargo bench -p usher-core --bench localize`; a number after `--` is the number of worlds a row.
#![allow(
    // Draws are rounded to counts on purpose.
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

mod counted;
mod world;

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use usher_core::localize::{Cube, Localization, Role, Spans, localize};

use counted::COUNTED;
use world::{KINDS, MINUTES, Random, Slice, World, start, world};

/// Whether a found slice, or one that is known to be the same, is that one.
fn is(found: &Localization, index: usize, truth: &Slice, names: &[String]) -> bool {
    let wanted: BTreeSet<(String, String)> = truth
        .iter()
        .map(|(dim, value)| (names[*dim].clone(), format!("v{value}")))
        .collect();
    let found = &found.slices[index];
    [&found.slice]
        .into_iter()
        .chain(&found.equals)
        .any(|slice| {
            slice
                .iter()
                .map(|c| (c.dim.clone(), c.value.clone()))
                .collect::<BTreeSet<_>>()
                == wanted
        })
}

#[derive(Default)]
struct Tally {
    worlds: usize,
    first: usize,
    claimed: usize,
    right: usize,
    made: usize,
    in_ties: usize,
    quiet: usize,
    ms: f64,
}

fn wilson(hits: usize, of: usize) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    let (n, z) = (of as f64, 1.96_f64);
    let p = hits as f64 / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    format!("{:.3} [{:.3}, {:.3}]", p, middle - half, middle + half)
}

fn row(name: &str, worlds: u64, is_told: bool, make: impl Fn(u64) -> Option<World>) {
    let mut tally = Tally::default();
    for seed in 0..worlds {
        let Some(world) = make(seed + 1) else {
            continue;
        };
        let started = Instant::now();
        let found = localize(&world.cube);
        tally.ms += started.elapsed().as_secs_f64() * 1e3;
        tally.worlds += 1;
        tally.made += world.truth.len();
        tally.quiet += usize::from(found.slices.is_empty());
        let mut wrong = false;
        for (index, slice) in found.slices.iter().enumerate() {
            let is_made = world
                .truth
                .iter()
                .any(|truth| is(&found, index, truth, &world.names));
            match slice.role {
                Role::TieOf(_) => tally.in_ties += usize::from(is_made),
                Role::Best | Role::After(_) => {
                    tally.claimed += 1;
                    tally.right += usize::from(is_made);
                    tally.first += usize::from(is_made && index == 0);
                    wrong |= !is_made;
                }
            }
        }
        if is_told && (wrong || found.slices.is_empty()) && !world.truth.is_empty() {
            println!("seed {seed}: made {:?}", world.truth);
            for slice in &found.slices {
                let shown: Vec<String> = slice
                    .slice
                    .iter()
                    .map(|c| format!("{}={}", c.dim, c.value))
                    .collect();
                println!(
                    "   {:?} {shown:?} score {:.1} {}/{} expected {:.1}",
                    slice.role, slice.score, slice.failed, slice.attempts, slice.expected_failed
                );
            }
        }
    }
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        name,
        tally.worlds,
        wilson(tally.first, if tally.made > 0 { tally.worlds } else { 0 }),
        wilson(tally.right, tally.claimed),
        wilson(tally.right, tally.made),
        tally.in_ties,
        wilson(tally.quiet, tally.worlds),
        tally.ms / tally.worlds as f64,
    );
}

/// A million attempts of 12 dimensions with 20 values each, all different: the worst case of grouping.
fn speed(name: &str, attempts: usize, raise: f64, skew: f64) {
    let mut random = Random(7);
    let length = SignedDuration::from_mins(MINUTES);
    let begin = start();
    let spans = Spans {
        window: begin..begin + length,
        baseline: begin - length * 6..begin,
    };
    let names: Vec<String> = (0..12).map(|dim| format!("d{dim}")).collect();
    let values: Vec<String> = (0..20).map(|value| format!("v{value}")).collect();
    let rows: Vec<(Timestamp, [u8; 12], bool)> = (0..attempts)
        .map(|index| {
            let mut tuple = [0; 12];
            for value in &mut tuple {
                *value = (20.0 * random.unit().powf(skew)) as u8;
            }
            let is_window = index % 2 == 0;
            let at = if is_window {
                begin
            } else {
                begin - length * (1 + random.below(5) as i32)
            };
            let rate = if is_window && tuple[3] == 4 && tuple[7] == 1 {
                raise
            } else {
                0.01
            };
            (at, tuple, random.unit() < rate)
        })
        .collect();
    let started = Instant::now();
    let mut cube = Cube::new(spans);
    for (at, tuple, is_failed) in &rows {
        let dims = tuple
            .iter()
            .enumerate()
            .map(|(dim, value)| (names[dim].as_str(), values[usize::from(*value)].as_str()));
        cube.add(*at, dims, 1, u64::from(*is_failed));
    }
    let built = started.elapsed();
    let found = localize(&cube);
    let all = started.elapsed();
    println!(
        "| {name} | {attempts} | {:.0} | {:.0} | {:.0} | {} |",
        built.as_secs_f64() * 1e3,
        all.saturating_sub(built).as_secs_f64() * 1e3,
        all.as_secs_f64() * 1e3,
        found.slices.len(),
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let worlds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(200);
    let is_told = args.iter().any(|arg| arg == "told");
    let only = args.iter().find_map(|arg| arg.strip_prefix("only="));
    println!(
        "| world | worlds | first | precision | recall | made, but a tie | nothing claimed | ms |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let is_asked = |name: &str| only.is_none_or(|only| name.contains(only));
    for kind in KINDS.into_iter().filter(|kind| is_asked(kind.name)) {
        row(kind.name, worlds, is_told, |seed| world(seed, kind));
    }
    for kind in COUNTED.into_iter().filter(|kind| is_asked(kind.name)) {
        row(kind.name, worlds, is_told, |seed| {
            counted::world(seed, kind)
        });
    }
    println!(
        "\n| 12 dimensions of 20 values | attempts | ms to count | ms to search | ms in all | slices |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, raise, skew) in [
        ("even, nothing happened", 0.01, 1.0),
        ("even, a slice of two conditions", 0.5, 1.0),
        ("uneven, nothing happened", 0.01, 3.0),
        ("uneven, a slice of two conditions", 0.5, 3.0),
    ] {
        speed(name, 1_000_000, raise, skew);
    }
}
