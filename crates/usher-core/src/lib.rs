//! The pure domain of Usher.
//!
//! Everything here is a function of its arguments: no clock, no environment, no file, no socket and no runtime. Time is an
//! argument ([`jiff::Timestamp`]), so whatever is decided here can be recomputed, replayed and tested. Facts about Zoom
//! carry their source; what is not verified says so.
//!
//! * [`signature`]: the Meeting SDK JWT: claims, signing, decoding without trust, verifying.
//! * [`join`]: the object that the Web SDK's `join()` takes, in the dialect of a view and version.
//! * [`meeting`]: meeting numbers and roles, the words shared by both.
//! * [`attempt`]: the id that one person's try carries from the mint to Zoom's confirmation.
//! * [`verdict`]: the vocabulary of causes and of parties that must act.
//! * [`failure`]: the catalogue of the Web SDK's error codes.
//! * [`text`]: characters that do not show.
//! * [`doctor`]: judges a signature, its claims, a join object or an error, and prints nothing.

#![warn(missing_docs)]

pub mod attempt;
pub mod doctor;
pub mod failure;
pub mod join;
pub mod meeting;
pub mod refusal;
pub mod signature;
pub mod text;
pub mod verdict;
