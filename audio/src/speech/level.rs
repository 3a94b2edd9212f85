//! The level of a frame: the logarithm of its power, in integers.

use super::frame::{ANALYSED, Frame};

/// A level: the binary logarithm of a power, times 256. 256 units are 3.0103 dB; the power of full scale, 2^30 (0 dBFS,
/// a square wave), is 7680. Between powers of two it is linear, at most 0.28 dB too low.
pub(super) type Level = u16;

/// Level of a power of 2^30.
pub(super) const FULL_SCALE: Level = 7680;

/// Level of a power of 64 (-72 dBFS). A frame of this level or less is digitally silent: it holds no sound of a
/// line that could be measured.
pub(super) const SILENT: Level = 1536;

/// The level of a frame's variance, so that a constant voltage is not sound.
pub(super) fn level(frame: &Frame) -> Level {
    level_of(variance(frame))
}

/// `(n * sum(x^2) - sum(x)^2) / n^2`, rounded down; at most 2^30.
fn variance(frame: &Frame) -> u64 {
    let count = u64::try_from(ANALYSED).unwrap_or_default();
    let sum = frame.iter().map(|&sample| i64::from(sample)).sum::<i64>();
    let squares: u64 = frame.iter().map(|&sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    (count * squares - sum.unsigned_abs().pow(2)) / (count * count)
}

/// The level of a power, 0 for a power below 1.
pub(super) fn level_of(power: u64) -> Level {
    let Some(exponent) = power.checked_ilog2() else { return 0 };
    let mantissa = (u128::from(power) << 8 >> exponent) - 256;
    Level::try_from(256 * u128::from(exponent) + mantissa).unwrap_or(Level::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_logarithms_of_powers() {
        assert_eq!([0, 1, 2, 3, 4].map(level_of), [0, 0, 256, 384, 512]);
        assert_eq!(level_of(64), SILENT);
        assert_eq!(level_of(65), SILENT + 4);
        assert_eq!(level_of(1 << 30), FULL_SCALE);
        assert_eq!(level_of(u64::MAX), 64 * 256 - 1);
        for power in 1..100_000 {
            let error = f64::from(level_of(power)) - 256.0 * f64::from(u32::try_from(power).unwrap_or(0)).log2();
            assert!((-23.1..1.0).contains(&error), "{power}: {error}");
        }
    }

    #[test]
    fn a_frame_of_full_scale_is_the_loudest_and_a_constant_one_is_silent() {
        let mut frame = [i16::MIN; ANALYSED];
        assert_eq!(variance(&frame), 0);
        frame.iter_mut().step_by(2).for_each(|sample| *sample = i16::MAX);
        assert_eq!(variance(&frame), (1 << 30) - (1 << 15));
        assert_eq!(level(&[12_345; ANALYSED]), 0);
    }
}
