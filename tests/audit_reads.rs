//! Which reads are in the audit.

use crate::{
    audit::{entries, said},
    support::Server,
};

#[tokio::test]
async fn reads_of_a_call_are_entered_where_they_show_what_it_holds() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.get("/calls").await.expect(200);
    for include in ["", "?include=metadata", "?include=metadata,transcripts", "?include=recordings"] {
        server.get(&format!("/calls/MZ1{include}")).await.expect(200);
    }
    for part in ["transcripts", "recordings", "analytics", "events"] {
        server.get(&format!("/calls/MZ1/{part}")).await.expect(200);
    }
    let read = entries(&server, "&resource=/calls/MZ1").await;
    let expected = [
        "getCall /calls/MZ1 200",
        "getCall /calls/MZ1 200",
        "getCall /calls/MZ1 200",
        "listTranscripts /calls/MZ1/transcripts 200",
        "listRecordings /calls/MZ1/recordings 200",
        "listAnalytics /calls/MZ1/analytics 200",
        "listCallEvents /calls/MZ1/events 200",
    ];
    assert_eq!(said(&read), expected);
    assert!(read.iter().all(|entry| entry["actor"] == "anyone" && entry["keyId"].is_null()));
}

#[tokio::test]
async fn lists_are_entered_where_they_say_which_calls_hold_a_word_or_a_value() {
    let server = Server::start().await;
    for query in ["q=refund", "%71=refund*", "customData.name=Smith", "agent=Ada", "language=de"] {
        server.get(&format!("/calls?{query}")).await.expect(200);
    }
    for query in ["customData.name=Smith", "custom%44ata.name=Smith", "agent=Ada", "groupBy=agent"] {
        server.get(&format!("/stats/calls?{query}")).await.expect(200);
    }
    let (list, count) = ("listCalls /calls 200", "getCallStats /stats/calls 200");
    assert_eq!(said(&entries(&server, "").await), [list, list, list, count, count]);
}
