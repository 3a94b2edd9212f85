//! `convertAudio`: presets, containers, rates and channels.

use serde_json::{Value, json};
use service::audio::{self, encode_base64};

use crate::support::Server;

/// A tenth of a second of a tone, as samples.
fn tone(rate: u32) -> Vec<i16> {
    let sample =
        |number: u32| ((f64::from(number) * 440.0 * std::f64::consts::TAU / f64::from(rate)).sin() * 8_000.0) as i16;
    (0..rate / 10).map(sample).collect()
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

async fn convert(server: &Server, audio: &[u8], from: Value, to: Value) -> (Value, Vec<u8>) {
    let body = json!({ "audio": encode_base64(audio), "from": from, "to": to });
    let answer = server.post("/audio/convert", &body).await.expect(200).json();
    let converted = audio::decode_base64(answer["audio"].as_str().unwrap()).unwrap();
    (answer, converted)
}

#[tokio::test]
async fn each_preset_gives_its_format() {
    let server = Server::start().await;
    let mulaw = audio::pcm16_to_mulaw(&tone(8_000));
    for (preset, rate, container) in [("openai", 24_000, "raw"), ("storage", 16_000, "raw"), ("wav", 16_000, "wav")] {
        let (answer, converted) = convert(&server, &mulaw, json!(null), json!(preset)).await;
        let expected = json!({
            "audio": answer["audio"], "encoding": "pcm16", "sampleRate": rate, "channels": 1, "container": container,
            "duration": 0.1, "warnings": [], "state": null,
        });
        assert_eq!(answer, expected);
        let samples = rate as usize / 10;
        assert_eq!(converted.len(), samples * 2 + if container == "wav" { 44 } else { 0 });
        // A preset is the same as its format in full.
        let to = json!({ "encoding": "pcm16", "sampleRate": rate, "container": container });
        assert_eq!(
            convert(&server, &mulaw, json!({ "encoding": "mulaw", "sampleRate": 8_000 }), to).await.1,
            converted
        );
    }
}

#[tokio::test]
async fn g711_comes_back_as_it_went() {
    let server = Server::start().await;
    let codes: Vec<u8> = (0..=255).collect();
    for law in ["mulaw", "alaw"] {
        let g711 = json!({ "encoding": law, "sampleRate": 8_000 });
        let pcm = json!({ "encoding": "pcm16", "sampleRate": 8_000 });
        let (_, linear) = convert(&server, &codes, g711.clone(), pcm.clone()).await;
        let expected = if law == "mulaw" { audio::mulaw_to_pcm16(&codes) } else { audio::alaw_to_pcm16(&codes) };
        assert_eq!(linear, bytes(&expected));
        let (_, back) = convert(&server, &linear, pcm, g711).await;
        // Mu-law has two zeros.
        let same = back
            .iter()
            .zip(&codes)
            .all(|(back, code)| back == code || (law == "mulaw" && *code == 0x7F && *back == 0xFF));
        assert!(same, "{law}");
    }
}

#[tokio::test]
async fn a_wav_file_says_itself_what_it_is_and_keeps_its_channels() {
    let server = Server::start().await;
    let left = tone(48_000);
    let stereo: Vec<i16> = left.iter().flat_map(|&sample| [sample, 0]).collect();
    let file = audio::buffer_to_wav(&stereo, 48_000, 2).unwrap();
    for from in [
        json!({ "container": "wav" }),
        json!({ "container": "wav", "sampleRate": 48_000 }),
        json!({ "container": "wav", "encoding": "pcm16" }),
    ] {
        let to = json!({ "encoding": "pcm16", "sampleRate": 48_000, "container": "wav" });
        let (answer, converted) = convert(&server, &file, from, to).await;
        assert_eq!((&answer["channels"], &answer["duration"]), (&json!(2), &json!(0.1)));
        assert_eq!(converted, file);
    }
    let (answer, converted) = convert(&server, &file, json!({ "container": "wav" }), json!("openai")).await;
    assert_eq!(
        (&answer["channels"], &answer["sampleRate"], &answer["duration"]),
        (&json!(2), &json!(24_000), &json!(0.1))
    );
    let samples: Vec<i16> = converted.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(samples.len(), 2 * 2_400);
    assert!(samples.iter().skip(1).step_by(2).all(|&sample| sample == 0), "the silent channel stays silent");
    assert!(samples.iter().step_by(2).any(|&sample| sample > 7_000), "the other does not");
}

#[tokio::test]
async fn a_wav_file_can_hold_g711() {
    let server = Server::start().await;
    let codes: Vec<u8> = (0..=255).collect();
    for law in ["mulaw", "alaw"] {
        let raw = json!({ "encoding": law, "sampleRate": 8_000 });
        let wav = json!({ "encoding": law, "sampleRate": 8_000, "container": "wav" });
        let pcm = json!({ "encoding": "pcm16", "sampleRate": 8_000 });
        let (_, file) = convert(&server, &codes, raw.clone(), wav.clone()).await;
        assert_eq!(&file[..4], b"RIFF");
        let linear = convert(&server, &codes, raw, pcm.clone()).await.1;
        assert_eq!(convert(&server, &file, wav, pcm.clone()).await.1, linear);
        assert_eq!(convert(&server, &file, json!({ "container": "wav" }), pcm).await.1, linear);
    }
}

#[tokio::test]
async fn every_rate_is_converted_to_every_other() {
    let server = Server::start().await;
    for from in audio::SAMPLE_RATES {
        let samples = bytes(&tone(from));
        for to in audio::SAMPLE_RATES {
            let source = json!({ "encoding": "pcm16", "sampleRate": from });
            let target = json!({ "encoding": "pcm16", "sampleRate": to });
            let (answer, converted) = convert(&server, &samples, source, target).await;
            let frames = audio::resampled_len(samples.len() as u64 / 2, from, to);
            assert_eq!(converted.len() as u64, frames * 2, "{from} to {to}");
            assert!((answer["duration"].as_f64().unwrap() - frames as f64 / f64::from(to)).abs() < 1e-12);
            assert!(from != to || converted == samples);
        }
    }
}

#[tokio::test]
async fn nothing_is_converted_to_nothing() {
    let server = Server::start().await;
    let (answer, converted) = convert(&server, &[], json!({}), json!("openai")).await;
    assert_eq!((converted.len(), &answer["duration"], &answer["channels"]), (0, &json!(0.0), &json!(1)));
}
