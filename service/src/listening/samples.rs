//! The samples of a recording, from its bytes.

use std::io;

use audio::number::wide;
use futures_util::{
    TryStreamExt,
    stream::{self, BoxStream},
};

use crate::AudioStream;

/// Interleaved samples of whole frames.
pub(super) type Samples = BoxStream<'static, io::Result<Vec<i16>>>;

/// The samples in a stream of bytes, of which the first `skip` are none. Each item has whole frames of `frame` bytes.
pub(super) fn samples(bytes: AudioStream, skip: u64, frame: usize) -> Samples {
    let state = (bytes, Vec::new(), skip);
    let samples = stream::try_unfold(state, move |(mut bytes, mut rest, mut skip): (_, Vec<u8>, _)| async move {
        loop {
            let Some(piece) = AudioStream::try_next(&mut bytes).await? else { return Ok::<_, io::Error>(None) };
            let skipped = skip.min(wide(piece.len()));
            skip -= skipped;
            rest.extend_from_slice(&piece[usize::try_from(skipped).unwrap_or(piece.len())..]);
            let whole: Vec<u8> = rest.drain(..rest.len() - rest.len() % frame).collect();
            if !whole.is_empty() {
                let samples = whole.as_chunks::<2>().0.iter().copied().map(i16::from_le_bytes).collect();
                return Ok(Some((samples, (bytes, rest, skip))));
            }
        }
    });
    Box::pin(samples)
}
