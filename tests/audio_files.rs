//! WAV files as others write them: what `convertAudio` reads is what ffmpeg, sox and libsndfile read, or a warning says
//! what is left out.

use std::path::Path;

use serde_json::{Value, json};
use service::audio::{decode_base64, encode_base64};
use tempfile::TempDir;

use crate::support::{Server, run_program as run};

const SAMPLES: [i16; 8] = [0, 1000, 2000, 3000, 2000, 1000, 0, -1000];

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A mono PCM16 file at 8 kHz with the sizes that it states, chunks before its samples, and bytes after them.
fn file(riff: u32, data: u32, before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut file = [b"RIFF", &riff.to_le_bytes()[..], b"WAVE", before].concat();
    file.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data");
    file.extend(data.to_le_bytes());
    file.extend(bytes(&SAMPLES));
    file.extend(after);
    file
}

async fn convert(server: &Server, audio: &[u8], salvage: bool) -> Value {
    let to = json!({ "encoding": "pcm16", "sampleRate": 8_000 });
    let body = json!({ "audio": encode_base64(audio), "from": { "container": "wav" }, "to": to, "salvage": salvage });
    server.post("/audio/convert", &body).await.expect(200).json()
}

fn samples(answer: &Value) -> Vec<i16> {
    let audio = decode_base64(answer["audio"].as_str().unwrap()).unwrap();
    audio.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

/// The samples that ffmpeg, sox and libsndfile find; none where one of them refuses the file.
async fn others(folder: &Path, file: &[u8]) -> Vec<Vec<i16>> {
    let path = folder.join("file.wav");
    std::fs::write(&path, file).unwrap();
    let python = "import soundfile, sys; print(*soundfile.read(sys.argv[1], dtype='int16')[0])";
    let script = format!(
        "ffmpeg -v quiet -i {0} -f s16le - | od -An -v -td2 -w16; echo; echo -; \
         sox -V0 -D {0} -t raw -e signed -b 16 - 2>/dev/null | od -An -v -td2 -w16; echo; echo -; \
         /usr/bin/python3 -c \"{python}\" {0} 2>/dev/null; true",
        path.display()
    );
    let printed = run("bash", &["-c", &script]).await;
    printed.split(" -\n").flat_map(|part| part.split("\n-\n")).map(numbers).collect()
}

fn numbers(text: &str) -> Vec<i16> {
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

#[tokio::test]
async fn files_whose_sizes_are_wrong_are_read_to_their_end() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let list = b"LIST\x0E\0\0\0INFOISFT\x02\0\0\0x\0";
    for (riff, data, before, after) in [
        (52, 16, &b""[..], &b""[..]),
        // Placeholders, and sizes that were not filled in.
        (0, 16, b"", b""),
        (u32::MAX, 16, b"", b""),
        (0, 0, b"", b""),
        (36, 0, b"", b""),
        (52, 0, b"", b""),
        (u32::MAX, u32::MAX, b"", b""),
        (0, u32::MAX, b"", b""),
        (0x7FFF_F024, 0x7FFF_F000, b"", b""),
        (0x7FFF_FFFF, 0x7FFF_FFDB, b"", b""),
        (0x7FFF_FFFF, 0x7FFF_FFFF, b"", b""),
        (0x8000_0024, 0x8000_0000, b"", b""),
        (u32::MAX, u32::MAX - 36, b"", b""),
        // RIFF sizes that are too small, too large, odd.
        (16, 16, b"", b""),
        (44, 16, b"", b""),
        (53, 16, b"", b""),
        (5200, 16, b"", b""),
        // Chunks before the samples and after them.
        (74, 16, b"", list),
        (0, 16, b"", list),
        (74, 16, list, b""),
        (62, 16, b"JUNK\x02\0\0\0xx", b""),
        (62, 0, b"fact\x02\0\0\0xx", b""),
        (64, 16, b"bext\x03\0\0\0abc\0", b""),
    ] {
        let file = file(riff, data, before, after);
        let answer = convert(&server, &file, false).await;
        assert_eq!(samples(&answer), SAMPLES, "{riff:#x} {data:#x}: {answer}");
        assert_eq!(answer["warnings"], json!([]), "{riff:#x} {data:#x}");
        let others = others(folder.path(), &file).await;
        assert!(others.iter().any(|read| *read == SAMPLES), "{riff:#x} {data:#x}: {others:?}");
    }
}

#[tokio::test]
async fn audio_that_is_missing_or_left_out_is_warned_of() {
    let server = Server::start().await;
    for (data, after, plain, salvaged, words) in [
        (100, &b""[..], 8, 8, "states 100 bytes of samples, and 16 are there"),
        (17, b"", 8, 8, "states 17 bytes"),
        (15, b"", 7, 7, "last 1 bytes were left out"),
        (8, b"", 4, 8, "8 bytes after them are not a chunk"),
        (0, b"x", 8, 8, "last 1 bytes were left out"),
        (16, b"noise", 8, 10, "5 bytes after them are not a chunk"),
    ] {
        let file = file(36 + data, data, b"", after);
        for (salvage, count) in [(false, plain), (true, salvaged)] {
            let answer = convert(&server, &file, salvage).await;
            assert_eq!(samples(&answer).len(), count, "{data} {salvage}: {answer}");
            assert!(answer["warnings"][0].as_str().unwrap().contains(words), "{words}: {answer}");
        }
    }
    let odd = json!({ "audio": "AAAA", "from": { "encoding": "pcm16" }, "to": "wav", "salvage": true });
    let answer = server.post("/audio/convert", &odd).await.expect(200).json();
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 1);
    let cut =
        json!({ "audio": encode_base64(&file(52, 16, b"", b"")[..40]), "from": { "container": "wav" }, "to": "wav" });
    server.post("/audio/convert", &cut).await.expect(422);
}

#[tokio::test]
async fn other_sample_formats_are_read_as_sox_reads_them() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("in.raw"), bytes(&(0..2000).map(|n| (n * 7919) as i16).collect::<Vec<_>>())).unwrap();
    for format in ["-e unsigned -b 8", "-e signed -b 24", "-e signed -b 32", "-e float -b 32", "-e float -b 64"] {
        let (raw, out, back) = (path("in.raw"), path("out.wav"), path("back.raw"));
        let script = format!(
            "sox -D -v 0.7 -t raw -r 8000 -e signed -b 16 -c 1 {raw} {format} {out} && \
             sox -D {out} -t raw -e signed -b 16 {back}"
        );
        run("bash", &["-c", &script]).await;
        let (read, expected) = (std::fs::read(out).unwrap(), std::fs::read(back).unwrap());
        let answer = convert(&server, &read, false).await;
        assert_eq!(decode_base64(answer["audio"].as_str().unwrap()).unwrap(), expected, "{format}");
        assert_eq!(answer["warnings"], json!([]));
    }
    run(
        "bash",
        &[
            "-c",
            &format!("ffmpeg -v error -f s16le -ar 8000 -ac 1 -i {} -rf64 always {}", path("in.raw"), path("long.wav")),
        ],
    )
    .await;
    let (long, raw) = (std::fs::read(path("long.wav")).unwrap(), std::fs::read(path("in.raw")).unwrap());
    assert!(long.starts_with(b"RF64"));
    assert_eq!(decode_base64(convert(&server, &long, false).await["audio"].as_str().unwrap()).unwrap(), raw);
}

#[tokio::test]
async fn files_in_place_of_samples_are_refused_by_name() {
    let server = Server::start().await;
    let wav = file(52, 16, b"", b"");
    for (index, (start, name)) in [
        (wav.clone(), "a WAV file"),
        ([b"\x1A\x45\xDF\xA3", &[0; 200][..]].concat(), "a WebM or Matroska file"),
        ([b"OggS", &[0; 200][..]].concat(), "an Ogg file"),
        ([b"fLaC", &[0; 200][..]].concat(), "a FLAC file"),
        ([b"ID3\x04", &[0; 200][..]].concat(), "an MP3 file"),
        ([b"\0\0\0\x20ftypisom", &[0; 200][..]].concat(), "an MP4 file"),
        ([b"RIFF\0\x10\0\0AVI ", &[0; 200][..]].concat(), "an AVI file"),
        ([b"#!AMR\n", &[0; 200][..]].concat(), "an AMR file"),
    ]
    .into_iter()
    .enumerate()
    {
        let call = server.start_call(&format!("MZ{index}")).await;
        let audio = encode_base64(&start);
        let path = format!("/calls/{call}/chunks");
        let refused = server.post(&path, &json!({ "audio": audio })).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/audio");
        assert!(refused["detail"].as_str().unwrap().contains(name), "{refused}");
        let batch = json!({ "chunks": [{ "audio": "/////w==", "track": "outbound" }, { "audio": audio }] });
        let refused = server.post(&format!("{path}/batch"), &batch).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/chunks/1/audio");
        server.post_bytes(&path, "application/octet-stream", start.clone()).await.expect(422);
        let refused = server.post("/audio/convert", &json!({ "audio": audio, "to": "wav" })).await.expect(422).json();
        assert!(refused["detail"].as_str().unwrap().contains(name), "{refused}");
    }
}
