//! Base64: what is accepted, what it decodes to, and where a text first goes wrong.

use audio::{decode_any_base64, decode_base64, decode_base64_into, encode_base64};
use proptest::prelude::*;

#[test]
fn the_vectors_of_rfc_4648_decode_and_encode() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(decode_base64(text).unwrap(), bytes.as_bytes());
        assert_eq!(decode_base64(text.trim_end_matches('=')).unwrap(), bytes.as_bytes());
        assert_eq!(encode_base64(bytes.as_bytes()), text);
    }
}

#[test]
fn an_error_names_the_first_bad_character() {
    for (text, offset) in [
        // Foreign characters.
        ("Zm9*", 3),
        ("*m9v", 0),
        ("Zm9vYm*y", 6),
        ("Zm9v\nYmFy", 4),
        (" Zm9v", 0),
        ("Zm9v ", 4),
        ("Zm-_", 2),
        ("Zm9vé", 4),
        ("Zm9v\0", 4),
        // Symbols that do not complete a byte.
        ("Z", 0),
        ("Zm9vY", 4),
        // Padding that is too short, too long, in the middle, or alone.
        ("Zg=", 2),
        ("Zm8==", 4),
        ("Zg===", 4),
        ("Zm9v=", 4),
        ("Zm9v====", 4),
        ("Z===", 1),
        ("=", 0),
        ("====", 0),
        ("Zg==Zg==", 4),
        ("Zg=g", 2),
        ("Zg==Z", 4),
        // Nonzero unused bits of the last symbol.
        ("Zh==", 1),
        ("Zh", 1),
        ("Zm9=", 2),
        ("Zm9", 2),
        ("Zm9vYh", 5),
    ] {
        let error = decode_base64(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text:?}");
        assert_eq!(error.to_string(), format!("not base64 at offset {offset}"));
    }
}

#[test]
fn a_bad_character_is_found_wherever_it_is() {
    let good = encode_base64(&[0x5A; 160]);
    for offset in 0..good.len() - 2 {
        for bad in [b'*', b' ', b'=', b'-', 0, 0xFF] {
            let mut text = good.clone().into_bytes();
            text[offset] = bad;
            let mut out = vec![1, 2, 3];
            let error = decode_base64_into(&text, &mut out).unwrap_err();
            // A `=` is bad only where its padding goes wrong.
            let expected = if bad == b'=' { padding_breaks(&text, offset) } else { offset };
            assert_eq!(error.offset, expected);
            assert!(out.is_empty());
        }
    }
}

/// Whether `=` at `offset`, followed by symbols, is excess or incomplete padding.
fn padding_breaks(text: &[u8], offset: usize) -> usize {
    let due = (4 - offset % 4) % 4;
    let there = text[offset..].iter().take_while(|&&byte| byte == b'=').count();
    if offset % 4 < 2 || there < due { offset } else { offset + due }
}

#[test]
fn decoding_replaces_what_the_buffer_held_and_keeps_its_allocation() {
    let mut out = Vec::with_capacity(1000);
    let allocation = out.as_ptr();
    for length in [160, 3, 0, 161, 162] {
        let bytes = vec![7; length];
        decode_base64_into(encode_base64(&bytes).as_bytes(), &mut out).unwrap();
        assert_eq!((out.as_ptr(), &out), (allocation, &bytes));
    }
}

proptest! {
    #[test]
    fn bytes_come_back(bytes: Vec<u8>) {
        let text = encode_base64(&bytes);
        prop_assert_eq!(text.len(), bytes.len().div_ceil(3) * 4);
        prop_assert_eq!(&decode_base64(&text).unwrap(), &bytes);
        prop_assert_eq!(decode_base64(text.trim_end_matches('=')).unwrap(), bytes);
    }

    #[test]
    fn a_text_is_accepted_only_if_it_is_what_its_bytes_encode_to(text in "[A-Za-z0-9+/=*]{0,12}") {
        match decode_base64(&text) {
            Ok(bytes) => {
                let canonical = encode_base64(&bytes);
                prop_assert!(text == canonical || text == canonical.trim_end_matches('='));
            }
            Err(error) => prop_assert!(error.offset < text.len()),
        }
    }
}

#[test]
fn any_base64_takes_the_url_safe_alphabet_lines_and_data_urls() {
    for text in ["++//+w==", "--__-w", "-+_/+w==", "++\r\n//\n+w==", " ++//+w==\t", "data:audio/basic;base64,++//+w=="]
    {
        assert_eq!(decode_any_base64(text).unwrap(), [0xFB, 0xEF, 0xFF, 0xFB], "{text:?}");
    }
    assert!(decode_any_base64("data:;base64,").unwrap().is_empty());
}

#[test]
fn any_base64_names_the_first_bad_character_of_the_text_as_it_came() {
    for (text, offset) in
        [("Zm9*", 3), ("Zm\n9*", 4), ("Z\n", 0), ("data:audio/basic,Zm9v", 4), ("data:;base64,Zm9*", 16), ("Zm9vé", 4)]
    {
        assert_eq!(decode_any_base64(text).unwrap_err().offset, offset, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_base64_agrees_with_the_strict_form_wherever_that_is_read(text in "[A-Za-z0-9+/]{0,40}={0,2}") {
        if let Ok(bytes) = decode_base64(&text) {
            prop_assert_eq!(decode_any_base64(&text).unwrap(), bytes);
        }
    }
}
