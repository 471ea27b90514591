//! Join parameters: exactly the object that the Web SDK's `join()` takes.
//!
//! Exactly, because an unknown key fails the join in one view (code 3) and hangs it in another (Client View 2.16.0, seen by running
//! it). Which keys those are for a view and version stands in [`dialect`], with its source.

pub mod dialect;
pub mod limits;
mod mint;
mod sdk_version;

pub use mint::{JoinParameters, JoinRequest, Minted, check, mint};
