//! Bad items: what is repaired, what is skipped, and that no document makes a reader fail otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::{fs, path::Path};

use proptest::prelude::*;
use recognizers::{Form, PROBLEMS_MAX, Provider, Reading, TIME_MAX_SECONDS, Track, Unreadable, read};
use serde_json::{Value, json};

/// Reads segments as faster-whisper writes them.
fn segments(segments: &Value) -> Reading {
    read(segments.to_string().as_bytes(), Form::Json, Some(Provider::FasterWhisper)).unwrap()
}

/// A good segment, by which the document is recognized, and one with other fields.
fn with(fields: Value) -> Reading {
    let mut segment = json!({ "start": 1.0, "end": 2.0, "text": "yes" });
    for (name, value) in fields.as_object().unwrap() {
        segment[name] = value.clone();
    }
    segments(&json!([{ "start": 0.0, "end": 0.5, "text": "first" }, segment]))
}

#[test]
fn an_item_without_a_usable_text_or_time_is_skipped_and_the_others_stay() {
    let long = "a".repeat(32_769);
    let cases = [
        json!({ "text": null }),
        json!({ "text": 5 }),
        json!({ "text": " \u{0}\n" }),
        json!({ "text": long }),
        json!({ "start": 43_200.001 }),
        json!({ "end": 50_000 }),
        json!({ "words": [{ "word": "late", "start": 43_201, "end": 43_202 }] }),
    ];
    for case in cases {
        let reading = with(case.clone());
        assert_eq!((reading.utterances.len(), reading.skipped), (1, 1), "{case:.60}");
        assert_eq!(reading.problems.len(), 1);
        assert_eq!(reading.problems[0].pointer, "/1");
        assert!(reading.problems[0].detail.starts_with("Skipped: "), "{}", reading.problems[0].detail);
    }
    let reading = segments(&json!([{ "start": 0, "end": 1, "text": "a" }, 5, null, "b"]));
    assert_eq!((reading.utterances.len(), reading.skipped), (1, 3));
    let late = with(json!({ "start": 50_000 })).problems.remove(0).detail;
    assert!(late.contains("seconds"), "{late}");
}

#[test]
fn times_that_contradict_each_other_are_repaired() {
    let times = |fields: Value| {
        let reading = with(fields);
        let utterance = reading.utterances.last().unwrap();
        (utterance.start_time, utterance.end_time, reading.problems.len())
    };
    assert_eq!(times(json!({ "start": -0.5 })), (Some(0.0), Some(2.0), 1));
    assert_eq!(times(json!({ "end": 0.25 })), (Some(1.0), Some(1.0), 1));
    assert_eq!(times(json!({ "end": 1.0 })), (Some(1.0), Some(1.0), 0));
    assert_eq!(times(json!({ "end": null })), (Some(1.0), None, 0));
    assert_eq!(times(json!({ "start": null })), (None, None, 0));
    assert_eq!(times(json!({ "start": "1.25", "end": "2.0004" })), (Some(1.25), Some(2.0), 0));
    assert_eq!(times(json!({ "start": "soon" })), (None, None, 0));
    let words = json!([{ "word": "b", "start": 1.5, "end": 1.75 }, { "word": "a", "start": 1.25, "end": 1.5 }]);
    assert_eq!(times(json!({ "start": null, "end": null, "words": words })), (Some(1.25), Some(1.75), 0));
}

#[test]
fn words_are_sorted_and_those_without_a_text_or_times_are_left_out() {
    let words = json!([
        { "word": " b ", "start": 1.5, "end": 1.4, "probability": 2 },
        { "word": "a", "start": -1, "end": 1.5, "probability": 0.5 },
        { "word": " ", "start": 1, "end": 1 },
        { "word": "no end", "start": 1 },
        { "start": 1, "end": 1 },
        "c",
    ]);
    let reading = with(json!({ "words": words }));
    let words: Vec<_> = reading.utterances[1].words.iter().collect();
    let seen: Vec<_> =
        words.iter().map(|word| (word.text.as_str(), word.start_time, word.end_time, word.confidence)).collect();
    assert_eq!(seen, [("a", 0.0, 1.5, Some(0.5)), ("b", 1.5, 1.5, None)]);
    let many: Vec<_> = (0..5_001).map(|n| json!({ "word": "a", "start": n, "end": n })).collect();
    let reading = with(json!({ "words": many }));
    assert_eq!((reading.utterances[1].words.len(), reading.problems.len()), (5_000, 1));
}

#[test]
fn a_repeated_text_keeps_its_place_and_a_repeated_id_is_replaced() {
    let yes = json!({ "start": 1.0, "end": 2.0, "text": "yes" });
    let reading = segments(&json!([yes, yes, yes]));
    assert_eq!((reading.utterances.len(), reading.duplicates), (3, 0));
    let said = |id: &str, text: &str| json!({ "id": id, "transcript": text, "start": 1, "end": 2 });
    let document = |utterances: Value| json!({ "results": { "channels": [{}], "utterances": utterances } }).to_string();
    let document =
        document(json!([said("u1", "he"), said("u2", "bye"), said("u1", "hello"), said(&"x".repeat(200), "c")]));
    let reading = read(document.as_bytes(), Form::Json, None).unwrap();
    let seen: Vec<_> = reading.utterances.iter().map(|one| (one.external_id.as_str(), one.text.as_str())).collect();
    assert_eq!(seen[..2], [("deepgram:u1", "hello"), ("deepgram:u2", "bye")]);
    assert_eq!((seen[2].0.len(), reading.duplicates), ("deepgram:".len() + 32, 1));
}

#[test]
fn captions_say_who_speaks_and_hold_no_markup() {
    let vtt = "\u{feff}WEBVTT\r\n\r\n1\r\n00:01.000 --> 00:02.500 align:start\r\n<v.loud Agent>A &lt; <b>B</b> &amp;&#33; <00:01.5>&x;\r\n\r\n\
        NOTE -->\r\nno cue\r\n\r\nx --> y\r\nnothing\r\n\r\n00:03.000 --> 00:04.000\r\ntwo\r\nlines";
    let reading = read(vtt.as_bytes(), Form::WebVtt, None).unwrap();
    let seen: Vec<_> =
        reading.utterances.iter().map(|one| (one.speaker.as_str(), one.track, one.text.as_str())).collect();
    assert_eq!(seen, [("Agent", Some(Track::Outbound), "A < B &! &x;"), ("unknown", None, "two lines")]);
    assert_eq!((reading.skipped, reading.problems[0].pointer.as_str()), (1, "/cues/1"));
    let srt = "1\n00:00:01,000 --> 00:00:02,500\n{\\an8}<font color=\"red\">Caller</font>: 1 < 2 &amp; <x>\n2\n00:00:03.000 --> 00:00:04.000\nhttp://a: b";
    let reading = read(srt.as_bytes(), Form::SubRip, None).unwrap();
    let seen: Vec<_> =
        reading.utterances.iter().map(|one| (one.speaker.as_str(), one.track, one.text.as_str())).collect();
    assert_eq!(seen, [("Caller", Some(Track::Inbound), "1 < 2 &amp; <x>"), ("unknown", None, "http://a: b")]);
}

#[test]
fn a_document_that_nobody_writes_is_refused() {
    for document in ["{}", "[]", "5", "null", r#"{"results": 5}"#, r#"{"text": "a"}"#, r#"[{"a": 1}]"#] {
        let refused = read(document.as_bytes(), Form::Json, None);
        assert!(matches!(refused, Err(Unreadable::Unknown)), "{document}");
    }
    assert!(matches!(read(b"{\"a\":", Form::Json, None), Err(Unreadable::NotJson(_))));
    assert!(matches!(read(b"[]", Form::Json, Some(Provider::Google)), Err(Unreadable::Unknown)));
}

fn documents() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What a service may rely on.
fn holds(reading: &Reading) {
    assert!(reading.problems.len() <= PROBLEMS_MAX);
    for one in &reading.utterances {
        let is_place = |time: f64| (0.0..=TIME_MAX_SECONDS).contains(&time);
        assert!(
            (1..=128).contains(&one.external_id.len()) && one.external_id.bytes().all(|byte| byte.is_ascii_graphic())
        );
        assert!(!one.text.is_empty() && one.text.chars().count() <= 32_768 && !one.text.contains('\0'));
        assert!((1..=128).contains(&one.speaker.chars().count()) && !one.speaker.contains('\0'));
        assert!(one.start_time.is_none_or(is_place) && one.end_time.is_none_or(is_place));
        assert!(one.end_time.is_none_or(|end| one.start_time.is_some_and(|start| start <= end)));
        assert!(one.confidence.is_none_or(|confidence| (0.0..=1.0).contains(&confidence)));
        assert!(one.language.as_deref().is_none_or(recognizers::is_language_tag));
        assert!(one.words.is_sorted_by(|first, second| first.start_time <= second.start_time));
    }
}

proptest! {
    #[test]
    fn a_damaged_document_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let documents = documents();
        let mut document = documents[which.index(documents.len())].clone();
        for (place, byte) in damage {
            let place = place.index(document.len());
            document[place] = byte;
        }
        if cut {
            document.truncate(length.index(document.len()));
        }
        for form in [Form::Json, Form::WebVtt, Form::SubRip] {
            if let Ok(reading) = read(&document, form, None) {
                holds(&reading);
            }
        }
    }

    #[test]
    fn a_value_of_another_type_is_read_or_refused(which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), with in 0..8_usize) {
        let documents = documents();
        let document = String::from_utf8_lossy(&documents[which.index(documents.len())]).into_owned();
        let Ok(mut value) = serde_json::from_str::<Value>(&document) else { return Ok(()) };
        let others = [json!(null), json!([]), json!({}), json!("x"), json!(-1), json!(1e300), json!(true), json!([[{}]])];
        let mut pointers = Vec::new();
        collect(&value, String::new(), &mut pointers);
        if let Some(found) = value.pointer_mut(&pointers[place.index(pointers.len())]) {
            *found = others[with].clone();
        }
        for provider in [None].into_iter().chain(Provider::ALL.map(Some)) {
            if let Ok(reading) = read(value.to_string().as_bytes(), Form::Json, provider) {
                holds(&reading);
            }
        }
    }
}

/// Pointers to all values of a document.
fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(item, format!("{pointer}/{at}"), pointers))
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect(field, format!("{pointer}/{name}"), pointers))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    pointers.push(pointer);
}
