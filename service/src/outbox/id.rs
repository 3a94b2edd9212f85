//! The name of an event: its place in the order of commits and its time, in the form of a UUID.
//!
//! Ids of events sort as the events happened only within one database, by the place. The time in front makes them sort
//! nearly so among other UUIDv7, and tells two histories of one database apart.

use uuid::Uuid;

use crate::Timestamp;

/// Bits for the place; a UUIDv7 has as many after its variant.
const PLACE_BITS: u32 = 62;
const PLACE_MASK: u128 = (1 << PLACE_BITS) - 1;

/// The name of an event. Written as a UUIDv7 (RFC 9562): the milliseconds of its time, then its place as the counter.
///
/// # Examples
///
/// ```
/// use service::{EventId, Timestamp};
///
/// let id = EventId { position: 42, time: Timestamp(1_764_000_000_000) };
/// assert_eq!(id.as_uuid().to_string(), "019ab697-e800-7000-8000-00000000002a");
/// assert_eq!(EventId::of(id.as_uuid()), Some(id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    /// Place in the order of commits, from 1.
    pub position: i64,
    /// When it happened.
    pub time: Timestamp,
}

impl EventId {
    /// The name as a UUID.
    #[must_use]
    pub fn as_uuid(self) -> Uuid {
        let time = u128::from(self.time.0.unsigned_abs()) & ((1 << 48) - 1);
        let place = u128::from(self.position.unsigned_abs()) & PLACE_MASK;
        Uuid::from_u128(time << 80 | 7 << 76 | 2 << PLACE_BITS | place)
    }

    /// The name that a UUID is; `None` for a UUID that names no event.
    #[must_use]
    pub fn of(id: Uuid) -> Option<Self> {
        let bits = id.as_u128();
        let position = i64::try_from(bits & PLACE_MASK).ok()?;
        let time = Timestamp(i64::try_from(bits >> 80).ok()?);
        let name = Self { position, time };
        (position > 0 && name.as_uuid() == id).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_read_as_names() {
        let id = EventId { position: (1 << PLACE_BITS) - 1, time: Timestamp((1 << 48) - 1) };
        assert_eq!(EventId::of(id.as_uuid()), Some(id));
        for other in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0190_5f3c_41c2_7a10_8c3d_4e5f_6071_8293)] {
            assert_eq!(EventId::of(other), None);
        }
    }
}
