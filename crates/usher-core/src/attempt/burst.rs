//! Bursts: whoever fails tries again, so that their attempts depend on each other. The first one counts.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

/// The longest gap between two attempts of one burst. Our own choice: people who come back later come for another reason.
pub const GAP: SignedDuration = SignedDuration::from_mins(10);

/// Tells first attempts from repeated ones, while attempts go by in the order of time.
///
/// `K` is the participant and the meeting. Attempts without a participant have no key: each counts by itself.
#[derive(Debug)]
pub struct Bursts<K> {
    last: HashMap<K, Last>,
    /// Entries older than the gap are dropped when there are this many.
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Timestamp,
    has_joined: bool,
}

impl<K: Eq + Hash> Default for Bursts<K> {
    fn default() -> Self {
        Self {
            last: HashMap::new(),
            sweep_at: 1024,
        }
    }
}

impl<K: Eq + Hash> Bursts<K> {
    /// Whether this attempt is the first of its burst: none before it within [`GAP`], or the last one got in.
    pub fn is_first(&mut self, key: K, at: Timestamp, has_joined: bool) -> bool {
        let is_over = |last: &Last| last.has_joined || at.duration_since(last.at) > GAP;
        let is_first = self.last.get(&key).is_none_or(is_over);
        self.last.insert(key, Last { at, has_joined });
        if self.last.len() >= self.sweep_at {
            self.last
                .retain(|_, last| at.duration_since(last.at) <= GAP);
            self.sweep_at = (2 * self.last.len()).max(1024);
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(tries: &[(&str, i64, bool)]) -> Vec<bool> {
        let mut bursts = Bursts::default();
        tries
            .iter()
            .map(|(who, minute, has_joined)| {
                let at = Timestamp::from_second(1_700_000_000 + minute * 60).unwrap();
                bursts.is_first(*who, at, *has_joined)
            })
            .collect()
    }

    #[test]
    fn a_gap_of_ten_minutes_belongs_to_the_burst_and_a_longer_one_ends_it() {
        assert_eq!(
            marks(&[("a", 0, false), ("a", 10, false), ("a", 20, false)]),
            [true, false, false]
        );
        assert_eq!(marks(&[("a", 0, false), ("a", 11, false)]), [true, true]);
    }

    #[test]
    fn an_attempt_that_got_in_ends_its_burst() {
        assert_eq!(
            marks(&[("a", 0, false), ("a", 1, true), ("a", 2, false)]),
            [true, false, true]
        );
    }

    #[test]
    fn people_do_not_share_a_burst() {
        assert_eq!(marks(&[("a", 0, false), ("b", 1, false)]), [true, true]);
    }

    #[test]
    fn sweeping_forgets_only_what_is_over() {
        let mut bursts = Bursts::default();
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        for n in 0..5_000_i64 {
            assert!(bursts.is_first(n, start + SignedDuration::from_secs(n), false));
        }
        assert!(bursts.last.len() < 2_000);
        assert!(!bursts.is_first(4_999, start + SignedDuration::from_secs(5_000), false));
    }
}
