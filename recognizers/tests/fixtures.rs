//! Documents of each provider, read as their expectations say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::{collections::HashSet, fs, path::Path};

use recognizers::{Form, Provider, Utterance, Word, read};
use serde_json::{Value, json};

fn documents() -> Vec<(String, Vec<u8>, Form)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let form = match path.extension().unwrap().to_str().unwrap() {
            _ if name.ends_with(".expected") => continue,
            "vtt" => Form::WebVtt,
            "srt" => Form::SubRip,
            _ => Form::Json,
        };
        documents.push((name, fs::read(path).unwrap(), form));
    }
    documents.sort_by(|first, second| first.0.cmp(&second.0));
    documents
}

fn expected(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.expected.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Sorted by start and text. Of transcripts without times the order of arrival is the service's matter.
fn sorted(mut list: Vec<Value>) -> Vec<Value> {
    list.sort_by(|first, second| {
        let start = |value: &Value| value["startTime"].as_f64().unwrap_or(f64::INFINITY);
        let order = start(first).total_cmp(&start(second));
        order.then_with(|| first["text"].as_str().cmp(&second["text"].as_str()))
    });
    list
}

fn value(utterance: &Utterance) -> Value {
    let word = |word: &Word| json!({ "text": word.text, "startTime": word.start_time, "endTime": word.end_time, "confidence": word.confidence });
    let words: Vec<_> = utterance.words.iter().map(word).collect();
    json!({
        "speaker": utterance.speaker,
        "track": utterance.track.map(recognizers::Track::name),
        "kind": utterance.kind.name(),
        "text": utterance.text,
        "startTime": utterance.start_time,
        "endTime": utterance.end_time,
        "confidence": utterance.confidence,
        "language": utterance.language,
        "data": utterance.data,
        "final": utterance.is_final,
        "words": if words.is_empty() { Value::Null } else { words.into() },
    })
}

/// Whether two values are equal, numbers within 0.001 and languages without regard to case. An absent field is null.
fn is_same(found: &Value, expected: &Value, field: &str) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            (found.as_f64().unwrap() - expected.as_f64().unwrap()).abs() <= 0.001 + f64::EPSILON
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| is_same(found, expected, ""))
        }
        (Value::Object(found), Value::Object(expected)) => {
            let names: HashSet<_> = found.keys().chain(expected.keys()).collect();
            names.into_iter().all(|name| {
                let (found, expected) =
                    (found.get(name).unwrap_or(&Value::Null), expected.get(name).unwrap_or(&Value::Null));
                is_same(found, expected, name)
            })
        }
        (Value::String(found), Value::String(expected)) if field == "language" => found.eq_ignore_ascii_case(expected),
        (found, expected) => found == expected,
    }
}

#[test]
fn each_document_is_recognized_and_read() {
    let documents = documents();
    assert!(documents.len() > 30);
    for (name, document, form) in documents {
        let expected = expected(&name);
        let reading = read(&document, form, None).unwrap();
        assert_eq!(reading.provider.name(), expected["provider"], "{name}");
        let list = sorted(reading.utterances.iter().map(value).collect());
        let all = sorted(expected["transcripts"].as_array().unwrap().clone());
        for (found, expected) in list.iter().zip(&all) {
            assert!(is_same(found, expected, ""), "{name}:\n{found}\n{expected}");
        }
        assert_eq!(list.len(), all.len(), "{name}");
        let counts = [reading.utterances.len(), reading.skipped, reading.duplicates];
        let counted = ["imported", "skipped", "duplicates"]
            .map(|field| usize::try_from(expected[field].as_u64().unwrap()).unwrap());
        assert_eq!(counts, counted, "{name}: {:?}", reading.problems);
        let of = read(&document, form, Some(reading.provider)).unwrap();
        assert!(of.utterances == reading.utterances, "{name} is read alike when its provider is named");
    }
}

#[test]
fn ids_are_unique_in_a_document_and_the_same_when_it_is_read_again() {
    for (name, document, form) in documents() {
        let [first, second] = [0, 1].map(|_| {
            let reading = read(&document, form, None).unwrap();
            reading.utterances.into_iter().map(|utterance| utterance.external_id).collect::<Vec<_>>()
        });
        assert_eq!(first, second, "{name}");
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len(), "{name}");
        assert!(first.iter().all(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())));
    }
}

#[test]
fn no_document_is_read_as_two_providers() {
    for (name, document, form) in documents() {
        if form == Form::Json {
            let fits = Provider::ALL.iter().filter(|provider| {
                !matches!(provider, Provider::WebVtt | Provider::SubRip)
                    && read(&document, form, Some(**provider)).is_ok()
            });
            assert_eq!(fits.count(), 1, "{name}");
        }
    }
}
