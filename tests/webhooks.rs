//! Twilio's webhooks by `GET`, and by `POST` with query parameters of the owner's: both have the same effects, and the
//! same signatures, as a plain `POST`.

use serde_json::json;

use crate::{
    signatures::{PUBLIC, TOKEN, guarded, post_form, sign},
    support::{Answer, Server, run_program},
    twilio::call,
};

const FIELDS: [(&str, &str); 4] =
    [("CallSid", "CA1"), ("From", "+14155550134"), ("To", "Zoë & \"Söhne\" 100%"), ("CallStatus", "ringing")];

fn query(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn get(server: &Server, target: &str, signature: Option<&str>) -> Answer {
    let mut request = server.request(reqwest::Method::GET, target);
    if let Some(signature) = signature {
        request = request.header("x-twilio-signature", signature);
    }
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_phone_number_may_be_set_to_get() {
    let server = Server::start().await;
    let answer = get(&server, &format!("/twilio/voice?tenant=7&{}", query(&FIELDS)), None).await.expect(200);
    assert_eq!(
        (answer.header("content-type"), answer.header("cache-control")),
        ("text/xml; charset=utf-8", "no-store")
    );
    assert!(answer.text().contains("<Parameter name=\"callee\" value=\"Zoë &amp; &quot;Söhne&quot; 100%\"/>"));

    server.post("/calls", &json!({ "streamSid": "MZ1", "callSid": "CA1", "caller": "unknown" })).await.expect(201);
    get(&server, &format!("/twilio/status?{}&tenant=7", query(&FIELDS)), None).await.expect(204);
    assert_eq!(call(&server, "MZ1").await["caller"], "+14155550134");
    get(&server, "/twilio/status?CallSid=CA1&CallStatus=completed", None).await.expect(204);
    assert_ne!(call(&server, "MZ1").await["status"], "active");

    for path in ["/twilio/voice", "/twilio/status"] {
        for (query, status, code, pointer) in [
            ("", 422, "validation_failed", "/CallSid"),
            ("CallSid=", 422, "validation_failed", "/CallSid"),
            ("CallSid=a%20b", 422, "validation_failed", "/CallSid"),
            ("CallSid=CA1&CallSid=CA1", 422, "validation_failed", "/CallSid"),
            ("CallSid=CA1&To=%00", 422, "validation_failed", "/To"),
            ("CallSid=%FF", 400, "bad_request", ""),
        ] {
            let refused = get(&server, &format!("{path}?{query}"), None).await.expect_problem(status, code);
            assert_eq!(refused.pointers(), if pointer.is_empty() { vec![] } else { vec![pointer] }, "{path}?{query}");
        }
        let other = server.request(reqwest::Method::PUT, path).send().await.unwrap();
        let other = Answer::read(other).await.expect_problem(405, "method_not_allowed");
        assert_eq!(other.header("allow"), "GET, HEAD, POST");
    }
}

#[tokio::test]
async fn a_post_may_have_query_parameters_of_the_owner_s() {
    let server = Server::start().await;
    let target = "/twilio/voice?tenant=7&tenant=8&CallSid=other&%FF";
    let answer = post_form(&server, target, &FIELDS, None).await.expect(200);
    assert!(answer.text().contains("name=\"caller\" value=\"+14155550134\""), "{}", answer.text());
    post_form(&server, "/twilio/status?x", &FIELDS, None).await.expect(204);
    // The fields of a POST come in its body.
    let empty = post_form(&server, "/twilio/voice?CallSid=CA1", &[], None).await;
    assert_eq!(empty.expect_problem(422, "validation_failed").pointers(), ["/CallSid"]);
}

/// What Twilio's own library signs: the URL with its query, and the form of a POST.
#[tokio::test]
async fn what_twilio_s_own_library_signs_is_taken_with_its_query() {
    let server = guarded().await;
    let own = "tenant=a%20b&x=%C3%BC+1&flag";
    let (by_get, by_post) = (format!("{own}&{}", query(&FIELDS)), own.to_owned());
    let fields: serde_json::Map<_, _> = FIELDS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let program = "
import json, sys
from twilio.request_validator import RequestValidator
twilio = RequestValidator(sys.argv[1])
for url, fields in json.loads(sys.argv[2]):
    signature = twilio.compute_signature(url, fields)
    assert twilio.validate(url, fields, signature)
    print(signature)
";
    for path in ["/twilio/voice", "/twilio/status"] {
        let requests = json!([[format!("{PUBLIC}{path}?{by_get}"), {}], [format!("{PUBLIC}{path}?{by_post}"), fields]]);
        let printed = run_program("/usr/bin/python3", &["-c", program, TOKEN, &requests.to_string()]).await;
        let signatures: Vec<_> = printed.lines().collect();
        let got = get(&server, &format!("{path}?{by_get}"), Some(signatures[0])).await;
        assert!(got.status < 300, "{path}: {}", got.text());
        let posted = post_form(&server, &format!("{path}?{by_post}"), &FIELDS, Some(signatures[1])).await;
        assert!(posted.status < 300, "{path}: {}", posted.text());
    }
}

#[tokio::test]
async fn what_is_signed_for_another_query_or_method_is_refused() {
    let server = guarded().await;
    for path in ["/twilio/voice", "/twilio/status"] {
        let url = format!("{PUBLIC}{path}");
        let query = query(&FIELDS);
        let target = format!("{path}?{query}");
        for signature in [
            sign(TOKEN, &url, &[]),
            sign(TOKEN, &url, &FIELDS),
            sign(TOKEN, &format!("{url}?{query}&x=1"), &[]),
            sign(TOKEN, &format!("{url}?{query}"), &FIELDS),
            sign("another token", &format!("{url}?{query}"), &[]),
            String::new(),
        ] {
            get(&server, &target, Some(&signature)).await.expect_problem(403, "signature_invalid");
        }
        get(&server, &target, None).await.expect_problem(403, "signature_invalid");
        // A client without a signature learns nothing about its request.
        get(&server, &format!("{path}?CallSid=%FF"), None).await.expect_problem(403, "signature_invalid");
        for signed in [url.clone(), format!("{url}?tenant=8"), format!("{url}?tenant=7&x=")] {
            let (target, signature) = (format!("{path}?tenant=7"), sign(TOKEN, &signed, &FIELDS));
            let answer = post_form(&server, &target, &FIELDS, Some(&signature)).await;
            answer.expect_problem(403, "signature_invalid");
        }
    }
    assert_eq!(server.count("stream_token").await, 0);
}

#[tokio::test]
async fn a_webhook_by_get_needs_a_key_of_the_same_scope_and_is_in_the_audit() {
    let server = Server::keyed().await;
    for path in ["/twilio/voice?CallSid=CA1", "/twilio/status?CallSid=CA1"] {
        let stranger = reqwest::Client::new().get(server.url(path)).send().await.unwrap();
        Answer::read(stranger).await.expect_problem(401, "unauthorized");
        let read = server.post("/admin/keys", &json!({ "label": path, "scope": "read" })).await.expect(201).json();
        let reader = reqwest::Client::new().get(server.url(path)).bearer_auth(read["key"].as_str().unwrap());
        Answer::read(reader.send().await.unwrap()).await.expect_problem(403, "forbidden");
        let admitted = server.get(path).await;
        assert!(admitted.status < 300, "{}", admitted.text());
    }
    let audit = server.get("/admin/audit?limit=50").await.expect(200).json();
    let entered = audit["items"].as_array().unwrap().iter().any(|entry| entry["operation"] == "twilioVoice");
    assert!(entered, "{audit}");
}
