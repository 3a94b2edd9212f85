//! How an operator learns of damaged recordings: the log and the metrics.

use std::{fs, process::Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Binary, call, chunk, client_builder, eventually};

#[tokio::test]
async fn a_damaged_recording_is_logged_once_and_counted_each_time() {
    let folder = TempDir::new().unwrap();
    let mut command = Binary::command(folder.path());
    command.stdout(Stdio::null()).stderr(fs::File::create(folder.path().join("log")).unwrap());
    let _service = command.spawn().unwrap();
    let lines = || -> Vec<Value> {
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let address =
        eventually("it listens", async || lines().iter().find_map(|line| line["address"].as_str().map(str::to_owned)))
            .await;
    let client = client_builder().build().unwrap();
    let ask = async |method: Method, path: &str, body: &Value| {
        Answer::read(client.request(method, format!("http://{address}{path}")).json(body).send().await.unwrap()).await
    };
    ask(Method::POST, "/calls", &call("MZ1")).await.expect(201);
    ask(Method::POST, "/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let ended = ask(Method::POST, "/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    let path = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let file = Binary::recordings(folder.path()).join(recording["filePath"].as_str().unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes[50] ^= 1;
    fs::write(&file, &bytes).unwrap();
    for _ in 0..3 {
        ask(Method::GET, &path, &Value::Null).await.expect_problem(500, "recording_damaged");
    }
    let errors: Vec<_> = lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["message"], "A recording is damaged. Restore its file from a backup.");
    assert_eq!((&errors[0]["recording"], &errors[0]["call"]), (&recording["id"], &recording["callId"]));
    let metrics = ask(Method::GET, "/metrics", &Value::Null).await.expect(200).text();
    assert!(metrics.contains("callstore_recording_faults_total{fault=\"damaged\"} 3\n"), "{metrics}");
    assert!(metrics.contains("callstore_recording_faults_total{fault=\"missing\"} 0\n"), "{metrics}");
}
