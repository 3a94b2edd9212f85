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
        (patched(0, b"RF64"), ["RF64", "ffmpeg"]),
        (patched(8, b"AVI "), ["not a WAV file", "container raw"]),
        (patched(20, &[2]), ["0x0002 (Microsoft ADPCM)", "ffmpeg"]),
        (patched(20, &[3]), ["0x0003 (IEEE float)", "ffmpeg"]),
        (patched(20, &[0x11]), ["0x0011 (IMA ADPCM)", "ffmpeg"]),
        (patched(20, &[0x55]), ["0x0055 (MP3)", "ffmpeg"]),
        (patched(20, &[0x34, 0x12]), ["0x1234 is none of", "ffmpeg"]),
        (patched(34, &[24]), ["24 bits", "ffmpeg"]),
        (patched(12, b"xxxx"), ["no fmt chunk", "container raw"]),
        (patched(22, &[0]), ["fmt chunk is damaged", "container raw"]),
        (patched(16, &[0xFF; 4]), ["header is cut off", "nothing can be saved"]),
        (patched(40, &4002u32.to_le_bytes()), ["4002 bytes are stated where 4000 are", "0.125 s"]),
        (patched(40, &3999u32.to_le_bytes()), ["3999 bytes", "--salvage"]),
        (patched(4, &9000u32.to_le_bytes()), ["9008 bytes are stated where 4044 are", "0.125 s"]),
        (patched(40, &[0; 4])[..44].to_vec(), ["the sizes lie", "0.000 s"]),
        (Vec::new(), ["empty", "no audio"]),
    ] {
        folder.write("damaged.wav", &file);
        let said = folder.refused("convert damaged.wav out.wav").await;
        assert!(said.contains("damaged.wav") && words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
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
        ("convert caller.ulaw folder", ["folder cannot be written", "it is a folder"]),
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
async fn a_file_that_is_cut_anywhere_is_refused_in_a_sentence() {
    let folder = Folder::new();
    let pcm = patched(0, b"RIFF");
    let alaw = wav::enclose(audio::Encoding::Alaw, &[0x55; 100], 8000, 1).unwrap();
    for (file, header) in [(pcm, 44), (alaw, 58)] {
        for end in (0..header + 3).chain([file.len() - 1]) {
            folder.write("cut.wav", &file[..end]);
            let said = folder.refused("convert cut.wav out.wav").await;
            let word = match end {
                0 => "empty",
                _ if end < header => "the header is cut off after",
                _ => "the sizes lie",
            };
            assert!(said.contains(word), "after {end} bytes: {said}");
        }
    }
    assert_eq!(folder.names(), ["caller.ulaw", "cut.wav"]);
}

#[tokio::test]
async fn what_is_there_of_a_cut_recording_can_be_taken() {
    let folder = Folder::new();
    let whole = audio::buffer_to_wav(&(0..2000).collect::<Vec<_>>(), 8000, 2).unwrap();
    let mut unfinished = whole.clone();
    unfinished[4..8].copy_from_slice(&[0; 4]);
    unfinished[40..44].copy_from_slice(&[0; 4]);
    for (file, samples) in [(&whole[..44 + 1999], 998), (&unfinished, 2000)] {
        folder.write("cut.wav", file);
        let expected = audio::buffer_to_wav(&(0..samples).collect::<Vec<_>>(), 8000, 2).unwrap();
        folder.refused("convert cut.wav out.wav").await;
        for (arguments, input) in
            [("convert cut.wav out.wav --salvage", &[][..]), ("convert - out.wav --salvage", file)]
        {
            let output = feed(folder.audio(arguments), input).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && said.contains("the sizes lie"), "{said}");
            assert!(folder.read("out.wav") == expected, "{arguments}");
            fs::remove_file(folder.path().join("out.wav")).unwrap();
        }
        let report: serde_json::Value =
            serde_json::from_slice(&folder.run("inspect cut.wav --salvage --json").await).unwrap();
        assert_eq!(report["frames"], samples / 2);
        assert!(report["damage"].as_str().unwrap().contains("the sizes lie"));
    }
    folder.write("odd.pcm", &[1; 7]);
    assert!(folder.audio("convert odd.pcm out.pcm --salvage").output().await.unwrap().status.success());
    assert_eq!(folder.read("out.pcm"), [1; 6]);
}
