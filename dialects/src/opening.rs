//! How a call is named and described from what a platform and the URL say.
//!
//! What a message says wins over the URL. A custom parameter `caller` or `from` wins over the platform's own field,
//! since the application knows better.

use serde_json::Value;

use crate::{
    Context, Direction, Format, Name, Start,
    fields::{Fields, clean, cleaned, text},
};

/// The maximum length of `caller`, in characters.
pub const CALLER_MAX: usize = 128;
/// The name of the parameter that carries a one-time token.
pub const TOKEN: &str = "token";
/// The longest id.
const ID_MAX: usize = 128;

/// What a platform says about a stream.
#[derive(Default)]
pub(crate) struct Draft {
    /// The platform's id of the stream.
    pub stream_id: Option<String>,
    /// The platform's id of the phone call.
    pub call_id: Option<String>,
    /// Who called, in a field of the platform.
    pub caller: Option<String>,
    /// Who was called.
    pub callee: Option<String>,
    /// The direction, in the platform's words.
    pub direction: Option<String>,
    /// Parameters of the application.
    pub parameters: Fields,
}

impl Draft {
    /// Ids that the parameters give, for platforms that have none of their own.
    pub(crate) fn named_by_parameters(mut self) -> Self {
        for (name, id) in [("streamSid", &mut self.stream_id), ("callSid", &mut self.call_id)] {
            if id.is_none() {
                *id = text(&self.parameters, name);
                if id.is_some() {
                    self.parameters.remove(name);
                }
            }
        }
        self
    }

    /// Completes the draft with what the URL says.
    pub(crate) fn finish(self, dialect: Name, context: &Context, format: Option<Format>) -> Start {
        let mut custom_data: Fields =
            self.parameters.into_iter().map(|(name, value)| (clean(&name), cleaned(value))).collect();
        let token = custom_data.remove(TOKEN).and_then(|token| token.as_str().map(str::to_owned));
        let caller = ["caller", "from"].into_iter().find_map(|name| take_caller(&mut custom_data, name));
        let own = self.caller.map(|caller| clean(&caller)).filter(|caller| !caller.trim().is_empty());
        let caller = caller.or(own).or_else(|| context.parameter("caller").map(clean));
        let caller = caller.map(|caller| caller.chars().take(CALLER_MAX).collect());
        let callee = self.callee.as_deref().or_else(|| context.parameter("callee"));
        if let Some(callee) = callee {
            custom_data.entry("callee").or_insert_with(|| clean(callee).into());
        }
        let mut ids = [("streamSid", self.stream_id), ("callSid", self.call_id)].map(|(name, given)| {
            let given = given.filter(|given| !given.is_empty());
            if let Some(odd) = given.as_deref().filter(|given| !is_id(given)) {
                custom_data.entry(name).or_insert_with(|| clean(odd).into());
            }
            let of_url = context.parameter(name).filter(|id| is_id(id)).map(str::to_owned);
            given.filter(|given| is_id(given)).or(of_url)
        });
        let call_sid = ids[1].take();
        let stream_sid = ids[0].take().or_else(|| call_sid.clone());
        let direction = self.direction.as_deref().or_else(|| context.parameter("direction"));
        for (name, value) in context.others() {
            custom_data.entry(clean(name)).or_insert_with(|| clean(value).into());
        }
        Start {
            dialect,
            stream_sid: stream_sid.unwrap_or_else(|| format!("{dialect}-{}", context.fresh_id)),
            call_sid,
            caller,
            agent: context.parameter("agent").map(|agent| clean(agent).chars().take(CALLER_MAX).collect()),
            direction: direction.and_then(direction_of),
            format,
            custom_data,
            token,
        }
    }
}

fn direction_of(text: &str) -> Option<Direction> {
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        "inbound" | "incoming" => Some(Direction::Inbound),
        _ if text.starts_with("outbound") || text == "outgoing" => Some(Direction::Outbound),
        _ => None,
    }
}

/// Whether a text can be the id of a stream or a phone call.
pub(crate) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-@=/+{}~%!".contains(&byte);
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}

/// Removes a caller from the parameters and returns it. One longer than `CALLER_MAX` also stays there, since the caller
/// is cut.
fn take_caller(parameters: &mut Fields, name: &str) -> Option<String> {
    let caller = parameters.get(name).and_then(Value::as_str).filter(|caller| !caller.trim().is_empty())?.to_owned();
    if caller.chars().count() <= CALLER_MAX {
        parameters.remove(name);
    }
    Some(caller)
}
