//! Segments of speech, and the bytes that they are packed into for storage.

/// A stretch of speech, in frames of 20 ms from the start of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Its first frame.
    pub start: u32,
    /// The frame behind its last one; larger than `start`.
    pub end: u32,
}

/// Why bytes are not a packed list of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// They end inside a number or between the two numbers of a segment.
    #[error("the packed segments are cut off")]
    CutOff,
    /// A number is longer than it has to be, so [`encode`] did not write it.
    #[error("the packed segments have a number with needless digits")]
    Overlong,
    /// A segment without length.
    #[error("the packed segments have an empty one")]
    Empty,
    /// A bound above 2^32 - 1 frames.
    #[error("the packed segments end after 2^32 frames")]
    OutOfRange,
}

/// Packs disjoint segments that are in order of time: per segment its distance from the end of the one before (for the
/// first, from 0) and its length, both in frames and as LEB128 (7 bits a byte, the lowest first, the top bit set on all
/// but the last). A segment of a conversation takes 3 to 4 bytes.
///
/// [`decode`] refuses what this makes of segments that overlap, are empty or are out of order.
///
/// ```
/// use audio::speech::{Segment, decode, encode};
///
/// let segments = [Segment { start: 36, end: 170 }, Segment { start: 225, end: 491 }];
/// let bytes = encode(&segments);
/// assert_eq!(bytes, [36, 0x86, 1, 55, 0x8A, 2]);
/// assert_eq!(decode(&bytes).unwrap(), segments);
/// ```
#[must_use]
pub fn encode(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * segments.len());
    let mut end = 0_u32;
    for segment in segments {
        // What wraps here is too large to be added to the bound before, which is how `decode` notices.
        put(segment.start.wrapping_sub(end), &mut bytes);
        put(segment.end.wrapping_sub(segment.start), &mut bytes);
        end = segment.end;
    }
    bytes
}

/// Unpacks what [`encode`] made. Takes at most 4 bytes of memory for each of `bytes`, whatever they are.
///
/// # Errors
/// [`PackedError`] for any bytes that `encode` does not make of disjoint segments in order of time.
pub fn decode(bytes: &[u8]) -> Result<Vec<Segment>, PackedError> {
    // A number's last byte is the one without the top bit.
    let numbers = bytes.iter().filter(|&&byte| byte < 0x80).count();
    let mut segments = Vec::with_capacity(numbers / 2);
    let (mut rest, mut end) = (bytes, 0_u32);
    while !rest.is_empty() {
        let start = end.checked_add(take(&mut rest)?).ok_or(PackedError::OutOfRange)?;
        let length = take(&mut rest)?;
        end = start.checked_add(length).ok_or(PackedError::OutOfRange)?;
        if length == 0 {
            return Err(PackedError::Empty);
        }
        segments.push(Segment { start, end });
    }
    Ok(segments)
}

fn put(mut number: u32, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(rest: &mut &[u8]) -> Result<u32, PackedError> {
    let mut number = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first().ok_or(PackedError::CutOff)?;
        *rest = after;
        let digits = u32::from(byte & 0x7F);
        if shift == 28 && byte > 0x0F {
            return Err(PackedError::OutOfRange);
        }
        if shift > 0 && byte == 0 {
            return Err(PackedError::Overlong);
        }
        number |= digits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(PackedError::OutOfRange)
}
