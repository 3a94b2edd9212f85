//! Compares a recording with the audio sent, sample by sample. The recording is read as a stream and the sent audio is
//! computed again, so that no call is held in memory. A recording has twice the sample rate: every second sample of a
//! channel is an original one.

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    error::CallFailure,
    frame::{Frame, Track},
    request::Download,
    synthetic::Synthetic,
};

/// The length of the WAV header that the service writes.
const HEADER_BYTES: usize = 44;
/// Samples of a recording per millisecond and channel.
const RECORDED_A_MS: usize = 16;

/// The expected content of a recording.
pub(super) struct Expected<'a> {
    /// The synthetic audio of the run.
    pub audio: &'a Synthetic,
    /// The number of the call.
    pub call: u32,
    /// The items that the service reports as stored, in ascending order.
    pub found: &'a [usize],
    /// The tracks with audio, in the order of the channels.
    pub tracks: &'a [Track],
}

/// Compares a recording and returns the frames that differ. Stored frames must match the audio sent; everything else
/// must be silence.
pub(super) async fn compare(
    expected: &Expected<'_>,
    channels: u16,
    mut download: Download,
) -> Result<Vec<(Frame, usize)>, CallFailure> {
    let mut differing = Vec::new();
    let no_wav = |reason: &str| CallFailure::NoWav { reason: reason.to_owned() };
    if usize::from(channels) != expected.tracks.len() {
        return Err(no_wav(&format!("it has {channels} channels for {} tracks", expected.tracks.len())));
    }
    let tick_bytes = expected.audio.frame_ms() as usize * RECORDED_A_MS * usize::from(channels) * 2;
    let (mut waiting, mut header, mut tick) = (BytesMut::new(), true, 0);
    while let Some(bytes) = download.next().await? {
        waiting.extend_from_slice(&bytes);
        if header {
            if waiting.len() < HEADER_BYTES {
                continue;
            }
            check_header(&waiting.split_to(HEADER_BYTES), channels).map_err(no_wav)?;
            header = false;
        }
        while waiting.len() >= tick_bytes {
            expected.compare_tick(tick, waiting.split_to(tick_bytes).freeze(), &mut differing);
            tick += 1;
        }
    }
    if header || !waiting.is_empty() {
        return Err(no_wav("it does not end at the end of a frame"));
    }
    Ok(differing)
}

fn check_header(header: &[u8], channels: u16) -> Result<(), &'static str> {
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if &header[..4] != b"RIFF" || &header[8..16] != b"WAVEfmt " || &header[36..40] != b"data" {
        return Err("its header is not a 44-byte RIFF/WAVE header");
    }
    // At 20: format PCM and the channel count; at 24: the sample rate; at 34: bits per sample.
    if number(20) != u32::from(channels) << 16 | 1 || number(24) != 16_000 || number(34) & 0xFFFF != 16 {
        return Err("its format is not 16-bit PCM at 16 kHz with the expected channels");
    }
    Ok(())
}

impl Expected<'_> {
    fn compare_tick(&self, tick: usize, mut recorded: Bytes, differing: &mut Vec<(Frame, usize)>) {
        let channels = self.tracks.len();
        let mut samples = Vec::with_capacity(recorded.len() / 2);
        while recorded.has_remaining() {
            samples.push(recorded.get_i16_le());
        }
        for (channel, &track) in self.tracks.iter().enumerate() {
            let item = self.audio.item(track, tick);
            let frame = self.audio.frame(item);
            let mut heard = samples[channel..].iter().step_by(2 * channels).copied();
            let good = if self.found.binary_search(&item).is_ok() {
                let mut sent = BytesMut::new();
                self.audio.write_raw(self.call, frame, &mut sent);
                heard.eq(sent.iter().map(|&code| mulaw(code)))
            } else {
                heard.all(|sample| sample == 0)
            };
            if !good {
                differing.push((frame, item));
            }
        }
    }
}

/// Decodes mu-law by the formula of ITU-T G.711, not by the service's table, which this checks.
fn mulaw(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i16::from(code & 0x0F) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mulaw_is_the_table_of_the_standard() {
        let codes: Vec<u8> = (0..=255).collect();
        let samples: Vec<_> = codes.iter().map(|&code| mulaw(code)).collect();
        assert_eq!(samples, audio::mulaw_to_pcm16(&codes));
    }
}
