//! Format tags of the `fmt ` chunk.

pub(super) const PCM: u16 = 1;
pub(super) const FLOAT: u16 = 3;
pub(super) const ALAW: u16 = 6;
pub(super) const MULAW: u16 = 7;
pub(super) const EXTENSIBLE: u16 = 0xFFFE;

/// What a format tag of others stands for, in parentheses.
pub(super) fn tag_name(tag: u16) -> &'static str {
    match tag {
        0x0002 => " (Microsoft ADPCM)",
        0x0011 => " (IMA ADPCM)",
        0x0031 => " (GSM 6.10)",
        0x0040 | 0x0045 | 0x0064 => " (G.726 ADPCM)",
        0x0050 => " (MPEG layer 1 or 2)",
        0x0055 => " (MP3)",
        0x00FF => " (AAC)",
        0x0160..=0x0163 => " (Windows Media)",
        0x028E | 0xA112 => " (G.722)",
        EXTENSIBLE => " (extensible, of a kind of its own)",
        _ => "",
    }
}
