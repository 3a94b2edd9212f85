//! Deliveries of the binary: verified by the documentation's programs, and made again after a crash.

use std::{collections::HashSet, fs, sync::Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::receiver::{Received, Receiver, Reply};
use crate::{
    examples::packages,
    support::{Binary, client_builder, eventually, run_program},
};

/// The service in a folder, whose webhooks may lead to this machine.
async fn serve(folder: &TempDir, crash_at: Option<&str>) -> Binary {
    let mut command = Binary::command(folder.path());
    command.args(["--webhook-allow", "127.0.0.0/8"]);
    if let Some(point) = crash_at {
        command.env("CALLSTORE_CRASH_AT", point);
    }
    Binary::start(command).await
}

async fn stop(service: Binary) {
    service.tell_to_stop().await;
    service.stopped().await;
}

async fn post(service: &Binary, path: &str, body: &Value) -> Value {
    let response = client_builder().build().unwrap().post(service.url(path)).json(body).send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    response.json().await.unwrap()
}

/// The first block of code in the documentation in a language.
fn documented(language: &str) -> String {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/webhooks.md")).unwrap();
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_documented_programs_verify_deliveries_and_refuse_changed_ones() {
    let (folder, receiver) = (TempDir::new().unwrap(), Receiver::accepting().await);
    let service = serve(&folder, None).await;
    let made = post(&service, "/webhooks", &json!({ "url": receiver.url() })).await;
    post(&service, "/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await;
    let one = receiver.wait(1).await.remove(0);
    stop(service).await;
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!(one.header(name)))).collect();
    let (headers, secret) = (Value::from(headers).to_string(), made["secret"].as_str().unwrap());
    let arguments = [secret, &headers, &one.body];

    let program = format!(
        "import json, sys\nSECRET = sys.argv[1]\n{}\nheaders, body = json.loads(sys.argv[2]), sys.argv[3]\n\
         handle(headers, body)\ntry:\n    handle(headers, body + ' ')\nexcept Exception:\n    print('refused')\n",
        documented("python")
    );
    let file = folder.path().join("verify.py");
    fs::write(&file, program).unwrap();
    let python = packages("hooks").join("bin/python");
    let told = run_program(python.to_str().unwrap(), &[&[file.to_str().unwrap()][..], &arguments].concat()).await;
    assert_eq!(told, format!("call.started {}\nrefused", one.call()));

    let program = format!(
        "{}\nconst [secret, headers, body] = process.argv.slice(2);\n\
         console.log(verify(secret, JSON.parse(headers), body).type);\n\
         try {{ verify(secret, JSON.parse(headers), body + \" \"); }} catch {{ console.log(\"refused\"); }}\n",
        documented("js")
    );
    let file = folder.path().join("verify.mjs");
    fs::write(&file, program).unwrap();
    let told = run_program("node", &[&[file.to_str().unwrap()][..], &arguments].concat()).await;
    assert_eq!(told, "call.started\nrefused");
}

/// The requests about a call, without repetitions of the same event.
fn events(received: &[Received]) -> Vec<(String, String)> {
    let mut all: Vec<_> = received.iter().map(|one| (one.header("webhook-id"), one.kind())).collect();
    all.dedup();
    all
}

#[tokio::test]
async fn a_crash_before_an_attempt_is_noted_delivers_again_under_the_same_id_and_in_order() {
    for point in ["webhook.sent:1", "webhook.sent:2", "webhook.queued:1"] {
        let (folder, receiver) = (TempDir::new().unwrap(), Receiver::accepting().await);
        let service = serve(&folder, None).await;
        post(&service, "/webhooks", &json!({ "url": receiver.url() })).await;
        service.kill().await;
        let service = serve(&folder, Some(point)).await;
        let client = client_builder().build().unwrap();
        // The service may crash before it answers.
        let start = client.post(service.url("/calls")).json(&json!({ "streamSid": "MZ1", "caller": "a" }));
        let _ = start.send().await;
        let add = client.post(service.url("/calls/MZ1/analytics")).json(&json!({ "talkTime": 1 }));
        let added = add.send().await.is_ok_and(|answer| answer.status() == 201);
        eventually("the service crashed", || async {
            client.get(service.url("/livez")).send().await.is_err().then_some(())
        })
        .await;
        drop(service);
        let service = serve(&folder, None).await;
        if !added {
            post(&service, "/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await;
        }
        let told = eventually("both events came", || async {
            let told = events(&receiver.all());
            told.last().is_some_and(|(_, kind)| kind == "analytics.added").then_some(told)
        })
        .await;
        let mut kinds: Vec<_> = told.iter().map(|(_, kind)| kind.as_str()).collect();
        // What was stored without an answer was added twice.
        kinds.dedup();
        assert_eq!(kinds, ["call.started", "analytics.added"], "{point}");
        stop(service).await;
    }
}

#[tokio::test]
async fn kills_lose_no_event_and_keep_the_order_of_each_call() {
    // Every seventh request fails, but no event twice: a second retry comes after five minutes.
    let failed = Mutex::new(HashSet::new());
    let receiver = Receiver::start(move |earlier, one| {
        let fails = earlier % 7 == 3 && failed.lock().unwrap().insert(one.header("webhook-id"));
        Reply::status(if fails { 500 } else { 200 })
    })
    .await;
    let folder = TempDir::new().unwrap();
    let mut service = serve(&folder, None).await;
    post(&service, "/webhooks", &json!({ "url": receiver.url(), "types": ["call.started", "analytics.added"] })).await;
    let mut expected = Vec::new();
    for round in 0..10 {
        for call in 0..5 {
            let call = format!("MZ{round}-{call}");
            post(&service, "/calls", &json!({ "streamSid": call, "caller": "a" })).await;
            for _ in 0..3 {
                post(&service, &format!("/calls/{call}/analytics"), &json!({ "talkTime": 1 })).await;
            }
            expected.push(call);
        }
        service.kill().await;
        service = serve(&folder, None).await;
    }
    let of_call = |call: &str| {
        let about = |one: &Received| one.json()["data"]["streamSid"] == *call;
        let all: Vec<_> = receiver.all().into_iter().filter(about).collect();
        events(&all)
    };
    for call in &expected {
        // A failed one is retried after 5 seconds.
        let told = eventually(call, || async { Some(of_call(call)).filter(|told| told.len() >= 4) }).await;
        let mut ids: Vec<_> = told.iter().map(|(id, _)| id.clone()).collect();
        assert!(ids.is_sorted(), "{told:?}");
        ids.dedup();
        assert_eq!(ids.len(), 4, "{told:?}");
    }
    stop(service).await;
}
