//! Conversions between all formats, and what is refused.

use audio::wav;
use audio::{
    Container, ConvertError, Encoding, Format, OddLength, Preset, SAMPLE_RATES, Source, UnfitRate, WavError,
    buffer_to_wav, convert, convert_to_openai_format, convert_to_storage_format, decode_into, encode, mulaw_to_pcm16,
    resample, resampled_len,
};

const ENCODINGS: [Encoding; 3] = [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16];
const CONTAINERS: [Container; 2] = [Container::Raw, Container::Wav];
const PLAIN: Source = Source { encoding: None, sample_rate: None, container: Container::Raw, salvage: false };
const WAV: Source = Source { container: Container::Wav, ..PLAIN };
const PCM_8K: Format = Format { encoding: Encoding::Pcm16, sample_rate: 8000, container: Container::Raw };

fn voice(length: usize) -> Vec<i16> {
    (0..length).map(|n| ((n as f64 * 0.3).sin() * 9000.0) as i16).collect()
}

fn formats() -> impl Iterator<Item = Format> {
    ENCODINGS.into_iter().flat_map(|encoding| {
        SAMPLE_RATES
            .into_iter()
            .flat_map(move |sample_rate| CONTAINERS.map(|container| Format { encoding, sample_rate, container }))
    })
}

/// The samples of one channel in this format, as a file or bare.
fn made_of(samples: &[i16], format: Format) -> Vec<u8> {
    let from = Source { encoding: Some(Encoding::Pcm16), sample_rate: Some(format.sample_rate), ..PLAIN };
    convert(&encode(Encoding::Pcm16, samples), &from, &format).unwrap().bytes
}

/// All encodings and containers at two rates, and all rates once.
fn some_formats() -> impl Iterator<Item = Format> {
    formats().filter(|format| {
        [8000, 24_000].contains(&format.sample_rate)
            || (format.encoding, format.container) == (Encoding::Pcm16, Container::Wav)
    })
}

#[test]
fn every_format_converts_to_every_other() {
    for from in some_formats() {
        let bytes = made_of(&voice(300), from);
        let mut original = Vec::new();
        decode_into(from.encoding, &encode(from.encoding, &voice(300)), &mut original).unwrap();
        let source = match from.container {
            Container::Wav => WAV,
            Container::Raw => Source { encoding: Some(from.encoding), sample_rate: Some(from.sample_rate), ..PLAIN },
        };
        for to in some_formats() {
            let converted = convert(&bytes, &source, &to).unwrap();
            let expected = if (from.encoding, from.sample_rate) == (to.encoding, to.sample_rate) {
                encode(from.encoding, &voice(300))
            } else {
                encode(to.encoding, &resample(&original, from.sample_rate, to.sample_rate))
            };
            assert_eq!((converted.encoding, converted.sample_rate), (to.encoding, to.sample_rate));
            assert_eq!((converted.channels, converted.container), (1, to.container));
            assert_eq!(converted.frames, resampled_len(300, from.sample_rate, to.sample_rate));
            match to.container {
                Container::Raw => assert_eq!(converted.bytes, expected),
                Container::Wav => {
                    let file = wav::read(&converted.bytes).unwrap();
                    assert_eq!((file.encoding, file.sample_rate), (to.encoding, to.sample_rate));
                    let mut samples = Vec::new();
                    decode_into(to.encoding, &expected, &mut samples).unwrap();
                    assert_eq!(file.samples, samples);
                }
            }
        }
    }
}

#[test]
fn raw_bytes_are_mulaw_at_8000_hz_unless_something_else_is_said() {
    let codes: Vec<u8> = (0..=255).collect();
    let converted = convert(&codes, &PLAIN, &PCM_8K).unwrap();
    assert_eq!(converted.bytes, encode(Encoding::Pcm16, &mulaw_to_pcm16(&codes)));
    let alaw = Source { encoding: Some(Encoding::Alaw), ..PLAIN };
    assert_eq!(convert(&codes, &alaw, &PCM_8K).unwrap().frames, 256);
    let faster = Source { sample_rate: Some(16_000), ..PLAIN };
    assert_eq!(convert(&codes, &faster, &PCM_8K).unwrap().frames, 128);
}

#[test]
fn what_only_changes_its_container_keeps_every_byte() {
    let codes: Vec<u8> = (0..=255).collect();
    let mulaw = Format { encoding: Encoding::Mulaw, sample_rate: 8000, container: Container::Wav };
    let file = convert(&codes, &PLAIN, &mulaw).unwrap().bytes;
    let raw = Format { container: Container::Raw, ..mulaw };
    // This includes negative zero, which decoding would lose.
    assert_eq!(convert(&file, &WAV, &raw).unwrap().bytes, codes);
}

#[test]
fn channels_are_kept_and_resampled_each_on_its_own() {
    let (left, right) = (voice(500), vec![100; 500]);
    let both: Vec<i16> = left.iter().zip(&right).flat_map(|(&left, &right)| [left, right]).collect();
    let file = buffer_to_wav(&both, 8000, 2).unwrap();
    for sample_rate in [8000, 16_000, 11_025] {
        let to = Format { sample_rate, container: Container::Wav, ..PCM_8K };
        let converted = convert(&file, &WAV, &to).unwrap();
        assert_eq!((converted.channels, converted.frames), (2, resampled_len(500, 8000, sample_rate)));
        let samples = wav::read(&converted.bytes).unwrap().samples;
        let channel = |n: usize| samples.iter().copied().skip(n).step_by(2).collect::<Vec<_>>();
        assert_eq!(channel(0), resample(&left, 8000, sample_rate));
        assert_eq!(channel(1), resample(&right, 8000, sample_rate));
    }
}

#[test]
fn a_wav_file_may_be_described_and_not_contradicted() {
    let file = buffer_to_wav(&voice(10), 16_000, 1).unwrap();
    let said = |encoding, sample_rate| {
        let from = Source { encoding, sample_rate, ..WAV };
        convert(&file, &from, &PCM_8K).map(|converted| converted.frames)
    };
    assert_eq!(said(None, None), Ok(5));
    assert_eq!(said(Some(Encoding::Pcm16), Some(16_000)), Ok(5));
    let encoding = ConvertError::Contradicts { field: "encoding" };
    assert_eq!(said(Some(Encoding::Mulaw), None), Err(encoding));
    let rate = ConvertError::Contradicts { field: "sampleRate" };
    assert_eq!(said(None, Some(8000)), Err(rate));
}

#[test]
fn what_cannot_be_converted_is_refused() {
    let pcm = Source { encoding: Some(Encoding::Pcm16), ..PLAIN };
    let odd = ConvertError::OddLength(OddLength { bytes: 3 });
    assert_eq!(convert(&[0; 3], &pcm, &PCM_8K), Err(odd));
    assert_eq!(convert(&[0; 3], &WAV, &PCM_8K), Err(ConvertError::Wav(WavError::NotWav)));
    for hz in [0, 1, 44_000, 96_000, u32::MAX] {
        let unsupported = Err(ConvertError::UnsupportedRate { hz });
        let from = Source { sample_rate: Some(hz), ..PLAIN };
        assert_eq!(convert(&[0; 4], &from, &PCM_8K), unsupported);
        assert_eq!(convert(&[0; 4], &PLAIN, &Format { sample_rate: hz, ..PCM_8K }), unsupported);
    }
    let file = buffer_to_wav(&[0; 4], 12_000, 1).unwrap();
    assert_eq!(convert(&file, &WAV, &PCM_8K), Err(ConvertError::UnsupportedRate { hz: 12_000 }));
}

#[test]
fn nothing_converts_to_nothing() {
    for to in formats() {
        let converted = convert(&[], &PLAIN, &to).unwrap();
        assert_eq!(converted.frames, 0);
    }
}

#[test]
fn the_presets_are_16_and_24_khz() {
    let codes: Vec<u8> = (0..=255).collect();
    let samples = mulaw_to_pcm16(&codes);
    assert_eq!(convert_to_storage_format(&codes), resample(&samples, 8000, 16_000));
    assert_eq!(convert_to_openai_format(&codes), resample(&samples, 8000, 24_000));
}

#[test]
fn a_preset_is_the_format_of_its_name() {
    let source = [0xFF, 0x00, 0x80, 0x7F].repeat(40);
    let converted = |preset: Preset| convert(&source, &PLAIN, &preset.format()).unwrap().bytes;
    let pcm = |samples: &[i16]| encode(Encoding::Pcm16, samples);
    assert_eq!(converted(Preset::Openai), pcm(&convert_to_openai_format(&source)));
    assert_eq!(converted(Preset::Storage), pcm(&convert_to_storage_format(&source)));
    assert_eq!(wav::read(&converted(Preset::Wav)).unwrap().sample_rate, 16_000);
    assert_eq!([Preset::Openai, Preset::Storage, Preset::Wav].map(Preset::as_str), ["openai", "storage", "wav"]);
}

#[test]
fn an_encoding_has_the_rates_that_its_refusal_lists() {
    for hz in SAMPLE_RATES {
        let unfit = (hz != 8_000).then_some(UnfitRate::G711);
        assert_eq!([Encoding::Mulaw, Encoding::Alaw].map(|law| law.check_rate(hz).err()), [unfit, unfit]);
        assert_eq!(Encoding::Pcm16.check_rate(hz), Ok(()));
        assert!(UnfitRate::Pcm16.to_string().contains(&hz.to_string()));
    }
    assert_eq!(Encoding::Pcm16.check_rate(8_001), Err(UnfitRate::Pcm16));
}
