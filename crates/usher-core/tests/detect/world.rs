//! Traffic: attempts, told as they become known.

use jiff::{SignedDuration, Timestamp};
use usher_core::attempt::AttemptId;
use usher_core::detect::{Change, Counts, Detector, FALSE_ALARMS, Start};
use usher_core::failure::FaultClass;

/// A dimension's value.
pub(crate) type Dims = &'static [(&'static str, &'static str)];

/// What is told about an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News {
    Started(u64, Timestamp, Dims),
    Failed(u64, FaultClass),
    Joined(u64),
}

/// 2023-10-10 00:00 UTC, and so many seconds.
pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_second(1_696_896_000).unwrap() + SignedDuration::from_secs_f64(seconds)
}

pub(crate) fn seconds(of: Timestamp) -> f64 {
    of.duration_since(at(0.0)).as_secs_f64()
}

pub(crate) fn id(n: u64) -> AttemptId {
    AttemptId::new(at(0.0), u128::from(n))
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn pause(&mut self, rate: f64) -> f64 {
        -(1.0 - self.unit()).ln() / rate
    }
}

/// News with the moment at which it is known.
#[derive(Debug, Default)]
pub(crate) struct Script {
    news: Vec<(Timestamp, News)>,
    attempts: u64,
    pub(crate) fails_after: f64,
    pub(crate) joins_after: f64,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            fails_after: 0.3,
            joins_after: 8.0,
            ..Self::default()
        }
    }

    /// One attempt; `fails` with a class, or joins.
    pub(crate) fn attempt(&mut self, start: f64, dims: Dims, fails: Option<FaultClass>) {
        let n = self.attempts;
        self.attempts += 1;
        self.news
            .push((at(start), News::Started(n, at(start), dims)));
        let (after, news) = match fails {
            Some(class) => (self.fails_after, News::Failed(n, class)),
            None => (self.joins_after, News::Joined(n)),
        };
        self.news.push((at(start + after), news));
    }

    /// Attempts at a rate per second that fail with a probability.
    pub(crate) fn traffic(
        &mut self,
        random: &mut Random,
        span: std::ops::Range<f64>,
        rate: f64,
        dims: &[Dims],
        failing: impl Fn(f64, Dims) -> (f64, FaultClass),
    ) {
        let mut now = span.start;
        loop {
            now += random.pause(rate);
            if now >= span.end {
                return;
            }
            let place = (random.unit() * dims.len() as f64) as usize;
            let (probability, class) = failing(now, dims[place]);
            let fails = (random.unit() < probability).then_some(class);
            self.attempt(now, dims[place], fails);
        }
    }

    /// In the order in which things became known.
    pub(crate) fn news(&self) -> Vec<(Timestamp, News)> {
        let mut news = self.news.clone();
        news.sort_by_key(|(known, _)| *known);
        news
    }

    pub(crate) fn run(&self, detector: &mut Detector) -> Vec<Change> {
        let mut changes = Vec::new();
        for (known, news) in self.news() {
            tell(detector, known, news);
            changes.extend(detector.advance(known));
        }
        let end = self
            .news
            .iter()
            .map(|(known, _)| *known)
            .max()
            .unwrap_or(at(0.0));
        changes.extend(detector.advance(end + SignedDuration::from_mins(2)));
        changes
    }
}

pub(crate) fn tell(detector: &mut Detector, known: Timestamp, news: News) {
    match news {
        News::Started(n, at, dims) => detector.started(
            known,
            &Start {
                id: id(n),
                at,
                dims,
                is_first_of_burst: true,
            },
        ),
        News::Failed(n, class) => detector.failed(known, id(n), class),
        News::Joined(n) => detector.joined(known, id(n)),
    }
}

/// A detector that has seen a week at the usual rate.
pub(crate) fn experienced(usual: f64) -> Detector {
    let mut detector = Detector::new(at(0.0), FALSE_ALARMS);
    detector.learn((0..7 * 24).map(|hour| {
        let from = at(-3600.0 * f64::from(7 * 24 - hour));
        Counts {
            from,
            until: from + SignedDuration::from_hours(1),
            dims: &[],
            attempts: 1000,
            failed: (1000.0 * usual).round() as u64,
            class: FaultClass::Unknown,
        }
    }));
    detector
}

pub(crate) fn opened(changes: &[Change]) -> Vec<&Change> {
    changes
        .iter()
        .filter(|change| matches!(change, Change::Opened { .. }))
        .collect()
}
