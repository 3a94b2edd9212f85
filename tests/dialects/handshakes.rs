//! Who may stream: keys in the headers that platforms can send, and the signatures of platforms whose secret is set.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use service::audio::{decode_base64, encode_base64};
use sha2::Sha256;
use tempfile::TempDir;

use super::{expected, hang_up, lines, play};
use crate::{
    support::{ADMIN_KEY, Server, Socket, write_secret},
    twilio::call,
};

const PUBLIC: &str = "https://calls.example.com";

fn hmac(secret: &[u8], message: &str) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    code.update(message.as_bytes());
    encode_base64(&code.finalize().into_bytes())
}

#[tokio::test]
async fn a_key_may_come_as_a_password_or_as_genesys_sends_it() {
    let server = Server::keyed().await;
    let key = server.post("/admin/keys", &json!({ "scope": "ingest" })).await.expect(201).json()["key"].clone();
    let key = key.as_str().unwrap();
    let basic = format!("Basic {}", encode_base64(format!("callstore:{key}").as_bytes()));
    let bearer = format!("Bearer {key}");
    for (header, value) in [("authorization", &*basic), ("authorization", &bearer), ("x-api-key", key)] {
        for path in ["/streams", "/twilio/stream"] {
            let opened = Socket::try_open_with(&server.url(path), &[(header, value)]).await;
            opened.unwrap_or_else(|answer| panic!("{header} {path}: {answer:?}")).close().await;
        }
    }
    let odd = format!("Basic {}", encode_base64(b"callstore:nobody"));
    for (header, value) in [("authorization", &*odd), ("x-api-key", "nobody"), ("authorization", "Basic *")] {
        assert_eq!(Socket::try_open_with(&server.url("/streams"), &[(header, value)]).await.err().unwrap().0, 401);
    }
    assert_eq!(Socket::try_open(&server.url("/streams")).await.err().unwrap().0, 401);
    // Nowhere else.
    let client = reqwest::Client::new();
    let request = client.get(server.url("/calls")).basic_auth("callstore", Some(ADMIN_KEY));
    assert_eq!(request.send().await.unwrap().status(), 401);
}

/// A server without keys to which Plivo's and Vonage's streams have to be signed.
async fn guarded(folder: &TempDir) -> Server {
    let file = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        write_secret(&path, secret);
        path.display().to_string()
    };
    let (plivo, vonage) = (file("plivo", "plivo-token\n"), file("vonage", "old, vonage-secret"));
    let genesys = file("genesys", &encode_base64(b"genesys-secret"));
    let settings = [
        "--public-url",
        PUBLIC,
        "--insecure-no-auth",
        "--plivo-auth-token-file",
        &plivo,
        "--vonage-signature-secret-file",
        &vonage,
        "--genesys-client-secret-file",
        &genesys,
    ];
    Server::start_with(&settings).await
}

#[tokio::test]
async fn plivo_s_streams_need_plivo_s_signature_once_its_token_is_set() {
    let folder = TempDir::new().unwrap();
    let server = guarded(&folder).await;
    let mut unsigned = Socket::open(&server.url("/streams")).await;
    unsigned.json(&lines("plivo")[0]["text"]).await;
    let (code, reason) = unsigned.closed().await;
    assert_eq!((code, &*reason), (1008, "A stream of plivo needs Plivo's signature on its handshake."));

    let sign = |nonce: &str| hmac(b"plivo-token", &format!("{PUBLIC}/streams?a=1&b=2.{nonce}"));
    let url = server.url("/streams?b=2&a=1");
    let open = async |signature: &str, nonce: &str| {
        let headers = [("x-plivo-signature-v3", signature), ("x-plivo-signature-v3-nonce", nonce)];
        Socket::try_open_with(&url, &headers).await
    };
    let mut signed = open(&sign("one"), "one").await.unwrap_or_else(|answer| panic!("{answer:?}"));
    play(&mut signed, &lines("plivo")[..3]).await;
    let stream = call(&server, expected("plivo")["streamSid"].as_str().unwrap()).await;
    hang_up(signed).await;
    let audit = server.get("/admin/audit?operation=twilioStream").await.expect(200).json();
    let entry = &audit["items"][0];
    let resource = format!("/calls/{}", stream["id"].as_str().unwrap());
    assert_eq!((&entry["actor"], &entry["resource"]), (&json!("plivo"), &json!(resource)));

    // What anyone has seen on its way opens nothing, in whichever of the header's forms.
    let seen = [sign("one"), format!("AAAA,{}", sign("one"))];
    for (signature, nonce) in [("AAAA", "two"), (&*seen[0], "one"), (&*seen[1], "one"), (&*seen[0], "two")] {
        let wrong = open(signature, nonce).await.err().unwrap();
        assert_eq!((wrong.0, &wrong.1["code"]), (403, &json!("signature_invalid")), "{signature} {nonce}");
    }
    // A signature admits its own platform only, and others are as free as without it.
    let mut other = open(&sign("two"), "two").await.unwrap_or_else(|answer| panic!("{answer:?}"));
    other.json(&lines("exotel")[1]["text"]).await;
    assert_eq!(other.closed().await.0, 1008);
    let mut free = Socket::open(&server.url("/streams")).await;
    play(&mut free, &lines("exotel")[..3]).await;
    call(&server, expected("exotel")["streamSid"].as_str().unwrap()).await;
    hang_up(free).await;
}

#[tokio::test]
async fn vonage_s_streams_need_a_fresh_token_once_its_secret_is_set() {
    let folder = TempDir::new().unwrap();
    let server = guarded(&folder).await;
    let token = |secret: &[u8], iat: i64| {
        let url_safe = |bytes: &[u8]| encode_base64(bytes).replace('+', "-").replace('/', "_").replace('=', "");
        let part = |json: serde_json::Value| url_safe(json.to_string().as_bytes());
        let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
        let signed = format!("{head}.{}", part(json!({ "iss": "Vonage", "iat": iat, "jti": "1" })));
        let code = url_safe(&decode_base64(&hmac(secret, &signed)).unwrap());
        format!("Bearer {signed}.{code}")
    };
    let now = crate::support::TestClock::START_MS / 1000;
    let fresh = token(b"vonage-secret", now);
    let opened = Socket::try_open_with(&server.url("/streams"), &[("authorization", &fresh)]).await;
    let mut opened = opened.unwrap_or_else(|answer| panic!("{answer:?}"));
    play(&mut opened, &lines("vonage")[..3]).await;
    call(&server, expected("vonage")["streamSid"].as_str().unwrap()).await;
    hang_up(opened).await;
    // The second is the first in other letters of base64.
    let again = [fresh.clone(), format!("{fresh}=")];
    for token in [token(b"another", now), token(b"vonage-secret", now - 3_600)].into_iter().chain(again) {
        assert_eq!(
            Socket::try_open_with(&server.url("/streams"), &[("authorization", &token)]).await.err().unwrap().0,
            403
        );
    }
}

#[tokio::test]
async fn genesys_streams_are_told_that_they_are_not_signed() {
    let folder = TempDir::new().unwrap();
    let server = guarded(&folder).await;
    let mut socket = Socket::open(&server.url("/streams")).await;
    socket.json(&lines("genesys")[0]["text"]).await;
    let answer = socket.receive().await;
    assert_eq!((&answer["type"], &answer["parameters"]["reason"]), (&json!("disconnect"), &json!("unauthorized")));
    hang_up(socket).await;
    let headers = [("signature-input", "sig1=()"), ("signature", "sig1=:AAAA:"), ("x-api-key", "k")];
    assert_eq!(Socket::try_open_with(&server.url("/streams"), &headers).await.err().unwrap().0, 401);
}

#[tokio::test]
async fn a_signed_handshake_of_genesys_opens_one_stream_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut server = guarded(&folder).await;
    let now = crate::support::TestClock::START_MS / 1000;
    let id = "e160e428-53e2-487c-977d-96989bf5c99d";
    let covered = "\"@request-target\" \"@authority\" \"audiohook-organization-id\" \"audiohook-session-id\" \
        \"audiohook-correlation-id\" \"x-api-key\"";
    let parameters = format!("({covered});created={now};keyid=\"key\";nonce=\"{}\"", "n".repeat(22));
    let message = format!(
        "\"@request-target\": /streams\n\"@authority\": calls.example.com\n\"audiohook-organization-id\": {id}\n\
         \"audiohook-session-id\": {id}\n\"audiohook-correlation-id\": {id}\n\"x-api-key\": key\n\
         \"@signature-params\": {parameters}"
    );
    let code = hmac(b"genesys-secret", &message);
    let open = async |server: &Server, label: &str| {
        let (input, signature) = (format!("{label}={parameters}"), format!("{label}=:{code}:"));
        let headers = [
            ("audiohook-organization-id", id),
            ("audiohook-session-id", id),
            ("audiohook-correlation-id", id),
            ("x-api-key", "key"),
            ("signature-input", &*input),
            ("signature", &*signature),
        ];
        Socket::try_open_with(&server.url("/streams"), &headers).await
    };
    open(&server, "sig1").await.unwrap_or_else(|answer| panic!("{answer:?}")).close().await;
    for label in ["sig1", "sig2"] {
        let refused = open(&server, label).await.err().unwrap();
        assert_eq!(refused.0, 401, "{refused:?}");
        assert!(refused.1["detail"].as_str().unwrap().contains("was used before"), "{refused:?}");
    }
    server.restart().await;
    assert_eq!(open(&server, "sig1").await.err().unwrap().0, 401);
}
