//! Reads hits in order until a page is full. The number of hits that are read is bounded by the page for a common word,
//! by the hits for a rare one, and by the calls for a rare filter.
//!
//! Hits come by the start of their call. Those of one millisecond are sorted here, so a page is cut only where all hits
//! of a millisecond are known.
//!
//! The three ways to a page, and when each is taken:
//!
//! 1. Hits are read from the index of words, newest call first, until enough of them fit the filter. A common word
//!    fills a page from its first slice. A range of times begins with its newest call and ends with its oldest.
//! 2. After 2,000 hits without a full page, the calls that match the filter are counted, up to 1,000. If there are no
//!    more, all their entries are compared with the query in memory, which is exact and bounded.
//! 3. Otherwise reading goes on, in slices of up to 5,000 hits. A rare word ends with its hits, and a filter with
//!    many calls finds them soon.
//!
//! All reads are in one snapshot, so a transcript that changes meanwhile is neither found twice nor missed within a
//! page. Across pages the cursor is a place in the order: what is added before it stays unseen, and nothing appears
//! twice.

use std::collections::HashMap;

use audio::number::wide;
use entity::{call, search_entry, transcript};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, SimpleExpr},
};
use uuid::Uuid;

use super::{order::Place, request::SearchTranscripts};
use crate::{
    CallFilter,
    calls::{Lead, Visible, matching},
    database::{Hit, HitsFrom, Storage},
    entries::START_MAX,
};

/// Hits of the first read, beyond those that the page needs, and of the longest read.
const FIRST: u64 = 50;
const LAST: u64 = 5_000;
/// After so many hits without a full page, the calls that match the filter are counted.
const PASSED: u64 = 2_000;
/// A filter with fewer calls is rare: all their transcripts are read.
const RARE: u64 = 1_000;
/// Ids in one query.
const IDS: usize = 500;

/// How many hits to read next: what should fill the page by the share of those that fit so far, and a quarter more.
///
/// Four times the last slice at most, since the share of few hits says little, and `LAST`.
fn next_slice(last: u64, passed: u64, ready: u64, wanted: u64) -> u64 {
    let most = Ord::min(last * 4, LAST);
    let missing = wanted.saturating_sub(ready) * passed * 5 / 4;
    missing.checked_div(ready).map_or(most, |hits| Ord::min(hits + FIRST, most))
}

/// Reads hits of one search in a snapshot.
pub(super) struct Gathering<'a> {
    pub storage: &'a dyn Storage,
    pub snapshot: &'a DatabaseTransaction,
    pub search: &'a SearchTranscripts,
}

impl Gathering<'_> {
    /// The first hits after a place, at least `wanted` if there are as many, in order and without scores.
    ///
    /// More than `wanted` may be returned; the caller cuts. `after` is exclusive. The hits of one millisecond stay
    /// `open` until a later slice proves that all are known, since their order among each other is made here, by the
    /// time of the utterance.
    ///
    /// # Errors
    /// A failing database.
    pub(super) async fn read(&self, after: Option<&Place>, wanted: u64) -> Result<Vec<Place>, DbErr> {
        let CallFilter { started_after, started_before, .. } = &self.search.filter;
        // Of the calls that began at the first time of a range or before its last, `fits` decides.
        let newest = after.map(|place| place.start_time).or(started_before.map(|time| time.0));
        let oldest = started_after.map_or(i64::MIN, |time| Ord::min(time.0, START_MAX));
        let mut from = newest.map_or(HitsFrom::Newest, HitsFrom::Start);
        let (mut ready, mut open) = (Vec::new(), Vec::new());
        let (mut passed, mut slice) = (0, Ord::min(wanted + FIRST, LAST));
        let mut may_be_rare = self.search.filter != CallFilter::default();
        loop {
            let hits = self.storage.hits(self.snapshot, &self.search.query, self.fits(), from, slice).await?;
            let is_end = wide(hits.len()) < slice || hits.last().is_some_and(|hit| hit.start_time() < oldest);
            passed += wide(hits.len());
            let Some(last) = hits.last().map(|hit| (hit.start_time(), hit.place, hit.id)) else {
                self.complete(&mut ready, open, after).await?;
                break;
            };
            open.extend(hits.into_iter().filter(|hit| hit.fits));
            let unknown =
                if is_end { Vec::new() } else { open.extract_if(.., |hit| hit.start_time() == last.0).collect() };
            self.complete(&mut ready, std::mem::replace(&mut open, unknown), after).await?;
            if is_end || wide(ready.len()) >= wanted {
                break;
            }
            if may_be_rare && passed >= PASSED {
                may_be_rare = false;
                if let Some(calls) = self.rare_calls(after).await? {
                    ready = self.of_calls(calls, after).await?;
                    break;
                }
            }
            from = HitsFrom::After(last.1, last.2);
            slice = next_slice(slice, passed, wide(ready.len()), wanted);
        }
        ready.sort_by(Place::order);
        Ok(ready)
    }

    /// The condition on an entry that is no matter of its words.
    ///
    /// It is evaluated for each hit as a column and not as a condition, so that the index of words leads. As a
    /// condition it could make the planner begin with the calls, which costs their number and not that of the hits.
    fn fits(&self) -> SimpleExpr {
        let calls = call::Entity::find()
            .select_only()
            .expr(Expr::val(1))
            .visible()
            .filter(self.calls(Lead::Any))
            .filter(Expr::cust("\"call\".\"id\" = \"search_entry\".\"call_id\""));
        let call = Expr::exists(calls.into_query());
        match self.of_transcript() {
            Some(condition) => call.and(condition),
            None => call,
        }
    }

    /// The condition on a call.
    fn calls(&self, lead: Lead) -> Condition {
        matching(&self.search.filter, lead, None, self.snapshot.get_database_backend())
    }

    /// The condition that an entry's transcript has the speaker, track and kind.
    fn of_transcript(&self) -> Option<SimpleExpr> {
        use transcript::Column;
        let SearchTranscripts { speaker, track, kind, .. } = self.search;
        if speaker.is_none() && track.is_none() && kind.is_none() {
            return None;
        }
        let condition = Condition::all()
            .add_option(speaker.as_ref().map(|speaker| Column::Speaker.eq(speaker.expose())))
            .add_option(track.map(|track| Column::Track.eq(track)))
            .add_option(kind.map(|kind| Column::Kind.eq(kind)));
        let transcripts = transcript::Entity::find()
            .select_only()
            .expr(Expr::val(1))
            .filter(condition)
            .filter(Expr::cust("\"transcript\".\"id\" = \"search_entry\".\"transcript_id\""));
        Some(Expr::exists(transcripts.into_query()))
    }

    /// Adds hits to those that are complete, without those up to `after`.
    ///
    /// Hits carry no time of their utterance; it is read here, 500 at a time. An entry without a transcript cannot
    /// exist, since both go in one transaction.
    async fn complete(&self, ready: &mut Vec<Place>, hits: Vec<Hit>, after: Option<&Place>) -> Result<(), DbErr> {
        let mut times: HashMap<Uuid, Option<f64>> = HashMap::new();
        for hits in hits.chunks(IDS) {
            let rows = transcript::Entity::find()
                .select_only()
                .columns([transcript::Column::Id, transcript::Column::StartTime])
                .filter(transcript::Column::Id.is_in(hits.iter().map(|hit| hit.transcript_id)));
            times.extend(rows.into_tuple::<(Uuid, Option<f64>)>().all(self.snapshot).await?);
        }
        let places = hits.iter().map(|hit| Place {
            score: 0.0,
            start_time: hit.start_time(),
            call: hit.call_id,
            time: times.get(&hit.transcript_id).copied().flatten(),
            transcript: hit.transcript_id,
        });
        ready.extend(places.filter(|place| place.is_after(after)));
        Ok(())
    }

    /// The calls that match the filter, if these are few.
    ///
    /// Reads one call more than are allowed, which answers the question without counting on. `None` means too many.
    async fn rare_calls(&self, after: Option<&Place>) -> Result<Option<Vec<Uuid>>, DbErr> {
        let lead = Lead::choose(&self.search.filter, self.snapshot).await?;
        let calls = call::Entity::find().select_only().column(call::Column::Id).visible();
        let mut calls = calls.filter(self.calls(lead));
        if let Some(after) = after {
            calls = calls.filter(Expr::cust_with_values("\"call\".\"start_time\" <= ?", [after.start_time]));
        }
        let calls: Vec<Uuid> = calls.limit(RARE + 1).into_tuple().all(self.snapshot).await?;
        Ok((wide(calls.len()) <= RARE).then_some(calls))
    }

    /// All hits in these calls. Their texts are compared here.
    async fn of_calls(&self, calls: Vec<Uuid>, after: Option<&Place>) -> Result<Vec<Place>, DbErr> {
        let mut ready = Vec::new();
        for calls in calls.chunks(IDS) {
            let mut entries = search_entry::Entity::find()
                .filter(search_entry::Column::CallId.is_in(calls.iter().copied()))
                .order_by_asc(search_entry::Column::CallId);
            if let Some(condition) = self.of_transcript() {
                entries = entries.filter(condition);
            }
            let mut hits = Vec::new();
            for entry in entries.all(self.snapshot).await? {
                let words: Vec<&str> = entry.text.expose().split(' ').collect();
                if self.search.query.matches_words(&words) {
                    let (id, place) = (entry.id, entry.place);
                    let (transcript_id, call_id) = (entry.transcript_id, entry.call_id);
                    hits.push(Hit { id, place, transcript_id, call_id, fits: true });
                }
            }
            self.complete(&mut ready, hits, after).await?;
        }
        Ok(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_what_should_fill_the_page() {
        // Of 2,000 hits one in a hundred fits, and 31 are missing: 3,100 and a quarter more.
        assert_eq!(next_slice(1_600, 2_000, 20, 51), 3_925);
        assert_eq!(next_slice(1_600, 2_000, 50, 51), FIRST + 50);
        // Nothing fits so far, or the share would ask for more than is allowed.
        assert_eq!((next_slice(101, 101, 0, 51), next_slice(101, 101, 1, 51)), (404, 404));
        assert_eq!(next_slice(LAST, 20_000, 1, 51), LAST);
    }
}
