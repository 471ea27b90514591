//! p0 is given: the delay beside the optimum's, and false alarms beside the promise.

use usher_core::detect::Process;

use super::optimum::Cusum;
use super::random::{Random, mean, median, poisson_upper, span};
use super::{FALSE_ALARM_S, JUMPS, RATES, burn_rate};

/// Attempts before the change: several times what either remembers.
const WARM_UP: usize = 5000;

/// One stream, fed with outcomes that are known at once.
pub(crate) struct Watch {
    process: Process,
    budget_s: f64,
    p0: f64,
    second: i64,
}

impl Watch {
    pub(crate) fn new(budget_s: f64, p0: f64, now_s: f64) -> Self {
        let process = Process::new((now_s * 1e6) as i64, budget_s * 1e6, p0);
        Self {
            process,
            budget_s,
            p0,
            second: 0,
        }
    }

    /// Whether it alarms.
    pub(crate) fn take(&mut self, now_s: f64, failed: bool) -> bool {
        let at = (now_s * 1e6) as i64;
        self.process.enter(at, at, 1);
        let second = now_s as i64;
        if second > self.second {
            self.second = second;
            while self.process.settle(second - 1).is_some() {}
        }
        if !failed {
            return false;
        }
        self.process.correct(at, 1);
        self.process.evidence().is_some()
    }

    pub(crate) fn reset(&mut self, now_s: f64) {
        *self = Self::new(self.budget_s, self.p0, now_s);
    }
}

/// Attempts and seconds from the change to the alarm.
pub(crate) type Delay = (f64, f64);

/// One world: how long after the change the detector, told that p0 is `told`, and the optimum alarm.
pub(crate) fn world(
    seed: u64,
    rate: f64,
    (p0, p1): (f64, f64),
    told: f64,
    optimum: &mut Cusum,
) -> [Delay; 2] {
    let mut random = Random(seed);
    let mut watch = Watch::new(FALSE_ALARM_S, told, 0.0);
    optimum.reset();
    let mut now = 0.0;
    for _ in 0..WARM_UP {
        now += random.pause(rate);
        let failed = random.is(p0);
        if watch.take(now, failed) {
            watch.reset(now);
        }
        if optimum.take(failed) {
            optimum.reset();
        }
    }
    let changed = now;
    let mut delays: [Option<Delay>; 2] = [None, None];
    for attempts in 1_u32.. {
        now += random.pause(rate);
        let failed = random.is(p1);
        let delay = (f64::from(attempts), now - changed);
        if delays[0].is_none() && watch.take(now, failed) {
            delays[0] = Some(delay);
        }
        if delays[1].is_none() && optimum.take(failed) {
            delays[1] = Some(delay);
        }
        if let [Some(ours), Some(best)] = delays {
            return [ours, best];
        }
    }
    unreachable!()
}

pub(crate) fn delays(size: usize) {
    println!(
        "p0 given: mean delay from the change to the alarm, beside the optimum that knows p0 and p1\n"
    );
    println!(
        "| rate/s | jump % | attempts | optimum | ratio | ours | optimum | burn rate (median) | its false alarms in 30 d |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut ratios = Vec::new();
    for rate in RATES {
        for (p0, p1) in JUMPS {
            let mut optimum = Cusum::new(p0, p1, FALSE_ALARM_S * rate);
            let worlds = 1000 * size as u64;
            let delays: Vec<_> = (0..worlds)
                .map(|seed| world(seed, rate, (p0, p1), p0, &mut optimum))
                .collect();
            let of = |who: usize, what: fn(&Delay) -> f64| {
                mean(
                    &delays
                        .iter()
                        .map(|delays| what(&delays[who]))
                        .collect::<Vec<_>>(),
                )
            };
            let (ours, best) = (of(0, |delay| delay.0), of(1, |delay| delay.0));
            ratios.push(ours / best);
            let mut random = Random(7);
            let mut burns: Vec<f64> = (0..15 * size)
                .map(|_| burn_rate::delay(&mut random, rate, p0, p1).unwrap_or(f64::INFINITY))
                .collect();
            let burn = median(&mut burns);
            let burn = if burn.is_finite() {
                span(burn)
            } else {
                "never in 7 d".to_owned()
            };
            println!(
                "| {rate} | {} → {} | {ours:.1} | {best:.1} | {:.2} | {} | {} | {burn} | {} |",
                p0 * 100.0,
                p1 * 100.0,
                ours / best,
                span(of(0, |delay| delay.1)),
                span(of(1, |delay| delay.1)),
                burn_rate::false_alarms(&mut random, rate, p0, 30),
            );
        }
    }
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    println!(
        "\nratio to the optimum: median {:.2} (wanted: 1.3), worst {worst:.2} (wanted: 2)",
        median(&mut ratios)
    );
}

/// Time is divided by what makes T 20,000 attempts: the promise is about any T and any traffic.
const ATTEMPTS: f64 = 20_000.0;

pub(crate) fn false_alarms(size: usize) {
    println!(
        "p0 given: false alarms while attempts fail with exactly p0. Promised: at most 1 within T\n"
    );
    println!("| rate/s | p0 % | T | simulated | alarms | within T | at most, with 95 % |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let cells = RATES
        .iter()
        .flat_map(|rate| [0.01, 0.05, 0.001].map(|p0| (*rate, p0, ATTEMPTS / rate)));
    // At the lowest rate the real thirty days can be simulated.
    let cells = cells.chain([(0.05, 0.01, FALSE_ALARM_S)]);
    for (seed, (rate, p0, budget_s)) in (100..).zip(cells) {
        let times = 200 * size;
        let mut random = Random(seed);
        let mut watch = Watch::new(budget_s, p0, 0.0);
        let (mut now, mut alarms) = (0.0, 0);
        while now < budget_s * times as f64 {
            now += random.pause(rate);
            if watch.take(now, random.is(p0)) {
                alarms += 1;
                watch.reset(now);
            }
        }
        println!(
            "| {rate} | {} | {} | {times} T | {alarms} | {:.2} | {:.2} |",
            p0 * 100.0,
            span(budget_s),
            alarms as f64 / times as f64,
            poisson_upper(alarms) / times as f64,
        );
    }
}
