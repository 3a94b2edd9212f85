//! Synthetic calls: recordings match the audio sent, and the report says so.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{TRANSPORTS, calls, command, get, service, simulate};
use crate::support::eventually;

#[tokio::test]
async fn recordings_are_what_was_sent_to_the_sample_over_each_transport() {
    let (_folder, service) = service().await;
    let mut heard = HashSet::new();
    for (index, transport) in TRANSPORTS.into_iter().enumerate() {
        let arguments = "--calls 4 --duration 2s --pace max --verify samples --json --transport";
        let report = simulate(&service.url(""), &format!("{arguments} {transport}")).await.good();
        assert_eq!(report["transport"], transport);
        assert_eq!(report["calls"], json!({ "planned": 4, "completed": 4, "failed": 0 }));
        assert_eq!((&report["frames"]["sent"], &report["frames"]["acknowledged"]), (&json!(800), &json!(800)));
        assert_eq!(report["recordings"]["compared"], 4);
        assert_eq!(
            (&report["lateness"], &report["chaos"]),
            (&Value::Null, &Value::Null),
            "it has neither a pace nor chaos"
        );
        assert_eq!(report["latency"].is_null(), transport == "twilio", "{report}");
        assert!(report["completion"]["p50Ms"].as_f64().unwrap() > 0.0);
        assert!(report["generator"]["cpuUsPerFrame"].as_f64().unwrap() > 0.0);

        let calls = calls(&service).await;
        assert_eq!(calls.len(), 4 * (index + 1));
        for call in calls {
            assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(2.0)));
            assert_eq!((&call["recordings"][0]["channels"], &call["recordings"][0]["gaps"]), (&json!(2), &json!([])));
            heard.insert(call["recordings"][0]["sha256"].as_str().unwrap().to_owned());
        }
        assert_eq!(heard.len(), 4 * (index + 1), "every call has different audio");
    }
}

#[tokio::test]
async fn computed_analytics_are_those_of_the_speech_that_was_sent() {
    let (_folder, service) = service().await;
    for arguments in ["--duration 40s", "--duration 20s --frame-ms 100 --transport twilio", "--duration 10s --tracks 1"]
    {
        let arguments = format!("{arguments} --calls 8 --pace max --json --seed 7");
        let report = simulate(&service.url(""), &arguments).await.good();
        let analytics = &report["analytics"];
        assert_eq!(
            (&analytics["compared"], &analytics["wrong"], &analytics["counts"]),
            (&json!(8), &json!(0), &json!(0))
        );
        assert!(analytics["talkTimeSeconds"].as_f64().unwrap() < 0.8, "{analytics}");
    }
    // They take turns.
    let page = get(&service, "/calls?limit=1&sort=startTime").await;
    let path = format!("/calls/{}/analytics/computed", page["items"][0]["id"].as_str().unwrap());
    let computed = get(&service, &path).await;
    for party in ["caller", "agent"] {
        assert!(computed["parties"][party]["responseLatency"]["num"].as_u64().unwrap() >= 2, "{computed}");
    }
    // Without a comparison nothing is known.
    let none = simulate(&service.url(""), "--calls 1 --duration 1s --pace max --json --verify none").await.good();
    assert_eq!(none["analytics"], Value::Null);
}

#[tokio::test]
async fn calls_are_paced_and_the_report_is_for_people_unless_asked_otherwise() {
    let (_folder, service) = service().await;
    for transport in TRANSPORTS {
        let arguments =
            format!("--calls 3 --duration 1s --ramp 300ms --tracks 1 --frame-ms 40 --pace 2 --transport {transport}");
        let run = simulate(&service.url(""), &arguments).await;
        assert_eq!((run.code, &*run.errors), (Some(0), ""), "{}", run.printed);
        assert!(
            run.printed.contains("calls: 3, completed: 3, failed: 0\nframes: 75 sent, 75 acknowledged"),
            "{}",
            run.printed
        );
        assert!(run.printed.contains("\nlateness: p50 "), "{}", run.printed);
        assert!(
            run.printed.contains("\nrecordings: 3 compared, 0 of wrong length, 0 frames missing\n"),
            "{}",
            run.printed
        );
    }
    // Each sends for half a second, at twice real time.
    let elapsed = simulate(&service.url(""), "--calls 1 --duration 1s --pace 2 --json").await.good();
    assert!(elapsed["elapsedSeconds"].as_f64().unwrap() > 0.45, "{elapsed}");
}

#[tokio::test]
async fn a_chunk_a_request_is_possible_and_recordings_need_not_be_compared() {
    let (_folder, service) = service().await;
    let arguments = "--calls 2 --duration 400ms --tracks 1 --batch 1 --pace max --verify none --json --threads 2";
    let report = simulate(&service.url(""), arguments).await.good();
    assert_eq!((&report["frames"]["acknowledged"], &report["recordings"]["compared"]), (&json!(40), &json!(0)));
    let report = simulate(&service.url(""), &format!("{arguments} --transport twilio")).await.good();
    assert_eq!(report["frames"]["acknowledged"], Value::Null, "without verification, nothing is known");
}

#[tokio::test]
async fn ctrl_c_ends_the_calls_properly_and_reports() {
    let (_folder, service) = service().await;
    for (index, transport) in TRANSPORTS.into_iter().enumerate() {
        let arguments =
            format!("--calls 2 --duration 10m --ramp 0s --batch 2 --json --verify samples --transport {transport}");
        let running = command(&service.url(""), &arguments).spawn().unwrap();
        eventually("both calls have audio", || async {
            let page = get(&service, "/calls?status=active").await;
            let active = page["items"].as_array().unwrap();
            for call in active {
                let chunks = get(&service, &format!("/calls/{}/chunks", call["id"].as_str().unwrap())).await;
                chunks["tracks"].as_array().unwrap().get(1)?;
            }
            (active.len() == 2).then_some(())
        })
        .await;
        let pid = running.id().unwrap().to_string();
        tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
        let output = running.wait_with_output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{errors}");
        assert!(errors.contains("Stopping"), "{errors}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["interrupted"], &report["calls"]["completed"]), (&json!(true), &json!(2)));
        let calls = calls(&service).await;
        assert_eq!(calls.len(), 2 * (index + 1));
        assert!(calls.iter().all(|call| call["recordings"][0]["duration"].as_f64().unwrap() > 0.0));
    }
}
