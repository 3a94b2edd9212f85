//! What streams gives the same as the whole, wherever it is cut: headers, conversions, levels.

use audio::{
    Container, ConvertError, Converter, Encoding, Format, Levels, MAX_CHANNELS, Meter, Source, StreamFormat, Stretch,
    WavError, buffer_to_wav, convert, encode,
    wav::{self, Warning},
};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 3] = [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16];

/// A reader's outcome, and how many bytes there were before the samples.
fn stream_in<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<(wav::Header, usize), WavError> {
    let mut reader = wav::HeaderReader::new();
    let mut before = 0;
    for piece in pieces {
        match reader.push(piece)? {
            Some((header, used)) => return Ok((header, before + used)),
            None => before += piece.len(),
        }
    }
    Err(reader.cut())
}

fn file_with_a_list() -> Vec<u8> {
    let file = buffer_to_wav(&[1, 2, 3, 4], 8000, 2).unwrap();
    [&file[..36], b"LIST\x05\0\0\0INFO!\0", &file[36..]].concat()
}

proptest! {
    #[test]
    fn a_header_is_the_same_however_it_comes(size in 1..60usize, at in 0..66usize, byte: u8, end in 0..67usize) {
        let mut file = file_with_a_list();
        if at < file.len() {
            file[at] = byte;
        }
        file.truncate(end);
        let whole = stream_in([file.as_slice()].into_iter());
        prop_assert_eq!(whole, stream_in(file.chunks(size)));
        prop_assert!(whole.is_ok_and(|(header, at)| header.samples_start == at as u64) || wav::read(&file).is_err());
    }

    #[test]
    fn a_conversion_is_the_same_however_it_is_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..20_000),
        from in 0..3usize, to in 0..3usize, channels in 1..4u16,
        rates in prop::sample::select(vec![(8000, 8000), (8000, 16_000), (8000, 24_000), (44_100, 16_000), (48_000, 8000)]),
        size in 1..3000usize,
    ) {
        let format = StreamFormat { encoding: ENCODINGS[from], sample_rate: rates.0, channels };
        let mut converter = Converter::new(format, ENCODINGS[to], rates.1).unwrap();
        let mut pieces = Vec::new();
        bytes.chunks(size).for_each(|piece| converter.push(piece, &mut pieces));
        let left_over = converter.finish(&mut pieces);
        prop_assert_eq!(left_over, bytes.len() % format.bytes_per_frame());
        let bytes = &bytes[..bytes.len() - left_over];
        prop_assert_eq!(pieces.len() as u64, converter.converted_len(bytes.len() as u64));

        let file = wav::enclose(format.encoding, bytes, rates.0, channels).unwrap();
        let source = Source { encoding: None, sample_rate: None, container: Container::Wav, salvage: false };
        let target = Format { encoding: ENCODINGS[to], sample_rate: rates.1, container: Container::Raw };
        prop_assert!(convert(&file, &source, &target).unwrap().bytes == pieces);
        // And the converter is as new.
        let mut again = Vec::new();
        converter.push(bytes, &mut again);
        prop_assert_eq!(converter.finish(&mut again), 0);
        prop_assert!(again == pieces);
    }

    #[test]
    fn levels_are_the_same_however_they_are_cut(bytes in prop::collection::vec(0..40u8, 0..9000), size in 1..2000usize) {
        for channels in 1..3 {
            let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate: 8000, channels };
            let mut meter = Meter::new(format, -60.0);
            bytes.chunks(size).for_each(|piece| meter.push(piece));
            prop_assert_eq!(meter.finish(), levels(format, &bytes));
        }
    }
}

#[test]
fn a_conversion_has_a_rate_and_channels_that_there_are() {
    let format = StreamFormat { encoding: Encoding::Mulaw, sample_rate: 8000, channels: 1 };
    let new = |channels, from, to| {
        Converter::new(StreamFormat { channels, sample_rate: from, ..format }, Encoding::Pcm16, to).map(|_| ())
    };
    assert_eq!(new(MAX_CHANNELS, 8000, 48_000), Ok(()));
    for channels in [0, MAX_CHANNELS + 1, u16::MAX] {
        assert_eq!(new(channels, 8000, 8000), Err(ConvertError::Channels { channels }));
    }
    for (from, to, hz) in [(8001, 8000, 8001), (8000, 8001, 8001), (0, 8000, 0)] {
        assert_eq!(new(1, from, to), Err(ConvertError::UnsupportedRate { hz }));
    }
}

#[test]
fn a_header_without_a_length_means_up_to_the_end() {
    for encoding in ENCODINGS {
        let format = StreamFormat { encoding, sample_rate: 8000, channels: 2 };
        let header = wav::stream_header(&format, None).unwrap();
        assert_eq!(header.len(), wav::stream_header(&format, Some(0)).unwrap().len());
        let samples = [7, -7, 1000, 0];
        let file = [header, encode(encoding, &samples)].concat();
        let read = wav::read(&file).unwrap();
        assert_eq!((read.encoding, read.channels, read.samples.len()), (encoding, 2, 4));
    }
}

#[test]
fn what_a_damaged_file_still_has_can_be_told() {
    let file = buffer_to_wav(&[1; 100], 8000, 2).unwrap();
    let read = |file: &[u8], salvage| {
        let (header, start) = stream_in([file].into_iter()).unwrap();
        let rest = file.get(header.stated_end() as usize..).unwrap_or_default();
        let extent = header.extent(file.len() as u64, rest, salvage);
        (extent.bytes, extent.warnings, header.reach(&file[start..]))
    };
    assert_eq!(read(&file, false), (200, vec![], 200));
    let warnings = vec![Warning::Cut { stated: 200, present: 91 }, Warning::PartialFrame { bytes: 3, frame: 4 }];
    assert_eq!(read(&file[..44 + 91], false), (88, warnings, 200));
    // Sizes that a recorder did not come to fill in.
    for riff in [0u32, 36, 236] {
        let mut file = file.clone();
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&[0; 4]);
        assert_eq!(read(&file, false), (200, vec![], u64::MAX));
    }
    // No samples at all, and a chunk after them, is nothing wrong.
    let mut empty = [&file[..44], b"LIST\x02\0\0\0xx"].concat();
    empty[40..44].copy_from_slice(&[0; 4]);
    assert_eq!(read(&empty, true), (0, vec![], 0));
    // A size that is too small: what follows may be a chunk, with or without padding, or samples.
    let mut short = file.clone();
    short[40..44].copy_from_slice(&100u32.to_le_bytes());
    let (stated, bytes) = (100, 100);
    assert_eq!(read(&short, false), (100, vec![Warning::Trailing { stated, bytes }], 100));
    assert_eq!(read(&short, true), (200, vec![Warning::Salvaged { stated, bytes }], 100));
    for chunk in [&b"LIST\x04\0\0\0INFO"[..], b"id3 \x03\0\0\0xxx", b"bext\0\0\0\0"] {
        assert_eq!(read(&[&file, chunk].concat(), true), (200, vec![], 200));
    }
}

fn levels(format: StreamFormat, bytes: &[u8]) -> Vec<Levels> {
    let mut meter = Meter::new(format, -60.0);
    meter.push(bytes);
    meter.finish()
}

#[test]
fn levels_are_what_a_tone_has_in_each_channel() {
    // A tone at half of full scale, a square wave at full scale, silence with an offset.
    let frames = (0..8000).flat_map(|n| {
        let tone = (f64::from(n) * std::f64::consts::TAU / 8.0).sin() * 16384.0;
        [tone.round() as i16, if n % 2 == 0 { i16::MIN } else { i16::MAX }, 8]
    });
    let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate: 8000, channels: 3 };
    let levels = levels(format, &encode(Encoding::Pcm16, &frames.collect::<Vec<_>>()));
    let [tone, square, silence] = levels[..] else { panic!("three channels: {levels:?}") };
    assert!((tone.peak_dbfs() + 6.0206).abs() < 1e-3 && (tone.rms_dbfs() + 9.0309).abs() < 1e-3, "{tone:?}");
    assert_eq!((tone.clipped, tone.silent, tone.dc_offset), (0, 0, 0.0));
    assert_eq!((square.peak, square.clipped), (32_768, 8000));
    assert!(square.peak_dbfs() == 0.0 && square.rms_dbfs().abs() < 1e-3);
    assert_eq!((silence.peak, silence.dc_offset, silence.silent), (8, 8.0, 8000));
    assert_eq!(silence.longest_silence, Stretch { start: 0, length: 8000 });
}

#[test]
fn silence_is_counted_in_windows_of_20_ms_and_the_longest_run_is_told() {
    // At 8 kHz a window has 160 samples: 1 loud, 2 silent, 1 loud by one sample, 3 silent, and a silent rest of 10.
    let mut samples = vec![0i16; 160 * 7 + 10];
    samples[..160].fill(9000);
    samples[160 * 3 + 159] = -9000;
    let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate: 8000, channels: 1 };
    let levels = levels(format, &encode(Encoding::Pcm16, &samples))[0];
    assert_eq!(levels.silent, 160 * 5 + 10);
    assert_eq!(levels.longest_silence, Stretch { start: 160 * 4, length: 160 * 3 + 10 });
}

#[test]
fn the_largest_code_of_each_law_counts_as_clipped() {
    for (encoding, largest, next) in
        [(Encoding::Mulaw, [0x00, 0x80], [0x01, 0x81]), (Encoding::Alaw, [0x2A, 0xAA], [0x2B, 0xAB])]
    {
        let format = StreamFormat { encoding, sample_rate: 8000, channels: 1 };
        assert_eq!(levels(format, &largest)[0].clipped, 2, "{encoding:?}");
        assert_eq!(levels(format, &next)[0].clipped, 0, "{encoding:?}");
        assert_eq!(levels(format, &largest)[0].peak, encoding.full_scale());
    }
}

#[test]
fn nothing_has_no_level() {
    let format = StreamFormat { encoding: Encoding::Mulaw, sample_rate: 8000, channels: 1 };
    let levels = levels(format, &[])[0];
    assert_eq!((levels.peak, levels.rms, levels.dc_offset, levels.silent), (0, 0.0, 0.0, 0));
    assert_eq!(levels.peak_dbfs(), f64::NEG_INFINITY);
}
