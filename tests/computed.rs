//! Analytics computed from recordings: what they are, when they are there, and what stands beside them.

mod command;
mod conversations;
mod oracle;
mod shape;

use serde_json::{Value, json};
use service::audio::encode_base64;

use crate::support::Server;

/// Mu-law of a voice that speaks in these stretches, in milliseconds, and is silent in between, up to `length`.
fn voice(spoken: &[(usize, usize)], length: usize) -> Vec<u8> {
    let sample = |at: usize| {
        let speaks = spoken.iter().any(|(start, end)| (start * 8..end * 8).contains(&at));
        // Loud values of both signs, in no steady order; 0xFF is silence.
        let noise = at.wrapping_mul(2_654_435_761) >> 7;
        if speaks { 0x10 | (noise as u8 & 0x8F) } else { 0xFF }
    };
    (0..length * 8).map(sample).collect()
}

/// Sends the tracks of a call and ends it. `None` is a track without audio.
async fn record(server: &Server, call: &str, inbound: Option<Vec<u8>>, outbound: Option<Vec<u8>>) -> Value {
    server.start_call(call).await;
    add(server, call, "inbound", inbound).await;
    add(server, call, "outbound", outbound).await;
    server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200).json()
}

async fn add(server: &Server, call: &str, track: &str, audio: Option<Vec<u8>>) {
    for (sequence, piece) in audio.iter().flat_map(|audio| audio.chunks(8_000)).enumerate() {
        let chunk = json!({ "track": track, "sequence": sequence, "audio": encode_base64(piece) });
        server.post(&format!("/calls/{call}/chunks"), &chunk).await.expect(201);
    }
}

/// The caller greets, the agent answers, the caller interrupts it and has the last word.
async fn conversation(server: &Server, call: &str) -> Value {
    let caller = voice(&[(400, 2000), (5000, 8000)], 9000);
    record(server, call, Some(caller), Some(voice(&[(2600, 6000)], 8500))).await
}

async fn computed(server: &Server, call: &str) -> Value {
    server.get(&format!("/calls/{call}/analytics/computed")).await.expect(200).json()
}

async fn speech(server: &Server, call: &str) -> Value {
    server.get(&format!("/calls/{call}/speech")).await.expect(200).json()
}

#[tokio::test]
async fn figures_follow_from_the_speech_that_was_found() {
    let server = Server::start().await;
    let ended = conversation(&server, "MZ1").await;
    let (found, figures) = (speech(&server, "MZ1").await, computed(&server, "MZ1").await);
    // A frame more at the end of each segment.
    let expected = json!({ "tracks": [
        { "track": "inbound", "segments": [[0.4, 2.02], [5.0, 8.02]] },
        { "track": "outbound", "segments": [[2.6, 6.02]] },
    ] });
    assert_eq!(found, expected);
    assert_eq!(figures["callId"], ended["id"]);
    assert_eq!(figures["recordingId"], ended["recordings"][0]["id"]);
    assert_eq!((&figures["duration"], &figures["talkTime"]), (&json!(9.0), &json!(8.06)));
    assert_eq!((&figures["speechStart"], &figures["speechEnd"]), (&json!(0.4), &json!(8.02)));
    let (caller, agent) = (&figures["parties"]["caller"], &figures["parties"]["agent"]);
    assert_eq!((&caller["turns"], &caller["interruptions"], &caller["talkTime"]), (&json!(2), &json!(1), &json!(4.64)));
    assert_eq!((&agent["turns"], &agent["interrupted"], &agent["talkShare"]), (&json!(1), &json!(1), &json!(0.424318)));
    assert_eq!(agent["responseLatency"]["p50"], json!(580));
    assert_eq!(caller["talkPercentOfCall"], json!(51.56));
    assert_eq!(figures["interruptions"], json!([{ "time": 5.0, "by": "caller", "of": "agent", "overlap": 1.02 }]));
    assert_eq!(figures["overlap"], json!({ "total": 1.02, "share": 0.133858 }));
    assert_eq!((&figures["silence"]["total"], &figures["silence"]["longestAt"]), (&json!(0.58), &json!(2.02)));
}

#[tokio::test]
async fn a_call_of_one_track_has_both_parties() {
    for (track, other, index) in [("caller", "agent", 0), ("agent", "caller", 1)] {
        let server = Server::start().await;
        let mut tracks = [None, None];
        tracks[index] = Some(voice(&[(500, 2000)], 3000));
        let [inbound, outbound] = tracks;
        record(&server, "MZ1", inbound, outbound).await;
        let figures = computed(&server, "MZ1").await;
        assert_eq!(figures["parties"][track]["talkTime"], 1.52, "{figures}");
        assert_eq!(figures["parties"][other]["talkTime"], 0.0, "{figures}");
        let none = json!({ "num": 0, "min": null, "mean": null, "p50": null, "p90": null, "p95": null, "p99": null,
            "max": null });
        assert_eq!(figures["parties"][other]["responseLatency"], none);
        // The other track is absent, not empty.
        let name = ["inbound", "outbound"][index];
        assert_eq!(speech(&server, "MZ1").await, json!({ "tracks": [{ "track": name, "segments": [[0.5, 2.02]] }] }));
    }
}

#[tokio::test]
async fn a_call_in_which_nobody_speaks_has_figures_of_zero() {
    let server = Server::start().await;
    record(&server, "MZ1", Some(voice(&[], 3000)), None).await;
    let figures = computed(&server, "MZ1").await;
    for null in ["speechStart", "speechEnd", "reported"] {
        assert_eq!(figures[null], json!(null));
    }
    let silence = json!({ "total": 0.0, "share": 0.0, "longest": 0.0, "longestAt": null, "count": 0, "instances": [] });
    assert_eq!((&figures["silence"], &figures["turns"], &figures["talkTime"]), (&silence, &json!([]), &json!(0.0)));
    assert_eq!(speech(&server, "MZ1").await, json!({ "tracks": [{ "track": "inbound", "segments": [] }] }));
}

#[tokio::test]
async fn there_are_figures_once_there_is_a_recording() {
    let server = Server::start().await;
    let paths = ["/calls/MZ1/analytics/computed", "/calls/MZ1/speech"];
    for path in paths {
        server.get(path).await.expect_problem(404, "call_not_found");
    }
    server.start_call("MZ1").await;
    for path in paths {
        let problem = server.get(path).await.expect_problem(409, "call_not_finalized").json();
        assert!(problem["detail"].as_str().unwrap().contains("/end"), "{problem}");
    }
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    for path in paths {
        // It had no audio.
        server.get(path).await.expect_problem(404, "not_computed");
    }
    // A call that nobody ends is ended by the service.
    server.start_call("MZ2").await;
    add(&server, "MZ2", "inbound", Some(voice(&[(500, 2000)], 3000))).await;
    server.clock.advance_ms(10 * 60_000);
    crate::support::eventually("the call is completed", || async {
        (server.get("/calls/MZ2").await.json()["status"] == "completed").then_some(())
    })
    .await;
    assert_eq!(computed(&server, "MZ2").await["talkTime"], 1.52);
}

#[tokio::test]
async fn the_clients_latest_snapshot_stands_beside_the_figures() {
    let server = Server::start().await;
    conversation(&server, "MZ1").await;
    let whole = json!({ "talkTime": 8.0, "silenceTime": 1.0, "interruptions": 3, "averageLatency": 600.5 });
    let whole = server.post("/calls/MZ1/analytics", &whole).await.expect(201).json();
    let reported = computed(&server, "MZ1").await["reported"].clone();
    let expected = json!({
        "analyticsId": whole["id"], "snapshotTime": whole["snapshotTime"],
        "talkTime": { "reported": 8.0, "computed": 8.06, "difference": -0.06 },
        "silenceTime": { "reported": 1.0, "computed": 0.58, "difference": 0.42 },
        "interruptions": { "reported": 3.0, "computed": 1.0, "difference": 2.0 },
        "averageLatency": { "reported": 600.5, "computed": 580.0, "difference": 20.5 },
    });
    assert_eq!(reported, expected);
    server.clock.advance_ms(1000);
    let bare = server.post("/calls/MZ1/analytics", &json!({ "talkTime": 9 })).await.expect(201).json();
    let reported = computed(&server, "MZ1").await["reported"].clone();
    assert_eq!((&reported["analyticsId"], &reported["silenceTime"]), (&bare["id"], &json!(null)));
    // An agent that never responds has no latency to compare with.
    record(&server, "MZ2", Some(voice(&[(0, 1000)], 2000)), None).await;
    server.post("/calls/MZ2/analytics", &json!({ "averageLatency": 300 })).await.expect(201);
    let latency = json!({ "reported": 300.0, "computed": null, "difference": null });
    assert_eq!(computed(&server, "MZ2").await["reported"]["averageLatency"], latency);
}

#[tokio::test]
async fn words_are_those_of_final_transcripts_whenever_they_come() {
    let server = Server::start().await;
    conversation(&server, "MZ1").await;
    let words = async |party: &str| {
        let party = computed(&server, "MZ1").await["parties"][party].clone();
        (party["words"].clone(), party["wordsPerMinute"].clone())
    };
    assert_eq!(words("caller").await, (json!(null), json!(null)));
    for said in [
        json!({ "track": "inbound", "text": "Hello, is that the clinic?" }),
        json!({ "speaker": "caller", "text": "你好 - 9:30" }),
        json!({ "speaker": "agent", "track": "outbound", "text": "Yes." }),
        // None of these counts.
        json!({ "speaker": "narrator", "text": "one two three" }),
        json!({ "track": "inbound", "text": "still talking", "final": false }),
        json!({ "track": "outbound", "kind": "note", "text": "a note" }),
    ] {
        server.post("/calls/MZ1/transcripts", &said).await.expect(201);
    }
    // 8 words in 4.64 s, and 1 in 3.42 s.
    assert_eq!(words("caller").await, (json!(8), json!(103.4)));
    assert_eq!(words("agent").await, (json!(1), json!(17.5)));
    // Words of a party that is never heard have no pace.
    record(&server, "MZ2", Some(voice(&[(0, 1000)], 2000)), None).await;
    server.post("/calls/MZ2/transcripts", &json!({ "speaker": "agent", "text": "one two" })).await.expect(201);
    let agent = computed(&server, "MZ2").await["parties"]["agent"].clone();
    assert_eq!((&agent["words"], &agent["wordsPerMinute"]), (&json!(2), &json!(null)));
}
