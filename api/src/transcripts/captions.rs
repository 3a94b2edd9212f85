//! Transcripts as captions (WebVTT, SubRip) and as plain text.

use service::Transcript;
use service::audio::number::whole;

use super::format::TranscriptFormat;

/// An invisible character that keeps players from reading text as markup. SubRip has no escapes.
const WORD_JOINER: char = '\u{2060}';

/// Writes transcripts in a format other than JSON, one after another.
#[derive(Clone, Debug)]
pub(super) struct Captions {
    format: TranscriptFormat,
    /// The number of cues so far. SubRip numbers them.
    cues: u64,
}

impl Captions {
    /// An empty file.
    pub(super) fn new(format: TranscriptFormat) -> Self {
        Self { format, cues: 0 }
    }

    /// What a file begins with.
    pub(super) fn header(&self) -> &'static str {
        if self.format == TranscriptFormat::Vtt { "WEBVTT\n" } else { "" }
    }

    /// A transcript as a cue or line. Captions leave out transcripts without a start or an end.
    pub(super) fn write(&mut self, transcript: &Transcript) -> String {
        let (speaker, text) = (transcript.speaker.expose().as_str(), transcript.text.expose().as_str());
        if self.format == TranscriptFormat::Txt {
            return line(transcript.start_time, speaker, text);
        }
        let (Some(start), Some(end)) = (transcript.start_time, transcript.end_time) else { return String::new() };
        let start = milliseconds(start);
        // A cue that ends where it starts is not valid, and no player shows it.
        let end = milliseconds(end).max(start + 1);
        self.cues += 1;
        let (speaker, text) = (lines(speaker, " "), lines(text, "\n"));
        if self.format == TranscriptFormat::Srt {
            let (start, end) = (time(start, ','), time(end, ','));
            return format!("{}\n{start} --> {end}\n{}: {}\n\n", self.cues, subrip(&speaker), subrip(&text));
        }
        let (start, end) = (time(start, '.'), time(end, '.'));
        format!("\n{start} --> {end}\n<v {}>{}\n", webvtt(&speaker), webvtt(&text))
    }
}

/// A transcript as a line of text, with its start if that is known.
fn line(start: Option<f64>, speaker: &str, text: &str) -> String {
    let start = start.map(|start| format!("[{}] ", time(milliseconds(start), '.'))).unwrap_or_default();
    format!("{start}{}: {}\n", lines(speaker, " "), lines(text, " "))
}

fn milliseconds(seconds: f64) -> u64 {
    whole((seconds * 1e3).round())
}

/// `HH:MM:SS.mmm`, with as many hours as there are.
fn time(milliseconds: u64, point: char) -> String {
    let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
    format!("{hours:02}:{:02}:{:02}{point}{:03}", rest / 60_000, rest / 1_000 % 60, rest % 1_000)
}

/// Joins the lines of a text. Empty ones are left out, since one would end the cue.
fn lines(text: &str, line_break: &str) -> String {
    let breaks = ['\r', '\n', '\u{0B}', '\u{0C}', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines: Vec<_> = text.split(breaks).filter(|line| !line.trim().is_empty()).collect();
    lines.join(line_break)
}

/// Escapes what WebVTT reads as markup.
fn webvtt(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Separates what SubRip players read as a tag (`<b>`), as a style (`{\an8}`) or as times (`-->`).
fn subrip(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        escaped.push(character);
        let is_markup = match character {
            '<' => next.is_ascii_alphabetic() || next == '/',
            '{' => true,
            '-' => next == '>',
            _ => false,
        };
        if is_markup {
            escaped.push(WORD_JOINER);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{lines, subrip, time};

    #[test]
    fn subrip_text_has_no_markup_and_reads_the_same() {
        for (text, expected) in [
            ("1 < 2 > 0", "1 < 2 > 0"),
            ("<b>bold</b>", "<\u{2060}b>bold<\u{2060}/b>"),
            ("{\\an8}up {b}", "{\u{2060}\\an8}up {\u{2060}b}"),
            ("00:00 --> 00:01", "00:00 --\u{2060}> 00:01"),
        ] {
            assert_eq!(subrip(text), expected);
            assert_eq!(subrip(text).replace('\u{2060}', ""), text);
        }
    }

    #[test]
    fn times_have_three_decimals_and_lines_are_not_empty() {
        assert_eq!(time(3_725_001, ','), "01:02:05,001");
        assert_eq!(time(360_000_000, '.'), "100:00:00.000");
        assert_eq!(lines("a\r\n\u{85}\u{2028} \t\n\u{0B}b", "|"), "a|b");
    }
}
