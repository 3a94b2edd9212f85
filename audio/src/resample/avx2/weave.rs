//! Interleaves the samples of two or three vectors.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

use std::arch::x86_64::__m256i;

use pulp::x86::V3;

/// Samples interpolated side by side: eight even ones, eight odd ones.
pub(super) const STRIP: usize = 16;

/// Writes `first[0], second[0], first[1], ..` to `out`.
#[inline(always)]
pub(super) fn weave_two(V3 { avx2, .. }: V3, first: __m256i, second: __m256i, out: &mut [i16]) {
    let low = avx2._mm256_unpacklo_epi16(first, second);
    let high = avx2._mm256_unpackhi_epi16(first, second);
    let row = [avx2._mm256_permute2x128_si256::<0x20>(low, high), avx2._mm256_permute2x128_si256::<0x31>(low, high)];
    out.copy_from_slice(&pulp::cast::<_, [i16; 2 * STRIP]>(row));
}

/// Writes `first[0], second[0], third[0], first[1], ..` to `out`.
#[inline(always)]
pub(super) fn weave_three(v3: V3, sources: [__m256i; 3], out: &mut [i16]) {
    let avx2 = v3.avx2;
    let head = weave_part(v3, sources, &WEAVE[0]);
    let middle = weave_part(v3, sources, &WEAVE[1]);
    let tail = weave_part(v3, sources, &WEAVE[2]);
    // Byte shuffles work within each half of a vector; these permutations put the halves in order.
    let row = [
        avx2._mm256_permute2x128_si256::<0x20>(head, middle),
        avx2._mm256_permute2x128_si256::<0x30>(tail, head),
        avx2._mm256_permute2x128_si256::<0x31>(middle, tail),
    ];
    out.copy_from_slice(&pulp::cast::<_, [i16; 3 * STRIP]>(row));
}

#[inline(always)]
fn weave_part(v3: V3, sources: [__m256i; 3], places: &[[u8; 2 * STRIP]; 3]) -> __m256i {
    let avx2 = v3.avx2;
    let first = avx2._mm256_shuffle_epi8(sources[0], pulp::cast(places[0]));
    let second = avx2._mm256_shuffle_epi8(sources[1], pulp::cast(places[1]));
    let third = avx2._mm256_shuffle_epi8(sources[2], pulp::cast(places[2]));
    avx2._mm256_or_si256(avx2._mm256_or_si256(first, second), third)
}

/// For each third of the output and each source, the source byte for every position. `0x80` leaves the position zero.
const WEAVE: [[[u8; 2 * STRIP]; 3]; 3] = {
    let mut masks = [[[0x80; 2 * STRIP]; 3]; 3];
    let mut at = 0;
    while at < 3 * STRIP {
        let (part, byte) = (at / STRIP, at % STRIP);
        let (sample, source) = (at / 2 / 3, at / 2 % 3);
        let from = (2 * sample + at % 2) as u8;
        masks[part][source][byte] = from;
        masks[part][source][STRIP + byte] = from;
        at += 1;
    }
    masks
};
