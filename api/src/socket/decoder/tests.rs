//! Frames as clients send them, cut anywhere.

use service::audio::number::wide;

use super::*;

/// A frame as a client sends it: masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x11, 0x82, 0xF3, 0x44];
    let mut bytes = vec![first];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => bytes.push(0x80 | short),
        (_, Ok(length)) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(wide(length).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
    bytes
}

fn read(bytes: &[u8], max_bytes: usize, step: usize) -> Vec<Result<Message, Fault>> {
    let mut decoder = Decoder::new(max_bytes);
    let mut found = Vec::new();
    for part in bytes.chunks(step) {
        let mut input = Bytes::copy_from_slice(part);
        while let Some(result) = decoder.next(&mut input) {
            found.push(result);
            if found.last() == Some(&Err(Fault::Protocol)) {
                return found;
            }
        }
    }
    found
}

#[test]
fn messages_are_read_however_they_are_cut() {
    let long = vec![b'x'; 70_000];
    let mut bytes = frame(0x81, b"Hello");
    bytes.extend(frame(0x82, &[1, 2, 3]));
    bytes.extend(frame(0x01, "Grü".as_bytes().split_at(3).0));
    bytes.extend(frame(0x89, b"ping"));
    bytes.extend(frame(0x00, "Grü".as_bytes().split_at(3).1));
    bytes.extend(frame(0x80, b"\xC3\x9F"));
    bytes.extend(frame(0x81, &long));
    bytes.extend(frame(0x8A, b""));
    bytes.extend(frame(0x82, &[9; 300]));
    bytes.extend(frame(0x88, &[0x03, 0xE8]));
    bytes.extend(frame(0x89, b"late"));
    let expected = [
        Ok(Message::Text("Hello".to_owned())),
        Ok(Message::Binary(vec![1, 2, 3])),
        Ok(Message::Ping(b"ping".to_vec())),
        Ok(Message::Text("Grüß".to_owned())),
        Ok(Message::Text("x".repeat(70_000))),
        Ok(Message::Pong),
        Ok(Message::Binary(vec![9; 300])),
        Ok(Message::Close(1000)),
        Ok(Message::Ping(b"late".to_vec())),
    ];
    for step in [1, 2, 7, 1_000, usize::MAX] {
        assert!(read(&bytes, 70_000, step) == expected, "in steps of {step}");
    }
}

#[test]
fn what_is_too_long_or_not_utf_8_is_passed_over() {
    let mut bytes = frame(0x81, &[b'x'; 101]);
    bytes.extend(frame(0x81, b"\xFF\xFE"));
    bytes.extend(frame(0x01, &[b'y'; 60]));
    bytes.extend(frame(0x00, &[b'y'; 60]));
    bytes.extend(frame(0x80, &[b'y'; 60]));
    bytes.extend(frame(0x81, &[b'z'; 100]));
    let expected = [Err(Fault::TooLong), Err(Fault::NotUtf8), Err(Fault::TooLong), Ok(Message::Text("z".repeat(100)))];
    for step in [1, 13, usize::MAX] {
        assert_eq!(read(&bytes, 100, step), expected);
    }
}

#[test]
fn a_frame_that_announces_more_than_is_allowed_takes_no_memory() {
    let mut decoder = Decoder::new(100);
    let mut head = Bytes::from_static(&[0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
    assert_eq!(decoder.next(&mut head), None);
    for _ in 0..100 {
        assert_eq!(decoder.next(&mut Bytes::from_static(&[0; 4_096])), None);
    }
    assert_eq!((decoder.message.capacity(), decoder.control.capacity()), (0, 0));
}

#[test]
fn what_is_no_frame_ends_the_reading() {
    let unmasked = vec![0x81, 0x01, b'x'];
    let mut within = frame(0x01, b"x");
    within.extend(frame(0x81, b"y"));
    let mut huge = vec![0x82, 0xFF];
    huge.extend([0xFF; 12]);
    let lone = frame(0x80, b"x");
    for bytes in [unmasked, frame(0xC1, b"x"), frame(0x83, b"x"), frame(0x09, b"x"), lone, within, huge] {
        assert_eq!(read(&bytes, 100, usize::MAX), [Err(Fault::Protocol)]);
    }
    assert_eq!(read(&frame(0x89, &[0; 126]), 100, usize::MAX), [Err(Fault::Protocol)]);
}
