//! Containers by their first bytes: for audio that should be bare samples and may be a whole file. The more reason
//! there is to expect a file, the shorter are the signatures that count.

/// The container that `bytes` begin with, if that is as good as certain; `None` for samples.
///
/// Samples can have any value, so only signatures of 5 bytes and more count. Speech has one by chance less than once in
/// 2^40 chunks.
#[must_use]
pub fn container(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "a WAV file",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => "an AVI file",
        [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "an RF64 (WAV) file",
        [b'B', b'W', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "a BW64 (WAV) file",
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => "an AIFF file",
        [b'O', b'g', b'g', b'S', 0, 0..=7, ..] => "an Ogg file",
        [b'f', b'L', b'a', b'C', 0 | 0x80, ..] => "a FLAC file",
        [b'.', b's', b'n', b'd', 0, 0, _, _, ..] => "an AU file",
        [b'c', b'a', b'f', b'f', 0, 1, ..] => "a CAF file",
        [b'#', b'!', b'A', b'M', b'R', b'\n' | b'-', ..] => "an AMR file",
        [b'I', b'D', b'3', 2..=4, 0..=0xFE, _, a, b, c, d, ..] if (a | b | c | d) < 0x80 => "an MP3 file",
        [0, 0, 0, 8..=255, b'f', b't', b'y', b'p', ..] => "an MP4 file",
        // The header's first element is its version, or its type: `webm` or `matroska`.
        [0x1A, 0x45, 0xDF, 0xA3, rest @ ..]
            if rest.iter().take(12).zip(rest.iter().skip(1)).any(|pair| matches!(pair, (0x42, 0x82 | 0x86))) =>
        {
            "a WebM or Matroska file"
        }
        _ => return None,
    })
}

/// As [`container`], for the first bytes of a track or of a whole buffer: shorter signatures count as well, those of
/// WebM and Matroska, and two frames of MP3 or AAC in a row.
///
/// One header of a frame is not enough: its first 11 bits are ones, as mu-law's silence is.
#[must_use]
pub fn leading_container(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Some("a WebM or Matroska file"),
        [0xFF, 0xE0..=0xFF, ..] if has_frames(bytes, mp3_frame) => Some("an MP3 file"),
        [0xFF, 0xF0..=0xFF, ..] if has_frames(bytes, aac_frame) => Some("an AAC file"),
        _ => container(bytes),
    }
}

/// As [`leading_container`], for the first bytes of a file that a person named: four bytes are enough, and relatives of
/// WAV count as WAV, since [`HeaderReader`](crate::wav::HeaderReader) tells them apart.
#[must_use]
pub fn file_container(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        _ if is_wav(bytes) => Some("a WAV file"),
        [b'O', b'g', b'g', b'S', ..] => Some("an Ogg file"),
        [b'f', b'L', b'a', b'C', ..] => Some("a FLAC file"),
        [b'I', b'D', b'3', 2..=4, ..] => Some("an MP3 file"),
        [b'.', b's', b'n', b'd', ..] => Some("an AU file"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("an MP4 file"),
        _ => leading_container(bytes),
    }
}

/// Whether a file's first bytes are those of a WAV file or of one of its relatives (RIFX, RF64, BW64).
#[must_use]
pub fn is_wav(bytes: &[u8]) -> bool {
    matches!(bytes, [b'R', b'I', b'F', b'F' | b'X', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..])
}

/// A frame's length in bytes, and what has to be the same in the next.
type Frame = (usize, (u8, u8));

/// Whether the bytes begin with two frames that belong together.
fn has_frames(bytes: &[u8], frame: fn(&[u8]) -> Option<Frame>) -> bool {
    let Some((length, kind)) = frame(bytes) else { return false };
    bytes.get(length..).and_then(frame).is_some_and(|(_, next)| next == kind)
}

/// The AAC frame (ADTS) that begins here: version and profile with rate are the same in the next.
fn aac_frame(bytes: &[u8]) -> Option<Frame> {
    let &[0xFF, second, third, fourth, fifth, sixth, _, ..] = bytes else { return None };
    let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    (second & 0xF6 == 0xF0 && length > 7).then_some((length, (second, third & 0xFC)))
}

/// The MPEG audio frame of layer III that begins here: version and rate are the same in the next.
fn mp3_frame(bytes: &[u8]) -> Option<Frame> {
    /// Kilobits a second, for MPEG 1, and for MPEG 2 and 2.5.
    const BIT_RATES: [[usize; 14]; 2] = [
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let &[0xFF, second, third, _, ..] = bytes else { return None };
    let version = second >> 3 & 3;
    let (bit_rate, rate) = (usize::from(third >> 4), third >> 2 & 3);
    if second < 0xE0 || second >> 1 & 3 != 1 || version == 1 || rate == 3 {
        return None;
    }
    let old = usize::from(version != 3);
    let kilobits = BIT_RATES[old].get(bit_rate.checked_sub(1)?)?;
    let hz = [44_100, 48_000, 32_000][usize::from(rate)] >> (3 - version).min(2);
    let padding = usize::from(third >> 1 & 1);
    Some(([144_000, 72_000][old] * kilobits / hz + padding, (version, rate)))
}
