//! Captions: WebVTT and SubRip.

use crate::{
    Track,
    draft::{Draft, Drafts},
    json::label_of,
    time::clock,
};

/// Longest name of a speaker that a SubRip text may begin with.
const NAME_MAX_CHARS: usize = 40;

/// Whether a text is captions: it has WebVTT's first word, or times, or nothing at all.
pub(crate) fn recognizes(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with("WEBVTT") || text.contains("-->")
}

/// Reads WebVTT. Cue settings, `NOTE`, `STYLE` and `REGION` are passed over.
pub(crate) fn read_webvtt(text: &str, drafts: &mut Drafts) {
    read(text, drafts, true, |text| (voice(text), resolved(&without_tags(text, |_| true))));
}

/// Reads SubRip.
pub(crate) fn read_subrip(text: &str, drafts: &mut Drafts) {
    read(text, drafts, false, |text| {
        let text = without_overrides(&without_tags(text, is_subrip_tag));
        match speaker(&text) {
            Some((name, rest)) => (Some(name.to_owned()), rest.to_owned()),
            None => (None, text),
        }
    });
}

/// Hands each cue's text, its lines joined by a space, to `split`, which finds the speaker.
fn read(text: &str, drafts: &mut Drafts, has_blocks: bool, split: impl Fn(&str) -> (Option<String>, String)) {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = text.split('\n').peekable();
    let mut cue = 0_usize;
    let mut begins_block = true;
    while let Some(line) = lines.next() {
        let is_comment = |line: &str| {
            ["NOTE", "STYLE", "REGION"].iter().any(|name| {
                line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
            })
        };
        if has_blocks && begins_block && is_comment(line) {
            while lines.next_if(|line| !line.trim().is_empty()).is_some() {}
            continue;
        }
        begins_block = line.trim().is_empty();
        let Some((from, to)) = line.split_once("-->") else { continue };
        let mut body = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty() && !line.contains("-->")) {
            body.push(line.trim());
        }
        // A cue that no empty line ends: the number before the next times is not text.
        let number_follows = lines.peek().is_some_and(|line| line.contains("-->"));
        if number_follows && body.last().is_some_and(|line| line.bytes().all(|byte| byte.is_ascii_digit())) {
            body.pop();
        }
        let pointer = format!("/cues/{cue}");
        cue += 1;
        let Some((start, end)) = clock(from).zip(to.split_whitespace().next().and_then(clock)) else {
            drafts.skip(pointer, "Skipped: its times cannot be read. Expected hours:minutes:seconds.");
            continue;
        };
        let (name, text) = split(&body.join(" "));
        let label = name.as_deref().and_then(label_of);
        let track = label.as_deref().and_then(track);
        drafts.add(Draft { label, track, start: Some(start), end: Some(end), ..Draft::speech(pointer, Some(text)) });
    }
}

/// The track of a speaker who is called as the service calls its parties.
fn track(name: &str) -> Option<Track> {
    [Track::Inbound, Track::Outbound].into_iter().find(|track| name.eq_ignore_ascii_case(track.speaker()))
}

/// The name in the first voice tag, as written: `<v Name>` or `<v.class Name>`.
fn voice(text: &str) -> Option<String> {
    text.split('<').skip(1).find_map(|tag| {
        let (tag, _) = tag.split_once('>')?;
        let (classes, name) = tag.strip_prefix('v')?.split_once([' ', '\t'])?;
        (classes.is_empty() || classes.starts_with('.')).then(|| resolved(name))
    })
}

/// Longest tag or entity, in bytes. Anything longer is text.
const MARKUP_MAX_BYTES: usize = 1_024;

/// Finds the ends of markup in one pass over a text, however often its beginnings stand alone.
struct Ends<'a> {
    text: &'a str,
    end: char,
    /// The last end that was found, or the end of the text.
    found: usize,
}

impl<'a> Ends<'a> {
    fn of(text: &'a str, end: char) -> Self {
        Self { text, end, found: 0 }
    }

    /// The content of markup that begins at a position, and what follows its end, if that is near.
    fn split(&mut self, from: usize) -> Option<(&'a str, usize)> {
        if self.found < from {
            self.found = self.text[from..].find(self.end).map_or(self.text.len(), |at| from + at);
        }
        let is_near = self.found < self.text.len() && self.found - from <= MARKUP_MAX_BYTES;
        is_near.then(|| (&self.text[from..self.found], self.found + self.end.len_utf8()))
    }
}

/// Removes tags. A `<` that no `>` follows is text.
fn without_tags(text: &str, is_tag: impl Fn(&str) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut ends = Ends::of(text, '>');
    let mut at = 0;
    while let Some(open) = text[at..].find('<').map(|open| at + open) {
        plain.push_str(&text[at..open]);
        match ends.split(open + 1) {
            Some((tag, after)) if is_tag(tag) => at = after,
            _ => {
                plain.push('<');
                at = open + 1;
            }
        }
    }
    plain + &text[at..]
}

fn is_subrip_tag(tag: &str) -> bool {
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let name = tag.split_whitespace().next().unwrap_or_default();
    ["b", "i", "u", "font"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Removes positions such as `{\an8}`.
fn without_overrides(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{\\an") {
        let Some(after) =
            after.strip_prefix(|digit: char| digit.is_ascii_digit()).and_then(|rest| rest.strip_prefix('}'))
        else {
            plain.push_str(before);
            plain.push_str("{\\an");
            rest = after;
            continue;
        };
        plain.push_str(before);
        rest = after;
    }
    plain + rest
}

/// A leading `Name: ` of 1 to 40 letters, digits, spaces, `_` and `-` that begins with a letter.
fn speaker(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.trim_start().split_once(": ")?;
    let fits = name.starts_with(char::is_alphabetic)
        && name.chars().count() <= NAME_MAX_CHARS
        && name.chars().all(|character| character.is_alphanumeric() || [' ', '_', '-'].contains(&character));
    fits.then_some((name, rest))
}

/// Resolves WebVTT's entities and numeric ones. Anything else that begins with `&` is text.
fn resolved(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut ends = Ends::of(text, ';');
    let mut at = 0;
    while let Some(open) = text[at..].find('&').map(|open| at + open) {
        plain.push_str(&text[at..open]);
        match ends.split(open + 1).and_then(|(name, after)| Some((entity(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                at = after;
            }
            None => {
                plain.push('&');
                at = open + 1;
            }
        }
    }
    plain + &text[at..]
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some('\u{A0}'),
        "lrm" => Some('\u{200E}'),
        "rlm" => Some('\u{200F}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code =
                hexadecimal.map_or_else(|| number.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok())?;
            char::from_u32(code)
        }
    }
}
