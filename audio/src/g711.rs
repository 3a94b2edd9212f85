//! ITU-T G.711 companding, sample by sample, identical to the reference code of ITU-T G.191.
//!
//!
//! A code has 8 bits. A sample has 16 bits, as everywhere in this crate: mu-law's 14-bit values times 4, A-law's 13-bit
//! values times 8. For whole buffers use [`decode_into`](crate::decode_into) and [`encode`](crate::encode).
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

/// The samples of the 256 mu-law codes.
pub const MULAW_DECODE: [i16; 256] = mulaw_table();

/// The samples of the 256 A-law codes.
pub const ALAW_DECODE: [i16; 256] = alaw_table();

/// Decodes a mu-law code.
#[inline]
#[must_use]
pub const fn decode_mulaw(code: u8) -> i16 {
    MULAW_DECODE[code as usize]
}

/// Decodes an A-law code.
#[inline]
#[must_use]
pub const fn decode_alaw(code: u8) -> i16 {
    ALAW_DECODE[code as usize]
}

/// Encodes a sample as mu-law.
///
/// Negative samples are mirrored by one's complement, as the reference does, so that -1 to -4 become negative zero,
/// 0x7F. `encode_mulaw(decode_mulaw(code)) == code` for every code but that one, which comes back as 0xFF.
#[inline]
#[must_use]
pub const fn encode_mulaw(sample: i16) -> u8 {
    /// Added to a 14-bit magnitude so that every segment starts at a power of two.
    const BIAS: i32 = 33;
    /// The largest biased magnitude.
    const LIMIT: i32 = 0x1FFF;
    let sample = sample as i32;
    let sign = sample >> 31;
    let biased = ((sample ^ sign) >> 2) + BIAS;
    let biased = if biased > LIMIT { LIMIT } else { biased };
    let segment = 26 - biased.leading_zeros() as i32;
    let step = (biased >> (segment + 1)) & 0x0F;
    (!(((segment << 4) | step) as u8)) & !(sign as u8 & 0x80)
}

/// Encodes a sample as A-law. `encode_alaw(decode_alaw(code)) == code` for every code.
#[inline]
#[must_use]
pub const fn encode_alaw(sample: i16) -> u8 {
    let sample = sample as i32;
    let sign = sample >> 31;
    let magnitude = (sample ^ sign) >> 4;
    // The two lowest segments share one step size; `| 16` handles them like the others.
    let segment = 27 - (magnitude | 16).leading_zeros() as i32;
    let linear = (magnitude < 16) as i32;
    let step = (magnitude >> segment) & 0x0F;
    let code = ((segment + 1 - linear) << 4) | step;
    (code as u8 | (!sign as u8 & 0x80)) ^ 0x55
}

const fn mulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8) as i32;
        let segment = (bits >> 4) & 7;
        let magnitude = ((((bits & 0x0F) << 3) + 0x84) << segment) - 0x84;
        table[code] = if bits & 0x80 == 0 { magnitude } else { -magnitude } as i16;
        code += 1;
    }
    table
}

const fn alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = (code as u8 ^ 0x55) as i32;
        let segment = (bits >> 4) & 7;
        let step = ((bits & 0x0F) << 4) + 8;
        let magnitude = if segment == 0 { step } else { (step + 0x100) << (segment - 1) };
        table[code] = if bits & 0x80 == 0 { -magnitude } else { magnitude } as i16;
        code += 1;
    }
    table
}
