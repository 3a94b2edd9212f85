//! `callstore simulate` against a service that requires keys.

use tempfile::TempDir;

use super::create;
use crate::support::Binary;

#[tokio::test]
async fn simulated_calls_come_with_a_key_over_each_transport() {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    let service = Binary::serve(folder.path()).await;
    let simulate = async |transport: &str, by_flag: bool, key: &str| {
        let mut command = Binary::bare(folder.path());
        command.args(["simulate", "--url", &service.url(""), "--transport", transport, "--pace", "max", "--json"]);
        command.args(["--calls", "2", "--duration", "1s", "--verify", "samples"]);
        if by_flag {
            command.args(["--key", key])
        } else {
            command.env("CALLSTORE_KEY", key)
        };
        command.output().await.unwrap()
    };
    for (index, transport) in ["http", "stream", "twilio"].into_iter().enumerate() {
        let output = simulate(transport, index % 2 == 0, &key).await;
        let (said, report) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "{transport}: {said}{report}");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["calls"]["completed"], &report["recordings"]["compared"]), (&2.into(), &2.into()));

        let wrong = format!("cs_{}", "x".repeat(43));
        for wrong in [&*wrong, "not\na header"] {
            let output = simulate(transport, true, wrong).await;
            let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{transport}: {said}");
            assert!(!said.contains(wrong) && said.contains("key"), "{transport}: {said}");
        }
    }
}
