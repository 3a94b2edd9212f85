//! Damaged files: one sentence explains the damage, and the readable audio can be recovered.

use std::fs;

use service::audio::{self, wav};

use super::{Folder, feed, refusal};

/// A WAV file of 1,000 stereo frames with some of its bytes replaced.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = audio::buffer_to_wav(&[1000; 2000], 8000, 2).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named() {
    let folder = Folder::new();
    for (file, words) in [
        (patched(0, b"RIFX"), ["RIFX", "ffmpeg"]),
        (patched(8, b"AVI "), ["not a WAV file", "container raw"]),
        (patched(20, &[2]), ["0x0002 (Microsoft ADPCM)", "ffmpeg"]),
        (patched(20, &[3]), ["16 bits", "ffmpeg"]),
        (patched(20, &[0x11]), ["0x0011 (IMA ADPCM)", "ffmpeg"]),
        (patched(20, &[0x55]), ["0x0055 (MP3)", "ffmpeg"]),
        (patched(20, &[0x34, 0x12]), ["0x1234 is none of", "ffmpeg"]),
        (patched(34, &[40]), ["40 bits", "ffmpeg"]),
        (patched(34, &[24]), ["fmt chunk is damaged", "container raw"]),
        (patched(12, b"xxxx"), ["no fmt chunk", "container raw"]),
        (patched(22, &[0]), ["fmt chunk is damaged", "container raw"]),
        (patched(16, &[0xFF; 4]), ["header is cut off", "nothing can be saved"]),
        (patched(4, &28_u32.to_le_bytes())[..36].to_vec(), ["no data chunk", "no samples"]),
        (Vec::new(), ["empty", "no audio"]),
    ] {
        folder.write("damaged.wav", &file);
        let said = folder.refused("convert damaged.wav out.wav").await;
        let path = folder.path().join("damaged.wav").display().to_string();
        assert!(said.contains(&path) && words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        let piped = feed(folder.audio("inspect - --container wav"), &file).await;
        let said = refusal("inspect -", &piped);
        assert!(said.contains("standard input") && words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    }
    assert_eq!(folder.names(), ["caller.ulaw", "damaged.wav"]);
}

#[tokio::test]
async fn what_is_no_file_of_audio_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).unwrap();
    folder.write("odd.pcm", &[0; 7]);
    for (arguments, words) in [
        ("inspect folder", ["folder cannot be read", "it is a folder"]),
        ("inspect missing.wav", ["missing.wav cannot be read", "No such file"]),
        ("convert caller.ulaw folder", ["folder is not a regular file", "redirect"]),
        ("convert caller.ulaw missing/out.wav", ["missing/out.wav cannot be written", "No such file"]),
        ("convert odd.pcm out.wav", ["7 bytes are not a whole number of frames of 2", "--salvage"]),
        ("inspect caller.ulaw --encoding pcm16 --channels 2", ["frames of 4 bytes", "--salvage"]),
        ("inspect -", ["standard input", "empty"]),
    ] {
        let said = folder.refused(arguments).await;
        assert!(words.iter().all(|word| said.contains(word)), "{arguments}: {said}");
    }
}

#[tokio::test]
async fn a_header_that_is_cut_anywhere_is_refused_in_a_sentence() {
    let folder = Folder::new();
    let pcm = patched(0, b"RIFF");
    let alaw = wav::enclose(audio::Encoding::Alaw, &[0x55; 100], 8000, 1).unwrap();
    for (file, header) in [(pcm, 44), (alaw, 58)] {
        for end in 0..header {
            folder.write("cut.wav", &file[..end]);
            let said = folder.refused("convert cut.wav out.wav").await;
            let word = if end == 0 { "empty" } else { "the header is cut off after" };
            assert!(said.contains(word), "after {end} bytes: {said}");
        }
    }
    assert_eq!(folder.names(), ["caller.ulaw", "cut.wav"]);
}

#[tokio::test]
async fn what_is_there_of_a_damaged_file_is_taken_with_a_warning() {
    let folder = Folder::new();
    let frames = |count: i16| audio::buffer_to_wav(&(0..2 * count).collect::<Vec<_>>(), 8000, 2).unwrap();
    let whole = frames(1000);
    let sized = |riff: u32, data: u32| {
        let mut file = whole.clone();
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&data.to_le_bytes());
        file
    };
    for (file, count, words) in [
        (whole[..44 + 1999].to_vec(), 499, &["states 4000 bytes of samples, and 1999 are there", "last 3 bytes"][..]),
        (sized(4036, 4002), 1000, &["states 4002 bytes of samples, and 4000 are there"]),
        (sized(4036, 3999), 999, &["last 3 bytes"]),
        (sized(4036, 2000), 500, &["states 2000 bytes", "2000 bytes after them are not a chunk"]),
        (sized(4036, 0)[..44].to_vec(), 0, &["states 4000 bytes of samples, and 0 are there"]),
        (sized(9000, 4000), 1000, &[]),
        (sized(0, 0), 1000, &[]),
        (sized(36, 0), 1000, &[]),
        (sized(u32::MAX, u32::MAX - 36), 1000, &[]),
    ] {
        folder.write("cut.wav", &file);
        for (arguments, input) in [("convert cut.wav out.wav", &[][..]), ("convert - out.wav", &file)] {
            let output = feed(folder.audio(arguments), input).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
            assert_eq!(said.is_empty(), words.is_empty(), "{said}");
            assert!(folder.read("out.wav") == frames(count), "{arguments}: {words:?}");
            fs::remove_file(folder.path().join("out.wav")).unwrap();
        }
        let report: serde_json::Value = serde_json::from_slice(&folder.run("inspect cut.wav --json").await).unwrap();
        assert_eq!(report["frames"], count);
        let warnings = report["warnings"].as_array().unwrap();
        assert_eq!(warnings.is_empty(), words.is_empty());
    }
    folder.write("short.wav", &sized(4036, 2000));
    assert!(folder.audio("convert short.wav out.wav --salvage").output().await.unwrap().status.success());
    assert!(folder.read("out.wav") == whole);
    folder.write("odd.pcm", &[1; 7]);
    assert!(folder.audio("convert odd.pcm out.pcm --salvage").output().await.unwrap().status.success());
    assert_eq!(folder.read("out.pcm"), [1; 6]);
}
