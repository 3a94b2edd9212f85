//! Statistics over calls, by interval of a time zone and by group.
//!
//! Reading a million rows takes seconds, so what statistics need of the calls that began within three hours is packed
//! into one row of `stats_slot`. It cannot drift, since nothing is added to it or taken from it: a change of a call
//! only marks its slot (triggers do, in the same transaction), and a marked slot counts for nothing. A read takes
//! unmarked slots as they are, and the calls of marked ones from their rows. In the background, [`Slots`] builds marked
//! slots from the rows.
//!
//! ```text
//!   a call changes ---> the slot is marked ---> Slots packs its calls, and removes the marks that it has seen
//!                              |                                   |
//!            a read takes the calls' rows              a read takes the packed calls
//! ```
//!
//! Both ways lead into the same code, which counts calls one by one, so an answer does not depend on them. Filters that
//! slots cannot answer, such as those of custom data, always take the rows.

mod build;
mod interval;
mod matcher;
mod part;
mod slot;
mod source;
mod tally;
mod values;

pub(crate) use build::Slots;
pub use interval::{Interval, TimeZone};
pub use part::{CallStats, Stats, StatsQuery};
pub use tally::{DurationFigures, Figures, GroupBy, LatencyFigures, StatsItem};
