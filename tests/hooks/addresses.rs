//! The guard: where webhooks may not lead, in every spelling, and what a name may not hide.

use serde_json::json;

use super::{create, path, receiver::Receiver};
use crate::support::Server;

#[tokio::test]
async fn forbidden_addresses_are_refused_in_every_spelling() {
    let server = Server::start().await;
    let hosts = [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "127.0.1",
        "127.255.255.255",
        "0x7f.1",
        "0x7f000001",
        "0X7F.0.0.1",
        "2130706433",
        "017700000001",
        "0177.1",
        "0177.0.0.01",
        "127.0x0.0.1",
        "127.000.000.001",
        "0",
        "0.0.0.0",
        "0x0",
        "00.0.0.0",
        "0.1.2.3",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
        "LocalHost.",
        "127.0.0.1.",
        "10.0.0.1",
        "10.255.255.255",
        "0xa.1",
        "10.1",
        "167772161",
        "012.1",
        "172.16.0.1",
        "172.31.255.255",
        "172.16.1",
        "0xac.0x10.0.1",
        "192.168.0.1",
        "192.168.1",
        "192.168.257",
        "0xc0a80001",
        "3232235521",
        "169.254.169.254",
        "169.254.0.1",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "100.64.0.1",
        "100.127.255.255",
        "1681915905",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "4294967295",
        "0xffffffff",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:7f00:0001::1]",
        "[2002:a9fe:a9fe::]",
        "[2002:c0a8:1::]",
        "[2001::1]",
        "[2001:0:7f00:1::]",
        "[2001:db8::1]",
        "[2001:10::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[fdff:ffff::1]",
        "[fe80::1]",
        "[febf::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[ff0e::1]",
        "[100::1]",
        "[3fff::1]",
        "[5f00::1]",
        "127。0。0。1",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "0x08.0x08.0x08.0x08",
        "134744072",
        "8.8.2056",
    ];
    assert!(hosts.len() >= 100, "{}", hosts.len());
    for host in hosts {
        for url in [format!("https://{host}/hook"), format!("https://{host}:8443/"), format!("http://{host}/")] {
            let refused = server.post("/webhooks", &json!({ "url": url })).await;
            assert_eq!(refused.status, 422, "{url}: {}", refused.text());
            assert_eq!(refused.json()["errors"][0]["pointer"], "/url", "{url}");
        }
    }
    for url in [
        "",
        "example.com",
        "/hook",
        "//example.com/",
        "https://",
        "https:///hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://example.com/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://127.0.0.1@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://exam ple.com/",
        "https://example.com/a b",
        " https://example.com/",
        "https:\\\\example.com\\",
        "https://example.com\\@127.0.0.1/",
        "https://exa\tmple.com/",
        "javascript:alert(1)",
        "https://[::1",
        "https://1.2.3.4.5/",
    ] {
        server.post("/webhooks", &json!({ "url": url })).await.expect(422);
    }
    for url in ["https://8.8.8.8/hook", "https://[2606:4700:4700::1111]/", "https://example.com:8443/a?b=c"] {
        server.post("/webhooks", &json!({ "url": url })).await.expect(201);
    }
}

#[tokio::test]
async fn an_address_that_is_no_longer_allowed_is_not_connected_to() {
    let receiver = Receiver::accepting().await;
    let server = Server::start_with(&["--webhook-allow", "10.0.0.0/8"]).await;
    let made = create(&server, json!({ "url": "https://example.com/" })).await;
    for url in [receiver.url(), format!("http://localhost:{}/", receiver.port)] {
        server.execute(&format!("UPDATE webhook SET url = '{url}'")).await;
        let outcome = server.post(&format!("{}/test", path(&made)), &json!({})).await.expect(200).json();
        assert_eq!(outcome["error"], "The address is not public, and not in --webhook-allow.");
    }
    assert_eq!(receiver.all().len(), 0);
}
