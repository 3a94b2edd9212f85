//! The one form in which a moment is stored.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z. An integer sorts, compares and indexes the same way in
/// every database, which a text with an optional fraction does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType, Serialize, Deserialize)]
pub struct Timestamp(pub i64);
