//! How fast speech is found, and how often rightly, beside WebRTC's voice activity detector (mode 2, gaps of up to
//! 300 ms bridged, segments from 120 ms).
//!
//! The calls are made of the voices of eSpeak NG if `espeak-ng` is installed, else of synthetic ones. None of them was
//! used for choosing the constants.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::Command;

use audio::speech::{Algorithm, Detector, Segment};
use audio::{Encoding, StreamFormat, decode_into};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use webrtc_vad::{SampleRate, Vad, VadMode};

use self::calls::{Call, Condition};
use self::score::{Span, Tracks, frame_errors, interruptions, talk_time};
use self::signals::recorded;

#[path = "../../tests/audio/speech/calls.rs"]
mod calls;
#[path = "../../tests/audio/speech/score.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod score;
#[path = "../../tests/audio/speech/signals.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod signals;
#[path = "../../tests/audio/speech/voices.rs"]
mod voices;

const LINES: [(&str, &[&str]); 3] = [
    (
        "nl",
        &[
            "Goedemorgen, waarmee kan ik u helpen?",
            "Ik wil graag mijn afspraak van vrijdag verzetten naar maandag.",
            "Ja hoor.",
            "Dat kan om tien uur of om half drie in de middag, wat heeft uw voorkeur?",
        ],
    ),
    (
        "pt",
        &[
            "Boa tarde, fala da assistência técnica, em que posso ajudar?",
            "A minha internet está muito lenta desde ontem.",
            "Um momento.",
            "Já reiniciei a linha, pode verificar agora se está tudo a funcionar?",
        ],
    ),
    (
        "sv",
        &[
            "Hej, du har kommit till kundtjänst, vad gäller saken?",
            "Jag har fått fel vara och vill gärna skicka tillbaka den.",
            "Visst.",
            "Jag mejlar en returetikett, så kan du lämna paketet hos närmaste ombud.",
        ],
    ),
];

thread_local! {
    /// The utterances so far, since babble repeats them.
    static SPOKEN: RefCell<HashMap<(usize, usize), Vec<f64>>> = RefCell::default();
}

fn speak(speaker: usize, utterance: usize) -> Vec<f64> {
    let key = (speaker % 30, utterance % 12);
    SPOKEN.with_borrow_mut(|spoken| spoken.entry(key).or_insert_with(|| synthesize(key.0, key.1)).clone())
}

/// An utterance of eSpeak NG; of the synthetic voices if there is none.
fn synthesize(speaker: usize, utterance: usize) -> Vec<f64> {
    let (language, lines) = LINES[speaker % LINES.len()];
    let variant = ["+m3", "+f2", "+m6", "+f4", "+m1"][speaker % 5];
    let pitch = (35 + 7 * (speaker % 6)).to_string();
    let arguments = ["-v", &format!("{language}{variant}"), "-p", &pitch, "--stdout", lines[utterance % lines.len()]];
    let Ok(output) = Command::new("espeak-ng").args(arguments).output() else {
        return voices::voice(speaker, utterance);
    };
    let mut samples = Vec::new();
    let pcm = output.stdout.get(44..).unwrap_or_default();
    decode_into(Encoding::Pcm16, &pcm[..pcm.len() & !1], &mut samples).unwrap();
    let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate: 22_050, channels: 1 };
    let mut converter = audio::Converter::new(format, Encoding::Pcm16, 8000).unwrap();
    let (mut bytes, mut telephone) = (Vec::new(), Vec::new());
    converter.push(&audio::encode(Encoding::Pcm16, &samples), &mut bytes);
    converter.finish(&mut bytes);
    decode_into(Encoding::Pcm16, &bytes, &mut telephone).unwrap();
    voices::telephone_band(telephone.into_iter().map(|sample| f64::from(sample) / 32_768.0).collect())
}

fn seconds(segments: &[Segment]) -> Vec<Span> {
    segments.iter().map(|segment| (f64::from(segment.start) / 50.0, f64::from(segment.end) / 50.0)).collect()
}

fn ours(algorithm: Algorithm, tracks: &[Vec<i16>; 2]) -> Tracks {
    let mut detector = Detector::new(algorithm);
    detector.push(&recorded(&tracks[0]), &recorded(&tracks[1]));
    let speech = detector.finish();
    [seconds(&speech.inbound), seconds(&speech.outbound)]
}

fn webrtc(track: &[i16]) -> Vec<Span> {
    let mut vad = Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive);
    let mut spans: Vec<Span> = Vec::new();
    for (index, frame) in track.as_chunks::<160>().0.iter().enumerate() {
        let start = index as f64 / 50.0;
        match spans.last_mut() {
            _ if !vad.is_voice_segment(frame).unwrap() => {}
            Some(last) if start - last.1 < 0.301 => last.1 = start + 0.02,
            _ => spans.push((start, start + 0.02)),
        }
    }
    spans.retain(|span| span.1 - span.0 > 0.119);
    spans
}

/// Frame error and talk-time error in percent, and interruptions found.
fn row(found: impl Fn(&[Vec<i16>; 2]) -> Tracks, calls: &[([Vec<i16>; 2], Tracks)]) -> String {
    let (mut wrong, mut steps, mut talk, mut count) = (0, 0, 0.0, 0);
    for (tracks, truth) in calls {
        let found = found(tracks);
        for (found, truth) in found.iter().zip(truth) {
            let errors = frame_errors(found, truth, tracks[0].len() as f64 / 8000.0);
            (wrong, steps) = (wrong + errors.0, steps + errors.1);
            talk += (talk_time(found) - talk_time(truth)).abs() / talk_time(truth);
        }
        count += interruptions(&found);
    }
    let percent = |part: f64, of: usize| 100.0 * part / of as f64;
    format!("{:.1} / {:.1} / {count}", percent(wrong as f64, steps), percent(talk, 2 * calls.len()))
}

/// Prints the table of docs/voice-activity.md.
pub(crate) fn print_accuracy() {
    let calls: Vec<Call> = (40..49).map(|seed| Call::new(&speak, seed)).collect();
    let truth: usize = calls.iter().map(|call| interruptions(&call.truth)).sum();
    println!("frame error % / talk-time error % / interruptions of {truth}");
    println!("| condition | energy-1 | energy-2 | webrtcvad mode 2 |\n| --- | --- | --- | --- |");
    for (name, condition) in [
        ("clean", Condition::Clean),
        ("white noise 10 dB below", Condition::White(10.0)),
        ("pink noise 10 dB below", Condition::Pink(10.0)),
        ("car noise 10 dB below", Condition::Car(10.0)),
        ("car noise 5 dB below", Condition::Car(5.0)),
        ("babble 20 dB below", Condition::Babble(20.0)),
        ("babble 17 dB below", Condition::Babble(17.0)),
        ("echo at -30 dB, 60 ms, pink noise 30 dB below", Condition::Echo(30.0, 60.0, 30.0)),
        ("echo at -25 dB, 180 ms, pink noise 25 dB below", Condition::Echo(25.0, 180.0, 25.0)),
        ("tones", Condition::Tones(&[&[440.0, 480.0], &[480.0, 620.0], &[697.0, 1209.0], &[852.0, 1336.0]])),
    ] {
        let calls: Vec<_> = calls.iter().map(|call| call.under(condition, &speak)).collect();
        let by = |algorithm| row(|tracks| ours(algorithm, tracks), &calls);
        let [one, two] = Algorithm::ALL.map(by);
        let other = row(|tracks| [webrtc(&tracks[0]), webrtc(&tracks[1])], &calls);
        println!("| {name} | {one} | {two} | {other} |");
    }
}

/// Two tracks of a noisy call of ten minutes. One item is one second of the call.
#[divan::bench(args = Algorithm::ALL, sample_count = 10, sample_size = 1)]
fn ten_minutes(bencher: Bencher, algorithm: Algorithm) {
    let tracks = tracks().map(|track| recorded(&track));
    bencher.counter(ItemsCount::new(600_u32)).bench_local(|| {
        let mut detector = Detector::new(algorithm);
        for (inbound, outbound) in tracks[0].chunks(32_768).zip(tracks[1].chunks(32_768)) {
            detector.push(black_box(inbound), black_box(outbound));
        }
        detector.finish()
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn ten_minutes_by_webrtc(bencher: Bencher) {
    let tracks = tracks();
    bencher.counter(ItemsCount::new(600_u32)).bench_local(|| black_box(&tracks).each_ref().map(|track| webrtc(track)));
}

fn tracks() -> [Vec<i16>; 2] {
    let (tracks, _) = Call::new(&voices::voice, 30).under(Condition::Pink(20.0), &voices::voice);
    tracks.map(|track| track.into_iter().cycle().take(600 * 8000).collect())
}
