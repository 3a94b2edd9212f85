//! G.711 against the tables and sample runs of ITU-T G.191's reference code, for every possible input.

use audio::{Encoding, alaw_to_pcm16, decode_into, g711, mulaw_to_pcm16, pcm16_to_alaw, pcm16_to_mulaw};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn fixture(name: &str) -> Value {
    let path = format!("{}/../tests/fixtures/g711/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const ALL_CODES: [u8; 256] = {
    let mut codes = [0; 256];
    let mut code = 0;
    while code < 256 {
        codes[code] = code as u8;
        code += 1;
    }
    codes
};

fn all_samples() -> Vec<i16> {
    (i16::MIN..=i16::MAX).collect()
}

#[track_caller]
fn decodes_as(name: &str, decode: fn(u8) -> i16, bulk: fn(&[u8]) -> Vec<i16>, encoding: Encoding) {
    let fixture = fixture(name);
    let expected: Vec<i16> = numbers(&fixture["table"]).iter().map(|&sample| i16::try_from(sample).unwrap()).collect();
    assert_eq!(ALL_CODES.map(decode).as_slice(), expected);
    assert_eq!(bulk(&ALL_CODES), expected);
    let mut appended = vec![7];
    decode_into(encoding, &ALL_CODES, &mut appended).unwrap();
    assert_eq!(appended[0], 7);
    assert_eq!(appended[1..], expected);
    let bytes: Vec<u8> = expected.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(hex(Sha256::digest(bytes)), fixture["sha256_s16le"].as_str().unwrap());
}

#[track_caller]
fn encodes_as(name: &str, encode: fn(i16) -> u8, bulk: fn(&[i16]) -> Vec<u8>) {
    let fixture = fixture(name);
    let firsts = numbers(&fixture["first_input_of_run"]);
    let codes = numbers(&fixture["code"]);
    assert_eq!(firsts.len(), codes.len());
    let ends = firsts[1..].iter().copied().chain([32768]);
    let expected: Vec<u8> = (firsts.iter().zip(ends))
        .zip(codes)
        .flat_map(|((&first, end), code)| (first..end).map(move |_| u8::try_from(code).unwrap()))
        .collect();
    assert_eq!(expected.len(), 65_536);
    let got: Vec<u8> = all_samples().into_iter().map(encode).collect();
    for ((sample, got), expected) in all_samples().iter().zip(&got).zip(&expected) {
        assert_eq!(got, expected, "sample {sample}");
    }
    assert_eq!(bulk(&all_samples()), expected);
    assert_eq!(hex(Sha256::digest(&got)), fixture["sha256"].as_str().unwrap());
}

#[test]
fn mulaw_decodes_as_the_reference() {
    decodes_as("ulaw_decode_256", g711::decode_mulaw, mulaw_to_pcm16, Encoding::Mulaw);
}

#[test]
fn alaw_decodes_as_the_reference() {
    decodes_as("alaw_decode_256", g711::decode_alaw, alaw_to_pcm16, Encoding::Alaw);
}

#[test]
fn mulaw_encodes_as_the_reference() {
    encodes_as("ulaw_encode_runs_stl", g711::encode_mulaw, pcm16_to_mulaw);
}

#[test]
fn alaw_encodes_as_the_reference() {
    encodes_as("alaw_encode_runs_stl", g711::encode_alaw, pcm16_to_alaw);
}

#[test]
fn every_mulaw_code_but_negative_zero_comes_back() {
    let back = pcm16_to_mulaw(&mulaw_to_pcm16(&ALL_CODES));
    for (code, back) in ALL_CODES.into_iter().zip(back) {
        assert_eq!(back, if code == 0x7F { 0xFF } else { code });
    }
}

#[test]
fn every_alaw_code_comes_back() {
    assert_eq!(pcm16_to_alaw(&alaw_to_pcm16(&ALL_CODES)), ALL_CODES);
}

#[test]
fn an_odd_number_of_pcm16_bytes_is_an_error_and_appends_nothing() {
    let mut out = vec![1];
    let error = decode_into(Encoding::Pcm16, &[1, 2, 3], &mut out).unwrap_err();
    assert_eq!((error.bytes, out), (3, vec![1]));
}
