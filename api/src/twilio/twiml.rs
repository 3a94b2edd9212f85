//! Writes TwiML, the XML that tells Twilio what to do with a phone call.

use std::fmt::Write;

/// How long a phone call stays connected if nothing else handles it, in seconds: Twilio's default limit for a call.
const PAUSE_SECONDS: u32 = 4 * 60 * 60;

/// TwiML that streams both sides of a phone call, and then redirects it to `next` or keeps it connected. `<Start>`
/// streams beside the call; `<Connect>` would block the call and send only the caller's side.
pub(super) fn stream_and_go_on(url: &str, parameters: &[(&str, &str)], next: Option<&str>) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Start><Stream url=\"{}\" track=\"both_tracks\">",
        escape(url)
    );
    for (name, value) in parameters {
        let _ = write!(xml, "<Parameter name=\"{}\" value=\"{}\"/>", escape(name), escape(value));
    }
    xml += "</Stream></Start>";
    // Twilio hangs up when the TwiML ends.
    let _ = match next {
        Some(next) => write!(xml, "<Redirect method=\"POST\">{}</Redirect>", escape(next)),
        None => write!(xml, "<Pause length=\"{PAUSE_SECONDS}\"/>"),
    };
    xml + "</Response>\n"
}

/// Escapes text for an element or a quoted attribute. Characters that XML 1.0 cannot represent are removed.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            // Unescaped, these would be normalized to spaces in attributes.
            '\t' | '\n' | '\r' => _ = write!(escaped, "&#{};", u32::from(character)),
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("<a b=\"c\" & 'd'>\n\u{1}\u{FFFF}é\u{1F600}"),
            "&lt;a b=&quot;c&quot; &amp; &apos;d&apos;&gt;&#10;é\u{1F600}"
        );
    }

    #[test]
    fn a_call_is_streamed_and_kept_up_or_led_on() {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Start><Stream url=\"wss://a/&amp;\" track=\"both_tracks\">\
            <Parameter name=\"caller\" value=\"&lt;+1&gt;\"/></Stream></Start>";
        let answer = |next| stream_and_go_on("wss://a/&", &[("caller", "<+1>")], next);
        assert_eq!(answer(None), format!("{head}<Pause length=\"14400\"/></Response>\n"));
        let next = answer(Some("https://b/?c=1&d=2"));
        assert_eq!(next, format!("{head}<Redirect method=\"POST\">https://b/?c=1&amp;d=2</Redirect></Response>\n"));
    }
}
