//! Samples as little-endian PCM16 bytes: one channel, or two channels interleaved.

/// Appends the samples' bytes to `out`.
pub fn pcm16_bytes(samples: &[i16], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + samples.len() * 2, 0);
    let (bytes, _) = out[start..].as_chunks_mut::<2>();
    for (bytes, sample) in bytes.iter_mut().zip(samples) {
        *bytes = sample.to_le_bytes();
    }
}

/// Appends stereo frames to `out`: a sample of `left`, then one of `right`. The shorter channel is padded with silence.
pub fn interleave(left: &[i16], right: &[i16], out: &mut Vec<u8>) {
    let start = out.len();
    let frames = left.len().max(right.len());
    let both = left.len().min(right.len());
    out.resize(start + frames * 4, 0);
    let (bytes, _) = out[start..].as_chunks_mut::<4>();
    for ((bytes, &left), &right) in bytes.iter_mut().zip(left).zip(right) {
        *bytes = frame(left, right);
    }
    for (bytes, &left) in bytes[both..].iter_mut().zip(&left[both..]) {
        *bytes = frame(left, 0);
    }
    for (bytes, &right) in bytes[both..].iter_mut().zip(&right[both..]) {
        *bytes = frame(0, right);
    }
}

fn frame(left: i16, right: i16) -> [u8; 4] {
    (u32::from(left.cast_unsigned()) | u32::from(right.cast_unsigned()) << 16).to_le_bytes()
}
