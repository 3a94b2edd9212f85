//! Vapi. Times are seconds from the start; the length of a message follows from its epoch milliseconds.

use serde_json::Value;

use super::tools;
use crate::{
    Track,
    draft::{Draft, Drafts},
    json::{first_list, label, list, number, object, string, text},
    time::MILLISECONDS,
};

/// Where the messages stand: in a call, in a webhook, or alone.
const PLACES: [&str; 3] = ["/artifact/messages", "/message/artifact/messages", "/messages"];

pub(crate) fn recognizes(document: &Value) -> bool {
    let messages = first_list(document, &PLACES);
    messages.is_some_and(|(_, messages)| messages.iter().any(|message| message.get("secondsFromStart").is_some()))
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    if let Some((pointer, messages)) = first_list(document, &PLACES) {
        drafts.each(pointer, messages, message);
    }
}

fn message(drafts: &mut Drafts, pointer: String, message: &Value) {
    let start = number(message, "secondsFromStart");
    match text(message, "role").unwrap_or_default() {
        "bot" | "assistant" => drafts.add(spoken(pointer, message, Track::Outbound)),
        "user" => {
            drafts.add(Draft { label: label(message, "speakerLabel"), ..spoken(pointer, message, Track::Inbound) })
        }
        "tool_calls" => {
            drafts.each(&format!("{pointer}/toolCalls"), list(message, "toolCalls"), |drafts, pointer, call| {
                let function = call.get("function").unwrap_or(&Value::Null);
                drafts.add(Draft { start, ..tools::call(pointer, string(call, "id"), function) });
            });
        }
        "tool_call_result" => {
            let id = string(message, "toolCallId");
            let data =
                object([("id", id.clone().map(Value::from)), ("name", string(message, "name").map(Value::from))]);
            drafts.add(Draft { start, ..tools::result(pointer, id, message.get("result"), data) });
        }
        // The prompt.
        "system" => {}
        _ => drafts.skip(pointer, "Skipped: its role is unknown."),
    }
}

fn spoken(pointer: String, message: &Value, track: Track) -> Draft {
    let start = number(message, "secondsFromStart");
    let length =
        number(message, "endTime").zip(number(message, "time")).map(|(end, start)| (end - start) / MILLISECONDS);
    Draft {
        track: Some(track),
        start,
        end: start.zip(length).map(|(start, length)| start + length),
        confidence: number(message, "confidence"),
        ..Draft::speech(pointer, string(message, "message"))
    }
}
