//! Whether the system itself keeps its clock right, where Linux tells it.

use std::time::Duration;

/// From here on the kernel calls its clock unsynchronised (`adjtimex(2)`): nobody has disciplined it for so long that its error, which
/// grows by 500 ppm, may be this large. systemd asks for the same: chrony may leave the kernel's own flag alone.
#[cfg(target_os = "linux")]
const UNSYNCHRONISED_FROM: Duration = Duration::from_secs(16);

/// What the kernel says of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemClock {
    /// Something (chrony, ntpd, systemd-timesyncd, a hypervisor's daemon) keeps it, and says that it is wrong by this at most.
    Synchronised {
        error_max: Duration,
    },
    Unsynchronised,
    /// The system does not tell.
    Unknown,
}

impl SystemClock {
    pub fn as_str(self) -> &'static str {
        match self {
            SystemClock::Synchronised { .. } => "synchronised",
            SystemClock::Unsynchronised => "unsynchronised",
            SystemClock::Unknown => "unknown",
        }
    }
}

/// Asks the kernel.
#[cfg(target_os = "linux")]
pub fn system_clock() -> SystemClock {
    let mut state = rtime_clock::adjtime::Timex::new();
    let Ok(_) = rtime_clock::adjtime::adjtimex(&mut state) else {
        return SystemClock::Unknown;
    };
    let error_max = Duration::from_micros(u64::try_from(state.0.maxerror).unwrap_or(u64::MAX));
    if error_max < UNSYNCHRONISED_FROM {
        SystemClock::Synchronised { error_max }
    } else {
        SystemClock::Unsynchronised
    }
}

#[cfg(not(target_os = "linux"))]
pub fn system_clock() -> SystemClock {
    SystemClock::Unknown
}
