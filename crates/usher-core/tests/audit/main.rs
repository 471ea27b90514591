//! "Were the signatures of that hour valid?"

#![allow(clippy::unwrap_used)]

mod bounds;
mod judgement;
mod margins;
mod shapes;
mod signatures;
