//! The log: JSON lines that can be searched by request, and that name nobody.

use std::{fs, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Binary, eventually, silence};

#[tokio::test]
async fn the_log_is_json_and_holds_neither_numbers_nor_words() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("log");
    let read = || -> Vec<Value> {
        let text = fs::read_to_string(&path).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    };
    let mut command = Binary::command(folder.path());
    command.env("RUST_LOG", "debug").stderr(fs::File::create(&path).unwrap()).stdout(Stdio::null());
    let mut service = command.spawn().unwrap();
    let address = eventually("the service listens", || async {
        read().iter().find_map(|line| line["address"].as_str().map(str::to_owned))
    })
    .await;

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://{address}{path}");
    let post = async |path: &str, body: Value| {
        let request = client.post(url(path)).header("x-request-id", "find-me").json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let call =
        json!({ "streamSid": "MZprivate", "callSid": "CAprivate", "caller": "+14155550134", "agent": "Agent Smith" });
    assert_eq!(post("/calls", call).await, 201);
    assert_eq!(post("/calls/MZprivate/chunks", json!({ "audio": silence(160) })).await, 201);
    let said = json!({ "speaker": "Agent Smith", "text": "My password is swordfish." });
    assert_eq!(post("/calls/MZprivate/transcripts", said).await, 201);
    assert_eq!(post("/calls", json!({ "streamSid": "MZprivate", "caller": "Agent Smith" })).await, 409);
    assert_eq!(post("/calls/MZprivate/end", json!({})).await, 200);
    for path in
        ["/calls?caller=%2B14155550134", "/calls/MZprivate?include=transcripts", "/calls?agent=Agent%20Smith%00"]
    {
        client.get(url(path)).send().await.unwrap();
    }
    service.kill().await.unwrap();

    let text = fs::read_to_string(&path).unwrap();
    for private in ["14155550134", "private", "Smith", "swordfish", &silence(160)[..16]] {
        assert!(!text.contains(private), "the log holds {private}: {text}");
    }
    let answered = |line: &&Value| line["request_id"] == "find-me" && line["route"] == "/calls/{call}/chunks";
    assert_eq!(read().iter().filter(answered).count(), 1, "{text}");
}
