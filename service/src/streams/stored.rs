//! What is stored of a call when a carrier's socket opens.

use sea_orm::{ActiveEnum, ConnectionTrait, FromQueryResult, Statement};
use uuid::Uuid;

use super::{continuity::StoredTrack, part::Streams};
use crate::{Error, Track, calls::AudioFormat, chunks::track_index};

impl Streams {
    /// The ends of a call's stored tracks.
    ///
    /// Moves the call's chunks out of the journal first, since it reads only `audio_chunk`. The older socket has stored
    /// everything by then.
    pub(super) async fn stored_tracks(
        &self,
        call: Uuid,
        format: AudioFormat,
    ) -> Result<[Option<StoredTrack>; 2], Error> {
        #[derive(FromQueryResult)]
        struct Row {
            track: i16,
            last_sequence: i32,
            latest_ms: Option<i32>,
            end_ms: Option<i64>,
        }
        self.chunks.settle(call).await?;
        let readers = self.core.database.readers();
        let bytes_a_second =
            i64::from(format.sample_rate_hz) * i64::try_from(format.encoding.bytes_per_sample()).unwrap_or(i64::MAX);
        let query = Statement::from_sql_and_values(
            readers.get_database_backend(),
            "SELECT track, MAX(last_sequence) AS last_sequence, MAX(timestamp) AS latest_ms,
                MAX(timestamp + (OCTET_LENGTH(data) * 1000 + $2 - 1) / $2) AS end_ms
            FROM audio_chunk WHERE call_id = $1 GROUP BY track",
            [call.into(), bytes_a_second.into()],
        );
        let mut stored = [None; 2];
        for row in Row::find_by_statement(query).all(readers).await? {
            let track = Track::try_from_value(&row.track)?;
            stored[track_index(track)] = Some(StoredTrack {
                last_sequence: row.last_sequence.unsigned_abs(),
                latest_ms: row.latest_ms.unwrap_or(0).unsigned_abs(),
                end_ms: u32::try_from(row.end_ms.unwrap_or(0)).unwrap_or(u32::MAX),
            });
        }
        Ok(stored)
    }
}
