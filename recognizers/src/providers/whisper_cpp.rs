//! whisper.cpp. Times are milliseconds, or clock times. Its tokens are parts of words and not read.

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{Draft, Drafts},
    json::{has_list, list, number, string, text, whole},
    time::{MILLISECONDS, clock},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    has_list(document, "transcription")
}

/// Reads segments. The speaker `0` or `1` of stereo diarization is a channel and no label.
pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let segments = list(document, "transcription");
    let tracks = Channels::named(0, segments.iter().map(|segment| whole(segment, "speaker")));
    let language = document.get("result").and_then(|result| string(result, "language"));
    drafts.each("/transcription", segments, |drafts, pointer, segment| {
        let time = |name| {
            let offset = segment.get("offsets").and_then(|offsets| number(offsets, name));
            let stamp = || segment.get("timestamps").and_then(|stamps| clock(text(stamps, name)?));
            offset.map(|offset| offset / MILLISECONDS).or_else(stamp)
        };
        drafts.add(Draft {
            track: tracks.track(whole(segment, "speaker")),
            start: time("from"),
            end: time("to"),
            language: language.clone(),
            ..Draft::speech(pointer, string(segment, "text"))
        });
    });
}
