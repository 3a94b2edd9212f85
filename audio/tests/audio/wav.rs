//! WAV files: what others read from ours, what we read from others', and what is wrong with damaged ones.

use audio::{
    Encoding, TooLong, Wav, WavError, buffer_to_wav, decode_into, encode,
    wav::{self, Warning},
};
use proptest::prelude::*;

const LIMIT: u64 = u32::MAX as u64;

fn ramp(length: usize) -> Vec<i16> {
    (0..length).map(|n| (n as i16).wrapping_mul(257)).collect()
}

#[test]
fn the_header_is_what_the_format_says_byte_for_byte() {
    let header = wav::header(16_000, 2, 1000).unwrap();
    let mut expected = Vec::new();
    expected.extend(b"RIFF");
    expected.extend(4036u32.to_le_bytes());
    expected.extend(b"WAVEfmt ");
    expected.extend(16u32.to_le_bytes());
    expected.extend([1, 0, 2, 0]);
    expected.extend(16_000u32.to_le_bytes());
    expected.extend(64_000u32.to_le_bytes());
    expected.extend([4, 0, 16, 0]);
    expected.extend(b"data");
    expected.extend(4000u32.to_le_bytes());
    assert_eq!(header.as_slice(), expected);
    assert_eq!(wav::file_len(2, 1000), 4044);
}

#[test]
fn a_file_may_end_one_byte_below_4_gib_and_no_later() {
    let frames = (LIMIT - wav::HEADER_LEN) / 4;
    assert!(wav::header(16_000, 2, frames).is_ok());
    let bytes = wav::file_len(2, frames + 1);
    assert!(bytes > LIMIT && bytes <= LIMIT + 4);
    assert_eq!(wav::header(16_000, 2, frames + 1), Err(TooLong { bytes }));
    assert!(wav::header(8000, 1, (LIMIT - wav::HEADER_LEN) / 2).is_ok());
    assert!(wav::header(8000, 1, (LIMIT - wav::HEADER_LEN) / 2 + 1).is_err());
    assert!(wav::header(8000, 1, u64::MAX).is_err());
}

#[test]
fn hound_reads_what_we_write() {
    for channels in [1, 2] {
        let samples = ramp(600);
        let file = buffer_to_wav(&samples, 24_000, channels).unwrap();
        assert_eq!(file.len() as u64, wav::file_len(channels, 600 / u64::from(channels)));
        let mut reader = hound::WavReader::new(file.as_slice()).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (channels, 24_000, 16));
        let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(read, samples);
    }
}

#[test]
fn we_read_what_hound_writes() {
    for channels in [1, 2, 3] {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        let samples = ramp(300);
        samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        // With three channels the format is an extensible one.
        let read = wav::read(file.get_ref()).unwrap();
        assert_eq!(read, Wav { encoding: Encoding::Pcm16, sample_rate: 44_100, channels, samples });
    }
}

#[test]
fn a_g711_file_has_its_tag_a_fact_chunk_and_even_chunks() {
    for (encoding, tag) in [(Encoding::Alaw, 6), (Encoding::Mulaw, 7)] {
        let file = wav::enclose(encoding, &[1, 2, 3], 8000, 1).unwrap();
        let mut expected = Vec::new();
        expected.extend(b"RIFF");
        expected.extend(54u32.to_le_bytes());
        expected.extend(b"WAVEfmt ");
        expected.extend(18u32.to_le_bytes());
        expected.extend([tag, 0, 1, 0]);
        expected.extend(8000u32.to_le_bytes());
        expected.extend(8000u32.to_le_bytes());
        expected.extend([1, 0, 8, 0, 0, 0]);
        expected.extend(b"fact");
        expected.extend(4u32.to_le_bytes());
        expected.extend(3u32.to_le_bytes());
        expected.extend(b"data");
        expected.extend(3u32.to_le_bytes());
        expected.extend([1, 2, 3, 0]);
        assert_eq!(file, expected);
    }
}

proptest! {
    #[test]
    fn samples_come_back(samples: Vec<i16>, channels in 1u16..4, rate in prop::sample::select(&audio::SAMPLE_RATES)) {
        let whole = samples.len() / usize::from(channels) * usize::from(channels);
        let samples = samples[..whole].to_vec();
        let read = wav::read(&buffer_to_wav(&samples, rate, channels).unwrap()).unwrap();
        prop_assert_eq!(&read, &Wav { encoding: Encoding::Pcm16, sample_rate: rate, channels, samples: samples.clone() });
        for encoding in [Encoding::Mulaw, Encoding::Alaw] {
            let codes = encode(encoding, &samples);
            let read = wav::read(&wav::enclose(encoding, &codes, rate, channels).unwrap()).unwrap();
            prop_assert_eq!((read.encoding, read.sample_rate, read.channels), (encoding, rate, channels));
            let mut decoded = Vec::new();
            decode_into(encoding, &codes, &mut decoded).unwrap();
            prop_assert_eq!(read.samples, decoded);
        }
    }

    #[test]
    fn no_damage_makes_the_reader_panic(mut file in any_file(), at: prop::sample::Index, byte: u8, end: prop::sample::Index) {
        let at = at.index(file.len());
        file[at] = byte;
        let _ = wav::read(&file);
        let _ = wav::read(&file[..end.index(file.len())]);
    }
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(buffer_to_wav(&ramp(20), 8000, 2).unwrap()),
        Just(wav::enclose(Encoding::Mulaw, &[0; 9], 8000, 1).unwrap()),
    ]
}

#[test]
fn a_file_that_is_cut_off_says_where() {
    let file = buffer_to_wav(&ramp(20), 8000, 2).unwrap();
    assert_eq!(wav::read(&[]), Err(WavError::NotWav));
    for end in 1..44 {
        assert_eq!(wav::read(&file[..end]), Err(WavError::CutHeader { bytes: end as u64 }));
    }
    for end in 44..file.len() {
        let present = end as u64 - 44;
        let Ok(Some((header, 44))) = wav::HeaderReader::new().push(&file[..end]) else { panic!("a header") };
        let extent = header.extent(end as u64, &[], false);
        assert_eq!(extent.bytes, present / 4 * 4);
        assert_eq!(extent.warnings[0], Warning::Cut { stated: 40, present });
        assert_eq!(extent.warnings.len(), if present.is_multiple_of(4) { 1 } else { 2 });
    }
}

/// A PCM16 file of two stereo frames with some of its bytes replaced.
fn patched(at: usize, bytes: &[u8]) -> Result<Wav, WavError> {
    let mut file = buffer_to_wav(&[1, 2, 3, 4], 8000, 2).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    wav::read(&file)
}

#[test]
fn damage_is_named() {
    assert!(patched(0, b"RIFF").is_ok());
    assert!(matches!(patched(0, b"RIFX"), Err(WavError::OtherKind { kind }) if kind.contains("big-endian")));
    assert_eq!(patched(0, b"FORM"), Err(WavError::NotWav));
    assert_eq!(patched(0, b"OggS\0\x02"), Err(WavError::OtherKind { kind: "an Ogg file" }));
    assert_eq!(patched(8, b"AVI "), Err(WavError::OtherKind { kind: "an AVI file" }));
    // The format: tag, channels, rate, bytes a frame, bits.
    assert_eq!(patched(20, &[0x11]), Err(WavError::UnknownTag { tag: 0x11 }));
    assert_eq!(patched(20, &[3]), Err(WavError::UnsupportedBits { bits: 16 }));
    let damaged = |at, bytes: &[u8], expected: &str| match patched(at, bytes) {
        Err(WavError::DamagedFormat { fault }) => assert!(fault.contains(expected), "{fault}"),
        other => panic!("{other:?}"),
    };
    damaged(20, &[0xFE, 0xFF], "shorter");
    damaged(22, &[0], "0 channels");
    damaged(24, &[0; 4], "0 Hz");
    damaged(32, &[2], "bytes a frame");
    damaged(34, &[24], "bytes a frame");
    assert_eq!(patched(34, &[0]), Err(WavError::UnsupportedBits { bits: 0 }));
    assert_eq!(patched(34, &[64]), Err(WavError::UnsupportedBits { bits: 64 }));
    // Chunks: no format, a format that is too short, a chunk that goes beyond the end.
    assert_eq!(patched(12, b"xxxx"), Err(WavError::NoFormat));
    damaged(16, &[10], "shorter");
    assert_eq!(patched(16, &[200]), Err(WavError::CutHeader { bytes: 52 }));
}

#[test]
fn a_size_that_a_streaming_writer_did_not_know_means_up_to_the_end() {
    let placeholders =
        [0, 0xFFFF_FFFFu32, 0xFFFF_FFDB, 0x7FFF_F000, 0x7FFF_FFFF, 0x7FFF_FFDB, 0x8000_0000, 0x8000_0024];
    for (riff, data) in placeholders.into_iter().flat_map(|data| [0, 36, 44, 100, u32::MAX].map(|riff| (riff, data))) {
        let mut file = buffer_to_wav(&[1, 2, 3, 4], 8000, 2).unwrap();
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&data.to_le_bytes());
        assert_eq!(wav::read(&file).unwrap().samples, [1, 2, 3, 4]);
    }
}

#[test]
fn chunks_that_are_not_needed_are_skipped_with_their_padding() {
    let file = buffer_to_wav(&[1, 2, 3, 4], 8000, 2).unwrap();
    let mut with_list = file[..36].to_vec();
    with_list.extend(b"LIST\x05\0\0\0INFO!\0");
    with_list.extend(&file[36..]);
    with_list.extend(b"id3 \x02\0\0\0xx");
    let riff = with_list.len() as u32 - 8;
    with_list[4..8].copy_from_slice(&riff.to_le_bytes());
    assert_eq!(wav::read(&with_list), wav::read(&file));
}

#[test]
fn errors_are_sentences() {
    assert_eq!(
        WavError::UnknownTag { tag: 0x11 }.to_string(),
        "the format tag 0x0011 (IMA ADPCM) is none of 1 (PCM), 3 (float), 6 (A-law) and 7 (mu-law)"
    );
}
