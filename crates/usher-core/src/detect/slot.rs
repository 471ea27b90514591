//! Which streams there are, and which failures count in which.

use crate::failure::FaultClass;

/// All fault classes, in the order of their streams.
pub(super) const CLASSES: [FaultClass; 8] = [
    FaultClass::Signature,
    FaultClass::App,
    FaultClass::Meeting,
    FaultClass::User,
    FaultClass::Device,
    FaultClass::Network,
    FaultClass::Zoom,
    FaultClass::Unknown,
];

/// What a stream is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Slot {
    /// All attempts; failures that the user alone caused, or that belong to one meeting, count as successes.
    Everybody,
    /// All attempts; failures of one class.
    Class(FaultClass),
    /// Attempts with one value of a dimension. For the dimensions `meeting` and `host` every failure counts, for others those that count for everybody.
    Value {
        /// The dimension.
        dim: String,
        /// The value.
        value: String,
    },
    /// Attempts with values of a dimension that have no stream of their own.
    OtherValues {
        /// The dimension.
        dim: String,
    },
}

impl Slot {
    /// Whether a failure of that class counts in the stream.
    pub(super) fn counts(&self, class: FaultClass) -> bool {
        match self {
            Slot::Class(own) => *own == class,
            Slot::Value { dim, .. } if dim == "meeting" || dim == "host" => true,
            _ => !matches!(class, FaultClass::User | FaultClass::Meeting),
        }
    }

    /// Whether no failure can count in both.
    pub(super) fn is_disjoint(&self, other: &Slot) -> bool {
        match (self, other) {
            (Slot::Class(one), Slot::Class(two)) => one != two,
            _ => self != other && self.dim().is_some() && self.dim() == other.dim(),
        }
    }

    /// Whether it is of attempts of all kinds.
    pub(super) fn is_general(&self) -> bool {
        self.dim().is_none()
    }

    fn dim(&self) -> Option<&str> {
        match self {
            Slot::Value { dim, .. } | Slot::OtherValues { dim } => Some(dim),
            Slot::Everybody | Slot::Class(_) => None,
        }
    }
}
