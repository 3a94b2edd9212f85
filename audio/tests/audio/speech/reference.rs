//! `energy-1` written plainly, all frames at once and by sorting, finds what the streaming one finds.

use audio::speech::{Algorithm, Detector, Segment};
use proptest::{collection::vec, prelude::*};

use super::{
    detect,
    signals::{Random, decibels, pink, recorded, telephone, white},
};

fn level(frame: &[i64]) -> i64 {
    let squares: i64 = frame.iter().map(|sample| sample * sample).sum();
    let power = (160 * squares - frame.iter().sum::<i64>().pow(2)) / 25_600;
    if power < 1 {
        return 0;
    }
    let k = i64::from(power.ilog2());
    256 * k + ((power << 8) >> k) - 256
}

fn plain_energy_1(track: &[i16]) -> Vec<Segment> {
    let mut samples: Vec<i64> = track.iter().step_by(2).map(|&sample| sample.into()).collect();
    samples.resize(samples.len().next_multiple_of(160), 0);
    let levels: Vec<i64> = samples.chunks(160).map(level).collect();
    let side = |from: usize, to: usize| {
        let mut side: Vec<i64> = levels[from..to.min(levels.len())].to_vec();
        side.retain(|&level| level > 1536);
        side.sort_unstable();
        if side.len() < 50 { 0 } else { side[side.len() * 5 / 100] }
    };
    let floors: Vec<i64> = (0..levels.len())
        .map(|frame| {
            let block = frame / 25 * 25;
            side(block.saturating_sub(250), block + 25).max(side(block, block + 275)).clamp(2407, 5979)
        })
        .collect();
    let on = |frame: usize| levels[frame] >= (floors[frame] + 510).max(3088);
    let off = |frame: usize| levels[frame] >= (floors[frame] + 255).max(2833);
    let (mut segments, mut frame) = (Vec::<Segment>::new(), 0);
    while frame + 1 < levels.len() {
        if !(on(frame) && on(frame + 1)) {
            frame += 1;
            continue;
        }
        let start = (frame.saturating_sub(5)..frame).rev().take_while(|&before| off(before)).last().unwrap_or(frame);
        let mut last = frame + 1;
        while let Some(next) = (last + 1..levels.len().min(last + 4)).find(|&next| off(next)) {
            last = next;
        }
        let end = (last + 2).min(levels.len());
        frame = last + 4;
        match segments.last_mut() {
            Some(before) if start - before.end as usize <= 15 => before.end = end as u32,
            _ => segments.push(Segment { start: start as u32, end: end as u32 }),
        }
    }
    segments.retain(|segment| segment.end - segment.start >= 6);
    segments
}

/// Noise whose level changes at random, as speech does, with zeros in between, from nothing to 40 s.
fn signal() -> impl Strategy<Value = Vec<i16>> {
    (vec((1_usize..6000, -80.0..-5.0), 0..90), 0_usize..160, any::<u64>()).prop_map(|(pieces, tail, seed)| {
        let mut random = Random::new(seed);
        let mut track = Vec::new();
        for (length, dbfs) in pieces {
            let (gain, gap) = (decibels(dbfs), random.unit() < 0.1);
            track.extend((0..length).map(|_| if gap { 0.0 } else { random.normal() * gain }));
        }
        track.extend((0..tail).map(|_| random.normal() * 0.01));
        telephone(&track)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn streaming_finds_what_the_plain_implementation_finds(samples in signal(), other in signal()) {
        let (inbound, outbound) = (recorded(&samples), recorded(&other));
        let speech = detect(Algorithm::Energy1, &inbound, &outbound);
        // A track is continued with zeros up to the length of the other one.
        let longest = inbound.len().max(outbound.len());
        let padded = |track: &[i16]| [track, &vec![0; longest - track.len()]].concat();
        prop_assert_eq!(&speech.inbound, &plain_energy_1(&padded(&inbound)));
        prop_assert_eq!(&speech.outbound, &plain_energy_1(&padded(&outbound)));
    }

    #[test]
    fn how_the_input_is_cut_makes_no_difference(
        samples in signal(),
        other in signal(),
        cuts in vec(0_usize..2000, 1..20),
    ) {
        let (mut inbound, mut outbound) = (recorded(&samples), recorded(&other));
        let length = inbound.len().max(outbound.len());
        let whole = Algorithm::ALL.map(|algorithm| detect(algorithm, &inbound, &outbound));
        inbound.resize(length, 0);
        outbound.resize(length, 0);
        for (algorithm, whole) in Algorithm::ALL.into_iter().zip(whole) {
            let mut detector = Detector::new(algorithm);
            let (mut from, mut cuts) = (0, cuts.iter().cycle());
            while from < length {
                let to = length.min(from + cuts.next().unwrap() + 1);
                detector.push(&inbound[from..to], &outbound[from..to]);
                detector.push(&[], &[]);
                from = to;
            }
            prop_assert_eq!(detector.finish(), whole);
        }
    }

    #[test]
    fn segments_are_in_order_and_within_the_audio(samples in signal(), other in signal()) {
        let frames = samples.len().max(other.len()).div_ceil(160) as u32;
        for algorithm in Algorithm::ALL {
            let speech = detect(algorithm, &recorded(&samples), &recorded(&other));
            for segments in [speech.inbound, speech.outbound] {
                prop_assert!(segments.iter().all(|segment| segment.start + 6 <= segment.end && segment.end <= frames));
                prop_assert!(segments.windows(2).all(|pair| pair[0].end + 15 < pair[1].start));
            }
        }
    }
}

#[test]
fn steady_noise_and_a_burst_are_the_same_to_both() {
    let noises = [white(80_000, 1), pink(80_000, 2)];
    for mut noise in noises {
        noise.iter_mut().for_each(|sample| *sample *= 0.01);
        noise[40_000..48_000].iter_mut().for_each(|sample| *sample *= 8.0);
        let track = recorded(&telephone(&noise));
        let speech = detect(Algorithm::Energy1, &track, &track);
        assert_eq!(speech.inbound, plain_energy_1(&track));
        assert_eq!(speech.outbound, speech.inbound);
        assert_eq!(speech.inbound.len(), 1);
    }
}
