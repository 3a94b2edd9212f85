//! Retell. Times are seconds, and only words have them.

use serde_json::Value;

use super::tools;
use crate::{
    Kind, Track,
    draft::{Draft, DraftWord, Drafts},
    json::{first_list, label, list, number, object, string, text},
};

/// Where the turns stand, the preferred place first. A webhook has them inside `call`.
const PLACES: [&str; 4] = [
    "/transcript_with_tool_calls",
    "/call/transcript_with_tool_calls",
    "/transcript_object",
    "/call/transcript_object",
];

pub(crate) fn recognizes(document: &Value) -> bool {
    let first = document.as_array().and_then(|items| items.iter().find(|item| item.is_object()));
    let has = |first: &Value| first.get("role").is_some() && first.get("content").is_some();
    first.is_some_and(has) || first_list(document, &PLACES).is_some()
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let whole = document.as_array().map(|turns| ("", turns.as_slice()));
    if let Some((pointer, turns)) = whole.or_else(|| first_list(document, &PLACES)) {
        drafts.each(pointer, turns, turn);
    }
}

fn turn(drafts: &mut Drafts, pointer: String, turn: &Value) {
    let id = string(turn, "tool_call_id");
    let spoken = |pointer, track| Draft {
        track,
        words: list(turn, "words").iter().map(word).collect(),
        ..Draft::speech(pointer, string(turn, "content"))
    };
    match text(turn, "role").unwrap_or_default() {
        "agent" => drafts.add(spoken(pointer, Some(Track::Outbound))),
        "user" => drafts.add(spoken(pointer, Some(Track::Inbound))),
        "transfer_target" => drafts.add(Draft { label: label(turn, "role"), ..spoken(pointer, None) }),
        "tool_call_invocation" => drafts.add(tools::call(pointer, id, turn)),
        "tool_call_result" => {
            let data = object([("id", id.clone().map(Value::from)), ("successful", turn.get("successful").cloned())]);
            drafts.add(tools::result(pointer, id, turn.get("content"), data));
        }
        role @ ("dtmf" | "sms" | "injected") => {
            let content = if role == "dtmf" { key(turn) } else { string(turn, "content") };
            drafts.add(Draft {
                kind: Kind::Note,
                label: Some(role.to_owned()),
                start: number(turn, "time_sec"),
                ..Draft::speech(pointer, content)
            });
        }
        "node_transition" => {}
        _ => drafts.skip(pointer, "Skipped: its role is unknown."),
    }
}

/// The pressed key, a string or a number.
fn key(turn: &Value) -> Option<String> {
    let digit = turn.get("digit")?;
    digit.as_str().map(ToOwned::to_owned).or_else(|| digit.is_number().then(|| digit.to_string()))
}

fn word(word: &Value) -> DraftWord {
    DraftWord {
        text: string(word, "word"),
        start: number(word, "start"),
        end: number(word, "end"),
        ..DraftWord::default()
    }
}
