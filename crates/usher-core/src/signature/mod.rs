//! The signature: the Meeting SDK JWT that the Web SDK's `join()` carries.
//!
//! Claims and their limits: <https://developers.zoom.us/docs/meeting-sdk/auth/> and Zoom's own sample,
//! <https://github.com/zoom/meetingsdk-auth-endpoint-sample>. One fixed header, one algorithm (HS256): there is no `alg` to confuse.

mod claims;
mod key_pair;
mod unverified;

pub use claims::{Claims, EXPIRES_IN_S_MAX, EXPIRES_IN_S_MIN, Validity};
pub use key_pair::{KeyPair, Signature};
pub use unverified::{DecodeError, UnverifiedToken};

/// The part of the token before the first dot: `{"alg":"HS256","typ":"JWT"}`.
const HEADER_BASE64URL: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
