//! The known answers of each platform's signature, and changes that must not pass.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use service::Private;

use super::{genesys, plivo, vonage};
use crate::public::PublicUrl;

fn answers() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../dialects/tests/fixtures/signatures.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn headers(of: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in of["headers"].as_object().unwrap() {
        let name: HeaderName = name.to_lowercase().parse().unwrap();
        headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }
    headers
}

fn public() -> PublicUrl {
    "https://calls.example.com".parse().unwrap()
}

fn target(of: &Value) -> String {
    of["url"].as_str().unwrap().replace("wss://calls.example.com", "")
}

/// Every header changed by one character, one at a time.
fn damaged(given: &HeaderMap, names: &[&str]) -> Vec<HeaderMap> {
    names
        .iter()
        .map(|name| {
            let mut changed = given.clone();
            let value = changed.get(*name).unwrap().to_str().unwrap();
            let place = value.len() / 2;
            let letter = if value.as_bytes()[place] == b'A' { "B" } else { "A" };
            let value = format!("{}{letter}{}", &value[..place], &value[place + 1..]);
            changed.insert((*name).parse::<HeaderName>().unwrap(), HeaderValue::from_str(&value).unwrap());
            changed
        })
        .collect()
}

#[test]
fn plivo_s_signature_holds_and_no_other() {
    let answers = answers();
    let of = &answers["plivo"];
    let (given, tokens) = (headers(of), [Private::from("another"), of["authToken"].as_str().unwrap().into()]);
    assert!(plivo::holds(&tokens, &public(), &target(of), &given));
    assert!(!plivo::holds(&tokens[..1], &public(), &target(of), &given));
    assert!(!plivo::holds(&tokens, &public(), "/streams?b=2&a=2", &given));
    for given in damaged(&given, &["x-plivo-signature-v3", "x-plivo-signature-v3-nonce"]) {
        assert!(!plivo::holds(&tokens, &public(), &target(of), &given));
    }
    assert!(!plivo::holds(&tokens, &public(), &target(of), &HeaderMap::new()));
}

#[test]
fn vonage_s_token_holds_for_a_while() {
    let answers = answers();
    let of = &answers["vonage"];
    let given = headers(of);
    let (token, secrets) = (vonage::token(&given).unwrap(), [Private::from(of["signatureSecret"].as_str().unwrap())]);
    let now = of["validAt"].as_i64().unwrap();
    assert!(vonage::holds(&secrets, token, now));
    for (token, now) in [(token, now + 400), (token, now - 400), (&token[..token.len() - 1], now), ("eyJ.eyJ.", now)] {
        assert!(!vonage::holds(&secrets, token, now), "{token}");
    }
    assert!(!vonage::holds(&[Private::from("another")], token, now));
    for given in damaged(&given, &["authorization"]) {
        assert!(vonage::token(&given).is_none_or(|token| !vonage::holds(&secrets, token, now)));
    }
}

#[test]
fn genesys_s_signature_holds_for_a_moment() {
    let answers = answers();
    let of = &answers["genesys"];
    let (given, now) = (headers(of), of["validAt"].as_i64().unwrap());
    let secrets = [service::audio::decode_base64(of["clientSecretBase64"].as_str().unwrap()).unwrap()];
    let holds = |given: &HeaderMap, target: &str, now| genesys::holds(&secrets, &public(), target, given, now);
    assert!(holds(&given, &target(of), now));
    for (target, now) in [("/streams?team=b", now), (&*target(of), now + 30), (&*target(of), now - 30)] {
        assert!(!holds(&given, target, now), "{target}");
    }
    let signed = [
        "audiohook-organization-id",
        "audiohook-session-id",
        "audiohook-correlation-id",
        "x-api-key",
        "signature",
        "signature-input",
    ];
    for given in damaged(&given, &signed) {
        assert!(!holds(&given, &target(of), now));
    }
    assert!(!genesys::holds(&[vec![1]], &public(), &target(of), &given, now));
}
