//! Transcripts as WebVTT, for players.

use service::Transcript;

/// What a file begins with.
pub const HEADER: &str = "WEBVTT\n";

/// A cue, or nothing where begin or end is unknown.
pub fn cue(transcript: &Transcript) -> String {
    let (Some(start), Some(end)) = (transcript.start_time, transcript.end_time) else { return String::new() };
    let start = milliseconds(start);
    // A cue that ends where it starts is not valid WebVTT, and no player shows it.
    let end = milliseconds(end).max(start + 1);
    let (speaker, text) = (escape(transcript.speaker.expose(), " "), escape(transcript.text.expose(), "\n"));
    format!("\n{} --> {}\n<v {speaker}>{text}\n", time(start), time(end))
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1e3).round() as u64
}

/// `HH:MM:SS.mmm`, with as many hours as there are.
fn time(milliseconds: u64) -> String {
    let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
    format!("{hours:02}:{:02}:{:02}.{:03}", rest / 60_000, rest / 1_000 % 60, rest % 1_000)
}

/// Escapes what WebVTT reads as markup. Lines are joined by `line_break`, and empty ones left out, since one would end
/// the cue.
fn escape(text: &str, line_break: &str) -> String {
    let lines: Vec<_> = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).collect();
    lines.join(line_break).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
