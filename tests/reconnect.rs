//! Media streams whose socket breaks: they reconnect, take over, and continue where they stopped.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    fixtures::{SESSIONS, check, expected, lines},
    support::{Server, TestClock, chunk, eventually},
    twilio::{audio, call, column, completed, connect, disconnected, inbound, media, start, started, stop, stored},
};

#[tokio::test]
async fn a_session_whose_socket_breaks_in_the_middle_loses_nothing() {
    for name in SESSIONS {
        let server = Server::start().await;
        let expected = expected(name);
        let stream_sid = expected["streamSid"].as_str().unwrap();
        let lines = lines(name);
        let (first, second) = lines.split_at(lines.len() / 2);
        let mut socket = connect(&server).await;
        for line in first {
            socket.text(line).await;
        }
        // A DTMF message is stored after all audio that came before it.
        socket.json(&json!({ "event": "dtmf", "dtmf": { "digit": "#" } })).await;
        eventually("all that was sent is stored", || async {
            let events = server.get(&format!("/calls/{stream_sid}/events")).await.json();
            events["items"].as_array().is_some_and(|items| items.iter().any(|item| item["digit"] == "#")).then_some(())
        })
        .await;
        drop(socket);
        disconnected(&server, stream_sid).await;
        let mut socket = connect(&server).await;
        for line in first[..2].iter().chain(second) {
            socket.text(line).await;
        }
        assert_eq!(socket.closed().await.0, 1000);
        check(&server, &completed(&server, stream_sid).await["recordings"][0], &expected).await;
    }
}

#[tokio::test]
async fn a_disconnect_is_noted_and_a_return_clears_it() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    eventually("the stream is noted", || column(&server, "MZ1", "last_write_at")).await;
    assert_eq!(column(&server, "MZ1", "disconnected_at").await, None);
    socket.json(&inbound("MZ1", 1, 80)).await;
    server.clock.advance_ms(5_000);
    // A clean close without a `stop` is a disconnect, too.
    socket.close().await;
    assert_eq!(disconnected(&server, "MZ1").await, TestClock::START_MS + 5_000);
    stored(&server, "MZ1", 1).await;
    let mut socket = connect(&server).await;
    socket.json(&start("MZ1")).await;
    eventually("the return is noted", || async {
        column(&server, "MZ1", "disconnected_at").await.is_none().then_some(())
    })
    .await;
    assert_eq!(column(&server, "MZ1", "last_write_at").await, Some(TestClock::START_MS + 5_000));
    drop(socket);
    disconnected(&server, "MZ1").await;
    assert_eq!(call(&server, "MZ1").await["status"], "active");
}

#[tokio::test]
async fn a_new_socket_takes_over_from_an_old_one() {
    let server = Server::start().await;
    let mut old = started(&server, "MZ1").await;
    old.json(&inbound("MZ1", 1, 80)).await;
    old.json(&inbound("MZ1", 2, 100)).await;
    stored(&server, "MZ1", 2).await;
    let mut new = connect(&server).await;
    new.json(&start("MZ1")).await;
    assert_eq!(old.closed().await, (1008, "Another socket took over the stream.".to_owned()));
    new.json(&inbound("MZ1", 3, 120)).await;
    stored(&server, "MZ1", 3).await;
    assert_eq!(column(&server, "MZ1", "disconnected_at").await, None);
    new.json(&stop("MZ1")).await;
    assert_eq!(new.closed().await.0, 1000);
    let recording = completed(&server, "MZ1").await["recordings"][0].clone();
    assert_eq!((&recording["duration"], &recording["duplicates"]), (&json!(0.14), &json!(0)));
}

#[tokio::test]
async fn sockets_take_over_in_the_order_in_which_they_were_accepted() {
    let server = Server::start().await;
    let (mut old, mut new) = (connect(&server).await, connect(&server).await);
    new.json(&start("MZ1")).await;
    new.json(&inbound("MZ1", 3, 120)).await;
    // Its messages are read while other calls are written to.
    server.start_call("MZ2").await;
    for sequence in 0..8 {
        server.post("/calls/MZ2/chunks", &chunk("inbound", sequence, sequence * 20)).await.expect(201);
    }
    // What was lost on the way is sent once more, all at once.
    old.burst(&[start("MZ1"), inbound("MZ1", 1, 80), inbound("MZ1", 2, 100)]).await;
    assert_eq!(old.closed().await, (1008, "Another socket took over the stream.".to_owned()));
    new.json(&stop("MZ1")).await;
    assert_eq!(new.closed().await.0, 1000);
    let recording = completed(&server, "MZ1").await["recordings"][0].clone();
    assert_eq!((&recording["duration"], &recording["duplicates"]), (&json!(0.14), &json!(0)));
}

#[tokio::test]
async fn sockets_that_say_nothing_keep_no_stream_waiting() {
    let server = Server::start().await;
    let mut shortest = Duration::MAX;
    for name in ["MZ1", "MZ2", "MZ3"] {
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(connect(&server).await);
        }
        let begun = Instant::now();
        let mut socket = connect(&server).await;
        socket.json(&start(name)).await;
        socket.json(&stop(name)).await;
        assert_eq!(socket.closed().await.0, 1000);
        shortest = shortest.min(begun.elapsed());
    }
    assert!(shortest < Duration::from_secs(1), "{shortest:?}");
}

#[tokio::test]
async fn what_comes_late_on_the_old_socket_is_stored_before_the_new_one_goes_on() {
    let server = Server::start().await;
    let mut old = started(&server, "MZ1").await;
    old.json(&inbound("MZ1", 1, 80)).await;
    stored(&server, "MZ1", 1).await;
    let mut new = connect(&server).await;
    new.json(&start("MZ1")).await;
    new.json(&inbound("MZ1", 3, 120)).await;
    // TCP takes this long, or longer, to retransmit what was lost.
    server.start_call("MZ2").await;
    let begun = Instant::now();
    for sequence in 0.. {
        server.post("/calls/MZ2/chunks", &chunk("inbound", sequence, sequence * 20)).await.expect(201);
        if begun.elapsed() > Duration::from_millis(200) {
            break;
        }
    }
    old.json(&inbound("MZ1", 2, 100)).await;
    drop(old);
    new.json(&stop("MZ1")).await;
    assert_eq!(new.closed().await.0, 1000);
    let call = completed(&server, "MZ1").await;
    let recording = &call["recordings"][0];
    assert_eq!((&recording["duration"], recording["gaps"].as_array().unwrap().len()), (&json!(0.14), 1), "{recording}");
}

#[tokio::test]
async fn counters_that_begin_again_are_continued_by_the_clock() {
    let server = Server::start().await;
    let mut first = started(&server, "MZ1").await;
    for chunk in 1..=10 {
        first.json(&inbound("MZ1", chunk, chunk * 20)).await;
    }
    stored(&server, "MZ1", 10).await;
    drop(first);
    disconnected(&server, "MZ1").await;
    server.clock.advance_ms(3_000);
    let mut second = connect(&server).await;
    second.json(&start("MZ1")).await;
    for chunk in 1..=5 {
        second.json(&media("MZ1", "inbound", chunk, chunk * 20, &audio(100 + chunk))).await;
        second.json(&media("MZ1", "outbound", chunk, chunk * 20, &audio(200 + chunk))).await;
    }
    second.json(&json!({ "event": "mark", "streamSid": "MZ1", "mark": { "name": "here" } })).await;
    second.json(&stop("MZ1")).await;
    assert_eq!(second.closed().await.0, 1000);
    let call = completed(&server, "MZ1").await;
    let recording = &call["recordings"][0];
    assert_eq!(recording["duration"], json!(3.12));
    let gap = |track: &str, start: f64, end: f64| json!({ "track": track, "start": start, "end": end });
    let gaps = json!([gap("inbound", 0.0, 0.02), gap("inbound", 0.22, 3.02), gap("outbound", 0.0, 3.02)]);
    assert_eq!(recording["gaps"], gaps);
    let status = server.get("/calls/MZ1/chunks").await.json();
    assert_eq!((&status["tracks"][0]["lastSequence"], &status["tracks"][0]["missingTotal"]), (&json!(15), &json!(0)));
    assert_eq!(status["tracks"][1]["lastSequence"], 5);
    let events = server.get("/calls/MZ1/events").await.json();
    assert_eq!(events["items"][0]["position"], 3.1);
}

#[tokio::test]
async fn a_return_after_a_restart_of_the_service_goes_on() {
    let mut server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    socket.json(&inbound("MZ1", 2, 40)).await;
    // They may still be in the socket's batch when the service is told to stop, and are stored nevertheless.
    server
        .stop_and(async { assert_eq!(socket.closed().await, (1012, "The service is stopping. Reconnect.".to_owned())) })
        .await;
    server.clock.advance_ms(2_000);
    server.restart().await;
    stored(&server, "MZ1", 2).await;
    assert_eq!(column(&server, "MZ1", "disconnected_at").await, Some(TestClock::START_MS));
    let mut socket = connect(&server).await;
    socket.json(&start("MZ1")).await;
    socket.json(&media("MZ1", "inbound", 1, 20, &audio(9))).await;
    socket.json(&stop("MZ1")).await;
    assert_eq!(socket.closed().await.0, 1000);
    assert_eq!(completed(&server, "MZ1").await["recordings"][0]["duration"], json!(2.04));
}

#[tokio::test]
async fn a_stream_that_does_not_come_back_ends_its_call_and_one_that_does_goes_on() {
    let server = Server::start().await;
    for stream_sid in ["MZ1", "MZ2"] {
        let mut socket = started(&server, stream_sid).await;
        socket.json(&inbound(stream_sid, 1, 20)).await;
        stored(&server, stream_sid, 1).await;
        drop(socket);
        disconnected(&server, stream_sid).await;
    }
    server.clock.advance_ms(59_000);
    let mut back = connect(&server).await;
    back.json(&start("MZ2")).await;
    eventually("the return is noted", || async {
        column(&server, "MZ2", "disconnected_at").await.is_none().then_some(())
    })
    .await;
    server.clock.advance_ms(1_000);
    let ended = completed(&server, "MZ1").await;
    assert_eq!((&ended["endReason"], &ended["duration"]), (&json!("stream_disconnect"), &json!(0.0)));
    assert_eq!(ended["recordings"][0]["duration"], json!(0.04));
    assert_eq!(call(&server, "MZ2").await["status"], "active");
    back.json(&stop("MZ2")).await;
    assert_eq!(back.closed().await.0, 1000);
}
