//! What Usher watches besides attempts: its clock against Zoom's, its own calls to Zoom, Zoom's status page, and what it changes itself.
//!
//! No join waits for a witness, and none fails because of one: they say what they see to a log that nobody waits for, and minting copies
//! what the clock witness knows.

mod api;
mod changes;
mod clock;
mod log;
mod sntp;
mod status;
mod system_clock;
mod timepiece;
mod watch;

use jiff::Timestamp;

use sntp::Sntp;

pub use api::{Api, Ending};
pub use clock::{Clock, Heard};
pub use log::Log;
pub use sntp::SntpAnswer;
pub use system_clock::{SystemClock, system_clock};
pub use timepiece::Timepiece;
pub use watch::watch;

/// All of them.
#[derive(Debug)]
pub struct Witnesses {
    pub clock: Clock,
    pub api: Api,
    pub sntp: Sntp,
    pub log: Log,
    /// When they began to watch.
    pub since: Timestamp,
}

impl Witnesses {
    pub fn new(timepiece: Timepiece, log: Log) -> Self {
        Self {
            clock: Clock::new(timepiece, log.clone()),
            api: Api::new(log.clone()),
            sntp: Sntp::default(),
            log,
            since: (timepiece.wall)(),
        }
    }
}
