//! The names that platforms give their formats.

use audio::Encoding;

use crate::{Context, Format};

/// A format in the platform's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The encoding, possibly a media type with parameters.
    pub encoding: Option<String>,
    /// Samples per second.
    pub rate: Option<u32>,
    /// The number of channels; `None` if it does not matter, because each message has one track.
    pub channels: Option<u32>,
}

/// What has to be done with payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: they are as they are stored.
    Plain(Format),
    /// Swap the bytes of each sample.
    BigEndian(Format),
    /// Decode G.722.
    G722,
    /// Decode Opus.
    Opus,
}

impl Kind {
    /// The format of the result.
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Plain(format) | Self::BigEndian(format) => format,
            Self::G722 => Format { encoding: Encoding::Pcm16, sample_rate_hz: 16_000 },
            Self::Opus => Format { encoding: Encoding::Pcm16, sample_rate_hz: 48_000 },
        }
    }

    /// The bytes of a sample as sent.
    pub(crate) fn width(self) -> usize {
        self.format().encoding.bytes_per_sample()
    }
}

impl Spec {
    /// Reads the format. What it leaves open comes from the URL, and else is mu-law, at 8 kHz.
    ///
    /// `big_endian` is the platform's byte order of L16, which `byteOrder` in the URL overrides.
    ///
    /// # Errors
    /// The format in the platform's words, if it cannot be taken.
    pub(crate) fn read(&self, context: &Context, big_endian: bool) -> Result<Kind, String> {
        let encoding = self.encoding.as_deref().or_else(|| context.parameter("encoding")).unwrap_or("mulaw");
        let mut parts = encoding.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let of_type = parts.find_map(|part| part.trim().strip_prefix("rate=")?.parse().ok());
        let rate = self.rate.or(of_type).or_else(|| context.sample_rate()).unwrap_or(8_000);
        let refused = || Err(self.describe(encoding));
        let encoding = match codec_of(&name) {
            Some(Named::Samples(encoding)) => encoding,
            Some(Named::G722) => return Ok(Kind::G722),
            Some(Named::Opus) => return Ok(Kind::Opus),
            None => return refused(),
        };
        if encoding.check_rate(rate).is_err() || self.channels.is_some_and(|channels| channels != 1) {
            return refused();
        }
        let format = Format { encoding, sample_rate_hz: rate };
        let swapped = encoding == Encoding::Pcm16 && context.big_endian().unwrap_or(big_endian);
        Ok(if swapped { Kind::BigEndian(format) } else { Kind::Plain(format) })
    }

    /// The format in the words of its sender, such as `AMR-WB at 16000 Hz, 2 channels`.
    fn describe(&self, encoding: &str) -> String {
        let encoding: String = encoding.chars().filter(|letter| !letter.is_control()).take(24).collect();
        let rate = self.rate.map(|hz| format!(" at {hz} Hz")).unwrap_or_default();
        let channels = self.channels.filter(|&count| count != 1).map(|count| format!(", {count} channels"));
        format!("{encoding}{rate}{}", channels.unwrap_or_default())
    }
}

enum Named {
    Samples(Encoding),
    G722,
    Opus,
}

/// The codec of a name in lower case, with or without `audio/` and `x-`.
fn codec_of(name: &str) -> Option<Named> {
    let name = name.strip_prefix("audio/").unwrap_or(name);
    let name = name.strip_prefix("x-").unwrap_or(name);
    Some(match name {
        "mulaw" | "mu-law" | "ulaw" | "pcmu" | "basic" | "g711u" | "g711ulaw" => Named::Samples(Encoding::Mulaw),
        "alaw" | "a-law" | "pcma" | "g711a" | "g711alaw" => Named::Samples(Encoding::Alaw),
        "l16" | "pcm" | "pcm16" | "pcm_16" | "pcm-16" | "private-pcm-16" | "lpcm" | "linear16" | "slin" | "raw"
        | "raw/slin" | "base64" | "s16le" | "pcm_s16le" => Named::Samples(Encoding::Pcm16),
        "g722" => Named::G722,
        "opus" => Named::Opus,
        _ => return None,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(encoding: &str, rate: impl Into<Option<u32>>) -> Result<Kind, String> {
        let spec = Spec { encoding: Some(encoding.to_owned()), rate: rate.into(), channels: Some(1) };
        spec.read(&Context::default(), true)
    }

    #[test]
    fn formats_are_known_by_the_names_that_platforms_use() {
        for name in ["audio/x-mulaw", "PCMU", "audio/PCMU", "mulaw", "ULAW"] {
            assert_eq!(read(name, 8_000), Ok(Kind::Plain(Format::default())), "{name}");
        }
        let linear = |hz| Kind::BigEndian(Format { encoding: Encoding::Pcm16, sample_rate_hz: hz });
        assert_eq!(read("PCMA", None).unwrap().format().encoding, Encoding::Alaw);
        assert_eq!(read("L16", 16_000), Ok(linear(16_000)));
        assert_eq!(read("audio/x-l16;rate=24000", None), Ok(linear(24_000)));
        assert_eq!(read("audio/x-private-pcm-16;rate=16000", None), Ok(linear(16_000)));
        for (name, rate) in [("AMR-WB", 16_000), ("PCMU", 16_000), ("L16", 12_000), ("PCM8", 8_000)] {
            assert_eq!(read(name, rate), Err(format!("{name} at {rate} Hz")));
        }
        let stereo = Spec { encoding: Some("PCMU".to_owned()), rate: None, channels: Some(2) };
        assert_eq!(stereo.read(&Context::default(), false), Err("PCMU, 2 channels".to_owned()));
    }

    #[test]
    fn the_url_fills_what_is_left_open_and_turns_the_bytes() {
        let query = [("byteOrder", "little"), ("sampleRate", "16000"), ("encoding", "l16")];
        let context = Context::new(query.map(|(name, value)| (name.to_owned(), value.to_owned())), String::new());
        let format = Format { encoding: Encoding::Pcm16, sample_rate_hz: 16_000 };
        assert_eq!(Spec::default().read(&context, true), Ok(Kind::Plain(format)));
        assert_eq!(Spec::default().read(&Context::default(), true), Ok(Kind::Plain(Format::default())));
    }
}
