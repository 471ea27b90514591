//! Why joins fail, and who must act: the causes, and what speaks for and against each.
//!
//! A verdict is computed from a [`Case`]: an incident with the attempts and the witnesses' lines of its time. Every cause has a file in
//! `causes`, which says how it would show; what it says is compared with what there is, term by term, each a sentence with its counts and a
//! log-likelihood ratio against "a cause that nobody thought of". What a missing witness would have told stays open: it is no evidence.
//!
//! The numbers are judgement, as `docs/decisions.md` says, and are calibrated by scenarios.

mod case;
mod causes;
mod figures;
mod shows;
mod term;
mod vocabulary;
mod weigh;

pub use case::{Attempt, Case, Signed};
pub use term::Term;
pub use vocabulary::{Cause, Party};
pub use weigh::{Leading, RuledOut, Verdict, verdict};
