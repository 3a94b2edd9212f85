//! Invariants that parsers of cursors, links, tokens, call references and audio keep on arbitrary input. `api::fuzzing`
//! has the other parsers, and the list of all.

mod search;

use audio::number::wide;
use audio::{
    Container, Converter, Encoding, Format, SAMPLE_RATES, STATE_MAX_BYTES, Source, StreamFormat, buffer_to_wav,
    convert, decode_any_base64, decode_base64_into, decode_into, encode, encode_base64,
    speech::{self, Algorithm, Detector},
    wav::{self, HeaderReader},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use uuid::Uuid;

use crate::{
    CallFilter, CallRef, CallSort, Error, Network, SortField, Timestamp, TokenRefused,
    calls::cursor::{self, Position},
    conversion,
    keys::claim::Claim as CallClaim,
    limits::CONVERSION_STATE_MAX,
    links,
    signer::Signer,
    streams::token::Claim,
};

pub use search::search_query;

const SIGNER: Signer = Signer([7; 32]);
const NOW: Timestamp = Timestamp(1_767_323_045_678);

/// A cursor that decodes is exactly the one encoded for its position, and decodes in no other list.
pub fn cursor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let filter = CallFilter { caller: Some(text.clone().into_owned().into()), ..CallFilter::default() };
    let sort = CallSort { field: SortField::Duration, descending: true };
    let check = |text: &str| {
        if let Ok(position) = cursor::decode(text, &filter, sort) {
            assert_eq!(cursor::encode(position, &filter, sort), text);
            let other = CallFilter { caller: Some("+14155550134".into()), ..CallFilter::default() };
            assert!(other == filter || cursor::decode(text, &other, sort).is_err());
            assert!(cursor::decode(text, &filter, CallSort { descending: false, ..sort }).is_err());
        }
    };
    check(&text);
    // The checksum is no secret: anyone who reads the code can write cursors.
    check(&cursor::seal(bytes.to_vec(), &filter, sort));
    if let Some((key, _)) = bytes.split_first_chunk() {
        let position =
            Position { key: Some(i64::from_be_bytes(*key)), id: Uuid::from_u128(u128::from(wide(key.len()))) };
        assert_eq!(cursor::decode(&cursor::encode(position, &filter, sort), &filter, sort).ok(), Some(position));
    }
}

/// A link is valid only with its own signature, and only until it expires. The input is an expiry, a line feed, and a
/// signature.
pub fn link(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (expires, signature) = text.split_once('\n').unwrap_or((&text, ""));
    let recording = Uuid::from_u128(1);
    let Ok(own) = links::sign(&SIGNER, recording, expires) else { panic!("everything can be signed") };
    let holds = |signature| links::check(&SIGNER, recording, expires, signature, NOW);
    assert!(signature == own || matches!(holds(signature), Err(Error::LinkInvalid)));
    let lasts = expires.parse().is_ok_and(|expires: i64| expires > NOW.0);
    assert_eq!(holds(&own).is_ok(), lasts);
    assert!(links::check(&SIGNER, Uuid::nil(), expires, &own, NOW).is_err());
}

/// A stream's token is accepted only if this service issued it, and only for its own phone call. Also checks call
/// tokens.
pub fn stream_token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(matches!(Claim::read(&SIGNER, &text, "CA1"), Err(TokenRefused::Invalid)));
    let Some((expires, rest)) = bytes.split_first_chunk() else { return };
    let Some((id, call_sid)) = rest.split_first_chunk() else { return };
    let call_sid = String::from_utf8_lossy(call_sid);
    let claim = Claim { expires: i64::from_be_bytes(*expires), id: Uuid::from_bytes(*id) };
    let Ok(token) = claim.sign(&SIGNER, &call_sid) else { panic!("everything can be signed") };
    assert_eq!(Claim::read(&SIGNER, &token, &call_sid).ok(), Some(claim));
    assert!(Claim::read(&SIGNER, &token, &format!("{call_sid}x")).is_err());
    assert!(Claim::read(&SIGNER, &token[..token.len() - 1], &call_sid).is_err());
    call_token(bytes);
}

/// A call token is accepted only if this service signed it, and says what it said when it was made.
fn call_token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(CallClaim::read(&SIGNER, &text), None);
    let _ = text.parse::<Network>().map(|network| assert_eq!(network.to_string().parse(), Ok(network)));
    let Some((expires, rest)) = bytes.split_first_chunk() else { return };
    let Some((call, key)) = rest.split_first_chunk() else { return };
    let (expires_at, key) = (Timestamp(i64::from_be_bytes(*expires)), Uuid::from_slice(key).unwrap_or_default());
    let claim = CallClaim { expires_at, call: Uuid::from_bytes(*call), key };
    let Ok(token) = claim.sign(&SIGNER) else { panic!("everything can be signed") };
    assert_eq!(CallClaim::read(&SIGNER, &token), Some(claim));
    assert_eq!(CallClaim::read(&SIGNER, &token[..token.len() - 1]), None);
}

/// A conversion's state is accepted only if this service signed it. A state that a converter resumes from is the one
/// that it saves. The first four bytes select the formats.
pub fn conversion_state(bytes: &[u8]) {
    assert!(matches!(conversion::read(&SIGNER, &String::from_utf8_lossy(bytes)), Ok(None)));
    let Some((&[from, from_rate, to, to_rate], state)) = bytes.split_first_chunk() else { return };
    let encoding = |byte: u8| [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16][usize::from(byte % 3)];
    let rate = |byte: u8| SAMPLE_RATES[usize::from(byte) % SAMPLE_RATES.len()];
    let format = StreamFormat { encoding: encoding(from), sample_rate: rate(from_rate), channels: 1 };
    let Ok(mut converter) = Converter::new(format, encoding(to), rate(to_rate)) else { panic!("known rates") };
    if converter.resume(state).is_err() {
        return;
    }
    assert!(converter.save() == state && state.len() <= STATE_MAX_BYTES);
    let Ok(text) = conversion::sign(&SIGNER, state) else { panic!("everything can be signed") };
    assert!(text.len() <= CONVERSION_STATE_MAX);
    assert!(conversion::read(&SIGNER, &text).is_ok_and(|read| read.as_deref() == Some(state)));
    assert!(conversion::read(&SIGNER, &text[..text.len() - 1]).is_ok_and(|read| read.is_none()));
    let mut out = Vec::new();
    converter.push(bytes, &mut out);
    converter.finish(&mut out);
}

/// A call reference is short and has plain characters, and one that looks like an id is an id.
pub fn call_name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(call) = CallRef::parse(&text) else { return };
    assert_eq!(call.stream_sid(), text);
    assert!((1..=128).contains(&text.len()) && !text.contains(['?', '#', '\0', '\\', ' ']) && text != "..");
    if let Some(id) = call.id() {
        assert!(id.to_string().eq_ignore_ascii_case(&text));
    }
}

/// The fast base64 decoder agrees with a plain one on what is base64 and on its bytes, and the tolerant decoder agrees
/// with both.
pub fn base64(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        match decode_any_base64(text) {
            Ok(decoded) => assert!(decode_base64_into(bytes, &mut Vec::new()).is_err() || encodes(&decoded, text)),
            Err(error) => assert!(error.offset <= text.len()),
        }
    }
    let plain = STANDARD.decode(bytes).or_else(|_| STANDARD_NO_PAD.decode(bytes));
    let mut fast = vec![1, 2, 3];
    match decode_base64_into(bytes, &mut fast) {
        Ok(()) => {
            assert_eq!(plain.as_ref(), Ok(&fast));
            assert!(std::str::from_utf8(bytes).is_ok_and(|text| encodes(&fast, text)));
        }
        Err(error) => {
            assert!(plain.is_err() && fast.is_empty());
            assert!(error.offset < bytes.len());
        }
    }
    assert!(decode_base64_into(encode_base64(bytes).as_bytes(), &mut fast).is_ok() && fast == bytes);
}

/// Whether `text` is the base64 of `bytes`, with or without padding.
fn encodes(bytes: &[u8], text: &str) -> bool {
    let encoded = encode_base64(bytes);
    text == encoded || text == encoded.trim_end_matches('=')
}

/// Every byte is a code of both laws and survives a round trip, except mu-law's negative zero.
pub fn g711(bytes: &[u8]) {
    for encoding in [Encoding::Mulaw, Encoding::Alaw] {
        let mut samples = Vec::new();
        assert!(decode_into(encoding, bytes, &mut samples).is_ok() && samples.len() == bytes.len());
        let zero = |byte: &u8| if encoding == Encoding::Mulaw && *byte == 0x7F { 0xFF } else { *byte };
        assert!(encode(encoding, &samples).iter().eq(bytes.iter().map(zero).collect::<Vec<_>>().iter()));
    }
    let mut samples = Vec::new();
    match decode_into(Encoding::Pcm16, bytes, &mut samples) {
        Ok(()) => assert_eq!(encode(Encoding::Pcm16, &samples), bytes),
        Err(error) => assert!(error.bytes == bytes.len() && bytes.len() % 2 == 1 && samples.is_empty()),
    }
}

/// Parsing a header does not depend on how the file is cut, and none of its sizes reaches beyond the file.
pub fn wav(bytes: &[u8]) {
    let mut reader = HeaderReader::new();
    let whole = reader.push(bytes);
    let step = 1 + bytes.last().map_or(0, |last| usize::from(last % 64));
    let (mut pieces, mut taken) = (HeaderReader::new(), 0);
    let found = bytes.chunks(step).find_map(|piece| match pieces.push(piece) {
        Ok(Some((header, used))) => Some(Ok((header, taken + used))),
        Ok(None) => {
            taken += piece.len();
            None
        }
        Err(error) => Some(Err(error)),
    });
    assert_eq!(found.transpose(), whole);
    let file = wide(bytes.len());
    if let Ok(Some((header, start))) = whole {
        assert_eq!(header.samples_start, wide(start));
        let rest = usize::try_from(header.stated_end()).ok().and_then(|end| bytes.get(end..)).unwrap_or_default();
        let (plain, salvaged) = (header.extent(file, rest, false), header.extent(file, rest, true));
        let frame = wide(header.stored_frame());
        assert!(plain.bytes <= salvaged.bytes && salvaged.bytes <= file - header.samples_start);
        assert!(plain.bytes.is_multiple_of(frame) && salvaged.bytes.is_multiple_of(frame));
    }
    if let Ok(read) = wav::read(bytes) {
        assert!(read.samples.len() <= bytes.len());
        assert!(read.samples.len().is_multiple_of(read.channels.into()));
        let Ok(again) = buffer_to_wav(&read.samples, read.sample_rate, read.channels) else { return };
        assert_eq!(wav::read(&again).map(|again| again.samples), Ok(read.samples));
    }
}

/// A conversion has the length it states, does not depend on how its input is cut, and leaves input that already has
/// the format unchanged. The first five bytes select the two formats.
pub fn convert_audio(bytes: &[u8]) {
    let Some((&[from, from_container, to, to_container, rate], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let encoding = |byte: u8| [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16][usize::from(byte % 3)];
    // Other ratios take a thousand times as long, and read their input in the same way.
    let rates = [(8_000, 8_000), (8_000, 16_000), (8_000, 24_000), (48_000, 48_000)];
    let (from_rate, to_rate) = rates[usize::from(rate) % rates.len()];
    let container = |byte: u8| [Container::Raw, Container::Wav][usize::from(byte % 2)];
    let source = match container(from_container) {
        Container::Raw => Source {
            encoding: Some(encoding(from)),
            sample_rate: Some(from_rate),
            container: Container::Raw,
            salvage: false,
        },
        Container::Wav => Source { encoding: None, sample_rate: None, container: Container::Wav, salvage: true },
    };
    let target = Format { encoding: encoding(to), sample_rate: to_rate, container: container(to_container) };
    let Ok(converted) = convert(bytes, &source, &target) else { return };
    let start = match target.container {
        Container::Raw => 0,
        Container::Wav => match HeaderReader::new().push(&converted.bytes) {
            Ok(Some((_, start))) => start,
            other => panic!("not a header: {other:?}"),
        },
    };
    let frame = usize::from(converted.channels) * converted.encoding.bytes_per_sample();
    let samples = &converted.bytes[start..][..usize::try_from(converted.frames).unwrap_or(usize::MAX) * frame];
    assert!(converted.bytes.len() - start - samples.len() <= start.min(1), "more than a byte of padding");
    let (Some(encoding), Some(sample_rate)) = (source.encoding, source.sample_rate) else { return };
    let format = StreamFormat { encoding, sample_rate, channels: 1 };
    let Ok(mut pieces) = Converter::new(format, target.encoding, target.sample_rate) else { return };
    let mut out = Vec::new();
    bytes.chunks(1 + usize::from(from_container)).for_each(|piece| pieces.push(piece, &mut out));
    assert_eq!(pieces.finish(&mut out), 0);
    assert_eq!(samples, out);
    assert!(format != pieces.format() || samples == bytes);
}

/// Packed segments of speech are accepted only as they would be written, in order and disjoint.
pub fn segments(bytes: &[u8]) {
    let Ok(segments) = speech::decode(bytes) else { return };
    assert_eq!(speech::encode(&segments), bytes);
    assert!(segments.iter().all(|segment| segment.start < segment.end));
    assert!(segments.windows(2).all(|pair| pair[0].end <= pair[1].start));
}

/// What speech is found does not depend on how a recording is cut, and lies within it. The first byte says how often
/// the samples are repeated, the second how they are cut.
pub fn speech(bytes: &[u8]) {
    let Some((&[repeated, cut], bytes)) = bytes.split_first_chunk() else { return };
    let mut samples = Vec::new();
    let pcm = bytes.as_chunks::<2>().0.iter().take(400).map(|&pair| i16::from_le_bytes(pair));
    samples.extend(pcm);
    let length = samples.len() * usize::from(repeated);
    let track: Vec<i16> = samples.iter().copied().cycle().take(length.min(24_000)).collect();
    let other = track.get(track.len() / 3..).unwrap_or_default();
    for algorithm in Algorithm::ALL {
        let (mut whole, mut pieces) = (Detector::new(algorithm), Detector::new(algorithm));
        whole.push(&track, other);
        let mut rest = other;
        for piece in track.chunks(1 + usize::from(cut) * 3) {
            let (beside, after) = rest.split_at(piece.len().min(rest.len()));
            pieces.push(piece, beside);
            rest = after;
        }
        let found = whole.finish();
        assert_eq!(found, pieces.finish());
        let frames = wide(track.len().div_ceil(320));
        for segments in [found.inbound, found.outbound] {
            assert!(segments.iter().all(|segment| u64::from(segment.end) <= frames));
            assert_eq!(speech::decode(&speech::encode(&segments)), Ok(segments));
        }
    }
}
