//! The store fails, or is gone for a while: no call fails because of it, and no unfinished upload is left.

use super::*;

#[tokio::test]
async fn a_call_waits_for_a_store_that_is_gone_and_completes_when_it_is_back() {
    let world = World::new().await;
    world.server.leaves(Leftover::Error("the recording store cannot be used"));
    world.objects.decide(|_, _| Fate::Cut);
    for (name, minutes) in [("MZshort", 0), ("MZlong", 5)] {
        start_call(&world.server, name, minutes).await;
        begin_end(&world.server, name).await;
    }
    // More often than a request is retried.
    let puts = |kind: &str| world.objects.asked().iter().filter(|line| line.starts_with(kind)).count();
    eventually("both are tried again", || async { (puts("PUT") > 3 && puts("POST") > 3).then_some(()) }).await;
    for name in ["MZshort", "MZlong"] {
        let call = server_call(&world, name).await;
        assert_eq!((&call["status"], &call["failure"]), (&json!("finalizing"), &Value::Null));
    }
    assert!(failures(&world, "write").await > 0);
    world.objects.decide(|_, _| Fate::Answered);
    for name in ["MZshort", "MZlong"] {
        let recording = completed(&world.server, name).await;
        let served = world.server.get(&audio(&recording)).await.expect(200);
        assert_eq!(served.bytes.len() as u64, recording["sizeBytes"].as_u64().unwrap());
    }
    assert_eq!(world.objects.unfinished(), 0);
}

#[tokio::test]
async fn an_upload_that_fails_in_the_middle_is_aborted_and_begun_again() {
    let world = World::new().await;
    world.server.leaves(Leftover::Error("the recording store cannot be used"));
    world.objects.decide(|_, target| if target.contains("partNumber=2") { Fate::Cut } else { Fate::Answered });
    start_call(&world.server, "MZ1", 10).await;
    begin_end(&world.server, "MZ1").await;
    let begun = || world.objects.asked().iter().filter(|line| line.ends_with("?uploads=")).count();
    eventually("it is tried again", || async { (begun() > 1).then_some(()) }).await;
    let aborted = || world.objects.asked().iter().any(|line| line.starts_with("DELETE") && line.contains("uploadId="));
    assert!(aborted());
    world.objects.decide(|_, _| Fate::Answered);
    let recording = completed(&world.server, "MZ1").await;
    assert_eq!(world.object(&recording).unwrap().len() as u64, recording["sizeBytes"].as_u64().unwrap());
    assert_eq!(world.objects.unfinished(), 0);
}

#[tokio::test]
async fn an_upload_whose_abort_fails_is_aborted_when_the_store_is_back() {
    let world = World::new().await;
    world.server.leaves(Leftover::Error("the recording store cannot be used"));
    let failing = |method: &Method, target: &str| method == Method::DELETE || target.contains("partNumber=2");
    world.objects.decide(move |method, target| if failing(method, target) { Fate::Cut } else { Fate::Answered });
    start_call(&world.server, "MZ1", 10).await;
    begin_end(&world.server, "MZ1").await;
    let aborts = || world.objects.asked().iter().filter(|line| line.starts_with("DELETE")).count();
    eventually("an abort has failed", || async { (aborts() > 3).then_some(()) }).await;
    assert!(world.objects.unfinished() > 0);
    world.objects.decide(|_, _| Fate::Answered);
    completed(&world.server, "MZ1").await;
    eventually("all are aborted", || async { (world.objects.unfinished() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn an_upload_is_aborted_when_the_service_stops_and_begun_again_by_the_next_start() {
    let mut world = World::new().await;
    world.objects.decide(|_, target| if target.contains("partNumber=2") { Fate::Ignored } else { Fate::Answered });
    start_call(&world.server, "MZ1", 10).await;
    begin_end(&world.server, "MZ1").await;
    let second = || world.objects.asked().iter().any(|line| line.contains("partNumber=2"));
    // The begun upload, and the two other parts.
    let under_way = || async { (second() && world.objects.unfinished() == 3).then_some(()) };
    eventually("the second part is under way", under_way).await;
    world.server.stop().await;
    // Immediately, if the machine has nothing else to do.
    eventually("it is aborted", || async { (world.objects.unfinished() == 0).then_some(()) }).await;
    world.objects.decide(|_, _| Fate::Answered);
    world.server.restart().await;
    let recording = completed(&world.server, "MZ1").await;
    assert_eq!(world.object(&recording).unwrap().len() as u64, recording["sizeBytes"].as_u64().unwrap());
}

async fn server_call(world: &World, name: &str) -> Value {
    world.server.get(&format!("/calls/{name}")).await.expect(200).json()
}

/// Failed requests to stores in this process, by operation.
async fn failures(world: &World, operation: &str) -> u64 {
    let metrics = world.server.get("/metrics").await.expect(200).text();
    let name = format!("callstore_store_failures_total{{operation=\"{operation}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}
