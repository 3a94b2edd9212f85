//! Resampling: its properties, and its quality measured by FFT.
//!
//!
//! Run with `--nocapture` for the figures in the crate's documentation.

use std::f64::consts::PI;

use audio::{Resampler, SAMPLE_RATES, resample, resampled_len};
use proptest::prelude::*;

use crate::spectrum::{AMPLITUDE, Spectrum, decibels};

/// The pairs for which this crate has its own filter.
const DOUBLED: [(u32, u32); 5] =
    [(8000, 16_000), (11_025, 22_050), (16_000, 32_000), (22_050, 44_100), (24_000, 48_000)];
const TRIPLED: [(u32, u32); 2] = [(8000, 24_000), (16_000, 48_000)];

/// A selection of the others.
const GENERAL: [(u32, u32); 14] = [
    (16_000, 8000),
    (22_050, 8000),
    (24_000, 8000),
    (44_100, 8000),
    (48_000, 8000),
    (11_025, 16_000),
    (22_050, 16_000),
    (24_000, 16_000),
    (44_100, 16_000),
    (48_000, 16_000),
    (16_000, 24_000),
    (44_100, 24_000),
    (8000, 11_025),
    (8000, 48_000),
];

fn all_pairs() -> impl Iterator<Item = (u32, u32)> {
    SAMPLE_RATES.into_iter().flat_map(|from| SAMPLE_RATES.map(|to| (from, to)))
}

fn any_pair() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        prop::sample::select(&DOUBLED),
        prop::sample::select(&TRIPLED),
        prop::sample::select(&GENERAL),
        Just((8000, 8000)),
    ]
}

/// Full-scale noise, with runs of both extremes and of silence.
fn samples(max: usize) -> impl Strategy<Value = Vec<i16>> {
    let run = prop_oneof![
        4 => prop::collection::vec(any::<i16>(), 1..200),
        1 => (prop::sample::select(&[i16::MIN, i16::MAX, 0]), 1usize..200)
            .prop_map(|(sample, length)| vec![sample; length]),
    ];
    prop::collection::vec(run, 0..max / 100).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn cutting_the_input_changes_nothing(
        (from, to) in any_pair(),
        samples in samples(6000),
        sizes in prop::collection::vec(0usize..900, 1..6),
    ) {
        prop_assume!(sizes.iter().any(|&size| size > 0));
        let mut resampler = Resampler::new(from, to);
        let mut out = vec![42];
        let mut rest = samples.as_slice();
        for &size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            resampler.push(piece, &mut out);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        resampler.finish(&mut out);
        prop_assert_eq!(out[0], 42);
        prop_assert!(out[1..] == resample(&samples, from, to));
    }

    #[test]
    fn doubling_and_tripling_keep_every_sample(samples in samples(3000)) {
        for (from, to) in DOUBLED.into_iter().chain(TRIPLED) {
            let factor = (to / from) as usize;
            prop_assert!(resample(&samples, from, to).into_iter().step_by(factor).eq(samples.iter().copied()));
        }
    }

    #[test]
    fn a_finished_resampler_is_as_new((from, to) in any_pair(), first in samples(1000), second in samples(1000)) {
        let mut resampler = Resampler::new(from, to);
        let mut out = Vec::new();
        for samples in [&first, &second] {
            out.clear();
            resampler.push(samples, &mut out);
            resampler.finish(&mut out);
            prop_assert!(out == resample(samples, from, to));
        }
    }

    #[test]
    fn a_length_is_rounded_to_the_nearest(n in 0u64..1 << 40, from in 1u32..200_000, to in 1u32..200_000) {
        let got = resampled_len(n, from, to);
        let (exact, got) = (i128::from(n) * i128::from(to), i128::from(got) * i128::from(from));
        prop_assert!(2 * (got - exact) <= i128::from(from) && 2 * (exact - got) < i128::from(from));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn doubling_and_tripling_are_what_the_formula_says(samples in samples(1000)) {
        for factor in [2, 3] {
            let out = resample(&samples, 8000, 8000 * factor as u32);
            for (phase, taps) in formula(factor).iter().enumerate() {
                for (index, got) in out.iter().skip(phase).step_by(factor).enumerate() {
                    let sample = |k: usize| (index + k).checked_sub(31).and_then(|n| samples.get(n));
                    let products = (0..64).map(|k| taps[k] * f64::from(*sample(k).unwrap_or(&0)));
                    let ideal = products.sum::<f64>().clamp(-32768.0, 32767.0);
                    // A half for rounding the sample, the rest for rounding the taps.
                    prop_assert!((f64::from(*got) - ideal).abs() < 0.6, "{got} for {ideal}");
                }
            }
        }
    }
}

/// The taps of each phase in floating point: a sinc under a Kaiser window of beta 12.5, 64 samples wide.
fn formula(factor: usize) -> Vec<[f64; 64]> {
    let bessel = |x: f64| (1..60).rev().fold(1.0, |sum, n| 1.0 + (x / 2.0 / f64::from(n)).powi(2) * sum);
    let tap = |time: f64| {
        let sinc = if time == 0.0 { 1.0 } else { (PI * time).sin() / (PI * time) };
        sinc * bessel(12.5 * (1.0 - (time / 32.0).powi(2)).sqrt()) / bessel(12.5)
    };
    let phase = |phase| std::array::from_fn(|k| tap(k as f64 - 31.0 - phase as f64 / factor as f64));
    (0..factor).map(phase).collect()
}

#[test]
fn every_pair_of_rates_gives_the_exact_length() {
    for (from, to) in all_pairs() {
        for n in [0, 1, 2, 31, 32, 33, 63, 64, 65, 1000, 4096] {
            let length = resampled_len(n, from, to);
            assert_eq!(resample(&vec![5; n as usize], from, to).len() as u64, length, "{n} from {from} to {to}");
        }
    }
    assert_eq!(resampled_len(3, 44_100, 16_000), 1);
    assert_eq!(resampled_len(u64::MAX, 8000, 24_000), u64::MAX);
}

#[test]
fn the_same_rate_is_the_same_samples() {
    let samples: Vec<i16> = (i16::MIN..i16::MAX).step_by(7).collect();
    assert_eq!(resample(&samples, 8000, 8000), samples);
}

#[test]
fn a_constant_stays_constant_up_to_full_scale() {
    for (from, to) in all_pairs() {
        for level in [i16::MIN, 1, i16::MAX] {
            let out = resample(&vec![level; 6000], from, to);
            let middle = &out[out.len() * 2 / 5..out.len() * 3 / 5];
            assert!(middle.iter().all(|&sample| sample == level), "{level} from {from} to {to}");
        }
    }
}

#[test]
fn overshoot_saturates_and_never_wraps() {
    // A band-limited square wave of 250 Hz overshoots by 9 % after each edge.
    let square: Vec<i16> = (0..8000).map(|n| if n / 16 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    for to in [16_000, 24_000, 11_025, 48_000] {
        let out = resample(&square, 8000, to);
        assert!(out.contains(&i16::MAX) && out.contains(&i16::MIN));
        for (n, &sample) in out.iter().enumerate().skip(out.len() / 10).take(out.len() * 4 / 5) {
            // In half waves. The edges lie between two samples, and samples next to them are not checked.
            let place = (n as f64 * 8000.0 / f64::from(to) + 0.5) / 16.0;
            if (0.1..0.9).contains(&place.fract()) {
                assert_eq!(sample > 0, (place as u32).is_multiple_of(2), "sample {n} at {to} Hz is {sample}");
            }
        }
    }
}

/// 300 to 3400 Hz, odd and not divisible by five, so that rounding noise is spread over all bins.
fn voice_band() -> impl Iterator<Item = u32> {
    (301..3400).step_by(122).chain([3399]).filter(|hz| hz % 5 != 0)
}

#[test]
fn images_of_the_voice_band_are_110_db_down_and_the_pass_band_is_flat() {
    for to in [16_000, 24_000] {
        let (mut image, mut ripple, mut lateness) = (0.0f64, 0.0f64, 0.0f64);
        for hz in voice_band().chain([17, 99, 203]) {
            let spectrum = Spectrum::of_resampled(hz, 8000, to);
            let gain = spectrum.at(hz) / AMPLITUDE;
            ripple = ripple.max(decibels(gain).abs());
            lateness = lateness.max(spectrum.lateness(hz).abs() / f64::from(hz));
            for mirrored in [8000 - hz, 8000 + hz] {
                if hz >= 300 && mirrored <= spectrum.end() {
                    image = image.max(spectrum.at(mirrored) / spectrum.at(hz));
                }
            }
        }
        println!("8000 to {to}: images {:.1} dB, ripple {ripple:.5} dB, delay {lateness:.1e} s", decibels(image));
        assert!(decibels(image) <= -110.0);
        assert!(ripple <= 0.01);
        assert!(lateness <= 1e-9);
    }
}

#[test]
fn other_ratios_keep_images_and_aliases_90_db_down() {
    for (from, to) in GENERAL {
        let low = from.min(to);
        let (mut spur, mut ripple, mut lateness) = (0.0f64, 0.0f64, 0.0f64);
        // Tones up to 0.48 of the lower rate, then tones that must not appear in the output.
        for hz in [997, low * 48 / 100 - 3, low / 2 + low / 100 + 1, low * 57 / 100 + 1] {
            if hz > from / 2 {
                continue;
            }
            let spectrum = Spectrum::of_resampled(hz, from, to);
            spur = spur.max(spectrum.worst_besides(hz) / AMPLITUDE);
            if hz < low / 2 {
                ripple = ripple.max(decibels(spectrum.at(hz) / AMPLITUDE).abs());
                lateness = lateness.max(spectrum.lateness(hz).abs() / f64::from(hz));
            }
        }
        let spur = decibels(spur);
        println!("{from} to {to}: images and aliases {spur:.1} dB, ripple {ripple:.5} dB, delay {lateness:.1e} s");
        assert!(spur <= -90.0, "{from} to {to}");
        assert!(ripple <= 0.01, "{from} to {to}");
        assert!(lateness <= 1e-8, "{from} to {to}");
    }
}
