//! WAV files with samples of other widths than 16 bits, RF64 among them, and containers told from samples.

use audio::{SAMPLE_RATES, encode_base64, pcm16_to_mulaw, sniff, wav};
use proptest::prelude::*;

/// A file of a format tag and a depth around encoded samples of one channel.
fn file(tag: u16, bits: u16, samples: &[u8]) -> Vec<u8> {
    let width = bits.div_ceil(8);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file[4..8].copy_from_slice(&(36 + samples.len() as u32).to_le_bytes());
    file.extend([tag.to_le_bytes(), 1u16.to_le_bytes()].concat());
    file.extend([8000u32.to_le_bytes(), (8000 * u32::from(width)).to_le_bytes()].concat());
    file.extend([width.to_le_bytes(), bits.to_le_bytes()].concat());
    file.extend(b"data");
    file.extend((samples.len() as u32).to_le_bytes());
    file.extend(samples);
    file
}

fn read(tag: u16, bits: u16, samples: &[u8]) -> Vec<i16> {
    let file = file(tag, bits, samples);
    let plain = wav::read(&file).unwrap().samples;
    // The same as an extensible format, and as RF64 whose sizes are in its ds64 chunk.
    let mut extensible = [&file[..16], &[40, 0, 0, 0, 0xFE, 0xFF], &file[22..36], &[22, 0]].concat();
    extensible.extend([&bits.to_le_bytes()[..], &[4, 0, 0, 0], &tag.to_le_bytes()].concat());
    extensible.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    extensible.extend(&file[36..]);
    assert_eq!(wav::read(&extensible).unwrap().samples, plain);
    for (magic, size) in [(b"RF64", samples.len() as u64), (b"BW64", 0)] {
        let mut long = [&magic[..], &[0xFF; 4], b"WAVEds64\x1C\0\0\0", &[0; 8]].concat();
        long.extend(size.to_le_bytes());
        long.extend([0; 12]);
        long.extend(&file[12..40]);
        long.extend([0xFF; 4]);
        long.extend(samples);
        assert_eq!(wav::read(&long).unwrap().samples, plain);
    }
    plain
}

#[test]
fn wide_samples_are_rounded_and_saturated() {
    assert_eq!(read(1, 8, &[0, 127, 128, 129, 255]), [-32768, -256, 0, 256, 32512]);
    let int24 = |samples: &[i32]| samples.iter().flat_map(|sample| sample.to_le_bytes()[..3].to_vec()).collect();
    let samples: Vec<u8> = int24(&[0, 127, 128, -128, -129, 0x7F_FFFF, -0x80_0000]);
    assert_eq!(read(1, 24, &samples), [0, 0, 1, 0, -1, 32767, -32768]);
    assert_eq!(read(1, 20, &samples), read(1, 24, &samples));
    let int32 = [0, 0x7FFF, 0x8000, -0x8000, -0x8001, i32::MAX, i32::MIN];
    let samples: Vec<u8> = int32.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(read(1, 32, &samples), [0, 0, 1, 0, -1, 32767, -32768]);
    let floats = [0.0, 0.5, -0.5, 1.0, -1.0, 7.0, -7.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-9];
    let expected = [0, 16384, -16384, 32767, -32768, 32767, -32768, 0, 32767, -32768, 0];
    let samples: Vec<u8> = floats.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(read(3, 64, &samples), expected);
    let samples: Vec<u8> = floats.iter().flat_map(|&sample| (sample as f32).to_le_bytes()).collect();
    assert_eq!(read(3, 32, &samples), expected);
}

proptest! {
    #[test]
    fn samples_of_16_bits_survive_any_wider_format(samples: Vec<i16>) {
        let shifted = |by: u32| samples.iter().map(move |&sample| i32::from(sample) << by);
        let bytes: Vec<u8> = shifted(8).flat_map(|sample| sample.to_le_bytes()[..3].to_vec()).collect();
        prop_assert_eq!(&read(1, 24, &bytes), &samples);
        let bytes: Vec<u8> = shifted(16).flat_map(i32::to_le_bytes).collect();
        prop_assert_eq!(&read(1, 32, &bytes), &samples);
        let bytes: Vec<u8> = samples.iter().flat_map(|&sample| (f32::from(sample) / 32768.0).to_le_bytes()).collect();
        prop_assert_eq!(&read(3, 32, &bytes), &samples);
        let bytes: Vec<u8> = samples.iter().flat_map(|&sample| (f64::from(sample) / 32768.0).to_le_bytes()).collect();
        prop_assert_eq!(&read(3, 64, &bytes), &samples);
    }

    #[test]
    fn telephony_is_never_taken_for_a_container(samples in prop::collection::vec(-3000i16..3000, 4..400)) {
        prop_assert_eq!(sniff::leading_container(&pcm16_to_mulaw(&samples)), None);
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        prop_assert_eq!(sniff::container(&bytes), None);
    }
}

/// Two MP3 frames of 128 kbit/s at 44.1 kHz, which are 417 bytes long.
fn mp3() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0xC4];
    frame.resize(417, 0);
    frame.repeat(2)
}

/// Two AAC frames (ADTS) of 64 bytes.
fn aac() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xF1, 0x50, 0x80, 0x08, 0x1F, 0xFC];
    frame.resize(64, 0);
    frame.repeat(2)
}

#[test]
fn containers_are_told_from_samples() {
    let file = audio::buffer_to_wav(&[0; 8], 8000, 1).unwrap();
    for (start, name) in [
        (file.clone(), "a WAV file"),
        ([b"RF64\xFF\xFF\xFF\xFFWAVE", &file[12..]].concat(), "an RF64 (WAV) file"),
        (b"FORM\0\0\0\x20AIFFCOMM".to_vec(), "an AIFF file"),
        (b"OggS\0\x02\0\0\0\0".to_vec(), "an Ogg file"),
        (b"fLaC\0\0\0\x22".to_vec(), "a FLAC file"),
        (b"ID3\x04\0\0\0\0\x02\x01TSSE".to_vec(), "an MP3 file"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0".to_vec(), "an MP4 file"),
        (b"RIFF\0\x10\0\0AVI LIST".to_vec(), "an AVI file"),
        (b".snd\0\0\0\x18\0\0\0\x20".to_vec(), "an AU file"),
        (b"caff\0\x01\0\0desc".to_vec(), "a CAF file"),
        (b"#!AMR\n\x3C".to_vec(), "an AMR file"),
        (b"#!AMR-WB\n\x3C".to_vec(), "an AMR file"),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\xF7".to_vec(), "a WebM or Matroska file"),
    ] {
        assert_eq!(sniff::container(&start), Some(name));
        assert_eq!(sniff::leading_container(&start), Some(name));
        let of_file = if sniff::is_wav(&start) { "a WAV file" } else { name };
        assert_eq!(sniff::file_container(&start), Some(of_file));
    }
    // What a person names as a file is one by less.
    for (start, name) in [(&b"RIFX"[..], "a WAV file"), (b"OggS", "an Ogg file"), (b".snd", "an AU file")] {
        assert_eq!((sniff::leading_container(start), sniff::file_container(start)), (None, Some(name)));
    }
    let webm = vec![0x1A, 0x45, 0xDF, 0xA3, 0x9F];
    for (start, name) in [(webm, "a WebM or Matroska file"), (mp3(), "an MP3 file"), (aac(), "an AAC file")] {
        assert_eq!((sniff::container(&start), sniff::leading_container(&start)), (None, Some(name)));
    }
    // Silence of mu-law and A-law, digital silence, one MP3 header, names in other places.
    let one = mp3()[..417].to_vec();
    for samples in [vec![0xFF; 2000], vec![0x7F; 2000], vec![0xD5; 2000], vec![0; 2000], one, b"xRIFF....WAVE".to_vec()]
    {
        assert_eq!((sniff::leading_container(&samples), sniff::file_container(&samples)), (None, None));
    }
    assert_eq!(sniff::leading_container(&[]), None);
    assert!(SAMPLE_RATES.iter().all(|rate| sniff::container(encode_base64(&rate.to_le_bytes()).as_bytes()).is_none()));
}
