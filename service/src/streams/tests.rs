//! Sockets of one stream hold it in the order in which they were accepted.

use std::{pin::pin, sync::Arc};

use futures_util::{FutureExt, poll};
use serde_json::Map;
use tempfile::TempDir;

use crate::{
    Author, CallRef, Callstore, Frame, Interruption, NewStream, Policy, Store, StoreUrl, SystemClock, SystemIds, Track,
    plans::database,
};

async fn callstore() -> (Callstore, TempDir) {
    let (database, folder) = database().await;
    let store = Store::open(&StoreUrl::Folder(folder.path().join("recordings")), &[]).unwrap();
    (Callstore::new(database, store, Box::new(SystemClock), Arc::new(SystemIds), Policy::default()), folder)
}

fn stream(name: &str) -> NewStream {
    NewStream {
        stream_sid: name.to_owned(),
        call_sid: None,
        caller: "unknown".into(),
        agent: None,
        direction: None,
        dialect: "twilio",
        audio_format: None,
        custom_data: Map::new().into(),
    }
}

fn frames(chunks: std::ops::Range<u32>) -> Vec<Frame> {
    let frame = |chunk| Frame {
        track: Track::Inbound,
        chunk,
        timestamp_ms: chunk * 20,
        epoch_ms: None,
        audio: vec![chunk.to_le_bytes()[0]; 160],
    };
    chunks.map(frame).collect()
}

#[tokio::test]
async fn a_newer_socket_waits_for_an_older_one_of_its_stream() {
    let (callstore, _folder) = callstore().await;
    let [other, older, newer] = [(); 3].map(|()| callstore.streams.note_arrival());
    let mut opening = pin!(callstore.streams.open(stream("MZ1"), Author::default(), None, newer));
    // It is polled until the whole stream below has been stored, and must still be waiting.
    let whole_stream = async {
        let mut other = callstore.streams.open(stream("MZ2"), Author::default(), None, other).await.unwrap();
        other.add(frames(1..4)).await.unwrap();
        other.close().await;
    };
    tokio::select! {
        biased;
        _ = &mut opening => panic!("the older socket does not hold its place yet"),
        () = whole_stream => {}
    }
    let mut first = callstore.streams.open(stream("MZ1"), Author::default(), None, older).await.unwrap();
    // The newer one takes over, and waits until the older one has stored its frames.
    tokio::select! {
        biased;
        _ = &mut opening => panic!("the older socket has not stored its frames yet"),
        interruption = first.interrupted() => assert_eq!(interruption, Interruption::TakenOver),
    }
    first.add(frames(1..4)).await.unwrap();
    assert!(poll!(&mut opening).is_pending());
    first.close().await;
    let mut second = opening.await.unwrap();
    second.add(frames(4..6)).await.unwrap();
    assert_eq!(second.interrupted().now_or_never(), None);
    let status = callstore.chunks.status(&CallRef::by_stream_sid("MZ1")).await.unwrap();
    assert_eq!((status.tracks[0].summary.chunks, status.tracks[0].summary.missing_total), (5, 0));
}

#[tokio::test]
async fn sockets_of_other_streams_are_waited_for_only_until_they_have_a_name() {
    let (callstore, _folder) = callstore().await;
    let [unnamed, first, second] = [(); 3].map(|()| callstore.streams.note_arrival());
    let mut first = pin!(callstore.streams.open(stream("MZ1"), Author::default(), None, first));
    let mut second = pin!(callstore.streams.open(stream("MZ2"), Author::default(), None, second));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    drop(unnamed);
    // The first one is named but has no place, and is not polled meanwhile.
    second.await.unwrap();
    first.await.unwrap();
}

#[tokio::test]
async fn a_socket_that_never_names_its_stream_holds_up_no_other_for_long() {
    let (callstore, _folder) = callstore().await;
    let (_unnamed, newer) = (callstore.streams.note_arrival(), callstore.streams.note_arrival());
    callstore.streams.open(stream("MZ1"), Author::default(), None, newer).await.unwrap();
}

#[tokio::test]
async fn a_socket_that_says_nothing_keeps_no_other_waiting() {
    let (callstore, _folder) = callstore().await;
    let (mut silent, newer) = (callstore.streams.note_arrival(), callstore.streams.note_arrival());
    let mut opening = pin!(callstore.streams.open(stream("MZ1"), Author::default(), None, newer));
    assert!(poll!(&mut opening).is_pending());
    let question = silent.question().await;
    silent.tell_silent(question);
    let newer = opening.await.unwrap();
    // If it does name the stream, it comes too late to take it over.
    let late = callstore.streams.open(stream("MZ1"), Author::default(), None, silent).await.unwrap();
    assert_eq!(late.interrupted().await, Interruption::TakenOver);
    assert!(newer.interrupted().now_or_never().is_none());
}
