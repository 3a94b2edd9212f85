//! Amazon Transcribe Call Analytics and Connect Contact Lens. Times are milliseconds.

use serde_json::Value;

use crate::{
    Track,
    draft::{Draft, DraftWord, Drafts},
    group::mean,
    json::{has_list, label_of, list, number, string, text},
    time::MILLISECONDS,
};

/// Most participants whose roles are looked up. A call has a handful.
const PARTICIPANTS_MAX: usize = 100;

pub(crate) fn recognizes(document: &Value) -> bool {
    has_list(document, "Transcript")
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let participants = list(document, "Participants");
    let participants = participants.get(..PARTICIPANTS_MAX).unwrap_or(participants);
    let language = string(document, "LanguageCode");
    drafts.each("/Transcript", list(document, "Transcript"), |drafts, pointer, turn| {
        let words: Vec<DraftWord> = list(turn, "Items").iter().filter_map(word).collect();
        let (label, track) = match role(turn, participants) {
            Some("CUSTOMER") => (None, Some(Track::Inbound)),
            Some("AGENT") => (None, Some(Track::Outbound)),
            other => (other.and_then(label_of), None),
        };
        drafts.add(Draft {
            label,
            track,
            start: seconds(turn, "BeginOffsetMillis"),
            end: seconds(turn, "EndOffsetMillis"),
            confidence: mean(&words),
            language: language.clone(),
            words,
            id: string(turn, "Id"),
            ..Draft::speech(pointer, string(turn, "Content"))
        });
    });
}

/// The role of who spoke. Contact Lens names participants, whose roles are listed once.
fn role<'a>(turn: &'a Value, participants: &'a [Value]) -> Option<&'a str> {
    let id = text(turn, "ParticipantId");
    let listed = || {
        let participant = participants.iter().find(|participant| text(participant, "ParticipantId") == id)?;
        text(participant, "ParticipantRole")
    };
    text(turn, "ParticipantRole").or_else(|| listed().filter(|_| id.is_some())).or(id)
}

fn word(item: &Value) -> Option<DraftWord> {
    let is_mark = text(item, "Type").is_some_and(|kind| kind.eq_ignore_ascii_case("punctuation"));
    let (start, end) = (seconds(item, "BeginOffsetMillis"), seconds(item, "EndOffsetMillis"));
    (!is_mark && start.is_some() && end.is_some()).then(|| DraftWord {
        text: string(item, "Content"),
        start,
        end,
        confidence: number(item, "Confidence"),
        label: None,
    })
}

fn seconds(value: &Value, name: &str) -> Option<f64> {
    Some(number(value, name)? / MILLISECONDS)
}
