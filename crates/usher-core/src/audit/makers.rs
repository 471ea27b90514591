//! Which release, app, instance and environment made the signatures.

use super::judge::Judgement;
use super::tally::Tally;
use super::{Counts, MakerCount, Signed};

/// How many makers are told apart; the signatures of the others are counted together.
pub const MAKERS_MAX: usize = 200;

#[derive(Debug)]
pub(super) struct Makers {
    listed: Tally<MakerCount>,
    others: Counts,
}

impl Default for Makers {
    fn default() -> Self {
        Self {
            listed: Tally::new(MAKERS_MAX),
            others: Counts::default(),
        }
    }
}

impl Makers {
    pub(super) fn add(&mut self, signed: &Signed<'_>, judgement: &Judgement) {
        let maker = self.listed.of(
            |key| {
                for part in [
                    signed.release,
                    signed.app,
                    signed.instance,
                    signed.environment,
                ] {
                    key.optional(part);
                }
            },
            || MakerCount {
                release: signed.release.map(str::to_owned),
                app: signed.app.map(str::to_owned),
                instance: signed.instance.map(str::to_owned),
                environment: signed.environment.map(str::to_owned),
                counts: Counts::default(),
            },
        );
        maker
            .map_or(&mut self.others, |maker| &mut maker.counts)
            .add(judgement);
    }

    /// Those with the most signatures first, and the others together if there are any.
    pub(super) fn finish(self) -> (Vec<MakerCount>, Option<Counts>) {
        let mut listed: Vec<MakerCount> = self.listed.into_values().collect();
        listed.sort_by(|a, b| {
            let by_count = b.counts.total().cmp(&a.counts.total());
            by_count.then_with(|| a.names().cmp(&b.names()))
        });
        let others = Some(self.others).filter(|others| others.total() > 0);
        (listed, others)
    }
}
