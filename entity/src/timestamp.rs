//! The type in which all times are stored.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z. Integers sort, compare and index the same way in
/// every database; text with an optional fraction does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType, Serialize, Deserialize)]
pub struct Timestamp(pub i64);
