//! The output of `audio convert`, and how other programs read it.

use service::audio::{self, Container, Encoding, Format, Source, encode};

use super::Folder;

const ENCODINGS: [Encoding; 3] = [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16];
const CONTAINERS: [(Container, &str); 2] = [(Container::Raw, "raw"), (Container::Wav, "wav")];
const RAW: Source = Source { encoding: None, sample_rate: None, container: Container::Raw, salvage: false };
const WAV: Source = Source { container: Container::Wav, ..RAW };

#[tokio::test]
async fn the_same_bytes_come_out_as_of_the_operation_however_they_come_in() {
    let folder = Folder::new();
    let mulaw = folder.read("caller.ulaw");
    for encoding in ENCODINGS {
        for (container, named) in CONTAINERS {
            let rates: &[u32] = if encoding == Encoding::Pcm16 { &[8000, 16_000, 24_000, 44_100] } else { &[8000] };
            for &sample_rate in rates {
                let to = Format { encoding, sample_rate, container };
                let expected = audio::convert(&mulaw, &RAW, &to).unwrap().bytes;
                let flags =
                    format!("--to-encoding {} --to-rate {sample_rate} --to-container {named}", encoding.as_str());
                folder.run(&format!("convert caller.ulaw out {flags} --force")).await;
                assert!(folder.read("out") == expected, "{flags}");
                // The length of a pipe is unknown until its end.
                folder.pipe(&mulaw, &format!("convert - piped {flags} --force")).await;
                assert!(folder.read("piped") == expected, "{flags} from a pipe");
                let printed = folder.run(&format!("convert caller.ulaw - {flags}")).await;
                assert!(printed == expected, "{flags} to a pipe");
                let piped = folder.pipe(&mulaw, &format!("convert - - {flags}")).await;
                match container {
                    Container::Raw => assert!(piped == expected, "{flags} from a pipe to a pipe"),
                    Container::Wav => assert_eq!(audio::wav::read(&piped), audio::wav::read(&expected), "{flags}"),
                }
            }
        }
    }
    assert_eq!(folder.names(), ["caller.ulaw", "out", "piped"]);
}

#[tokio::test]
async fn every_encoding_and_container_leads_back_to_the_same_samples() {
    let folder = Folder::new();
    let mulaw = folder.read("caller.ulaw");
    for (first, second) in [("a.wav", "a.pcm"), ("b.pcm", "b.wav"), ("c.ulaw", "c.wav"), ("d.wave", "d.raw")] {
        folder.run(&format!("convert caller.ulaw {first} --force")).await;
        folder.run(&format!("convert {first} {second} --force")).await;
        let raw = if second == "d.raw" { "--from-encoding pcm16" } else { "" };
        folder.run(&format!("convert {second} back.ulaw {raw} --force")).await;
        assert!(folder.read("back.ulaw") == mulaw, "{first} {second}");
    }
    // A-law quantizes differently, so there the A-law bytes must come back.
    folder.run("convert caller.ulaw a.alaw --force").await;
    folder.run("convert a.alaw a.wav --force").await;
    folder.run("convert a.wav b.wav --to-encoding alaw --force").await;
    folder.run("convert b.wav b.al --force").await;
    assert!(folder.read("a.alaw") == folder.read("b.al"));
}

#[tokio::test]
async fn presets_are_those_of_the_operation() {
    let folder = Folder::new();
    let mulaw = folder.read("caller.ulaw");
    let samples = |samples: Vec<i16>| encode(Encoding::Pcm16, &samples);
    folder.run("convert caller.ulaw a.pcm --to openai").await;
    assert!(folder.read("a.pcm") == samples(audio::convert_to_openai_format(&mulaw)));
    folder.run("convert caller.ulaw b.pcm --to storage").await;
    assert!(folder.read("b.pcm") == samples(audio::convert_to_storage_format(&mulaw)));
    folder.run("convert caller.ulaw c.wav --to wav").await;
    assert_eq!(audio::wav::read(&folder.read("c.wav")).unwrap().sample_rate, 16_000);
    // A preset does not write a raw file under the name of a WAV file, nor the reverse.
    for (name, preset) in [("d.wav", "openai"), ("d.pcm", "wav"), ("d.ulaw", "storage")] {
        let said = folder.refused(&format!("convert caller.ulaw {name} --to {preset}")).await;
        assert!(said.contains(name) && said.contains(preset), "{said}");
    }
    let output = folder.audio("convert caller.ulaw e.pcm --to openai --to-rate 8000").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "a preset takes no further options");
}

#[tokio::test]
async fn others_read_what_it_writes() {
    let folder = Folder::new();
    let expected = encode(Encoding::Pcm16, &audio::mulaw_to_pcm16(&folder.read("caller.ulaw")));
    for (encoding, codec) in [("pcm16", "pcm_s16le"), ("mulaw", "pcm_mulaw"), ("alaw", "pcm_alaw")] {
        folder.run(&format!("convert caller.ulaw out.wav --to-encoding {encoding} --force")).await;
        let probe =
            "ffprobe -v error -show_entries stream=codec_name,sample_rate,channels,duration -of csv=p=0 out.wav";
        let found = String::from_utf8(folder.other(probe).await).unwrap();
        assert_eq!(found.trim(), format!("{codec},8000,1,3.929375"));
        // Also as a stream whose header does not state the length.
        let mulaw = folder.read("caller.ulaw");
        let piped = folder.pipe(&mulaw, &format!("convert - - --to-encoding {encoding}")).await;
        folder.write("piped.wav", &piped);
        for (name, flag) in [("out.wav", ""), ("piped.wav", "--ignore-length")] {
            let by_ffmpeg = folder.other(&format!("ffmpeg -v error -i {name} -f s16le -")).await;
            let by_sox = folder.other(&format!("sox -D {flag} {name} -t s16 -")).await;
            let ours = folder.run(&format!("convert {name} - --to-container raw")).await;
            assert!(by_ffmpeg == ours && by_sox == ours, "{encoding} in {name}");
            assert!(encoding == "alaw" || ours == expected, "{encoding} in {name}");
        }
    }
}

#[tokio::test]
async fn it_reads_what_others_write() {
    let folder = Folder::new();
    let raw = "-t raw -r 8000 -e mu-law -b 8 -c 1 caller.ulaw";
    let expected = encode(Encoding::Pcm16, &audio::mulaw_to_pcm16(&folder.read("caller.ulaw")));
    for line in [
        format!("sox -D {raw} out.wav"),
        format!("sox -D {raw} -e signed -b 16 out.wav"),
        "ffmpeg -v error -y -f mulaw -ar 8000 -ac 1 -i caller.ulaw -c:a pcm_mulaw out.wav".to_owned(),
        // With a LIST chunk before the samples, and as WAVE_FORMAT_EXTENSIBLE.
        "ffmpeg -v error -y -f mulaw -ar 8000 -ac 1 -i caller.ulaw -metadata title=Call out.wav".to_owned(),
        "ffmpeg -v error -y -f mulaw -ar 8000 -ac 1 -i caller.ulaw -channel_layout 4 out.wav".to_owned(),
    ] {
        folder.other(&line).await;
        assert!(folder.run("convert out.wav - --to-container raw").await == expected, "{line}");
    }
    // In a pipeline neither program knows the length at the start.
    for line in
        [format!("sox -D {raw} -t wav -"), "ffmpeg -v error -f mulaw -ar 8000 -ac 1 -i caller.ulaw -f wav -".to_owned()]
    {
        let stream = folder.other(&line).await;
        assert!(folder.pipe(&stream, "convert - - --to-container raw").await == expected, "{line}");
        folder.write("out.wav", &stream);
        assert!(folder.run("convert out.wav - --to-container raw").await == expected, "{line}");
    }
}

#[tokio::test]
async fn channels_are_kept() {
    let folder = Folder::new();
    folder.other("sox -n -r 48000 -b 16 -c 3 three.wav synth 0.5 sine 300 sine 500 sine 700").await;
    folder.run("convert three.wav out.wav --to-rate 16000").await;
    let to = Format { encoding: Encoding::Pcm16, sample_rate: 16_000, container: Container::Wav };
    let expected = audio::convert(&folder.read("three.wav"), &WAV, &to).unwrap();
    assert_eq!(expected.channels, 3);
    assert!(folder.read("out.wav") == expected.bytes);
    folder.run("convert three.wav three.pcm").await;
    folder.run("convert three.pcm again.wav --from-rate 48000 --from-channels 3 --to-rate 16000").await;
    assert!(folder.read("again.wav") == expected.bytes);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_in_a_sentence() {
    let folder = Folder::new();
    folder.other("sox -n -r 12000 -b 16 twelve.wav synth 0.1 sine 300").await;
    folder.run("convert caller.ulaw a.wav").await;
    folder.write("song.mp3", b"ID3\x04\0\0\0\0\0\0");
    folder.write("song.ogg", b"OggS\0\x02");
    for (arguments, words) in [
        ("convert caller.ulaw out.ulaw --to-rate 16000", ["--to-rate 16000", "8000"]),
        ("convert caller.ulaw out.wav --to-rate 12345", ["--to-rate 12345", "44100"]),
        ("convert caller.ulaw out.wav --from-rate 16000", ["--from-rate 16000", "8000"]),
        ("convert twelve.wav out.wav", ["12000 Hz", "48000"]),
        ("convert a.wav out.wav --from-rate 16000", ["--from-rate", "8000 Hz"]),
        ("convert a.wav out.wav --from-encoding mulaw", ["--from-encoding", "pcm16"]),
        ("inspect a.wav --channels 2", ["--channels", "1 channel"]),
        ("convert song.mp3 out.wav", ["MP3", "--from-container raw"]),
        ("inspect song.ogg", ["Ogg", "--container raw"]),
        ("convert caller.ulaw out.wav --from-container wav", ["caller.ulaw", "not a WAV file"]),
        ("convert song.ogg out.wav --from-container wav", ["song.ogg", "an Ogg file"]),
        ("convert caller.ulaw out.mp3", ["out.mp3", "an MP3 file"]),
    ] {
        let said = folder.refused(arguments).await;
        assert!(words.iter().all(|word| said.contains(word)), "{arguments}: {said}");
    }
    assert!(!folder.names().iter().any(|name| name.starts_with("out") || name.starts_with('.')));
}
