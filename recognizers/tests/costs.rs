//! Documents that would cost much if reading them took more than one pass. Without bounds, each of these takes many
//! minutes; the runner's own limit ends the test then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use recognizers::{Form, Provider, read};
use serde_json::json;

const MANY: usize = 200_000;

#[test]
fn words_without_times_are_grouped_in_one_pass() {
    let words = vec![json!({ "word": "a" }); MANY];
    let channel = json!({ "alternatives": [{ "transcript": "a", "words": words }] });
    let document = json!({ "results": { "channels": [channel] } }).to_string();
    let reading = read(document.as_bytes(), Form::Json, Some(Provider::Deepgram)).unwrap();
    assert_eq!((reading.utterances.len(), reading.utterances[0].start_time), (1, None));
}

#[test]
fn words_of_many_channels_are_told_apart_in_one_pass() {
    let word = |at: usize| json!({ "text": "a", "type": "word", "start": at, "end": at, "channel_index": at });
    let words: Vec<_> = (0..40_000).map(word).collect();
    let document = json!({ "language_code": "eng", "text": "", "words": words }).to_string();
    let reading = read(document.as_bytes(), Form::Json, None).unwrap();
    assert_eq!(reading.utterances.len(), 40_000);
}

#[test]
fn words_find_their_segments_without_a_search_through_all() {
    let segments: Vec<_> = (0..40_000).map(|at| json!({ "start": at, "end": at + 1, "text": "a" })).collect();
    let words: Vec<_> = (0..40_000).map(|at| json!({ "start": at, "end": at + 1, "word": "a" })).collect();
    let document = json!({ "text": "", "segments": segments, "words": words }).to_string();
    let reading = read(document.as_bytes(), Form::Json, None).unwrap();
    assert!(reading.utterances.iter().all(|one| one.words.len() == 1));
}

#[test]
fn markup_that_does_not_end_is_text() {
    let cue = |text: String| format!("WEBVTT\n\n00:00.000 --> 00:01.000\n{text}\n");
    for opening in ["<", "&", "<a", "{\\an"] {
        for form in [Form::WebVtt, Form::SubRip] {
            let document = cue(opening.repeat(4_000_000 / opening.len()));
            assert_eq!(read(document.as_bytes(), form, None).unwrap().skipped, 1, "{opening} is too long a text");
        }
    }
}
