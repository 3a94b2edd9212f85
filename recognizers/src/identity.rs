//! The id by which an utterance is found again when its document is imported once more.

use std::{collections::HashMap, fmt::Write as _};

use sha2::{Digest, Sha256};

use crate::{EXTERNAL_ID_MAX_CHARS, Provider, Track, Utterance, time::milliseconds};

/// How many hexadecimal digits of the hash an id has.
const HASH_DIGITS: usize = 32;

/// Gives out the ids of one document.
pub(crate) struct Ids {
    provider: Provider,
    /// How often an equal item was seen, so that a repeated "yes" stays.
    seen: HashMap<[u8; 32], u64>,
}

impl Ids {
    pub(crate) fn new(provider: Provider) -> Self {
        Self { provider, seen: HashMap::new() }
    }

    /// Names an utterance by the provider's own id of it, else by a hash of what it says.
    pub(crate) fn name(&mut self, own: Option<String>, mut utterance: Utterance) -> Utterance {
        let own = own.filter(|own| !own.is_empty()).map(|own| format!("{}:{own}", self.provider.name()));
        utterance.external_id = own.filter(|own| fits(own)).unwrap_or_else(|| self.hash(&utterance));
        utterance
    }

    fn hash(&mut self, utterance: &Utterance) -> String {
        let time = |time: Option<f64>| time.map(|time| milliseconds(time).to_string()).unwrap_or_default();
        let content = format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n",
            utterance.kind.name(),
            utterance.track.map_or("", Track::name),
            utterance.speaker,
            time(utterance.start_time),
            time(utterance.end_time),
            utterance.text,
        );
        let hash = Sha256::new_with_prefix(content);
        let count = self.seen.entry(hash.clone().finalize().into()).or_default();
        let numbered = hex(&hash.chain_update(count.to_string()).finalize());
        *count += 1;
        format!("{}:{}", self.provider.name(), &numbered[..HASH_DIGITS])
    }
}

fn fits(id: &str) -> bool {
    id.len() <= EXTERNAL_ID_MAX_CHARS && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
