//! The pure domain of Usher.
//!
//! Everything here is a function of its arguments: no clock, no environment, no file, no socket and no runtime. Time is an
//! argument ([`jiff::Timestamp`]), so whatever is decided here can be recomputed, replayed and tested. Facts about Zoom
//! carry their source; what is not verified says so.
//!
//! * [`signature`]: the Meeting SDK JWT: claims, signing, decoding without trust, verifying.
//! * [`join`]: the object that the Web SDK's `join()` takes, in the dialect of a view and version.
//! * [`meeting`]: meeting numbers and roles, the words shared by both.
//! * [`attempt`]: one person trying once: its id, its events, the story they tell, its outcome as of a moment.
//! * [`failure`]: the catalogue of the Web SDK's error codes.
//! * [`audit`]: whether the signatures of a span of time were valid, and who made them.
//! * [`import`]: what a line of somebody else's log says.
//! * [`localize`]: the slice of attempts that explains best why more failed than usual.
//! * [`clock`]: how far our clock is from Zoom's.
//! * [`witness`]: what the witnesses said, line by line: clock, API calls, status page, changes.
//! * [`webhook`]: what Zoom sends: whether it is Zoom's, what it says, which attempt it is about.
//! * [`detect`]: when attempts fail more than usual, since when, and until when.
//! * [`verdict`]: why joins fail and who must act, with the evidence for and against.
//! * [`recurrence`]: whether to expect it again.
//! * [`explain`]: a log from attempts to verdicts.
//! * [`text`]: characters that do not show.
//! * [`doctor`]: judges a signature, its claims, a join object or an error, and prints nothing.

#![warn(missing_docs)]

pub mod attempt;
pub mod audit;
pub mod clock;
pub mod detect;
pub mod doctor;
pub mod explain;
pub mod failure;
pub mod import;
pub mod join;
pub mod localize;
pub mod meeting;
pub mod recurrence;
pub mod refusal;
pub mod signature;
pub mod text;
pub mod verdict;
pub mod webhook;
pub mod witness;
