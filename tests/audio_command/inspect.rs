//! The output of `audio inspect`, compared with that of sox.

use serde_json::{Value, json};
use service::audio::{self, Encoding, encode};

use super::Folder;

impl Folder {
    async fn inspect(&self, arguments: &str) -> Value {
        serde_json::from_slice(&self.run(&format!("inspect --json {arguments}")).await).unwrap()
    }
}

#[tokio::test]
async fn format_and_duration_are_told_for_every_encoding_and_container() {
    let folder = Folder::new();
    for (name, encoding, container, size) in [
        ("caller.ulaw", "mulaw", "raw", 31_435),
        ("a.alaw", "alaw", "raw", 31_435),
        ("a.pcm", "pcm16", "raw", 62_870),
        ("pcm16.wav", "pcm16", "wav", 62_914),
        ("mulaw.wav", "mulaw", "wav", 31_494),
    ] {
        if name != "caller.ulaw" {
            folder.run(&format!("convert caller.ulaw {name} --to-encoding {encoding}")).await;
        }
        let report = folder.inspect(name).await;
        for (field, expected) in [
            ("file", json!(name)),
            ("container", json!(container)),
            ("encoding", json!(encoding)),
            ("sampleRate", json!(8000)),
            ("channels", json!(1)),
            ("frames", json!(31_435)),
            ("duration", json!(3.929_375)),
            ("sizeBytes", json!(size)),
        ] {
            assert_eq!(report[field], expected, "{name}: {field}");
        }
        // A pipe has no file name to tell the format.
        let said = if container == "wav" { String::new() } else { format!("--encoding {encoding}") };
        let piped = folder.pipe(&folder.read(name), &format!("inspect --json - {said}")).await;
        let mut piped: Value = serde_json::from_slice(&piped).unwrap();
        piped["file"] = json!(name);
        assert_eq!(piped, report);
    }
}

/// A row of sox's `stats`: the overall value, and those of the channels.
fn row(stats: &str, name: &str) -> Vec<f64> {
    let line = stats.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {stats}"));
    line.split_whitespace().map(|value| value.parse().unwrap()).collect()
}

#[tokio::test]
async fn levels_are_those_that_sox_measures() {
    let folder = Folder::new();
    folder.other("sox -D -n -r 16000 -b 16 -c 2 tones.wav synth 2 sine 440 sine 1000 vol -6 dB dcshift 0.01").await;
    let stats = tokio::process::Command::new("sox")
        .args(["tones.wav", "-n", "stats"])
        .current_dir(folder.path())
        .output()
        .await
        .unwrap();
    let stats = String::from_utf8(stats.stderr).unwrap();
    let report = folder.inspect("tones.wav").await;
    for (channel, levels) in report["levels"].as_array().unwrap().iter().enumerate() {
        let near = |ours: &Value, name: &str, within: f64| {
            let (ours, sox) = (ours.as_f64().unwrap(), row(&stats, name)[channel + 1]);
            assert!((ours - sox).abs() <= within, "{name}: {ours}, sox {sox}");
        };
        near(&levels["peakDbfs"], "Pk lev dB", 0.006);
        near(&levels["rmsDbfs"], "RMS lev dB", 0.006);
        near(&json!(levels["dcOffset"].as_f64().unwrap() / 32_768.0), "DC offset", 1e-5);
        assert_eq!((&levels["clippedSamples"], &levels["silence"]["duration"]), (&json!(0), &json!(0.0)));
        assert_eq!(levels["silence"]["longest"], Value::Null);
    }
}

#[tokio::test]
async fn clipping_and_silence_are_found_where_they_are() {
    let folder = Folder::new();
    // Left: 1 s loud and clipped three times, 2 s silent, 1 s loud. Right: all zero.
    let left = |n: usize| match n {
        10 | 11 => i16::MAX,
        12 => i16::MIN,
        8000..24_000 => 32,
        _ => 12_000 * (1 - 2 * (n as i16 & 1)),
    };
    let samples: Vec<i16> = (0..32_000).flat_map(|n| [left(n), 0]).collect();
    folder.write("a.wav", &audio::buffer_to_wav(&samples, 8000, 2).unwrap());
    let report = folder.inspect("a.wav").await;
    let [left, right] = [&report["levels"][0], &report["levels"][1]];
    assert_eq!((&left["peak"], &left["peakDbfs"], &left["clippedSamples"]), (&json!(32_768), &json!(0.0), &json!(3)));
    let silence = json!({ "duration": 2.0, "share": 0.5, "longest": { "start": 1.0, "end": 3.0 } });
    assert_eq!(left["silence"], silence);
    // Silence has no level in decibels.
    assert_eq!((&right["peakDbfs"], &right["rmsDbfs"], &right["dcOffset"]), (&Value::Null, &Value::Null, &json!(0.0)));
    assert_eq!(right["silence"]["share"], 1.0);
    // A threshold below 32 of 32,768 finds no silence there.
    let report = folder.inspect("a.wav --silence-below -70").await;
    assert_eq!(report["levels"][0]["silence"]["duration"], 0.0);

    let printed = String::from_utf8(folder.run("inspect a.wav").await).unwrap();
    for line in [
        "a.wav",
        "  container    wav",
        "  encoding     pcm16",
        "  sample rate  8000 Hz",
        "  channels     2",
        "  frames       32000",
        "  duration     0:00:04.000 (4.000000 s)",
        "  size         128044 bytes",
        "        1        0.00      -11.73         3        16.6    50.0 %   2.000 s at 0:00:01.000",
        "        2        -inf        -inf         0         0.0   100.0 %   4.000 s at 0:00:00.000",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line:?} is missing:\n{printed}");
    }
}

#[tokio::test]
async fn g711_is_clipped_at_its_largest_code() {
    let folder = Folder::new();
    for (encoding, name) in [(Encoding::Mulaw, "a.ulaw"), (Encoding::Alaw, "a.alaw")] {
        folder.write(name, &encode(encoding, &[i16::MAX, i16::MIN, 30_000, 0]));
        assert_eq!(folder.inspect(name).await["levels"][0]["clippedSamples"], 2, "{name}");
    }
}

#[tokio::test]
async fn a_file_without_samples_has_a_duration_of_0() {
    let folder = Folder::new();
    folder.write("a.wav", &audio::buffer_to_wav(&[], 8000, 1).unwrap());
    let report = folder.inspect("a.wav").await;
    assert_eq!((&report["frames"], &report["duration"]), (&json!(0), &json!(0.0)));
    folder.run("convert a.wav b.wav --to-rate 16000").await;
    assert_eq!(folder.read("b.wav").len(), 44);
}
