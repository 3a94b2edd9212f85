//! Recordings from an object store: through the service, or by a signed URL of the store.

use super::*;
use crate::support::ADMIN_KEY;

async fn ask(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = server.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.send().await.unwrap()).await
}

/// A service with a recording of one minute, 1.9 MB.
async fn recorded(arguments: &[&str]) -> (World, Value) {
    let world = World::with(arguments).await;
    start_call(&world.server, "MZ1", 1).await;
    let recording = end_call(&world.server, "MZ1").await;
    (world, recording)
}

#[tokio::test]
async fn a_part_is_asked_of_the_store_as_a_part() {
    let (world, recording) = recorded(&[]).await;
    let (server, path) = (&world.server, audio(&recording));
    let whole = server.get(&path).await.expect(200);
    let size = whole.bytes.len();
    let etag = format!("\"{}\"", recording["sha256"].as_str().unwrap());
    assert_eq!((whole.header("etag"), whole.header("content-length")), (etag.as_str(), size.to_string().as_str()));
    for (range, from, to) in
        [("bytes=0-0", 0, 0), ("bytes=1000000-1300000", 1_000_000, 1_300_000), ("bytes=-10", size - 10, size - 1)]
    {
        let part = ask(server, Method::GET, &path, &[("range", range)]).await.expect(206);
        assert!(part.bytes == whole.bytes[from..=to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{size}"));
        assert_eq!(part.header("etag"), etag);
    }
    let head = ask(server, Method::HEAD, &path, &[]).await.expect(200);
    assert!(head.bytes.is_empty());
    assert_eq!((head.header("content-length"), head.header("etag")), (size.to_string().as_str(), etag.as_str()));
    assert_eq!(world.objects.asked().last().unwrap().split('/').next(), Some("HEAD "), "it requested the whole object");

    // The store is not asked for what the service knows.
    let before = world.objects.asked().len();
    ask(server, Method::GET, &path, &[("if-none-match", &etag)]).await.expect(304);
    let beyond = ask(server, Method::GET, &path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.expect_problem(416, "range_not_satisfiable").header("content-range"), format!("bytes */{size}"));
    assert_eq!(world.objects.asked().len(), before);
}

#[tokio::test]
async fn an_object_that_cannot_be_had_is_told_before_the_first_byte() {
    let (world, recording) = recorded(&[]).await;
    let (server, path) = (&world.server, audio(&recording));
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    let bytes = std::fs::read(&file).unwrap();
    let refused = async |status: u16, code: &str| {
        for range in [&[][..], &[("range", "bytes=0-9")], &[("range", "bytes=-9")]] {
            for method in [Method::GET, Method::HEAD] {
                let answer = ask(server, method.clone(), &path, range).await.expect(status);
                assert_eq!(answer.header("retry-after"), if status == 503 { "1" } else { "" });
                if method == Method::GET {
                    answer.expect_problem(status, code);
                }
            }
        }
    };
    world.objects.decide(|_, _| Fate::Cut);
    server.leaves(Leftover::Error("the recording store cannot be used"));
    server.leaves(Leftover::Error("A recording is "));
    refused(503, "storage_unavailable").await;
    world.objects.decide(|_, _| Fate::Answered);
    std::fs::remove_file(&file).unwrap();
    refused(410, "recording_missing").await;
    // A truncated object is not passed on as if it were complete.
    for length in [bytes.len() - 1, bytes.len() / 2, 20] {
        std::fs::write(&file, &bytes[..length]).unwrap();
        refused(500, "recording_damaged").await;
    }
    std::fs::write(&file, &bytes).unwrap();
    assert!(server.get(&path).await.expect(200).bytes == bytes);
    // Operations that do not need the store still work.
    server.get("/calls/MZ1?include=recordings").await.expect(200);
}

#[tokio::test]
async fn who_downloads_is_sent_to_the_store_where_that_is_set() {
    let (world, recording) = recorded(&["--media-redirect"]).await;
    let (server, path) = (&world.server, audio(&recording));
    let bytes = world.object(&recording).unwrap();
    let sent = server.get(&path).await.expect(307);
    assert!(sent.bytes.is_empty());
    let address = sent.header("location").to_owned();
    assert!(address.contains("X-Amz-Expires=300"), "{address}");
    let followed = server.client.get(&address).send().await.unwrap();
    assert_eq!((followed.status().as_u16(), &followed.headers()["content-type"]), (200, &"audio/wav".parse().unwrap()));
    assert!(followed.bytes().await.unwrap() == bytes);
    let part = server.client.get(&address).header("range", "bytes=44-99").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), bytes[44..=99]);
    let (rest, last) = address.split_at(address.len() - 1);
    let forged = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    assert_eq!(server.client.get(forged).send().await.unwrap().status(), 403);

    let head = ask(server, Method::HEAD, &path, &[]).await.expect(307);
    let followed = server.client.head(head.header("location")).send().await.unwrap();
    let length = bytes.len().to_string();
    assert_eq!((followed.status().as_u16(), &followed.headers()["content-length"]), (200, &length.parse().unwrap()));

    // The service itself answers a client with a current copy, and a range beyond the end.
    let etag = format!("\"{}\"", recording["sha256"].as_str().unwrap());
    ask(server, Method::GET, &path, &[("if-none-match", &etag)]).await.expect(304);
    ask(server, Method::GET, &path, &[("range", "bytes=99999999-")]).await.expect(416);
}

#[tokio::test]
async fn only_who_may_download_is_sent_to_the_store() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("key");
    crate::support::write_secret(&file, ADMIN_KEY);
    let world = World::with(&["--media-redirect", "--admin-key-file", file.to_str().unwrap()]).await;
    let server = &world.server;
    let key = format!("Bearer {ADMIN_KEY}");
    let send = async |method: Method, path: &str, body: Value| {
        let request = server.request(method, path).header("authorization", &key).json(&body);
        Answer::read(request.send().await.unwrap()).await
    };
    send(Method::POST, "/calls", crate::support::call("MZ1")).await.expect(201);
    send(Method::POST, "/calls/MZ1/chunks", chunk("inbound", 0, 0)).await.expect(201);
    let ended = send(Method::POST, "/calls/MZ1/end", json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    let path = audio(recording);

    server.get(&path).await.expect_problem(401, "unauthorized");
    send(Method::GET, &path, Value::Null).await.expect(307);
    let links = format!("/recordings/{}/links", recording["id"].as_str().unwrap());
    let link = send(Method::POST, &links, json!({ "ttlSeconds": 60 })).await.expect(201).json();
    let link = link["url"].as_str().unwrap();
    let link = &link[link.find("/recordings/").unwrap()..];
    let sent = server.get(link).await.expect(307);
    assert_eq!(sent.header("cross-origin-resource-policy"), "cross-origin");
    server.get(&link.replace("signature=", "signature=a")).await.expect_problem(403, "link_invalid");
    server.clock.advance_ms(60_000);
    server.get(link).await.expect_problem(403, "link_expired");

    // The audit trail holds who was redirected there.
    let audit = send(Method::GET, "/admin/audit?limit=50", Value::Null).await.expect(200).json();
    let sent = audit["items"].as_array().unwrap().iter().filter(|entry| entry["status"] == 307);
    assert_eq!(sent.count(), 2, "{audit}");
}

#[tokio::test]
async fn a_folder_has_nowhere_to_send_to() {
    if !crate::support::on_folder() {
        return; // It is about a folder.
    }
    let server = Server::start_with(&["--media-redirect"]).await;
    let recording = server.record("MZ1").await;
    server.get(&format!("/recordings/{recording}/audio")).await.expect(200);
}
