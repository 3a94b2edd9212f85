//! Writes numbers and base64 without allocating. A run writes hundreds of thousands of them per second.

use bytes::BytesMut;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends a number in decimal.
pub(crate) fn decimal(mut number: u32, out: &mut BytesMut) {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[begin..]);
}

/// Appends bytes as padded base64.
pub(crate) fn base64(bytes: &[u8], out: &mut BytesMut) {
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let mut characters = [b'='; 4];
        for (index, character) in characters.iter_mut().enumerate().take(group.len() + 1) {
            *character = BASE64[(bits >> (18 - 6 * index)) as usize & 63];
        }
        out.extend_from_slice(&characters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn numbers_are_written_as_they_are_formatted() {
        for number in [0, 7, 10, 99, 100, 65_536, u32::MAX] {
            assert_eq!(written(|out| decimal(number, out)), number.to_string());
        }
    }

    #[test]
    fn base64_is_as_the_rfc_says() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(written(|out| base64(bytes.as_bytes(), out)), text);
        }
        assert_eq!(written(|out| base64(&[0xFB, 0xFF, 0xBF], out)), "+/+/");
    }
}
