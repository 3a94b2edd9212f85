//! Calls of tools and their results, as voice platforms write them.

use serde_json::Value;

use crate::{
    Kind,
    draft::Draft,
    json::{object, string},
};

/// A tool that the agent calls. Arguments are an object, or stay the string that they are.
pub(super) fn call(pointer: String, id: Option<String>, function: &Value) -> Draft {
    let name = string(function, "name");
    let arguments = function.get("arguments").map(|arguments| {
        let parsed = arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        parsed.filter(Value::is_object).unwrap_or_else(|| arguments.clone())
    });
    let data = object([
        ("id", id.clone().map(Value::from)),
        ("name", name.clone().map(Value::from)),
        ("arguments", arguments),
    ]);
    Draft {
        kind: Kind::ToolCall,
        label: Some("agent".to_owned()),
        data: Some(data),
        id: id.map(|id| format!("{id}:call")),
        ..Draft::speech(pointer, name)
    }
}

/// What a tool answered. An empty answer reads `(empty)`.
pub(super) fn result(pointer: String, id: Option<String>, content: Option<&Value>, data: Value) -> Draft {
    let content = match content {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let text = if content.trim().is_empty() { "(empty)".to_owned() } else { content };
    Draft {
        kind: Kind::ToolResult,
        label: Some("agent".to_owned()),
        data: Some(data),
        id: id.map(|id| format!("{id}:result")),
        ..Draft::speech(pointer, Some(text))
    }
}
