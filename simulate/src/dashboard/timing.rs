//! When each word of a conversation is said.

use serde_json::{Value, json};

use super::scripts::Script;

/// A word, and when it is said, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    pub start: u32,
    pub end: u32,
}

/// What one party says in its turn.
#[derive(Clone, Debug)]
pub(super) struct Utterance {
    /// Whether the agent says it.
    pub by_agent: bool,
    pub text: String,
    pub words: Vec<Word>,
}

impl Utterance {
    pub(super) fn start(&self) -> u32 {
        self.words.first().map_or(0, |word| word.start)
    }

    pub(super) fn end(&self) -> u32 {
        self.words.last().map_or(0, |word| word.end)
    }

    /// The body of its transcript.
    pub(super) fn transcript(&self, language: &str) -> Value {
        let seconds = |ms: u32| f64::from(ms) / 1000.0;
        let words = self.words.iter().map(|word| {
            json!({ "text": word.text, "startTime": seconds(word.start), "endTime": seconds(word.end), "confidence": 0.97 })
        });
        json!({
            "track": if self.by_agent { "outbound" } else { "inbound" }, "text": self.text, "language": language,
            "startTime": seconds(self.start()), "endTime": seconds(self.end()), "confidence": 0.96,
            "words": words.collect::<Vec<_>>(),
        })
    }
}

/// Says a script from a time on. Now and then one interrupts the other, or thinks for a while.
pub(super) fn say(script: &Script, begin: u32, random: &mut fastrand::Rng) -> Vec<Utterance> {
    let mut at = begin + random.u32(400..900);
    let mut said = Vec::new();
    for line in script.said {
        let (who, text) = line.split_at(3);
        let mut words = Vec::new();
        let mut place = at;
        for word in text.split_whitespace() {
            let letters = word.chars().filter(|char| char.is_alphanumeric()).count() as u32;
            let end = place + 110 + 48 * letters + random.u32(0..40);
            words.push(Word { text: word.to_owned(), start: place, end });
            // Punctuation is a breath.
            place = end + if word.ends_with(['.', ',', '?', '!']) { random.u32(160..320) } else { random.u32(20..60) };
        }
        let utterance = Utterance { by_agent: who.starts_with('A'), text: text.to_owned(), words };
        at = match random.u32(0..9) {
            0 => utterance.end().saturating_sub(650),
            1 => utterance.end() + random.u32(1_800..3_000),
            _ => utterance.end() + random.u32(350..1_300),
        };
        said.push(utterance);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::scripts::SCRIPTS;

    #[test]
    fn words_follow_each_other_within_what_a_party_says() {
        let mut random = fastrand::Rng::with_seed(1);
        for script in &SCRIPTS {
            let said = say(script, 1_000, &mut random);
            assert_eq!(said.len(), script.said.len());
            for utterance in said {
                assert!(utterance.words.is_sorted_by(|one, next| one.end < next.start), "{}", utterance.text);
                assert!(utterance.start() > 1_000 && utterance.words.iter().all(|word| word.start < word.end));
            }
        }
    }
}
