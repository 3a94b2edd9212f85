//! Checks drafts: what can be repaired is repaired, the rest is skipped.

use serde_json::{Map, Value};

use crate::{
    DATA_MAX_BYTES, DATA_MAX_DEPTH, Problem, Provider, TEXT_MAX_CHARS, TIME_MAX_SECONDS, Track, Utterance, WORDS_MAX,
    Word,
    draft::{Draft, DraftWord, Skipped},
    json::label_of,
    language::language_tag,
    time::to_millisecond,
};

/// A checked draft.
pub(crate) struct Repaired {
    /// The provider's own id of it.
    pub id: Option<String>,
    /// The utterance, without an id.
    pub utterance: Utterance,
    /// What was repaired.
    pub problem: Option<Problem>,
}

/// Checks a draft.
///
/// # Errors
/// What is wrong with it, if it cannot be stored.
pub(crate) fn repair(provider: Provider, draft: Draft) -> Result<Repaired, Skipped> {
    let text = match draft.text {
        Some(text) => cleaned(text),
        None => return Err(Skipped::new(draft.pointer, "Skipped: its text is missing or not a string.")),
    };
    if text.is_empty() {
        return Err(Skipped::new(draft.pointer, "Skipped: its text is empty."));
    }
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(Skipped::new(draft.pointer, "Skipped: its text is longer than 32,768 characters."));
    }
    let mut repairs = Vec::new();
    let words = words(draft.words, &mut repairs);
    let Some((start_time, end_time)) = times(draft.start, draft.end, &words, &mut repairs) else {
        let unit = provider.unit();
        let detail = format!("Skipped: a time is later than 12 hours. {} writes {unit}.", provider.name());
        return Err(Skipped::new(draft.pointer, detail));
    };
    let data = data(draft.data, &mut repairs);
    let speaker = draft.label.as_deref().and_then(label_of);
    let problem = (!repairs.is_empty())
        .then(|| Problem { pointer: draft.pointer, detail: format!("Repaired: {}.", repairs.join("; ")) });
    let utterance = Utterance {
        external_id: String::new(),
        kind: draft.kind,
        track: draft.track,
        speaker: speaker.unwrap_or_else(|| draft.track.map_or("unknown", Track::speaker).to_owned()),
        text,
        start_time,
        end_time,
        confidence: confidence(draft.confidence),
        language: draft.language.as_deref().and_then(language_tag),
        words,
        data,
        is_final: draft.is_final,
    };
    Ok(Repaired { id: draft.id, utterance, problem })
}

/// A text without U+0000 and surrounding white space.
fn cleaned(mut text: String) -> String {
    text.retain(|character| character != '\0');
    text.trim().to_owned()
}

fn confidence(confidence: Option<f64>) -> Option<f64> {
    confidence.filter(|confidence| (0.0..=1.0).contains(confidence))
}

/// The words that have a text and both times, by their start.
fn words(drafts: Vec<DraftWord>, repairs: &mut Vec<&'static str>) -> Vec<Word> {
    let mut words: Vec<Word> = drafts.into_iter().filter_map(word).collect();
    words.sort_by(|first, second| first.start_time.total_cmp(&second.start_time));
    if words.len() > WORDS_MAX {
        words.truncate(WORDS_MAX);
        repairs.push("only its first 5,000 words are kept");
    }
    words
}

fn word(draft: DraftWord) -> Option<Word> {
    let text = cleaned(draft.text?);
    let start_time = to_millisecond(draft.start?.max(0.0));
    let end_time = to_millisecond(draft.end?).max(start_time);
    let confidence = confidence(draft.confidence);
    (!text.is_empty()).then_some(Word { text, start_time, end_time, confidence })
}

/// The start and end of an utterance; none if one of them is later than any call.
fn times(
    start: Option<f64>,
    end: Option<f64>,
    words: &[Word],
    repairs: &mut Vec<&'static str>,
) -> Option<(Option<f64>, Option<f64>)> {
    let latest = words.iter().map(|word| word.end_time).chain(start).chain(end).fold(0.0, f64::max);
    if to_millisecond(latest) > TIME_MAX_SECONDS {
        return None;
    }
    let Some(start) = start.or_else(|| words.first().map(|word| word.start_time)) else { return Some((None, None)) };
    let end = end.or_else(|| words.last().map(|word| word.end_time)).map(to_millisecond);
    let mut start = to_millisecond(start);
    if start < 0.0 {
        start = 0.0;
        repairs.push("it starts before 0, which became 0");
    }
    let before = end.is_some_and(|end| end < start);
    if before {
        repairs.push("it ends before it starts, so its end became its start");
    }
    Some((Some(start), end.map(|end| end.max(start))))
}

/// An object that is not too large.
fn data(data: Option<Value>, repairs: &mut Vec<&'static str>) -> Option<Map<String, Value>> {
    let Value::Object(data) = data? else { return None };
    let data = Value::Object(data);
    if data.to_string().len() > DATA_MAX_BYTES {
        repairs.push("its data is over 64 KiB and was left out");
        return None;
    }
    if depth(&data) > DATA_MAX_DEPTH {
        repairs.push("its data is nested more than 16 levels deep and was left out");
        return None;
    }
    match data {
        Value::Object(data) => Some(data),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// Depth of nested objects and arrays.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
