//! OpenAI's `verbose_json` and `diarized_json`, and openai-whisper. Times are seconds.

use serde_json::Value;

use crate::{
    draft::{Draft, DraftWord, Drafts},
    group::{Token, Whole, group},
    json::{label, list, number, string, text},
};

/// `verbose_json`, or openai-whisper's file.
pub(crate) fn is_verbose(document: &Value) -> bool {
    let is_timed = |item: &Value| {
        let has = |name| item.get(name).is_some();
        has("start") && has("end") && (has("text") || has("word")) && !has("type")
    };
    let fits = |name| document.get(name).and_then(Value::as_array).is_some_and(|items| items.iter().all(is_timed));
    let foreign = ["status", "language_code"].iter().any(|name| document.get(name).is_some());
    text(document, "text").is_some() && !foreign && (fits("segments") || fits("words"))
}

/// Reads segments, or groups the words where there are none. A word of the document belongs to the first segment that
/// is spoken in its middle.
pub(crate) fn read_verbose(document: &Value, drafts: &mut Drafts) {
    let language = string(document, "language");
    let (segments, words) = (list(document, "segments"), list(document, "words"));
    if segments.is_empty() {
        let whole = Whole { pointer: "/text".to_owned(), text: string(document, "text"), language, ..Whole::default() };
        let tokens = words.iter().enumerate();
        group(drafts, &whole, tokens.map(|(at, value)| Token::word(format!("/words/{at}"), word(value), None)));
        return;
    }
    let spans = Spans::of(segments);
    let mut of_segment: Vec<Vec<DraftWord>> = segments.iter().map(|_| Vec::new()).collect();
    for word in words.iter().map(word) {
        let Some(middle) = word.start.zip(word.end).map(|(start, end)| f64::midpoint(start, end)) else { continue };
        if let Some(at) = spans.first_with(middle) {
            of_segment[at].push(word);
        }
    }
    let mut of_segment = of_segment.into_iter();
    for (index, value) in segments.iter().enumerate() {
        let mut words: Vec<DraftWord> = list(value, "words").iter().map(word).collect();
        words.extend(of_segment.next().unwrap_or_default());
        if value.is_object() {
            let draft = segment(format!("/segments/{index}"), value);
            drafts.add(Draft { language: language.clone(), words, ..draft });
        } else {
            drafts.skip(format!("/segments/{index}"), "Skipped: it is not an object.");
        }
    }
}

/// When segments are spoken.
struct Spans {
    /// The start and end of each; an empty span of one that is not stored.
    spans: Vec<(f64, f64)>,
    /// The latest end so far. It never falls, so that earlier segments are passed over by bisection.
    latest: Vec<f64>,
}

impl Spans {
    /// Most segments that are looked at for a word. Segments of a document overlap little, if at all.
    const REACH: usize = 1_000;

    fn of(segments: &[Value]) -> Self {
        let span = |segment: &Value| {
            let stored = text(segment, "text").is_some_and(|text| !text.trim().is_empty());
            number(segment, "start").zip(number(segment, "end")).filter(|_| stored).unwrap_or((0.0, 0.0))
        };
        let spans: Vec<_> = segments.iter().map(span).collect();
        let latest = spans.iter().scan(f64::MIN, |latest, (_, end)| {
            *latest = latest.max(*end);
            Some(*latest)
        });
        Self { latest: latest.collect(), spans }
    }

    /// The first segment with start <= time < end.
    fn first_with(&self, time: f64) -> Option<usize> {
        let first = self.latest.partition_point(|latest| *latest <= time);
        let mut near = (first..self.spans.len()).take(Self::REACH);
        near.find(|at| self.spans[*at].0 <= time && time < self.spans[*at].1)
    }
}

/// A segment's text and times. `avg_logprob` is no confidence.
pub(crate) fn segment(pointer: String, segment: &Value) -> Draft {
    Draft {
        start: number(segment, "start"),
        end: number(segment, "end"),
        ..Draft::speech(pointer, string(segment, "text"))
    }
}

/// A word of Whisper's.
pub(crate) fn word(word: &Value) -> DraftWord {
    DraftWord {
        text: string(word, "word"),
        start: number(word, "start"),
        end: number(word, "end"),
        confidence: number(word, "probability"),
        label: None,
    }
}

/// `diarized_json`.
pub(crate) fn is_diarized(document: &Value) -> bool {
    list(document, "segments").iter().any(|item| text(item, "type") == Some("transcript.text.segment"))
}

/// Reads segments that have speakers. Their ids are unique in the document only.
pub(crate) fn read_diarized(document: &Value, drafts: &mut Drafts) {
    let language = string(document, "language");
    drafts.each("/segments", list(document, "segments"), |drafts, pointer, value| {
        let draft = segment(pointer, value);
        drafts.add(Draft { label: label(value, "speaker"), language: language.clone(), ..draft });
    });
}
