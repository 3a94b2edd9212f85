//! Chaos: acknowledged frames are in the recording whatever happens, and a seed repeats its faults.

use serde_json::{Value, json};

use super::{TRANSPORTS, service, simulate};

#[tokio::test]
async fn what_chaos_leaves_is_recorded_to_the_sample() {
    let (_folder, service) = service().await;
    let mut disturbances = Vec::new();
    for transport in TRANSPORTS {
        let arguments =
            "--calls 12 --duration 8s --ramp 0s --pace max --chaos --seed 7 --verify samples --json --transport";
        let report = simulate(&service.url(""), &format!("{arguments} {transport}")).await.good();
        let (frames, chaos) = (&report["frames"], &report["chaos"]);
        let count = |value: &Value| value.as_u64().unwrap();
        assert_eq!(count(&frames["sent"]) + count(&chaos["lost"]), 12 * 800, "{report}");
        assert_eq!(frames["acknowledged"], frames["sent"]);
        for name in ["lost", "duplicated", "reordered", "stalls", "brokenConnections"] {
            assert!(count(&chaos[name]) > 0, "{name}: {report}");
        }
        assert_eq!((&chaos["seed"], &report["reconnects"]), (&json!(7), &json!(0)));
        disturbances.push(chaos.clone());
    }
    assert!(disturbances.iter().all(|chaos| *chaos == disturbances[0]), "{disturbances:?}");
}

#[tokio::test]
async fn recorded_sessions_can_be_disturbed_too() {
    let (_folder, service) = service().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/twilio/clean-two-party.jsonl");
    for transport in TRANSPORTS {
        let arguments = format!("{file} --calls 2 --chaos --seed 5 --json --transport {transport}");
        let report = simulate(&service.url(""), &arguments).await.good();
        assert!(report["chaos"]["lost"].as_u64().unwrap() > 0, "{report}");
    }
}
