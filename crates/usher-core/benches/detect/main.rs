//! How soon the detector finds a change, beside the optimum that knows the truth and beside burn-rate alerts; and how often it is wrong.
//!
//! ```text
//! cargo bench -p usher-core --bench detect -- [TABLE…] [--size N]
//! ```
//!
//! Tables: `given` (p0 known), `false-alarms`, `news` and `crowds` (outcomes that come late), `learned` (p0 from one, seven and thirty days), `whole` (all
//! streams), `throughput`; all of them without an argument. `--size` multiplies the number of simulated worlds. One stream, one promise:
//! a false alarm within thirty days on average, of wall time, at any traffic.
//!
//! Baselines:
//! * *optimum*: Page's CUSUM with the true p0 and p1 (optimal by Moustakides 1986), its threshold from the exact mean time to a
//!   false alarm, as a Markov chain (`optimum.rs`), for the same thirty days at that rate. No detector can know what it knows.
//! * *burn rate*: the multiwindow, multi-burn-rate alert of the SRE workbook, chapter 5, table 5-8: 14.4 over 1 h and 5 min, 6 over 6 h and 30 min, 1
//!   over 3 d and 6 h, asked every minute. Its budget is 1.5 p0: with p0 itself the last pair would stand on alarm all the time.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod burn_rate;
mod given;
mod learned;
mod news;
mod optimum;
mod random;
mod throughput;
mod whole;

/// Attempts a second.
pub(crate) const RATES: [f64; 6] = [0.05, 0.5, 5.0, 100.0, 1000.0, 10_000.0];
/// From which failure probability to which.
pub(crate) const JUMPS: [(f64, f64); 5] = [
    (0.01, 0.05),
    (0.01, 0.30),
    (0.01, 0.99),
    (0.05, 0.30),
    (0.001, 0.02),
];
/// The promise: one false alarm within thirty days.
pub(crate) const FALSE_ALARM_S: f64 = 30.0 * 86_400.0;

#[allow(clippy::disallowed_methods)] // A benchmark is told its size.
fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let size_at = arguments.iter().position(|word| word == "--size");
    let size = size_at.map_or(1, |index| arguments[index + 1].parse().unwrap());
    let tables: Vec<&str> = arguments[..size_at.unwrap_or(arguments.len())]
        .iter()
        .map(String::as_str)
        .collect();
    for (name, table) in [
        ("given", given::delays as fn(usize)),
        ("false-alarms", given::false_alarms),
        ("news", news::delays),
        ("crowds", news::crowds),
        ("learned", learned::table),
        ("whole", whole::table),
        ("throughput", throughput::table),
    ] {
        if tables.is_empty() || tables.contains(&name) {
            table(size);
            println!();
        }
    }
}
