//! Base64 with the standard alphabet (RFC 4648, section 4), the form in which chunks arrive.
//!
//! Padding is either absent or correct. The unused bits of the last symbol must be zero. White space is refused like
//! any other foreign character.

use base64_simd::{AsOut as _, STANDARD, STANDARD_NO_PAD};

/// Text that is not base64.
///
/// It holds the offset only, never the text, because the text is someone's voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64 at offset {offset}")]
pub struct Base64Error {
    /// The 0-based offset of the first bad character.
    pub offset: usize,
}

/// Decodes base64.
///
/// # Errors
/// [`Base64Error`] with the offset of the first bad character.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    let mut bytes = Vec::new();
    decode_base64_into(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

/// The bytes that `text` stands for, in any of the forms that programs write: the standard or the URL-safe alphabet
/// (RFC 4648, sections 4 and 5), with or without padding, broken into lines, or as a `data:` URL (RFC 2397).
///
/// Text of the standard alphabet costs no more than with [`decode_base64`].
///
/// # Errors
/// [`Base64Error`] with the offset of the first character that fits none of these forms.
pub fn decode_any_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    decode_base64(text).or_else(|error| decode_variant(text, error))
}

/// Decodes the forms that the standard alphabet alone does not allow.
fn decode_variant(text: &str, error: Base64Error) -> Result<Vec<u8>, Base64Error> {
    let start = match text.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data:") => {
            let (head, _) = text.split_once(',').ok_or(error)?;
            let is_base64 = head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
            if is_base64 { head.len() + 1 } else { return Err(error) }
        }
        _ => 0,
    };
    let (mut symbols, mut offsets) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (offset, byte) in text.bytes().enumerate().skip(start) {
        let symbol = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        symbols.push(symbol);
        offsets.push(offset);
    }
    let mut bytes = Vec::new();
    let decoded = decode_base64_into(&symbols, &mut bytes);
    let place = |bad: Base64Error| offsets.get(bad.offset).copied().unwrap_or(text.len());
    decoded.map(|()| bytes).map_err(|bad| Base64Error { offset: place(bad) })
}

/// Decodes base64 into `out`, replacing its content and reusing its allocation.
///
/// # Errors
/// [`Base64Error`] with the offset of the first bad character; `out` is empty in that case.
pub fn decode_base64_into(text: &[u8], out: &mut Vec<u8>) -> Result<(), Base64Error> {
    let codec = if text.len().is_multiple_of(4) { &STANDARD } else { &STANDARD_NO_PAD };
    out.resize(codec.estimated_decoded_length(text.len()), 0);
    let decoded = codec.decode(text, out.as_mut_slice().as_out()).map(|bytes| bytes.len());
    match decoded {
        Ok(length) => {
            out.truncate(length);
            Ok(())
        }
        Err(_) => {
            out.clear();
            Err(Base64Error { offset: first_bad(text) })
        }
    }
}

/// Encodes `bytes` as padded base64.
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// The offset at which `text`, known not to be base64, first breaks the rules.
///
/// Padding that is too short or interrupted is bad from its first `=`. Padding that is too long is bad from the first
/// excess character. A lone last symbol holds six bits, too few for a byte, and is bad itself.
fn first_bad(text: &[u8]) -> usize {
    let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let symbols = text.iter().take_while(|&&byte| is_symbol(byte)).count();
    let rest = &text[symbols..];
    match rest.first() {
        None if symbols % 4 == 1 => symbols - 1,
        Some(b'=') => {
            let due = match symbols % 4 {
                2 => 2,
                3 => 1,
                _ => 0,
            };
            let padding = rest.iter().take_while(|&&byte| byte == b'=').count();
            if padding < due {
                symbols
            } else if rest.len() > due {
                symbols + due
            } else {
                symbols - 1
            }
        }
        Some(_) => symbols,
        None => symbols.saturating_sub(1),
    }
}
