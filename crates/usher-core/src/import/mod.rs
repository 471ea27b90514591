//! What a line of somebody else's log says: one attempt, or how many there were in a span and how many of them failed.
//!
//! Splitting a file into lines and cells is the adapter's business. Here a line is a list of [`Cell`]s beside the [`Mapping`] of its
//! columns, and becomes a [`Row`] or a [`RowRefusal`]. The schema is that of the contract, section 5; `docs/import.md` says it for users.

mod field;
mod given;
mod identity;
mod mapping;
mod moment;
mod outcome;
mod overrides;
mod refusal;
mod row;

pub use field::Field;
pub use given::Cell;
pub use identity::{ContentDigest, Occurrences};
pub use mapping::{Column, Mapping, Origin, Target, Why};
pub use moment::read as read_moment;
pub use outcome::Outcome;
pub use overrides::{MapRefusal, Overrides};
pub use refusal::RowRefusal;
pub use row::{Aggregated, Kind, Meeting, Options, Row, SignatureSeen, Single, row};

/// The longest reason that is kept, in characters, its mark of being cut counted in.
pub const REASON_MAX_CHARS: usize = 2_000;
/// The longest line, or record of a table, in bytes.
pub const LINE_MAX_BYTES: usize = 1024 * 1024;
/// The most attempts of one aggregated row: sums over any file stay far inside 64 bits.
pub const ATTEMPTS_MAX: u64 = 1_000_000_000;
