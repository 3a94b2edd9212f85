//! `X-Twilio-Signature`: requests signed by Twilio's own library are accepted, and no others.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use service::audio::encode_base64;
use sha1::Sha1;

use crate::support::{Answer, Server, Socket, TWILIO_TOKEN, run_program};

pub(crate) const TOKEN: &str = TWILIO_TOKEN;
pub(crate) const PUBLIC: &str = "https://calls.example.com";
const SIGNATURE: &str = "x-twilio-signature";

/// A server that only accepts signed requests from Twilio.
pub(crate) async fn guarded() -> Server {
    Server::start_with(&["--public-url", PUBLIC, "--twilio-auth-token", TOKEN, "--insecure-no-auth"]).await
}

/// The signature of a request to `url`.
pub(crate) fn sign(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    let mut code = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    code.update(url.as_bytes());
    fields.iter().for_each(|(name, value)| code.update(format!("{name}{value}").as_bytes()));
    encode_base64(&code.finalize().into_bytes())
}

/// Posts a form, signed or not.
pub(crate) async fn post_form(server: &Server, path: &str, fields: &[(&str, &str)], signature: Option<&str>) -> Answer {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = server.request(reqwest::Method::POST, path).body(body);
    request = request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    if let Some(signature) = signature {
        request = request.header(SIGNATURE, signature);
    }
    Answer::read(request.send().await.unwrap()).await
}

/// Posts a form as Twilio does.
pub(crate) async fn post_signed(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    let signature = sign(TOKEN, &format!("{PUBLIC}{path}"), fields);
    post_form(server, path, fields, Some(&signature)).await
}

async fn try_connect(server: &Server, signature: &str) -> Result<Socket, (u16, Value)> {
    Socket::try_open_with(&server.url("/twilio/stream"), &[(SIGNATURE, signature)]).await
}

/// Opens a socket as Twilio does.
pub(crate) async fn connect_signed(server: &Server) -> Socket {
    let signature = sign(TOKEN, "wss://calls.example.com/twilio/stream", &[]);
    try_connect(server, &signature).await.unwrap_or_else(|answer| panic!("{answer:?}"))
}

const FIELDS: [(&str, &str); 6] = [
    ("To", "+14155550199"),
    ("CallSid", "CA1"),
    ("From", "+14155550134"),
    ("CallerName", "Zoë & \"Söhne\" <+1> 100%"),
    ("FromCity", ""),
    ("callStatus", "lower case comes after all capitals"),
];

/// The signatures that Twilio's library computes for addresses and forms; null is a request without a form.
async fn signed_by_twilio(requests: &Value) -> Vec<String> {
    let program = "
import json, sys
from twilio.request_validator import RequestValidator
twilio = RequestValidator(sys.argv[1])
for url, fields in json.loads(sys.argv[2]):
    signature = twilio.compute_signature(url, fields)
    assert twilio.validate(url, fields, signature)
    print(signature)
";
    let printed = run_program("/usr/bin/python3", &["-c", program, TOKEN, &requests.to_string()]).await;
    printed.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_twilio_s_own_library_signs_is_taken() {
    let server = guarded().await;
    let fields: serde_json::Map<_, _> = FIELDS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let urls = ["calls.example.com", "calls.example.com:443"];
    let webhooks = ["/twilio/voice", "/twilio/status"];
    let mut requests = Vec::new();
    for url in urls {
        requests.extend(webhooks.map(|path| json!([format!("https://{url}{path}"), fields])));
        requests.push(json!([format!("wss://{url}/twilio/stream"), {}]));
    }
    let signatures = signed_by_twilio(&json!(requests)).await;
    assert_eq!(signatures.len(), 6);
    for signatures in signatures.chunks(3) {
        for (path, signature) in webhooks.iter().zip(signatures) {
            let answer = post_form(&server, path, &FIELDS, Some(signature)).await;
            assert!(answer.status < 300, "{}", answer.text());
            assert_eq!(sign(TOKEN, &format!("https://{}{path}", urls[0]), &FIELDS).len(), signature.len());
        }
        try_connect(&server, &signatures[2]).await.unwrap_or_else(|answer| panic!("{answer:?}")).close().await;
    }
}

#[tokio::test]
async fn what_is_not_signed_is_refused() {
    let server = guarded().await;
    for path in ["/twilio/voice", "/twilio/status"] {
        let missing = post_form(&server, path, &FIELDS, None).await.expect_problem(403, "signature_invalid");
        assert!(missing.json()["detail"].as_str().unwrap().contains("signature_missing"));
        let url = format!("{PUBLIC}{path}");
        let changed: Vec<_> =
            FIELDS.iter().map(|&(name, value)| (name, if name == "To" { "+1" } else { value })).collect();
        for signature in [
            sign("another token", &url, &FIELDS),
            sign(TOKEN, &url, &changed),
            sign(TOKEN, &url, &FIELDS[1..]),
            sign(TOKEN, &format!("{url}/"), &FIELDS),
            sign(TOKEN, &url.replace("https", "http"), &FIELDS),
            sign(TOKEN, &server.url(path), &FIELDS),
            sign(TOKEN, &url.replace(".com", ".com:8080"), &FIELDS),
            sign(TOKEN, &url, &FIELDS).to_lowercase(),
            "=".to_owned(),
            String::new(),
        ] {
            let answer = post_form(&server, path, &FIELDS, Some(&signature)).await;
            let problem = answer.expect_problem(403, "signature_invalid").json();
            assert!(problem["detail"].as_str().unwrap().contains("CALLSTORE_PUBLIC_URL"), "{problem}");
        }
        // An unauthorized client is not told what is wrong with the form.
        post_form(&server, path, &[("From", "+1")], None).await.expect_problem(403, "signature_invalid");
    }
    let socket = "wss://calls.example.com/twilio/stream";
    for signature in [
        sign("another token", socket, &[]),
        sign(TOKEN, "https://calls.example.com/twilio/stream", &[]),
        sign(TOKEN, "wss://calls.example.com/twilio/stream/", &[]),
        String::new(),
    ] {
        let (status, problem) = try_connect(&server, &signature).await.err().expect("it is refused");
        assert_eq!((status, &problem["code"]), (403, &json!("signature_invalid")));
    }
    let (status, problem) = Socket::try_open(&server.url("/twilio/stream")).await.err().expect("it is refused");
    assert_eq!((status, &problem["code"]), (403, &json!("signature_invalid")));
    assert!(problem["detail"].as_str().unwrap().contains("signature_missing"));
}

#[tokio::test]
async fn while_the_token_is_changed_both_are_taken() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "old-token, new-token\n").unwrap();
    let (inline, file) = (["--twilio-auth-token", "old-token,new-token"], file.display().to_string());
    for token in [inline, ["--twilio-auth-token-file", &file]] {
        let server = Server::start_with(&[&["--public-url", PUBLIC, "--insecure-no-auth"], &token[..]].concat()).await;
        for (token, status) in
            [("old-token", 204), ("new-token", 204), ("older-token", 403), ("old-token,new-token", 403)]
        {
            let signature = sign(token, &format!("{PUBLIC}/twilio/status"), &FIELDS);
            post_form(&server, "/twilio/status", &FIELDS, Some(&signature)).await.expect(status);
        }
    }
}

#[tokio::test]
async fn a_public_address_may_have_a_port_and_a_path() {
    let public = "https://calls.example.com:8443/store/";
    let server =
        Server::start_with(&["--public-url", public, "--twilio-auth-token", TOKEN, "--insecure-no-auth"]).await;
    for (url, status) in [
        ("https://calls.example.com:8443/store/twilio/voice", 200),
        ("https://calls.example.com/store/twilio/voice", 200),
        ("https://calls.example.com:443/store/twilio/voice", 403),
        ("https://calls.example.com:8443/twilio/voice", 403),
    ] {
        let answer = post_form(&server, "/twilio/voice", &FIELDS, Some(&sign(TOKEN, url, &FIELDS))).await;
        assert!(
            status == 403 || answer.text().contains("\"wss://calls.example.com:8443/store/twilio/stream\""),
            "{url}"
        );
        answer.expect(status);
    }
    let signature = sign(TOKEN, "wss://calls.example.com:8443/store/twilio/stream", &[]);
    try_connect(&server, &signature).await.unwrap_or_else(|answer| panic!("{answer:?}")).close().await;
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    let server = Server::start().await;
    let form = "application/x-www-form-urlencoded";
    let large = format!("CallSid=CA1&From={}", "1".repeat(70_000));
    let long = format!("CallSid={}", "C".repeat(129));
    for path in ["/twilio/voice", "/twilio/status"] {
        for (content_type, body, status, code, pointer) in [
            ("application/json", r#"{"CallSid":"CA1"}"#, 415, "unsupported_media_type", ""),
            ("multipart/form-data; boundary=x", "CallSid=CA1", 415, "unsupported_media_type", ""),
            (form, &*large, 413, "payload_too_large", ""),
            (form, "CallSid=%FF", 400, "bad_request", ""),
            (form, "", 422, "validation_failed", "/CallSid"),
            (form, "{\"CallSid\":\"CA1\"}", 422, "validation_failed", "/CallSid"),
            (form, "CallSid", 422, "validation_failed", "/CallSid"),
            (form, "CallSid=", 422, "validation_failed", "/CallSid"),
            (form, "CallSid=a%20b", 422, "validation_failed", "/CallSid"),
            (form, &*long, 422, "validation_failed", "/CallSid"),
            (form, "CallSid=CA1&CallSid=CA1", 422, "validation_failed", "/CallSid"),
            (form, "CallSid=CA1&From=1&From=2", 422, "validation_failed", "/From"),
            (form, "CallSid=CA1&To=%00", 422, "validation_failed", "/To"),
        ] {
            let answer = server.post_bytes(path, content_type, body.to_owned()).await;
            let answer = answer.expect_problem(status, code);
            if !pointer.is_empty() {
                assert_eq!(answer.pointers(), [pointer], "{body}");
            }
        }
        let bytes = server.post_bytes(path, form, vec![b'C', b'=', 0xFF]).await;
        bytes.expect_problem(400, "bad_request");
        let bare = server.request(reqwest::Method::POST, path).body("CallSid=CA1").send().await.unwrap();
        Answer::read(bare).await.expect_problem(415, "unsupported_media_type");
        // Unknown fields are Twilio's own affair, even if repeated.
        let odd = server.post_bytes(path, form, "CallSid=CA1&%zz&x=1&x=2&=&&From=&To&StreamSid=").await;
        assert!(odd.status < 300, "{}", odd.text());
    }
    let answer = server.post_bytes("/twilio/status", form, "CallSid=CA1&StreamSid=a%20b").await;
    assert_eq!(answer.expect_problem(422, "validation_failed").pointers(), ["/StreamSid"]);
    assert_eq!(server.count("call").await, 0);
}
