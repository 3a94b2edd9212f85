//! Azure Speech: batch, real-time and fast transcription. Times are ticks of 100 ns, ISO 8601 durations or
//! milliseconds.

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{Draft, DraftWord, Drafts},
    json::{has_list, label, list, number, string, text, whole},
    time::{MILLISECONDS, TICKS, iso_8601},
};

/// How one of the three forms names an offset or duration, and how many of its units are a second.
type Times = [(&'static str, &'static str, f64); 2];

const BATCH: Times = [("offsetInTicks", "durationInTicks", TICKS), ("offset", "duration", TICKS)];
const REAL_TIME: Times = [("Offset", "Duration", TICKS), ("OffsetInTicks", "DurationInTicks", TICKS)];
const FAST: Times =
    [("offsetMilliseconds", "durationMilliseconds", MILLISECONDS), ("offsetInTicks", "durationInTicks", TICKS)];

/// Batch transcription.
pub(crate) fn is_batch(document: &Value) -> bool {
    has_list(document, "recognizedPhrases")
}

/// Reads the first alternative of each phrase.
pub(crate) fn read_batch(document: &Value, drafts: &mut Drafts) {
    let phrases = list(document, "recognizedPhrases");
    let channels = phrases.iter().chain(list(document, "combinedRecognizedPhrases"));
    let tracks = Channels::named(0, channels.map(|item| whole(item, "channel")));
    drafts.each("/recognizedPhrases", phrases, |drafts, pointer, phrase| {
        if !is_success(phrase.get("recognitionStatus")) {
            return not_recognized(drafts, pointer);
        }
        let best = &phrase["nBest"][0];
        let (start, end) = times(phrase, BATCH);
        drafts.add(Draft {
            label: label(phrase, "speaker"),
            track: tracks.track(whole(phrase, "channel")),
            start,
            end,
            confidence: number(best, "confidence"),
            language: string(phrase, "locale"),
            words: list(best, "words").iter().map(|value| word(value, "word", BATCH)).collect(),
            ..Draft::speech(pointer, string(best, "display"))
        });
    });
}

/// One result of real-time recognition, or an array of them.
pub(crate) fn is_real_time(document: &Value) -> bool {
    let first = document.as_array().map_or(Some(document), |items| items.iter().find(|item| item.is_object()));
    first.is_some_and(|first| first.get("RecognitionStatus").is_some() && first.get("Offset").is_some())
}

/// Reads results of real-time recognition.
pub(crate) fn read_real_time(document: &Value, drafts: &mut Drafts) {
    let results = document.as_array().map_or_else(|| std::slice::from_ref(document), Vec::as_slice);
    let tracks = Channels::named(0, results.iter().map(|result| whole(result, "Channel")));
    let read = |drafts: &mut Drafts, pointer: String, result: &Value| {
        if !is_success(result.get("RecognitionStatus")) {
            return not_recognized(drafts, pointer);
        }
        let best = &result["NBest"][0];
        let (start, end) = times(result, REAL_TIME);
        drafts.add(Draft {
            label: label(result, "SpeakerId").filter(|label| label != "Unknown"),
            track: tracks.track(whole(result, "Channel")),
            start,
            end,
            confidence: number(best, "Confidence"),
            language: string(result, "locale"),
            words: list(best, "Words").iter().map(|value| word(value, "Word", REAL_TIME)).collect(),
            ..Draft::speech(pointer, string(best, "Display").or_else(|| string(result, "DisplayText")))
        });
    };
    if document.is_array() {
        drafts.each("", results, read);
    } else {
        read(drafts, String::new(), document);
    }
}

/// Fast transcription.
pub(crate) fn is_fast(document: &Value) -> bool {
    has_list(document, "phrases") && document.get("combinedPhrases").is_some()
}

/// Reads the phrases of fast transcription.
pub(crate) fn read_fast(document: &Value, drafts: &mut Drafts) {
    let phrases = list(document, "phrases");
    let channels = phrases.iter().chain(list(document, "combinedPhrases"));
    let tracks = Channels::named(0, channels.map(|item| whole(item, "channel")));
    drafts.each("/phrases", phrases, |drafts, pointer, phrase| {
        let (start, end) = times(phrase, FAST);
        drafts.add(Draft {
            label: label(phrase, "speaker"),
            track: tracks.track(whole(phrase, "channel")),
            start,
            end,
            confidence: number(phrase, "confidence"),
            language: string(phrase, "locale"),
            words: list(phrase, "words").iter().map(|value| word(value, "text", FAST)).collect(),
            ..Draft::speech(pointer, string(phrase, "text"))
        });
    });
}

/// `Success`, or 0 in the JavaScript SDK. A phrase without a status was recognized.
fn is_success(status: Option<&Value>) -> bool {
    status.is_none_or(|status| status.as_str() == Some("Success") || status.as_i64() == Some(0))
}

fn not_recognized(drafts: &mut Drafts, pointer: String) {
    drafts.skip(pointer, "Skipped: its status is not Success.");
}

/// The start and end of a phrase or word.
fn times(value: &Value, names: Times) -> (Option<f64>, Option<f64>) {
    let time = |name: &str, unit: f64| {
        number(value, name).map(|number| number / unit).or_else(|| text(value, name).and_then(iso_8601))
    };
    let start = names.iter().find_map(|(offset, _, unit)| time(offset, *unit));
    let length = names.iter().find_map(|(_, duration, unit)| time(duration, *unit));
    (start, start.zip(length).map(|(start, length)| start + length))
}

fn word(word: &Value, name: &str, names: Times) -> DraftWord {
    let (start, end) = times(word, names);
    let confidence = number(word, "confidence").or_else(|| number(word, "Confidence"));
    DraftWord { text: string(word, name), start, end, confidence, label: None }
}
