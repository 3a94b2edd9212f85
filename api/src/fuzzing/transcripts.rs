//! Documents of speech recognizers.

use recognizers::{
    DATA_MAX_BYTES, EXTERNAL_ID_MAX_CHARS, Form, PROBLEMS_MAX, SPEAKER_MAX_CHARS, TEXT_MAX_CHARS, TIME_MAX_SECONDS,
    Utterance, WORDS_MAX, is_language_tag, read,
};

/// A document is read or refused. What is read keeps the limits of `addTranscript`, each under a name of its own. The
/// first byte is the form.
pub fn transcript_document(bytes: &[u8]) {
    let Some((first, document)) = bytes.split_first() else { return };
    let form = [Form::Json, Form::WebVtt, Form::SubRip][usize::from(*first) % 3];
    let Ok(reading) = read(document, form, None) else { return };
    assert!(reading.problems.len() <= PROBLEMS_MAX);
    reading.utterances.iter().for_each(keeps_the_limits);
    let mut names: Vec<_> = reading.utterances.iter().map(|one| one.external_id.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}

fn keeps_the_limits(one: &Utterance) {
    let is_text = |text: &str, max| (1..=max).contains(&text.chars().count()) && !text.contains('\0');
    let is_place = |seconds: f64| (0.0..=TIME_MAX_SECONDS).contains(&seconds);
    let is_share = |share: Option<f64>| share.is_none_or(|share| (0.0..=1.0).contains(&share));
    assert!(
        is_text(&one.external_id, EXTERNAL_ID_MAX_CHARS) && one.external_id.bytes().all(|byte| byte.is_ascii_graphic())
    );
    assert!(is_text(&one.text, TEXT_MAX_CHARS) && is_text(&one.speaker, SPEAKER_MAX_CHARS));
    assert!(one.start_time.is_none_or(is_place) && one.end_time.is_none_or(is_place) && is_share(one.confidence));
    assert!(one.end_time.is_none_or(|end| one.start_time.is_some_and(|start| start <= end)));
    assert!(one.language.as_deref().is_none_or(is_language_tag));
    assert!(
        one.words.len() <= WORDS_MAX && one.words.is_sorted_by(|first, second| first.start_time <= second.start_time)
    );
    for word in &one.words {
        assert!(!word.text.is_empty() && !word.text.contains('\0') && is_share(word.confidence));
        assert!(is_place(word.start_time) && is_place(word.end_time) && word.start_time <= word.end_time);
    }
    let data = one.data.as_ref().map(|data| serde_json::to_vec(data).unwrap_or_default().len());
    assert!(data.is_none_or(|bytes| bytes <= DATA_MAX_BYTES));
}
