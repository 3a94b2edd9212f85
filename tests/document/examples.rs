//! The examples of requests: sent as they are, they do what someone who clicks "Execute" expects.

use std::fs;

use serde_json::Value;
use service::audio::decode_base64;

use super::{Operation, operations};

fn operation(id: &str) -> Operation {
    operations().into_iter().find(|operation| operation.id() == id).unwrap()
}

#[test]
fn an_example_starts_and_ends_a_call_now() {
    for id in ["startCall", "endCall"] {
        let example = operation(id).example().unwrap().clone();
        assert!(example.get("startTime").is_none() && example.get("endTime").is_none(), "{id}: {example}");
    }
}

#[test]
fn the_call_that_an_example_starts_is_the_one_that_other_examples_are_about() {
    let started = operation("startCall").example().unwrap()["streamSid"].clone();
    for operation in operations() {
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        for call in parameters.filter(|parameter| parameter["name"] == "call" && parameter["in"] == "path") {
            assert_eq!(call["example"], started, "{}", operation.id());
        }
    }
}

#[test]
fn no_header_is_filled_in() {
    for operation in operations() {
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        for header in parameters.filter(|parameter| parameter["in"] == "header") {
            let filled = [&header["example"], &header["examples"], &header["schema"]["default"]];
            assert!(filled.into_iter().all(Value::is_null), "{}: {header}", operation.id());
        }
    }
}

#[test]
fn the_fields_of_an_example_are_in_the_order_of_its_schema() {
    let text = api::document().unwrap().0;
    for (schema, names) in [
        ("StartCall", &["streamSid", "caller", "callSid", "agent", "direction", "audioFormat", "encoding"][..]),
        ("AddAudioChunk", &["audio", "track", "sequence", "timestamp"]),
        ("ConvertAudio", &["audio", "to", "encoding", "sampleRate", "container", "state", "end"]),
        ("CallPage", &["items", "id", "streamSid", "caller", "status", "page", "limit", "offset"]),
    ] {
        let content = format!("{{\"$ref\": \"#/components/schemas/{schema}\"}},");
        let (_, example) = text.split_once(&content).unwrap_or_else(|| panic!("{schema}"));
        let (_, mut rest) = example.split_once("\"example\": ").unwrap();
        for name in names {
            rest = rest.split_once(&format!("\"{name}\": ")).unwrap_or_else(|| panic!("{schema}: {name}")).1;
        }
    }
}

/// Swagger UI fills in a form from the examples of its fields.
#[test]
fn the_fields_of_a_form_have_the_values_of_its_example() {
    let document: Value = serde_json::from_str(&api::document().unwrap().0).unwrap();
    for id in ["twilioVoice", "twilioStatus"] {
        let form = operation(id).value["requestBody"]["content"]["application/x-www-form-urlencoded"].clone();
        let schema = document.pointer(form["schema"]["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
        for (name, value) in form["example"].as_object().unwrap() {
            assert_eq!(&schema["properties"][name]["example"], value, "{id}: {name}");
        }
    }
}

#[test]
fn audio_in_examples_is_a_frame_of_speech() {
    let voice = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/readme/caller.ulaw");
    let voice = fs::read(voice).unwrap();
    let (one, batch) = (operation("addAudioChunk"), operation("addAudioChunks"));
    let convert = operation("convertAudio");
    let examples = [&one.example().unwrap()["audio"], &convert.example().unwrap()["audio"]];
    let chunks = batch.example().unwrap()["chunks"].as_array().unwrap();
    for audio in examples.into_iter().chain(chunks.iter().map(|chunk| &chunk["audio"])) {
        let frame = decode_base64(audio.as_str().unwrap()).unwrap();
        assert_eq!(frame.len(), 160);
        assert!(voice.chunks(160).any(|spoken| spoken == frame), "{audio}");
    }
}
