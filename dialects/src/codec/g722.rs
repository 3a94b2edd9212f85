//! G.722 (ITU-T, 64 kbit/s) to PCM16 at 16 kHz: two bands of adaptive differential PCM, joined by a filter of 24 taps.
//!
//! The names of variables are those of the recommendation's blocks: `det` scales the quantizer, `nb` is its logarithm,
//! `a` and `b` are the predictor's poles and zeros.

/// The inverse quantizer of the lower band, for 4 bits. The predictor uses it at every bit rate.
const QM4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// The same for 6 bits, for the output.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// The inverse quantizer of the upper band.
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// Steps of the lower band's scale.
const WL: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1198, 3042];
/// Which of the steps a code of 4 bits takes.
const RL42: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
/// Steps of the upper band's scale, for the codes.
const WH: [i32; 4] = [798, -214, 798, -214];
/// Powers of two in 32 steps.
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// One half of the receiving filter; the other half is its mirror image.
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// The decoder of one track.
#[derive(Clone, Debug)]
pub(super) struct G722 {
    low: Band,
    high: Band,
    /// The last 24 values of the filter.
    history: [i32; 24],
}

#[derive(Clone, Debug)]
struct Band {
    /// The predicted signal, and its part of the zeros.
    s: i32,
    sz: i32,
    /// The reconstructed signal.
    r: [i32; 3],
    /// The partially reconstructed signal.
    p: [i32; 3],
    a: [i32; 3],
    d: [i32; 7],
    b: [i32; 7],
    nb: i32,
    det: i32,
}

impl Default for G722 {
    fn default() -> Self {
        Self { low: Band::new(32), high: Band::new(8), history: [0; 24] }
    }
}

impl G722 {
    /// Two samples for each byte, as little-endian PCM16.
    pub(super) fn decode(&mut self, codes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 * codes.len());
        for &code in codes {
            let (low, high) = (usize::from(code & 0x3F), usize::from(code >> 6));
            let low_out = (self.low.s + ((self.low.det * QM6[low]) >> 15)).clamp(-16_384, 16_383);
            let d_low = (self.low.det * QM4[low >> 2]) >> 15;
            self.low.scale_low(low >> 2);
            self.low.predict(d_low);

            let d_high = (self.high.det * QM2[high]) >> 15;
            let high_out = (d_high + self.high.s).clamp(-16_384, 16_383);
            self.high.scale_high(high);
            self.high.predict(d_high);

            self.history.copy_within(2.., 0);
            self.history[22] = low_out + high_out;
            self.history[23] = low_out - high_out;
            let (mut first, mut second) = (0, 0);
            for (index, tap) in QMF.iter().enumerate() {
                second += self.history[2 * index] * tap;
                first += self.history[2 * index + 1] * QMF[11 - index];
            }
            for sample in [first, second] {
                let sample = i16::try_from((sample >> 11).clamp(-32_768, 32_767)).unwrap_or_default();
                out.extend(sample.to_le_bytes());
            }
        }
        out
    }
}

impl Band {
    fn new(det: i32) -> Self {
        Self { s: 0, sz: 0, r: [0; 3], p: [0; 3], a: [0; 3], d: [0; 7], b: [0; 7], nb: 0, det }
    }

    fn scale_low(&mut self, code: usize) {
        self.nb = (((self.nb * 127) >> 7) + WL[RL42[code]]).clamp(0, 18_432);
        self.det = scale(self.nb, 8);
    }

    fn scale_high(&mut self, code: usize) {
        self.nb = (((self.nb * 127) >> 7) + WH[code]).clamp(0, 22_528);
        self.det = scale(self.nb, 10);
    }

    /// Adapts the predictor to the difference `d`, and predicts the next value (block 4 of the recommendation).
    fn predict(&mut self, d: i32) {
        self.d[0] = d;
        self.r[0] = saturate(self.s + d);
        self.p[0] = saturate(self.sz + d);
        let sign = |value: i32| value >> 15;
        // The second pole.
        let first = saturate(self.a[1] << 2);
        let mut turn = if sign(self.p[0]) == sign(self.p[1]) { -first } else { first };
        turn = turn.min(32_767);
        let step = if sign(self.p[0]) == sign(self.p[2]) { 128 } else { -128 };
        let second = (step + (turn >> 7) + ((self.a[2] * 32_512) >> 15)).clamp(-12_288, 12_288);
        // The first pole.
        let step = if sign(self.p[0]) == sign(self.p[1]) { 192 } else { -192 };
        let bound = saturate(15_360 - second);
        self.a[1] = saturate(step + ((self.a[1] * 32_640) >> 15)).clamp(-bound, bound);
        self.a[2] = second;
        // The zeros.
        let step = if d == 0 { 0 } else { 128 };
        for index in 1..7 {
            let step = if sign(self.d[index]) == sign(d) { step } else { -step };
            self.b[index] = saturate(step + ((self.b[index] * 32_640) >> 15));
        }
        self.d.copy_within(0..6, 1);
        self.r.copy_within(0..2, 1);
        self.p.copy_within(0..2, 1);
        let poles: i32 = (1..3).map(|index| (self.a[index] * saturate(self.r[index] << 1)) >> 15).sum();
        let poles = saturate(poles);
        let zeros: i32 = (1..7).map(|index| (self.b[index] * saturate(self.d[index] << 1)) >> 15).sum();
        self.sz = saturate(zeros);
        self.s = saturate(poles + self.sz);
    }
}

/// The quantizer's scale from its logarithm.
fn scale(nb: i32, shift: i32) -> i32 {
    let mantissa = ILB[usize::try_from((nb >> 6) & 31).unwrap_or_default()];
    let shift = shift - (nb >> 11);
    (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2
}

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The energy of decoded samples.
    fn loudness(codes: &[u8]) -> i64 {
        let bytes = G722::default().decode(codes);
        let (samples, _) = bytes.as_chunks::<2>();
        samples.iter().map(|&sample| i64::from(i16::from_le_bytes(sample)).abs()).sum()
    }

    #[test]
    fn each_byte_is_two_samples_and_any_bytes_are_audio() {
        let mut seed = 1_u32;
        let codes: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        })
        .take(20_000)
        .collect();
        assert_eq!(G722::default().decode(&codes).len(), 4 * codes.len());
        assert!(loudness(&codes) > 0);
    }

    #[test]
    fn what_is_decoded_does_not_depend_on_the_cuts() {
        let codes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let (mut whole, mut cut) = (G722::default(), G722::default());
        let pieces: Vec<u8> = codes.chunks(7).flat_map(|piece| cut.decode(piece)).collect();
        assert_eq!(whole.decode(&codes), pieces);
    }
}
