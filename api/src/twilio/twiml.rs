//! TwiML: the XML that tells Twilio what to do with a phone call.

use std::fmt::Write;

/// How long a call is kept up that nothing else answers, in seconds: as long as Twilio lets a call last unless it is told
/// otherwise.
const PAUSE_SECONDS: u32 = 4 * 60 * 60;

/// Streams both sides of a call, then leads it on or keeps it up. `<Start>` forks the audio beside the call, where
/// `<Connect>` would hold the call and send the caller's side only.
pub fn stream_and_go_on(url: &str, parameters: &[(&str, &str)], next: Option<&str>) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Start><Stream url=\"{}\" track=\"both_tracks\">",
        escape(url)
    );
    for (name, value) in parameters {
        let _ = write!(xml, "<Parameter name=\"{}\" value=\"{}\"/>", escape(name), escape(value));
    }
    xml += "</Stream></Start>";
    // A call whose TwiML ends is hung up.
    let _ = match next {
        Some(next) => write!(xml, "<Redirect method=\"POST\">{}</Redirect>", escape(next)),
        None => write!(xml, "<Pause length=\"{PAUSE_SECONDS}\"/>"),
    };
    xml + "</Response>\n"
}

/// Text as it stands in an element or a quoted attribute; characters that XML 1.0 does not have are left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            // A parser would make spaces of them.
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
