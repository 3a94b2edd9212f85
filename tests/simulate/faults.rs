//! Failures are explained in sentences and reflected in the exit code.

use std::{net::TcpListener, process::Stdio};

use ::service::limits::BATCH_MAX;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{TRANSPORTS, calls, command, proxy, service, simulate};
use crate::support::{Binary, client_builder, eventually};

const CALL: &str = "--calls 1 --duration 1s --tracks 1 --pace max --json";

#[tokio::test]
async fn a_service_that_loses_a_chunk_is_found_out() {
    let (_folder, service) = service().await;
    // Moves the chunk at 0.2 s onto the one before it.
    let url = proxy::replace(&service.url(""), r#""timestamp":200,"#, r#""timestamp":180,"#).await;
    let run = simulate(&url, CALL).await;
    assert_eq!(run.code, Some(1), "{}", run.printed);
    let report = run.report();
    assert_eq!(report["calls"], json!({ "planned": 1, "completed": 1, "failed": 0 }));
    assert_eq!((&report["frames"]["acknowledged"], &report["recordings"]["missingFrames"]), (&json!(50), &json!(1)));
    let sentence = "1 of 50 frames are missing or different in the recording; first: inbound 11 at 0.200 s is missing.";
    assert!(report["problems"][0].as_str().unwrap().contains(sentence), "{report}");
    assert!(run.errors.contains(sentence), "{}", run.errors);
    // Without verification the fault goes unnoticed.
    assert_eq!(simulate(&url, &format!("{CALL} --verify none")).await.code, Some(0));

    // Moves the last chunk forward, so that the recording is too short.
    let url = proxy::replace(&service.url(""), r#""timestamp":980,"#, r#""timestamp":900,"#).await;
    let report = simulate(&url, CALL).await.report();
    assert_eq!(report["recordings"]["wrongLength"], 1, "{report}");
    assert!(report["problems"][0].as_str().unwrap().contains("it should last 1.000 s"), "{report}");
}

#[tokio::test]
async fn a_service_that_changes_a_sample_is_found_out() {
    let (_folder, service) = service().await;
    // Swaps two frames by way of a third: nothing is missing, and the length is right.
    let [seven, eight, neither] =
        [r#""sequence":7,"timestamp":120,"#, r#""sequence":8,"timestamp":140,"#, r#""sequence":#,"timestamp":###,"#];
    let url = proxy::replace(&service.url(""), neither, eight).await;
    let url = proxy::replace(&url, eight, seven).await;
    let url = proxy::replace(&url, seven, neither).await;
    assert_eq!(simulate(&url, CALL).await.code, Some(0), "the length is right");
    let run = simulate(&url, &format!("{CALL} --verify samples")).await;
    assert_eq!(run.code, Some(1), "{}", run.printed);
    let sentence =
        "2 of 50 frames are missing or different in the recording; first: inbound 7 at 0.120 s is different.";
    assert!(run.report()["problems"][0].as_str().unwrap().contains(sentence), "{}", run.printed);
}

#[tokio::test]
async fn nothing_to_connect_to_is_a_sentence() {
    for transport in TRANSPORTS {
        let run = simulate("http://127.0.0.1:9", &format!("--transport {transport} --json")).await;
        assert_eq!((run.code, &*run.printed), (Some(1), ""));
        assert!(
            run.errors.contains("Cannot connect to http://127.0.0.1:9 (") && run.errors.contains("?\n"),
            "{}",
            run.errors
        );
    }
    assert_eq!(simulate("http://127.0.0.1:9", "--transport smoke").await.code, Some(2));
    let run = simulate("http://127.0.0.1:9", "no-such-file.jsonl").await;
    assert_eq!(run.code, Some(1));
    assert!(run.errors.contains("no-such-file.jsonl cannot be read"), "{}", run.errors);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/twilio/caller-only.jsonl");
    let run = simulate("http://127.0.0.1:9", &format!("{file} --verify samples")).await;
    assert!(run.errors.contains("recorded sessions are compared by length"), "{}", run.errors);
}

#[tokio::test]
async fn what_the_service_refuses_is_said_in_its_own_words() {
    let (_folder, service) = service().await;
    for transport in TRANSPORTS {
        let run = simulate(&service.url("/elsewhere"), &format!("{CALL} --transport {transport}")).await;
        assert_eq!(run.code, Some(1), "{}", run.printed);
        let report = run.report();
        assert_eq!(report["calls"], json!({ "planned": 1, "completed": 0, "failed": 1 }));
        let problem = report["problems"][0].as_str().unwrap();
        assert!(problem.starts_with("Stream MZ") && problem.contains("404"), "{problem}");
        assert!(run.errors.contains(problem), "{}", run.errors);
    }
    // Gives two frames the same sequence: the second is a conflict.
    let url = proxy::replace(&service.url(""), r#""sequence":9,"timestamp""#, r#""sequence":8,"timestamp""#).await;
    let report = simulate(&url, &format!("{CALL} --batch 1")).await.report();
    assert!(report["problems"][0].as_str().unwrap().contains("409"), "{report}");
    let active: Vec<Value> = calls(&service).await.into_iter().filter(|call| call["status"] == "active").collect();
    assert_eq!(active.len(), 1, "a failed call is left unchanged");
}

#[tokio::test]
async fn a_batch_is_at_most_as_large_as_the_service_accepts() {
    let run = simulate("http://127.0.0.1:9", &format!("--batch {}", BATCH_MAX + 1)).await;
    assert_eq!(run.code, Some(2));
    assert!(run.errors.contains(&format!("1 to {BATCH_MAX}")), "{}", run.errors);
}

#[tokio::test]
async fn too_few_open_files_are_told_at_once() {
    let script = format!("ulimit -n 64; exec {} simulate --calls 100", Binary::path().display());
    let output = tokio::process::Command::new("bash").args(["-c", &script]).output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("100 calls at a time need about 250 open files, and the system allows 64"), "{errors}");
}

#[tokio::test]
async fn a_service_that_is_killed_and_comes_back_has_what_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    // A port that is free now, so that the service can restart on it.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{address}");
    let client = client_builder().build().unwrap();
    let start = async || {
        let mut command = Binary::bare(folder.path());
        command.args(["--listen", &address, "--log-format", "json"]).stderr(Stdio::null());
        let service = command.spawn().unwrap();
        eventually("the service is ready", || async { client.get(format!("{url}/livez")).send().await.ok() }).await;
        service
    };
    let mut service = start().await;
    for transport in ["stream", "http"] {
        let arguments =
            format!("--calls 3 --duration 4s --ramp 0s --batch 10 --verify samples --json --transport {transport}");
        let running = command(&url, &arguments).spawn().unwrap();
        eventually("each call has audio", || async {
            let page: Value = client.get(format!("{url}/calls?limit=9")).send().await.ok()?.json().await.ok()?;
            let calls = page["items"].as_array()?.iter().filter(|call| call["status"] == "active");
            let mut heard = 0;
            for call in calls {
                let chunks = client.get(format!("{url}/calls/{}/chunks", call["id"].as_str()?)).send().await.ok()?;
                let chunks: Value = chunks.json().await.ok()?;
                heard += usize::from(chunks["tracks"].as_array()?.len() == 2);
            }
            (heard == 3).then_some(())
        })
        .await;
        service.kill().await.unwrap();
        service = start().await;
        let output = running.wait_with_output().await.unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{report}");
        assert_eq!((&report["frames"]["sent"], &report["frames"]["acknowledged"]), (&json!(1_200), &json!(1_200)));
        assert!(transport == "http" || report["reconnects"].as_u64().unwrap() >= 3, "{report}");
    }
}
